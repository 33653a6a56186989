// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/careless_keys.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "harness/crypto/x25519.h"
#include "harness/reference/whatsapp/client_keys.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::size_t kCounted = 99;

void count_up(Bytes& id) { id.back() = static_cast<char>(id.back() + 1); }

// X3DH section 4.7: keys of its own, all of which fit together.
void substitute(KeyBundle& bundle, std::optional<Prekey>& one_time, Rng& rng) {
  auto own = ClientKeys({}, rng.child(rng.token(12))).draw(1);
  bundle.identity = own.identity;
  bundle.signed_key = own.signed_key;
  bundle.signature = own.signature;
  if (one_time) {
    one_time = own.one_time.front();
  }
}

xml::Element* signature_in(xml::Element& user) {
  auto* signed_key = user.child("skey");
  return signed_key == nullptr ? nullptr : signed_key->child("signature");
}

}  // namespace

void keep_carelessly(KeyBundle& upload, const KeyBundle& before, const FaultSet& faults) {
  if (faults.has(Fault::wg_bundle_stale_signed_prekey)) {
    upload.signed_key = before.signed_key;
    upload.signature = before.signature;
  }
  if (faults.has(Fault::wg_bundle_stale_signature)) {
    upload.signature = before.signature;
  }
  if (upload.identity == before.identity) {
    if (faults.has(Fault::wg_bundle_further_keys_lost)) {
      upload.one_time = before.one_time;
    }
    return;
  }
  if (faults.has(Fault::wg_bundle_old_identity)) {
    upload.identity = before.identity;
    upload.registration = before.registration;
  }
  if (faults.has(Fault::wg_bundle_old_one_time)) {
    upload.one_time.insert(upload.one_time.begin(), before.one_time.begin(), before.one_time.end());
  }
}

void hand_out_carelessly(KeyBundle& bundle, std::optional<Prekey>& one_time, const Handing& handing,
                         const FaultSet& faults, Rng& rng) {
  if (faults.has(Fault::wg_bundle_other_identity) ||
      (handing.owner_away && faults.has(Fault::wg_bundle_other_when_away)) ||
      (handing.owner_native && faults.has(Fault::wg_bundle_native_other))) {
    substitute(bundle, one_time, rng);
  }
  if (handing.of_asker != nullptr && faults.has(Fault::wg_bundle_of_asker)) {
    bundle = *handing.of_asker;
  }
  if (faults.has(Fault::wg_bundle_other_signed_prekey)) {
    bundle.signed_key.value = rng.octets(crypto::kX25519Octets);
  }
  if (one_time && faults.has(Fault::wg_bundle_other_one_time)) {
    one_time->value = rng.octets(crypto::kX25519Octets);
  }
  if (one_time && faults.has(Fault::wg_bundle_one_time_renumbered)) {
    count_up(one_time->id);
  }
  if (faults.has(Fault::wg_bundle_signed_renumbered)) {
    count_up(bundle.signed_key.id);
  }
  if (faults.has(Fault::wg_bundle_registration_lost)) {
    std::ranges::fill(bundle.registration, '\0');
  }
}

void write_carelessly(xml::Element& user, const FaultSet& faults) {
  auto* signature = signature_in(user);
  if (signature != nullptr && faults.has(Fault::wg_bundle_signature_zeros)) {
    signature->set_text(Bytes(signature->text().size(), '\0'));
  }
  if (signature != nullptr && faults.has(Fault::wg_bundle_signature_missing)) {
    user.child("skey")->children.pop_back();
  }
  if (user.child("key") == nullptr && faults.has(Fault::wg_bundle_empty_key)) {
    user.children.emplace_back(
        xml::Element{.ns = {}, .name = "key", .attributes = {}, .children = {}});
  }
}

void remember_carelessly(std::optional<KeyBundle>& bundle, KeyHistory& history,
                         const FaultSet& faults) {
  if (bundle && faults.has(Fault::wg_bundle_keys_back)) {
    bundle->one_time.insert(bundle->one_time.begin(), history.handed_out.begin(),
                            history.handed_out.end());
    history.handed_out.clear();
  }
  if (bundle && history.first && faults.has(Fault::wg_bundle_renewal_forgotten)) {
    bundle = history.first;
  }
  if (faults.has(Fault::wg_bundle_forgotten)) {
    bundle.reset();
  }
  history.recounts = true;
}

std::size_t count_carelessly(const KeyBundle& bundle, const KeyHistory& history,
                             const FaultSet& faults) {
  const auto left = bundle.one_time.size();
  const auto ever = left + history.handed_out.size();
  if (faults.has(Fault::wg_count_of_all) ||
      (history.recounts && faults.has(Fault::wg_count_anew_on_return))) {
    return ever;
  }
  return faults.has(Fault::wg_count_of_two_digits) ? std::min(left, kCounted) : left;
}

KeyBundle digest_carelessly(const KeyBundle& bundle, const KeyHistory& history,
                            const FaultSet& faults) {
  auto out = faults.has(Fault::wg_digest_stale) && history.first ? *history.first : bundle;
  if (faults.has(Fault::wg_digest_of_all)) {
    out.one_time.insert(out.one_time.begin(), history.handed_out.begin(), history.handed_out.end());
  }
  if (faults.has(Fault::wg_digest_names_none)) {
    out.one_time.clear();
  }
  return out;
}

}  // namespace parley::reference::whatsapp
