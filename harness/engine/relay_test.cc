// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/relay.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/model/case_loader.h"
#include "harness/model/flow_loader.h"

namespace parley::engine {
namespace {

using model::Party;

const std::vector kBoth{Party::gatekeeper_server, Party::third_party_client};

// The actors and the connection of each flow below.
constexpr const char* kHead = R"(
title: Something goes on between a client and its server
between: true
actors: { alice: third-party.client, bob: gatekeeper.client, server: gatekeeper.server }
given:
  - { id: begin, does: connect, at: alice }
  - { id: dial, connect: alice -> server }
  - { id: connected, shows: connected, at: alice }
steps:
)";

class Between : public testing::Test {
 protected:
  Between() {
    auto& profile = library_.profiles["p"];
    profile.name = "p";
    profile.probe = "one";
    profile.farewell = "close";
    profile.content_ns = "jabber:client";
    profile.wire = model::Wire::noise;
    profile.forms["message"] = {
        .name = "message",
        .pattern = {.ns = "jabber:client", .name = "message", .attributes = {}, .children = {}},
        .defaults = {}};
    profile.forms["close"] = {
        .name = "close", .kind = model::MessageForm::Kind::footer, .pattern = {}, .defaults = {}};
  }

  // A case of the flow with these steps; `rest` says what it changes or expects.
  model::Case one_case(const std::string& steps, const std::string& rest = "") {
    model::Problems problems;
    std::vector<model::Document> documents;
    documents.push_back(
        *model::parse_document("flow.yaml", fmt::format("flow: one{}{}", kHead, steps), problems));
    library_.flows = model::load_flows(documents, library_.profiles, problems);
    const auto document =
        model::parse_document("case.yaml",
                              "case: one\ntitle: A case of a test\nprofile: p\nverifies: X-1\n"
                              "party: gatekeeper.server\nflow: one\n" +
                                  rest,
                              problems);
    auto cases = model::cases_of(*document, "test", problems);
    EXPECT_TRUE(problems.empty()) << to_string(problems.front());
    return cases.front();
  }

  std::string misfit(const std::string& steps, const std::string& rest = "") {
    const auto fits = fits_between(one_case(steps, rest), library_, kBoth);
    return fits ? "" : fits.error().detail;
  }

  model::Library library_;
};

constexpr const char* kSay = "  - { id: say, sends: alice -> server, message: message }\n";
constexpr const char* kHear = "  - { id: hear, sends: server -> alice, message: message }\n";

TEST_F(Between, FitsWhatAClientsUserIsAskedToDo) {
  EXPECT_EQ(misfit(std::string("  - { id: ask, does: send, at: alice }\n") + kSay + kHear), "");
}

TEST_F(Between, DoesNotFitWhatNobodyMakesTheClientSay) {
  EXPECT_EQ(misfit(kSay), "nobody makes alice do step 'say'");
}

TEST_F(Between, DoesNotFitWhatNobodyMakesTheServerSay) {
  EXPECT_EQ(misfit(kHear), "nobody makes server do step 'hear'");
}

TEST_F(Between, FitsWhatAServerPassesOnFromAPlayedClient) {
  EXPECT_EQ(
      misfit(std::string("  - { id: told, sends: bob -> server, message: message }\n") + kHear),
      "");
}

TEST_F(Between, FitsAnAnswerThatNamesWhatItAnswers) {
  EXPECT_EQ(
      misfit(std::string("  - { id: told, sends: bob -> server, message: message }\n") + kHear +
             "  - { id: answer, sends: alice -> server, message: message, with: { id: "
             "\"${hear.id}\" } }\n"),
      "");
}

TEST_F(Between, DoesNotFitAnExchangeThatIsOver) {
  EXPECT_EQ(misfit(std::string("  - { id: ask, does: send, at: alice }\n") + kSay +
                   "  - { id: shown, shows: answered, at: alice }\n" + kHear),
            "nobody makes server do step 'hear'");
}

TEST_F(Between, DoesNotFitACaseWithAChange) {
  EXPECT_NE(misfit(std::string("  - { id: ask, does: send, at: alice }\n") + kSay,
                   "change: { step: say, layer: stanza, set: { '@to': x } }\nexpect: ignored\n"),
            "");
}

TEST_F(Between, DoesNotFitAProfileWhoseLoginTheSutsNegotiate) {
  library_.profiles["p"].wire = model::Wire::xml;
  EXPECT_NE(misfit(std::string("  - { id: ask, does: send, at: alice }\n") + kSay), "");
}

TEST_F(Between, DoesNotFitAFlowThatDoesNotSaySo) {
  const auto one = one_case(std::string("  - { id: ask, does: send, at: alice }\n") + kSay);
  library_.flows.at("p/one").between = false;
  EXPECT_FALSE(fits_between(one, library_, kBoth));
}

TEST_F(Between, DoesNotFitAFlowOfPlayedPartiesAlone) {
  auto one = one_case(kHear);
  library_.flows.at("p/one").steps.clear();
  EXPECT_NE(fits_between(one, library_, kBoth).error().detail, "");
}

TEST_F(Between, NoiseCarriesTheHandshakeAsATreeAndStanzasAsTheyCame) {
  model::Profile profile;
  profile.wire = model::Wire::noise;
  xml::Element hello{.ns = "", .name = "client-hello", .attributes = {}, .children = {}};
  const auto greeted = carried(xml::Stanza{hello, "octets"}, profile, Opened::no);
  EXPECT_EQ(greeted.element.name, "client-hello");
  EXPECT_FALSE(greeted.edits.bytes);
  // A stanza may bear the name of a handshake message; it stays a stanza.
  const auto said = carried(xml::Stanza{hello, "\x02 as it came"}, profile, Opened::yes);
  EXPECT_NE(said.element.name, "client-hello");
  ASSERT_TRUE(said.edits.bytes);
  EXPECT_EQ(*said.edits.bytes("written"), "\x02 as it came");
}

constexpr const char* kHeader =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams' to='s'>";

// One run with Parley between alice and the server, fed by hand.
class Session {
 public:
  Session(const model::Case& one, const model::Library& library)
      : runs_(cast_case(one, library, kBoth)), tracker_(runs_->front(), {}, Rng(1)) {}

