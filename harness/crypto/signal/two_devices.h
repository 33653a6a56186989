// SPDX-License-Identifier: GPL-3.0-or-later
// Alice and Bob with a device each, for tests, benchmarks and fuzz targets.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "harness/crypto/signal/keys.h"
#include "harness/crypto/signal/provider.h"
#include "harness/crypto/signal/records.h"

namespace parley::crypto::signal {

inline constexpr std::uint64_t kMadeMs = 1'800'000'000'000;

using ProviderMaker = Result<std::unique_ptr<Provider>> (*)(Store& store, Rng rng);

// One user's device, by the library unless said otherwise, its store in memory. What cannot fail
// here throws.
struct TestDevice {
  Address address;
  MemoryStore store;
  Device device;
  std::unique_ptr<Provider> provider;

  TestDevice(std::string name, std::uint64_t seed, std::size_t one_time_prekeys = 4,
             ProviderMaker make = make_library_provider)
      : address{.name = std::move(name), .device = DeviceId(0)} {
    Rng rng(seed);
    auto made = make_device(store, one_time_prekeys, kMadeMs, rng);
    auto made_provider = make(store, rng.child("provider"));
    if (!made || !made_provider) {
      throw std::runtime_error("a device cannot be made");
    }
    device = std::move(*made);
    provider = std::move(*made_provider);
  }

  // With the one-time prekey of that place; past the last, without one.
  PrekeyBundle bundle(std::size_t one_time = 0) const {
    const auto& prekeys = device.one_time;
    return bundle_of(device.identity, address.device, device.signed_prekey,
                     one_time < prekeys.size() ? &prekeys[one_time] : nullptr);
  }
};

}  // namespace parley::crypto::signal
