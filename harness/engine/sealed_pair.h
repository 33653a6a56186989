// SPDX-License-Identifier: GPL-3.0-or-later
// For tests: Parley's side of sealed conversations against a client by the library.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "harness/crypto/signal/two_devices.h"
#include "harness/engine/correspondence.h"
#include "harness/engine/key_publication.h"
#include "harness/engine/message_content.h"
#include "harness/wire/content.h"

namespace parley::engine {

inline constexpr const char* kAlice = "12-491@interop";
inline constexpr const char* kBob = "492@s.whatsapp.net";

inline xml::Element parsed(const std::string& text) { return xml::parse(text, "").value(); }

// A run in which alice is under test and bob is played, and alice's device.
struct Pair {
  model::Flow flow;
  model::Profile profile;
  CastRun run;
  Scope scope;
  std::unique_ptr<Correspondence> ours;
  crypto::signal::TestDevice alice{"alice", 7};
  crypto::signal::Address bob{.name = kBob, .device = crypto::signal::DeviceId(0)};

  explicit Pair(model::Content content = model::Content::signal,
                const std::string& enc_version = "2") {
    flow.content = content;
    profile.settings["enc-version"].value = enc_version;
    run.profile = &profile;
    flow.actors = {{"alice", model::Party::third_party_client},
                   {"bob", model::Party::gatekeeper_client},
                   {"server", model::Party::gatekeeper_server}};
    run.flow = &flow;
    run.suts = {model::Party::third_party_client};
    scope.values = {{"alice.bare", kAlice}, {"bob.bare", kBob}};
    ours = Correspondence::of(run, scope.values, Rng(5));
  }

  xml::Element upload() const {
    auto out = bundle_element("", alice.bundle(9));
    out.name = "iq";
    out.set("xmlns", "encrypt");
    out.set("type", "set");
    xml::Element list{.ns = "", .name = "list", .attributes = {}, .children = {}};
    for (std::size_t i = 0; i < alice.device.one_time.size(); ++i) {
      list.children.emplace_back(*bundle_element("", alice.bundle(i)).child("key"));
    }
    out.children.emplace_back(std::move(list));
    return out;
  }
  void publish() { (void)ours->opened("alice", upload()); }

  Result<std::vector<xml::Element>> seal(const std::string& step, const model::Change* change) {
    scope.values[step + ".text"] = "text of " + step;
    auto message = parsed("<message id='i'><enc v='2' type='msg'/></message>");
    message.set("from", kBob);
    message.child("enc")->set_text("text of " + step);
    return ours->seal(
        {.step = step, .link = "alice", .element = std::move(message), .change = change}, scope);
  }
  // What alice reads of the last stanza; why not, in brackets.
  std::string reads(const xml::Element& stanza) {
    const auto* enc = stanza.child("enc");
    const auto kind = enc->get("type") == "pkmsg" ? crypto::signal::MessageKind::pkmsg
                                                  : crypto::signal::MessageKind::msg;
    const auto plain = alice.provider->decrypt(bob, {.kind = kind, .octets = enc->text()});
    if (!plain) {
      return "(" + std::string(to_string(plain.error().reason)) + ")";
    }
    const auto read = read_content(*plain);
    return read ? read->text : "(content)";
  }
  std::string hears(const std::string& step, const model::Change* change = nullptr) {
    const auto sealed = seal(step, change);
    if (!sealed) {
      return sealed.error().detail;
    }
    for (std::size_t i = 0; i + 1 < sealed->size(); ++i) {
      EXPECT_EQ(reads((*sealed)[i]).size(), 12U) << i;
    }
    return reads(sealed->back());
  }
  xml::Element message_of(const std::string& text) {
    wire::Content content;
    content.conversation = text;
    Rng rng(3);
    const auto sealed = alice.provider->encrypt(bob, wire::pad(wire::write(content), rng));
    auto out = parsed("<message id='m'><enc v='2'/></message>");
    out.set("to", kBob);
    out.child("enc")->set("type", std::string(to_string(sealed->kind)));
    out.child("enc")->set_text(sealed->octets);
    return out;
  }
  xml::Element says(const std::string& text) { return ours->opened("alice", message_of(text)); }
  void fetch(const std::string& id = "f") {
    auto request = parsed("<iq type='get' xmlns=''><key><user/></key></iq>");
    request.set("id", id);
    request.set("xmlns", "encrypt");
    request.child("key")->child("user")->set("jid", kBob);
    (void)ours->opened("alice", request);
  }
  // In answer to the request.
  xml::Element keys_of(const std::string& jid, const std::string& id = "f") const {
    return ours->keys_of({"alice", id}, jid);
  }
};

inline model::Change forgery(const std::string& name) {
  return {.step = "", .edit = model::EncryptionEdit{.forge = name}};
}

inline std::string monitors_of(const Correspondence& ours) {
  std::string out;
  for (const auto& breach : ours.breaches()) {
    out += (out.empty() ? "" : " ") + breach.monitor;
  }
  return out;
}

}  // namespace parley::engine
