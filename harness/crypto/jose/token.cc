// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/token.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "harness/crypto/jose/base64url.h"

namespace parley::crypto::jose {
namespace {

constexpr std::array<std::string_view, kRefusals> kNames{
    "too-large",
    "wrong-parts",
    "encrypted",
    "base64-padding",
    "base64-white-space",
    "base64-alphabet",
    "base64-octet",
    "base64-length",
    "base64-trailing-bits",
    "header-too-large",
    "header-byte-order-mark",
    "header-not-utf8",
    "header-syntax",
    "header-number",
    "header-too-deep",
    "header-duplicate",
    "header-not-object",
    "alg-missing",
    "alg-wrong-type",
    "alg-none",
    "crit-malformed",
    "crit-unknown",
    "unencoded",
    "nested",
    "alg-symmetric",
    "alg-not-allowed",
    "type-wrong",
    "key-in-header",
    "kid-wrong-type",
    "kid-missing",
    "kid-unknown",
    "kid-ambiguous",
    "key-unfit",
    "signature-missing",
    "signature-length",
    "signature-range",
    "signature-wrong",
    "claims-too-large",
    "claims-byte-order-mark",
    "claims-not-utf8",
    "claims-syntax",
    "claims-number",
    "claims-too-deep",
    "claims-duplicate",
    "claims-not-object",
    "claim-missing",
    "claim-wrong-type",
    "issuer-wrong",
    "audience-wrong",
    "subject-wrong",
    "time-out-of-range",
    "time-fraction",
    "expired",
    "not-yet-valid",
    "issued-in-future",
    "lifetime-too-long",
    "binding-wrong",
};

// RFC 7515 section 4.1.11: "crit" must not name what the specifications themselves define.
constexpr std::array<std::string_view, 17> kRegistered{
    "alg", "jku",  "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ",
    "cty", "crit", "enc", "zip", "epk", "apu", "apv", "iv"};

using Failure = std::optional<Refused>;

std::unexpected<Refused> refuse(Refusal reason, std::string detail,
                                std::optional<std::size_t> offset = {}) {
  return std::unexpected(Refused{.reason = reason, .detail = std::move(detail), .offset = offset});
}

Failure failure(Refusal reason, std::string detail) {
  return Refused{.reason = reason, .detail = std::move(detail)};
}

Refusal refusal_of(Base64Fault fault) {
  switch (fault) {
    case Base64Fault::padding:
      return Refusal::base64_padding;
    case Base64Fault::white_space:
      return Refusal::base64_white_space;
    case Base64Fault::standard_alphabet:
      return Refusal::base64_alphabet;
    case Base64Fault::other_octet:
      return Refusal::base64_octet;
    case Base64Fault::length:
      return Refusal::base64_length;
    case Base64Fault::trailing_bits:
      return Refusal::base64_trailing_bits;
  }
  return Refusal::base64_octet;
}

enum class Part { header, claims };

Refusal refusal_of(JsonFault fault, Part part) {
  const bool header = part == Part::header;
  switch (fault) {
    case JsonFault::too_large:
      return header ? Refusal::header_too_large : Refusal::claims_too_large;
    case JsonFault::byte_order_mark:
      return header ? Refusal::header_byte_order_mark : Refusal::claims_byte_order_mark;
    case JsonFault::not_utf8:
      return header ? Refusal::header_not_utf8 : Refusal::claims_not_utf8;
    case JsonFault::syntax:
      return header ? Refusal::header_syntax : Refusal::claims_syntax;
    case JsonFault::number:
      return header ? Refusal::header_number : Refusal::claims_number;
    case JsonFault::too_deep:
      return header ? Refusal::header_too_deep : Refusal::claims_too_deep;
    case JsonFault::duplicate:
      return header ? Refusal::header_duplicate : Refusal::claims_duplicate;
  }
  return Refusal::header_syntax;
}

std::expected<Json, Refused> read_object(std::string_view text, Part part,
                                         const TokenLimits& limits) {
  auto json = read_json(text, {.max_octets = limits.max_octets,
                               .max_depth = limits.max_depth,
                               .max_values = limits.max_values});
  if (!json) {
    return refuse(refusal_of(json.error().fault, part), std::string(to_string(json.error().fault)),
                  json.error().offset);
  }
  if (json->object() == nullptr) {
    return refuse(part == Part::header ? Refusal::header_not_object : Refusal::claims_not_object,
                  "the JSON text is no object");
  }
  return std::move(*json);
}

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

Failure check_crit(const Json& header) {
  const Json* crit = header.find("crit");
  if (crit == nullptr) {
    return std::nullopt;
  }
  const auto* names = crit->array();
  if (names == nullptr || names->empty()) {
    return failure(Refusal::crit_malformed, "\"crit\" is no list of names, or an empty one");
  }
  std::set<std::string> seen;
  for (const auto& name : *names) {
    const auto* text = name.text();
    if (text == nullptr || !seen.insert(*text).second || header.find(*text) == nullptr ||
        std::ranges::find(kRegistered, *text) != kRegistered.end()) {
      return failure(Refusal::crit_malformed,
                     "\"crit\" names what is no name, twice, absent or registered");
    }
  }
  return failure(Refusal::crit_unknown, "\"crit\" names an extension that is not understood");
}

Failure check_header(const Json& header) {
  const Json* algorithm = header.find("alg");
  if (algorithm == nullptr) {
    return failure(Refusal::alg_missing, "the header has no \"alg\"");
  }
  if (algorithm->text() == nullptr) {
    return failure(Refusal::alg_wrong_type, "\"alg\" is no string");
  }
  if (same_letters(*algorithm->text(), "none")) {
    return failure(Refusal::alg_none, "the token is unsecured");
  }
  if (auto found = check_crit(header)) {
    return found;
  }
  if (const Json* encoded = header.find("b64");
      encoded != nullptr && encoded->value == Json{false}.value) {
    return failure(Refusal::unencoded, "\"b64\" is false, which \"crit\" does not say");
  }
  if (const Json* content = header.find("cty");
      content != nullptr && content->text() != nullptr &&
      (same_letters(*content->text(), "JWT") ||
       same_letters(*content->text(), "application/jwt"))) {
    return failure(Refusal::nested, "the token holds a token");
  }
  return std::nullopt;
}

std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t from = 0;;) {
    const auto dot = text.find('.', from);
    out.push_back(text.substr(from, dot - from));
    if (dot == std::string_view::npos) {
      return out;
    }
    from = dot + 1;
  }
}

}  // namespace

