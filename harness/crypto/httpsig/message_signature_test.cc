// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/httpsig/message_signature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace parley::crypto::httpsig {
namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};

// RFC 9421 appendix B.2.
SignedRequest request_of_the_rfc() {
  return {.method = "POST",
          .authority = "example.com",
          .target = "/foo?param=Value&Pet=dog",
          .fields = {{"Host", "example.com"},
                     {"Date", "Tue, 20 Apr 2021 02:07:55 GMT"},
                     {"Content-Type", "application/json"},
                     {"Content-Digest",
                      "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+"
                      "TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"},
                     {"Content-Length", "18"}},
          .body = R"({"hello": "world"})"};
}

TEST(Rfc9421, SignatureBaseOfSection25) {
  const auto base = signature_base(
      request_of_the_rfc(), {.components = {"@method", "@authority", "@path", "content-digest",
                                            "content-length", "content-type"},
                             .created = 1'618'884'473,
                             .keyid = "test-key-rsa-pss"});
  ASSERT_TRUE(base) << base.error();
  EXPECT_EQ(*base,
            "\"@method\": POST\n"
            "\"@authority\": example.com\n"
            "\"@path\": /foo\n"
            "\"content-digest\": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+"
            "TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n"
            "\"content-length\": 18\n"
            "\"content-type\": application/json\n"
            "\"@signature-params\": (\"@method\" \"@authority\" \"@path\" \"content-digest\" "
            "\"content-length\" \"content-type\");created=1618884473;keyid=\"test-key-rsa-pss\"");
}

