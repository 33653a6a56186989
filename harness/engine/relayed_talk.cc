// SPDX-License-Identifier: GPL-3.0-or-later
// The receiving half of RelayedTalk: what is handed out, and what is read of what is delivered.
#include "harness/engine/relayed_talk.h"

#include <algorithm>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/engine/key_publication.h"
#include "harness/engine/sealed_view.h"

namespace parley::engine {

namespace signal = crypto::signal;

namespace {

constexpr std::size_t kMostUnopened = 64;   // of a user; each may cost as many keys as are skipped
constexpr std::size_t kMostBundles = 1024;  // that a user is handed; each costs a signature

}  // namespace

std::unique_ptr<RelayedTalk> RelayedTalk::of(const CastRun& run,
                                             const std::map<std::string, std::string>& values,
                                             const Rng& rng) {
  const auto client_under_test = [&](const auto& actor) {
    return !model::is_server(actor.second) && run.under_test(actor.second);
  };
  if (run.flow == nullptr || run.flow->content != model::Content::signal ||
      !run.under_test(model::Party::gatekeeper_server) ||
      std::ranges::any_of(run.flow->actors, client_under_test)) {
    return nullptr;
  }
  std::unique_ptr<RelayedTalk> out(new RelayedTalk(rng));
  out->form_ = content_form(*run.profile);
  for (const auto& [actor, party] : run.flow->actors) {
    if (model::is_server(party)) {
      continue;
    }
    Device device;
    if (const auto bare = values.find(actor + ".bare"); bare != values.end()) {
      device.bare = bare->second;
    }
    if (device.begin(out->rng_.child(actor))) {  // of a store in memory nothing fails
      out->devices_[actor] = std::move(device);
    }
  }
  return out;
}

std::map<std::string, std::string> RelayedTalk::values() const {
  std::map<std::string, std::string> out;
  for (const auto& [link, device] : devices_) {
    const auto& identity = device.keys.identity;
    out[link + ".registration"] = registration_octets(identity.registration);
    out[link + ".identity"] = identity.keys.public_key;
  }
  return out;
}

RelayedTalk::Device* RelayedTalk::device_at(const std::string& link) {
  const auto at = devices_.find(link);
  return at == devices_.end() ? nullptr : &at->second;
}

RelayedTalk::Device* RelayedTalk::device_of(const std::string& jid) {
  const auto bare = user_of(jid);
  const auto at = std::ranges::find_if(
      devices_, [&](const auto& one) { return !bare.empty() && one.second.bare == bare; });
  return at == devices_.end() ? nullptr : &at->second;
}

void RelayedTalk::note_sent(const std::string& link, const xml::Element& stanza) {
  if (const auto* device = device_at(link)) {
    keys_.note_sent(link, device->bare, stanza);
    relay_.note_sent(link, device->bare, stanza);
  }
}

xml::Element RelayedTalk::opened(const std::string& link, const xml::Element& stanza) {
  auto out = stanza;
  auto* receiver = device_at(link);
  if (receiver == nullptr) {
    return out;
  }
  keys_.note_came(link, stanza);
  relay_.note_came(link, stanza);
  learn_bundles(link, stanza);
  if (stanza.name != "message") {
    return out;
  }
  for (auto& node : out.children) {
    auto* enc = std::get_if<xml::Element>(&node);
    if (enc != nullptr && enc->name == "enc") {
      open(*receiver, user_of(stanza.get("from")), *enc);
    }
  }
  return out;
}

// Those that cannot be used are the ledger's affair.
void RelayedTalk::learn(const std::string& link, const std::string& jid, const xml::Element& user) {
  auto& asker = devices_[link];
  if (device_of(jid) == nullptr || asker.learned >= kMostBundles) {
    return;
  }
  ++asker.learned;
  if (auto bundle = read_bundle(user)) {
    bundles_[link + " " + user_of(jid)] = std::move(*bundle);
  }
}

void RelayedTalk::learn_bundles(const std::string& link, const xml::Element& stanza) {
  if (stanza.name == "receipt") {
    if (const auto* keys = stanza.child("keys")) {
      auto user = *keys;
      if (const auto* registration = stanza.child("registration")) {
        user.children.emplace_back(*registration);
      }
      learn(link, stanza.get("from"), user);
    }
    return;
  }
  const auto* list = stanza.name == "iq" ? stanza.child("list") : nullptr;
  if (list != nullptr) {
    for (const auto* user : list->elements()) {
      learn(link, user->get("jid"), *user);
    }
  }
}

void RelayedTalk::open(Device& receiver, const std::string& from, xml::Element& enc) {
  const auto octets = enc.text();
  erase_view(enc);
  describe_sealed(enc, octets);
  const auto kind = kind_of(enc);
  if (!kind) {
    enc.set("unopened", "type");
    return;
  }
  const auto name = receiver.bare + " " + from + " " + enc.get("type") + " " + octets;
  if (const auto known = received_.find(name); known != received_.end()) {
    copy_view(known->second, enc);
    enc.set("again", "yes");
    return;
  }
  if (device_of(from) == nullptr || receiver.unopened >= kMostUnopened) {
    enc.set("unopened", device_of(from) == nullptr ? "sender" : "too many");
    return;
  }
  const auto plain = read(receiver, {.name = from, .device = signal::DeviceId(0)},
                          {.kind = *kind, .octets = octets});
  if (!plain) {
    ++receiver.unopened;
    enc.set("unopened", std::string(to_string(plain.error().reason)));
    return;
  }
  const auto content = read_content(*plain, form_);
  if (!content) {
    enc.set("unopened", "content: " + content.error().detail);
    return;
  }
  enc.set("padding", std::to_string(content->padding));
  enc.set("content", to_hex(content->content));
  enc.set_text(content->text);
  received_[name] = enc;
}

// Who has keys anew is believed: whether they are that user's own the ledger knows.
signal::Outcome<Bytes> RelayedTalk::read(Device& receiver, const signal::Address& peer,
                                         const signal::Message& message) {
  auto plain = receiver.provider->decrypt(peer, message);
  if (!plain && plain.error().reason == signal::Refusal::identity) {
    if (receiver.provider->set_identity(peer, std::nullopt)) {
      plain = receiver.provider->decrypt(peer, message);
    }
  }
  return plain;
}

xml::Element RelayedTalk::shown(const xml::Element& stanza) const {
  auto out = stanza;
  if (auto* enc = stanza.name == "message" ? out.child("enc") : nullptr) {
    if (const auto view = views_.find(enc->text()); view != views_.end()) {
      copy_view(view->second, *enc);
    }
  }
  return out;
}

}  // namespace parley::engine
