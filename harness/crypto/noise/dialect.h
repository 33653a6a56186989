// SPDX-License-Identifier: GPL-3.0-or-later
// Where WhatsApp's Noise departs from the specification (Noise Protocol Framework, revision 34):
// one value names a form, so that a profile can choose and a finding can say which was seen.
// Sizes are octets.
#pragma once

#include <cstdint>
#include <optional>

#include "harness/crypto/x25519.h"

namespace parley::crypto::noise {

// Whether a payload is mixed into h while no key is set yet. Only message 1 of XX has such a one.
enum class PayloadHashing {
  always,           // the specification, sections 5.2 and 5.3
  only_when_keyed,  // WhatsApp: the clear payload of message 1 is left out
};

// How far a counter goes before it must not be used again (section 5.1 and 11.3). The octets of the
// nonce are the same for both: zeros, then the counter, big-endian, to make twelve.
enum class CounterWidth {
  bits32,  // WhatsApp: 2^32 - 1 is the last
  bits64,  // the specification: 2^64 - 2 is the last, 2^64 - 1 is for rekeying
};

struct Dialect {
  PayloadHashing hashing = PayloadHashing::always;
  // Tried when the first authentication check fails under `hashing`.
  std::optional<PayloadHashing> else_try{};
  CounterWidth counter = CounterWidth::bits64;
  std::size_t max_message_octets = 65'535;
  LowOrder low_order = LowOrder::refuse;

  friend bool operator==(const Dialect&, const Dialect&) = default;
};

inline constexpr Dialect kSpecification{};
inline constexpr Dialect kWhatsApp{.hashing = PayloadHashing::only_when_keyed,
                                   .counter = CounterWidth::bits32,
                                   .max_message_octets = (std::size_t{1} << 24U) - 1};

}  // namespace parley::crypto::noise
