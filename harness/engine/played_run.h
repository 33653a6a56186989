// SPDX-License-Identifier: GPL-3.0-or-later
// For tests: short flows over the shipped profile, and a player that turns lines into the events
// of a run. A line is the name of a step, carried out by us or as a conforming SUT would, or one of
// the words of Player::of_word. One thread.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/text.h"
#include "harness/engine/form.h"
#include "harness/engine/tracker.h"
#include "harness/model/case_loader.h"
#include "harness/model/schema.h"
#include "harness/model/shipped_suites.h"

namespace parley::engine {

inline constexpr const char* kFlows[] = {
    R"(
flow: begin
profile: xmpp
title: A stream with a bound resource
actors: { user: third-party.client, server: gatekeeper.server }
steps:
  - { id: dial, connect: user -> server }
  - { id: open, sends: user -> server, message: stream-open }
  - { id: header, sends: server -> user, message: stream-header }
  - { id: bind, sends: user -> server, message: bind-empty }
  - { id: bound, sends: server -> user, message: bind-result, with: { id: "${bind.id}", jid: "${user.jid}" } }
  - { id: connected, shows: connected, at: user }
)",
    R"(
flow: relay
profile: xmpp
title: A message goes from client to client
actors: { alice: third-party.client, bob: gatekeeper.client, server: gatekeeper.server }
given: [{ use: begin, as: { user: alice } }, { use: begin, as: { user: bob } }]
steps:
  - { id: message, sends: alice -> server, message: message, with: { to: "${bob.jid}", text: a-canary } }
  - { id: delivered, sends: server -> bob, message: message, with: { from: "${alice.jid}", text: a-canary } }
fence:
  - { id: ping, sends: alice -> server, message: iq-ping, with: { to: "${domain}" } }
  - { id: pong, sends: server -> alice, message: iq-result, with: { id: "${ping.id}" } }
)",
    R"(
flow: volley
profile: xmpp
title: Two messages go from client to client
actors: { alice: third-party.client, bob: gatekeeper.client, server: gatekeeper.server }
given: [{ use: begin, as: { user: alice } }, { use: begin, as: { user: bob } }]
steps:
  - { id: say, times: 2, sends: alice -> server, message: message, with: { to: "${bob.jid}", text: "a#i" } }
  - { id: heard, times: 2, sends: server -> bob, message: message, with: { from: "${alice.jid}", text: "a#i" } }
)",
    R"(
flow: both
profile: xmpp
title: Two answers come in any order, and a last one
actors: { user: third-party.client, server: gatekeeper.server }
given: [{ use: begin }]
steps:
  - { id: ping, sends: user -> server, message: iq-ping, with: { to: "${domain}" } }
  - { id: pong, unordered: true, sends: server -> user, message: iq-result, with: { id: "${ping.id}" } }
  - { id: note, unordered: true, sends: server -> user, message: message, with: { text: a-note } }
  - { id: last, sends: server -> user, message: presence, with: { from: "${domain}" } }
)",
    R"(
flow: watch
profile: xmpp
title: Somebody is connected, and answered
actors: { bystander: third-party.client, server: gatekeeper.server }
steps:
  - { use: begin, as: { user: bystander } }
fence:
  - { id: bystander-ping, sends: bystander -> server, message: iq-ping, with: { to: "${domain}" } }
  - { id: bystander-pong, sends: server -> bystander, message: iq-result, with: { id: "${bystander-ping.id}" } }
)",
    R"(
flow: login
profile: xmpp
title: A user logs in
actors: { user: third-party.client, server: gatekeeper.server }
given: [{ use: begin }]
steps:
  - { id: auth, sends: user -> server, message: auth, with: { mechanism: PLAIN, initial: YQ== } }
  - { id: success, sends: server -> user, message: sasl-success }
)",
    R"(
flow: join
profile: xmpp
title: A user is answered, and then somebody else can connect
actors: { user: third-party.client, bob: gatekeeper.client, server: gatekeeper.server }
given: [{ use: begin }]
steps:
  - { id: ping, sends: user -> server, message: iq-ping, with: { to: "${domain}" } }
  - { id: pong, sends: server -> user, message: iq-result, with: { id: "${ping.id}" } }
fence:
  - { id: bob, use: begin, as: { user: bob } }
)",
    R"(
flow: end
profile: xmpp
title: A server ends the stream and the connection
actors: { user: third-party.client, server: gatekeeper.server }
steps:
  - { use: begin }
  - { id: bye, sends: user -> server, message: stream-close }
  - { id: bye-too, sends: server -> user, message: stream-close }
  - { id: ended, closes: server -> user }
)",
    R"(
flow: back
profile: xmpp
title: A user's connection ends and the user connects again
actors: { user: third-party.client, server: gatekeeper.server }
given: [{ use: begin }]
steps:
  - { id: cut, closes: server -> user }
  - { id: again, use: begin }
  - { id: ping, sends: user -> server, message: iq-ping, with: { to: "${domain}" } }
  - { id: pong, sends: server -> user, message: iq-result, with: { id: "${ping.id}" } }
  - { id: ended, closes: server -> user }
)",
    R"(
