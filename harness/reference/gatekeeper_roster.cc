// SPDX-License-Identifier: GPL-3.0-or-later
// The roster. Source: RFC 6121 section 2.
#include <algorithm>
#include <set>
#include <utility>

#include "harness/reference/gatekeeper_session.h"

namespace parley::reference {
namespace {

constexpr std::size_t kMaxNameOctets = 1023;

std::string_view subscription_of(const Contact& contact) {
  return contact.to && contact.from ? "both" : contact.to ? "to" : contact.from ? "from" : "none";
}

xml::Element item_of(const std::string& jid, const Contact& contact) {
  xml::Element item = make_element("item", kRosterNs);
  item.set("jid", jid);
  if (!contact.name.empty()) {
    item.set("name", contact.name);
  }
  item.set("subscription",
           contact.listed ? std::string(subscription_of(contact)) : std::string("remove"));
  if (contact.listed && contact.asked) {
    item.set("ask", "subscribe");
  }
  for (const std::string& name : contact.groups) {
    xml::Element group = make_element("group", kRosterNs);
    group.set_text(name);
    item.children.emplace_back(std::move(group));
  }
  return item;
}

void push_to(Gatekeeper& keeper, Session& session, const xml::Element& item) {
  xml::Element query = make_element("query", kRosterNs);
  query.children.emplace_back(item);
  xml::Element push = make_element("iq", kClientNs);
  push.set("type", "set");
  push.set("id", "push-" + keeper.fresh_id());
  push.set("to", session.full());
  push.children.emplace_back(std::move(query));
  session.send(push);
}

// Errors: what a group name that section 2.3.3 forbids is answered with.
std::expected<std::vector<std::string>, StanzaError> groups_of(const xml::Element& item) {
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const xml::Element* group : item.elements()) {
    if (group->name != "group" || group->ns != kRosterNs) {
      continue;
    }
    const std::string name = group->text();
    if (name.empty() || name.size() > kMaxNameOctets) {
      return std::unexpected(StanzaError{"modify", "not-acceptable"});
    }
    if (!seen.insert(name).second) {
      return std::unexpected(kBadRequest);
    }
    out.push_back(name);
  }
  return out;
}

}  // namespace

void push_roster(Gatekeeper& keeper, Account& account, const std::string& jid) {
  const auto found = account.roster.find(jid);
  const Contact removed;
  const xml::Element item = item_of(jid, found == account.roster.end() ? removed : found->second);
  const auto sessions = account.sessions;
  for (Session* session : sessions) {
    const FaultSet& faults = session->faults();
    const bool wanted = session->interested() || faults.has(Fault::gk_roster_push_uninterested);
    if (wanted && !faults.has(Fault::gk_roster_push_missing)) {
      push_to(keeper, *session, item);
    }
  }
}

void Session::on_roster(const xml::Element& iq, const Jid& to) {
  const xml::Element& query = *iq.elements()[0];
  const bool reads_other = iq.get("type") == "get" && has(Fault::gk_roster_of_others);
  const Account* account = keeper_.find(to.local);
  const bool other = account != nullptr && account != account_;
  if (other && iq.get("type") == "set" && has(Fault::gk_roster_set_of_others)) {
    return result(iq, std::nullopt);
  }
  if (account == nullptr || (other && !reads_other)) {
    return error(iq, kServiceUnavailable);
  }
  if (iq.get("type") == "set") {
    return roster_set(iq, query);
  }
  interested_ = interested_ || account == account_;
  xml::Element out = make_element("query", kRosterNs);
  for (const auto& [jid, contact] : account->roster) {
    if (contact.listed) {
      out.children.emplace_back(item_of(jid, contact));
    }
  }
  result(iq, std::move(out));
}

void Session::roster_set(const xml::Element& iq, const xml::Element& query) {
  const auto items = query.elements();
  const bool two = items.size() > 1 && has(Fault::gk_roster_two_items_accepted);
  if (items.size() > 1 && has(Fault::gk_stores_what_it_refuses)) {
    const auto first = items[0]->get("jid");
    account_->roster[first].listed = true;
    push_roster(keeper_, *account_, first);
  }
  const bool one = items.size() == 1 || two;
  const auto jid = one ? parse_jid(items[0]->get("jid")) : std::nullopt;
  if (!jid || items[0]->name != "item" || items[0]->ns != kRosterNs) {
    return has(Fault::gk_roster_bad_item_accepted) ? result(iq, std::nullopt)
                                                   : error(iq, kBadRequest);
  }
  const xml::Element& item = *items[0];
  const std::string bare_jid = jid->bare();
  if (item.get("subscription") == "remove") {
    return roster_remove(iq, bare_jid);
  }
  auto groups = groups_of(item);
  if (!groups || item.get("name").size() > kMaxNameOctets) {
    return error(iq, groups ? StanzaError{"modify", "not-acceptable"} : groups.error());
  }
  const Contact before = account_->roster[bare_jid];
  Contact& contact = account_->roster[bare_jid];
  contact.listed = true;
  contact.name = item.get("name");
  contact.groups = std::move(*groups);
  if (has(Fault::gk_roster_subscription_set)) {
    const std::string wanted = item.get("subscription");
    contact.to = contact.to || wanted == "to" || wanted == "both";
    contact.from = contact.from || wanted == "from" || wanted == "both";
  }
  push_roster(keeper_, *account_, bare_jid);
  if (has(Fault::gk_roster_push_to_everyone)) {
    if (const Account* other = keeper_.find_bare(bare_jid)) {
      for (Session* session : other->sessions) {
        push_to(keeper_, *session, item_of(bare_jid, contact));
      }
    }
  }
  if (has(Fault::gk_roster_set_not_stored)) {
    contact = before;
  }
  result(iq, std::nullopt);
}

// RFC 6121 section 2.5.2: the subscriptions end with the item.
void Session::roster_remove(const xml::Element& iq, const std::string& jid) {
  const auto found = account_->roster.find(jid);
  if (found == account_->roster.end() || !found->second.listed) {
    return error(iq, {"cancel", "item-not-found"});
  }
  if (has(Fault::gk_roster_remove_ignored)) {
    return result(iq, std::nullopt);
  }
  const Contact contact = found->second;
  const auto end = [&](const std::string& type) {
    xml::Element presence = make_element("presence", kClientNs);
    presence.set("type", type);
    presence.set("from", bare());
    presence.set("to", jid);
    outbound_subscription(presence, *parse_jid(jid));
  };
  if (contact.to || contact.asked) {
    end("unsubscribe");
  }
  if (contact.from || contact.pending_in) {
    end("unsubscribed");
  }
  account_->roster.erase(jid);
  push_roster(keeper_, *account_, jid);
  result(iq, std::nullopt);
}

}  // namespace parley::reference
