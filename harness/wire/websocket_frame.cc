// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/websocket_frame.h"

#include <algorithm>
#include <utility>

#include "harness/base/text.h"

namespace parley::wire {
namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint64_t kSixteenBits = 126;  // what the short length says of longer ones
constexpr std::uint64_t kSixtyFourBits = 127;
constexpr std::uint64_t kTopBit = std::uint64_t{1} << 63;

std::uint8_t number(WebSocketOpcode opcode) { return static_cast<std::uint8_t>(opcode); }

void put(Bytes& out, std::uint64_t value, int octets) {
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

std::uint64_t get(std::string_view octets) {
  std::uint64_t out = 0;
  for (const char octet : octets) {
    out = (out << 8) | static_cast<std::uint8_t>(octet);
  }
  return out;
}

bool is_utf8(std::string_view text) {
  char32_t ignored = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto length = utf8_sequence(text, at, ignored);
    if (length == 0) {
      return false;
    }
    at += length;
  }
  return true;
}

// RFC 6455 sections 7.4.1 and 7.4.2: 1004 to 1006 and 1015 never stand in a frame.
bool may_be_sent(std::uint16_t code) {
  const bool registered = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
  return registered || (code >= 3000 && code <= 4999);
}

std::uint16_t close_code(WebSocketOddity oddity) {
  switch (oddity) {
    case WebSocketOddity::text:
      return kCloseUnsupportedData;
    case WebSocketOddity::too_large:
      return kCloseTooBig;
    case WebSocketOddity::unmasked:
    case WebSocketOddity::masked:
    case WebSocketOddity::reserved_bits:
    case WebSocketOddity::unknown_opcode:
    case WebSocketOddity::length_not_minimal:
    case WebSocketOddity::control_fragmented:
    case WebSocketOddity::control_too_long:
    case WebSocketOddity::fragments_mixed:
    case WebSocketOddity::bad_close:
      break;
  }
  return kCloseProtocolError;
}

}  // namespace

Bytes write(const WebSocketFrame& frame) {
  Bytes out;
  out.push_back(static_cast<char>((frame.fin ? kFin : 0) | ((frame.reserved & 0x07) << 4) |
                                  (frame.opcode & 0x0f)));
  const std::uint8_t masked = frame.mask ? kMasked : 0;
  const std::uint64_t length = frame.claimed.value_or(frame.payload.size());
  if (length < kSixteenBits) {
    out.push_back(static_cast<char>(masked | length));
  } else if (length <= 0xffff) {
    out.push_back(static_cast<char>(masked | kSixteenBits));
    put(out, length, 2);
  } else {
    out.push_back(static_cast<char>(masked | kSixtyFourBits));
    put(out, length, 8);
  }
  if (!frame.mask) {
    return out + frame.payload;
  }
  out.append(frame.mask->begin(), frame.mask->end());
  for (std::size_t i = 0; i < frame.payload.size(); ++i) {
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(frame.payload[i]) ^
                                    (*frame.mask)[i % frame.mask->size()]));
  }
  return out;
}

std::string_view to_string(WebSocketOpcode opcode) {
  switch (opcode) {
    case WebSocketOpcode::continuation:
      return "Continuation";
    case WebSocketOpcode::text:
      return "Text";
    case WebSocketOpcode::binary:
      return "Binary";
    case WebSocketOpcode::close:
      return "Close";
    case WebSocketOpcode::ping:
      return "Ping";
    case WebSocketOpcode::pong:
      return "Pong";
  }
  return "?";
}

Bytes close_payload(std::uint16_t code, std::string_view reason) {
  Bytes out;
  put(out, code, 2);
  out += reason;
  return out;
}

std::string_view to_string(WebSocketOddity oddity) {
  switch (oddity) {
    case WebSocketOddity::unmasked:
      return "a client's frame without a mask";
    case WebSocketOddity::masked:
      return "a server's frame with a mask";
    case WebSocketOddity::reserved_bits:
      return "a frame with reserved bits";
    case WebSocketOddity::unknown_opcode:
      return "a frame with an unknown opcode";
    case WebSocketOddity::length_not_minimal:
      return "a length that is not in its shortest form";
    case WebSocketOddity::control_fragmented:
      return "a control frame in fragments";
    case WebSocketOddity::control_too_long:
      return "a control frame of more than 125 octets";
    case WebSocketOddity::fragments_mixed:
      return "a fragment that does not belong to the message at hand";
    case WebSocketOddity::bad_close:
      return "a Close frame with a wrong payload";
    case WebSocketOddity::text:
      return "a text message";
    case WebSocketOddity::too_large:
      return "a message that is too large";
  }
  return "?";
}

std::vector<WebSocketItem> WebSocketReader::feed(std::string_view octets) {
  std::vector<WebSocketItem> out;
  while (!ended_ && (!octets.empty() || (in_payload_ && missing_ == 0))) {
    if (in_payload_) {
      take_payload(octets);
      if (missing_ == 0) {
        end_frame(out);
      }
      continue;
    }
    if (header_.empty()) {
      begin_ = offset_;
    }
    const auto count = std::min(header_octets() - header_.size(), octets.size());
    header_ += octets.substr(0, count);
    octets.remove_prefix(count);
    offset_ += count;
    if (header_.size() == header_octets()) {
      begin_frame(out);
    }
  }
  return out;
}

