// SPDX-License-Identifier: GPL-3.0-or-later
// Where a stanza goes. Source: RFC 6121 section 8; RFC 6120 section 10.
#include <algorithm>
#include <utility>

#include "harness/base/text.h"
#include "harness/reference/gatekeeper_session.h"

namespace parley::reference {
namespace {

constexpr std::size_t kLongBody = 1000;

bool is_content(std::string_view name) {
  return name == "body" || name == "subject" || name == "thread" || name == "error";
}

std::string decode_again(std::string text) {
  static constexpr std::pair<std::string_view, std::string_view> kFive[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}};
  for (const auto& [reference, character] : kFive) {
    text = replace_all(std::move(text), reference, character);
  }
  return text;
}

std::string collapse(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!space || (!out.empty() && out.back() != ' ')) {
      out += space ? ' ' : c;
    }
  }
  return out;
}

std::string cut(std::string text) {
  char32_t c = 0;
  std::size_t at = 0;
  while (at < std::min(text.size(), kLongBody)) {
    at += std::max<std::size_t>(utf8_sequence(text, at, c), 1);
  }
  text.resize(std::min(text.size(), at));
  return text;
}

void bend_body(xml::Element& body, const FaultSet& faults) {
  std::string text = body.text();
  if (faults.has(Fault::gk_escapes_wrongly)) {
    text = decode_again(std::move(text));
  }
  if (faults.has(Fault::gk_collapses_white_space)) {
    text = collapse(text);
  }
  if (faults.has(Fault::gk_truncates_long_body)) {
    text = cut(std::move(text));
  }
  if (text != body.text()) {
    body.set_text(std::move(text));
  }
}

void bend_message(xml::Element& message, const FaultSet& faults) {
  std::erase_if(message.children, [&](const xml::Node& node) {
    const auto* child = std::get_if<xml::Element>(&node);
    if (child == nullptr) {
      return false;
    }
    const bool content = child->ns == kClientNs && is_content(child->name);
    return (!content && faults.has(Fault::gk_drops_unknown_children)) ||
           (content && child->name == "subject" && faults.has(Fault::gk_strips_subject));
  });
  if (auto* body = message.child("body", kClientNs)) {
    bend_body(*body, faults);
  }
  if (faults.has(Fault::gk_lang_lost)) {
    message.erase("xml:lang");
  }
}

}  // namespace

void Session::deliver(Session& to, xml::Element stanza) {
  FaultSet either = faults_;
  either.add(to.faults_);
  const bool message = stanza.name == "message";
  if (message) {
    bend_message(stanza, either);
  }
  if (either.has(Fault::gk_from_not_stamped)) {
    stanza.erase("from");
  } else if (either.has(Fault::gk_from_bare)) {
    const auto from = parse_jid(stanza.get("from"));
    stanza.set("from", from ? from->bare() : bare());
  }
  to.send(stanza);
  if (message && either.has(Fault::gk_duplicates_message)) {
    to.send(stanza);
  }
}

Session* Session::find_resource(Account& account, const std::string& resource) {
  const auto found = std::ranges::find_if(
      account.sessions, [&](const Session* session) { return session->resource_ == resource; });
  return found == account.sessions.end() ? nullptr : *found;
}

// Whether `to` is of another domain, is the server with a resource, or has no account; the sender
// is told when the stanza asks for it.
bool Session::not_here(const xml::Element& stanza, const Jid& to) {
  const bool foreign = to.domain != keeper_.domain();
  if (!foreign && !to.local.empty() && keeper_.find(to.local) != nullptr) {
    return false;
  }
  const std::string type = stanza.get("type");
  const bool answer = type == "error" || (stanza.name == "iq" && type == "result");
  const Fault dropped =
      foreign ? Fault::gk_foreign_domain_dropped : Fault::gk_no_error_for_absent_user;
  if ((answer && !(type == "error" && has(Fault::gk_error_for_error))) || has(dropped)) {
    return true;
  }
  if (foreign) {
    error(stanza, {"cancel", "remote-server-not-found"});
  } else if (stanza.name != "presence") {
    error(stanza, kServiceUnavailable);
  }
  return true;
}

void Session::release_held_message() {
  if (held_message_) {
    const xml::Element message = std::move(*held_message_);
    held_message_.reset();
    if (const auto to = parse_jid(message.get("to"))) {
      route_message(message, *to);
    }
  }
}

