// SPDX-License-Identifier: GPL-3.0-or-later
// Structured fields (RFC 9651), as far as signed messages need them: dictionaries of items and
// inner lists, with parameters. Dates and display strings are not read. Stricter than section 4.2
// in one thing: a name that stands twice is refused, since signer and verifier must not choose
// among two. Sizes are octets. Pure functions: safe from any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/result.h"

namespace parley::crypto::httpsig {

struct FieldToken {
  std::string text;
  friend bool operator==(const FieldToken&, const FieldToken&) = default;
};
struct FieldOctets {
  Bytes octets;
  friend bool operator==(const FieldOctets&, const FieldOctets&) = default;
};
struct FieldDecimal {
  std::int64_t thousandths = 0;
  friend bool operator==(const FieldDecimal&, const FieldDecimal&) = default;
};
using BareItem =
    std::variant<std::int64_t, FieldDecimal, std::string, FieldToken, FieldOctets, bool>;

struct FieldParameter {
  std::string name;
  BareItem value;
  friend bool operator==(const FieldParameter&, const FieldParameter&) = default;
};
using FieldParameters = std::vector<FieldParameter>;

struct FieldItem {
  BareItem value;
  FieldParameters parameters{};
  friend bool operator==(const FieldItem&, const FieldItem&) = default;
};
struct InnerList {
  std::vector<FieldItem> items{};
  FieldParameters parameters{};
  friend bool operator==(const InnerList&, const InnerList&) = default;
};
struct FieldMember {
  std::string name;
  std::variant<FieldItem, InnerList> value;
  friend bool operator==(const FieldMember&, const FieldMember&) = default;
};
using FieldDictionary = std::vector<FieldMember>;  // in the order of the wire

struct FieldLimits {
  std::size_t max_octets = 8192;
  std::size_t max_members = 32;
  std::size_t max_items = 64;  // of one list; of parameters too
};

// Errors: malformed with the offset; too_large beyond a limit.
Result<FieldDictionary> read_dictionary(std::string_view text, const FieldLimits& limits = {});

// Null when there is none.
const FieldMember* find_member(const FieldDictionary& dictionary, std::string_view name);
const BareItem* find_parameter(const FieldParameters& parameters, std::string_view name);

// RFC 9651 section 4.1. What no reader would take is written all the same.
std::string write(const FieldDictionary& dictionary);
std::string write(const InnerList& list);
std::string write(const FieldItem& item);
// Whether a string, as sf-string has it: visible ASCII and blanks.
bool is_field_string(std::string_view text);

}  // namespace parley::crypto::httpsig
