// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/refusal.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace parley::engine {
namespace {

using model::Outcome;
using model::RefusalKind;

// The first thing that `octets` hold behind a stream header.
xml::Item item_of(const std::string& octets) {
  xml::StreamReader reader;
  reader.feed(
      "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>");
  auto items = reader.feed(octets);
  return items.empty() ? xml::Item(xml::Refused{}) : std::move(items.front());
}

struct Answer {
  const char* name;
  std::string octets;
  RefusalKind kind;
  std::string condition;
  std::string id;
};
class TakesForARefusal : public testing::TestWithParam<Answer> {};

TEST_P(TakesForARefusal, WithItsConditionAndId) {
  const auto& answer = GetParam();
  const auto refusal = refusal_of(item_of(answer.octets), "alice", 7);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->kind, answer.kind);
  EXPECT_EQ(refusal->condition, answer.condition);
  EXPECT_EQ(refusal->id, answer.id);
  EXPECT_EQ(refusal->link, "alice");
  EXPECT_EQ(refusal->event, 7U);
  EXPECT_EQ(refusal->shown, answer.octets);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, TakesForARefusal,
    testing::Values(
        Answer{"stream_error",
               "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
               "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>no</text></stream:error>",
               RefusalKind::stream_error, "conflict", ""},
        Answer{"empty_stream_error", "<stream:error/>", RefusalKind::stream_error, "", ""},
        Answer{"sasl_failure",
               "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>",
               RefusalKind::sasl_failure, "not-authorized", ""},
        Answer{"tls_failure", "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
               RefusalKind::tls_failure, "", ""},
        Answer{"stanza_error",
               "<iq type='error' id='i1'><ping xmlns='urn:xmpp:ping'/><error type='cancel'>"
               "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
               RefusalKind::stanza_error, "gone", "i1"},
        Answer{"stanza_error_without_more", "<message type='error'/>", RefusalKind::stanza_error,
               "", ""},
        Answer{"end_of_stream", "</stream:stream>", RefusalKind::close, "", ""}),
    [](const auto& info) { return info.param.name; });

TEST(RefusalOf, TakesNothingElseForOne) {
  const std::vector<std::string> rows{
      "<iq type='result' id='i1'/>",
      "<message><body>error</body></message>",
      "<message><error/></message>",
      "<error xmlns='urn:parley:extension'/>",
      "<failure xmlns='urn:parley:extension'/>",
      "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
      "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
      "<a><b></a>",  // the harness refuses that; the SUT has refused nothing
  };
  for (const auto& row : rows) {
    EXPECT_FALSE(refusal_of(item_of(row), "alice", 0)) << row;
  }
  EXPECT_FALSE(refusal_of(xml::StreamOpened{}, "alice", 0));
}

TEST(RefusalOf, ShowsABoundedPrintableText) {
  const auto refusal = refusal_of(
      item_of("<message type='error' id='\x7F" + std::string(5000, 'a') + "'/>"), "alice", 0);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->shown.find('\x7F'), std::string::npos);
  EXPECT_LT(refusal->shown.size(), kShownOctets + 100);
}

struct Judged {
  const char* name;
  Outcome outcome;
  std::vector<RefusalKind> otherwise;
  RefusalKind kind;
  std::string condition;
  bool accepted;
};
class Accepts : public testing::TestWithParam<Judged> {};

TEST_P(Accepts, WhatTheOutcomeNames) {
  const auto& row = GetParam();
  Refusal refusal;
  refusal.kind = row.kind;
  refusal.condition = row.condition;
  EXPECT_EQ(accepts(row.outcome, row.otherwise, refusal), row.accepted);
}

Outcome refused(std::vector<RefusalKind> by, std::vector<std::string> conditions) {
  return {.kind = Outcome::Kind::refused, .by = std::move(by), .conditions = std::move(conditions)};
}

