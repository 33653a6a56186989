// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/parties/xmpp.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace parley::parties {
namespace {

using engine::PeerView;
using model::Party;
using xml::Element;

constexpr std::string_view kClientNs = "jabber:client";
constexpr std::string_view kStanzaErrorNs = "urn:ietf:params:xml:ns:xmpp-stanzas";
constexpr std::string_view kSaslNs = "urn:ietf:params:xml:ns:xmpp-sasl";
constexpr std::string_view kPingNs = "urn:xmpp:ping";
constexpr std::string_view kRosterNs = "jabber:iq:roster";
constexpr std::string_view kSessionNs = "urn:ietf:params:xml:ns:xmpp-session";
constexpr std::string_view kDiscoInfoNs = "http://jabber.org/protocol/disco#info";
constexpr std::string_view kDiscoItemsNs = "http://jabber.org/protocol/disco#items";
constexpr std::string_view kUploadNs = "urn:xmpp:http:upload:0";
constexpr std::string_view kFormNs = "jabber:x:data";
constexpr std::string_view kMostUploadOctets = "4194304";  // what a played host takes
constexpr std::string_view kPubsubNs = "http://jabber.org/protocol/pubsub";
// XEP-0163 section 6: what a server that keeps users' nodes says of itself.
constexpr std::array<std::string_view, 3> kPepFeatures{
    "http://jabber.org/protocol/pubsub#publish",
    "http://jabber.org/protocol/pubsub#publish-options",
    "http://jabber.org/protocol/pubsub#persistent-items"};

Element element(std::string_view name, std::string_view ns) {
  return {.ns = std::string(ns), .name = std::string(name), .attributes = {}, .children = {}};
}

struct DiscoIdentity {
  std::string_view category;
  std::string_view type;
};

Element disco_info(DiscoIdentity who, const Element& asked) {
  auto query = element("query", kDiscoInfoNs);
  if (const auto* node = asked.find("node")) {
    query.set("node", *node);  // XEP-0030 section 3.2
  }
  auto identity = element("identity", kDiscoInfoNs);
  identity.set("category", std::string(who.category));
  identity.set("type", std::string(who.type));
  query.children.emplace_back(std::move(identity));
  for (const auto& var : {kDiscoInfoNs, kPingNs}) {
    auto feature = element("feature", kDiscoInfoNs);
    feature.set("var", std::string(var));
    query.children.emplace_back(std::move(feature));
  }
  return query;
}

// The result or error that answers `iq` to `receiver` (nobody named when empty).
Element answer(const Element& iq, std::string_view type, const std::string& receiver) {
  auto out = element("iq", kClientNs);
  out.set("type", std::string(type));
  if (const auto* id = iq.find("id")) {
    out.set("id", *id);
  }
  if (!receiver.empty()) {
    out.set("to", receiver);
  }
  if (const auto* to = iq.find("to")) {
    out.set("from", *to);
  }
  return out;
}

struct Condition {
  std::string_view type;
  std::string_view name;
  std::string_view code{};  // XEP-0086: which older clients look at
};
constexpr Condition kUnavailable{"cancel", "service-unavailable"};
constexpr Condition kBadRequest{"modify", "bad-request"};
constexpr Condition kNotFound{"cancel", "item-not-found", "404"};

Element refuse(const Element& iq, Condition condition, const std::string& receiver) {
  auto out = answer(iq, "error", receiver);
  auto error = element("error", kClientNs);
  error.set("type", std::string(condition.type));
  if (!condition.code.empty()) {
    error.set("code", std::string(condition.code));
  }
  error.children.emplace_back(element(condition.name, kStanzaErrorNs));
  out.children.emplace_back(std::move(error));
  return out;
}

bool is_request(const Element& stanza) {
  const auto type = stanza.get("type");
  return stanza.ns == kClientNs && stanza.name == "iq" && (type == "get" || type == "set");
}

// A request as the rows below name it: "get urn:xmpp:ping ping".
struct Request {
  std::string_view type;
  std::string_view ns;
  std::string_view name;
};
bool asks(const Element& iq, const Element& payload, const Request& row) {
  return iq.get("type") == row.type && payload.ns == row.ns && payload.name == row.name;
}

constexpr Request kPing{"get", kPingNs, "ping"};
constexpr Request kRosterGet{"get", kRosterNs, "query"};
constexpr Request kRosterSet{"set", kRosterNs, "query"};
constexpr Request kSession{"set", kSessionNs, "session"};
constexpr Request kDiscoInfo{"get", kDiscoInfoNs, "query"};
constexpr Request kDiscoItems{"get", kDiscoItemsNs, "query"};
constexpr Request kPublish{"set", kPubsubNs, "pubsub"};
constexpr Request kRetrieve{"get", kPubsubNs, "pubsub"};

std::string bare_of(const std::string& jid) { return jid.substr(0, jid.find('/')); }

// RFC 6120 section 8.2.3: a get or set has exactly one child element.
const Element* only_payload(const Element& iq) {
  const auto parts = iq.elements();
  return parts.size() == 1 ? parts.front() : nullptr;
}

// The played client's answer to a request that its server delivers.
Element client_answer(const Element& iq, const PeerView& view) {
  const auto from = iq.get("from");
  const auto* payload = only_payload(iq);
  if (payload == nullptr) {
    return refuse(iq, kBadRequest, from);
  }
  // RFC 6121 section 2.1.6: a push from anybody but the own server is ignored or refused.
  const bool own_server = from.empty() || from == view.domain || from == view.bare;
  if (asks(iq, *payload, kPing) || (asks(iq, *payload, kRosterSet) && own_server)) {
    return answer(iq, "result", from);
  }
  if (asks(iq, *payload, kDiscoInfo)) {
    auto out = answer(iq, "result", from);
    out.children.emplace_back(disco_info({"client", "pc"}, *payload));
    return out;
  }
  return refuse(iq, kUnavailable, from);
}

void add_pep(Element& query) {
  auto identity = element("identity", kDiscoInfoNs);
  identity.set("category", "pubsub");
  identity.set("type", "pep");
  query.children.emplace_back(std::move(identity));
  for (const auto& var : kPepFeatures) {
    auto feature = element("feature", kDiscoInfoNs);
    feature.set("var", std::string(var));
    query.children.emplace_back(std::move(feature));
  }
}

Element roster_of(const PeerView& view) {
  auto query = element("query", kRosterNs);
  for (const auto& contact : view.contacts) {
    auto item = element("item", kRosterNs);
    item.set("jid", contact);
    item.set("subscription", "both");
    query.children.emplace_back(std::move(item));
  }
  return query;
}

// What the nodes of a user hold, to whoever asks (XEP-0060 section 6.5); null for other requests,
// and where the server keeps none.
std::optional<Element> node_answer(const Element& iq, const Element& payload,
                                   const PeerView& view) {
  const auto* items = payload.child("items", kPubsubNs);
  if (!view.item_of || !asks(iq, payload, kRetrieve) || items == nullptr) {
    return std::nullopt;
  }
  const auto owner = iq.get("to").empty() ? view.bare : bare_of(iq.get("to"));
  auto item = view.item_of(owner, items->get("node"));
  if (!item) {
    return refuse(iq, kNotFound, view.jid);
  }
  auto held = element("items", kPubsubNs);
  held.set("node", items->get("node"));
  held.children.emplace_back(std::move(*item));
  auto pubsub = element("pubsub", kPubsubNs);
  pubsub.children.emplace_back(std::move(held));
  auto out = answer(iq, "result", view.jid);
  out.children.emplace_back(std::move(pubsub));
  return out;
}

// What the played server answers about itself and about the account; null for other requests.
std::optional<Element> own_answer(const Element& iq, const Element& payload, const PeerView& view) {
  auto out = answer(iq, "result", view.jid);
  if (asks(iq, payload, kPing) || asks(iq, payload, kRosterSet) || asks(iq, payload, kSession)) {
    return out;
  }
  if (view.item_of && asks(iq, payload, kPublish) && payload.child("publish") != nullptr) {
    return out;  // what was published is known by now
  }
  if (asks(iq, payload, kRosterGet)) {
    out.children.emplace_back(roster_of(view));
    return out;
  }
  if (asks(iq, payload, kDiscoInfo)) {
    auto query = disco_info({"server", "im"}, payload);
    if (view.item_of) {
      add_pep(query);
    }
    out.children.emplace_back(std::move(query));
    return out;
  }
  if (asks(iq, payload, kDiscoItems)) {
    auto query = element("query", kDiscoItemsNs);
    if (!view.upload.empty()) {
      auto item = element("item", kDiscoItemsNs);
      item.set("jid", view.upload);
      query.children.emplace_back(std::move(item));
    }
    out.children.emplace_back(std::move(query));
    return out;
  }
  return std::nullopt;
}

void add_text(Element& parent, std::string_view name, std::string_view ns, std::string_view text) {
  auto child = element(name, ns);
  child.set_text(std::string(text));
  parent.children.emplace_back(std::move(child));
}

// What the played server's upload service says of itself (XEP-0363 "Discovering Support"). A slot
// that no step gives there is none.
Element upload_answer(const Element& iq, const Element& payload, const PeerView& view) {
  if (!asks(iq, payload, kDiscoInfo)) {
    return refuse(iq, kUnavailable, view.jid);
  }
  auto query = disco_info({"store", "file"}, payload);
  auto feature = element("feature", kDiscoInfoNs);
  feature.set("var", std::string(kUploadNs));
  query.children.emplace_back(std::move(feature));
  auto form = element("x", kFormNs);
  form.set("type", "result");
  for (const auto& [var, value] :
       {std::pair{std::string_view("FORM_TYPE"), kUploadNs},
        std::pair{std::string_view("max-file-size"), kMostUploadOctets}}) {
    auto field = element("field", kFormNs);
    field.set("var", std::string(var));
    add_text(field, "value", kFormNs, value);
    form.children.emplace_back(std::move(field));
  }
  query.children.emplace_back(std::move(form));
  auto out = answer(iq, "result", view.jid);
  out.children.emplace_back(std::move(query));
  return out;
}

Element server_answer(const Element& iq, const PeerView& view) {
  const auto* payload = only_payload(iq);
  if (payload == nullptr) {
    return refuse(iq, kBadRequest, view.jid);
  }
  if (auto held = node_answer(iq, *payload, view)) {
    return std::move(*held);
  }
  const auto to = iq.get("to");
  if (!view.upload.empty() && to == view.upload) {
    return upload_answer(iq, *payload, view);
  }
  if (to.empty() || to == view.domain || to == view.bare) {
    if (auto own = own_answer(iq, *payload, view)) {
      return std::move(*own);
    }
  }
  return refuse(iq, kUnavailable, view.jid);
}

// The client's own stanza as the server delivers it back to it; a `to` that is there stays.
Element returned(Element stanza, const PeerView& view, const std::string& receiver) {
  stanza.set("from", view.jid);
  if (stanza.find("to") == nullptr) {
    stanza.set("to", receiver);
  }
  return stanza;
}

std::vector<Element> server_delivers(const Element& stanza, const PeerView& view) {
  const auto* to = stanza.find("to");
  const bool available = stanza.find("type") == nullptr;
  // RFC 6121 section 4.2.2: the client gets its own presence, too.
  if (stanza.name == "presence" && to == nullptr && available) {
    return {returned(stanza, view, view.jid)};
  }
  const bool itself = to == nullptr || bare_of(*to) == view.bare;
  if (stanza.name == "message" && itself && stanza.get("type") != "error") {
    // RFC 6120 section 10.3.1: without `to` it is for the sender's bare JID.
    return {returned(stanza, view, view.bare)};
  }
  return {};
}

std::vector<Element> respond(const Element& stanza, const PeerView& view) {
  // RFC 6120 section 6.4.2: an <auth/> without an initial response is asked for it.
  if (stanza.ns == kSaslNs && stanza.name == "auth" && stanza.children.empty() &&
      view.plays == Party::gatekeeper_server) {
    return {element("challenge", kSaslNs)};
  }
  if (stanza.ns != kClientNs) {
    return {};
  }
  switch (view.plays) {
    case Party::gatekeeper_client:
    case Party::third_party_client:
      return is_request(stanza) ? std::vector<Element>{client_answer(stanza, view)}
                                : std::vector<Element>{};
    case Party::gatekeeper_server:
      return is_request(stanza) ? std::vector<Element>{server_answer(stanza, view)}
                                : server_delivers(stanza, view);
    case Party::third_party_server:
    case Party::intermediary:
      return {};
  }
  return {};
}

}  // namespace

engine::Manners xmpp_manners() { return {.respond = respond}; }

}  // namespace parley::parties
