// SPDX-License-Identifier: GPL-3.0-or-later
// What the stream reader follows octet by octet before expat sees them: their encoding, and where a
// token ends.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace parley::xml {

// How many octets in front are ASCII, in eights.
inline std::size_t ascii_eights(std::string_view octets) {
  constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080;
  std::size_t out = 0;
  for (std::uint64_t eight = 0; octets.size() - out >= sizeof(eight); out += sizeof(eight)) {
    std::memcpy(&eight, octets.data() + out, sizeof(eight));
    if ((eight & kHighBits) != 0) {
      break;
    }
  }
  return out;
}

// Follows UTF-8 over any segmentation. Source: RFC 3629 section 4.
class Utf8Check {
 public:
  // Offset within `octets` of the first octet that cannot continue valid UTF-8.
  std::optional<std::size_t> feed(std::string_view octets) {
    for (std::size_t i = 0; i < octets.size(); ++i) {
      i += left_ == 0 ? ascii_eights(octets.substr(i)) : 0;
      if (i < octets.size() && !step(static_cast<std::uint8_t>(octets[i]))) {
        return i;
      }
    }
    return std::nullopt;
  }

 private:
  bool step(std::uint8_t octet) {
    if (left_ == 0) {
      return begin(octet);
    }
    if (octet < low_ || octet > high_) {
      return false;
    }
    low_ = 0x80;
    high_ = 0xBF;
    --left_;
    return true;
  }

  bool begin(std::uint8_t lead) {
    low_ = 0x80;
    high_ = 0xBF;
    if (lead < 0x80) {
      return true;
    }
    if (lead < 0xC2 || lead > 0xF4) {
      return false;
    }
    left_ = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    low_ = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    high_ = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    return true;
  }

  int left_ = 0;
  std::uint8_t low_ = 0x80;
  std::uint8_t high_ = 0xBF;
};

// Follows markup just far enough to say when expat is to see the octets so far. expat scans a token
// again from its start each time it sees more of it, so a long token goes to it at its end and
// whenever it has doubled. What expat has seen depends on the octets alone, never on how they were
// segmented. What is ill-formed may be followed wrongly: expat refuses it.
class TokenCheck {
 public:
  struct Run {
    std::size_t octets;  // how many were followed
    std::size_t due;     // the last of them with which all so far goes to expat, from 1; 0: none
  };
  // Follows one of `octets`, or more where they go the same way. In text it stops before ']'.
  Run follow(std::string_view octets) {
    const auto count = alike(octets);
    if (count == 0) {
      return {.octets = 1, .due = step(octets.front()) ? 1U : 0U};
    }
    const auto from = length_;
    length_ += count;
    before_ = {count > 1 ? octets[count - 2] : before_[1], octets[count - 1]};
    if (within_ == Within::text || length_ <= kShort) {
      return {.octets = count, .due = count};
    }
    const auto doubled = std::bit_floor(length_);
    return {.octets = count, .due = doubled > from ? doubled - from : 0};
  }
  bool in_text() const { return within_ == Within::text; }

 private:
  static constexpr std::size_t kShort = 64;  // octets that are cheap to scan again and again
  enum class Within { text, reference, opening, declaration, tag, comment, instruction, cdata };
  using Octets = std::array<bool, 256>;
  static constexpr Octets any_of(std::string_view octets) {
    Octets out{};
    for (const char octet : octets) {
      out[static_cast<std::uint8_t>(octet)] = true;
    }
    return out;
  }
  static std::size_t before_any(std::string_view octets, const Octets& ends) {
    std::size_t out = 0;
    while (out < octets.size() && !ends[static_cast<std::uint8_t>(octets[out])]) {
      ++out;
    }
    return out;
  }

  // How many octets in front change nothing but the token's length.
  std::size_t alike(std::string_view octets) const {
    static constexpr auto kEndsText = any_of("<&]");
    static constexpr auto kStirsTag = any_of("<>['\"");
    if (within_ == Within::text) {
      return before_any(octets, kEndsText);
    }
    if (within_ == Within::tag) {
      return quote_ != '\0' ? std::min(octets.find(quote_), octets.size())
                            : before_any(octets, kStirsTag);
    }
    return 0;
  }

  // True when everything up to and with `octet` goes to expat.
  bool step(char octet) {
    ++length_;
    const bool due = advance(octet);
    before_ = {before_[1], octet};
    return due || length_ <= kShort || std::has_single_bit(length_);
  }

  bool advance(char octet) {
    switch (within_) {
      case Within::text:
        if (octet == '<' || octet == '&') {
          within_ = octet == '<' ? Within::opening : Within::reference;
          length_ = 1;
          quote_ = '\0';
        }
        return true;
      case Within::reference:
        return std::string_view(";<>&'\" \t\r\n").contains(octet) && leave();
      case Within::opening:
        within_ = octet == '!'   ? Within::declaration
                  : octet == '?' ? Within::instruction
                                 : Within::tag;
        return within_ == Within::tag && in_tag(octet);
      case Within::declaration:
        within_ = octet == '-' ? Within::comment : octet == '[' ? Within::cdata : Within::tag;
        return false;
      case Within::tag:
        return in_tag(octet);
      case Within::comment:
        return octet == '>' && before_ == std::array{'-', '-'} && leave();
      case Within::instruction:
        return octet == '>' && before_[1] == '?' && leave();
      case Within::cdata:  // its text is no token: expat reports it as it comes
        return octet != '>' || before_ != std::array{']', ']'} || leave();
    }
    return true;
  }

  bool in_tag(char octet) {
    if (quote_ != '\0') {
      quote_ = octet == quote_ ? '\0' : quote_;
      return false;
    }
    if (octet == '\'' || octet == '"') {
      quote_ = octet;
    }
    return octet == '<' || octet == '[' || (octet == '>' && leave());
  }

  bool leave() {
    within_ = Within::text;
    return true;
  }

  Within within_ = Within::text;
  std::size_t length_ = 0;  // of the token so far
  char quote_ = '\0';       // what ends the attribute value; 0 outside of one
  std::array<char, 2> before_{};
};

}  // namespace parley::xml
