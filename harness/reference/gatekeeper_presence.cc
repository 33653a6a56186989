// SPDX-License-Identifier: GPL-3.0-or-later
// Presence and subscriptions. Source: RFC 6121 sections 3 and 4.
#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/reference/gatekeeper_session.h"

namespace parley::reference {
namespace {

bool is_subscription(std::string_view type) {
  return type == "subscribe" || type == "subscribed" || type == "unsubscribe" ||
         type == "unsubscribed";
}

int priority_of(const xml::Element& presence) {
  const xml::Element* priority = presence.child("priority", kClientNs);
  const std::string text = priority == nullptr ? "" : priority->text();
  int out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return std::clamp(out, -128, 127);
}

xml::Element presence_from(const std::string& from, const std::string& to,
                           const std::string& type) {
  xml::Element out = make_element("presence", kClientNs);
  out.set("from", from);
  out.set("to", to);
  out.set("type", type);
  return out;
}

std::vector<Session*> available_sessions(const Account* account) {
  std::vector<Session*> out;
  if (account != nullptr) {
    std::ranges::copy_if(account->sessions, std::back_inserter(out), &Session::available);
  }
  return out;
}

// What `account`'s resources last said, or that they are gone, goes to `bare` (sections 3.1.5,
// 3.2.3 and 3.3.3).
void show_presence_to(Gatekeeper& keeper, const Account& account, const std::string& bare,
                      const std::string& type) {
  for (Session* session : available_sessions(&account)) {
    for (Session* watcher : available_sessions(keeper.find_bare(bare))) {
      xml::Element presence =
          type.empty() ? session->last_presence() : presence_from(session->full(), bare, type);
      presence.set("to", bare);
      session->deliver(*watcher, std::move(presence));
    }
  }
}

void send_to_all(const std::vector<Session*>& sessions, const xml::Element& presence) {
  for (Session* session : sessions) {
    session->send(presence);
  }
}

// RFC 6121 section 3.1.3.
void inbound_subscribe(Gatekeeper& keeper, Account& account, const std::string& from,
                       const xml::Element& presence) {
  Contact& contact = account.roster[from];
  const std::string own = account.user + "@" + keeper.domain();
  if (contact.from) {
    return inbound_subscription(keeper, from, "subscribed", presence_from(own, from, "subscribed"));
  }
  contact.pending_in = true;
  const auto sessions = available_sessions(&account);
  const bool approves = std::ranges::any_of(account.sessions, [](const Session* session) {
    return session->faults().has(Fault::gk_subscribe_auto_approved);
  });
  if (approves) {
    contact.pending_in = false;
    contact.from = contact.listed = true;
    inbound_subscription(keeper, from, "subscribed", presence_from(own, from, "subscribed"));
    return show_presence_to(keeper, account, from, "");
  }
  for (Session* session : sessions) {
    if (!session->faults().has(Fault::gk_subscribe_not_delivered)) {
      session->send(presence);
    }
  }
}

}  // namespace

// RFC 6121 sections 3.1.3, 3.1.6, 3.2.3 and 3.3.3. `to` is a bare JID.
void inbound_subscription(Gatekeeper& keeper, const std::string& to, const std::string& type,
                          const xml::Element& presence) {
  Account* account = keeper.find_bare(to);
  const auto sender = parse_jid(presence.get("from"));
  if (!sender) {
    return;
  }
  const std::string from = sender->bare();
  if (account == nullptr) {
    // Section 3.1.3: a request to nobody is refused in its name.
    if (type == "subscribe") {
      inbound_subscription(keeper, from, "unsubscribed", presence_from(to, from, "unsubscribed"));
    }
    return;
  }
  if (type == "subscribe") {
    return inbound_subscribe(keeper, *account, from, presence);
  }
  const auto found = account->roster.find(from);
  if (found == account->roster.end()) {
    return;
  }
  Contact& contact = found->second;
  const bool changes = type == "subscribed"     ? contact.asked
                       : type == "unsubscribed" ? contact.to || contact.asked
                                                : contact.from || contact.pending_in;
  if (!changes) {
    return;
  }
  if (type == "unsubscribe") {
    contact.from = contact.pending_in = false;
  } else {
    contact.to = type == "subscribed";
    contact.asked = false;
  }
  send_to_all(available_sessions(account), presence);
  if (contact.listed) {
    push_roster(keeper, *account, from);
  }
  if (type == "unsubscribe") {
    show_presence_to(keeper, *account, from, "unavailable");
  }
}

void Session::on_presence(xml::Element presence, const std::optional<Jid>& to) {
  const std::string type = presence.get("type");
  const bool known = type.empty() || type == "unavailable" || type == "probe" || type == "error" ||
                     is_subscription(type);
  if (!known || (!to && is_subscription(type))) {
    return error(presence, kBadRequest);
  }
  if (account_ == nullptr || type == "probe") {
    return;  // probes are for servers (section 4.3)
  }
  if (to) {
    return is_subscription(type) ? outbound_subscription(presence, *to) : directed(presence, *to);
  }
  if (type == "unavailable") {
    return go_offline(presence);
  }
  if (!type.empty()) {
    return;
  }
  const bool initial = !available();
  priority_ = priority_of(presence);
  presence_ = presence;
  broadcast(presence);
  if (initial) {
    come_online();
  }
}

// To the subscribers and to the account's own resources (sections 4.2.2, 4.4.2 and 4.5.2).
void Session::broadcast(const xml::Element& presence) {
  if (has(Fault::gk_no_presence_broadcast) && !presence.find("type")) {
    return;
  }
  const auto show = [&](const std::vector<Session*>& watchers) {
    for (Session* watcher : watchers) {
      xml::Element copy = presence;
      copy.set("to", watcher->bare());
      deliver(*watcher, std::move(copy));
    }
  };
  show(available_sessions(account_));
  const auto roster = account_->roster;
  for (const auto& [jid, contact] : roster) {
    if (contact.from || (has(Fault::gk_subscription_leak) && contact.listed)) {
      show(available_sessions(keeper_.find_bare(jid)));
    } else if (contact.listed && has(Fault::gk_presence_leaks_bare)) {
      for (Session* watcher : available_sessions(keeper_.find_bare(jid))) {
        xml::Element copy = make_element("presence", kClientNs);
        copy.set("from", full());
        deliver(*watcher, std::move(copy));
      }
    }
  }
}

void Session::come_online() {
  if (!has(Fault::gk_no_probe_answer)) {
    probe_contacts();
  }
  // Requests that wait are delivered now (section 3.1.3).
  for (const auto& [jid, contact] : account_->roster) {
    if (contact.pending_in && !has(Fault::gk_subscribe_not_delivered)) {
      send(presence_from(jid, bare(), "subscribe"));
    }
  }
}

// What a probe would be answered by the contacts of this server (section 4.3.2).
void Session::probe_contacts() {
  const auto show = [&](Session* session) {
    xml::Element presence = session->last_presence();
    presence.set("to", bare());
    session->deliver(*this, std::move(presence));
  };
  for (Session* session : available_sessions(account_)) {
    if (session != this) {
      show(session);
    }
  }
  const auto roster = account_->roster;
  for (const auto& [jid, contact] : roster) {
    const Account* other = contact.to ? keeper_.find_bare(jid) : nullptr;
    if (other == nullptr) {
      continue;
    }
    const auto mine = other->roster.find(bare());
    if (mine != other->roster.end() && mine->second.from) {
      std::ranges::for_each(available_sessions(other), show);
    }
  }
}

void Session::go_offline(const xml::Element& presence) {
  const auto directed_to = std::exchange(directed_, {});
  const bool was_available = available();
  presence_.reset();  // first, so that the notice does not come back to its sender
  const auto others = [&](const Session* watcher) { return watcher != this; };
  if (account_ == nullptr || has(Fault::gk_no_unavailable)) {
    return;
  }
  if (was_available) {
    broadcast(presence);
  }
  if (has(Fault::gk_directed_unavailable_lost)) {
    return;
  }
  // Section 4.6.3: who got directed presence learns the end of it too.
  for (const std::string& jid : directed_to) {
    const auto to = parse_jid(jid);
    Account* account = to ? keeper_.find_bare(to->bare()) : nullptr;
    if (account == nullptr) {
      continue;
    }
    const auto known = account_->roster.find(to->bare());
    if (was_available && known != account_->roster.end() && known->second.from) {
      continue;
    }
    const auto sessions = account->sessions;
    for (Session* watcher : sessions) {
      const bool meant =
          to->resource.empty() ? watcher->available() : watcher->resource() == to->resource;
      if (meant && others(watcher)) {
        xml::Element copy = presence;
        copy.set("to", jid);
        deliver(*watcher, std::move(copy));
      }
    }
  }
}

void Session::directed(const xml::Element& presence, const Jid& to) {
  const std::string type = presence.get("type");
  const bool to_server = to.local.empty() && to.domain == keeper_.domain();
  if (to_server || not_here(presence, to) || has(Fault::gk_directed_presence_lost)) {
    return;
  }
  if (type.empty()) {
    directed_.insert(to.full());
  } else if (type == "unavailable") {
    directed_.erase(to.full());
  }
  Account& account = *keeper_.find(to.local);
  if (!to.resource.empty()) {
    if (Session* session = find_resource(account, to.resource)) {
      deliver(*session, presence);
    }
    return;
  }
  for (Session* session : available_sessions(&account)) {
    if (type != "error") {
      deliver(*session, presence);
    }
  }
}

// RFC 6121 sections 3.1.2, 3.1.5, 3.2.2 and 3.3.2.
void Session::outbound_subscription(const xml::Element& presence, const Jid& to) {
  const std::string type = presence.get("type");
  const std::string contact_jid = to.bare();
  if (to.domain != keeper_.domain()) {
    return error(presence, {"cancel", "remote-server-not-found"});
  }
  xml::Element stanza = presence;
  stanza.set("to", contact_jid);
  stanza.set("from", has(Fault::gk_subscribe_from_full) ? full() : bare());
  if (contact_jid == bare()) {
    return;
  }
  Contact& contact = account_->roster[contact_jid];
  const Contact before = contact;
  if (type == "subscribe") {
    contact.listed = true;
    contact.asked = contact.asked || !contact.to;
  } else if (type == "unsubscribe") {
    contact.to = contact.asked = false;
  } else if (type == "subscribed") {
    if (!contact.pending_in) {
      return;  // nobody asked (pre-approval, section 3.4, is not offered)
    }
    contact.pending_in = false;
    contact.from = contact.listed = true;
  } else {
    contact.from = contact.pending_in = false;
  }
  if (type == "unsubscribed" && before.from) {
    show_presence_to(keeper_, *account_, contact_jid, "unavailable");
  }
  const bool changed = before.listed != contact.listed || before.asked != contact.asked ||
                       before.to != contact.to || before.from != contact.from;
  if (contact.listed && changed) {
    push_roster(keeper_, *account_, contact_jid);
  }
  inbound_subscription(keeper_, contact_jid, type, stanza);
  if (type == "subscribed") {
    show_presence_to(keeper_, *account_, contact_jid, "");
  }
}

}  // namespace parley::reference
