// SPDX-License-Identifier: GPL-3.0-or-later
// Forged encodings: base64url in other spellings, dots too many, octets around the token. What is
// decoded stays as it was, the signature is right for what is sent wherever that can be.
#include <array>
#include <utility>

#include "harness/base/text.h"
#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/forgery_table.h"
#include "harness/crypto/jose/signature.h"

namespace parley::crypto::jose {
namespace {

// Signs first and second part as they will be sent.
Result<Bytes> signed_text(const Draft& draft, const std::string& text) {
  const auto& key = draft.input.signer;
  const auto signature = sign(usual_algorithm(key.public_key), key, text);
  if (!signature) {
    return std::unexpected(signature.error());
  }
  return text + "." + to_base64url(*signature);
}

std::string padded(std::string text) {
  while (text.size() % 4 != 0) {
    text += '=';
  }
  return text;
}

// Blanks in front of a JSON text until its encoding has unused bits, or ends without padding.
std::string stretched(std::string json, std::size_t remainder) {
  while (json.size() % 3 != remainder) {
    json.insert(0, 1, ' ');
  }
  return json;
}

Result<Bytes> with_padding(Draft draft) {
  const std::string header = to_base64url(stretched(write_json(draft.header), 1));
  const std::string claims = to_base64url(stretched(write_json(draft.claims), 1));
  if (draft.argument == "header") {
    return signed_text(draft, padded(header) + "." + claims);
  }
  if (draft.argument == "claims") {
    return signed_text(draft, header + "." + padded(claims));
  }
  const auto parts = honest_parts(draft);
  if (!parts) {
    return std::unexpected(parts.error());
  }
  if (parts->signature.size() % 3 == 0) {
    return fail(Errc::unsupported, "a signature of that length has no padding");
  }
  return parts->text + "." + padded(to_base64url(parts->signature));
}

Result<Bytes> with_white_space(Draft draft) {
  const std::string header = to_base64url(write_json(draft.header));
  const std::string claims = to_base64url(write_json(draft.claims));
  const Bytes space(draft.argument);
  return signed_text(draft, header + "." + claims.substr(0, 8) + space + claims.substr(8));
}

Result<Bytes> surrounded(Draft draft) {
  const auto token = signed_draft(draft);
  if (!token) {
    return token;
  }
  if (draft.argument == "before") {
    return " " + *token;
  }
  return *token + (draft.argument == "line" ? Bytes("\r\n") : Bytes(1, '\0'));
}

// '+' and '/' for '-' and '_': a claim is added whose encoding has both.
Result<Bytes> in_the_standard_alphabet(Draft draft) {
  std::string claims = write_json(draft.claims);
  claims.pop_back();
  claims += claims == "{" ? "" : ",";
  claims += "\"x\":\"?>?>?>?>?>?>\"}";
  const std::string text = replace_all(replace_all(to_base64url(claims), "-", "+"), "_", "/");
  if (text.find('/') == std::string::npos && text.find('+') == std::string::npos) {
    return fail(Errc::unsupported, "the encoding has no letter that differs");
  }
  return signed_text(draft, to_base64url(write_json(draft.header)) + "." + text);
}

// The next letter: those with unused bits stand at even places of the alphabet, and in ASCII each
// is followed by its neighbour there.
std::string with_trailing_bits(std::string text) {
  text.back() = static_cast<char>(text.back() + 1);
  return text;
}

Result<Bytes> non_canonical(Draft draft) {
  const std::string header = to_base64url(stretched(write_json(draft.header), 1));
  const std::string claims = to_base64url(stretched(write_json(draft.claims), 1));
  if (draft.argument == "header") {
    return signed_text(draft, with_trailing_bits(header) + "." + claims);
  }
  if (draft.argument == "claims") {
    return signed_text(draft, header + "." + with_trailing_bits(claims));
  }
  const auto parts = honest_parts(draft);
  if (!parts) {
    return std::unexpected(parts.error());
  }
  if (parts->signature.size() % 3 == 0) {
    return fail(Errc::unsupported, "a signature of that length has no unused bits");
  }
  return parts->text + "." + with_trailing_bits(to_base64url(parts->signature));
}

Result<Bytes> of_odd_length(Draft draft) {
  const std::string header = to_base64url(write_json(draft.header));
  return signed_text(draft,
                     header + "." + to_base64url(stretched(write_json(draft.claims), 0)) + "A");
}

Result<Bytes> with_a_foreign_octet(Draft draft) {
  const std::string claims = to_base64url(write_json(draft.claims));
  return signed_text(draft, to_base64url(write_json(draft.header)) + "." + claims.substr(0, 8) +
                                Bytes(draft.argument) + claims.substr(8));
}

Result<Bytes> percent_encoded(Draft draft) {
  const auto token = signed_draft(draft);
  return token ? Result<Bytes>(replace_all(*token, ".", "%2E")) : token;
}

// Parts added or taken away.
Result<Bytes> with_other_parts(Draft draft) {
  const auto token = signed_draft(draft);
  if (!token) {
    return token;
  }
  const auto dot = token->rfind('.');
  if (draft.argument == "two") {
    return token->substr(0, dot);
  }
  if (draft.argument == "one") {
    return token->substr(0, token->find('.'));
  }
  if (draft.argument == "none") {
    return Bytes();
  }
  if (draft.argument == "dot-first") {
    return "." + *token;
  }
  return *token + (draft.argument == "four" ? token->substr(dot) : Bytes("."));
}

// RFC 7515 section 7.2: the same in JSON, which is not what a compact token is.
Result<Bytes> as_json(Draft draft) {
  const auto parts = honest_parts(draft);
  if (!parts) {
    return std::unexpected(parts.error());
  }
  const auto dot = parts->text.find('.');
  return R"({"payload":")" + parts->text.substr(dot + 1) + R"(","protected":")" +
         parts->text.substr(0, dot) + R"(","signature":")" + to_base64url(parts->signature) +
         R"("})";
}

