// SPDX-License-Identifier: GPL-3.0-or-later
// Forged times, signed honestly. By `age` a claim is off: within a verifier's leeway that is legal,
// and at leeway 0 or more seconds beyond it is not; the rows say what happens beyond.
#include <array>
#include <utility>

#include "harness/crypto/jose/forgery_table.h"

namespace parley::crypto::jose {
namespace {

constexpr std::int64_t kShortLife = 60;  // keeps the lifetime out of it

std::int64_t now_of(const Draft& draft) { return draft.input.now.time_since_epoch().count(); }
std::int64_t age_of(const Draft& draft) { return draft.input.age.count(); }

void set_time(Draft& draft, std::string_view name, std::int64_t time) {
  set_member(draft.claims, name, json_of(time));
}

// RFC 7519 section 4.1.4: age 0 is expired by the clock, and accepted by leeway alone.
Result<Bytes> expired(Draft draft) {
  set_time(draft, "iat", now_of(draft) - age_of(draft) - kShortLife);
  set_time(draft, "exp", now_of(draft) - age_of(draft));
  return signed_draft(draft);
}

Result<Bytes> not_yet_valid(Draft draft) {
  set_time(draft, "nbf", now_of(draft) + age_of(draft));
  return signed_draft(draft);
}

Result<Bytes> issued_in_future(Draft draft) {
  set_time(draft, "iat", now_of(draft) + age_of(draft));
  set_time(draft, "exp", now_of(draft) + age_of(draft) + kShortLife);
  return signed_draft(draft);
}

Result<Bytes> living_long(Draft draft) {
  set_time(draft, "iat", now_of(draft));
  set_time(draft, "exp", now_of(draft) + age_of(draft));
  return signed_draft(draft);
}

// "exp=NaN": the claim and how it is written, JSON or not.
Result<Bytes> written(Draft draft) {
  const auto equals = draft.argument.find('=');
  set_member(draft.claims, draft.argument.substr(0, equals),
             number_written(std::string(draft.argument.substr(equals + 1))));
  return signed_draft(draft);
}

// The honest second as string, in milliseconds, or with a fraction.
Result<Bytes> honest_time(Draft draft) {
  const auto slash = draft.argument.find('/');
  const auto name = draft.argument.substr(0, slash);
  const auto how = draft.argument.substr(slash + 1);
  const Json* claim = draft.claims.find(name);
  if (claim == nullptr || claim->number() == nullptr) {
    return fail(Errc::unsupported, "the honest claims have no such time");
  }
  const std::string text = claim->number()->text;
  if (how == "string") {
    set_member(draft.claims, name, json_of(text));
  } else if (how == "milliseconds") {
    set_member(draft.claims, name, number_written(text + "000"));
  } else {
    set_member(draft.claims, name, number_written(text + (how == "zero" ? ".0" : ".5")));
  }
  return signed_draft(draft);
}

constexpr std::string_view kExp = "RFC 7519 section 4.1.4";
constexpr std::string_view kNbf = "RFC 7519 section 4.1.5";
constexpr std::string_view kIat = "RFC 7519 section 4.1.6";
constexpr std::string_view kDate = "RFC 7519 section 2";
constexpr std::string_view kNumber = "RFC 8259 section 6";

constexpr std::array kRows{
    ForgeryRow{{"exp-past", kExp, "expired by age", Refusal::expired}, expired},
    ForgeryRow{{"nbf-future", kNbf, "valid from age on", Refusal::not_yet_valid}, not_yet_valid},
    ForgeryRow{{"iat-future", kIat, "issued at age from now", Refusal::issued_in_future},
               issued_in_future},
    ForgeryRow{
        {"lifetime-long", "RFC 8725 section 3.12",
         "lives for age; refused where the profile's maximum is less", Refusal::lifetime_too_long},
        living_long},
    ForgeryRow{{"exp-negative", kDate, "exp is before 1970", Refusal::time_out_of_range},
               written,
               R"(exp=-1)"},
    ForgeryRow{
        {"exp-huge", kDate, "exp is beyond what a double counts", Refusal::time_out_of_range},
        written,
        R"(exp=9007199254740994)"},
    ForgeryRow{
        {"exp-greatest", kDate, "exp is the greatest double, nearly", Refusal::time_out_of_range},
        written,
        R"(exp=1e308)"},
    ForgeryRow{
        {"exp-infinite", kNumber, "exp is a number beyond every double", Refusal::claims_number},
        written,
        R"(exp=1e400)"},
    ForgeryRow{{"exp-nan", kNumber, "exp is NaN, which JSON has not", Refusal::claims_syntax},
               written,
               R"(exp=NaN)"},
    ForgeryRow{
        {"exp-infinity", kNumber, "exp is Infinity, which JSON has not", Refusal::claims_syntax},
        written,
        R"(exp=Infinity)"},
    ForgeryRow{{"exp-hexadecimal", kNumber, "exp is hexadecimal, which JSON has not",
                Refusal::claims_syntax},
               written,
               R"(exp=0x7FFFFFFF)"},
    ForgeryRow{
        {"exp-octal", kNumber, "exp is a leading zero, which JSON has not", Refusal::claims_syntax},
        written,
        R"(exp=01800000000)"},
    ForgeryRow{
        {"exp-null", kDate, "exp is null", Refusal::claim_wrong_type}, written, R"(exp=null)"},
    ForgeryRow{
        {"exp-truth", kDate, "exp is true", Refusal::claim_wrong_type}, written, R"(exp=true)"},
    ForgeryRow{{"exp-list", kDate, "exp is a list", Refusal::claim_wrong_type},
               written,
               R"(exp=[1800000000])"},
    ForgeryRow{
        {"exp-object", kDate, "exp is an object", Refusal::claim_wrong_type}, written, R"(exp={})"},
    ForgeryRow{{"exp-word", kDate, "exp is a word", Refusal::claim_wrong_type},
               written,
               R"(exp="tomorrow")"},
    ForgeryRow{{"nbf-negative", kDate, "nbf is before 1970", Refusal::time_out_of_range},
               written,
               R"(nbf=-1)"},
    ForgeryRow{
        {"nbf-huge", kDate, "nbf is beyond what a double counts", Refusal::time_out_of_range},
        written,
        R"(nbf=9007199254740994)"},
    ForgeryRow{
        {"nbf-infinite", kNumber, "nbf is a number beyond every double", Refusal::claims_number},
        written,
        R"(nbf=1e400)"},
    ForgeryRow{{"nbf-nan", kNumber, "nbf is NaN, which JSON has not", Refusal::claims_syntax},
               written,
               R"(nbf=NaN)"},
    ForgeryRow{
        {"nbf-null", kDate, "nbf is null", Refusal::claim_wrong_type}, written, R"(nbf=null)"},
    ForgeryRow{
        {"nbf-truth", kDate, "nbf is true", Refusal::claim_wrong_type}, written, R"(nbf=true)"},
    ForgeryRow{{"nbf-list", kDate, "nbf is a list", Refusal::claim_wrong_type},
               written,
               R"(nbf=[1800000000])"},
    ForgeryRow{{"nbf-word", kDate, "nbf is a word", Refusal::claim_wrong_type},
               written,
               R"(nbf="tomorrow")"},
    ForgeryRow{{"iat-negative", kDate, "iat is before 1970", Refusal::time_out_of_range},
               written,
               R"(iat=-1)"},
    ForgeryRow{
        {"iat-huge", kDate, "iat is beyond what a double counts", Refusal::time_out_of_range},
        written,
        R"(iat=9007199254740994)"},
    ForgeryRow{
        {"iat-infinite", kNumber, "iat is a number beyond every double", Refusal::claims_number},
        written,
        R"(iat=1e400)"},
    ForgeryRow{{"iat-nan", kNumber, "iat is NaN, which JSON has not", Refusal::claims_syntax},
               written,
               R"(iat=NaN)"},
    ForgeryRow{
        {"iat-null", kDate, "iat is null", Refusal::claim_wrong_type}, written, R"(iat=null)"},
    ForgeryRow{
        {"iat-truth", kDate, "iat is true", Refusal::claim_wrong_type}, written, R"(iat=true)"},
    ForgeryRow{{"iat-list", kDate, "iat is a list", Refusal::claim_wrong_type},
               written,
               R"(iat=[1800000000])"},
    ForgeryRow{{"iat-word", kDate, "iat is a word", Refusal::claim_wrong_type},
               written,
               R"(iat="tomorrow")"},
    ForgeryRow{
        {"exp-string", kDate, "exp is the right second as a string", Refusal::claim_wrong_type},
        honest_time,
        "exp/string"},
    ForgeryRow{
        {"iat-string", kDate, "iat is the right second as a string", Refusal::claim_wrong_type},
        honest_time,
        "iat/string"},
    ForgeryRow{{"exp-milliseconds", kDate, "exp in milliseconds: a life of 57 thousand years",
                Refusal::lifetime_too_long},
               honest_time,
               "exp/milliseconds"},
    ForgeryRow{{"exp-fraction", kDate, "exp with half a second, which the clause allows",
                Refusal::time_fraction, Acceptance::legal},
               honest_time,
               "exp/half"},
    ForgeryRow{{"iat-fraction", kDate, "iat with half a second, which the clause allows",
                Refusal::time_fraction, Acceptance::legal},
               honest_time,
               "iat/half"},
};

}  // namespace

std::span<const ForgeryRow> time_forgeries() { return kRows; }

}  // namespace parley::crypto::jose
