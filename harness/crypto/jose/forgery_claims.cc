// SPDX-License-Identifier: GPL-3.0-or-later
// Forged claims, signed honestly: names in other spellings, wrong types, repeats.
#include <array>
#include <utility>

#include "harness/base/text.h"
#include "harness/crypto/jose/forgery_table.h"

namespace parley::crypto::jose {
namespace {

// "iss/suffix": the claim and what the row does with it.
std::pair<std::string, std::string> halves_of(std::string_view argument) {
  const auto slash = argument.find('/');
  return {std::string(argument.substr(0, slash)), std::string(argument.substr(slash + 1))};
}

Result<std::string> text_claim(const Draft& draft, const std::string& name) {
  const Json* claim = draft.claims.find(name);
  if (claim == nullptr || claim->text() == nullptr || claim->text()->empty()) {
    return fail(Errc::unsupported, "the honest claims have no text \"" + name + "\"");
  }
  return *claim->text();
}

std::string in_capitals(std::string text) {
  for (char& c : text) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  return text;
}

// The first letter that has a Cyrillic look-alike; a text without one gets a zero-width joiner.
std::string look_alike(std::string text) {
  constexpr std::array<std::pair<char, std::string_view>, 4> letters{
      {{'a', "\xD0\xB0"}, {'e', "\xD0\xB5"}, {'o', "\xD0\xBE"}, {'c', "\xD1\x81"}}};
  for (const auto& [latin, cyrillic] : letters) {
    if (const auto at = text.find(latin); at != std::string::npos) {
      return text.replace(at, 1, cyrillic);
    }
  }
  return text + "\xE2\x80\x8D";
}

std::string respell(std::string text, std::string_view how) {
  if (how == "trailing-slash") {
    return text.ends_with('/') ? text.substr(0, text.size() - 1) : text + "/";
  }
  if (how == "upper-case") {
    return in_capitals(std::move(text));
  }
  if (how == "look-alike") {
    return look_alike(std::move(text));
  }
  if (how == "prefix") {
    return text.substr(0, text.size() / 2);
  }
  if (how == "suffix") {
    return text + ".attacker.invalid";
  }
  if (how == "blank") {
    return text + " ";
  }
  if (how == "nul") {
    return text + std::string("\0.attacker.invalid", 18);
  }
  if (how == "percent") {
    const Bytes last = text.substr(text.size() - 1);
    return text.substr(0, text.size() - 1) + "%" + in_capitals(to_hex(last));
  }
  if (how == "http") {
    return replace_all(std::move(text), "https://", "http://");
  }
  return "https://other.invalid";
}

Result<Bytes> respelled(Draft draft) {
  const auto [name, how] = halves_of(draft.argument);
  auto text = text_claim(draft, name);
  if (!text) {
    return text;
  }
  auto other = respell(*text, how);
  if (other == *text) {
    return fail(Errc::unsupported, "the honest claim has no other spelling of that kind");
  }
  set_member(draft.claims, name, json_of(std::move(other)));
  return signed_draft(draft);
}

// "aud=[]": the claim and its JSON.
Result<Bytes> claim_set(Draft draft) {
  const auto equals = draft.argument.find('=');
  const auto value = read_json(draft.argument.substr(equals + 1));
  if (!value) {
    return fail(Errc::malformed, "the row's argument is no JSON");
  }
  set_member(draft.claims, draft.argument.substr(0, equals), *value);
  return signed_draft(draft);
}

Result<Bytes> listed(Draft draft) {
  auto text = text_claim(draft, std::string(draft.argument));
  if (!text) {
    return text;
  }
  set_member(draft.claims, draft.argument, {Json::Array{json_of(std::move(*text))}});
  return signed_draft(draft);
}

Result<Bytes> audience_among_others(Draft draft) {
  auto text = text_claim(draft, "aud");
  if (!text) {
    return text;
  }
  const Json other = json_of(std::string("https://other.invalid"));
  set_member(draft.claims, "aud", {Json::Array{other, json_of(std::move(*text))}});
  return signed_draft(draft);
}

Result<Bytes> audience_nested(Draft draft) {
  auto text = text_claim(draft, "aud");
  if (!text) {
    return text;
  }
  const Json inner{Json::Array{json_of(std::move(*text))}};
  set_member(draft.claims, "aud", {Json::Array{inner}});
  return signed_draft(draft);
}

// Another value before or behind the honest one.
Result<Bytes> claim_twice(Draft draft) {
  const auto [name, order] = halves_of(draft.argument);
  const Json* honest = draft.claims.find(name);
  if (honest == nullptr) {
    return fail(Errc::unsupported, "the honest claims have no \"" + name + "\"");
  }
  const Json own = *honest;
  const Json other =
      own.number() == nullptr ? json_of(std::string("other")) : json_of(std::int64_t{4102444800});
  remove_member(draft.claims, name);
  auto& members = std::get<Json::Object>(draft.claims.value);
  members.push_back({name, order == "own-first" ? own : other});
  members.push_back({name, order == "own-first" ? other : own});
  return signed_draft(draft);
}

constexpr std::array kRows{
    ForgeryRow{{"iss-trailing-slash", "RFC 8725 section 3.8", "iss: a slash behind it",
                Refusal::issuer_wrong},
               respelled,
               "iss/trailing-slash"},
    ForgeryRow{
        {"iss-upper-case", "RFC 8725 section 3.8", "iss: in capitals", Refusal::issuer_wrong},
        respelled,
        "iss/upper-case"},
    ForgeryRow{{"iss-look-alike", "RFC 8725 section 3.8", "iss: a Cyrillic letter for a Latin one",
                Refusal::issuer_wrong},
               respelled,
               "iss/look-alike"},
    ForgeryRow{{"iss-prefix", "RFC 8725 section 3.8", "iss: its first half", Refusal::issuer_wrong},
               respelled,
               "iss/prefix"},
    ForgeryRow{{"iss-suffix", "RFC 8725 section 3.8", "iss: followed by .attacker.invalid",
                Refusal::issuer_wrong},
               respelled,
               "iss/suffix"},
    ForgeryRow{
        {"iss-blank", "RFC 8725 section 3.8", "iss: a blank behind it", Refusal::issuer_wrong},
        respelled,
        "iss/blank"},
    ForgeryRow{
        {"iss-nul", "RFC 8725 section 3.8", "iss: NUL and more behind it", Refusal::issuer_wrong},
        respelled,
        "iss/nul"},
    ForgeryRow{{"iss-percent", "RFC 8725 section 3.8", "iss: its last letter percent-encoded",
                Refusal::issuer_wrong},
               respelled,
               "iss/percent"},
    ForgeryRow{
        {"iss-other", "RFC 8725 section 3.8", "iss: another's altogether", Refusal::issuer_wrong},
        respelled,
        "iss/other"},
    ForgeryRow{{"aud-trailing-slash", "RFC 7519 section 4.1.3", "aud: a slash behind it",
                Refusal::audience_wrong},
               respelled,
               "aud/trailing-slash"},
    ForgeryRow{
        {"aud-upper-case", "RFC 7519 section 4.1.3", "aud: in capitals", Refusal::audience_wrong},
        respelled,
        "aud/upper-case"},
    ForgeryRow{{"aud-look-alike", "RFC 7519 section 4.1.3",
                "aud: a Cyrillic letter for a Latin one", Refusal::audience_wrong},
               respelled,
               "aud/look-alike"},
    ForgeryRow{
        {"aud-prefix", "RFC 7519 section 4.1.3", "aud: its first half", Refusal::audience_wrong},
        respelled,
        "aud/prefix"},
    ForgeryRow{{"aud-suffix", "RFC 7519 section 4.1.3", "aud: followed by .attacker.invalid",
                Refusal::audience_wrong},
               respelled,
               "aud/suffix"},
    ForgeryRow{
        {"aud-blank", "RFC 7519 section 4.1.3", "aud: a blank behind it", Refusal::audience_wrong},
        respelled,
        "aud/blank"},
    ForgeryRow{{"aud-nul", "RFC 7519 section 4.1.3", "aud: NUL and more behind it",
                Refusal::audience_wrong},
               respelled,
               "aud/nul"},
    ForgeryRow{{"aud-percent", "RFC 7519 section 4.1.3", "aud: its last letter percent-encoded",
                Refusal::audience_wrong},
               respelled,
               "aud/percent"},
    ForgeryRow{{"aud-other", "RFC 7519 section 4.1.3", "aud: another's altogether",
                Refusal::audience_wrong},
               respelled,
               "aud/other"},
    ForgeryRow{{"sub-trailing-slash", "RFC 8725 section 3.8", "sub: a slash behind it",
                Refusal::subject_wrong},
               respelled,
               "sub/trailing-slash"},
    ForgeryRow{{"sub-upper-case", "RFC 8725 section 3.8",
                "sub: in capitals; a profile that normalises identifiers takes it",
                Refusal::subject_wrong, Acceptance::legal},
               respelled,
               "sub/upper-case"},
    ForgeryRow{{"sub-look-alike", "RFC 8725 section 3.8", "sub: a Cyrillic letter for a Latin one",
                Refusal::subject_wrong},
               respelled,
               "sub/look-alike"},
    ForgeryRow{
        {"sub-prefix", "RFC 8725 section 3.8", "sub: its first half", Refusal::subject_wrong},
        respelled,
        "sub/prefix"},
    ForgeryRow{{"sub-suffix", "RFC 8725 section 3.8", "sub: followed by .attacker.invalid",
                Refusal::subject_wrong},
               respelled,
               "sub/suffix"},
    ForgeryRow{
        {"sub-blank", "RFC 8725 section 3.8", "sub: a blank behind it", Refusal::subject_wrong},
        respelled,
        "sub/blank"},
    ForgeryRow{
        {"sub-nul", "RFC 8725 section 3.8", "sub: NUL and more behind it", Refusal::subject_wrong},
        respelled,
        "sub/nul"},
    ForgeryRow{{"sub-percent", "RFC 8725 section 3.8", "sub: its last letter percent-encoded",
                Refusal::subject_wrong},
               respelled,
               "sub/percent"},
    ForgeryRow{
        {"sub-other", "RFC 8725 section 3.8", "sub: another's altogether", Refusal::subject_wrong},
        respelled,
        "sub/other"},
    ForgeryRow{{"iss-http", "RFC 8725 section 3.8", "iss: http for https", Refusal::issuer_wrong},
               respelled,
               "iss/http"},
    ForgeryRow{{"iss-number", "RFC 7519 section 4.1", "iss is of the wrong type",
                Refusal::claim_wrong_type},
               claim_set,
               R"(iss=7)"},
    ForgeryRow{
        {"iss-null", "RFC 7519 section 4.1", "iss is of the wrong type", Refusal::claim_wrong_type},
        claim_set,
        R"(iss=null)"},
    ForgeryRow{{"iss-truth", "RFC 7519 section 4.1", "iss is of the wrong type",
                Refusal::claim_wrong_type},
               claim_set,
               R"(iss=true)"},
    ForgeryRow{{"iss-object", "RFC 7519 section 4.1", "iss is of the wrong type",
                Refusal::claim_wrong_type},
               claim_set,
               R"(iss={})"},
    ForgeryRow{
        {"iss-list", "RFC 7519 section 4.1", "iss is of the wrong type", Refusal::claim_wrong_type},
        claim_set,
        R"(iss=["x"])"},
    ForgeryRow{{"sub-number", "RFC 7519 section 4.1", "sub is of the wrong type",
                Refusal::claim_wrong_type},
               claim_set,
               R"(sub=7)"},
    ForgeryRow{
        {"sub-null", "RFC 7519 section 4.1", "sub is of the wrong type", Refusal::claim_wrong_type},
        claim_set,
        R"(sub=null)"},
    ForgeryRow{{"sub-truth", "RFC 7519 section 4.1", "sub is of the wrong type",
                Refusal::claim_wrong_type},
               claim_set,
               R"(sub=true)"},
    ForgeryRow{{"sub-object", "RFC 7519 section 4.1", "sub is of the wrong type",
                Refusal::claim_wrong_type},
               claim_set,
               R"(sub={})"},
    ForgeryRow{
        {"sub-list", "RFC 7519 section 4.1", "sub is of the wrong type", Refusal::claim_wrong_type},
        claim_set,
        R"(sub=["x"])"},
    ForgeryRow{{"aud-number", "RFC 7519 section 4.1.3", "aud is of the wrong type",
                Refusal::claim_wrong_type},
               claim_set,
               R"(aud=7)"},
    ForgeryRow{{"aud-null", "RFC 7519 section 4.1.3", "aud is of the wrong type",
                Refusal::claim_wrong_type},
               claim_set,
               R"(aud=null)"},
    ForgeryRow{{"aud-truth", "RFC 7519 section 4.1.3", "aud is of the wrong type",
                Refusal::claim_wrong_type},
               claim_set,
               R"(aud=true)"},
    ForgeryRow{{"aud-object", "RFC 7519 section 4.1.3", "aud is of the wrong type",
                Refusal::claim_wrong_type},
               claim_set,
               R"(aud={})"},
    ForgeryRow{{"aud-list-of-numbers", "RFC 7519 section 4.1.3", "aud is of the wrong type",
                Refusal::claim_wrong_type},
               claim_set,
               R"(aud=[7])"},
    ForgeryRow{
        {"aud-empty-list", "RFC 7519 section 4.1.3", "aud names nobody", Refusal::audience_wrong},
        claim_set,
        "aud=[]"},
    ForgeryRow{{"aud-list-of-others", "RFC 7519 section 4.1.3", "aud lists others alone",
                Refusal::audience_wrong},
               claim_set,
               R"(aud=["https://a.invalid","https://b.invalid"])"},
    ForgeryRow{{"aud-list-with-others", "RFC 7519 section 4.1.3",
                "aud lists the verifier among others", Refusal::audience_wrong, Acceptance::legal},
               audience_among_others},
    ForgeryRow{{"aud-nested-list", "RFC 7519 section 4.1.3", "aud is a list in a list",
                Refusal::claim_wrong_type},
               audience_nested},
    ForgeryRow{{"iss-list-with-own", "RFC 7519 section 4.1.1",
                "iss is a list with the right name in it", Refusal::claim_wrong_type},
               listed,
               "iss"},
    ForgeryRow{{"sub-list-with-own", "RFC 7519 section 4.1.2",
                "sub is a list with the right name in it", Refusal::claim_wrong_type},
               listed,
               "sub"},
    ForgeryRow{{"iss-twice-own-first", "RFC 7519 section 4", "two iss, the right one first",
                Refusal::claims_duplicate},
               claim_twice,
               "iss/own-first"},
    ForgeryRow{{"iss-twice-own-last", "RFC 7519 section 4", "two iss, the right one last",
                Refusal::claims_duplicate},
               claim_twice,
               "iss/own-last"},
    ForgeryRow{{"sub-twice-own-first", "RFC 7519 section 4", "two sub, the right one first",
                Refusal::claims_duplicate},
               claim_twice,
               "sub/own-first"},
    ForgeryRow{{"sub-twice-own-last", "RFC 7519 section 4", "two sub, the right one last",
                Refusal::claims_duplicate},
               claim_twice,
               "sub/own-last"},
    ForgeryRow{{"aud-twice-own-first", "RFC 7519 section 4", "two aud, the right one first",
                Refusal::claims_duplicate},
               claim_twice,
               "aud/own-first"},
    ForgeryRow{{"aud-twice-own-last", "RFC 7519 section 4", "two aud, the right one last",
                Refusal::claims_duplicate},
               claim_twice,
               "aud/own-last"},
    ForgeryRow{{"exp-twice-own-first", "RFC 7519 section 4", "two exp, the right one first",
                Refusal::claims_duplicate},
               claim_twice,
               "exp/own-first"},
    ForgeryRow{{"exp-twice-own-last", "RFC 7519 section 4", "two exp, the right one last",
                Refusal::claims_duplicate},
               claim_twice,
               "exp/own-last"},
};

}  // namespace

std::span<const ForgeryRow> claim_forgeries() { return kRows; }

}  // namespace parley::crypto::jose
