// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/websocket.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "fuzz/mutators/octets.h"

namespace parley::mutators {
namespace {

constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::size_t kMaskOctets = 4;
constexpr std::size_t kMostFrames = 64;
constexpr std::uint64_t kOneOctet = 125;  // the longest payload of control frames
constexpr std::uint64_t kTwoOctets = 0xFFFF;

enum Opcode : std::uint8_t { again = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

struct Frame {
  std::uint8_t first = kFinal | binary;  // FIN, the reserved bits, the opcode
  std::optional<std::string> mask;
  std::string payload;  // without the mask
  std::optional<std::uint64_t>
      claimed;            // the length that is written, where it is not the right one
  std::size_t width = 0;  // of a length's octets, where they are not the fewest
};

void turn(std::string& payload, const std::optional<std::string>& mask) {
  for (std::size_t i = 0; mask && i < payload.size(); ++i) {
    payload[i] = static_cast<char>(payload[i] ^ (*mask)[i % kMaskOctets]);
  }
}

// Big-endian; of what is too short the beginning.
std::uint64_t number_in(std::string_view octets) {
  std::uint64_t out = 0;
  for (const auto octet : octets) {
    out = out << 8U | static_cast<std::uint8_t>(octet);
  }
  return out;
}

std::optional<Frame> take_frame(std::string_view& octets) {
  if (octets.size() < 2) {
    return std::nullopt;
  }
  const auto second = static_cast<std::uint8_t>(octets[1]);
  const std::uint64_t small = second & 0x7FU;
  const std::size_t width = small == 127 ? 8 : small == 126 ? 2 : 0;
  const std::size_t mask = (second & kMasked) != 0 ? kMaskOctets : 0;
  const auto head = 2 + width + mask;
  if (octets.size() < head) {
    return std::nullopt;
  }
  const auto length = width == 0 ? small : number_in(octets.substr(2, width));
  if (length > octets.size() - head) {
    return std::nullopt;
  }
  Frame out{.first = static_cast<std::uint8_t>(octets[0]),
            .mask = {},
            .payload = std::string(octets.substr(head, static_cast<std::size_t>(length))),
            .claimed = {},
            .width = width};
  if (mask != 0) {
    out.mask = octets.substr(2 + width, mask);
  }
  turn(out.payload, out.mask);
  octets.remove_prefix(head + out.payload.size());
  return out;
}

std::vector<Frame> frames_of(std::string_view octets, std::string_view& rest) {
  std::vector<Frame> out;
  rest = octets;
  while (out.size() < kMostFrames) {
    auto frame = take_frame(rest);
    if (!frame) {
      break;
    }
    out.push_back(std::move(*frame));
  }
  return out;
}

void append(std::string& out, const Frame& frame) {
  const auto length = frame.claimed.value_or(frame.payload.size());
  const std::size_t fewest = length > kTwoOctets ? 8 : length > kOneOctet ? 2 : 0;
  const auto width = std::max(frame.width, fewest);
  const auto masked = frame.mask ? kMasked : std::uint8_t{0};
  out += static_cast<char>(frame.first);
  out += static_cast<char>(masked | (width == 8 ? 127 : width == 2 ? 126 : length));
  for (std::size_t i = width; i-- > 0;) {
    out += static_cast<char>(length >> (8 * i));
  }
  out += frame.mask.value_or("");
  auto payload = frame.payload;
  turn(payload, frame.mask);
  out += payload;
}

std::string written(const std::vector<Frame>& frames, std::string_view rest) {
  std::string out;
  for (const auto& frame : frames) {
    append(out, frame);
  }
  return out + std::string(rest);
}

void set_opcode(Frame& frame, std::uint8_t opcode) {
  frame.first = static_cast<std::uint8_t>((frame.first & 0xF0U) | opcode);
}

// RFC 6455 section 7.4: codes that are sent, that never are, and that nobody knows.
std::string some_close(Random& random) {
  constexpr std::uint16_t kCodes[] = {0,    999,  1000, 1001, 1002, 1004, 1005, 1006, 1007,
                                      1011, 1014, 1015, 1016, 2999, 3000, 4999, 5000, 65535};
  constexpr std::string_view kReasons[] = {"",     "bye",          "\xE2\x82\xAC", "\xE2\x82",
                                           "\xFF", "\xED\xA0\x80", "\xC0\x80"};
  const auto code = random.pick(kCodes);
  std::string out{static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
  out += random.pick(kReasons);
  return random.one_in(6) ? out.substr(0, random.below(3)) : out;
}

Frame some_frame(Random& random) {
  constexpr std::uint8_t kOpcodes[] = {again, text, binary, binary, close, ping, pong, 3, 11, 15};
  constexpr std::size_t kSizes[] = {0, 1, 2, 8, 125, 126, 127, 298, 299, 300, 301};
  Frame out;
  out.first = static_cast<std::uint8_t>((random.one_in(3) ? 0 : kFinal) | random.pick(kOpcodes));
  if (random.one_in(2)) {
    out.mask = some_octets(kMaskOctets, random);
  }
  out.payload =
      (out.first & 0x0FU) == close
          ? some_close(random)
          : some_octets(random.one_in(2) ? random.pick(kSizes) : random.small(20), random);
  return out;
}

void edit_length(Frame& frame, Random& random) {
  constexpr std::uint64_t kLengths[] = {0,
                                        125,
                                        126,
                                        127,
                                        300,
                                        301,
                                        0xFFFF,
                                        0x10000,
                                        1U << 31U,
                                        ~std::uint64_t{0},
                                        std::uint64_t{1} << 63U};
  if (random.one_in(2)) {
    frame.width = random.one_in(2) ? 2 : 8;
  } else {
    frame.claimed =
        random.one_in(2) ? random.pick(kLengths) : frame.payload.size() + random.between(0, 4) - 2;
  }
}

// One message as two frames: the second goes on with the first.
void split(std::vector<Frame>& frames, std::size_t at, Random& random) {
  auto second = frames[at];
  const auto place = place_in(second.payload, random);
  frames[at].payload.resize(place);
  frames[at].first = static_cast<std::uint8_t>(frames[at].first & ~kFinal);
  second.payload.erase(0, place);
  set_opcode(second, again);
  frames.insert(frames.begin() + static_cast<std::ptrdiff_t>(at + 1), std::move(second));
}

void edit_frame(Frame& frame, Random& random) {
  constexpr std::uint8_t kOpcodes[] = {again, text, binary, close, ping, pong, 3, 7, 11, 15};
  switch (random.below(7)) {
    case 0:
      frame.first ^= kFinal;
      break;
    case 1:
      frame.first ^= static_cast<std::uint8_t>(kReserved & random.next());
      break;
    case 2:
      set_opcode(frame, random.pick(kOpcodes));
      break;
    case 3:
      frame.mask = frame.mask ? std::nullopt : std::optional(some_octets(kMaskOctets, random));
      break;
    case 4:
      edit_length(frame, random);
      break;
    case 5:
      frame.payload = some_close(random);
      break;
    default:
      edit_octets(frame.payload, random);
      break;
  }
}

void edit(std::vector<Frame>& frames, Random& random) {
  const auto at = random.below(frames.size());
  const auto there = [&](std::size_t place) {
    return frames.begin() + static_cast<std::ptrdiff_t>(place);
  };
  switch (frames.empty() ? 0 : random.below(10)) {
    case 0:
      frames.insert(there(random.below(frames.size() + 1)), some_frame(random));
      break;
    case 1:
      frames.erase(there(at));
      break;
    case 2: {
      const auto copy = frames[at];
      frames.insert(there(random.below(frames.size() + 1)), copy);
      break;
    }
    case 3:
      std::swap(frames[at], frames[random.below(frames.size())]);
      break;
    case 4:
    case 5:
      split(frames, at, random);
      break;
    default:
      edit_frame(frames[at], random);
      break;
  }
}

}  // namespace

std::string mutate_websocket(std::string_view input, std::size_t room, std::uint64_t seed) {
  Random random(seed);
  if (random.one_in(8)) {
    return mutate_octets(input, room, random.next());
  }
  std::string_view rest;
  auto frames = frames_of(input, rest);
  for (auto count = random.small(3); count > 0; --count) {
    edit(frames, random);
  }
  return fitted(written(frames, random.one_in(8) ? "" : rest), room);
}

std::string cross_websocket(std::string_view one, std::string_view other, std::size_t room,
                            std::uint64_t seed) {
  Random random(seed);
  std::string_view rest;
  std::string_view ignored;
  auto mine = frames_of(one, rest);
  const auto theirs = frames_of(other, ignored);
  for (const auto& frame : theirs) {
    if (random.one_in(2)) {
      const auto place = static_cast<std::ptrdiff_t>(random.below(mine.size() + 1));
      mine.insert(mine.begin() + place, frame);
    }
  }
  return fitted(written(mine, rest), room);
}

}  // namespace parley::mutators