std::size_t WebSocketReader::header_octets() const {
  if (header_.size() < 2) {
    return 2;
  }
  const auto second = static_cast<std::uint8_t>(header_[1]);
  const auto length = second & 0x7fU;
  return 2 +
         (length == kSixteenBits     ? 2U
          : length == kSixtyFourBits ? 8U
                                     : 0U) +
         ((second & kMasked) != 0 ? 4U : 0U);
}

bool WebSocketReader::tolerate(WebSocketOddity oddity, std::vector<WebSocketItem>& out) {
  if (tolerated_.contains(oddity)) {
    return true;
  }
  ended_ = true;
  out.emplace_back(WebSocketError{.oddity = oddity, .code = close_code(oddity), .offset = begin_});
  return false;
}

void WebSocketReader::begin_frame(std::vector<WebSocketItem>& out) {
  const auto first = static_cast<std::uint8_t>(header_[0]);
  const auto second = static_cast<std::uint8_t>(header_[1]);
  const std::uint64_t small = second & 0x7fU;
  const std::size_t extended = small == kSixteenBits ? 2 : small == kSixtyFourBits ? 8 : 0;
  frame_ = {.fin = (first & kFin) != 0, .opcode = static_cast<std::uint8_t>(first & 0x0f)};
  frame_.length = extended == 0 ? small : get(std::string_view(header_).substr(2, extended));
  if ((second & kMasked) != 0) {
    std::ranges::copy(std::string_view(header_).substr(2 + extended),
                      frame_.mask.emplace().begin());
  }
  const bool minimal = extended == 0 || (extended == 2 && frame_.length >= kSixteenBits) ||
                       (extended == 8 && frame_.length > 0xffff && frame_.length < kTopBit);
  if (((first & 0x70) != 0 && !tolerate(WebSocketOddity::reserved_bits, out)) ||
      (!minimal && !tolerate(WebSocketOddity::length_not_minimal, out)) ||
      !check_header(frame_.length, out) || (!frame_.control() && !check_order(out))) {
    return;
  }
  header_.clear();
  in_payload_ = true;
  missing_ = frame_.length;
}

bool WebSocketReader::check_header(std::uint64_t length, std::vector<WebSocketItem>& out) {
  const bool must_mask = own_ == WebSocketRole::server;
  if (must_mask != frame_.mask.has_value() &&
      !tolerate(must_mask ? WebSocketOddity::unmasked : WebSocketOddity::masked, out)) {
    return false;
  }
  const bool known = frame_.opcode <= number(WebSocketOpcode::binary) ||
                     (frame_.control() && frame_.opcode <= number(WebSocketOpcode::pong));
  if (!known && !tolerate(WebSocketOddity::unknown_opcode, out)) {
    return false;
  }
  if (frame_.control()) {
    return (frame_.fin || tolerate(WebSocketOddity::control_fragmented, out)) &&
           (length <= kMaxControlOctets ||
            (tolerate(WebSocketOddity::control_too_long, out) &&
             (length <= limits_.max_message_octets || tolerate(WebSocketOddity::too_large, out))));
  }
  return true;
}

// Of a data frame: RFC 6455 section 5.4.
bool WebSocketReader::check_order(std::vector<WebSocketItem>& out) {
  const bool continues = frame_.opcode == number(WebSocketOpcode::continuation);
  if (continues != in_message_ && !tolerate(WebSocketOddity::fragments_mixed, out)) {
    return false;
  }
  if (frame_.opcode == number(WebSocketOpcode::text) && !tolerate(WebSocketOddity::text, out)) {
    return false;
  }
  const bool small = frame_.length <= limits_.max_message_octets - message_.size() &&
                     ++fragments_ <= limits_.max_fragments;
  if (!small && !tolerate(WebSocketOddity::too_large, out)) {
    return false;
  }
  in_message_ = true;
  return true;
}

void WebSocketReader::take_payload(std::string_view& octets) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(missing_, octets.size()));
  auto& into = frame_.control() ? control_ : message_;
  const auto taken = static_cast<std::size_t>(frame_.length - missing_);
  for (std::size_t i = 0; i < count; ++i) {
    const auto key = frame_.mask ? (*frame_.mask)[(taken + i) % frame_.mask->size()] : 0;
    into.push_back(static_cast<char>(static_cast<std::uint8_t>(octets[i]) ^ key));
  }
  octets.remove_prefix(count);
  offset_ += count;
  missing_ -= count;
}

void WebSocketReader::end_frame(std::vector<WebSocketItem>& out) {
  in_payload_ = false;
  if (frame_.control()) {
    end_control(out);
    return;
  }
  if (frame_.fin) {
    out.emplace_back(WebSocketMessage{std::exchange(message_, {})});
    in_message_ = false;
    fragments_ = 0;
  }
}

void WebSocketReader::end_control(std::vector<WebSocketItem>& out) {
  WebSocketControl control{.kind = static_cast<WebSocketOpcode>(frame_.opcode),
                           .payload = std::exchange(control_, {})};
  if (control.kind == WebSocketOpcode::close) {
    const std::string_view payload = control.payload;
    control.code = payload.size() < 2 ? 0 : static_cast<std::uint16_t>(get(payload.substr(0, 2)));
    const bool right = payload.empty() || (payload.size() >= 2 && may_be_sent(control.code) &&
                                           is_utf8(payload.substr(2)));
    if (!right && !tolerate(WebSocketOddity::bad_close, out)) {
      return;
    }
  }
  out.emplace_back(std::move(control));
}

}  // namespace parley::wire
