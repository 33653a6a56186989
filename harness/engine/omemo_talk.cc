// SPDX-License-Identifier: GPL-3.0-or-later
// The receiving half of OmemoTalk: what is learned of the SUT's keys and read of its messages.
#include "harness/engine/omemo_talk.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/encoding.h"
#include "harness/crypto/signal/message.h"
#include "harness/crypto/signal/session.h"
#include "harness/engine/media_secrets.h"
#include "harness/engine/sealed_view.h"

namespace parley::engine {

namespace signal = crypto::signal;
namespace omemo = crypto::omemo;

namespace {

constexpr std::size_t kOneTimePrekeys = 30;
constexpr std::size_t kLeastSecret = 8;    // what is shorter is found by chance
constexpr std::size_t kMostUnopened = 64;  // of a link; each may cost as many keys as are skipped
constexpr std::uint64_t kMaxDeviceId = 0x7FFFFFFF;

std::string bare_of(const std::string& jid) { return jid.substr(0, jid.find('/')); }

omemo::DeviceId device_id(Rng& rng) {
  return static_cast<omemo::DeviceId>(1 + rng.below(kMaxDeviceId));
}

// At any depth; the reader bounds how deep that can be.
void erase_opened(xml::Element& element) {
  std::erase_if(element.children, [](const xml::Node& node) {
    const auto* child = std::get_if<xml::Element>(&node);
    return child != nullptr && child->ns == kOpenedNamespace;
  });
  for (auto& node : element.children) {
    if (auto* child = std::get_if<xml::Element>(&node)) {
      erase_opened(*child);
    }
  }
}

}  // namespace

xml::Element opened_element() {
  return {.ns = std::string(kOpenedNamespace), .name = "opened", .attributes = {}, .children = {}};
}

std::unique_ptr<OmemoTalk::Device> OmemoTalk::make_device(const std::string& actor, Rng rng) {
  auto out = std::make_unique<Device>();
  out->actor = actor;
  out->id = device_id(rng);
  auto keys = signal::make_device(out->store, kOneTimePrekeys, 0, rng);
  auto provider = keys ? signal::make_open_provider(out->store, rng.child("sessions"))
                       : std::unexpected(keys.error());
  if (!provider) {
    return nullptr;  // of a store in memory and a generator nothing fails
  }
  out->keys = std::move(*keys);
  out->provider = std::move(*provider);
  return out;
}

std::unique_ptr<OmemoTalk> OmemoTalk::of(const CastRun& run,
                                         const std::map<std::string, std::string>& values,
                                         const Rng& rng) {
  if (run.server_under_test()) {
    return nullptr;
  }
  std::unique_ptr<OmemoTalk> out(new OmemoTalk);
  out->rng_ = rng.child("omemo");
  for (const auto& [actor, party] : run.flow->actors) {
    const auto bare = values.find(actor + ".bare");
    if (model::is_server(party) || bare == values.end()) {
      continue;
    }
    const auto account = run.flow->accounts.find(actor);
    const auto kind = account == run.flow->accounts.end() ? "" : account->second;
    if (!run.played(actor)) {
      out->bare_[actor] = bare->second;
      if (kind == "another-device") {
        auto own = out->rng_.child(actor);
        out->published_[actor].others = {device_id(own)};
        out->published_[actor].list = out->published_[actor].others;
      }
      continue;
    }
    const int count = kind == "two-devices" || kind == "second-device" ? 2 : 1;
    if (kind == "stranger") {
      out->strangers_.insert(bare->second);
    }
    auto& devices = out->devices_[bare->second];
    for (int i = 0; i < count; ++i) {
      if (auto device = make_device(actor, out->rng_.child(fmt::format("{}/{}", actor, i)))) {
        device->listed = kind != "no-devices" && (i == 0 || kind == "two-devices");
        devices.push_back(std::move(device));
      }
    }
  }
  return out;
}

std::map<std::string, std::string> OmemoTalk::values() const {
  std::map<std::string, std::string> out;
  for (const auto& [bare, devices] : devices_) {
    for (std::size_t i = 0; i < devices.size(); ++i) {
      const auto number = i == 0 ? "" : "-2";
      out[devices[i]->actor + ".device" + number] = std::to_string(devices[i]->id);
      const auto keys = devices[i]->bundle().keys;
      out[devices[i]->actor + ".identity" + number] = keys.identity_key;
      out[devices[i]->actor + ".signed-prekey" + number] = keys.signed_prekey;
    }
  }
  return out;
}

omemo::KeyBundle OmemoTalk::Device::bundle() const {
  omemo::KeyBundle out{
      .keys = signal::bundle_of(keys.identity, signal::DeviceId(id), keys.signed_prekey, nullptr),
      .one_time = {}};
  for (const auto& one : keys.one_time) {
    if (!used.contains(static_cast<std::uint32_t>(one.id))) {
      out.one_time.push_back({.id = one.id, .key = one.keys.public_key});
    }
  }
  return out;
}

OmemoTalk::Devices* OmemoTalk::devices_of(const std::string& jid) {
  const auto at = devices_.find(bare_of(jid));
  return at == devices_.end() ? nullptr : &at->second;
}

const OmemoTalk::Devices* OmemoTalk::devices_of(const std::string& jid) const {
  const auto at = devices_.find(bare_of(jid));
  return at == devices_.end() ? nullptr : &at->second;
}

OmemoTalk::Talk& OmemoTalk::talk_of(const std::string& link, const Device& device,
                                    omemo::DeviceId theirs) {
  auto& talk = talks_[fmt::format("{} {} {}", link, device.id, theirs)];
  talk.conversation.peer = {.name = bare_[link], .device = signal::DeviceId(theirs)};
  return talk;
}

void OmemoTalk::look_for_texts(const std::string& link, const xml::Element& stanza) {
  const auto said = all_text_of(stanza);
  for (const auto& text : written_) {
    if (text.size() >= kLeastSecret && said.find(text) != std::string::npos) {
      breaches_.note(
          {"sealed-content", link, "what a user wrote went out in the clear", xml::print(stanza)});
    }
  }
}

xml::Element OmemoTalk::opened(const std::string& link, const xml::Element& stanza) {
  auto out = stanza;
  erase_opened(out);
  look_for_texts(link, stanza);
  files_.note_came(link, stanza);
  if (!bare_.contains(link)) {
    return out;
  }
  if (stanza.name == "iq" && stanza.get("type") == "get") {
    const auto* pubsub = stanza.child("pubsub", omemo::kPubsubNamespace);
    const auto* items = pubsub == nullptr ? nullptr : pubsub->child("items");
    if (items != nullptr) {
      asked_[{link, stanza.get("id")}] = {bare_of(stanza.get("to")), items->get("node")};
    }
    return out;
  }
  if (stanza.name == "iq" && stanza.get("type") == "set") {
    if (auto* pubsub = out.child("pubsub", omemo::kPubsubNamespace)) {
      learn(link, *pubsub);
    }
    return out;
  }
  auto* encrypted = stanza.name == "message" ? out.child("encrypted", omemo::kNamespace) : nullptr;
  if (encrypted == nullptr) {
    return out;
  }
  if (auto* devices = devices_of(stanza.get("to"))) {
    open(link, *encrypted, *devices);
  }
  return out;
}

// What a key of it that was opened before held: no session opens it twice.
std::optional<Bytes> OmemoTalk::material_before(const omemo::Envelope& message) const {
  for (const auto& key : message.keys) {
    if (const auto at = materials_.find(key.message.octets); at != materials_.end()) {
      return at->second;
    }
  }
  return std::nullopt;
}

// One key and iv make one payload.
void OmemoTalk::note_payload(const std::string& link, const omemo::Payload& payload,
                             const xml::Element& encrypted) {
  const auto key = payload.key_material.substr(0, crypto::kAes128KeyOctets) + payload.iv;
  const auto [at, fresh] = payloads_.emplace(key, payload.ciphertext);
  if (!fresh && at->second != payload.ciphertext) {
    breaches_.note({"message-keys-once", link, "two payloads are encrypted under one key and iv",
                    xml::print(encrypted)});
  }
}

// Key and tag as that device reads them; nullopt with the reason in `view`.
std::optional<Bytes> OmemoTalk::open_key(const std::string& link, const omemo::Envelope& message,
                                         Device& device, xml::Element& view) {
  const auto key = std::ranges::find(message.keys, device.id, &omemo::EnvelopeKey::rid);
  if (key == message.keys.end()) {
    view.set("unopened", "rid");
    return std::nullopt;
  }
  view.set("type", std::string(to_string(key->message.kind)));
  view.set("rid", std::to_string(key->rid));
  describe_sealed(view, key->message.octets);
  auto& unopened = unopened_[link];
  if (unopened >= kMostUnopened) {
    view.set("unopened", "too many");
    return std::nullopt;
  }
  auto& talk = talk_of(link, device, message.sid);
  auto material = device.provider->decrypt(talk.conversation.peer, key->message);
  if (!material) {
    ++unopened;
    view.set("unopened", std::string(to_string(material.error().reason)));
    return std::nullopt;
  }
  if (const auto first = signal::read_prekey_message(key->message.octets);
      first && first->prekey_id && key->message.kind == signal::MessageKind::pkmsg) {
    device.used.insert(*first->prekey_id);
  }
  talk.conversation.delivered = talk.last_sent;
  talk.conversation.received = inner_of(key->message);
  materials_[key->message.octets] = *material;
  return std::move(*material);
}

void OmemoTalk::open(const std::string& link, xml::Element& encrypted, Devices& devices) {
  auto view = opened_element();
  const std::pair known{link, xml::print(encrypted)};
  if (const auto at = received_.find(known); at != received_.end()) {
    view = at->second;  // it came before
    view.set("again", "yes");
    encrypted.children.emplace_back(std::move(view));
    return;
  }
  const auto message = omemo::read_envelope(encrypted);
  if (!message) {
    view.set("unopened", "form: " + message.error().detail);
    encrypted.children.emplace_back(std::move(view));
    return;
  }
  view.set("sid", std::to_string(message->sid));
  view.set("iv", std::to_string(message->iv.size()));
  if (const auto before = material_before(*message); before && message->payload) {
    note_payload(link,
                 {.key_material = *before, .iv = message->iv, .ciphertext = *message->payload},
                 encrypted);
  }
  std::optional<Bytes> material;
  int readers = 0;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    auto other = opened_element();
    auto read = open_key(link, *message, *devices[i], i == 0 ? view : other);
    readers += read ? 1 : 0;
    if (read && !material) {
      material = std::move(read);
    }
  }
  view.set("devices", std::to_string(readers));
  if (std::ranges::count(published_[link].list, message->sid) == 0) {
    view.set("unopened", "sid");
  } else if (material && message->payload) {
    const omemo::Payload payload{
        .key_material = *material, .iv = message->iv, .ciphertext = *message->payload};
    note_payload(link, payload, encrypted);
    const auto text = omemo::open_payload(payload);
    text ? view.set_text(*text) : view.set("unopened", "payload: " + text.error().detail);
    if (text) {
      files_.describe(link, *text, view);
    }
  } else if (material) {
    view.set("transport", "yes");
  }
  received_[known] = view;
  encrypted.children.emplace_back(std::move(view));
}

xml::Element OmemoTalk::shown(const xml::Element& stanza) const {
  auto out = stanza;
  auto* encrypted = stanza.name == "message" ? out.child("encrypted", omemo::kNamespace) : nullptr;
  const auto message = encrypted == nullptr ? fail(Errc::not_found, "nothing sealed")
                                            : omemo::read_envelope(*encrypted);
  if (!message || message->keys.empty()) {
    return out;
  }
  if (const auto view = views_.find(message->keys.front().message.octets); view != views_.end()) {
    encrypted->children.emplace_back(view->second);
  }
  return out;
}

}  // namespace parley::engine
