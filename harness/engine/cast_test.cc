// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/cast.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "harness/base/text.h"
#include "harness/model/case_loader.h"
#include "harness/model/flow_loader.h"
#include "harness/model/shipped_suites.h"

namespace parley::engine {
namespace {

using model::Party;
using Words = std::vector<std::string>;

constexpr const char* kTalk = R"(
flow: talk
title: A message goes from client to client
actors: { alice: third-party.client, bob: gatekeeper.client, server: gatekeeper.server }
given:
  - { id: dial, connect: alice -> server }
  - { id: open, sends: alice -> server, message: open }
  - { id: header, sends: server -> alice, message: header }
steps:
  - { id: ask, does: send, at: alice }
  - { id: say, sends: alice -> server, message: message }
  - { id: hear, sends: server -> bob, message: message }
  - { id: see, shows: received, at: bob }
fence:
  - { id: ping, sends: alice -> server, message: ping }
  - { id: pong, sends: server -> alice, message: pong }
)";
constexpr const char* kProbe = R"(
flow: probe
title: A connection is made
actors: { user: third-party.client, server: gatekeeper.server }
steps:
  - { id: dial, connect: user -> server }
)";
constexpr const char* kSecure = R"(
flow: secure
title: A handshake and its end
actors: { user: third-party.client, server: gatekeeper.server }
steps:
  - { id: shake, tls: user -> server }
  - { id: end, closes: server -> user }
)";
constexpr const char* kOnce = R"(
flow: once
title: A connection and its end
actors: { user: third-party.client, server: gatekeeper.server }
steps:
  - { id: dial, connect: user -> server }
  - { id: say, sends: user -> server, message: message }
  - { id: cut, closes: server -> user }
)";
constexpr const char* kBack = R"(
flow: back
title: An actor connects again and again
actors: { alice: third-party.client, bob: gatekeeper.client, server: gatekeeper.server }
steps:
  - { id: ask, does: connect, at: alice }
  - { id: dial, connect: alice -> server }
  - { use: probe, as: { user: bob } }
  - { id: say, sends: alice -> server, message: message }
  - { id: cut, closes: server -> alice }
  - { id: shown, shows: closed, at: alice }
  - { id: again/dial, connect: alice -> server }
  - { id: again/say, sends: alice -> server, message: message }
  - { id: again/cut, closes: server -> alice }
  - { id: back, times: 2, use: once, as: { user: alice } }
)";

model::Library library() {
  model::Library out;
  auto& profile = out.profiles["p"];
  profile.name = "p";
  profile.probe = "probe";
  for (const auto* form : {"open", "header", "message", "ping", "pong"}) {
    profile.forms[form].name = form;
  }
  model::Problems problems;
  std::vector<model::Document> documents;
  for (const auto* text : {kTalk, kProbe, kSecure, kOnce, kBack}) {
    if (auto document = model::parse_document("flow.yaml", text, problems)) {
      documents.push_back(std::move(*document));
    }
  }
  out.flows = model::load_flows(documents, out.profiles, problems);
  EXPECT_TRUE(problems.empty()) << to_string(problems.front());
  return out;
}

// A case of `flow`; `rest` says what it changes, expects and forbids.
model::Case one_case(Party party, const std::string& flow, const std::string& rest) {
  model::Problems problems;
  const auto text = fmt::format(
      "case: one\ntitle: A case of a test\nprofile: p\nverifies: X-1\nparty: {}\nflow: {}\n{}",
      model::to_string(party), flow, rest);
  const auto document = model::parse_document("case.yaml", text, problems);
  auto cases = document ? model::cases_of(*document, "test", problems) : std::vector<model::Case>();
  EXPECT_TRUE(problems.empty()) << to_string(problems.front());
  return cases.empty() ? model::Case{} : std::move(cases.front());
}

// "alice say send changed": link, id, role and marks of each step.
std::string line_of(const CastStep& step) {
  constexpr const char* kRoles[] = {"send", "expect", "done"};
  return fmt::format("{} {} {}{}{}{}{}{}", step.link, step.step.id,
                     kRoles[static_cast<int>(step.role)], step.inferred ? " inferred" : "",
                     step.step.preamble ? " given" : "", step.step.fence ? " fence" : "",
                     step.changed ? " changed" : "", step.consequence ? " consequence" : "");
}

Words lines_of(const std::vector<CastStep>& steps) {
  Words out;
  std::ranges::transform(steps, std::back_inserter(out), line_of);
  return out;
}

