// SPDX-License-Identifier: GPL-3.0-or-later
// What a store holds and under which names, the same for every provider but for the sessions, whose
// octets are the provider's own. Prekeys have the form that Signal's libraries share:
// PreKeyRecordStructure { id = 1; publicKey = 2; privateKey = 3 } and
// SignedPreKeyRecordStructure { id = 1; publicKey = 2; privateKey = 3; signature = 4;
// timestamp = 5 (fixed64) }; public keys serialized.
#pragma once

#include <span>

#include "harness/crypto/signal/store.h"
#include "harness/crypto/signal/types.h"

namespace parley::crypto::signal {

inline constexpr const char* kIdentityRecord = "identity";

std::string prekey_record(PrekeyId id);
std::string signed_prekey_record(SignedPrekeyId id);
// A peer's name is any octets of any length; the record's name stays within a file's.
std::string session_record_of(const Address& peer);
std::string peer_identity_record(const Address& peer);

Result<void> save_identity(Store& store, const Identity& identity);
// Errors: not_found; malformed; as the store.
Result<Identity> load_identity(const Store& store);
Result<void> save_prekey(Store& store, const OneTimePrekey& prekey);
Result<void> save_signed_prekey(Store& store, const SignedPrekey& prekey);
Result<OneTimePrekey> load_prekey(const Store& store, PrekeyId id);
Result<SignedPrekey> load_signed_prekey(const Store& store, SignedPrekeyId id);
// How many one-time prekeys are left: each is removed when a session is made with it.
Result<std::size_t> prekeys_left(const Store& store);

// A device made anew in an empty store: identity, one signed prekey, one-time prekeys from 1 on.
struct Device {
  Identity identity;
  SignedPrekey signed_prekey;
  std::vector<OneTimePrekey> one_time;
};
Result<Device> make_device(Store& store, std::size_t one_time_prekeys, std::uint64_t now_ms,
                           Rng& rng);

}  // namespace parley::crypto::signal