flow: turned-away
profile: xmpp
title: A user is refused and connects again
actors: { user: third-party.client, server: gatekeeper.server }
given: [{ use: begin }]
steps:
  - { id: ping, sends: user -> server, message: iq-ping, with: { to: "${domain}" } }
  - { id: refused, refuses: server -> user }
  - { id: again, use: begin }
)",
    R"(
flow: reopen
profile: xmpp
title: A stream is opened on top of another
actors: { user: third-party.client, server: gatekeeper.server }
given: [{ use: begin }]
steps:
  - { id: reopen, sends: user -> server, message: stream-open }
  - { id: reheader, sends: server -> user, message: stream-header }
)",
    R"(
flow: secure
profile: xmpp
title: A handshake and a stream in it
actors: { user: third-party.client, server: gatekeeper.server }
steps:
  - { id: dial, connect: user -> server }
  - { id: shake, tls: user -> server }
  - { id: open, sends: user -> server, message: stream-open }
  - { id: header, sends: server -> user, message: stream-header }
)",
    R"(
flow: show
profile: xmpp
title: Two messages are shown
actors: { user: third-party.client, server: gatekeeper.server }
given: [{ use: begin }]
steps:
  - { id: one, sends: server -> user, message: message, with: { from: "${peer}", text: text-one } }
  - { id: two, sends: server -> user, message: message, with: { from: "${peer}", text: text-two } }
  - { id: one-shown, shows: received, at: user, with: { text: text-one } }
  - { id: two-shown, shows: received, at: user, with: { text: text-two } }
fence:
  - { id: ping, sends: server -> user, message: iq-ping }
  - { id: pong, sends: user -> server, message: iq-result, with: { id: "${ping.id}" } }
)",
    R"(
flow: settle
profile: xmpp
title: A message is shown before a sync is answered
actors: { user: third-party.client, server: gatekeeper.server }
given: [{ use: begin }]
steps:
  - { id: one, sends: server -> user, message: message, with: { from: "${peer}", text: text-one } }
  - { id: settled, does: sync, at: user }
  - { id: one-shown, shows: received, at: user, with: { text: text-one } }
)",
    R"(
flow: show-any
profile: xmpp
title: Two messages are shown in any order
actors: { user: third-party.client, server: gatekeeper.server }
given: [{ use: begin }]
steps:
  - { id: one, sends: server -> user, message: message, with: { from: "${peer}", text: text-one } }
  - { id: two, sends: server -> user, message: message, with: { from: "${peer}", text: text-two } }
  - { id: one-shown, unordered: true, shows: received, at: user, with: { text: text-one } }
  - { id: two-shown, unordered: true, shows: received, at: user, with: { text: text-two } }
)",
    R"(
flow: ask-token
profile: xmpp
title: A driver is asked for a token, and for one that there is not
actors: { user: third-party.client, server: gatekeeper.server }
steps:
  - { id: ask, does: token, at: user, gets: { token: ["!", "!none"] } }
  - { id: ask-none, does: token, at: user, gets: { token: "" } }
)",
    R"(
flow: do
profile: xmpp
title: A user sends a message
actors: { user: third-party.client, server: gatekeeper.server }
given: [{ use: begin }]
steps:
  - { id: do, does: send, at: user, with: { text: text-one } }
  - { id: said, sends: user -> server, message: message, with: { text: "${do.text}" } }
)"};

// The shipped profile, whose messages the flows above use.
inline const model::Library& library() {
  static const auto loaded =
      model::shipped_with({std::begin(kFlows), std::end(kFlows)}, "xmpp", "begin");
  return loaded;
}

// The run of a case that carries its change, or the only one; `rest` says what the case changes,
// expects and forbids.
struct CaseRun {
  model::Case one;
  CastRun cast{};

  CaseRun(const std::string& flow, const std::string& rest, model::Party party) {
    model::Problems problems;
    const auto text = fmt::format(
        "case: one\ntitle: A case of a test\nprofile: xmpp\nverifies: XST-020\nparty: {}\n"
        "flow: {}\n{}",
        model::to_string(party), flow, rest);
    const auto document = *model::parse_document("case.yaml", text, problems);
    model::check_schema(document, library().folder / "schema/case.json", problems);
    one = model::cases_of(document, "test", problems).at(0);
    EXPECT_TRUE(problems.empty()) << to_string(problems.front());
    cast = cast_case(one, library())->at(one.change ? 1 : 0);
  }
  CaseRun(const CaseRun&) = delete;
  CaseRun& operator=(const CaseRun&) = delete;

  Tracker tracker() const {
    std::map<std::string, std::string> values{{"domain", "x"}, {"peer", "peer@x/p"}};
    for (const std::string user : {"alice", "bob", "user", "bystander"}) {
      values[user + ".jid"] = user + "@x/r";
    }
    return {cast, std::move(values), Rng(3)};
  }
  const CastStep& step(const std::string& id) const {
    const auto at =
        std::ranges::find_if(cast.steps, [&](const auto& s) { return s.step.id == id; });
    EXPECT_NE(at, cast.steps.end()) << "no such step: " << id;
    return at == cast.steps.end() ? cast.steps.front() : *at;
  }
};