struct Casting {
  const char* name;
  Party party;
  std::string flow;
  Words roles;
};
class Casts : public testing::TestWithParam<Casting> {};

TEST_P(Casts, EveryStepByWhoIsUnderTest) {
  const auto loaded = library();
  const auto one = one_case(GetParam().party, GetParam().flow, "");
  const auto runs = cast_case(one, loaded);
  ASSERT_TRUE(runs) << runs.error();
  ASSERT_EQ(runs->size(), 1U);
  EXPECT_EQ(runs->front().name, "plain");
  EXPECT_EQ(runs->front().change, nullptr);
  EXPECT_EQ(runs->front().suts, std::vector{GetParam().party});
  EXPECT_EQ(lines_of(runs->front().steps), GetParam().roles);
}

INSTANTIATE_TEST_SUITE_P(
    Parties, Casts,
    testing::Values(
        Casting{"the_server",
                Party::gatekeeper_server,
                "talk",
                {"alice dial send given", "alice open send given", "alice header expect given",
                 "alice ask done", "alice say send", "bob hear expect", "bob see done",
                 "alice ping send fence", "alice pong expect fence"}},
        Casting{"the_sender",
                Party::third_party_client,
                "talk",
                {"alice dial expect given", "alice open expect given", "alice header send given",
                 "alice ask send", "alice say expect", "bob hear done", "bob see done",
                 "alice ping expect fence", "alice pong send fence"}},
        Casting{"the_receiver",
                Party::gatekeeper_client,
                "talk",
                {"alice dial done given", "alice open done given", "alice header done given",
                 "alice ask done", "alice say done", "bob hear send", "bob see expect",
                 "alice ping done fence", "alice pong done fence"}},
        Casting{"the_server_of_a_handshake",
                Party::gatekeeper_server,
                "secure",
                {"user shake send", "user end expect"}},
        Casting{"the_client_of_a_handshake",
                Party::third_party_client,
                "secure",
                {"user shake expect", "user end send"}}),
    [](const auto& info) { return info.param.name; });

const std::vector kBoth{Party::gatekeeper_server, Party::third_party_client};

TEST(CastCase, ExpectsWhatGoesOnBetweenTwoSutsOnTheHalfOfItsSender) {
  const auto loaded = library();
  const auto runs = cast_case(one_case(Party::gatekeeper_server, "talk", ""), loaded, kBoth);
  ASSERT_TRUE(runs) << runs.error();
  EXPECT_EQ(lines_of(runs->front().steps),
            (Words{"alice dial expect inferred given", "alice open expect inferred given",
                   "alice/up header expect inferred given", "alice ask send",
                   "alice say expect inferred", "bob hear expect", "bob see done",
                   "alice ping expect inferred fence", "alice/up pong expect inferred fence"}));
}

TEST(CastCase, GivesEachHalfBetweenTwoSutsAHandshakeOfItsOwn) {
  const auto loaded = library();
  const auto runs = cast_case(one_case(Party::third_party_client, "secure", ""), loaded, kBoth);
  ASSERT_TRUE(runs) << runs.error();
  EXPECT_EQ(lines_of(runs->front().steps),
            (Words{"user shake expect inferred", "user/up shake/up send inferred",
                   "user/up end expect inferred"}));
}

TEST(CastCase, KnowsWhichSutIsAtTheFarEndOfEachHalf) {
  const auto loaded = library();
  const auto runs = cast_case(one_case(Party::gatekeeper_server, "talk", ""), loaded, kBoth);
  ASSERT_TRUE(runs) << runs.error();
  const auto& run = runs->front();
  EXPECT_EQ(run.far_end("alice"), Party::third_party_client);
  EXPECT_EQ(run.far_end("alice/up"), Party::gatekeeper_server);
  EXPECT_EQ(run.far_end("bob"), Party::gatekeeper_server);
  EXPECT_TRUE(run.between("alice"));
  EXPECT_FALSE(run.between("bob"));
  EXPECT_FALSE(run.dials("alice"));
  EXPECT_TRUE(run.dials("alice/up"));
  EXPECT_TRUE(run.dials("bob"));
}

TEST(CastCase, InfersWhatGoesOnBetweenTwoPartiesUnderTest) {
  auto loaded = library();
  loaded.flows.at("p/talk").actors["bob"] = Party::gatekeeper_server;
  const auto one = one_case(Party::gatekeeper_server, "talk", "");
  const auto runs = cast_case(one, loaded);
  ASSERT_TRUE(runs) << runs.error();
  EXPECT_TRUE(runs->front().steps[5].inferred);
}

