// SPDX-License-Identifier: GPL-3.0-or-later
// The keys that clients leave with the server for others. Sources: STZ-030, STZ-031, ENC-003,
// ENC-035 to ENC-037, ENC-041 to ENC-044, ENC-046, ENC-047; observed client behaviour.
#include <algorithm>
#include <utility>

#include "harness/reference/whatsapp/careless_keys.h"
#include "harness/reference/whatsapp/prekeys.h"
#include "harness/reference/whatsapp/session.h"

namespace parley::reference::whatsapp {
namespace {

constexpr int kBadRequest = 400;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr std::size_t kFewKeys = 5;     // what clients publish more below
constexpr std::size_t kEarlyKeys = 50;  // wg-may-tell-low-early
constexpr std::size_t kWrongCount = 100;

FaultSet lenient(FaultSet faults) {
  faults.add(Fault::wg_accepts_odd_keys);
  faults.add(Fault::wg_accepts_other_key_type);
  faults.add(Fault::wg_upload_unproven);
  return faults;
}

xml::Element not_found() {
  auto out = make_element("error");
  out.set("code", std::to_string(kNotFound));
  out.set("text", "item-not-found");
  return out;
}

}  // namespace

void Session::on_encrypt(const xml::Element& iq) {
  if (iq.get("type") == "set") {
    return on_upload(iq);
  }
  const auto* key = iq.child("key");
  if (key != nullptr && !key->elements().empty()) {
    return on_fetch(iq, *key);
  }
  const KeyBundle none;
  const KeyBundle& own_keys = account_->bundle ? *account_->bundle : none;
  if (iq.child("count") != nullptr) {
    auto count = make_element("count");
    const auto kept = count_carelessly(own_keys, account_->key_history, faults_) +
                      (has(Fault::wg_key_count_wrong) ? 1 : 0);
    count.set("value", std::to_string(kept));
    return result(iq, std::move(count));
  }
  if (iq.child("digest") != nullptr) {
    return account_->bundle
               ? result(iq, digest_of(digest_carelessly(own_keys, account_->key_history, faults_)))
               : error(iq, kNotFound, "item-not-found");
  }
  error(iq, kBadRequest, "bad-request");
}

void Session::on_upload(const xml::Element& iq) {
  auto bundle = parse_upload(iq, faults_);
  if (!bundle && bundle.error().code == Errc::refused && has(Fault::wg_may_keep_unusable_out)) {
    return result(iq);
  }
  const bool none_single = bundle && bundle->one_time.empty() && has(Fault::wg_upload_wants_keys);
  if (!bundle || none_single) {
    return refuse_upload(iq);
  }
  // STZ-018: whatever `from` says, they are the keys of who is logged in.
  const auto from = sender_of(iq, Fault::wg_upload_for_claimed_user);
  Account* claimed = from ? recipient(*from, true) : nullptr;
  keep_keys(*(claimed == nullptr ? account_ : claimed), std::move(*bundle));
  result(iq);
}

// ENC-046: what was published before stays.
void Session::refuse_upload(const xml::Element& iq) {
  if (has(Fault::wg_upload_refused_stored)) {
    if (auto read = parse_upload(iq, lenient(faults_))) {
      account_->bundle = std::move(*read);
    }
  }
  if (has(Fault::wg_upload_refusal_wipes)) {
    account_->bundle.reset();
  }
  error(iq, kBadRequest, "bad-request");
}

// A new upload adds to the one-time keys that are left and replaces all else.
void Session::keep_keys(Account& owner, KeyBundle bundle) {
  auto& owned = owner.bundle;
  auto& history = owner.key_history;
  if (owned && has(Fault::wg_upload_later_dropped)) {
    return;
  }
  if (owned) {
    const bool same = owned->identity == bundle.identity;
    if (same && !has(Fault::wg_may_replace_one_time_keys)) {
      auto& kept = owned->one_time;
      bundle.one_time.insert(bundle.one_time.begin(), kept.begin(), kept.end());
    }
    const auto before = *owned;
    if (!same) {
      tell_of_identity(owner);
    }
    keep_carelessly(bundle, before, faults_);
  }
  owned = std::move(bundle);
  if (!history.first) {
    history.first = owned;
  }
  if (has(Fault::wg_may_tell_low_early)) {
    tell_if_low(owner, *account_);
  }
}

// ENC-043: whoever has written with a user learns that its identity key is another.
void Session::tell_of_identity(const Account& owner) {
  if (has(Fault::wg_identity_untold)) {
    return;
  }
  for (const auto& bare : owner.correspondents) {
    auto out = make_element("notification");
    out.set("id", keeper_.rng().token(12));
    out.set("from", has(Fault::wg_identity_told_nameless) ? std::string(kServer)
                                                          : shown(owner.address.bare()));
    out.set("type", "encrypt");
    out.set("t", now_s());
    out.children.emplace_back(make_element("identity"));
    deliver(bare, std::move(out));
  }
}

// ENC-041: who has few one-time keys left is told so.
void Session::tell_if_low(Account& owner, const Account& asker) {
  const auto few = has(Fault::wg_may_tell_low_early) ? kEarlyKeys : kFewKeys;
  const auto left = owner.bundle ? owner.bundle->one_time.size() : 0;
  if (left >= few || has(Fault::wg_low_untold)) {
    return;
  }
  auto out = make_element("notification");
  out.set("id", keeper_.rng().token(12));
  out.set("from", std::string(kServer));
  out.set("type", "encrypt");
  out.set("t", now_s());
  auto count = make_element("count");
  count.set("value", std::to_string(left + (has(Fault::wg_low_wrong_count) ? kWrongCount : 0)));
  out.children.emplace_back(std::move(count));
  deliver((has(Fault::wg_low_tells_asker) ? asker : owner).address.bare(), std::move(out));
}

void Session::on_fetch(const xml::Element& iq, const xml::Element& key) {
  auto list = make_element("list");
  Handed handed;
  for (const auto* asked : key.elements()) {
    if (!list.children.empty() && has(Fault::wg_keys_first_user_only)) {
      break;
    }
    if (auto user = keys_for(*asked, handed)) {
      list.children.emplace_back(std::move(*user));
    }
  }
  if (has(Fault::wg_may_refuse_fetch_whole) &&
      std::ranges::all_of(list.elements(), [](const auto* one) { return one->child("error"); })) {
    return error(iq, kNotFound, "item-not-found");
  }
  result(iq, std::move(list));
  for (const auto& [owner, one_time] : handed) {
    tell_if_low(*owner, *account_);
  }
}

Account* Session::owner_of_keys(const std::string& jid) {
  Account* account = recipient(jid, true);
  if (account == nullptr && has(Fault::wg_keys_of_odd_address)) {
    const auto all = keeper_.all();
    const auto named = std::ranges::find_if(all, [&](const Account* one) {
      return one->bundle && jid.find(one->address.number) != std::string::npos;
    });
    account = named == all.end() ? nullptr : *named;
  }
  return account;
}

// Who has opted out, or is not reachable, is nobody to the other side.
bool Session::kept_apart(const Account& owner) const {
  const int refusal = consent_error(owner);
  if (refusal == kForbidden) {
    const bool asks_itself = !account_->address.integrator;
    return !has(asks_itself ? Fault::wg_keys_for_leaver : Fault::wg_keys_while_out);
  }
  return refusal != 0 && !has(Fault::wg_keys_of_unreachable);
}

// Of one whom a request names; null for none.
std::optional<xml::Element> Session::keys_for(const xml::Element& asked, Handed& handed) {
  auto user = make_element("user");
  user.set("jid", asked.get("jid"));
  Account* account = owner_of_keys(asked.get("jid"));
  const bool there = account != nullptr && account->bundle && !kept_apart(*account);
  const bool refused =
      there && account->bundle->one_time.empty() && has(Fault::wg_bundle_none_when_exhausted);
  if (!there || refused) {
    user.children.emplace_back(not_found());
    return has(Fault::wg_unknown_users_skipped) ? std::nullopt : std::optional(std::move(user));
  }
  const auto earlier = handed.find(account);
  const bool again = earlier != handed.end() && has(Fault::wg_bundle_key_twice_in_request);
  auto one_time = again ? earlier->second : take_one_time(*account);
  handed.insert_or_assign(account, one_time);
  auto bundle = *account->bundle;
  hand_out_carelessly(bundle, one_time,
                      {.owner_away = account->session == nullptr,
                       .owner_native = !account->address.integrator,
                       .of_asker = account_->bundle ? &*account_->bundle : nullptr},
                      faults_, keeper_.rng());
  write_bundle(user, bundle, one_time);
  write_carelessly(user, faults_);
  return user;
}

// wg-bundle-keys-back-to-asker: what it has handed out of others' keys is there again.
void Session::recall_keys() {
  for (Account* owner : keeper_.all()) {
    if (owner != account_ && owner->bundle) {
      auto& history = owner->key_history.handed_out;
      auto& left = owner->bundle->one_time;
      left.insert(left.begin(), history.begin(), history.end());
      history.clear();
    }
  }
}

// ENC-003: nobody is given a one-time key that somebody has.
std::optional<Prekey> Session::take_one_time(Account& owner) {
  auto& left = owner.bundle->one_time;
  if (left.empty()) {
    return std::nullopt;
  }
  if (has(Fault::wg_bundle_key_per_asker)) {
    const auto place = owner.key_history.fetches[own()]++;
    return place < left.size() ? std::optional(left[place]) : std::nullopt;
  }
  const bool newest = has(Fault::wg_may_hand_out_newest);
  auto out = newest ? left.back() : left.front();
  const bool last = left.size() == 1 && has(Fault::wg_bundle_last_key_stays);
  if (has(Fault::wg_one_time_key_again) || last) {
    return out;
  }
  newest ? left.pop_back() : left.pop_front();
  owner.key_history.handed_out.push_back(out);
  return out;
}

}  // namespace parley::reference::whatsapp
