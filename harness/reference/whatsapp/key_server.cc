// SPDX-License-Identifier: GPL-3.0-or-later
// The keys that clients leave with the server for others. Sources: STZ-030, STZ-031, ENC-003;
// observed client behaviour.
#include <utility>

#include "harness/reference/whatsapp/prekeys.h"
#include "harness/reference/whatsapp/session.h"

namespace parley::reference::whatsapp {
namespace {

constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;

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
    const auto kept = own_keys.one_time.size() + (has(Fault::wg_key_count_wrong) ? 1 : 0);
    count.set("value", std::to_string(kept));
    return result(iq, std::move(count));
  }
  if (iq.child("digest") != nullptr) {
    return account_->bundle ? result(iq, digest_of(own_keys))
                            : error(iq, kNotFound, "item-not-found");
  }
  error(iq, kBadRequest, "bad-request");
}

// A new upload adds to the one-time keys that are left and replaces all else.
void Session::on_upload(const xml::Element& iq) {
  auto bundle = parse_upload(iq, faults_);
  if (!bundle) {
    return error(iq, kBadRequest, "bad-request");
  }
  // STZ-018: whatever `from` says, they are the keys of who is logged in.
  const auto from = sender_of(iq, Fault::wg_upload_for_claimed_user);
  Account* claimed = from ? recipient(*from, true) : nullptr;
  auto& owned = (claimed == nullptr ? account_ : claimed)->bundle;
  if (owned && owned->identity == bundle->identity) {
    auto& kept = owned->one_time;
    bundle->one_time.insert(bundle->one_time.begin(), kept.begin(), kept.end());
  }
  owned = std::move(*bundle);
  result(iq);
}

void Session::on_fetch(const xml::Element& iq, const xml::Element& key) {
  auto list = make_element("list");
  for (const auto* asked : key.elements()) {
    auto user = make_element("user");
    user.set("jid", asked->get("jid"));
    Account* account = recipient(asked->get("jid"), true);
    const bool apart =
        account != nullptr && consent_error(*account) != 0 && !has(Fault::wg_keys_of_unreachable);
    if (account != nullptr && account->bundle && !apart) {
      write_bundle(user, *account->bundle, take_one_time(*account->bundle));
    } else if (has(Fault::wg_unknown_users_skipped)) {
      continue;
    } else {
      auto refusal = make_element("error");
      refusal.set("code", std::to_string(kNotFound));
      refusal.set("text", "item-not-found");
      user.children.emplace_back(std::move(refusal));
    }
    list.children.emplace_back(std::move(user));
  }
  result(iq, std::move(list));
}

// ENC-003: nobody is given a one-time key that somebody has.
std::optional<Prekey> Session::take_one_time(KeyBundle& bundle) const {
  if (bundle.one_time.empty()) {
    return std::nullopt;
  }
  auto out = bundle.one_time.front();
  if (!has(Fault::wg_one_time_key_again)) {
    bundle.one_time.pop_front();
  }
  return out;
}

}  // namespace parley::reference::whatsapp
