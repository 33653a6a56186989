// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/form.h"

#include <gtest/gtest.h>

#include "harness/wire/http_tree.h"
#include "harness/wire/json_tree.h"

namespace parley::engine {
namespace {

model::MessageForm form(const std::string& xml) {
  model::MessageForm out;
  out.name = "form";
  out.pattern = *xml::parse(xml, "jabber:client");
  return out;
}

xml::Element element(const std::string& text) { return *xml::parse(text, "jabber:client"); }

Scope scope() { return {.values = {{"bob.jid", "bob@x/r"}}, .rng = Rng(1)}; }

TEST(Render, FillsFieldsBindsThemAndLeavesOutOptionalOnes) {
  auto s = scope();
  const auto made =
      render(form("<message to='${to}' id='${id}' type='${type?}'><body>${text}</body></message>"),
             "m", {{"to", {"${bob.jid}"}}, {"id", {"i1"}}, {"text", {"a<b"}}}, s);
  ASSERT_TRUE(made) << made.error();
  EXPECT_EQ(xml::print(*made, "jabber:client"),
            "<message to='bob@x/r' id='i1'><body>a&lt;b</body></message>");
  EXPECT_EQ(s.values["m.to"], "bob@x/r");
  EXPECT_EQ(s.values["m.text"], "a<b");
}

TEST(Render, LeavesAHeaderOutWhoseFieldHasNoValue) {
  auto s = scope();
  model::MessageForm put;
  put.pattern = wire::http_request_tree("PUT", "/a");
  wire::set_http_header(put.pattern, "authorization", "${auth?}");
  wire::set_http_header(put.pattern, "cookie", "${cookie?}");
  const auto made = render(put, "p", {{"auth", {""}}, {"cookie", {"a=b"}}}, s);
  ASSERT_TRUE(made) << made.error();
  EXPECT_EQ(wire::http_header(*made, "authorization"), nullptr);
  ASSERT_NE(wire::http_header(*made, "cookie"), nullptr);
  EXPECT_EQ(wire::http_header(*made, "cookie")->text(), "a=b");
}

TEST(Form, HasASettingsValueBothWays) {
  auto s = scope();
  s.values["setting.version"] = "3";
  const auto made = render(form("<enc v='${setting.version}'/>"), "m", {}, s);
  ASSERT_TRUE(made) << made.error();
  EXPECT_EQ(made->get("v"), "3");
  EXPECT_FALSE(match(form("<enc v='${setting.version}'/>"), "m", {}, element("<enc v='3'/>"), s));
  EXPECT_TRUE(match(form("<enc v='${setting.version}'/>"), "m", {}, element("<enc v='2'/>"), s));
}

TEST(Form, HasWhatStandsBeforeAFieldBothWays) {
  const auto credentials = form("<authorization>Bearer ${token}</authorization>");
  auto s = scope();
  const auto made = render(credentials, "ask", {{"token", {"abc"}}}, s);
  ASSERT_TRUE(made) << made.error();
  EXPECT_EQ(made->text(), "Bearer abc");
  EXPECT_EQ(s.values["ask.token"], "abc");
  EXPECT_FALSE(
      match(credentials, "d", {}, element("<authorization>Bearer xyz</authorization>"), s));
  EXPECT_EQ(s.values["d.token"], "xyz");
  EXPECT_TRUE(match(credentials, "d", {}, element("<authorization>Basic xyz</authorization>"), s));
  EXPECT_TRUE(match(credentials, "d", {}, element("<authorization>Bearer </authorization>"), s));
}

model::MessageForm json_form(const std::string& text) {
  model::MessageForm out;
  out.name = "form";
  out.pattern = *wire::read_json_pattern(text, "json");
  return out;
}

TEST(Render, MakesATreeOfAJsonValueThatTheFormLeavesOpen) {
  auto s = scope();
  const auto made = render(json_form("{\"n\":${n},\"set\":${set}}"), "m",
                           {{"n", {"7"}}, {"set", {"{\"keys\":[{\"kid\":\"a\"}]}"}}}, s);
  ASSERT_TRUE(made) << made.error();
  EXPECT_EQ(made->child("set")->child("keys")->child("item")->child("kid")->text(), "a");
  EXPECT_EQ(wire::write_json(*made), "{\"n\":7,\"set\":{\"keys\":[{\"kid\":\"a\"}]}}");
  const auto odd = render(json_form("${set}"), "m", {{"set", {"{\"keys\":["}}}, s);
  ASSERT_TRUE(odd) << odd.error();
  EXPECT_EQ(wire::write_json(*odd), "{\"keys\":[");
}

TEST(Match, TakesAnyKindOfAJsonValueThatTheFormLeavesOpen) {
  auto s = scope();
  const auto active = json_form("{\"active\":${active}}");
  const model::Fields denied{{"active", {"false"}}};
  EXPECT_FALSE(match(active, "a", denied, *wire::read_json("{\"active\":false}", "json"), s));
  EXPECT_TRUE(match(active, "b", denied, *wire::read_json("{\"active\":true}", "json"), s));
  EXPECT_FALSE(
      match(json_form("${set}"), "c", {}, *wire::read_json("{\"keys\": [1, \"x\"]}", "json"), s));
  EXPECT_EQ(s.values["c.set"], "{\"keys\":[1,\"x\"]}");
}

TEST(Render, SaysWhichFieldHasNoValue) {
  auto s = scope();
  const auto made = render(form("<iq id='${id}'/>"), "ping", {}, s);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().detail.find("'id'"), std::string::npos);
}

TEST(Match, TakesMoreAttributesAndChildrenThanTheFormHas) {
  auto s = scope();
  EXPECT_FALSE(match(
      form("<message from='${from}'><body>${text}</body></message>"), "d",
      {{"from", {"${bob.jid}"}}},
      element("<message from='bob@x/r' id='9'><x xmlns='urn:x'/><body>hi</body></message>"), s));
  EXPECT_EQ(s.values["d.text"], "hi");
}

struct Mismatch {
  const char* name;
  std::string xml;
  std::string path;
};
class NamesTheDifference : public testing::TestWithParam<Mismatch> {};

TEST_P(NamesTheDifference, AndBindsNothing) {
  auto s = scope();
  const auto wrong =
      match(form("<message from='${from}' type='chat'><body>${text}</body></message>"), "d",
            {{"from", {"${bob.jid}"}}}, element(GetParam().xml), s);
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->path, GetParam().path) << wrong->expected << " / " << wrong->actual;
  EXPECT_FALSE(s.values.contains("d.text"));
}

