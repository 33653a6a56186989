// SPDX-License-Identifier: GPL-3.0-or-later
// For tests: two users whom Parley plays, and a server between them that does as it is told.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "harness/engine/key_publication.h"
#include "harness/engine/relayed_talk.h"

namespace parley::engine {

inline constexpr const char* kThirdParty = "12-491@interop";
inline constexpr const char* kNative = "492@s.whatsapp.net";

inline xml::Element element_of(const std::string& text) { return xml::parse(text, "").value(); }

// alice has published keys, which bob may ask for.
struct RelayedPair {
  model::Flow flow;
  model::Profile profile;
  CastRun run;
  Scope scope;
  std::unique_ptr<RelayedTalk> talk;
  xml::Element upload;  // alice's, as it went out

  explicit RelayedPair(const std::string& one_time = "2") {
    flow.content = model::Content::signal;
    profile.settings["enc-version"].value = "2";
    run.profile = &profile;
    flow.actors = {{"alice", model::Party::third_party_client},
                   {"bob", model::Party::gatekeeper_client},
                   {"server", model::Party::gatekeeper_server}};
    run.flow = &flow;
    run.suts = {model::Party::gatekeeper_server};
    scope.values = {{"alice.bare", kThirdParty}, {"bob.bare", kNative}};
    talk = RelayedTalk::of(run, scope.values, Rng(5));
    upload = publish("upload", {{"one-time", one_time}});
  }

  using Fields = std::map<std::string, std::string>;

  // What goes out for a step that says these fields.
  xml::Element sealed(const std::string& step, const std::string& link, xml::Element element,
                      const Fields& fields, const model::Change* change = nullptr) {
    for (const auto& [field, value] : fields) {
      scope.values[step + "." + field] = value;
    }
    auto out = talk->seal(
        {.step = step, .link = link, .element = std::move(element), .change = change}, scope);
    EXPECT_TRUE(out) << out.error();
    return out ? out->front() : xml::Element();
  }
  void sent(const std::string& link, const xml::Element& stanza) { talk->note_sent(link, stanza); }

  xml::Element publish(const std::string& step, const Fields& fields) {
    auto empty = element_of("<iq type='set'><list/></iq>");
    empty.set("id", step);
    empty.set("xmlns", "encrypt");
    auto out = sealed(step, "alice", std::move(empty), fields);
    sent("alice", out);
    return out;
  }
  // bob asks for alice's keys; the answer holds those of `holder` with its one-time key `nth`.
  void fetch(const std::string& id, const xml::Element& holder, std::size_t nth) {
    fetch(id, handed(holder, nth));
  }
  void fetch(const std::string& id, const xml::Element& user) {
    auto request = element_of("<iq type='get'><key><user jid='12-491@interop'/></key></iq>");
    request.set("id", id);
    request.set("xmlns", "encrypt");
    sent("bob", request);
    auto answer = element_of("<iq type='result'><list/></iq>");
    answer.set("id", id);
    answer.child("list")->children.emplace_back(user);
    (void)talk->opened("bob", answer);
  }
  // <user/> as a server makes it of an upload; `nth` from 0, of what is not there none.
  static xml::Element handed(const xml::Element& holder, std::size_t nth) {
    auto out = element_of("<user jid='12-491@interop'/>");
    for (const auto* part : holder.elements()) {
      if (part->name != "list") {
        out.children.emplace_back(*part);
        continue;
      }
      const auto keys = part->elements();
      if (nth < keys.size()) {
        out.children.emplace_back(*keys[nth]);
      }
    }
    return out;
  }
  // A message of one to the other, as it went out.
  xml::Element says(const std::string& step, const std::string& from, const Fields& more = {}) {
    auto message = element_of("<message type='text'><enc v='2' type='msg'/></message>");
    message.set("id", step);
    message.set("to", from == "alice" ? kNative : kThirdParty);
    message.child("enc")->set_text("text of " + step);
    auto fields = more;
    fields["text"] = "text of " + step;
    auto out = sealed(step, from, std::move(message), fields);
    sent(from, out);
    return out;
  }
  // What the other reads of it once the server has done `bend`.
  xml::Element delivered(
      const xml::Element& message, const std::string& to,
      const std::function<void(xml::Element&)>& bend = [](xml::Element&) {}) {
    auto out = message;
    out.erase("to");
    out.set("from", to == "alice" ? kNative : kThirdParty);
    bend(out);
    return talk->opened(to, out);
  }
  std::string breaches() const {
    std::string out;
    for (const auto& breach : talk->breaches()) {
      out += (out.empty() ? "" : " ") + breach.monitor;
    }
    return out;
  }
};

}  // namespace parley::engine
