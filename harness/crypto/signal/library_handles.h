// SPDX-License-Identifier: GPL-3.0-or-later
// Owners of libsignal-protocol-c's handles. For the library_*.cc files of this folder alone.
#pragma once

#include <signal/curve.h>
#include <signal/protocol.h>
#include <signal/session_builder.h>
#include <signal/session_cipher.h>
#include <signal/session_pre_key.h>
#include <signal/signal_protocol.h>

#include <memory>
#include <string_view>

#include "harness/base/encoding.h"

namespace parley::crypto::signal {

struct SignalUnref {
  void operator()(void* object) const noexcept {
    signal_type_unref(static_cast<signal_type_base*>(object));
  }
};
// Counted objects: keys, bundles, messages, records.
template <class T>
using SignalPtr = std::unique_ptr<T, SignalUnref>;

struct BufferFree {
  void operator()(signal_buffer* buffer) const noexcept { signal_buffer_bzero_free(buffer); }
};
using BufferPtr = std::unique_ptr<signal_buffer, BufferFree>;

struct BuilderFree {
  void operator()(session_builder* builder) const noexcept { session_builder_free(builder); }
};
using BuilderPtr = std::unique_ptr<session_builder, BuilderFree>;

struct CipherFree {
  void operator()(session_cipher* cipher) const noexcept { session_cipher_free(cipher); }
};
using CipherPtr = std::unique_ptr<session_cipher, CipherFree>;

struct ContextDestroy {
  void operator()(signal_context* context) const noexcept { signal_context_destroy(context); }
};
using ContextPtr = std::unique_ptr<signal_context, ContextDestroy>;

struct StoresDestroy {
  void operator()(signal_protocol_store_context* stores) const noexcept {
    signal_protocol_store_context_destroy(stores);
  }
};
using StoresPtr = std::unique_ptr<signal_protocol_store_context, StoresDestroy>;

inline const std::uint8_t* unsigned_of(std::string_view octets) {
  return reinterpret_cast<const std::uint8_t*>(octets.data());
}
inline std::string_view view_of(const signal_buffer* buffer) {
  return {reinterpret_cast<const char*>(signal_buffer_const_data(buffer)),
          signal_buffer_len(buffer)};
}

}  // namespace parley::crypto::signal
