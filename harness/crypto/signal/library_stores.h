// SPDX-License-Identifier: GPL-3.0-or-later
// Our store as the five stores of libsignal-protocol-c. For library_provider.cc.
#pragma once

#include "harness/crypto/signal/library_handles.h"
#include "harness/crypto/signal/store.h"
#include "harness/crypto/signal/types.h"

namespace parley::crypto::signal {

// What the library's callbacks work on: the open transaction of the call under way.
struct StoresView {
  Store* store = nullptr;  // lent for the length of one call
  const Identity* identity = nullptr;
};

// `view` must outlive the stores. Null where the library has no memory.
StoresPtr stores_on(StoresView& view, signal_context* context);

}  // namespace parley::crypto::signal
