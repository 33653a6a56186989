// SPDX-License-Identifier: GPL-3.0-or-later
// Transcripts as they would lie on disk, each with one thing that is not as it must be.
#include "harness/engine/judge.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>

#include "harness/model/case_loader.h"
#include "harness/model/shipped_suites.h"

namespace parley::engine {
namespace {

using Kind = Event::Kind;
using model::Blame;
using model::Level;
using model::VerdictKind;

constexpr const char* kFlow = R"(
flow: ask
profile: xmpp
title: A ping that is answered
actors: { user: third-party.client, server: gatekeeper.server }
given:
  - { id: dial, connect: user -> server }
  - { id: open, sends: user -> server, message: stream-open }
  - { id: header, sends: server -> user, message: stream-header }
steps:
  - { id: ping, sends: user -> server, message: iq-ping, with: { id: p1 } }
  - { id: pong, sends: server -> user, message: iq-result, with: { id: p1 } }
fence:
  - { id: ping-again, sends: user -> server, message: iq-ping, with: { id: p2 } }
  - { id: pong-again, sends: server -> user, message: iq-result, with: { id: p2 } }
)";
constexpr const char* kChange =
    "change: { step: ping, layer: stanza, set: { '@type': odd } }\nexpect: refused\n";

// The shipped profile and requirements; XST-007 is advisory, XST-014 has the monitor answered-once.
const model::Library& library() {
  static const auto loaded = [] {
    auto out = model::shipped_with({kFlow}, "xmpp", "ask");
    out.requirements.at("XST-007").basis = model::Basis::advisory;
    return out;
  }();
  return loaded;
}

model::Case one_case(const std::string& rest) {
  model::Problems problems;
  const auto document = model::parse_document(
      "case.yaml",
      "case: one\nprofile: xmpp\nparty: gatekeeper.server\nflow: ask\nverifies: XST-007\n" + rest,
      problems);
  auto cases = model::cases_of(*document, "test", problems);
  EXPECT_TRUE(problems.empty()) << to_string(problems.front());
  return std::move(cases.at(0));
}

Event sent(std::string step, Bytes octets) {
  return {.kind = Kind::sent, .link = "user", .step = std::move(step), .octets = std::move(octets)};
}
Event came(Bytes octets) {
  return {.kind = Kind::received, .link = "user", .octets = std::move(octets)};
}
Event failure(Kind kind, std::string link, std::string text) {
  return {.kind = kind, .link = std::move(link), .text = std::move(text)};
}
Event silence(std::string step, int late_ms) {
  return {.kind = Kind::deadline,
          .step = std::move(step),
          .data = {{"waited_ms", 1000}, {"late_ms", late_ms}}};
}

constexpr const char* kHeader =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='s'>";
constexpr const char* kPing = "<iq type='get' id='p1'><ping xmlns='urn:xmpp:ping'/></iq>";
constexpr const char* kOddPing = "<iq type='odd' id='p1'><ping xmlns='urn:xmpp:ping'/></iq>";
constexpr const char* kError =
    "<iq type='error' id='p1'><error type='modify'><bad-request "
    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";

// A run as a conforming SUT lets it go, up to and with the answer to `ping`.
RunRecord begun(const std::string& name) {
  const bool changed = name == "changed";
  return {.name = name,
          .values = {{"domain", "x"}, {"user.password", "secret"}},
          .events = {{.kind = Kind::dialled, .link = "user", .step = "dial"},
                     sent("open", kHeader),
                     came(kHeader),
                     sent("ping", changed ? kOddPing : kPing),
                     came(changed ? kError : "<iq type='result' id='p1'/>")}};
}
RunRecord whole(const std::string& name) {
  auto run = begun(name);
  run.events.push_back(
      sent("ping-again", "<iq type='get' id='p2'><ping xmlns='urn:xmpp:ping'/></iq>"));
  run.events.push_back(came("<iq type='result' id='p2'/>"));
  return run;
}
Transcript transcript(std::initializer_list<const char*> runs) {
  Transcript out{.case_id = "test/one", .seed = 1, .runs = {}};
  for (const auto* name : runs) {
    out.runs.push_back(whole(name));
  }
  return out;
}

// The run `name` of `all` begins like a whole one and then goes on with `event` instead of what
// came after the first `kept` events.
void break_off(Transcript& all, const std::string& name, std::size_t kept, Event event) {
  for (auto& run : all.runs) {
    if (run.name == name) {
      run.events.resize(kept);
      run.events.push_back(std::move(event));
    }
  }
}

TEST(Judge, PassesACaseOfWhichEveryRunIsAsItMustBe) {
  for (const auto& [rest, runs] : {std::pair("", transcript({"plain"})),
                                   std::pair("change: { step: ping, layer: stream, segment: 1 }\n",
                                             transcript({"twin", "changed"})),
                                   std::pair(kChange, transcript({"twin", "changed", "after"}))}) {
    auto all = runs;
    if (std::string(rest).contains("segment")) {
      all.runs[1].events = whole("plain").events;
    }
    const auto verdict = judge(one_case(rest), library(), all);
    EXPECT_EQ(verdict.kind, VerdictKind::pass) << rest << verdict.reason;
    EXPECT_EQ(verdict.blame, Blame::none);
    EXPECT_FALSE(verdict.level);
  }
}

// What a case says when one of its runs ends otherwise.
struct Broken {
  const char* name;
  const char* run;
  std::size_t kept;  // events of the run as it should have been
  Event event;       // what happened instead of the rest
  VerdictKind kind;
  Blame blame;
  std::string reason;
};
class Decides : public testing::TestWithParam<Broken> {};

TEST_P(Decides, ByTheFirstRunThatIsNotAsItMustBe) {
  const auto& row = GetParam();
  const bool plain = std::string(row.run) == "plain";
  auto all = plain ? transcript({"plain"}) : transcript({"twin", "changed", "after"});
  break_off(all, row.run, row.kept, row.event);
  const auto verdict = judge(one_case(plain ? "" : kChange), library(), all);
  EXPECT_EQ(verdict.kind, row.kind) << to_string(verdict.kind) << ": " << verdict.reason;
  EXPECT_EQ(verdict.blame, row.blame) << to_string(verdict.blame);
  EXPECT_EQ(verdict.reason, row.reason);
  EXPECT_EQ(verdict.level,
            row.kind == VerdictKind::fail ? std::optional(Level::advisory) : std::nullopt);
}

const std::string kBase = "what the case builds on does not work: ";
const std::string kTwin = "the unchanged flow does not work with this SUT: ";
constexpr auto kFail = VerdictKind::fail;
constexpr auto kUndecided = VerdictKind::inconclusive;
const Event kHangsUp = failure(Kind::closed, "user", "");

INSTANTIATE_TEST_SUITE_P(
    Runs, Decides,
    testing::Values(
        Broken{"the_twin_gets_no_answer", "twin", 4, silence("pong", 0), kUndecided, Blame::sut,
               kTwin + "nothing came in time"},
        Broken{"the_twin_is_refused", "twin", 4, came(kError), kUndecided, Blame::sut,
               kTwin + "the answer is not what it must be"},
        Broken{"the_change_is_refused_by_an_end", "changed", 4, kHangsUp, VerdictKind::pass,
               Blame::none, ""},
        Broken{"the_change_is_acted_on", "changed", 4, came("<iq type='result' id='p1'/>"), kFail,
               Blame::sut, "the SUT acted on it"},
        Broken{"nothing_comes_before_the_change", "changed", 2, silence("header", 0), kUndecided,
               Blame::sut, kBase + "nothing came in time"},
        Broken{"the_SUT_does_not_work_after_it", "after", 4, silence("pong", 0), kFail, Blame::sut,
               "the SUT does not work any more after it: nothing came in time"},
        Broken{"the_SUT_hangs_up_after_it", "after", 2, kHangsUp, kFail, Blame::sut,
               "the SUT does not work any more after it: the SUT refused or ended what must go on"},
        Broken{"a_plain_flow_gets_no_answer", "plain", 4, silence("pong", 0), kFail, Blame::sut,
               "nothing came in time"},
        Broken{"a_plain_flow_fails_before_what_it_is_about", "plain", 2, silence("header", 0),
               kUndecided, Blame::sut, kBase + "nothing came in time"},
        Broken{"a_plain_flow_ends_undecided", "plain", 3, failure(Kind::notice, "user", "odd"),
               VerdictKind::error, Blame::harness, "the run ended before it was decided"},
        Broken{"the_harness_is_too_late_to_tell", "plain", 4, silence("pong", 500), kUndecided,
               Blame::environment, "the machine was too busy to tell late from never"},
        Broken{"the_harness_breaks", "changed", 4, failure(Kind::broken, "user", "no memory"),
               VerdictKind::error, Blame::harness, "no memory"},
        Broken{"the_driver_breaks", "changed", 0, failure(Kind::broken, "driver", "it is gone"),
               kUndecided, Blame::configuration, "it is gone"},
        Broken{"no_account_is_left", "twin", 0, failure(Kind::broken, "identities", "none left"),
               kUndecided, Blame::configuration, "none left"},
        Broken{"the_driver_cannot_do_it", "twin", 0, failure(Kind::unsupported, "driver", "ping"),
               VerdictKind::not_applicable, Blame::none, "the SUT cannot do it: ping"}),
    [](const auto& tested) { return tested.param.name; });

TEST(Judge, BlamesTheConfigurationWhenALoginIsRefusedBesideTheChange) {
  const Event refused =
      came("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>");
  for (const auto* run : {"twin", "after", "changed"}) {
    auto all = transcript({"twin", "changed", "after"});
    break_off(all, run, 3, refused);
    const auto verdict = judge(one_case(kChange), library(), all);
    EXPECT_EQ(verdict.kind, VerdictKind::inconclusive) << run;
    const bool beside = std::string(run) != "changed";
    EXPECT_EQ(verdict.blame, beside ? Blame::configuration : Blame::sut) << run;
    EXPECT_EQ(verdict.reason.starts_with("the SUT refuses the account of 'user': <failure"), beside)
        << verdict.reason;
    EXPECT_FALSE(verdict.level) << run;
  }
}

TEST(Judge, DoesNotBlameAChangeForWhatDidNotWorkBeforeIt) {
  auto with_probe = library();
  auto probe = with_probe.flows.at("xmpp/ask");
  probe.name = "probe";
  with_probe.flows.emplace("xmpp/probe", std::move(probe));
  with_probe.profiles.at("xmpp").probes[model::Party::gatekeeper_server] = "probe";
  auto all = transcript({"before", "twin", "changed", "after"});
  EXPECT_EQ(judge(one_case(kChange), with_probe, all).kind, VerdictKind::pass);
  for (const auto* run : {"after", "before"}) {
    break_off(all, run, 4, silence("pong", 0));
  }
  const auto verdict = judge(one_case(kChange), with_probe, all);
  EXPECT_EQ(verdict.kind, VerdictKind::inconclusive);
  EXPECT_EQ(verdict.reason, "the SUT does not work before it: nothing came in time");
  EXPECT_FALSE(verdict.level);
}

TEST(Judge, TakesAMissingRunForAnErrorOfTheHarness) {
  const auto verdict = judge(one_case(kChange), library(), transcript({"twin", "changed"}));
  EXPECT_EQ(verdict.kind, VerdictKind::error);
  EXPECT_EQ(verdict.blame, Blame::harness);
  EXPECT_EQ(verdict.reason, "the transcript has no run 'after'");
}

TEST(Judge, SaysSoWhereWhatWasSpooledIsGone) {
  auto all = transcript({"plain"});
  all.runs[0].events.back().spooled = 5;
  const auto verdict = judge(one_case(""), library(), all);
  EXPECT_EQ(verdict.kind, VerdictKind::inconclusive);
  EXPECT_EQ(verdict.blame, Blame::harness);
  all.runs[0].spool = *Spool::make();
  ASSERT_TRUE(all.runs[0].spool->append("<iq/>"));
  EXPECT_NE(judge(one_case(""), library(), all).reason, verdict.reason);
}

TEST(Judge, TakesOctetsThatWereNotKeptForAnErrorOfTheHarness) {
  auto all = transcript({"plain"});
  all.runs[0].events.back().spooled = 5;
  all.runs[0].events.push_back(
      {.kind = Event::Kind::broken, .link = kSpoolTrouble, .text = "lost"});
  const auto verdict = judge(one_case(""), library(), all);
  EXPECT_EQ(verdict.kind, VerdictKind::error);
  EXPECT_EQ(verdict.blame, Blame::harness);
  EXPECT_EQ(verdict.reason, "lost");
}

TEST(Judge, TakesOctetsThatCannotBeReadAgainForAnErrorOfTheHarness) {
  const std::filesystem::path path =
      testing::TempDir() + "/parley-judged-" + std::to_string(getpid());
  auto all = transcript({"plain"});
  all.runs[0].events.back().spooled = 5;
  const auto whole = *Spool::make();
  ASSERT_TRUE(whole->append("<iq/>"));
  ASSERT_TRUE(write_spool(*whole, path));
  all.runs[0].spool = *Spool::open(path);
  std::filesystem::resize_file(path, 2);
  const auto verdict = judge(one_case(""), library(), all);
  EXPECT_EQ(verdict.kind, VerdictKind::error);
  EXPECT_EQ(verdict.blame, Blame::harness);
  std::filesystem::remove(path);
}

TEST(Judge, TakesACaseThatCannotBeCastForAnErrorOfTheHarness) {
  auto one = one_case(kChange);
  one.change->step = "pong";
  const auto verdict = judge(one, library(), transcript({"twin", "changed", "after"}));
  EXPECT_EQ(verdict.kind, VerdictKind::error);
  EXPECT_EQ(verdict.blame, Blame::harness);
}

TEST(Judge, ShowsWhatWasSentExpectedAndCame) {
  auto all = transcript({"twin", "changed", "after"});
  break_off(all, "changed", 4, came("<iq type='result' id='p1'/>"));
  auto verdict = judge(one_case(kChange), library(), all);
  EXPECT_EQ(verdict.sent, kOddPing);
  EXPECT_EQ(verdict.came, "step 'pong' happened: <iq type='result' id='p1'/>");
  all = transcript({"twin", "changed", "after"});
  break_off(all, "twin", 4, came(kError));
  verdict = judge(one_case(kChange), library(), all);
  EXPECT_EQ(verdict.sent, "ping: set @type to 'odd'");
  EXPECT_EQ(verdict.difference, "/iq/@type: expected result, came error");
}

TEST(Judge, SaysOfAChangeTheValuesOfItsRow) {
  auto all = transcript({"twin", "changed", "after"});
  break_off(all, "twin", 4, came(kError));
  const auto verdict = judge(one_case("vary: { odd: { type: odd } }\n"
                                      "change: { step: ping, layer: stanza, set: { '@type': "
                                      "'${type}' } }\nexpect: refused\n"),
                             library(), all);
  EXPECT_EQ(verdict.sent, "ping: set @type to 'odd'");
}

TEST(Judge, FailsByAMonitorUnderItsOwnRequirementAndLevel) {
  for (const auto* run : {"plain", "twin", "changed", "after"}) {
    const bool plain = std::string(run) == "plain";
    auto all = plain ? transcript({"plain"}) : transcript({"twin", "changed", "after"});
    for (auto& record : all.runs) {
      if (record.name == run) {
        record.events.push_back(came("<iq type='result' id='p2'/>"));
      }
    }
    const auto verdict = judge(one_case(plain ? "" : kChange), library(), all);
    EXPECT_EQ(verdict.kind, VerdictKind::fail) << run;
    EXPECT_EQ(verdict.blame, Blame::sut);
    EXPECT_EQ(verdict.monitor, "answered-once");
    EXPECT_EQ(verdict.requirement, library().watched_by("xmpp", "answered-once")->id);
    EXPECT_EQ(verdict.level, Level::violation);
    EXPECT_EQ(verdict.reason, "one request was answered twice");
    EXPECT_EQ(verdict.came, "<iq type='result' id='p2'/>");
  }
}

TEST(Judge, StopsAtAMonitorBeforeItJudgesWhatFollows) {
  auto all = transcript({"plain"});
  break_off(all, "plain", 4, came("<iq><a></iq>"));
  all.runs[0].events.push_back(silence("pong", 500));
  const auto verdict = judge(one_case(""), library(), all);
  EXPECT_EQ(verdict.kind, VerdictKind::fail);
  EXPECT_EQ(verdict.monitor, "well-formed");
  EXPECT_EQ(verdict.requirement, library().watched_by("xmpp", "well-formed")->id);
  EXPECT_EQ(verdict.level, Level::violation);
}

TEST(Judge, DrawsTheValuesOfASharedRunAsTheCaseThatCarriedItOutDid) {
  EXPECT_EQ(run_rng(1, "a/b", "twin").token(8), run_rng(1, "a/b", "twin").token(8));
  EXPECT_NE(run_rng(1, "a/b", "twin").token(8), run_rng(1, "a/c", "twin").token(8));
  EXPECT_NE(run_rng(1, "a/b", "twin").token(8), run_rng(1, "a/b", "after").token(8));
  EXPECT_NE(run_rng(1, "a/b", "twin").token(8), run_rng(2, "a/b", "twin").token(8));
}

TEST(Judge, GivesTheSameVerdictForATranscriptReadBack) {
  auto all = transcript({"twin", "changed", "after"});
  break_off(all, "after", 4, silence("pong", 0));
  const auto read = transcript_from(to_json(all));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(judge(one_case(kChange), library(), *read), judge(one_case(kChange), library(), all));
}

}  // namespace
}  // namespace parley::engine
