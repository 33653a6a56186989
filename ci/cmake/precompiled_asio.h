// SPDX-License-Identifier: GPL-3.0-or-later
// The same for the floors that stand on net: whoever includes Asio must link it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "ci/cmake/precompiled.h"
