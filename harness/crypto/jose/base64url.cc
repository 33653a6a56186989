// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/base64url.h"

#include <array>
#include <cstdint>

namespace parley::crypto::jose {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNoLetter = 0xFF;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoLetter);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}
constexpr auto kValues = make_values();

Base64Fault fault_of(char octet) {
  switch (octet) {
    case '=':
      return Base64Fault::padding;
    case ' ':
    case '\t':
    case '\r':
    case '\n':
      return Base64Fault::white_space;
    case '+':
    case '/':
      return Base64Fault::standard_alphabet;
    default:
      return Base64Fault::other_octet;
  }
}

}  // namespace

std::string_view to_string(Base64Fault fault) {
  switch (fault) {
    case Base64Fault::padding:
      return "base64url has no padding";
    case Base64Fault::white_space:
      return "base64url has no white space";
    case Base64Fault::standard_alphabet:
      return "a letter of the standard alphabet, not of base64url";
    case Base64Fault::other_octet:
      return "an octet that is no letter of base64url";
    case Base64Fault::length:
      return "no octets encode to that many letters";
    case Base64Fault::trailing_bits:
      return "the last letter's unused bits are not zero";
  }
  return "unknown";
}

std::string to_base64url(std::string_view octets) {
  std::string out;
  out.reserve((octets.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char octet : octets) {
    bits = (bits << 8U) | static_cast<std::uint8_t>(octet);
    for (count += 8; count >= 6; count -= 6) {
      out += kAlphabet[(bits >> (count - 6)) & 0x3FU];
    }
  }
  if (count > 0) {
    out += kAlphabet[(bits << (6 - count)) & 0x3FU];
  }
  return out;
}

std::expected<Bytes, Base64Error> from_base64url(std::string_view text) {
  Bytes out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto value = kValues[static_cast<std::uint8_t>(text[i])];
    if (value == kNoLetter) {
      return std::unexpected(Base64Error{fault_of(text[i]), i});
    }
    bits = (bits << 6U) | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>((bits >> count) & 0xFFU);
    }
  }
  if (count == 6) {
    return std::unexpected(Base64Error{Base64Fault::length, text.size() - 1});
  }
  if ((bits & ((1U << count) - 1)) != 0) {
    return std::unexpected(Base64Error{Base64Fault::trailing_bits, text.size() - 1});
  }
  return out;
}

}  // namespace parley::crypto::jose