struct Edited {
  const char* name;
  std::string change;
  Words steps;  // without the preamble
};
class Changes : public testing::TestWithParam<Edited> {};

TEST_P(Changes, MarkWhatIsChangedAndWhatFollowsFromIt) {
  const auto loaded = library();
  const auto one = one_case(Party::gatekeeper_server, "talk",
                            "change: " + GetParam().change + "\nexpect: refused\n");
  const auto runs = cast_case(one, loaded);
  ASSERT_TRUE(runs) << runs.error();
  const auto& changed = runs->at(1);
  EXPECT_EQ(changed.name, "changed");
  EXPECT_EQ(changed.change, &*one.change);
  auto steps = changed.steps;
  std::erase_if(steps, [](const CastStep& step) { return step.step.preamble; });
  EXPECT_EQ(lines_of(steps), GetParam().steps);
  EXPECT_EQ(
      lines_of(runs->at(0).steps),
      lines_of(cast_case(one_case(Party::gatekeeper_server, "talk", ""), loaded)->at(0).steps));
}

INSTANTIATE_TEST_SUITE_P(
    Edits, Changes,
    testing::Values(
        Edited{"a_message",
               "{ step: say, layer: stanza, set: { '@to': x } }",
               {"alice ask done", "alice say send changed", "bob hear expect consequence",
                "bob see done consequence", "alice ping send fence", "alice pong expect fence"}},
        Edited{"a_fence",
               "{ step: ping, layer: stream, segment: 1 }",
               {"alice ask done", "alice say send", "bob hear expect", "bob see done",
                "alice ping send fence changed", "alice pong expect fence"}},
        Edited{"a_step_left_out",
               "{ step: say, drop: true }",
               {"alice ask done", "bob hear expect", "bob see done",
                "alice ping send fence changed", "alice pong expect fence"}},
        Edited{
            "a_step_done_before_another",
            "{ step: ping, before: say }",
            {"alice ask done", "alice ping send fence changed", "alice say send consequence",
             "bob hear expect consequence", "bob see done consequence", "alice pong expect fence"}},
        Edited{"a_message_before_one_of_ours",
               "{ step: say, insert: { message: ping } }",
               {"alice ask done", "alice inserted send changed", "alice say send consequence",
                "bob hear expect consequence", "bob see done consequence", "alice ping send fence",
                "alice pong expect fence"}},
        Edited{"a_message_after_one_of_theirs",
               "{ step: hear, insert: { message: ping, where: after } }",
               {"alice ask done", "alice say send", "bob hear expect", "bob inserted send changed",
                "bob see done consequence", "alice ping send fence", "alice pong expect fence"}}),
    [](const auto& info) { return info.param.name; });

// The driver is told of these services, and only who has the feature can make anything of it.
TEST(CastCase, OfTheShippedOnesNeedsTheFeatureByWhichTheSutAsksAService) {
  const auto& shipped = model::shipped_suites().library;
  int serving = 0;
  for (const auto& one : shipped.cases) {
    if (one.profile != "whatsapp") {
      continue;
    }
    const auto runs = cast_case(one, shipped);
    ASSERT_TRUE(runs) << one.id << ": " << runs.error();
    std::set<std::string> services;
    for (const auto& step : runs->front().steps) {
      if (one.party == Party::gatekeeper_server && runs->front().serves(step.link)) {
        services.insert(service_of(step.link));
      }
    }
    const auto* feature = services.contains("keys")    ? "key-fetch"
                          : services.contains("media") ? "media-proxy"
                                                       : "partner-calls";
    EXPECT_TRUE(services.empty() || std::ranges::count(one.needs, feature) == 1) << one.id;
    serving += services.empty() ? 0 : 1;
  }
  EXPECT_GT(serving, 0);
}

TEST(CastCase, LeavesOutTheAnswersToAStepThatIsLeftOut) {
  const auto loaded = library();
  const auto one = one_case(Party::gatekeeper_server, "talk",
                            "change: { step: open, drop: true }\nexpect: refused\n");
  const auto runs = cast_case(one, loaded);
  ASSERT_TRUE(runs) << runs.error();
  EXPECT_EQ(lines_of(runs->at(1).steps),
            (Words{"alice dial send given", "alice ask done", "alice say send changed",
                   "bob hear expect consequence", "bob see done consequence",
                   "alice ping send fence", "alice pong expect fence"}));
}

