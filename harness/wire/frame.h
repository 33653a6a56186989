// SPDX-License-Identifier: GPL-3.0-or-later
// Frames on a stream: a 3-octet big-endian length, then the payload. A client sends before its
// first frame an intro header (57 41 and two version octets) and, before that, may send a routing
// pre-intro (45 44 00 01, a 3-octet big-endian length, the routing octets).
// Source: observed client behaviour. Sizes are octets; offsets count from the start of the stream.
// One reader a stream; not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/encoding.h"

namespace parley::wire {

inline constexpr std::size_t kMaxFrameOctets = (1U << 24) - 1;  // payload
inline constexpr std::string_view kIntroMagic = "WA";

struct Intro {
  std::uint8_t magic = 6;       // the handshake's version
  std::uint8_t dictionary = 3;  // the token dictionary's version
  std::size_t offset = 0;       // where it was read

  // The four octets, which are also the prologue of the handshake. The pre-intro is no part of it.
  Bytes octets() const;
};
struct Routing {
  Bytes octets;  // without the header
  std::size_t offset;
};
struct Frame {
  Bytes payload;
  std::size_t offset;  // of the length
};
// After an Error, whose offset is always set, the stream cannot go on.
using FrameItem = std::variant<Routing, Intro, Frame, Error>;

// Errors: too_large beyond kMaxFrameOctets; a length never wraps.
Result<Bytes> write_frame(std::string_view payload);
Result<Bytes> write_routing(std::string_view octets);

struct FrameLimits {
  std::size_t max_frame_octets = kMaxFrameOctets;
  std::size_t max_routing_octets = 4096;
};

// How the stream begins: towards a server with the opening, towards a client with frames.
enum class Opening { intro, none };

class FrameReader {
 public:
  explicit FrameReader(Opening opening, FrameLimits limits = {});

  // Takes the next octets and returns what became complete. After an Error nothing more comes.
  // Nothing is allocated on a claimed length alone: memory grows with what arrived.
  std::vector<FrameItem> feed(std::string_view octets);

  // The stream ended here. Error: truncated when that is inside of something, or before the intro.
  std::optional<Error> finish() const;

  // Octets taken that belong to something incomplete.
  std::size_t pending() const { return header_.size() + payload_.size(); }

 private:
  enum class State { intro_or_routing, intro, routing, frame, ended };

  void take_header(std::string_view& octets, std::vector<FrameItem>& out);
  void take_payload(std::string_view& octets, std::vector<FrameItem>& out);
  bool has_length() const;
  std::size_t header_octets() const;
  std::string_view expected_header() const;
  void begin_item(State state);
  void end(Error error, std::vector<FrameItem>& out);

  FrameLimits limits_;
  State state_;
  Bytes header_;
  Bytes payload_;
  std::size_t missing_ = 0;  // payload octets still to come
  std::size_t offset_ = 0;   // of the next octet
  std::size_t begin_ = 0;    // of the item at hand
};

}  // namespace parley::wire
