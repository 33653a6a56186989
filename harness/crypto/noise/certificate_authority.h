// SPDX-License-Identifier: GPL-3.0-or-later
// Chains that a run's own root issues, right or wrong in one named way (TRN-010, TRN-011).
// Source: observed client behaviour. Keys come from a seed; nothing here guards
// anything real. Not thread-safe.
#pragma once

#include <chrono>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/crypto/noise/certificate_chain.h"
#include "harness/crypto/x25519.h"

namespace parley::crypto::noise {

enum class ChainKind {
  valid,
  leaf_expired,
  leaf_not_yet_valid,
  intermediate_expired,
  intermediate_not_yet_valid,
  leaf_of_other_issuer,          // its issuerSerial is not the intermediate's serial
  intermediate_of_other_issuer,  // its issuerSerial is not 0
  leaf_with_other_key,
  leaf_with_wrong_signature,  // one bit
  intermediate_with_wrong_signature,
  leaf_signed_by_root,
  intermediate_signed_by_itself,
  unknown_root,
  leaf_missing,
  intermediate_missing,
};

class ChainAuthority {
 public:
  // Valid from a day before `now` to 30 days after it. Errors: unsupported.
  static Result<ChainAuthority> make(Rng rng, std::chrono::sys_seconds now);

  const Bytes& root_key() const { return root_.public_key; }
  // The octets of a CertChain for the server whose static key is `server_static`.
  Result<Bytes> issue(std::string_view server_static, ChainKind kind) const;

 private:
  struct Draft;
  ChainAuthority(Rng rng, std::chrono::sys_seconds now) : rng_(rng), now_(now) {}
  Draft draft(std::string_view server_static, ChainKind kind) const;

  Rng rng_;
  std::chrono::sys_seconds now_;
  X25519KeyPair root_, intermediate_, stranger_;
};

}  // namespace parley::crypto::noise
