// SPDX-License-Identifier: GPL-3.0-or-later
// What a user of the gatekeeper's own asks about third parties: which there are, who is called what
// there, and who may reach this user. Sources: OPT-006, OPT-010, ENL-005 to ENL-009; observed
// client behaviour.
#include <algorithm>
#include <utility>

#include "harness/reference/whatsapp/session.h"

namespace parley::reference::whatsapp {
namespace {

constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;
constexpr int kResourceLimit = 419;

std::string flag(bool value) { return value ? "true" : "false"; }

void refuse_user(xml::Element& user, int code) {
  auto refusal = make_element("error");
  refusal.set("code", std::to_string(code));
  refusal.set("text", code == kNotFound ? "item-not-found" : "bad-request");
  user.children.emplace_back(std::move(refusal));
}

}  // namespace

void Session::on_partners(const xml::Element& iq, const Account& account) {
  const auto* asked = iq.child("integrator");
  if (asked == nullptr || asked->get("fetch") != "all") {
    return error(iq, kBadRequest, "bad-request");
  }
  auto list = make_element("integrator_list");
  for (const Partner& partner : partners()) {
    const bool opted_in =
        account.consent.partners.contains(partner.id) || has(Fault::wg_list_says_all);
    auto one = make_element("integrator");
    one.set("id", std::to_string(partner.id));
    one.set("name", std::string(partner.name));
    one.set("status", has(Fault::wg_list_hides_status) ? "active" : std::string(partner.status));
    one.set("identifier_type", std::string(partner.identifier_type));
    one.set("opted_in", flag(opted_in));
    list.children.emplace_back(std::move(one));
  }
  result(iq, std::move(list));
}

// ENL-015: who has left no keys yet cannot be reached, and so is nobody. Null for nobody.
Account* Session::enlisted_as(const std::string& identifier, std::uint16_t integrator) {
  Account* account = keeper_.of_identifier(identifier, integrator);
  if (account == nullptr && has(Fault::wg_rename_old_resolves)) {
    account = keeper_.formerly(identifier, integrator);
  }
  const bool ready =
      account != nullptr && (account->bundle || has(Fault::wg_enlist_resolvable_early));
  return ready && !has(Fault::wg_enlist_unresolvable) ? account : nullptr;
}

// Null when nobody is called so there.
Account* Session::called(const std::string& identifier, const Partner& partner,
                         std::string& normalised) {
  if (Account* enlisted = enlisted_as(identifier, partner.id)) {
    normalised = identifier;
    return enlisted;
  }
  const auto found = identified(identifier, partner, faults_);
  if (!found) {
    return nullptr;
  }
  normalised = found->normalised;
  const auto server = keeper_.dialect().native_server;
  return keeper_.find(
      Address{.integrator = partner.id, .number = found->number, .native_server = server}.bare());
}

// ENL-007, ENL-008: each for itself.
xml::Element Session::resolved(const xml::Element& asked) {
  auto user = make_element("user");
  const std::string identifier = asked.get("external_id");
  user.set("external_id", identifier);
  user.set("integrator_id", asked.get("integrator_id"));
  const Partner* partner = find_partner(asked.get("integrator_id"));
  std::string normalised;
  Account* account = partner == nullptr ? nullptr : called(identifier, *partner, normalised);
  for (const Partner& other : partners()) {
    if (account == nullptr && has(Fault::wg_resolve_any_partner)) {
      account = called(identifier, other, normalised);
    }
  }
  if (account == nullptr) {
    refuse_user(user, identifier.empty() || partner == nullptr ? kBadRequest : kNotFound);
    return user;
  }
  auto address = account->address;
  if (has(Fault::wg_resolve_shares_id)) {
    address.integrator = kDefaultIntegrator;
  }
  user.set("jid", has(Fault::wg_resolve_id_is_identifier) ? normalised : address.bare());
  user.set("normalized_external_id", normalised);
  return user;
}

// ENL-009: too many are refused as a whole.
void Session::on_resolve(const xml::Element& iq, const xml::Element& payload) {
  auto asked = payload.elements();
  const bool limited = !has(Fault::wg_resolve_truncates) && !has(Fault::wg_resolve_unbounded);
  if (asked.empty()) {
    return error(iq, kBadRequest, "bad-request");
  }
  const std::size_t most = kMostResolved - (has(Fault::wg_resolve_limit_low) ? 1 : 0);
  if (asked.size() > most && limited) {
    return error(iq, kResourceLimit, "resource-limit");
  }
  if (asked.size() > kMostResolved && has(Fault::wg_resolve_truncates)) {
    asked.resize(kMostResolved);
  }
  auto users = make_element("users");
  for (const auto* one : asked) {
    auto user = resolved(*one);
    if (user.child("error") != nullptr) {
      if (has(Fault::wg_resolve_unknown_fails_batch)) {
        return error(iq, kNotFound, "item-not-found");
      }
      if (has(Fault::wg_resolve_unknown_skipped)) {
        continue;
      }
    }
    users.children.emplace_back(std::move(user));
  }
  result(iq, std::move(users));
}

void Session::on_reachability_get(const xml::Element& iq, const Account& account) {
  auto settings = make_element("reachability_settings");
  settings.set("enabled", flag(account.consent.reachable || has(Fault::wg_reachability_forgotten)));
  result(iq, std::move(settings));
}

// Who is named reaches the user also while that is off. A new list replaces the one before.
void Session::on_reachability_set(const xml::Element& iq, const xml::Element& payload,
                                  Account& account) {
  const auto entries = payload.elements();
  const std::string enabled = payload.get("enabled");
  if (enabled != "true" && enabled != "false") {
    return error(iq, kBadRequest, "bad-request");
  }
  if (entries.size() > kMostReachability && !has(Fault::wg_reachability_unbounded)) {
    return error(iq, kResourceLimit, "resource-limit");
  }
  account.consent.reachable = enabled == "true";
  account.consent.welcome.clear();
  for (const auto* one : entries) {
    const Partner* partner = find_partner(one->get("integrator_id"));
    std::string normalised;
    const Account* welcome =
        partner == nullptr ? nullptr : called(one->get("external_id"), *partner, normalised);
    if (welcome != nullptr) {
      account.consent.welcome.insert(welcome->address.bare());
    }
  }
  result(iq);
}

}  // namespace parley::reference::whatsapp
