// SPDX-License-Identifier: GPL-3.0-or-later
// The token dictionaries of the binary stanza form: strings that travel as one or two octets.
// Source: observed client behaviour. The lists are not part of the harness: a profile's setting or
// an option names a file of them. Without one there are no tokens. Immutable once parsed: safe from
// any thread.
//
// The file is UTF-8 text, one token a line, in sections:
//
//     # a comment; blank lines count for nothing
//     [single]        first line: token 1, at most 235 of them
//     first
//     second
//     ~               a number that is not assigned
//     \~              the token '~': a backslash at the start says that the rest is the token
//     [double 0]      first line: index 0, at most 256; likewise 1, 2 and 3
//     third
//
// Spaces belong to the token. A token that stands twice is written by its first number; the single
// ones come before the double ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace parley::wire {

inline constexpr std::uint8_t kLastSingleToken = 235;
inline constexpr std::uint8_t kFirstDictionary = 236;
inline constexpr std::uint8_t kLastDictionary = 239;
inline constexpr std::size_t kMaxTokenOctets = 255;
inline constexpr std::size_t kMaxTokenFileOctets = 1024 * 1024;

// A token as it is on the wire: 1 to 235 in one octet; else the dictionary's octet (236 to 239) in
// the high half and the index in the low.
using TokenNumber = std::uint16_t;

class Tokens {
 public:
  // Errors: malformed for a line that has no place, too_large for too many tokens or one too long.
  // The offset is that of the line.
  static Result<Tokens> parse(std::string_view text);
  // Errors: io; those of parse(). Each names the file and, where there is one, the line.
  static Result<Tokens> load(const std::filesystem::path& file);

  const std::string* find(TokenNumber number) const;  // null when not assigned
  std::optional<TokenNumber> number_of(std::string_view token) const;
  // The last `count` numbers of two octets that are not assigned, the last one first; fewer where
  // there are not so many.
  std::vector<TokenNumber> last_unassigned(std::size_t count) const;
  const std::string& text() const { return text_; }  // what was parsed; "" for no tokens

 private:
  struct Section {
    TokenNumber first;
    std::size_t max_tokens;
    std::vector<std::string> tokens;  // "" is not assigned
    bool is_open = false;             // its header was seen
  };

  static std::array<Section, 5> empty_sections();
  Result<Section*> open(std::string_view header, std::size_t offset);

  std::array<Section, 5> sections_ = empty_sections();
  std::map<std::string, TokenNumber, std::less<>> numbers_;
  std::string text_;
};

}  // namespace parley::wire