INSTANTIATE_TEST_SUITE_P(
    Messages, NamesTheDifference,
    testing::Values(Mismatch{"from", "<message from='eve@x' type='chat'><body>a</body></message>",
                             "/message/@from"},
                    Mismatch{"type",
                             "<message from='bob@x/r' type='normal'><body>a</body></message>",
                             "/message/@type"},
                    Mismatch{"no_body", "<message from='bob@x/r' type='chat'/>", "/message/body"},
                    Mismatch{"other", "<iq/>", "/"}),
    [](const auto& info) { return info.param.name; });

TEST(Match, ReadsAlternativesWildcardsAndAbsence) {
  auto s = scope();
  const auto iq = form("<iq from='${from?}' id='${id}'/>");
  EXPECT_FALSE(match(iq, "a", {{"from", {"", "${bob.jid}"}}}, element("<iq id='1'/>"), s));
  EXPECT_FALSE(
      match(iq, "b", {{"from", {"", "${bob.jid}"}}}, element("<iq id='1' from='bob@x/r'/>"), s));
  EXPECT_TRUE(
      match(iq, "c", {{"from", {"", "${bob.jid}"}}}, element("<iq id='1' from='eve'/>"), s));
  EXPECT_TRUE(match(iq, "d", {{"from", {"*"}}}, element("<iq id='1'/>"), s));
  EXPECT_FALSE(match(iq, "e", {}, element("<iq id='1'/>"), s));
}

