// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/frame.h"

#include <algorithm>
#include <utility>

namespace parley::wire {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kLengthOctets = 3;
constexpr std::size_t kIntroOctets = 4;
constexpr auto kRoutingMagic = "ED\x00\x01"sv;

void append_length(Bytes& out, std::size_t length) {
  for (const int shift : {16, 8, 0}) {
    out += static_cast<char>((length >> shift) & 0xFF);
  }
}

std::size_t length_at_end(std::string_view header) {
  std::size_t length = 0;
  for (const char c : header.substr(header.size() - kLengthOctets)) {
    length = length << 8 | static_cast<std::uint8_t>(c);
  }
  return length;
}

Result<Bytes> with_length(std::string_view magic, std::string_view payload) {
  if (payload.size() > kMaxFrameOctets) {
    return fail(Errc::too_large, "the length does not fit into 24 bits");
  }
  Bytes out(magic);
  out.reserve(magic.size() + kLengthOctets + payload.size());
  append_length(out, payload.size());
  out += payload;
  return out;
}

}  // namespace

Bytes Intro::octets() const {
  Bytes out(kIntroMagic);
  out += static_cast<char>(magic);
  out += static_cast<char>(dictionary);
  return out;
}

Result<Bytes> write_frame(std::string_view payload) { return with_length({}, payload); }
Result<Bytes> write_routing(std::string_view octets) { return with_length(kRoutingMagic, octets); }

FrameReader::FrameReader(Opening opening, FrameLimits limits)
    : limits_(limits), state_(opening == Opening::intro ? State::intro_or_routing : State::frame) {}

std::vector<FrameItem> FrameReader::feed(std::string_view octets) {
  std::vector<FrameItem> out;
  while (!octets.empty() && state_ != State::ended) {
    if (missing_ == 0) {
      take_header(octets, out);
    } else {
      take_payload(octets, out);
    }
  }
  return out;
}

std::optional<Error> FrameReader::finish() const {
  if (state_ == State::ended || (state_ == State::frame && pending() == 0)) {
    return std::nullopt;
  }
  return Error{Errc::truncated,
               state_ == State::frame ? "the stream ends inside a frame"
                                      : "the stream ends before its first frame",
               offset_};
}

bool FrameReader::has_length() const { return state_ == State::frame || state_ == State::routing; }

std::size_t FrameReader::header_octets() const {
  switch (state_) {
    case State::intro_or_routing:
    case State::intro:
      return kIntroOctets;
    case State::routing:
      return kRoutingMagic.size() + kLengthOctets;
    case State::frame:
    case State::ended:
      break;
  }
  return kLengthOctets;
}

// What the header has to begin with, as far as that is known.
std::string_view FrameReader::expected_header() const {
  switch (state_) {
    case State::intro_or_routing:
    case State::intro:
      return kIntroMagic;
    case State::routing:
      return kRoutingMagic;
    case State::frame:
    case State::ended:
      break;
  }
  return {};
}

// Octet by octet, so that the first wrong one ends the stream under any segmentation.
void FrameReader::take_header(std::string_view& octets, std::vector<FrameItem>& out) {
  if (state_ == State::intro_or_routing && header_.empty() && octets[0] == kRoutingMagic[0]) {
    state_ = State::routing;
  }
  const auto expected = expected_header();
  if (header_.size() < expected.size() && octets[0] != expected[header_.size()]) {
    return end({Errc::malformed, "neither an intro header nor a routing pre-intro", offset_}, out);
  }
  header_ += octets[0];
  octets.remove_prefix(1);
  ++offset_;
  if (header_.size() < header_octets()) {
    return;
  }
  if (!has_length()) {
    out.emplace_back(Intro{.magic = static_cast<std::uint8_t>(header_[2]),
                           .dictionary = static_cast<std::uint8_t>(header_[3]),
                           .offset = begin_});
    return begin_item(State::frame);
  }
  const std::size_t length = length_at_end(header_);
  const bool is_frame = state_ == State::frame;
  if (length > (is_frame ? limits_.max_frame_octets : limits_.max_routing_octets)) {
    return end(
        {Errc::too_large, "the claimed length is more than the limit", offset_ - kLengthOctets},
        out);
  }
  missing_ = length;
  if (missing_ == 0) {
    std::string_view nothing;
    take_payload(nothing, out);
  }
}

void FrameReader::take_payload(std::string_view& octets, std::vector<FrameItem>& out) {
  const auto part = octets.substr(0, missing_);
  payload_ += part;
  octets.remove_prefix(part.size());
  offset_ += part.size();
  missing_ -= part.size();
  if (missing_ != 0) {
    return;
  }
  if (state_ == State::frame) {
    out.emplace_back(Frame{.payload = std::exchange(payload_, {}), .offset = begin_});
    begin_item(State::frame);
  } else {
    out.emplace_back(Routing{.octets = std::exchange(payload_, {}), .offset = begin_});
    begin_item(State::intro);
  }
}

void FrameReader::begin_item(State state) {
  state_ = state;
  header_.clear();
  begin_ = offset_;
}

void FrameReader::end(Error error, std::vector<FrameItem>& out) {
  state_ = State::ended;
  header_.clear();
  payload_ = {};
  out.emplace_back(std::move(error));
}

}  // namespace parley::wire