TEST(CastCase, CountsTheConnectionsOfEachActor) {
  const auto loaded = library();
  for (const auto party : {Party::gatekeeper_server, Party::third_party_client}) {
    const auto runs = cast_case(one_case(party, "back", ""), loaded);
    ASSERT_TRUE(runs) << runs.error();
    std::string numbers;
    for (const auto& step : runs->at(0).steps) {
      numbers += fmt::format("{} {}; ", step.step.id, step.connection);
    }
    EXPECT_EQ(
        numbers,
        "ask 0; dial 1; bob/dial 1; say 1; cut 1; shown 1; again/dial 2; again/say 2; "
        "again/cut 2; back#1/dial 3; back#1/say 3; back#1/cut 3; back#2/dial 4; back#2/say 4; "
        "back#2/cut 4; ");
  }
}

TEST(CastCase, SendsAnInsertedMessageTheWayThatIsOurs) {
  const auto loaded = library();
  const auto one =
      one_case(Party::gatekeeper_server, "talk",
               "change: { step: hear, insert: { message: ping, with: { id: [i1, i2] } } }\n");
  const auto runs = cast_case(one, loaded);
  ASSERT_TRUE(runs) << runs.error();
  const auto inserted = std::ranges::find_if(runs->at(1).steps,
                                             [](const auto& s) { return s.step.id == "inserted"; });
  ASSERT_NE(inserted, runs->at(1).steps.end());
  EXPECT_EQ(inserted->step.from, "bob");
  EXPECT_EQ(inserted->step.to, "server");
  EXPECT_EQ(inserted->step.form, "ping");
  EXPECT_EQ(inserted->step.with, (model::Fields{{"id", {"i1", "i2"}}}));
}

TEST(CastCase, TakesAHandshakeForOursWhoeverBeginsIt) {
  const auto loaded = library();
  for (const auto party : {Party::gatekeeper_server, Party::third_party_client}) {
    const auto one =
        one_case(party, "secure", "change: { step: shake, layer: connection, tls-max: '1.0' }\n");
    const auto runs = cast_case(one, loaded);
    ASSERT_TRUE(runs) << runs.error();
    EXPECT_TRUE(runs->at(1).steps[0].changed);
    EXPECT_TRUE(runs->at(1).steps[1].consequence);
  }
}

struct Runs {
  const char* name;
  std::string rest;
  Words names;
  bool may_complete;  // the last but "after"
};
class RunsOf : public testing::TestWithParam<Runs> {};

TEST_P(RunsOf, ACaseComeInOrder) {
  const auto loaded = library();
  const auto one = one_case(Party::gatekeeper_server, "talk", GetParam().rest);
  const auto runs = cast_case(one, loaded);
  ASSERT_TRUE(runs) << runs.error();
  Words names;
  for (const auto& run : *runs) {
    names.push_back(run.name);
    EXPECT_EQ(run.flow->name, run.name == "after" ? "probe" : "talk");
    const bool judged = run.name == "changed" || run.name == "plain";
    EXPECT_EQ(run.may_complete(), judged ? GetParam().may_complete : true) << run.name;
    EXPECT_EQ(run.change != nullptr, run.name == "changed") << run.name;
  }
  EXPECT_EQ(names, GetParam().names);
}

constexpr const char* kChange = "change: { step: say, layer: stanza, set: { '@to': x } }\n";

INSTANTIATE_TEST_SUITE_P(
    Cases, RunsOf,
    testing::Values(Runs{"without_a_change", "", {"plain"}, true},
                    Runs{"that_must_complete", kChange, {"twin", "changed"}, true},
                    Runs{"that_may_complete",
                         std::string(kChange) + "expect: { any-of: [refused, completes] }\n",
                         {"twin", "changed"},
                         true},
                    Runs{"that_must_be_refused",
                         std::string(kChange) + "expect: refused\n",
                         {"twin", "changed", "after"},
                         false},
                    Runs{"that_must_be_ignored_or_refused",
                         std::string(kChange) + "expect: { any-of: [ignored, refused] }\n",
                         {"twin", "changed", "after"},
                         false}),
    [](const auto& info) { return info.param.name; });

