// SPDX-License-Identifier: GPL-3.0-or-later
// Every key derivation of the protocol, step by step and independent of the library. Sources: X3DH
// sections 2.2 and 3.3, Double Ratchet sections 2.3, 5.1 and 5.2; what those leave open (info
// strings, the constants 01 and 02, lengths) as libsignal has it for message version 3.
// Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/secret_bytes.h"

namespace parley::crypto::signal {

// One agreement of X3DH, in the initiator's terms: own key, peer's key.
enum class Agreement {
  identity_signed,  // DH1 = DH(IKa, SPKb)
  base_identity,    // DH2 = DH(EKa, IKb)
  base_signed,      // DH3 = DH(EKa, SPKb)
  base_one_time,    // DH4 = DH(EKa, OPKb), only with a one-time prekey
};

// What an implementation may get wrong. The defaults are right; a writer that is given others
// makes messages that only so wrong a reader reads.
struct Dialect {
  std::string text_info = "WhisperText";
  std::string ratchet_info = "WhisperRatchet";
  std::string keys_info = "WhisperMessageKeys";
  std::string salt;  // of X3DH and of the message keys; empty stands for zeros
  Bytes discontinuity = Bytes(32, '\xFF');  // F in X3DH section 2.2
  std::vector<Agreement> agreements{Agreement::identity_signed, Agreement::base_identity,
                                    Agreement::base_signed, Agreement::base_one_time};
  char seed_constant = '\x01';   // what makes message keys of a chain key
  char chain_constant = '\x02';  // what makes the next chain key
};

// Root and chain key, 32 octets each.
struct RootAndChain {
  SecretBytes root;
  SecretBytes chain;
};

struct MessageKeys {
  SecretBytes cipher;  // 32 octets
  SecretBytes mac;     // 32
  Bytes iv;            // 16
  std::uint32_t counter = 0;
};

inline constexpr std::size_t kMacOctets = 8;

// From the agreements' results, one after the other.
RootAndChain x3dh_keys(const SecretBytes& agreed, const Dialect& dialect);
// A turn of the root chain by one agreement of ratchet keys.
RootAndChain root_step(const SecretBytes& root, const SecretBytes& agreed, const Dialect& dialect);
SecretBytes next_chain_key(const SecretBytes& chain, const Dialect& dialect);
// What the message keys are derived from.
SecretBytes message_seed(const SecretBytes& chain, const Dialect& dialect);
MessageKeys message_keys(const SecretBytes& seed, std::uint32_t counter, const Dialect& dialect);
// The whole HMAC-SHA-256 over sender's and receiver's identity keys (serialized) and the message; a
// message carries its first kMacOctets.
Bytes message_mac(const SecretBytes& mac_key, std::string_view identities,
                  std::string_view message);

}  // namespace parley::crypto::signal
