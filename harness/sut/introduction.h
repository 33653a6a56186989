// SPDX-License-Identifier: GPL-3.0-or-later
// The first words with a driver: who it is, and whether it knows how to say no (DRIVER.md).
// One thread: the driver's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <string>

#include "harness/base/result.h"
#include "harness/sut/driver.h"

namespace parley::sut {

inline constexpr std::chrono::milliseconds kIntroductionTimeout{5'000};

using Endpoints = std::map<std::string, std::string>;  // as endpoints/NAME of a declaration

struct Introduction {
  std::string name;
  std::string version;
  std::string party;    // "gatekeeper.server"; empty when it does not say
  std::string profile;  // empty when it does not say
  Endpoints endpoints;
};

// Calls `describe`. Errors: as Driver::call. `driver` outlives the coroutine.
asio::awaitable<Result<Introduction>> introduce(Driver& driver);

// Calls a method that cannot exist. Errors: refused when the driver answers it as if it did; io.
asio::awaitable<Result<void>> try_canary(Driver& driver, std::string token);

// The strings among the endpoints in `result`["endpoints"].
Endpoints endpoints_of(const nlohmann::json& result);

}  // namespace parley::sut
