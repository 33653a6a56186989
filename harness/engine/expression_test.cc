// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/expression.h"

#include <gtest/gtest.h>

#include "harness/base/encoding.h"

namespace parley::engine {
namespace {

Scope scope() {
  return {.values = {{"alice.user", "alice"}, {"alice.password", "secret"}, {"ping.id", "p1"}},
          .rng = Rng(7)};
}

TEST(EvaluateRow, LooksIntoTheRowAndIntoNothingThatASutSent) {
  const Scope scope{.values = {{"value", "${alice.user}1"},
                               {"alice.user", "49"},
                               {"alice.password", "secret"},
                               {"ping.id", "${alice.password}"}},
                    .rng = Rng(1)};
  EXPECT_EQ(evaluate_row("<${value}>", scope, "x"), "<491>");
  EXPECT_EQ(evaluate_row("${ping.id}", scope, "x"), "${alice.password}");
  EXPECT_EQ(evaluate_row("${upper(value)}", scope, "x"), "${ALICE.USER}1");
  EXPECT_EQ(evaluate_row("plain", scope, "x"), "plain");
  EXPECT_FALSE(evaluate_row("${value", scope, "x"));
}

TEST(Evaluate, ReplacesNamesLiteralsAndCalls) {
  EXPECT_EQ(evaluate("a ${ping.id} b", scope(), "x").value_or("?"), "a p1 b");
  EXPECT_EQ(evaluate("${repeat('ab', 3)}", scope(), "x").value_or("?"), "ababab");
  EXPECT_EQ(evaluate("${hex('a\\x00')}", scope(), "x").value_or("?"), "6100");
  EXPECT_EQ(evaluate("${shorter('abc', 1)}", scope(), "x").value_or("?"), "ab");
  EXPECT_EQ(evaluate("${shorter('abc', 4)}", scope(), "x").value_or("?"), "");
  EXPECT_EQ(evaluate("${part('00112233', 1, 3)}", scope(), "x").value_or("?"), "1122");
  EXPECT_EQ(evaluate("${part('00112233', 4, 4)}", scope(), "x").value_or("?"), "");
  EXPECT_FALSE(evaluate("${part('00112233', 2, 5)}", scope(), "x"));
  EXPECT_FALSE(evaluate("${part('00112233', 3, 2)}", scope(), "x"));
  EXPECT_EQ(evaluate("${numbered('k#=', 2)}", scope(), "x").value_or("?"), "k0000=k0001=");
  EXPECT_EQ(evaluate("${plain(alice)}", scope(), "x").value_or("?"), "AGFsaWNlAHNlY3JldA==");
  EXPECT_EQ(evaluate("${b64('a')}", scope(), "x").value_or("?"), "YQ==");
  EXPECT_EQ(evaluate("${in-the-clear('https://a.test:8')}", scope(), "x").value_or("?"),
            "http://a.test:8");
  EXPECT_FALSE(evaluate("${in-the-clear('http://a.test')}", scope(), "x"));
}

TEST(Evaluate, NamesTokensThatTheDictionaryDoesNotAssign) {
  const Scope scope{.values = {{"unassigned-token.1", "\\xEF\\xFF"}, {"nth", "1"}}, .rng = Rng(1)};
  EXPECT_EQ(evaluate("a${unassigned-token(nth)}", scope, "x").value_or("?"), "a\\xEF\\xFF");
  EXPECT_FALSE(evaluate("${unassigned-token(2)}", scope, "x"));
}

TEST(Evaluate, GivesTheSameFreshValueAtOnePlaceAndAnotherElsewhere) {
  const auto one = evaluate("${fresh}", scope(), "here");
  EXPECT_EQ(one, evaluate("${fresh}", scope(), "here"));
  EXPECT_NE(one, evaluate("${fresh}", scope(), "there"));
}

TEST(Evaluate, CarriesAWholeScramExchange) {
  auto s = scope();
  const auto step = [&](const std::string& name, const std::string& expression) {
    auto value = evaluate(expression, s, name);
    ASSERT_TRUE(value) << value.error();
    s.values[name] = *value;
  };
  step("first", "${scram-first(alice)}");
  step("challenge", "${scram-challenge(alice, first)}");
  step("final", "${scram-final(alice, first, challenge)}");
  step("verified", "${scram-verify(alice, first, challenge, final)}");
  step("signature", "${scram-signature(alice, first, challenge)}");
  EXPECT_EQ(s.values["verified"], s.values["signature"]);
  for (const std::string proof : {"!", ""}) {
    step("odd", "${scram-final-proof(alice, first, challenge, b64('" + proof + "'))}");
    const auto said = from_base64(s.values["odd"]);
    ASSERT_TRUE(said);
    EXPECT_TRUE(said->starts_with("c=biws,r=") && said->ends_with(",p=" + proof)) << *said;
  }
  s.values["wrong"] = evaluate("${flip(final)}", s, "w").value_or("");
  EXPECT_FALSE(evaluate("${scram-verify(alice, first, challenge, wrong)}", s, "v"));
}

struct BadExpression {
  const char* name;
  std::string text;
  Errc code;
};
class RejectsExpression : public testing::TestWithParam<BadExpression> {};

TEST_P(RejectsExpression, WithItsCode) {
  const auto value = evaluate(GetParam().text, scope(), "x");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, GetParam().code) << value.error();
}

INSTANTIATE_TEST_SUITE_P(
    Expressions, RejectsExpression,
    testing::Values(BadExpression{"unknown_name", "${pong.id}", Errc::not_found},
                    BadExpression{"unknown_function", "${nope(1)}", Errc::not_found},
                    BadExpression{"open", "${ping.id", Errc::malformed},
                    BadExpression{"behind", "${ping.id x}", Errc::malformed},
                    BadExpression{"open_call", "${b64('a'}", Errc::malformed},
                    BadExpression{"too_few", "${repeat('a')}", Errc::malformed},
                    BadExpression{"too_large", "${repeat('aaaaaaaaaa', 999999999999)}",
                                  Errc::too_large}),
    [](const auto& info) { return info.param.name; });

TEST(Unescape, KnowsOctetsAndRejectsTheRest) {
  EXPECT_EQ(unescape("a\\xC0\\x80b\\\\").value_or("?"),
            "a\xC0\x80"
            "b\\");
  EXPECT_FALSE(unescape("\\q"));
  EXPECT_FALSE(unescape("\\xZZ"));
}

TEST(Evaluate, DrawsOctetsFromTheSeed) {
  const auto drawn = evaluate("${octets(100)}", scope(), "x");
  ASSERT_TRUE(drawn) << drawn.error();
  EXPECT_EQ(drawn->size(), 200U);
  EXPECT_EQ(evaluate("${octets(100)}", scope(), "x"), drawn);
  EXPECT_NE(evaluate("${octets(100)}", scope(), "y"), drawn);
  EXPECT_FALSE(evaluate("${octets(9999999)}", scope(), "x"));
}

TEST(Evaluate, CountsAndDigestsOctetsThatRepeat) {
  EXPECT_EQ(evaluate("${octets-in('0061', 3)}", scope(), "x").value_or("?"), "6");
  EXPECT_EQ(evaluate("${sha256('616161')}", scope(), "x"),
            evaluate("${sha256('61', 3)}", scope(), "x"));
  EXPECT_EQ(evaluate("${sha256('')}", scope(), "x").value_or("?").substr(0, 8), "e3b0c442");
  EXPECT_FALSE(evaluate("${sha256('no hex')}", scope(), "x"));
  EXPECT_EQ(evaluate("${sha256(large(repeated('61', 3)))}", scope(), "x"),
            evaluate("${sha256('616161')}", scope(), "x"));
  EXPECT_EQ(evaluate("${octets-in(repeated('61', 30))}", scope(), "x").value_or("?"), "30");
  EXPECT_FALSE(evaluate("${sha256('61', 99999999999)}", scope(), "x"));
}

TEST(Evaluate, KnowsTheHostOfAUrlAndOfNothingElse) {
  EXPECT_EQ(evaluate("${host-of('https://a.b:1/c')}", scope(), "x").value_or("?"), "a.b:1");
  EXPECT_EQ(evaluate("${host-of('https://a.b')}", scope(), "x").value_or("?"), "a.b");
  EXPECT_FALSE(evaluate("${host-of('a.b')}", scope(), "x"));
  EXPECT_FALSE(evaluate("${host-of('')}", scope(), "x"));
}

TEST(Evaluate, KnowsThePathsBesideOne) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"folder-of('/media/abc')", "/media/"},
      {"folder-of('/')", "/"},
      {"url-encoded('https://a.b:1', '/c_d~?e=f g')", "https%3a%2f%2fa.b%3a1%2fc_d~%3fe%3df%20g"},
      {"next-of('/media/1')", "/media/2"},
      {"next-of('/media/19')", "/media/20"},
      {"next-of('/media/az9_')", "/media/ba0_"}};
  for (const auto& [call, wanted] : rows) {
    EXPECT_EQ(evaluate("${" + call + "}", scope(), "x").value_or("?"), wanted) << call;
  }
}

}  // namespace
}  // namespace parley::engine