  Tracker& tracker() { return tracker_; }
  const std::vector<Event>& events() const { return events_; }
  const CastRun& run() const { return runs_->front(); }

  void feed(Event event) {
    events_.push_back(std::move(event));
    tracker_.feed(events_.back());
  }
  void connect() {
    feed({.kind = Event::Kind::call, .link = "alice", .step = "begin"});
    feed({.kind = Event::Kind::accepted, .link = "alice", .step = "dial"});
    feed({.kind = Event::Kind::answer, .link = "alice", .step = "begin"});
    feed({.kind = Event::Kind::dialled, .link = "alice/up", .step = "dial/up"});
    feed({.kind = Event::Kind::notice, .link = "alice", .text = "connected"});
  }
  void receive(const std::string& half, const std::string& octets) {
    feed({.kind = Event::Kind::received, .link = half, .octets = octets});
  }
  // "alice/up <octets>" for each thing that is due to be carried.
  std::vector<std::string> carry() {
    std::vector<std::string> out;
    while (const auto half = tracker_.carries_next()) {
      const auto octets = tracker_.carry(*half);
      feed({.kind = Event::Kind::sent, .link = *half, .octets = octets.value_or("-")});
      out.push_back(*half + " " + octets.value_or("-"));
    }
    return out;
  }

 private:
  Result<std::vector<CastRun>> runs_;
  Tracker tracker_;
  std::vector<Event> events_;
};

constexpr const char* kOdd = "<message  to=\"b\"><body>&lt;odd</body ></message>";

class Carries : public Between {
 protected:
  Carries() { library_.profiles["p"].wire = model::Wire::xml; }
  model::Case one_ = one_case(std::string("  - { id: ask, does: send, at: alice }\n") + kSay);
};

TEST_F(Carries, AStanzasOctetsAsTheyCameAndOnceItIsWhole) {
  Session session(one_, library_);
  session.connect();
  session.receive("alice", kHeader);
  EXPECT_EQ(session.carry().size(), 1U);
  session.receive("alice", std::string(kOdd).substr(0, 12));
  EXPECT_TRUE(session.carry().empty());
  session.receive("alice", std::string(kOdd).substr(12));
  EXPECT_EQ(session.carry(), std::vector{std::string("alice/up ") + kOdd});
}

TEST_F(Carries, NothingBeforeTheOtherHalfStands) {
  Session session(one_, library_);
  session.feed({.kind = Event::Kind::accepted, .link = "alice", .step = "dial"});
  session.receive("alice", kHeader);
  EXPECT_EQ(session.tracker().carries_next(), std::nullopt);
  session.feed({.kind = Event::Kind::dialled, .link = "alice/up", .step = "dial/up"});
  EXPECT_EQ(session.tracker().carries_next(), "alice/up");
}

TEST_F(Carries, TheEndOfOneHalfAfterAllThatCameBeforeIt) {
  Session session(one_, library_);
  session.connect();
  session.receive("alice/up", kHeader);
  session.feed({.kind = Event::Kind::closed, .link = "alice/up"});
  EXPECT_EQ(session.tracker().ends_next(), std::nullopt);
  EXPECT_EQ(session.carry().size(), 1U);
  EXPECT_EQ(session.tracker().ends_next(), "alice");
}

TEST_F(Carries, TheSameInAReplay) {
  Session session(one_, library_);
  session.connect();
  session.feed({.kind = Event::Kind::call, .link = "alice", .step = "ask"});
  session.feed({.kind = Event::Kind::answer, .link = "alice", .step = "ask"});
  session.receive("alice", std::string(kHeader) + kOdd);
  session.carry();
  EXPECT_EQ(session.tracker().assess().state, Assessment::State::holds);
  Tracker replay(session.run(), {}, Rng(1));
  for (const auto& event : session.events()) {
    replay.feed(event);
  }
  EXPECT_EQ(replay.assess().state, Assessment::State::holds);
  ASSERT_EQ(replay.sent().size(), 1U);
  EXPECT_EQ(replay.sent().front().link, "alice/up");
  EXPECT_EQ(replay.carries_next(), std::nullopt);
}

TEST_F(Carries, TheBlameToWhoDidNotDoIt) {
  Session silent(one_, library_);
  silent.connect();
  silent.feed({.kind = Event::Kind::deadline, .step = "say", .data = nlohmann::json::object()});
  EXPECT_EQ(silent.tracker().assess().broke, Party::third_party_client);
  Session ended(one_, library_);
  ended.connect();
  ended.feed({.kind = Event::Kind::closed, .link = "alice/up"});
  EXPECT_EQ(ended.tracker().assess().broke, Party::gatekeeper_server);
}

}  // namespace
}  // namespace parley::engine
