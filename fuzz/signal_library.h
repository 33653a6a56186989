// SPDX-License-Identifier: GPL-3.0-or-later
// What the targets of Signal messages share: the library's context, and where its reader is known
// to take more than ours.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>

#include "fuzz/oracle.h"
#include "harness/base/protobuf_wire.h"
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

// The library's protobuf takes keys and lengths of five octets at most, however many are allowed.
// `message` begins with its version; of a SignalMessage the MAC is cut off.
inline bool has_long_prefix(std::string_view message) {
  const auto fields = protobuf::read_fields(message.substr(message.empty() ? 0 : 1));
  return fields && std::ranges::any_of(*fields, [](const protobuf::Field& field) {
           return field.key_octets > 5 ||
                  (field.type == protobuf::WireType::octets && field.varint_octets > 5);
         });
}
inline std::string_view without_mac(std::string_view message) {
  return message.substr(0, message.size() - std::min<std::size_t>(message.size(), 8));
}

// Of a length, too, the library keeps the lower 32 bits: 2^32 is none.
inline bool is_length_beyond_32_bits(const Error& error) {
  std::uint64_t announced = 0;
  std::from_chars(error.detail.data(), error.detail.data() + error.detail.size(), announced);
  return error.code == Errc::truncated && announced > std::numeric_limits<std::uint32_t>::max();
}

// The library reads message versions 2 and 3, keeps the lower 32 bits of a number, of one that has
// more than 64 too, and knows the field 0. So a counter has many names.
inline bool is_leniency(const Error& error) {
  return error.code == Errc::unsupported || error.code == Errc::too_large ||
         is_length_beyond_32_bits(error) || error.detail.starts_with("field number") ||
         error.detail.starts_with("a varint has more than");
}

}  // namespace parley::fuzz
