// SPDX-License-Identifier: GPL-3.0-or-later
// WebSocket frames (RFC 6455 section 5): written as they are told to be, right or wrong, and read
// as a strict receiver does. No extensions, so that no reserved bit has a meaning. Pure code; sizes
// are octets, offsets count from the first octet after the opening handshake. Not thread safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/encoding.h"

namespace parley::wire {

enum class WebSocketRole { client, server };

// RFC 6455 section 11.8. Any other number of four bits may stand in a WebSocketFrame.
enum class WebSocketOpcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

std::string_view to_string(WebSocketOpcode opcode);  // "Ping"

// RFC 6455 section 7.4.1.
inline constexpr std::uint16_t kCloseNormal = 1000;
inline constexpr std::uint16_t kCloseProtocolError = 1002;
inline constexpr std::uint16_t kCloseUnsupportedData = 1003;
inline constexpr std::uint16_t kCloseTooBig = 1009;

using WebSocketMask = std::array<std::uint8_t, 4>;

struct WebSocketFrame {
  bool fin = true;
  std::uint8_t reserved = 0;  // RSV1 to RSV3
  std::uint8_t opcode = static_cast<std::uint8_t>(WebSocketOpcode::binary);
  std::optional<WebSocketMask> mask{};
  std::optional<std::uint64_t> claimed{};  // what the header says instead of the payload's length
  Bytes payload{};
};
Bytes write(const WebSocketFrame& frame);
// The payload of a Close frame.
Bytes close_payload(std::uint16_t code, std::string_view reason = {});

inline constexpr std::size_t kMaxControlOctets = 125;  // RFC 6455 section 5.5

// What a receiver fails the connection for.
enum class WebSocketOddity {
  unmasked,            // section 5.1: a client's frame without a mask
  masked,              // section 5.1: a server's frame with one
  reserved_bits,       // section 5.2
  unknown_opcode,      // section 5.2
  length_not_minimal,  // section 5.2; also the first bit of 64
  control_fragmented,  // section 5.5
  control_too_long,    // section 5.5: more than 125 octets
  fragments_mixed,     // section 5.4: a continuation of nothing, or a new message inside of another
  bad_close,           // sections 5.5.1 and 7.4: one octet, a code that is never sent, no UTF-8
  text,                // section 5.6 allows it, this use does not
  too_large,           // beyond the limits below
};
std::string_view to_string(WebSocketOddity oddity);

struct WebSocketMessage {
  Bytes octets;
};
struct WebSocketControl {
  WebSocketOpcode kind = WebSocketOpcode::ping;  // or close, pong
  Bytes payload{};
  std::uint16_t code = 0;  // of a Close frame; 0 when it says none
};
struct WebSocketError {
  WebSocketOddity oddity;
  std::uint16_t code;  // for the Close frame that answers it
  std::size_t offset;  // of the frame
};
// After an error nothing more comes.
using WebSocketItem = std::variant<WebSocketMessage, WebSocketControl, WebSocketError>;

struct WebSocketLimits {
  // A frame of the gatekeeper's, with its length and others behind it, fits into one message.
  std::size_t max_message_octets = (1U << 24) + (1U << 16);
  std::size_t max_fragments = 1U << 16;
};

class WebSocketReader {
 public:
  // `own`: the role of who reads. `tolerated`: what a careless receiver does not mind.
  explicit WebSocketReader(WebSocketRole own, std::set<WebSocketOddity> tolerated = {},
                           WebSocketLimits limits = {})
      : own_(own), tolerated_(std::move(tolerated)), limits_(limits) {}

  // Takes the next octets and returns what became complete. Nothing is allocated on a claimed
  // length alone: memory grows with what arrived.
  std::vector<WebSocketItem> feed(std::string_view octets);

  // Whether a frame or a message has begun and is not complete; whether a message has.
  bool unfinished() const { return !ended_ && (!header_.empty() || in_payload_ || in_message_); }
  bool in_message() const { return in_message_; }

 private:
  struct Header {
    bool fin = true;
    std::uint8_t opcode = 0;
    std::optional<WebSocketMask> mask{};
    std::uint64_t length = 0;

    bool control() const { return (opcode & 0x08) != 0; }
  };

  // How many octets the header has, as far as `header_` says.
  std::size_t header_octets() const;
  void begin_frame(std::vector<WebSocketItem>& out);
  bool check_header(std::uint64_t length, std::vector<WebSocketItem>& out);
  bool check_order(std::vector<WebSocketItem>& out);
  void take_payload(std::string_view& octets);
  void end_frame(std::vector<WebSocketItem>& out);
  void end_control(std::vector<WebSocketItem>& out);
  // False when the oddity ends the connection.
  bool tolerate(WebSocketOddity oddity, std::vector<WebSocketItem>& out);

  WebSocketRole own_;
  std::set<WebSocketOddity> tolerated_;
  WebSocketLimits limits_;
  Bytes header_;
  Header frame_;
  bool in_payload_ = false;
  bool in_message_ = false;  // between the first and the last frame of a message
  bool ended_ = false;
  std::uint64_t missing_ = 0;  // of the frame's payload
  Bytes control_;
  Bytes message_;
  std::size_t fragments_ = 0;
  std::size_t offset_ = 0;  // of the next octet
  std::size_t begin_ = 0;   // of the frame at hand
};

}  // namespace parley::wire
