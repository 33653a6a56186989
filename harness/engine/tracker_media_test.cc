// SPDX-License-Identifier: GPL-3.0-or-later
// What a client's user is shown of files, as Tracker takes it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "harness/engine/notice_field.h"
#include "harness/engine/played_run.h"

namespace parley::engine {
namespace {

using State = Assessment::State;

struct ShownFile {
  const char* name;
  const char* text;
  nlohmann::json media;
  State state;
};
class AfterTheChange : public testing::TestWithParam<ShownFile> {};

// Of a run in which the change was made to a message that says "text-one", and must be ignored.
TEST_P(AfterTheChange, AFileIsNotShownUnlessAsOneThatCannotBeHad) {
  const CaseRun run("show",
                    "change: { step: one, layer: stanza, set: { '@from': eve@x } }\n"
                    "expect: ignored\n",
                    model::Party::third_party_client);
  Player player(run);
  player.preamble();
  player.play("one");
  player.tracker().feed({.kind = Event::Kind::notice,
                         .link = "user",
                         .text = "received",
                         .data = {{"text", GetParam().text}, {"media", GetParam().media}}});
  EXPECT_EQ(player.tracker().assess().state, GetParam().state);
}

const nlohmann::json kFile{{"kind", "image"}, {"sha256", "00"}, {"length", 1}};
const nlohmann::json kNone{{"kind", "image"}, {"unavailable", true}};

INSTANTIATE_TEST_SUITE_P(
    Rows, AfterTheChange,
    testing::Values(ShownFile{"AFile", "", kFile, State::violated},
                    ShownFile{"AFileAndItsCaption", "text-one", kFile, State::violated},
                    ShownFile{"ACaptionAlone", "text-one", nullptr, State::violated},
                    ShownFile{"AnotherText", "other", nullptr, State::pending},
                    ShownFile{"ThatItCannotBeHad", "", kNone, State::pending}),
    [](const auto& row) { return row.param.name; });

Event notice_of(std::string text) {
  return {.kind = Event::Kind::notice,
          .link = "user",
          .text = "received",
          .data = {{"text", std::move(text)}}};
}

// Of a run in which the change to a message that says "text-one" may be ignored or not.
struct PassedOver {
  PassedOver() {
    player.preamble();
    player.play("one");
    player.play("two");
  }
  State end() {
    player.play("ping");
    player.play("pong");
    return player.tracker().assess().state;
  }

  CaseRun run{"show",
              "change: { step: one, layer: stanza, set: { '@from': eve@x } }\n"
              "expect: { any-of: [completes, ignored] }\n",
              model::Party::third_party_client};
  Player player{run};
};

TEST(WhatMayBePassedOver, IsWaitedForByNobody) {
  PassedOver ignored;
  EXPECT_EQ(ignored.player.tracker().due()->step.id, "ping");
  EXPECT_EQ(ignored.end(), State::holds);
  PassedOver shown;
  shown.player.tracker().feed(notice_of("text-one"));
  shown.player.tracker().feed(notice_of("text-two"));
  EXPECT_EQ(shown.end(), State::holds);
}

TEST(WhatMayBePassedOver, IsNotShownAsSomethingElse) {
  PassedOver run;
  run.player.tracker().feed(notice_of("not text-one alone"));
  EXPECT_EQ(run.end(), State::violated);
}

TEST(ASync, IsAnsweredOnceWhatStandsBehindItHasBeenShown) {
  for (const bool shown_first : {true, false}) {
    const CaseRun run("settle", "", model::Party::third_party_client);
    Player player(run);
    player.preamble();
    player.play("one");
    auto& tracker = player.tracker();
    tracker.feed({.kind = Event::Kind::call, .link = "user", .step = "settled", .text = "sync"});
    if (shown_first) {
      tracker.feed(notice_of("text-one"));
    }
    tracker.feed({.kind = Event::Kind::answer, .link = "user", .step = "settled", .text = "sync"});
    tracker.feed(notice_of("text-one"));
    EXPECT_EQ(tracker.assess().state, shown_first ? State::holds : State::violated);
  }
}

TEST(TextIn, ReadsWhatIsWithinAnother) {
  const nlohmann::json data{{"text", "a"}, {"media", {{"length", 3}, {"unavailable", true}}}};
  EXPECT_EQ(text_in(data, "text"), "a");
  EXPECT_EQ(text_in(data, "media/length"), "3");
  EXPECT_EQ(text_in(data, "media/unavailable"), "true");
  EXPECT_EQ(text_in(data, "media"), std::nullopt);
  EXPECT_EQ(text_in(data, "media/name"), std::nullopt);
  EXPECT_EQ(text_in(data, "text/name"), std::nullopt);
  EXPECT_EQ(text_in(nullptr, "text"), std::nullopt);
}

}  // namespace
}  // namespace parley::engine