TEST(Rfc9421, SignatureOfSectionB25) {
  const auto secret = from_base64(
      "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==");
  const auto made = sign(request_of_the_rfc(),
                         {.components = {"date", "@authority", "content-type"},
                          .created = 1'618'884'473,
                          .keyid = "test-shared-secret"},
                         SecretBytes(*secret), "sig-b25");
  ASSERT_TRUE(made) << made.error();
  EXPECT_EQ(made->input,
            "sig-b25=(\"date\" \"@authority\" \"content-type\");created=1618884473;"
            "keyid=\"test-shared-secret\"");
  EXPECT_EQ(made->signature, "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:");

  auto request = request_of_the_rfc();
  request.fields.push_back({"Signature-Input", made->input});
  request.fields.push_back({"Signature", made->signature});
  const SignaturePolicy policy{.covered = {"date", "@authority"},
                               .key_id = "test-shared-secret",
                               .overlooked = {SignatureFault::nonce_missing}};
  const std::chrono::sys_seconds then{std::chrono::seconds(1'618'884'480)};
  // The signature holds; the content's digest is of an algorithm that the profile has not.
  EXPECT_EQ(verify(request, SecretBytes(*secret), policy, then).error(),
            SignatureFault::digest_algorithm);
  request.body.clear();
  std::erase_if(request.fields,
                [](const SignedField& field) { return field.name == "Content-Digest"; });
  EXPECT_TRUE(verify(request, SecretBytes(*secret), policy, then));
}

// RFC 9530 section 2 and RFC 9421 section 2.2.
TEST(Rfc9421, DigestOfRfc9530) {
  EXPECT_EQ(content_digest("{\"hello\": \"world\"}\n"),
            "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
}

struct Derived {
  const char* name;
  std::string component;
  std::string authority;
  std::string target;
  std::string value;
};
class DerivedComponent : public testing::TestWithParam<Derived> {};

TEST_P(DerivedComponent, IsOfTheRequestLine) {
  const auto& row = GetParam();
  const auto base =
      signature_base({.method = "GET", .authority = row.authority, .target = row.target},
                     {.components = {row.component}});
  ASSERT_TRUE(base) << base.error();
  EXPECT_EQ(base->substr(0, base->find('\n')), "\"" + row.component + "\": " + row.value);
}

INSTANTIATE_TEST_SUITE_P(
    Rfc9421Section22, DerivedComponent,
    testing::Values(
        Derived{"method", "@method", "a.test", "/", "GET"},
        Derived{"target_uri", "@target-uri", "www.example.com", "/path?param=value",
                "https://www.example.com/path?param=value"},
        Derived{"authority", "@authority", "WWW.Example.com:443", "/", "www.example.com"},
        Derived{"authority_port", "@authority", "localhost:8443", "/", "localhost:8443"},
        Derived{"scheme", "@scheme", "a.test", "/", "https"},
        Derived{"request_target", "@request-target", "a.test", "/path?param=value",
                "/path?param=value"},
        Derived{"path", "@path", "a.test", "/path?param=value", "/path"},
        Derived{"empty_path", "@path", "a.test", "?a=b", "/"},
        Derived{"query", "@query", "a.test", "/path?param=value&foo=bar", "?param=value&foo=bar"},
        Derived{"no_query", "@query", "a.test", "/path", "?"}),
    [](const auto& row) { return row.param.name; });

// Section 2.1: fields of one name are joined, blanks around each gone, an empty one stays.
TEST(Rfc9421, FieldsOfSection21) {
  const auto base =
      signature_base({.method = "GET",
                      .authority = "a.test",
                      .target = "/",
                      .fields = {{"Cache-Control", "max-age=60"},
                                 {"X-Empty-Header", ""},
                                 {"X-OWS-Header", " Leading and trailing. \t"},
                                 {"Cache-Control", "    must-revalidate"}}},
                     {.components = {"cache-control", "x-empty-header", "x-ows-header"}});
  ASSERT_TRUE(base) << base.error();
  EXPECT_TRUE(
      base->starts_with("\"cache-control\": max-age=60, must-revalidate\n"
                        "\"x-empty-header\": \n"
                        "\"x-ows-header\": Leading and trailing.\n"))
      << *base;
}

struct Unsignable {
  const char* name;
  SignatureParameters parameters;
  Errc code;
};
class SignRefuses : public testing::TestWithParam<Unsignable> {};

TEST_P(SignRefuses, WhatNobodyCouldVerify) {
  const SignedRequest request{
      .method = "GET", .authority = "a.test", .target = "/", .fields = {{"x-lines", "a\r\nb"}}};
  const auto made = sign(request, GetParam().parameters, SecretBytes("key"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, GetParam().code) << made.error();
}

INSTANTIATE_TEST_SUITE_P(
    Each, SignRefuses,
    testing::Values(Unsignable{"absent", {.components = {"x-other"}}, Errc::not_found},
                    Unsignable{"unknown", {.components = {"@status"}}, Errc::unsupported},
                    Unsignable{"capitals", {.components = {"X-Lines"}}, Errc::unsupported},
                    Unsignable{"lines", {.components = {"x-lines"}}, Errc::malformed},
                    Unsignable{"twice", {.components = {"@path", "@path"}}, Errc::malformed},
                    Unsignable{"nonce", {.nonce = "\xc3\xa4"}, Errc::malformed}),
    [](const auto& row) { return row.param.name; });

// A request that is right, to be spoilt.
struct Draft {
  SignedRequest request{.method = "POST",
                        .authority = "localhost:8443",
                        .target = "/v1/pushes",
                        .fields = {{"content-type", "application/json"}},
                        .body = "{}"};
  SignatureParameters parameters{.components = {"@method", "@path", "content-digest"},
                                 .created = kNow.time_since_epoch().count(),
                                 .nonce = "n1",
                                 .alg = "hmac-sha256",
                                 .keyid = "gatekeeper"};
  std::string key = "secret";

  SignedRequest made() const {
    auto out = request;
    if (std::ranges::find(out.fields, "content-digest", &SignedField::name) == out.fields.end()) {
      out.fields.push_back({"content-digest", content_digest(out.body)});
    }
    const auto fields = sign(out, parameters, SecretBytes(key));
    EXPECT_TRUE(fields) << fields.error();
    if (fields) {
      out.fields.push_back({"signature-input", fields->input});
      out.fields.push_back({"signature", fields->signature});
    }
    return out;
  }
};
const SignaturePolicy kPolicy{.key_id = "gatekeeper"};

std::string outcome(const SignedRequest& request, const SignaturePolicy& policy = kPolicy) {
  const auto verified = verify(request, SecretBytes("secret"), policy, kNow);
  return verified ? "accepted" : std::string(to_string(verified.error()));
}

std::string& field(SignedRequest& request, std::string_view name) {
  return std::ranges::find(request.fields, name, &SignedField::name)->value;
}
void drop(SignedRequest& request, std::string_view name) {
  std::erase_if(request.fields, [&](const SignedField& each) { return each.name == name; });
}

TEST(Verify, TakesWhatIsSignedHonestly) {
  Draft draft;
  EXPECT_EQ(outcome(draft.made()), "accepted");
  draft.parameters.alg.reset();
  draft.parameters.expires = kNow.time_since_epoch().count() + 1;
  draft.parameters.components = {"content-digest", "@path", "@method", "@authority",
                                 "content-type"};
  EXPECT_EQ(outcome(draft.made()), "accepted");
  draft.parameters.created = *draft.parameters.created - 60;
  EXPECT_EQ(outcome(draft.made()), "accepted");
  draft.parameters.created = *draft.parameters.created + 65;
  EXPECT_EQ(outcome(draft.made()), "accepted");
  draft.request.fields.push_back(
      {"content-digest", "md5=:AA==:, " + content_digest(draft.request.body)});
  EXPECT_EQ(outcome(draft.made()), "accepted");
}

TEST(Verify, SaysWhatTheSignatureSays) {
  const auto verified = verify(Draft().made(), SecretBytes("secret"), kPolicy, kNow);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->nonce, "n1");
  EXPECT_EQ(verified->keyid, "gatekeeper");
  EXPECT_EQ(verified->components, Draft().parameters.components);
}

struct Wrong {
  const char* name;
  SignatureFault fault;
  std::function<void(Draft&)> before = [](Draft&) {};                 // then signed
  std::function<void(SignedRequest&)> after = [](SignedRequest&) {};  // then sent
};
class VerifyRefuses : public testing::TestWithParam<Wrong> {};

TEST_P(VerifyRefuses, WithTheReason) {
  Draft draft;
  GetParam().before(draft);
  auto request = draft.made();
  GetParam().after(request);
  EXPECT_EQ(outcome(request), to_string(GetParam().fault));
}

const auto kNothing = [](Draft&) {};
const auto input_is = [](std::string text) {
  return [text](SignedRequest& request) { field(request, "signature-input") = text; };
};
const auto signature_is = [](std::string text) {
  return [text](SignedRequest& request) { field(request, "signature") = text; };
};
const auto digest_is = [](std::string text) {
  return [text](Draft& draft) { draft.request.fields.push_back({"content-digest", text}); };
};
const auto created_at = [](std::int64_t offset) {
  return [offset](Draft& draft) { draft.parameters.created = *draft.parameters.created + offset; };
};

using F = SignatureFault;
INSTANTIATE_TEST_SUITE_P(
    Each, VerifyRefuses,
    testing::Values(
        Wrong{"no_signature", F::signature_missing, kNothing,
              [](auto& r) { drop(r, "signature"); }},
        Wrong{"no_input", F::signature_missing, kNothing,
              [](auto& r) { drop(r, "signature-input"); }},
        Wrong{"input_syntax", F::input_malformed, kNothing, input_is("sig1=(")},
        Wrong{"input_empty", F::label_missing, kNothing, input_is("")},
        Wrong{"signature_syntax", F::signature_malformed, kNothing, signature_is("sig1=:A:")},
        Wrong{"signature_no_octets", F::signature_malformed, kNothing, signature_is("sig1=\"AA\"")},
        Wrong{"signature_list", F::signature_malformed, kNothing, signature_is("sig1=(:AA==:)")},
        Wrong{"other_label", F::label_missing, kNothing, signature_is("sig2=:AA==:")},
        Wrong{"two", F::several, kNothing,
              [](auto& r) { field(r, "signature-input") += ", sig2=(\"@method\")"; }},
        Wrong{"no_list", F::not_components, kNothing, input_is("sig1=\"@method\"")},
        Wrong{"list_of_tokens", F::not_components, kNothing, input_is("sig1=(a b)")},
        Wrong{"component_unknown", F::component_unknown, kNothing, input_is("sig1=(\"@parley\")")},
        Wrong{"component_capitals", F::component_unknown, kNothing, input_is("sig1=(\"Host\")")},
        Wrong{"component_parameter", F::component_parameter, kNothing,
              input_is("sig1=(\"@path\";sf)")},
        Wrong{"component_twice", F::component_repeated, kNothing,
              input_is("sig1=(\"@path\" \"@path\")")},
        Wrong{"component_absent", F::component_absent, kNothing, input_is("sig1=(\"x-parley\")")},
        Wrong{"digest_not_covered", F::not_covered,
              [](auto& d) { d.parameters.components = {"@method", "@path"}; }},
        Wrong{"nothing_covered", F::not_covered, [](auto& d) { d.parameters.components = {}; }},
        Wrong{"created_text", F::parameter_type, kNothing,
              input_is("sig1=(\"@method\" \"@path\" \"content-digest\");created=\"1800000000\"")},
        Wrong{"key_token", F::parameter_type, kNothing,
              input_is("sig1=(\"@method\" \"@path\" \"content-digest\");keyid=gatekeeper")},
        Wrong{"algorithm", F::algorithm_wrong, [](auto& d) { d.parameters.alg = "ed25519"; }},
        Wrong{"key_id", F::key_unknown, [](auto& d) { d.parameters.keyid = "other"; }},
        Wrong{"no_key_id", F::key_unknown, [](auto& d) { d.parameters.keyid.reset(); }},
        Wrong{"no_time", F::created_missing, [](auto& d) { d.parameters.created.reset(); }},
        Wrong{"future", F::created_in_future, created_at(6)},
        Wrong{"stale", F::stale, created_at(-61)},
        Wrong{"expired", F::expired,
              [](auto& d) { d.parameters.expires = kNow.time_since_epoch().count(); }},
        Wrong{"no_nonce", F::nonce_missing, [](auto& d) { d.parameters.nonce.reset(); }},
        Wrong{"empty_nonce", F::nonce_missing, [](auto& d) { d.parameters.nonce = ""; }},
        Wrong{"other_key", F::signature_wrong, [](auto& d) { d.key = "other"; }},
        Wrong{"no_octets", F::signature_wrong, kNothing, signature_is("sig1=::")},
        Wrong{"other_method", F::signature_wrong, kNothing, [](auto& r) { r.method = "PUT"; }},
        Wrong{"other_path", F::signature_wrong, kNothing, [](auto& r) { r.target = "/v1/push"; }},
        Wrong{"other_nonce", F::signature_wrong, kNothing,
              [](auto& r) {
                auto& text = field(r, "signature-input");
                text.replace(text.find("\"n1\""), 4, "\"n2\"");
              }},
        Wrong{"other_digest", F::signature_wrong, kNothing,
              [](auto& r) {
                r.body = "[]";
                field(r, "content-digest") = content_digest(r.body);
              }},
        Wrong{"digest_syntax", F::digest_malformed, digest_is("sha-256=(")},
        Wrong{"digest_text", F::digest_malformed, digest_is("sha-256=\"AA==\"")},
        Wrong{"digest_algorithm", F::digest_algorithm, digest_is("md5=:AA==:")},
        Wrong{"digest_of_other_content", F::digest_wrong, kNothing, [](auto& r) { r.body = "[]"; }},
        Wrong{"digest_short", F::digest_wrong, digest_is("sha-256=:AA==:")}),
    [](const auto& row) { return row.param.name; });

TEST(Verify, WantsTheDigestOfContentThatIsThere) {
  Draft draft;
  draft.parameters.components = {"@method", "@path"};
  auto request = draft.made();
  drop(request, "content-digest");
  SignaturePolicy policy = kPolicy;
  policy.covered = {"@method", "@path"};
  EXPECT_EQ(outcome(request, policy), "digest-missing");
  request.body.clear();
  EXPECT_EQ(outcome(request, policy), "accepted");
}

TEST(Verify, OverlooksWhatItIsTold) {
  Draft draft;
  draft.key = "other";
  draft.parameters.nonce.reset();
  SignaturePolicy careless = kPolicy;
  careless.overlooked = {SignatureFault::nonce_missing};
  EXPECT_EQ(outcome(draft.made(), careless), "signature-wrong");
  careless.overlooked.push_back(SignatureFault::signature_wrong);
  EXPECT_EQ(outcome(draft.made(), careless), "accepted");
}

}  // namespace
}  // namespace parley::crypto::httpsig
