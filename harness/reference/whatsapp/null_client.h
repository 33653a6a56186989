// SPDX-License-Identifier: GPL-3.0-or-later
// Clients of profile `whatsapp` that implement nothing. A harness that passes them proves nothing.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "harness/reference/json_rpc.h"
#include "harness/reference/reference.h"
#include "harness/reference/whatsapp/client_account.h"

namespace parley::reference::whatsapp {

// Serves the driver protocol until end of input: every method of DRIVER.md is accepted.
// `rpc` outlives the coroutine.
boost::asio::awaitable<void> run_null_client(NullMode mode, Side side, JsonRpcPeer& rpc);

}  // namespace parley::reference::whatsapp
