// SPDX-License-Identifier: GPL-3.0-or-later
// What the nodes of users hold, as OmemoTalk knows it: learned of what the SUT publishes, handed
// out to whoever asks.
#include <algorithm>

#include "harness/crypto/signal/session.h"
#include "harness/engine/omemo_talk.h"

namespace parley::engine {

namespace signal = crypto::signal;
namespace omemo = crypto::omemo;

namespace {

constexpr std::size_t kLeastPrekeys = 20;  // XEP-0384 0.3.0 "Announcing support"

std::string bare_of(const std::string& jid) { return jid.substr(0, jid.find('/')); }

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

// What a user of the SUT's publishes at its own nodes.
void OmemoTalk::learn(const std::string& link, xml::Element& pubsub) {
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
    breaches_.note({"prekey-form", link,
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

void OmemoTalk::note_sent(const std::string& link, const xml::Element& stanza) {
  files_.note_said(link, stanza);
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