std::string_view to_string(Refusal reason) { return kNames[static_cast<std::size_t>(reason)]; }

std::expected<Token, Refused> read_token(std::string_view text, const TokenLimits& limits) {
  if (text.size() > limits.max_octets) {
    return refuse(Refusal::too_large, "the token is too large");
  }
  const auto parts = parts_of(text);
  if (parts.size() == 5) {
    return refuse(Refusal::encrypted, "five parts: the token is encrypted");
  }
  if (parts.size() != 3) {
    return refuse(Refusal::wrong_parts, "a signed token has three parts");
  }
  std::array<Bytes, 3> decoded;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto octets = from_base64url(parts[i]);
    if (!octets) {
      return refuse(
          refusal_of(octets.error().fault), std::string(to_string(octets.error().fault)),
          static_cast<std::size_t>(parts[i].data() - text.data()) + octets.error().offset);
    }
    decoded[i] = std::move(*octets);
  }
  auto header = read_object(decoded[0], Part::header, limits);
  if (!header) {
    return std::unexpected(std::move(header.error()));
  }
  if (auto found = check_header(*header)) {
    return std::unexpected(std::move(*found));
  }
  Token out;
  out.algorithm = *header->find("alg")->text();
  out.header = std::move(*header);
  out.claims = std::move(decoded[1]);
  out.signature = std::move(decoded[2]);
  out.signed_text = text.substr(0, parts[0].size() + 1 + parts[1].size());
  return out;
}

std::expected<Json, Refused> read_claims(const Token& token, const TokenLimits& limits) {
  return read_object(token.claims, Part::claims, limits);
}

}  // namespace parley::crypto::jose
