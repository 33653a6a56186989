// SPDX-License-Identifier: GPL-3.0-or-later
// The payload of an OMEMO message: AES-128-GCM under a key of its own, which goes to each device
// with the tag behind it. Source: XEP-0384 version 0.3.0, "Sending a message" and "Receiving a
// message". Sizes are octets. Pure functions.
#pragma once

#include <string_view>

#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/crypto/aes_gcm.h"

namespace parley::crypto::omemo {

inline constexpr std::size_t kKeyMaterialOctets = kAes128KeyOctets + kGcmTagOctets;

struct Payload {
  Bytes key_material;  // what is encrypted for each device: key, then tag
  Bytes iv;
  Bytes ciphertext;  // without the tag
};

// Key and iv come from `rng`. Errors: as aes128_gcm_seal.
Result<Payload> seal_payload(std::string_view plaintext, std::size_t iv_octets, Rng& rng);
// Errors: malformed for key material of another length than kKeyMaterialOctets; as aes128_gcm_open.
Result<Bytes> open_payload(const Payload& payload);

}  // namespace parley::crypto::omemo
