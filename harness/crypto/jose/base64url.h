// SPDX-License-Identifier: GPL-3.0-or-later
// base64url as JOSE has it: no padding, no white space, unused bits zero. Source: RFC 7515
// section 2 and appendix C; RFC 4648 section 5. Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "harness/base/encoding.h"

namespace parley::crypto::jose {

enum class Base64Fault {
  padding,            // '='
  white_space,        // blank, tab, line break
  standard_alphabet,  // '+' or '/'
  other_octet,        // anything else that is no letter of the alphabet
  length,             // 4n + 1 letters, which no octets encode to
  trailing_bits,      // the last letter's unused bits are not zero
};

struct Base64Error {
  Base64Fault fault;
  std::size_t offset;  // of the first octet that is wrong

  friend bool operator==(const Base64Error&, const Base64Error&) = default;
};

std::string_view to_string(Base64Fault fault);

std::string to_base64url(std::string_view octets);
// Strict; `text` may be any octets. A wrong octet is reported before a wrong length, a wrong length
// before wrong trailing bits.
std::expected<Bytes, Base64Error> from_base64url(std::string_view text);

}  // namespace parley::crypto::jose
