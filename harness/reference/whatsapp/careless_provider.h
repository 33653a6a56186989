// SPDX-License-Identifier: GPL-3.0-or-later
// A provider of the Signal protocol that makes the mistakes of a fault set: our own sessions, read
// by careless_session. It takes every bundle as it is: who begins a session has checked it, or has
// not. Not thread-safe.
#pragma once

#include <memory>

#include "harness/crypto/signal/provider.h"
#include "harness/reference/faults.h"

namespace parley::reference::whatsapp {

// Whether a fault of the set is one that the library would not make.
bool needs_careless_provider(const FaultSet& faults);

// `store` must outlive it. Errors: as crypto::signal::load_identity.
Result<std::unique_ptr<crypto::signal::Provider>> make_careless_provider(
    crypto::signal::Store& store, const FaultSet& faults, Rng rng);

}  // namespace parley::reference::whatsapp
