// SPDX-License-Identifier: GPL-3.0-or-later
// Forged headers: algorithms, key names, keys brought along, critical extensions, wrappings.
#include <openssl/err.h>
#include <openssl/x509.h>

#include <array>
#include <utility>

#include "harness/crypto/digest.h"
#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/forgery_table.h"
#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/openssl_key.h"
#include "harness/crypto/jose/signature.h"

namespace parley::crypto::jose {
namespace {

// --- alg ---

std::string unsigned_text(const Draft& draft) {
  return to_base64url(write_json(draft.header)) + "." + to_base64url(write_json(draft.claims)) +
         ".";
}

Result<Bytes> unsecured(Draft draft) {
  set_member(draft.header, "alg", json_of(std::string(draft.argument)));
  return unsigned_text(draft);
}

Result<Bytes> unsecured_with_signature(Draft draft) {
  const auto honest = honest_parts(draft);
  if (!honest) {
    return std::unexpected(honest.error());
  }
  set_member(draft.header, "alg", json_of(std::string("none")));
  return unsigned_text(draft) + to_base64url(honest->signature);
}

// The algorithm named by the argument, the signature made by the signer's own.
Result<Bytes> other_algorithm(Draft draft) {
  if (draft.argument.empty()) {
    remove_member(draft.header, "alg");
  } else {
    set_member(draft.header, "alg", json_of(std::string(draft.argument)));
  }
  return signed_draft(draft);
}

Result<Bytes> algorithm_number(Draft draft) {
  set_member(draft.header, "alg", json_of(std::int64_t{256}));
  return signed_draft(draft);
}

Result<Bytes> algorithm_list(Draft draft) {
  set_member(draft.header, "alg", {Json::Array{json_of(std::string("ES256"))}});
  return signed_draft(draft);
}

// HMAC keyed with the public key, in the form named by the argument.
Result<Bytes> keyed_with_public(Draft draft) {
  const auto& key = draft.input.signer.public_key;
  Result<Bytes> secret = Bytes();
  if (draft.argument == "der") {
    secret = to_der(key);
  } else if (draft.argument == "jwk") {
    secret = write_json(jwk_of(key));
  } else {
    secret = to_pem(key);
  }
  if (!secret) {
    return secret;
  }
  if (draft.argument == "pem-trimmed" && secret->ends_with('\n')) {
    secret->pop_back();
  }
  set_member(draft.header, "alg", json_of(std::string("HS256")));
  PrivateKey shared;
  shared.public_key.type = KeyType::oct;
  shared.secret = SecretBytes(*secret);
  return sign_token(write_json(draft.header), write_json(draft.claims), Algorithm::hs256, shared);
}

Result<Bytes> keyed_with_nothing(Draft draft) {
  set_member(draft.header, "alg", json_of(std::string("HS256")));
  PrivateKey shared;
  shared.public_key.type = KeyType::oct;
  return sign_token(write_json(draft.header), write_json(draft.claims), Algorithm::hs256, shared);
}

// --- kid ---

Result<Bytes> other_kid(Draft draft) {
  set_member(draft.header, "kid", json_of(std::string(draft.argument)));
  return signed_by_stranger(draft);
}

Result<Bytes> kid_of_length(Draft draft) {
  set_member(draft.header, "kid", json_of(std::string(4096, 'k')));
  return signed_by_stranger(draft);
}

Result<Bytes> kid_with_nul(Draft draft) {
  const Json* kid = draft.header.find("kid");
  const std::string own = kid != nullptr && kid->text() != nullptr ? *kid->text() : "";
  // As an escape: JSON text holds no NUL itself. A C string ends before it.
  auto header = write_json(draft.header);
  const auto at = header.find('"' + own + '"');
  if (own.empty() || at == std::string::npos) {
    return fail(Errc::unsupported, "the header has no \"kid\"");
  }
  header.insert(at + 1 + own.size(), "\\u0000x");
  return sign_honestly(header, write_json(draft.claims), draft.input.stranger);
}

Result<Bytes> kid_missing(Draft draft) {
  remove_member(draft.header, "kid");
  return signed_by_stranger(draft);
}

Result<Bytes> kid_list(Draft draft) {
  set_member(draft.header, "kid",
             {Json::Array{json_of(draft.input.signer.public_key.kid),
                          json_of(draft.input.stranger.public_key.kid)}});
  return signed_draft(draft);
}

Result<Bytes> kid_number(Draft draft) {
  set_member(draft.header, "kid", json_of(std::int64_t{0}));
  return signed_draft(draft);
}

Result<Bytes> kid_twice(Draft draft) {
  remove_member(draft.header, "kid");
  auto& members = std::get<Json::Object>(draft.header.value);
  const auto& own = draft.input.signer.public_key.kid;
  const auto& strange = draft.input.stranger.public_key.kid;
  const bool own_first = draft.argument == "own-first";
  members.push_back({"kid", json_of(own_first ? own : strange)});
  members.push_back({"kid", json_of(own_first ? strange : own)});
  return signed_by_stranger(draft);
}

// --- keys brought along; the honest key's kid stays ---

Result<Bytes> key_by_address(Draft draft) {
  set_member(draft.header, draft.argument, json_of(draft.input.url));
  return signed_by_stranger(draft);
}

Result<Bytes> key_embedded(Draft draft) {
  set_member(draft.header, "jwk", jwk_of(draft.input.stranger.public_key));
  return signed_by_stranger(draft);
}

// A certificate of the attacker's key, issued by a CA of the attacker's (Ed25519, whose signatures
// are the same each time).
Result<Bytes> certificate_embedded(Draft draft) {
  const Key key = openssl_key(draft.input.stranger.public_key);
  const Bytes seed = sha256(draft.input.url);
  const Key issuer(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, unsigned_of(seed), seed.size()));
  const std::unique_ptr<X509, Freed<X509_free>> certificate(X509_new());
  X509* x = certificate.get();
  const auto now = draft.input.now.time_since_epoch().count();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  ASN1_TIME_set(X509_getm_notBefore(x), now - 86'400);
  ASN1_TIME_set(X509_getm_notAfter(x), now + 86'400);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                             unsigned_of("attacker.invalid"), -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(x));
  unsigned char* octets = nullptr;
  if (key == nullptr || X509_set_pubkey(x, key.get()) != 1 ||
      X509_sign(x, issuer.get(), nullptr) == 0) {
    ERR_clear_error();
    return fail(Errc::unsupported, "no certificate holds the attacker's key");
  }
  const int size = i2d_X509(x, &octets);
  const Bytes written(reinterpret_cast<const char*>(octets), static_cast<std::size_t>(size));
  OPENSSL_free(octets);
  set_member(draft.header, "x5c", {Json::Array{json_of(to_base64(written))}});
  return signed_by_stranger(draft);
}

// --- crit and b64 ---

Result<Bytes> critical(Draft draft) {
  const auto names = read_json(draft.argument);
  if (!names) {
    return fail(Errc::malformed, "the row's argument is no JSON");
  }
  set_member(draft.header, "crit", *names);
  return signed_draft(draft);
}

Result<Bytes> critical_and_there(Draft draft) {
  set_member(draft.header, "crit", {Json::Array{json_of(std::string(draft.argument))}});
  set_member(draft.header, draft.argument, json_of(std::string("x")));
  return signed_draft(draft);
}

Result<Bytes> payload_unencoded(Draft draft) {
  if (!draft.argument.empty()) {
    set_member(draft.header, "crit", {Json::Array{json_of(std::string("b64"))}});
  }
  set_member(draft.header, "b64", {false});
  return signed_draft(draft);
}

// --- types and wrappings ---

Result<Bytes> content_type(Draft draft) {
  const auto inner = signed_draft(draft);
  if (!inner) {
    return inner;
  }
  if (!draft.argument.empty()) {
    set_member(draft.header, "cty", json_of(std::string(draft.argument)));
  }
  return sign_honestly(write_json(draft.header), *inner, draft.input.signer);
}

// Five parts that look like a JWE: dir, so the second is empty, the honest token "encrypted".
Result<Bytes> encrypted(Draft draft) {
  const auto inner = signed_draft(draft);
  if (!inner) {
    return inner;
  }
  return to_base64url(R"({"alg":"dir","enc":"A256GCM","cty":"JWT"})") + ".." +
         to_base64url(Bytes(12, '\x01')) + "." + to_base64url(*inner) + "." +
         to_base64url(Bytes(16, '\x02'));
}

Result<Bytes> header_text(Draft draft) {
  return sign_honestly(draft.argument, write_json(draft.claims), draft.input.signer);
}

Result<Bytes> algorithm_twice(Draft draft) {
  const Json* own = draft.header.find("alg");
  const Json kept = own == nullptr ? json_of(std::string("ES256")) : *own;
  remove_member(draft.header, "alg");
  auto& members = std::get<Json::Object>(draft.header.value);
  const Json none = json_of(std::string("none"));
  const bool own_first = draft.argument == "own-first";
  members.push_back({"alg", own_first ? kept : none});
  members.push_back({"alg", own_first ? none : kept});
  return signed_draft(draft);
}

constexpr std::string_view kBestAlg = "RFC 8725 section 3.1";
constexpr std::string_view kBestKeys = "RFC 8725 section 3.10";
constexpr std::string_view kCrit = "RFC 7515 section 4.1.11";
constexpr std::string_view kUnique = "RFC 7515 section 4";

constexpr std::array kRows{
    ForgeryRow{
        {"alg-none", kBestAlg, "alg none and no signature", Refusal::alg_none}, unsecured, "none"},
    ForgeryRow{{"alg-none-capital", kBestAlg, "alg None, for a list that is compared exactly",
                Refusal::alg_none},
               unsecured,
               "None"},
    ForgeryRow{{"alg-none-upper", kBestAlg, "alg NONE", Refusal::alg_none}, unsecured, "NONE"},
    ForgeryRow{{"alg-none-mixed", kBestAlg, "alg nOnE", Refusal::alg_none}, unsecured, "nOnE"},
    ForgeryRow{{"alg-none-signed", kBestAlg,
                "alg none with the honest signature behind it: present, but never checked",
                Refusal::alg_none},
               unsecured_with_signature},
    ForgeryRow{{"alg-empty", kBestAlg, "alg is the empty string", Refusal::alg_not_allowed},
               unsecured,
               ""},
    ForgeryRow{{"alg-missing", "RFC 7515 section 4.1.1", "no alg at all", Refusal::alg_missing},
               other_algorithm,
               ""},
    ForgeryRow{{"alg-lower-case", "RFC 7515 section 4.1.1",
                "the signature is right, alg is written es256", Refusal::alg_not_allowed},
               other_algorithm,
               "es256"},
    ForgeryRow{
        {"alg-unknown", kBestAlg, "alg is one that nobody registered", Refusal::alg_not_allowed},
        other_algorithm,
        "ES257"},
    ForgeryRow{{"alg-number", "RFC 7515 section 4.1.1", "alg is a number", Refusal::alg_wrong_type},
               algorithm_number},
    ForgeryRow{{"alg-list", "RFC 7515 section 4.1.1", "alg is a list", Refusal::alg_wrong_type},
               algorithm_list},
    ForgeryRow{
        {"alg-twice-none-last", kUnique, "two alg, the second is none", Refusal::header_duplicate},
        algorithm_twice,
        "own-first"},
    ForgeryRow{
        {"alg-twice-none-first", kUnique, "two alg, the first is none", Refusal::header_duplicate},
        algorithm_twice,
        "none-first"},
    ForgeryRow{{"hmac-public-pem", "RFC 8725 section 2.1", "HS256 keyed with the public key as PEM",
                Refusal::alg_symmetric},
               keyed_with_public,
               "pem"},
    ForgeryRow{{"hmac-public-pem-trimmed", "RFC 8725 section 2.1",
                "HS256 keyed with the PEM without its last line break", Refusal::alg_symmetric},
               keyed_with_public,
               "pem-trimmed"},
    ForgeryRow{{"hmac-public-der", "RFC 8725 section 2.1", "HS256 keyed with the public key as DER",
                Refusal::alg_symmetric},
               keyed_with_public,
               "der"},
    ForgeryRow{{"hmac-public-jwk", "RFC 8725 section 2.1",
                "HS256 keyed with the published JWK's text", Refusal::alg_symmetric},
               keyed_with_public,
               "jwk"},
    ForgeryRow{{"hmac-empty-key", "RFC 8725 section 3.1", "HS256 keyed with nothing",
                Refusal::alg_symmetric},
               keyed_with_nothing},
    ForgeryRow{{"kid-unknown", kBestKeys, "a kid of no published key", Refusal::kid_unknown},
               other_kid,
               "no-such-key"},
    ForgeryRow{
        {"kid-empty", kBestKeys, "kid is the empty string", Refusal::kid_unknown}, other_kid, ""},
    ForgeryRow{{"kid-path", kBestKeys,
                "kid names a file that is empty, so that its content as key is known",
                Refusal::kid_unknown},
               other_kid,
               "../../../../dev/null"},
    ForgeryRow{{"kid-sql", kBestKeys, "kid ends a statement and selects a key of the attacker's",
                Refusal::kid_unknown},
               other_kid,
               "x' UNION SELECT 'AAAA' -- "},
    ForgeryRow{{"kid-shell", kBestKeys, "kid is a command", Refusal::kid_unknown},
               other_kid,
               "$(id) `id` | id"},
    ForgeryRow{{"kid-url", kBestKeys, "kid is an address", Refusal::kid_unknown},
               other_kid,
               "https://attacker.invalid/key"},
    ForgeryRow{{"kid-long", kBestKeys, "kid of 4096 letters", Refusal::kid_unknown}, kid_of_length},
    ForgeryRow{{"kid-nul", kBestKeys, "the honest kid, then NUL and more", Refusal::kid_unknown},
               kid_with_nul},
    ForgeryRow{{"kid-missing", "RFC 7515 section 4.1.4",
                "no kid, signed by another key: a verifier may try its keys, none fits",
                Refusal::kid_missing},
               kid_missing},
    ForgeryRow{
        {"kid-list", "RFC 7515 section 4.1.4", "kid is a list of two", Refusal::kid_wrong_type},
        kid_list},
    ForgeryRow{{"kid-number", "RFC 7515 section 4.1.4", "kid is a number", Refusal::kid_wrong_type},
               kid_number},
    ForgeryRow{{"kid-twice-own-first", kUnique, "two kid, the honest one first",
                Refusal::header_duplicate},
               kid_twice,
               "own-first"},
    ForgeryRow{
        {"kid-twice-own-last", kUnique, "two kid, the honest one last", Refusal::header_duplicate},
        kid_twice,
        "own-last"},
    ForgeryRow{{"jku", kBestKeys, "jku points at the attacker's set", Refusal::key_in_header},
               key_by_address,
               "jku"},
    ForgeryRow{
        {"x5u", kBestKeys, "x5u points at the attacker's certificate", Refusal::key_in_header},
        key_by_address,
        "x5u"},
    ForgeryRow{{"jwk", kBestKeys, "the attacker's key in the header", Refusal::key_in_header},
               key_embedded},
    ForgeryRow{{"x5c", kBestKeys, "a certificate of the attacker's key in the header",
                Refusal::key_in_header},
               certificate_embedded},
    ForgeryRow{
        {"crit-unknown", kCrit, "crit names an extension that nobody knows", Refusal::crit_unknown},
        critical_and_there,
        "urn:parley:unknown"},
    ForgeryRow{
        {"crit-expiry", kCrit, "crit names exp, which is there as a header", Refusal::crit_unknown},
        critical_and_there,
        "exp"},
    ForgeryRow{
        {"crit-absent", kCrit, "crit names what is not in the header", Refusal::crit_malformed},
        critical,
        R"(["urn:parley:absent"])"},
    ForgeryRow{
        {"crit-empty", kCrit, "crit is an empty list", Refusal::crit_malformed}, critical, "[]"},
    ForgeryRow{{"crit-registered", kCrit, "crit names alg", Refusal::crit_malformed},
               critical,
               R"(["alg"])"},
    ForgeryRow{
        {"crit-string", kCrit, "crit is a string", Refusal::crit_malformed}, critical, R"("kid")"},
    ForgeryRow{
        {"crit-number", kCrit, "crit lists a number", Refusal::crit_malformed}, critical, "[1]"},
    ForgeryRow{{"unencoded", "RFC 7797 section 6", "b64 is false, crit does not say so",
                Refusal::unencoded},
               payload_unencoded,
               ""},
    ForgeryRow{
        {"unencoded-critical", "RFC 7797 section 7",
         "b64 is false and critical, the payload encoded all the same", Refusal::crit_unknown},
        payload_unencoded,
        "critical"},
    ForgeryRow{{"nested", "RFC 8725 section 3.12", "the honest token in a token, cty JWT",
                Refusal::nested},
               content_type,
               "JWT"},
    ForgeryRow{{"nested-lower-case", "RFC 8725 section 3.12", "the same, cty jwt", Refusal::nested},
               content_type,
               "jwt"},
    ForgeryRow{{"nested-untold", "RFC 8725 section 3.12",
                "the honest token in a token, without cty", Refusal::claims_syntax},
               content_type,
               ""},
    ForgeryRow{
        {"encrypted", "RFC 8725 section 3.12", "five parts, as a JWE has", Refusal::encrypted},
        encrypted},
    ForgeryRow{
        {"header-list", "RFC 7515 section 4", "the header is a list", Refusal::header_not_object},
        header_text,
        R"([{"alg":"ES256"}])"},
    ForgeryRow{
        {"header-empty", "RFC 7515 section 4", "the header is nothing", Refusal::header_syntax},
        header_text,
        ""},
    ForgeryRow{{"header-trailing", "RFC 7515 section 4", "octets behind the header's object",
                Refusal::header_syntax},
               header_text,
               R"({"alg":"ES256"}{"alg":"none"})"},
    ForgeryRow{{"header-mark", "RFC 8725 section 3.7", "a byte order mark before the header",
                Refusal::header_byte_order_mark},
               header_text,
               "\xEF\xBB\xBF{\"alg\":\"ES256\"}"},
};

}  // namespace

std::span<const ForgeryRow> header_forgeries() { return kRows; }

}  // namespace parley::crypto::jose
