// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/noise.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "fuzz/mutators/octets.h"
#include "fuzz/mutators/protobuf.h"

namespace parley::mutators {
namespace {

using namespace std::string_view_literals;  // for octets with a zero among them

constexpr std::string_view kRouting = "ED\0\1"sv;
constexpr std::string_view kIntro = "WA"sv;
constexpr std::size_t kIntroOctets = 4;
constexpr std::size_t kLengthOctets = 3;
constexpr std::size_t kMostFrames = 64;
constexpr std::size_t kKeyOctets = 32;
constexpr std::size_t kSealedKeyOctets = 48;

struct Frame {
  std::string payload;
  std::optional<std::size_t> claimed;  // the length that is written, where it is not the right one
};

struct Stream {
  std::optional<Frame> routing;
  std::string intro;  // its four octets, or none
  std::vector<Frame> frames;
  std::string rest;  // what is no whole frame
};

std::optional<Frame> take_frame(std::string_view& text) {
  if (text.size() < kLengthOctets) {
    return std::nullopt;
  }
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthOctets; ++i) {
    length = length << 8U | static_cast<std::uint8_t>(text[i]);
  }
  if (length > text.size() - kLengthOctets) {
    return std::nullopt;
  }
  Frame out{.payload = std::string(text.substr(kLengthOctets, length)), .claimed = {}};
  text.remove_prefix(kLengthOctets + length);
  return out;
}

Stream stream_of(std::string_view text) {
  Stream out;
  if (text.starts_with(kRouting)) {
    auto behind = text.substr(kRouting.size());
    out.routing = take_frame(behind);
    text = out.routing ? behind : text;
  }
  if (text.starts_with(kIntro) && text.size() >= kIntroOctets) {
    out.intro = text.substr(0, kIntroOctets);
    text.remove_prefix(kIntroOctets);
  }
  while (out.frames.size() < kMostFrames) {
    auto frame = take_frame(text);
    if (!frame) {
      break;
    }
    out.frames.push_back(std::move(*frame));
  }
  out.rest = text;
  return out;
}

void append(std::string& out, const Frame& frame) {
  const auto length = frame.claimed.value_or(frame.payload.size());
  for (std::size_t i = kLengthOctets; i-- > 0;) {
    out += static_cast<char>(length >> (8 * i));
  }
  out += frame.payload;
}

std::string written(const Stream& stream) {
  std::string out;
  if (stream.routing) {
    out += kRouting;
    append(out, *stream.routing);
  }
  out += stream.intro;
  for (const auto& frame : stream.frames) {
    append(out, frame);
  }
  return out + stream.rest;
}

// Of public keys: all zero, one of small order, p itself, and what differs from another in the bit
// that X25519 does not look at (RFC 7748 section 5).
std::string some_key(Random& random) {
  switch (random.below(6)) {
    case 0:
      return std::string(kKeyOctets, '\0');
    case 1:
      return '\1' + std::string(kKeyOctets - 1, '\0');
    case 2:
      return '\xED' + std::string(kKeyOctets - 2, '\xFF') + '\x7F';
    case 3:
      return std::string(kKeyOctets, '\xFF');
    default:
      return some_octets(kKeyOctets, random);
  }
}

// A piece of another length: one of those that pieces have, or one more or less.
void resize_piece(std::string& piece, Random& random) {
  constexpr std::size_t kSizes[] = {0, 1, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 80, 96, 120};
  const auto size = random.one_in(3) ? piece.size() + random.below(3) : random.pick(kSizes);
  const auto more = size > piece.size() ? some_octets(size - piece.size(), random) : "";
  piece.resize(std::min(piece.size(), size));
  piece += more;
}

void edit_piece(std::string& piece, Random& random) {
  switch (random.below(5)) {
    case 0:
      resize_piece(piece, random);
      break;
    case 1:
      piece.replace(0, std::min(piece.size(), kKeyOctets), some_key(random));
      break;
    case 2:
      if (piece.size() >= kKeyOctets) {
        piece[kKeyOctets - 1] = static_cast<char>(piece[kKeyOctets - 1] ^ '\x80');
      }
      break;
    default:
      edit_octets(piece, random);
      break;
  }
}

// HandshakeMessage { clientHello = 2; serverHello = 3; clientFinish = 4 }, each with octets in 1 to
// 3, a clientHello with numbers in 4 and 9 and octets in 10.
std::string some_message(Random& random) {
  std::vector<protobuf::Field> fields;
  const auto add = [&](std::uint64_t number, std::string octets) {
    fields.push_back({.number = number, .type = 2, .octets = std::move(octets)});
  };
  const auto kind = random.between(2, 4);
  const auto sealed = [&](std::size_t count) { return some_octets(count, random); };
  add(1, kind == 4 ? sealed(kSealedKeyOctets) : some_key(random));
  if (kind != 2 || random.one_in(2)) {
    add(2, sealed(kind == 4 ? random.between(16, 40) : kSealedKeyOctets));
    add(3, sealed(random.between(16, 40)));
  }
  if (kind == 2 && random.one_in(2)) {
    fields.push_back({.number = 4, .type = 0, .value = random.below(3), .octets = {}});
    fields.push_back({.number = 9, .type = 0, .value = random.below(4), .octets = {}});
    add(10, some_key(random));
  }
  const auto inner = protobuf::written(fields);
  fields.clear();
  add(kind, inner);
  return protobuf::written(fields);
}

// Of a hello: which it is, one of its pieces, or what any protobuf's fields are edited like.
void edit_message(std::string& payload, Random& random) {
  std::string_view rest;
  auto fields = protobuf::fields_of(payload, rest);
  if (fields.empty() || !rest.empty()) {
    return edit_octets(payload, random);
  }
  auto& outer = fields[random.below(fields.size())];
  auto inner = protobuf::fields_of(outer.octets, rest);
  const bool nested = outer.type == 2 && rest.empty() && !inner.empty();
  switch (random.below(4)) {
    case 0:
      outer.number = random.between(1, 5);
      break;
    case 1:
    case 2:
      if (nested) {
        auto& piece = inner[random.below(inner.size())];
        if (random.one_in(6)) {
          piece.number = random.between(1, 10);
        } else {
          edit_piece(piece.octets, random);
        }
        outer.octets = protobuf::written(inner);
        break;
      }
      [[fallthrough]];
    default:
      protobuf::edit(fields, random);
      break;
  }
  payload = protobuf::written(fields);
}

void edit_length(Frame& frame, Random& random) {
  constexpr std::size_t kLengths[] = {0,   1,      255,     256,      300,
                                      301, 0xFFFF, 0x10000, 0x7FFFFF, 0xFFFFFF};
  frame.claimed =
      random.one_in(2) ? random.pick(kLengths) : frame.payload.size() + random.between(0, 4) - 2;
}

void edit_opening(Stream& stream, Random& random) {
  switch (random.below(6)) {
    case 0:
      stream.intro = stream.intro.empty() ? "WA\6\3" : "";
      break;
    case 1:
      stream.intro = std::string(kIntro) + some_octets(2, random);
      break;
    case 2:
      edit_octets(stream.intro, random);
      break;
    case 3:
      stream.intro += stream.intro;
      break;
    case 4:
      if (stream.routing) {
        stream.routing.reset();
      } else {
        stream.routing = Frame{.payload = some_octets(random.below(24), random), .claimed = {}};
      }
      break;
    default:
      if (stream.routing) {
        edit_length(*stream.routing, random);
      }
      break;
  }
}

void split_frame(std::vector<Frame>& frames, std::size_t at, Random& random) {
  auto& payload = frames[at].payload;
  const auto place = place_in(payload, random);
  Frame second{.payload = payload.substr(place), .claimed = {}};
  payload.resize(place);
  frames.insert(frames.begin() + static_cast<std::ptrdiff_t>(at + 1), std::move(second));
}

void edit_stream(Stream& stream, Random& random) {
  auto& frames = stream.frames;
  if (frames.empty() || random.one_in(8)) {
    frames.push_back({.payload = random.one_in(4) ? "" : some_message(random), .claimed = {}});
    return;
  }
  const auto at = random.below(frames.size());
  switch (random.below(10)) {
    case 0:
      edit_opening(stream, random);
      break;
    case 1:
      frames.erase(frames.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 2: {
      const auto copy = frames[at];
      frames.insert(frames.begin() + static_cast<std::ptrdiff_t>(random.below(frames.size() + 1)),
                    copy);
      break;
    }
    case 3:
      std::swap(frames[at], frames[random.below(frames.size())]);
      break;
    case 4:
      split_frame(frames, at, random);
      break;
    case 5:
      edit_length(frames[at], random);
      break;
    case 6:
      edit_octets(stream.rest, random);
      break;
    default:
      edit_message(frames[at].payload, random);
      break;
  }
}

// Where a piece of a message ends, and the octets about it.
std::size_t place_of_piece(Random& random) {
  constexpr std::size_t kEnds[] = {0, 32, 48, 64, 80, 96, 112};
  const auto end = random.pick(kEnds);
  return random.one_in(2) ? end : end + random.below(16) - std::min<std::size_t>(end, 8);
}

// A Noise message without a frame, or what is laid over one.
void edit_bare(std::string& message, Random& random) {
  const auto place = place_of_piece(random);
  switch (random.below(6)) {
    case 0:
      message.resize(std::min(message.size(), place));
      break;
    case 1:
      // Nothing but one bit, where it is laid over another.
      message = std::string(place, '\0') + static_cast<char>(1 << random.below(8));
      break;
    case 2:
      if (place < message.size()) {
        message[place] = static_cast<char>(message[place] ^ (1 << random.below(8)));
      }
      break;
    case 3:
      message.insert(std::min(message.size(), place), some_octets(random.small(48), random));
      break;
    default:
      edit_piece(message, random);
      break;
  }
}

bool is_stream(const Stream& stream) {
  return stream.routing || !stream.intro.empty() || !stream.frames.empty();
}

}  // namespace

std::string mutate_noise(std::string_view input, std::size_t room, std::uint64_t seed) {
  Random random(seed);
  if (random.one_in(8)) {
    return mutate_octets(input, room, random.next());
  }
  auto stream = stream_of(input);
  const bool framed = is_stream(stream) || random.one_in(32);
  std::string bare(input);
  for (auto count = random.small(3); count > 0; --count) {
    if (framed) {
      edit_stream(stream, random);
    } else {
      edit_bare(bare, random);
    }
  }
  return fitted(framed ? written(stream) : std::move(bare), room);
}

std::string cross_noise(std::string_view one, std::string_view other, std::size_t room,
                        std::uint64_t seed) {
  Random random(seed);
  auto mine = stream_of(one);
  auto theirs = stream_of(other);
  if (!is_stream(mine) || !is_stream(theirs)) {
    return cross_octets(one, other, room, random.next());
  }
  // The beginning of one handshake and the end of the other.
  const auto kept = random.below(mine.frames.size() + 1);
  mine.frames.resize(kept);
  const auto from = random.below(theirs.frames.size() + 1);
  mine.frames.insert(mine.frames.end(), theirs.frames.begin() + static_cast<std::ptrdiff_t>(from),
                     theirs.frames.end());
  return fitted(written(mine), room);
}

}  // namespace parley::mutators
