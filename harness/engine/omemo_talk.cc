// SPDX-License-Identifier: GPL-3.0-or-later
// The receiving half of OmemoTalk: what is learned of the SUT's keys and read of its messages.
#include "harness/engine/omemo_talk.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/encoding.h"
#include "harness/crypto/signal/message.h"
#include "harness/crypto/signal/session.h"
#include "harness/engine/sealed_view.h"

namespace parley::engine {

namespace signal = crypto::signal;
namespace omemo = crypto::omemo;

namespace {

constexpr std::size_t kOneTimePrekeys = 30;
constexpr std::size_t kLeastPrekeys = 20;  // XEP-0384 0.3.0 "Announcing support"
constexpr std::size_t kLeastSecret = 8;    // what is shorter is found by chance
constexpr std::size_t kMostUnopened = 64;  // of a link; each may cost as many keys as are skipped
constexpr std::uint64_t kMaxDeviceId = 0x7FFFFFFF;

std::string bare_of(const std::string& jid) { return jid.substr(0, jid.find('/')); }

omemo::DeviceId device_id(Rng& rng) {
  return static_cast<omemo::DeviceId>(1 + rng.below(kMaxDeviceId));
}

xml::Element opened_element() {
  return {.ns = std::string(kOpenedNamespace), .name = "opened", .attributes = {}, .children = {}};
}

void erase_opened(xml::Element& element) {
  std::erase_if(element.children, [](const xml::Node& node) {
    const auto* child = std::get_if<xml::Element>(&node);
    return child != nullptr && child->ns == kOpenedNamespace;
  });
}

// A node and what its only item holds, of a publication, an answer or an event; null where there is
// none.
struct NodeItem {
  std::string node;
  xml::Element* payload = nullptr;
};
NodeItem node_item(xml::Element* parent, std::string_view list) {
  auto* items = parent == nullptr ? nullptr : parent->child(list);
  auto* item = items == nullptr ? nullptr : items->child("item");
  NodeItem out;
  if (items != nullptr) {
    out.node = items->get("node");
  }
  for (auto& node : item == nullptr ? std::vector<xml::Node>() : item->children) {
    if (const auto* payload = std::get_if<xml::Element>(&node)) {
      out.payload = item->child(payload->name, payload->ns);
      break;
    }
  }
  return out;
}

}  // namespace

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

void OmemoTalk::look_for_texts(const xml::Element& stanza) {
  const auto shown = xml::print(stanza);
  for (const auto& text : written_) {
    if (text.size() >= kLeastSecret && shown.find(text) != std::string::npos) {
      breaches_.note({"sealed-content", "what a user wrote went out in the clear", shown});
    }
  }
}

xml::Element OmemoTalk::opened(const std::string& link, const xml::Element& stanza) {
  auto out = stanza;
  look_for_texts(stanza);
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
  erase_opened(*encrypted);
  if (auto* devices = devices_of(stanza.get("to"))) {
    open(link, *encrypted, *devices);
  }
  return out;
}

// What a user of the SUT's publishes at its own nodes.
void OmemoTalk::learn(const std::string& link, xml::Element& pubsub) {
  erase_opened(pubsub);
  const auto published = node_item(&pubsub, "publish");
  if (published.payload == nullptr) {
    return;
  }
  auto view = opened_element();
  const auto device = omemo::device_of_node(published.node);
  Result<void> learned;
  if (published.node == omemo::kDeviceListNode) {
    learned = learn_list(link, *published.payload, view);
  } else if (device) {
    learned = learn_bundle(link, *device, *published.payload, view);
  } else {
    return;
  }
  if (!learned) {
    breaches_.note({"prekey-form",
                    "the client publishes what nobody can use: " + learned.error().detail,
                    xml::print(*published.payload)});
    return;
  }
  view.set("ready", target_on(link) ? "yes" : "no");
  pubsub.children.emplace_back(std::move(view));
}

Result<void> OmemoTalk::learn_list(const std::string& link, const xml::Element& list,
                                   xml::Element& view) {
  auto read = omemo::read_device_list(list);
  if (!read) {
    return std::unexpected(read.error());
  }
  auto& published = published_[link];
  const bool kept = std::ranges::all_of(
      published.others, [&](omemo::DeviceId one) { return std::ranges::count(*read, one) > 0; });
  view.set("node", "list");
  view.set("kept", kept ? "yes" : "no");
  published.list = std::move(*read);
  return {};
}

Result<void> OmemoTalk::learn_bundle(const std::string& link, omemo::DeviceId device,
                                     const xml::Element& bundle, xml::Element& view) {
  auto read = omemo::read_bundle(bundle);
  if (!read) {
    return std::unexpected(read.error());
  }
  if (auto sound = signal::check_bundle(read->keys); !sound) {
    return sound;
  }
  read->keys.device = signal::DeviceId(device);
  auto& published = published_[link];
  const auto used = std::ranges::count_if(read->one_time, [&](const signal::OfferedPrekey& one) {
    return published.used.contains(one.key);
  });
  view.set("node", "bundle");
  view.set("prekeys", std::to_string(read->one_time.size()));
  view.set("enough", read->one_time.size() >= kLeastPrekeys ? "yes" : "no");
  view.set("used", std::to_string(used));
  published.bundles[device] = std::move(*read);
  return {};
}

// One key and iv make one payload.
void OmemoTalk::note_payload(const omemo::Payload& payload, const xml::Element& encrypted) {
  const auto key = payload.key_material.substr(0, crypto::kAes128KeyOctets) + payload.iv;
  const auto [at, fresh] = payloads_.emplace(key, payload.ciphertext);
  if (!fresh && at->second != payload.ciphertext) {
    breaches_.note({"message-keys-once", "two payloads are encrypted under one key and iv",
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
  return std::move(*material);
}

void OmemoTalk::open(const std::string& link, xml::Element& encrypted, Devices& devices) {
  auto view = opened_element();
  const auto header = encrypted.child("header", omemo::kNamespace);
  const std::pair known{link, header == nullptr ? Bytes() : xml::print(*header)};
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
    note_payload(payload, encrypted);
    const auto text = omemo::open_payload(payload);
    text ? view.set_text(*text) : view.set("unopened", "payload: " + text.error().detail);
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

void OmemoTalk::note_sent(const std::string& link, const xml::Element& stanza) {
  auto sent = stanza;
  auto* parent = sent.child(sent.name == "message" ? "event" : "pubsub");
  const auto item = node_item(parent, "items");
  if (item.node == omemo::kDeviceListNode && item.payload != nullptr && bare_.contains(link)) {
    told_[{link, bare_of(stanza.get("from")), item.node}] = omemo::pep_item(*item.payload);
  }
}

void OmemoTalk::note_changed(const std::string& link, const xml::Element& stanza) {
  const auto asked = asked_.find({link, stanza.get("id")});
  if (stanza.name != "iq" || asked == asked_.end()) {
    return;
  }
  // By what was asked for: the change may name another node, which then holds nothing of it.
  auto sent = stanza;
  const auto item = node_item(sent.child("pubsub"), "items");
  auto& told = told_[{link, asked->second.first, asked->second.second}];
  const bool of_it = item.payload != nullptr && item.node == asked->second.second;
  told = of_it ? std::optional(omemo::pep_item(*item.payload)) : std::nullopt;
}

// What a node of that user's holds, as the one on `link` sees it.
std::optional<xml::Element> OmemoTalk::item_of(const std::string& link, const std::string& jid,
                                               const std::string& node) const {
  if (const auto told = told_.find({link, bare_of(jid), node}); told != told_.end()) {
    return told->second;
  }
  const auto bundle = omemo::device_of_node(node);
  if (const auto* devices = devices_of(jid)) {
    std::vector<omemo::DeviceId> list;
    for (const auto& device : *devices) {
      if (bundle == device->id) {
        return omemo::pep_item(omemo::bundle_element(device->bundle()));
      }
      if (device->listed) {
        list.push_back(device->id);
      }
    }
    return node == omemo::kDeviceListNode && !list.empty()
               ? std::optional(omemo::pep_item(omemo::device_list_element(list)))
               : std::nullopt;
  }
  const auto own = published_.find(link);
  if (own == published_.end() || bare_.at(link) != bare_of(jid)) {
    return std::nullopt;
  }
  if (node == omemo::kDeviceListNode && !own->second.list.empty()) {
    return omemo::pep_item(omemo::device_list_element(own->second.list));
  }
  const auto keys = bundle ? own->second.bundles.find(*bundle) : own->second.bundles.end();
  return keys == own->second.bundles.end()
             ? std::nullopt
             : std::optional(omemo::pep_item(omemo::bundle_element(keys->second)));
}

void OmemoTalk::inform(const Request& request, PeerView& view) const {
  view.item_of = [this, link = request.link](const std::string& jid, const std::string& node) {
    return item_of(link, jid, node);
  };
  for (const auto& [bare, devices] : devices_) {
    if (!strangers_.contains(bare)) {
      view.contacts.push_back(bare);
    }
  }
}

}  // namespace parley::engine
