// SPDX-License-Identifier: GPL-3.0-or-later
// Forged texts of claims, signed honestly: other encodings, broken JSON, other values than an
// object.
#include <array>
#include <utility>

#include "harness/crypto/jose/forgery_table.h"
#include "harness/crypto/jose/signature.h"

namespace parley::crypto::jose {
namespace {

Result<Bytes> sign_text(const Draft& draft, const std::string& claims) {
  return sign_honestly(write_json(draft.header), claims, draft.input.signer);
}

// Behind the honest claims, inside their braces.
Result<Bytes> claim_raw(Draft draft) {
  std::string claims = write_json(draft.claims);
  claims.pop_back();
  claims += claims == "{" ? "" : ",";
  return sign_text(draft, claims + std::string(draft.argument) + "}");
}

Result<Bytes> subject_escaped(Draft draft) {
  draft.argument = R"("\u0073ub":"other")";
  return claim_raw(std::move(draft));
}

Result<Bytes> claims_prefixed(Draft draft) {
  return sign_text(draft, std::string(draft.argument) + write_json(draft.claims));
}

Result<Bytes> claims_suffixed(Draft draft) {
  return sign_text(draft, write_json(draft.claims) + std::string(draft.argument));
}

Result<Bytes> claims_cut_off(Draft draft) {
  std::string claims = write_json(draft.claims);
  claims.pop_back();
  return sign_text(draft, claims);
}

Result<Bytes> claims_text(Draft draft) { return sign_text(draft, std::string(draft.argument)); }

Result<Bytes> claims_listed(Draft draft) {
  return sign_text(draft, "[" + write_json(draft.claims) + "]");
}

Result<Bytes> claims_quoted(Draft draft) {
  return sign_text(draft, write_json(json_of(write_json(draft.claims))));
}

// Little-endian; the honest claims are ASCII, or what is beyond it becomes something else.
Result<Bytes> claims_in_utf16(Draft draft) {
  Bytes out = draft.argument.empty() ? "" : "\xFF\xFE";
  for (const char c : write_json(draft.claims)) {
    out += c;
    out += '\0';
  }
  return sign_text(draft, out);
}

Result<Bytes> claim_nested(Draft draft) {
  const std::string deep = R"("x":)" + std::string(1000, '[') + std::string(1000, ']');
  draft.argument = deep;
  return claim_raw(std::move(draft));
}

Result<Bytes> claim_of_many(Draft draft) {
  Json::Array many(1000, json_of(std::int64_t{1}));
  set_member(draft.claims, "x", {std::move(many)});
  return signed_draft(draft);
}

constexpr std::array kRows{
    ForgeryRow{{"sub-twice-escaped", "RFC 7519 section 4", "two sub, one written with an escape",
                Refusal::claims_duplicate},
               subject_escaped},
    ForgeryRow{{"claims-mark", "RFC 8725 section 3.7", "a byte order mark before the claims",
                Refusal::claims_byte_order_mark},
               claims_prefixed,
               "\xEF\xBB\xBF"},
    ForgeryRow{{"claims-utf16", "RFC 8725 section 3.7",
                "the claims in UTF-16 with a byte order mark", Refusal::claims_not_utf8},
               claims_in_utf16,
               "mark"},
    ForgeryRow{{"claims-utf16-unmarked", "RFC 8725 section 3.7", "the claims in UTF-16 without one",
                Refusal::claims_syntax},
               claims_in_utf16,
               ""},
    ForgeryRow{{"claims-latin1", "RFC 8725 section 3.7", "a claim in ISO 8859-1",
                Refusal::claims_not_utf8},
               claim_raw,
               "\"x\":\"\xE9\""},
    ForgeryRow{{"claims-overlong-utf8", "RFC 3629 section 3", "a slash in two octets",
                Refusal::claims_not_utf8},
               claim_raw,
               "\"x\":\"\xC0\xAF\""},
    ForgeryRow{{"claims-surrogate", "RFC 3629 section 3", "half a surrogate pair as octets",
                Refusal::claims_not_utf8},
               claim_raw,
               "\"x\":\"\xED\xA0\x80\""},
    ForgeryRow{{"claims-lone-escape", "RFC 8259 section 8.2", "half a surrogate pair as escape",
                Refusal::claims_syntax},
               claim_raw,
               R"("x":"\ud800")"},
    ForgeryRow{{"claims-comment", "RFC 8259 section 2", "a comment", Refusal::claims_syntax},
               claim_raw,
               R"(/**/"x":1)"},
    ForgeryRow{{"claims-single-quotes", "RFC 8259 section 7", "a string in single quotes",
                Refusal::claims_syntax},
               claim_raw,
               R"('x':1)"},
    ForgeryRow{{"claims-trailing", "RFC 7519 section 7.2", "octets behind the claims' object",
                Refusal::claims_syntax},
               claims_suffixed,
               "{}"},
    ForgeryRow{{"claims-cut-off", "RFC 7519 section 7.2", "the last brace is missing",
                Refusal::claims_syntax},
               claims_cut_off},
    ForgeryRow{
        {"claims-list", "RFC 7519 section 7.2", "the claims in a list", Refusal::claims_not_object},
        claims_listed},
    ForgeryRow{{"claims-text", "RFC 7519 section 7.2", "the claims' JSON in a string",
                Refusal::claims_not_object},
               claims_quoted},
    ForgeryRow{
        {"claims-null", "RFC 7519 section 7.2", "null for claims", Refusal::claims_not_object},
        claims_text,
        "null"},
    ForgeryRow{
        {"claims-empty", "RFC 7519 section 7.2", "nothing for claims", Refusal::claims_syntax},
        claims_text,
        ""},
    ForgeryRow{{"claims-no-members", "RFC 7519 section 4", "an empty object for claims",
                Refusal::claim_missing},
               claims_text,
               "{}"},
    ForgeryRow{{"claims-deep", "RFC 8259 section 9", "a claim nested 1000 levels deep",
                Refusal::claims_too_deep},
               claim_nested},
    ForgeryRow{{"claims-many", "RFC 8259 section 9", "a claim that lists 1000 numbers",
                Refusal::claims_too_large},
               claim_of_many},
};

}  // namespace

std::span<const ForgeryRow> claim_text_forgeries() { return kRows; }

}  // namespace parley::crypto::jose
