// SPDX-License-Identifier: GPL-3.0-or-later
// What the targets of Signal messages share: the library's context, and where its reader is known
// to take more than ours.
#pragma once

#include "fuzz/oracle.h"
#include "harness/base/result.h"
#include "harness/crypto/signal/library_crypto.h"
#include "harness/crypto/signal/library_handles.h"

namespace parley::fuzz {

// What the library's context draws keys from. A target that lets it draw sets it anew for each
// input.
inline Rng& library_rng() {
  static Rng rng(1);
  return rng;
}

// For what the library does without a session.
inline signal_context* library_context() {
  static const crypto::signal::ContextPtr made = [] {
    signal_context* out = nullptr;
    PARLEY_ORACLE(signal_context_create(&out, nullptr) == 0);
    const auto table = crypto::signal::crypto_on_openssl(library_rng());
    PARLEY_ORACLE(signal_context_set_crypto_provider(out, &table) == 0);
    return crypto::signal::ContextPtr(out);
  }();
  return made.get();
}

// The library reads message versions 2 and 3, keeps the lower 32 bits of a number, of one that has
// more than 64 too, and knows the field 0. So a counter has many names.
inline bool is_leniency(const Error& error) {
  return error.code == Errc::unsupported || error.code == Errc::too_large ||
         error.detail.starts_with("field number") ||
         error.detail.starts_with("a varint has more than");
}

}  // namespace parley::fuzz