// Carries out lines on a tracker and keeps the events as a transcript would.
class Player {
 public:
  explicit Player(const CaseRun& run) : run_(run), tracker_(run.tracker()) {}

  Tracker& tracker() { return tracker_; }
  const std::vector<Event>& events() const { return events_; }

  void preamble() {
    for (const auto& step : run_.cast.steps) {
      if (step.step.preamble && step.role != Role::done) {
        play(step.step.id);
      }
    }
  }
  void play(const std::string& line) {
    const auto space = line.find(' ');
    const auto event = space == std::string::npos
                           ? of_step(run_.step(line))
                           : of_word(line.substr(0, space), line.substr(space + 1));
    events_.push_back(event);
    tracker_.feed(event);
  }
  void play_all(const std::string& lines) {
    for (const auto& line : split(lines, ';')) {
      play(line.substr(line.find_first_not_of(' ')));
    }
  }

 private:
  Event of_step(const CastStep& cast) {
    const auto& step = cast.step;
    const bool ours = cast.role == Role::send;
    switch (step.kind) {
      case model::Step::Kind::connect:
        return {.kind = ours ? Event::Kind::dialled : Event::Kind::accepted,
                .link = cast.link,
                .step = step.id};
      case model::Step::Kind::tls:
        return {.kind = Event::Kind::tls, .link = cast.link, .step = step.id};
      case model::Step::Kind::close:
        return ours ? Event{.kind = Event::Kind::ended, .link = cast.link, .step = step.id}
                    : Event{.kind = Event::Kind::closed, .link = cast.link};
      case model::Step::Kind::does:
        return {
            .kind = Event::Kind::call, .link = cast.link, .step = step.id, .data = fields(step)};
      case model::Step::Kind::shows:
        return {.kind = Event::Kind::notice,
                .link = cast.link,
                .text = step.form,
                .data = fields(step)};
      case model::Step::Kind::answers:
        return {.kind = Event::Kind::serves, .link = cast.link, .step = step.id};
      case model::Step::Kind::wire:
        break;
    }
    if (ours) {
      const auto message = tracker_.compose(cast);
      EXPECT_TRUE(message) << message.error();
      return {
          .kind = Event::Kind::sent, .link = cast.link, .step = step.id, .octets = message->octets};
    }
    const auto& form = run_.cast.profile->forms.at(step.form);
    Scope scope = tracker_.scope();
    const bool footer = form.kind == model::MessageForm::Kind::footer;
    const auto element = footer ? xml::Element{} : *render(form, step.id, step.with, scope);
    return received(cast.link, print_form(form, element, *run_.cast.profile));
  }

  Event of_word(const std::string& word, const std::string& rest) {
    if (word == "late") {  // nothing came for that step; "-" for none
      return {.kind = Event::Kind::deadline,
              .step = rest == "-" ? "" : rest,
              .data = {{"waited_ms", 1000}, {"late_ms", 0}}};
    }
    if (word == "shown") {
      return {.kind = Event::Kind::notice,
              .link = "user",
              .text = "received",
              .data = {{"text", rest}}};
    }
    if (word == "error") {  // link and id
      const auto space = rest.find(' ');
      const auto id = value(rest.substr(space + 1));
      return received(rest.substr(0, space),
                      "<message type='error' id='" + id +
                          "'><error type='modify'><not-acceptable "
                          "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
    }
    if (word.ends_with(':')) {  // link, then octets
      return received(word.substr(0, word.size() - 1), value(rest));
    }
    static const std::map<std::string, Event::Kind> ends{
        {"closes", Event::Kind::closed},          {"breaks", Event::Kind::failed},
        {"strays", Event::Kind::accepted},        {"we-part", Event::Kind::parting},
        {"gives-up", Event::Kind::gave_up},       {"broken", Event::Kind::broken},
        {"unsupported", Event::Kind::unsupported}};
    if (const auto end = ends.find(word); end != ends.end()) {
      return {.kind = end->second, .link = rest, .text = "a reason"};
    }
    EXPECT_TRUE(word == "answer" || word == "fails") << "no such word: " << word;
    const auto kind = word == "answer" ? Event::Kind::answer : Event::Kind::tls_failed;
    return {.kind = kind, .link = run_.step(rest).link, .step = rest};
  }

  static Event received(std::string link, Bytes octets) {
    return {.kind = Event::Kind::received, .link = std::move(link), .octets = std::move(octets)};
  }
  std::string value(const std::string& text) {
    return evaluate(text, tracker_.scope(), "row").value_or("(unknown)");
  }
  nlohmann::json fields(const model::Step& step) {
    nlohmann::json out = nlohmann::json::object();
    for (const auto& [field, alternatives] : step.with) {
      out[field] = value(alternatives.front());
    }
    return out;
  }

  const CaseRun& run_;
  Tracker tracker_;
  std::vector<Event> events_;
};

}  // namespace parley::engine
