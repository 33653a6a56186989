// SPDX-License-Identifier: GPL-3.0-or-later
// What `parley doctor` and every run check before a case starts (design section 5): a wrong
// declaration must not look like a wrong SUT. Every wait ends; nothing is changed at the SUT but
// for one user whom the driver of a third party's server enlists when there is no pool.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <vector>

#include "harness/model/model.h"
#include "harness/sut/checks.h"

namespace parley::sut {

namespace asio = boost::asio;

// In the order in which the checks depend on each other; what cannot be checked because an earlier
// one failed is left out. Never empty. `profile` is the declared one and outlives the coroutine;
// `workers`: how many share the accounts.
asio::awaitable<std::vector<Check>> preflight(asio::any_io_executor executor,
                                              model::Declaration declaration,
                                              const model::Profile& profile,
                                              std::size_t workers = 1);

}  // namespace parley::sut
