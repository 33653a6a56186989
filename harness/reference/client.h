// SPDX-License-Identifier: GPL-3.0-or-later
// The reference third-party client: many users over real sockets, each started and steered through
// the driver protocol (harness/sut/DRIVER.md). Sources: RFC 6120, 6121, 7590; XEP-0199.
// Single threaded: everything runs on the executor of the coroutine.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "harness/reference/json_rpc.h"
#include "harness/reference/reference.h"

namespace parley::reference {

// Serves the driver protocol until end of input, then drops all connections and waits for their
// coroutines. With `options.null_mode` it is a client that implements nothing.
// `rpc` outlives the coroutine. Names in `options.faults` that are not in the table are left out.
boost::asio::awaitable<void> run_client(Options options, JsonRpcPeer& rpc);

}  // namespace parley::reference
