// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/client_keys.h"

#include <algorithm>
#include <utility>

#include "harness/crypto/signal/keys.h"
#include "harness/crypto/signal/records.h"

namespace parley::reference::whatsapp {
namespace {

namespace signal = crypto::signal;

constexpr std::size_t kRegistrationOctets = 4;
constexpr std::size_t kIdOctets = 3;

Bytes big_endian(std::uint32_t value, std::size_t octets) {
  Bytes out;
  for (std::size_t i = octets; i > 0; --i) {
    out += static_cast<char>(value >> (8 * (i - 1)) & 0xFF);
  }
  return out;
}

}  // namespace

// 32 octets of any generator make a key pair, and a store in memory keeps what it is given: nothing
// here can fail.
ClientKeys::ClientKeys(const FaultSet& faults, Rng rng) : faults_(faults), rng_(rng) {
  auto device = *signal::make_device(store_, 0, 0, rng_);
  identity_ = std::move(device.identity);
  signed_prekey_ = std::move(device.signed_prekey);
}

KeyBundle ClientKeys::draw(std::size_t count) {
  if (faults_.has(Fault::wt_signal_prekey_ids_reused)) {
    next_ = 1;
  }
  KeyBundle out{.registration = registration(),
                .type = Bytes(1, signal::kKeyType),
                .identity = identity_.keys.public_key,
                .signed_key = {.id = id_octets(static_cast<std::uint32_t>(signed_prekey_.id)),
                               .value = signed_prekey_.keys.public_key},
                .signature = signed_prekey_.signature};
  for (const auto& prekey : *signal::make_one_time_prekeys(signal::PrekeyId(next_), count, rng_)) {
    (void)signal::save_prekey(store_, prekey);
    const auto id = static_cast<std::uint32_t>(prekey.id);
    out.one_time.push_back({.id = id_octets(id), .value = prekey.keys.public_key});
    next_ = id == signal::kMaxPrekeyId ? 1 : id + 1;
  }
  return out;
}

Bytes ClientKeys::registration() const {
  const bool short_form = faults_.has(Fault::wt_signal_registration_of_three_octets);
  return big_endian(static_cast<std::uint32_t>(identity_.registration),
                    short_form ? kIdOctets : kRegistrationOctets);
}

// ENC-019
Bytes ClientKeys::id_octets(std::uint32_t id) const {
  const bool long_form = faults_.has(Fault::wt_signal_key_ids_of_four_octets);
  Bytes out = big_endian(id, long_form ? kRegistrationOctets : kIdOctets);
  if (faults_.has(Fault::wt_signal_key_ids_reversed)) {
    std::ranges::reverse(out);
  }
  return out;
}

}  // namespace parley::reference::whatsapp
