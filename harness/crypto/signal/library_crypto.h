// SPDX-License-Identifier: GPL-3.0-or-later
// OpenSSL as libsignal-protocol-c wants it: HMAC-SHA-256, SHA-512, AES-CBC and AES-CTR, and a
// seeded generator where it asks for randomness. For the library_*.cc files, their tests and
// benchmarks.
#pragma once

#include <signal/signal_protocol.h>

#include "harness/base/rng.h"

namespace parley::crypto::signal {

// `rng` must outlive every context that the table is given to.
signal_crypto_provider crypto_on_openssl(Rng& rng);

}  // namespace parley::crypto::signal