void Session::on_message(xml::Element message, const std::optional<Jid>& to) {
  if (!to && has(Fault::gk_message_without_to_dropped)) {
    return;
  }
  // RFC 6120 section 10.3.1: without `to`, the sender's own bare JID.
  if (!to) {
    message.set("to", bare());
  }
  const Jid target = to.value_or(Jid{.local = user_, .domain = keeper_.domain(), .resource = {}});
  if (++messages_ % 100 == 0 && has(Fault::gk_loses_every_hundredth)) {
    return;
  }
  if (has(Fault::gk_reorders) && !held_message_) {
    held_message_ = std::move(message);
    return;
  }
  route_message(message, target);
  release_held_message();
}

void Session::route_message(const xml::Element& message, const Jid& to) {
  if (not_here(message, to)) {
    return;
  }
  Account& account = *keeper_.find(to.local);
  if (to.resource.empty()) {
    message_to_bare(message, account);
  } else {
    message_to_full(message, account, to);
  }
}

// RFC 6121 section 8.5.2.1.1 and 8.5.2.2.1.
void Session::message_to_bare(const xml::Element& message, Account& account) {
  const std::string type = message.get("type");
  if (type == "error") {
    return has(Fault::gk_error_for_error) ? error(message, kServiceUnavailable) : void();
  }
  if (type == "groupchat" && !has(Fault::gk_groupchat_delivered)) {
    return error(message, kServiceUnavailable);
  }
  const int lowest = has(Fault::gk_negative_priority_used) ? -128 : 0;
  int highest = lowest - 1;
  for (const Session* session : account.sessions) {
    if (session->available()) {
      highest = std::max(highest, session->priority());
    }
  }
  if (highest < lowest) {
    const bool silent = type == "headline" || has(Fault::gk_no_error_for_absent_user);
    return silent ? void() : error(message, kServiceUnavailable);
  }
  const auto sessions = account.sessions;  // a delivery may end a session
  for (Session* session : sessions) {
    const bool wanted =
        type == "headline" ? session->priority() >= lowest : session->priority() == highest;
    if (session->available() && wanted) {
      deliver(*session, message);
    }
  }
}

// The faults by which others than the addressed resource get a message too. Strangers are among
// those with the same fault: others talk to this server as well.
void Session::copy_elsewhere(const xml::Element& message, const Session& addressed) {
  if (!has(Fault::gk_copies_to_other_resources) && !has(Fault::gk_copies_to_strangers)) {
    return;
  }
  for (Session* session : keeper_.bound_sessions()) {
    const bool same_account = session->account_ == addressed.account_;
    const bool resource = same_account && session != &addressed && session != this &&
                          has(Fault::gk_copies_to_other_resources);
    const bool stranger = !same_account && session->account_ != account_ &&
                          has(Fault::gk_copies_to_strangers) &&
                          session->has(Fault::gk_copies_to_strangers);
    if (resource || stranger) {
      deliver(*session, message);
    }
  }
}

// RFC 6121 sections 8.5.3.1 and 8.5.3.2.1.
void Session::message_to_full(const xml::Element& message, Account& account, const Jid& to) {
  const std::string type = message.get("type");
  Session* session = find_resource(account, to.resource);
  if (has(Fault::gk_delivers_to_wrong_resource)) {
    const auto other = std::ranges::find_if(
        account.sessions, [&](const Session* each) { return each->resource_ != to.resource; });
    session = other == account.sessions.end() ? session : *other;
  }
  if (session != nullptr) {
    deliver(*session, message);
    return copy_elsewhere(message, *session);
  }
  if (type == "chat") {
    return has(Fault::gk_absent_resource_dropped) ? void() : message_to_bare(message, account);
  }
  if (type == "error" ? has(Fault::gk_error_for_error) : type != "headline") {
    error(message, kServiceUnavailable);
  }
}

// RFC 6121 sections 8.5.3.1 and 8.5.3.2.3.
void Session::route_iq(const xml::Element& iq, Account& account, const Jid& to) {
  if (Session* session = find_resource(account, to.resource)) {
    return deliver(*session, iq);
  }
  const std::string type = iq.get("type");
  const bool request = type != "result" && type != "error";
  if (request && !has(Fault::gk_iq_to_absent_resource_dropped)) {
    error(iq, kServiceUnavailable);
  }
}

}  // namespace parley::reference