TEST(Match, BindsWhatMayBeAbsentAndIsToNothing) {
  auto s = scope();
  const auto slot = form(
      "<put url='${url}' kind='${kind?}'><header name='A'>${a?}</header>"
      "<header name='C'>${c?}</header></put>");
  const model::Fields with{{"url", {"*"}}, {"kind", {"*", ""}}, {"a", {"*", ""}}, {"c", {"*", ""}}};
  EXPECT_FALSE(match(slot, "n", with, element("<put url='u'/>"), s));
  EXPECT_EQ(s.values.at("n.kind"), "");
  EXPECT_EQ(s.values.at("n.a"), "");
  EXPECT_FALSE(
      match(slot, "o", with, element("<put url='u'><header name='C'>1</header></put>"), s));
  EXPECT_EQ(s.values.at("o.a"), "");
  EXPECT_EQ(s.values.at("o.c"), "1");
  EXPECT_TRUE(match(slot, "p", {{"url", {"*"}}, {"c", {"*", ""}}},
                    element("<put url='u'><header name='C'>1</header></put>"), s));
}

TEST(Match, TakesAnythingElseThanWhatIsExcluded) {
  auto s = scope();
  const auto iq = form("<iq from='${from?}' id='${id}'/>");
  const model::Fields with{{"from", {"", "!${bob.jid}", "!ann"}}};
  EXPECT_FALSE(match(iq, "a", with, element("<iq id='1' from='eve'/>"), s));
  EXPECT_EQ(s.values["a.from"], "eve");
  EXPECT_FALSE(match(iq, "b", with, element("<iq id='1'/>"), s));
  EXPECT_TRUE(match(iq, "c", with, element("<iq id='1' from='ann'/>"), s));
  const auto wrong = match(iq, "d", with, element("<iq id='1' from='bob@x/r'/>"), s);
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->expected, " or other than bob@x/r, ann");
  EXPECT_TRUE(match(iq, "e", {{"from", {"!ann"}}}, element("<iq id='1'/>"), s));
}

TEST(Match, AllowsTheAbsenceOfAnElementWhoseOnlyFieldMayBeEmpty) {
  auto s = scope();
  const auto bind = form("<iq><bind><resource>${resource?}</resource></bind></iq>");
  const auto bare = element("<iq><bind/></iq>");
  const auto desk = element("<iq><bind><resource>desk</resource></bind></iq>");
  EXPECT_FALSE(match(bind, "a", {{"resource", {"r1", ""}}}, bare, s));
  EXPECT_EQ(s.values.at("a.resource"), "");
  EXPECT_TRUE(match(bind, "b", {{"resource", {"r1", "*"}}}, bare, s));
  EXPECT_TRUE(match(bind, "c", {{"resource", {"r1", ""}}}, desk, s));
  EXPECT_FALSE(match(bind, "d", {{"resource", {"r1", "*", ""}}}, desk, s));
  EXPECT_EQ(s.values["d.resource"], "desk");
}

// What a service may leave out is not there, null or its own value: no content says none of it.
TEST(Match, AllowsTheAbsenceOfAJsonValueThatMayBeEmpty) {
  auto s = scope();
  const auto active = json_form("{\"active\":${active?}}");
  const model::Fields may_lack{{"active", {"false", ""}}};
  const auto read = [](const std::string& text) { return *wire::read_json(text, "json"); };
  EXPECT_FALSE(match(active, "a", may_lack, read("{}"), s));
  EXPECT_EQ(s.values.at("a.active"), "");
  EXPECT_FALSE(match(active, "b", may_lack, read("{\"active\":false}"), s));
  EXPECT_EQ(s.values["b.active"], "false");
  EXPECT_TRUE(match(active, "c", may_lack, read("{\"active\":true}"), s));
  EXPECT_TRUE(match(active, "d", {{"active", {"false"}}}, read("{}"), s));
}

TEST(Render, LeavesOutAJsonValueThatMayBeEmpty) {
  auto s = scope();
  const auto made = render(json_form("{\"active\":${active?}}"), "m", {{"active", {"false"}}}, s);
  ASSERT_TRUE(made) << made.error();
  EXPECT_EQ(wire::write_json(*made), "{\"active\":false}");
}

TEST(Match, BindsTheNameOfAPatternElement) {
  auto s = scope();
  const auto error = form(
      "<iq type='error'><error><any xmlns='urn:parley:pattern' name='${condition}' "
      "ns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  EXPECT_FALSE(match(error, "e", {{"condition", {"gone", "not-allowed"}}},
                     element("<iq type='error'><error type='cancel'><not-allowed "
                             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"),
                     s));
  EXPECT_EQ(s.values["e.condition"], "not-allowed");
}

}  // namespace
}  // namespace parley::engine
