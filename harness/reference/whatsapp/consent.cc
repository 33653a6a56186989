// SPDX-License-Identifier: GPL-3.0-or-later
// What a user of the gatekeeper's own agrees to, and what follows for the traffic of third parties:
// terms, opting in and out, blocks, trust. Sources: OPT-001 to OPT-006, OPT-009, OPT-010, ABU-003;
// observed client behaviour.
#include <algorithm>
#include <utility>

#include "harness/reference/whatsapp/session.h"

namespace parley::reference::whatsapp {
namespace {

constexpr int kBadRequest = 400;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr int kNotAllowed = 405;

// Null when `iq` has no list.
const xml::Element* partner_list(const xml::Element& payload) {
  const auto* list = payload.child("integrator_list");
  return list != nullptr && !list->elements().empty() ? list : nullptr;
}

}  // namespace

// Whose wishes a request says: nobody asks for another user, nor a third party's client at all.
Account* Session::asker(const xml::Element& iq) {
  const auto* from = iq.find("from");
  if (from != nullptr && *from != own()) {
    Account* other = keeper_.find(*from);
    other = other == nullptr ? account_ : other;
    return has(Fault::wg_consent_from_not_enforced) ? other : nullptr;
  }
  const bool native = !account_->address.integrator;
  return native || has(Fault::wg_third_party_opts_in) ? account_ : nullptr;
}

// What the time before this login leaves of it.
void Session::recall_consent() {
  Consent& consent = account_->consent;
  for (const std::uint16_t id : std::exchange(consent.leaving, {})) {
    consent.partners.erase(id);
  }
  if (has(Fault::wg_consent_forgotten)) {
    consent = prepared_consent();
  }
}

void Session::on_consent(const xml::Element& iq) {
  Account* account = asker(iq);
  if (account == nullptr) {
    return error(iq, kForbidden, "forbidden");
  }
  const auto parts = iq.elements();
  if (parts.empty()) {
    return has(Fault::wg_accepts_zero_payloads) ? result(iq)
                                                : error(iq, kBadRequest, "bad-request");
  }
  const xml::Element& payload = *parts.front();
  const std::string what = iq.get("xmlns") + " " + iq.get("type") + " " + payload.name;
  if (what == "tos set trackable") {
    on_terms(iq, payload, *account);
  } else if (what == "privacy set tokens") {
    on_tokens(iq, payload, *account);
  } else if (what == "w:interop set opt_in_integrators") {
    on_opt_in(iq, payload, *account);
  } else if (what == "w:interop set opt_out_integrators") {
    on_opt_out(iq, payload, *account);
  } else if (what == "w:interop set blocklist") {
    on_blocklist(iq, payload, *account);
  } else if (what == "w:interop get integrator") {
    on_partners(iq, *account);
  } else if (what == "w:interop get users") {
    on_resolve(iq, payload);
  } else if (what == "w:interop get reachability_settings") {
    on_reachability_get(iq, *account);
  } else if (what == "w:interop set reachability_settings") {
    on_reachability_set(iq, payload, *account);
  } else {
    error(iq, kBadRequest, "bad-request");
  }
}

// OPT-005: first shown, then accepted.
void Session::on_terms(const xml::Element& iq, const xml::Element& payload, Account& account) {
  if (payload.get("id") != kTermsNotice) {
    return error(iq, kNotFound, "item-not-found");
  }
  Consent& consent = account.consent;
  const std::string outcome = payload.get("result");
  if (outcome == kTermsShown) {
    consent.terms_shown = true;
  } else if (outcome == kTermsAccepted) {
    consent.terms_accepted = consent.terms_shown || has(Fault::wg_terms_unshown);
  } else {
    return error(iq, kBadRequest, "bad-request");
  }
  result(iq);
}

bool Session::terms_suffice(const Consent& consent) const {
  return consent.terms_accepted || has(Fault::wg_opt_in_without_terms) ||
         (consent.terms_shown && has(Fault::wg_opt_in_terms_shown));
}

// 0, or the error that keeps a user from opting in to it (OPT-006).
int Session::partner_error(const xml::Element& integrator) const {
  const Partner* partner = find_partner(integrator.get("id"));
  if (partner == nullptr) {
    return has(Fault::wg_opts_in_unknown) ? 0 : kNotFound;
  }
  if (partner->status == "removed") {
    return has(Fault::wg_opts_in_removed) ? 0 : kNotAllowed;
  }
  if (partner->status == "onboarding") {
    return has(Fault::wg_opts_in_onboarding) ? 0 : kNotAllowed;
  }
  return 0;
}

// All that are named, or none.
void Session::on_opt_in(const xml::Element& iq, const xml::Element& payload, Account& account) {
  const auto* list = partner_list(payload);
  if (list == nullptr) {
    return has(Fault::wg_opts_in_nobody) ? result(iq) : error(iq, kBadRequest, "bad-request");
  }
  if (!terms_suffice(account.consent)) {
    return error(iq, kForbidden, "forbidden");
  }
  std::set<std::uint16_t> chosen;
  int refusal = 0;
  for (const auto* one : list->elements()) {
    const int wrong = partner_error(*one);
    refusal = refusal != 0 ? refusal : wrong;
    if (const Partner* partner = find_partner(one->get("id")); partner != nullptr && wrong == 0) {
      chosen.insert(partner->id);
    }
  }
  if (has(Fault::wg_opt_in_of_all)) {
    chosen = prepared_consent().partners;
  }
  if (refusal == 0 || has(Fault::wg_opt_in_partly)) {
    account.consent.partners.insert(chosen.begin(), chosen.end());
  }
  if (refusal != 0) {
    return error(iq, refusal, refusal == kNotFound ? "item-not-found" : "not-allowed");
  }
  result(iq);
  if (has(Fault::wg_opt_in_replays)) {
    for (auto& one : std::exchange(account.consent.refused, {})) {
      deliver(account.address.bare(), std::move(one));
    }
  }
}

// OPT-003: at once, and of these alone.
void Session::on_opt_out(const xml::Element& iq, const xml::Element& payload, Account& account) {
  const auto* list = partner_list(payload);
  if (list == nullptr) {
    return error(iq, kBadRequest, "bad-request");
  }
  std::set<std::uint16_t> chosen;
  for (const auto* one : list->elements()) {
    const Partner* partner = find_partner(one->get("id"));
    if (partner == nullptr) {
      return error(iq, kNotFound, "item-not-found");
    }
    chosen.insert(partner->id);
  }
  auto& kept = account.consent.partners;
  if (has(Fault::wg_opt_out_late)) {
    account.consent.leaving = chosen;
  } else if (has(Fault::wg_opt_out_of_all)) {
    kept.clear();
  } else if (!has(Fault::wg_opt_out_ignored)) {
    std::erase_if(kept, [&](std::uint16_t id) { return chosen.contains(id); });
  }
  result(iq);
}

void Session::on_blocklist(const xml::Element& iq, const xml::Element& payload, Account& account) {
  const auto items = payload.elements();
  const bool right = std::ranges::all_of(items, [&](const auto* item) {
    const auto address = parse_address(item->get("jid"), FaultSet(), keeper_.dialect());
    const std::string action = item->get("action");
    return address && address->integrator && (action == "block" || action == "unblock");
  });
  if (items.empty() || !right) {
    return has(Fault::wg_accepts_odd_blocks) ? result(iq) : error(iq, kBadRequest, "bad-request");
  }
  for (const auto* item : items) {
    const auto address = parse_address(item->get("jid"), FaultSet(), keeper_.dialect());
    if (item->get("action") == "block") {
      account.consent.blocked.insert(address->bare());
    } else if (!has(Fault::wg_unblock_ignored)) {
      account.consent.blocked.erase(address->bare());
    }
  }
  result(iq);
}

// OPT-009: a token says that this user trusts another.
void Session::on_tokens(const xml::Element& iq, const xml::Element& payload, Account& account) {
  const auto tokens = payload.elements();
  const bool right = std::ranges::all_of(tokens, [&](const auto* token) {
    return token->get("type") == "trusted_contact" &&
           parse_address(token->get("jid"), FaultSet(), keeper_.dialect()).has_value();
  });
  if (tokens.empty() || !right) {
    return has(Fault::wg_accepts_odd_blocks) ? result(iq) : error(iq, kBadRequest, "bad-request");
  }
  for (const auto* token : tokens) {
    if (has(Fault::wg_token_ignored)) {
      break;
    }
    account.consent.trusted.insert(
        parse_address(token->get("jid"), FaultSet(), keeper_.dialect())->bare());
  }
  result(iq);
}

bool Session::trusts(const Consent& consent, const std::string& other) const {
  const bool any = !consent.trusted.empty() && has(Fault::wg_trusts_all);
  return any || consent.trusted.contains(other) || has(Fault::wg_presence_before_trust);
}

// 0, or the error that keeps a third party's user and one of the gatekeeper's own apart.
// Partners above 999 are the driver's own: every account of the gatekeeper's that has accepted the
// terms is opted in to them.
bool Session::opted_in(const Consent& consent, std::uint16_t integrator) const {
  return consent.partners.contains(integrator) ||
         (consent.terms_accepted && keeper_.knows_more(integrator));
}

int Session::consent_error(const Account& native, const Account& other) const {
  const Consent& consent = native.consent;
  if (!opted_in(consent, *other.address.integrator)) {
    return kForbidden;
  }
  const bool welcome = consent.welcome.contains(other.address.bare()) &&
                       !has(Fault::wg_reachability_entries_ignored);
  const bool reachable = consent.reachable || welcome || has(Fault::wg_reachability_ignored);
  return reachable ? 0 : kNotFound;
}

// Of a stanza for `to`; nobody stands between users of one kind.
int Session::consent_error(const Account& to) const {
  const bool from_native = !account_->address.integrator;
  const bool to_native = !to.address.integrator;
  if (from_native == to_native) {
    return 0;
  }
  // Whom a user of the gatekeeper's own writes to reaches that user as far as this one wishes.
  const auto& consent = account_->consent;
  return to_native                                   ? consent_error(to, *account_)
         : opted_in(consent, *to.address.integrator) ? 0
                                                     : kForbidden;
}

bool Session::is_blocked(const Account& native, const Account& other) const {
  if (native.address.integrator || !other.address.integrator) {
    return false;
  }
  const auto& blocked = native.consent.blocked;
  if (blocked.contains(other.address.bare()) ||
      (!blocked.empty() && has(Fault::wg_block_extends))) {
    return true;
  }
  if (!has(Fault::wg_block_for_all)) {
    return false;
  }
  const auto all = keeper_.all();
  return std::ranges::any_of(
      all, [&](const Account* one) { return one->consent.blocked.contains(other.address.bare()); });
}

// Whether what is passed on and not stored reaches `to`.
bool Session::passes(const Account& to, Fault while_out, Fault while_blocked) const {
  if (consent_error(to) != 0) {
    return has(while_out);
  }
  return !is_blocked(to, *account_) || has(while_blocked);
}

// Whether `watcher` sees the presence of `of`.
bool Session::presence_passes(const Account& of, const Account& watcher) const {
  const bool of_native = !of.address.integrator;
  if (of_native == !watcher.address.integrator) {
    return true;
  }
  const Account& native = of_native ? of : watcher;
  const Account& other = of_native ? watcher : of;
  if (consent_error(native, other) != 0) {
    return has(Fault::wg_presence_while_out);
  }
  if (is_blocked(native, other)) {
    return has(Fault::wg_presence_of_blocked);
  }
  return !of_native || trusts(native.consent, other.address.bare());
}

// True when a message goes no further: its sender has been told what it may know.
bool Session::stopped_by_consent(const xml::Element& message, Account& to) {
  if (const int refusal = consent_error(to); refusal != 0) {
    if (has(Fault::wg_opt_in_replays)) {
      to.consent.refused.push_back(as_delivered(message, shown(own())));
    }
    ack(message, "message", has(Fault::wg_opted_out_silently) ? 0 : refusal);
    return true;
  }
  if (is_blocked(to, *account_) && !has(Fault::wg_block_ignored)) {
    // Who is blocked cannot tell.
    ack(message, "message", has(Fault::wg_block_revealed) ? kForbidden : 0);
    return true;
  }
  if (!account_->address.integrator && to.address.integrator && !has(Fault::wg_reply_no_trust)) {
    account_->consent.trusted.insert(to.address.bare());
  }
  return false;
}

}  // namespace parley::reference::whatsapp