INSTANTIATE_TEST_SUITE_P(
    Outcomes, Accepts,
    testing::Values(
        Judged{"a_kind_of_the_profile",
               refused({}, {}),
               {RefusalKind::stanza_error},
               RefusalKind::stanza_error,
               "gone",
               true},
        Judged{"no_kind_of_the_profile",
               refused({}, {}),
               {RefusalKind::stanza_error},
               RefusalKind::stream_error,
               "gone",
               false},
        Judged{"nothing_where_nothing_counts", refused({}, {}), {}, RefusalKind::close, "", false},
        Judged{"its_own_kind_before_the_profiles",
               refused({RefusalKind::stream_error}, {}),
               {RefusalKind::stanza_error},
               RefusalKind::stanza_error,
               "",
               false},
        Judged{"a_kind_that_only_it_names",
               refused({RefusalKind::stream_error}, {}),
               {RefusalKind::stanza_error},
               RefusalKind::stream_error,
               "",
               true},
        Judged{"one_of_its_conditions",
               refused({}, {"gone", "forbidden"}),
               {RefusalKind::stanza_error},
               RefusalKind::stanza_error,
               "forbidden",
               true},
        Judged{"no_other_condition",
               refused({}, {"gone", "forbidden"}),
               {RefusalKind::stanza_error},
               RefusalKind::stanza_error,
               "conflict",
               false},
        Judged{"no_error_without_a_condition",
               refused({}, {"gone"}),
               {RefusalKind::sasl_failure},
               RefusalKind::sasl_failure,
               "",
               false},
        Judged{"a_close_that_has_no_condition",
               refused({}, {"gone"}),
               {RefusalKind::close},
               RefusalKind::close,
               "",
               true},
        Judged{"a_failed_handshake_that_has_none",
               refused({}, {"gone"}),
               {RefusalKind::tls_failure},
               RefusalKind::tls_failure,
               "",
               true},
        Judged{"no_close_that_it_does_not_name",
               refused({RefusalKind::stanza_error}, {"gone"}),
               {RefusalKind::close},
               RefusalKind::close,
               "",
               false},
        Judged{"nothing_when_the_flow_must_complete",
               Outcome{},
               {RefusalKind::close},
               RefusalKind::close,
               "",
               false},
        Judged{"nothing_when_it_must_be_ignored",
               Outcome{.kind = Outcome::Kind::ignored, .by = {}, .conditions = {}},
               {RefusalKind::close},
               RefusalKind::close,
               "",
               false}),
    [](const auto& info) { return info.param.name; });

TEST(ShownEnd, TellsAnEndFromABreakAndFromNoConnection) {
  using Kind = Event::Kind;
  EXPECT_EQ(shown_end({.kind = Kind::closed}), "the connection was closed");
  EXPECT_EQ(shown_end({.kind = Kind::failed, .text = "reset"}), "the connection broke: reset");
  EXPECT_EQ(shown_end({.kind = Kind::unreachable, .text = "nobody\x1b"}), "nobody\\x1B");
}

struct HttpAnswer {
  const char* name;
  std::string status;
  std::string content;
  std::string condition;  // empty: nothing is refused
};
class OverHttp : public testing::TestWithParam<HttpAnswer> {};

TEST_P(OverHttp, IsRefusedByTheStatusOrByWhatIsAnswered) {
  const auto& [name, status, content, condition] = GetParam();
  const auto tree =
      xml::parse("<http-response id='1.1' status='" + status + "'>" + content + "</http-response>");
  ASSERT_TRUE(tree) << tree.error();
  const auto refusal = refusal_of(xml::Stanza{*tree, "octets"}, "server/partner", 7);
  ASSERT_EQ(refusal.has_value(), !condition.empty());
  if (refusal) {
    EXPECT_EQ(refusal->kind, RefusalKind::http_error);
    EXPECT_EQ(refusal->condition, condition);
    EXPECT_EQ(refusal->id, "1.1");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Answers, OverHttp,
    testing::Values(HttpAnswer{"not_found", "404", "", "404"},
                    HttpAnswer{"unavailable", "503", "<json><active>true</active></json>", "503"},
                    HttpAnswer{"inactive", "200",
                               "<json><active type='boolean'>false</active></json>", "inactive"},
                    HttpAnswer{"active", "200", "<json><active type='boolean'>true</active></json>",
                               ""},
                    HttpAnswer{"accepted", "202", "", ""}, HttpAnswer{"found", "302", "", ""}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace parley::engine