TEST(CastCase, ProbesBeforeTooWhereThePartyHasAProbeOfItsOwn) {
  auto loaded = library();
  loaded.profiles.begin()->second.probes[Party::gatekeeper_server] = "probe";
  const std::string refused = std::string(kChange) + "expect: refused\n";
  const std::vector<std::pair<std::string, Words>> rows{
      {refused, {"before", "twin", "changed", "after"}}, {kChange, {"twin", "changed"}}};
  for (const auto& [rest, wanted] : rows) {
    const auto runs = cast_case(one_case(Party::gatekeeper_server, "talk", rest), loaded);
    ASSERT_TRUE(runs) << runs.error();
    Words names;
    for (const auto& run : *runs) {
      names.push_back(run.name);
      EXPECT_EQ(run.flow->name, run.name == "before" || run.name == "after" ? "probe" : "talk");
    }
    EXPECT_EQ(names, wanted);
  }
}

TEST(CastCase, BindsWhatMustNeverHappenToTheLinkWhereItWould) {
  const auto loaded = library();
  const std::string never =
      "never: [{ sends: server -> bob, message: message }, { shows: received, at: alice }]\n";
  for (const auto& rest : {never, kChange + never}) {
    const auto one = one_case(Party::gatekeeper_server, "talk", rest);
    const auto runs = cast_case(one, loaded);
    ASSERT_TRUE(runs) << runs.error();
    for (const auto& run : *runs) {
      EXPECT_EQ(lines_of(run.never),
                run.name == "twin" ? Words{} : (Words{"bob never-1 expect", "alice never-2 done"}))
          << run.name;
    }
  }
}

struct Misfit {
  const char* name;
  Party party;
  std::string flow;
  std::string change;
  Errc code;
};
class RejectsCasting : public testing::TestWithParam<Misfit> {};

TEST_P(RejectsCasting, WithItsCode) {
  const auto loaded = library();
  const auto one = one_case(GetParam().party, GetParam().flow, GetParam().change);
  const auto runs = cast_case(one, loaded);
  ASSERT_FALSE(runs);
  EXPECT_EQ(runs.error().code, GetParam().code) << runs.error();
}

INSTANTIATE_TEST_SUITE_P(
    Cases, RejectsCasting,
    testing::Values(
        Misfit{"a_change_of_what_the_server_sends", Party::gatekeeper_server, "talk",
               "change: { step: hear, layer: stanza, set: { '@to': x } }\n", Errc::unsupported},
        Misfit{"a_change_of_what_the_client_sends", Party::third_party_client, "talk", kChange,
               Errc::unsupported},
        Misfit{"a_change_of_what_nobody_under_test_hears", Party::gatekeeper_client, "talk",
               kChange, Errc::unsupported},
        Misfit{"a_step_left_out_with_nothing_sent_after_it", Party::gatekeeper_server, "talk",
               "change: { step: ping, drop: true }\n", Errc::unsupported},
        Misfit{"an_unknown_step", Party::gatekeeper_server, "talk",
               "change: { step: sya, layer: stanza, set: { '@to': x } }\n", Errc::not_found},
        Misfit{"an_unknown_flow", Party::gatekeeper_server, "tlak", "", Errc::not_found}),
    [](const auto& info) { return info.param.name; });

TEST(CastCase, RejectsANegativeCaseOfAProfileWhoseProbeIsUnknown) {
  auto loaded = library();
  loaded.profiles.at("p").probe = "porbe";
  const auto one =
      one_case(Party::gatekeeper_server, "talk", std::string(kChange) + "expect: refused\n");
  const auto runs = cast_case(one, loaded);
  ASSERT_FALSE(runs);
  EXPECT_EQ(runs.error().code, Errc::not_found);
}

// What step `open` of flow `talk` expects its message to say, with these parties under test.
model::Fields opening(const std::vector<Party>& suts) {
  auto loaded = library();
  auto& form = loaded.profiles.at("p").forms.at("open");
  form.pattern.name = "intro";
  form.defaults = {{"magic", "${setting.magic}"}, {"id", "${fresh}"}};
  const auto runs = cast_case(one_case(suts.front(), "talk", ""), loaded, suts);
  const auto& steps = runs->front().steps;
  return std::ranges::find(steps, "open", [](const auto& step) { return step.step.id; })->step.with;
}

TEST(CastCase, HoldsAClientToItsProfilesOpeningWhereAnotherSutIsToTakeIt) {
  EXPECT_EQ(opening({Party::gatekeeper_server, Party::third_party_client}),
            (model::Fields{{"magic", {"${setting.magic}"}}}));
  EXPECT_EQ(opening({Party::third_party_client}), model::Fields());
}

}  // namespace
}  // namespace parley::engine