Result<Bytes> oversized(Draft draft) {
  const auto octets = draft.argument == "16-mib" ? std::size_t{16} << 20U : std::size_t{1} << 20U;
  set_member(draft.claims, "x", json_of(std::string(octets, 'x')));
  return signed_draft(draft);
}

Result<Bytes> oversized_garbage(Draft /*draft*/) { return Bytes(std::size_t{16} << 20U, '.'); }

constexpr std::string_view kBase64 = "RFC 7515 section 2";
constexpr std::string_view kCompact = "RFC 7515 section 7.1";
constexpr std::string_view kSize = "RFC 7515 section 10";

constexpr std::array kRows{
    ForgeryRow{
        {"padding-header", kBase64, "the header is padded with '='", Refusal::base64_padding},
        with_padding,
        "header"},
    ForgeryRow{
        {"padding-claims", kBase64, "the claims are padded with '='", Refusal::base64_padding},
        with_padding,
        "claims"},
    ForgeryRow{
        {"padding-signature", kBase64, "the signature is padded with '='", Refusal::base64_padding},
        with_padding,
        "signature"},
    ForgeryRow{{"blank-inside", kBase64, "a blank inside the claims", Refusal::base64_white_space},
               with_white_space,
               " "},
    ForgeryRow{{"line-break-inside", kBase64, "a line break inside the claims, as MIME has it",
                Refusal::base64_white_space},
               with_white_space,
               "\r\n"},
    ForgeryRow{{"tab-inside", kBase64, "a tab inside the claims", Refusal::base64_white_space},
               with_white_space,
               "\t"},
    ForgeryRow{{"blank-before", kBase64, "a blank before the token", Refusal::base64_white_space},
               surrounded,
               "before"},
    ForgeryRow{
        {"line-break-after", kBase64, "a line break behind the token", Refusal::base64_white_space},
        surrounded,
        "line"},
    ForgeryRow{
        {"nul-after", kBase64, "NUL behind the token", Refusal::base64_octet}, surrounded, "nul"},
    ForgeryRow{
        {"standard-alphabet", kBase64, "'+' and '/' for '-' and '_'", Refusal::base64_alphabet},
        in_the_standard_alphabet},
    ForgeryRow{
        {"trailing-bits-header", "RFC 4648 section 3.5",
         "the header's last letter has bits that nobody reads", Refusal::base64_trailing_bits},
        non_canonical,
        "header"},
    ForgeryRow{
        {"trailing-bits-claims", "RFC 4648 section 3.5",
         "the claims' last letter has bits that nobody reads", Refusal::base64_trailing_bits},
        non_canonical,
        "claims"},
    ForgeryRow{{"trailing-bits-signature", "RFC 4648 section 3.5",
                "the signature's last letter has bits that nobody reads: a token in two spellings",
                Refusal::base64_trailing_bits},
               non_canonical,
               "signature"},
    ForgeryRow{{"odd-length", kBase64, "4n + 1 letters of claims", Refusal::base64_length},
               of_odd_length},
    ForgeryRow{{"octet-star", kBase64, "a '*' inside the claims", Refusal::base64_octet},
               with_a_foreign_octet,
               "*"},
    ForgeryRow{
        {"octet-utf8", kBase64, "a letter beyond ASCII inside the claims", Refusal::base64_octet},
        with_a_foreign_octet,
        "\xC3\xA9"},
    ForgeryRow{{"dots-percent-encoded", kCompact, "%2E for the dots", Refusal::wrong_parts},
               percent_encoded},
    ForgeryRow{{"parts-two", kCompact, "header and claims alone", Refusal::wrong_parts},
               with_other_parts,
               "two"},
    ForgeryRow{
        {"parts-one", kCompact, "the header alone", Refusal::wrong_parts}, with_other_parts, "one"},
    ForgeryRow{{"parts-none", kCompact, "nothing", Refusal::wrong_parts}, with_other_parts, "none"},
    ForgeryRow{{"parts-four", kCompact, "the signature twice", Refusal::wrong_parts},
               with_other_parts,
               "four"},
    ForgeryRow{{"dot-first", kCompact, "a dot before the token", Refusal::wrong_parts},
               with_other_parts,
               "dot-first"},
    ForgeryRow{{"dot-last", kCompact, "a dot behind the token", Refusal::wrong_parts},
               with_other_parts,
               "dot-last"},
    ForgeryRow{{"json-serialisation", "RFC 7515 section 7.2", "the same token as JSON",
                Refusal::wrong_parts},
               as_json},
    ForgeryRow{{"size-1-mib", kSize, "a claim of 1 MiB, signed honestly", Refusal::too_large},
               oversized,
               "1-mib"},
    ForgeryRow{{"size-16-mib", kSize, "a claim of 16 MiB, signed honestly", Refusal::too_large},
               oversized,
               "16-mib"},
    ForgeryRow{{"size-16-mib-dots", kSize, "16 MiB of dots", Refusal::too_large},
               oversized_garbage},
};

}  // namespace

std::span<const ForgeryRow> encoding_forgeries() { return kRows; }

}  // namespace parley::crypto::jose
