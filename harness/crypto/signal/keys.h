// SPDX-License-Identifier: GPL-3.0-or-later
// Identities and prekeys made from a seed, and the bundle that shows their public halves.
// Source: X3DH section 3.2. Pure functions: the same generator gives the same keys.
#pragma once

#include <vector>

#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/crypto/signal/types.h"

namespace parley::crypto::signal {

inline constexpr std::uint32_t kMaxRegistrationId = 16380;  // as libsignal draws them: 1 to this
inline constexpr std::uint32_t kMaxPrekeyId = 0xFFFFFF;     // three octets in stanzas

// A key pair whose private key is clamped as it lies (RFC 7748 section 5): libsignal-protocol-c
// multiplies by what it is given and does not clamp.
Result<X25519KeyPair> make_key_pair(Rng& rng);
Result<Identity> make_identity(Rng& rng);
Result<SignedPrekey> make_signed_prekey(const Identity& identity, SignedPrekeyId id,
                                        std::uint64_t now_ms, Rng& rng);
// `count` of them with ids from `first` on; after kMaxPrekeyId comes 1.
Result<std::vector<OneTimePrekey>> make_one_time_prekeys(PrekeyId first, std::size_t count,
                                                         Rng& rng);
// `one_time` may be null: a bundle whose one-time prekeys have run out.
PrekeyBundle bundle_of(const Identity& identity, DeviceId device, const SignedPrekey& signed_prekey,
                       const OneTimePrekey* one_time);

}  // namespace parley::crypto::signal
