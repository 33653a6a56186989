// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/encoding.h"

#include <array>
#include <cstdint>

namespace parley {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

// Decodes one group of four characters; `pad` is how many of them are '='.
Result<Bytes> decode_group(std::string_view group, std::size_t pad, std::size_t offset) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 4 - pad; ++i) {
    const auto value = kAlphabet.find(group[i]);
    if (value == std::string_view::npos) {
      return fail(Errc::malformed, "not a base64 character", offset + i);
    }
    bits |= static_cast<std::uint32_t>(value) << (18 - 6 * i);
  }
  if ((pad == 2 && (bits & 0xFFFF) != 0) || (pad == 1 && (bits & 0xFF) != 0)) {
    return fail(Errc::malformed, "unused base64 bits are not zero", offset + 3 - pad);
  }
  Bytes out;
  for (std::size_t i = 0; i < 3 - pad; ++i) {
    out += static_cast<char>((bits >> (16 - 8 * i)) & 0xFF);
  }
  return out;
}

}  // namespace

std::string to_hex(std::string_view octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(octets.size() * 2);
  for (const char c : octets) {
    const auto octet = static_cast<std::uint8_t>(c);
    out += digits[octet >> 4];
    out += digits[octet & 15];
  }
  return out;
}

Result<Bytes> from_hex(std::string_view text) {
  Bytes out;
  int high = -1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (high < 0 && (c == ' ' || c == '\n' || c == '\t' || c == '\r')) {
      continue;
    }
    const int value = hex_value(c);
    if (value < 0) {
      return fail(Errc::malformed, "not a hex digit", i);
    }
    if (high < 0) {
      high = value;
    } else {
      out += static_cast<char>(high * 16 + value);
      high = -1;
    }
  }
  if (high >= 0) {
    return fail(Errc::truncated, "half an octet at the end of the hex text", text.size());
  }
  return out;
}

std::string to_base64(std::string_view octets) {
  std::string out;
  out.reserve((octets.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    const std::size_t have = std::min<std::size_t>(3, octets.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < have; ++k) {
      bits |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(octets[i + k])) << (16 - 8 * k);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= have ? kAlphabet[(bits >> (18 - 6 * k)) & 63] : '=';
    }
  }
  return out;
}

Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return fail(Errc::truncated, "base64 length is not a multiple of four", text.size());
  }
  Bytes out;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const auto group = text.substr(i, 4);
    std::size_t pad = 0;
    if (i + 4 == text.size()) {
      pad = group.ends_with("==") ? 2 : group.ends_with("=") ? 1 : 0;
    }
    auto part = decode_group(group, pad, i);
    if (!part) {
      return std::unexpected(part.error());
    }
    out += *part;
  }
  return out;
}

}  // namespace parley
