// SPDX-License-Identifier: GPL-3.0-or-later
// What the client does where its messages are encrypted: what it publishes and asks for, what goes
// out and what is read. Source: XEP-0384 version 0.3.0, "Use cases".
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/reference/client_sasl.h"
#include "harness/reference/client_session.h"
#include "harness/reference/fragile_xml.h"

namespace parley::reference {
namespace {

constexpr std::size_t kMostWaiting = 1'000;
constexpr std::string_view kHintsNs = "urn:xmpp:hints";
constexpr std::string_view kHint = "This message is encrypted with OMEMO.";

std::string bare(const std::string& jid) { return jid.substr(0, jid.find('/')); }

std::string bundle_node(std::uint32_t device) {
  return std::string(omemo::kBundleNode) + std::to_string(device);
}

xml::Element body_element(std::string text) {
  xml::Element out = omemo::element(kClientNs, "body");
  out.set_text(std::move(text));
  return out;
}

// The bundle that answers a request for that device's.
const xml::Element* bundle_in(const xml::Element& iq, std::uint32_t device,
                              const FaultSet& faults) {
  const auto* pubsub = iq.child("pubsub", omemo::kPubsubNs);
  const auto* items = pubsub == nullptr ? nullptr : pubsub->child("items");
  const std::string node = items != nullptr && faults.has(Fault::tp_omemo_bundle_of_another)
                               ? items->get("node")
                               : bundle_node(device);
  const auto* bundle = omemo::held(pubsub, node);
  return bundle != nullptr && bundle->name == "bundle" && bundle->ns == omemo::kNs ? bundle
                                                                                   : nullptr;
}

}  // namespace

omemo::Device& ClientSession::device() {
  if (memory_->device == nullptr) {
    memory_->device = std::make_unique<omemo::Device>(faults_, Rng(rng_.next()));
  }
  return *memory_->device;
}

// The keys come before the device that has them: whoever sees the one finds the others.
void ClientSession::start_encryption() {
  publish_bundle();
  for (auto& [jid, peer] : memory_->peers) {
    peer.list_asked = false;
    peer.asked.clear();
  }
  ask_node("", std::string(omemo::kListNode), {.to = {}, .kind = RequestKind::own_list});
}

void ClientSession::publish(const std::string& node, xml::Element payload) {
  xml::Element iq = omemo::element(kClientNs, "iq");
  iq.set("type", "set");
  iq.children.emplace_back(omemo::publication(node, std::move(payload)));
  request(std::move(iq), {.to = {}, .kind = RequestKind::publication});
}

void ClientSession::publish_bundle() { publish(bundle_node(device().id()), device().bundle()); }

// The user's other devices stay on it.
void ClientSession::publish_list(const xml::Element* held) {
  std::vector<std::uint32_t> devices;
  if (held != nullptr && !faults_.has(Fault::tp_omemo_own_list_replaced)) {
    devices = omemo::listed(*held);
  }
  if (std::ranges::count(devices, device().id()) > 0 ||
      faults_.has(Fault::tp_omemo_never_announced)) {
    return;
  }
  devices.push_back(device().id());
  publish(std::string(omemo::kListNode), omemo::list_element(devices));
}

void ClientSession::ask_node(const std::string& to, const std::string& node, Request request) {
  xml::Element iq = omemo::element(kClientNs, "iq");
  iq.set("type", "get");
  if (!to.empty()) {
    iq.set("to", to);
  }
  iq.children.emplace_back(omemo::retrieval(node));
  this->request(std::move(iq), std::move(request));
}

// --- sending ---

void ClientSession::send_encrypted(omemo::Waiting message) {
  const std::string peer = bare(message.to);
  auto& waiting = memory_->peers[peer].waiting;
  if (waiting.size() >= kMostWaiting) {
    waiting.pop_front();  // the peer's server answers nothing
  }
  waiting.push_back(std::move(message));
  go_on(peer);
}

// Asks for what is not known of the peer's devices, and sends once all is there.
void ClientSession::go_on(const std::string& name) {
  auto& peer = memory_->peers[name];
  if (peer.waiting.empty()) {
    return;
  }
  if (!peer.devices) {
    if (!std::exchange(peer.list_asked, true)) {
      ask_node(name, std::string(omemo::kListNode), {.to = name, .kind = RequestKind::list});
    }
    return;
  }
  for (const auto one : *peer.devices) {
    if (!device().has_session(name, one) && !peer.refused.contains(one) &&
        peer.asked.insert(one).second) {
      ask_node(name, bundle_node(one), {.to = name, .kind = RequestKind::bundle, .device = one});
    }
  }
  if (!peer.asked.empty()) {
    return;
  }
  peer.refused.clear();
  for (const auto& message : std::exchange(peer.waiting, {})) {
    send_sealed(name, message);
  }
}

void ClientSession::send_sealed(const std::string& name, const omemo::Waiting& waiting) {
  const auto& devices = *memory_->peers[name].devices;
  auto encrypted = device().seal(name, devices, waiting.text);
  if (!encrypted) {
    give_up(name, waiting, !devices.empty());
    return;
  }
  xml::Element message = omemo::element(kClientNs, "message");
  message.set("type", "chat");
  message.set("to", waiting.to);
  message.set("id", waiting.id);
  message.children.emplace_back(std::move(*encrypted));
  message.children.emplace_back(omemo::element(kHintsNs, "store"));
  const bool repeats = faults_.has(Fault::tp_omemo_text_in_body);
  message.children.emplace_back(body_element(repeats ? waiting.text : std::string(kHint)));
  if (faults_.has(Fault::tp_omemo_text_in_thread)) {
    xml::Element thread = omemo::element(kClientNs, "thread");
    thread.set_text(waiting.text);
    message.children.emplace_back(std::move(thread));
  }
  send(std::move(message));
}

void ClientSession::give_up(const std::string& peer, const omemo::Waiting& waiting,
                            bool has_devices) {
  if (faults_.has(has_devices ? Fault::tp_omemo_clear_without_session
                              : Fault::tp_omemo_clear_without_devices)) {
    xml::Element message = omemo::element(kClientNs, "message");
    message.set("type", "chat");
    message.set("to", waiting.to);
    message.set("id", waiting.id);
    message.children.emplace_back(body_element(waiting.text));
    send(std::move(message));
    return;
  }
  tell("answered",
       {{"id", waiting.id}, {"from", peer}, {"type", "error"}, {"condition", "not-acceptable"}});
}

// --- reading ---

void ClientSession::take_node(const Request& request, const xml::Element& iq) {
  const auto* list = omemo::held(iq.child("pubsub", omemo::kPubsubNs), omemo::kListNode);
  switch (request.kind) {
    case RequestKind::own_list:
      publish_list(list);
      return;
    case RequestKind::list: {
      auto& peer = memory_->peers[request.to];
      peer.list_asked = false;
      peer.devices = list == nullptr ? std::vector<std::uint32_t>() : omemo::listed(*list);
      go_on(request.to);
      if (peer.devices->empty()) {
        peer.devices.reset();  // asked anew for the next message
      }
      return;
    }
    case RequestKind::bundle: {
      auto& peer = memory_->peers[request.to];
      peer.asked.erase(request.device);
      const auto* bundle = bundle_in(iq, request.device, faults_);
      if (bundle == nullptr || !device().begin(request.to, request.device, *bundle)) {
        peer.refused.insert(request.device);
      }
      go_on(request.to);
      return;
    }
    case RequestKind::plain:
    case RequestKind::publication:
    case RequestKind::service_items:
    case RequestKind::service_info:
    case RequestKind::slot:
      return;
  }
}

// XEP-0163 section 4.3: what a contact's node holds now. False for any other message.
bool ClientSession::take_event(const xml::Element& message) {
  const auto* event = message.child("event", omemo::kEventNs);
  if (event == nullptr) {
    return false;
  }
  const auto* list = omemo::held(event, omemo::kListNode);
  const std::string owner = bare(sender(message));
  if (list == nullptr || list->name != "list") {
    return true;
  }
  if (owner == bare_jid_) {
    publish_list(list);
  } else if (!faults_.has(Fault::tp_omemo_list_change_ignored)) {
    memory_->peers[owner].devices = omemo::listed(*list);
    go_on(owner);
  }
  return true;
}

void ClientSession::take_encrypted(const xml::Element& message, const xml::Element& encrypted) {
  const auto opened = device().open(bare(sender(message)), encrypted);
  stuck_ = stuck_ || (opened.text && !is_xml_text(*opened.text) &&
                      faults_.has(Fault::tp_stuck_after_odd_text));
  if (stuck_) {
    return;
  }
  if (opened.prekey_used && !faults_.has(Fault::tp_omemo_bundle_not_renewed)) {
    publish_bundle();
  }
  const auto* body = message.child("body", kClientNs);
  if (opened.text && body != nullptr && faults_.has(Fault::tp_omemo_body_shown)) {
    show_text(message, body->text());
  } else if (opened.text) {
    show_text(message, *opened.text);
  } else if (encrypted.child("payload", omemo::kNs) != nullptr) {
    take_unread(message);
  } else if (faults_.has(Fault::tp_omemo_transport_shown)) {
    show_text(message, "");
  }
}

void ClientSession::take_unread(const xml::Element& message) {
  const auto* body = message.child("body", kClientNs);
  if (body != nullptr && faults_.has(Fault::tp_omemo_hint_shown)) {
    show_text(message, body->text());
  } else if (faults_.has(Fault::tp_omemo_ends_on_unread)) {
    wire_->abandon();
  }
}

}  // namespace parley::reference
