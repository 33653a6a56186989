// SPDX-License-Identifier: GPL-3.0-or-later
// A connection that carries HTTP/1.1 (RFC 9112), as what is asked and answered on it: trees of
// wire/http_tree.h. The attribute `id` of each, "1.2" for the second of the first connection, says
// which response answers which request. A server's proof that it may call (call_proof.h) is made
// last but for the change, which may also come before it.
#pragma once

#include <memory>
#include <string>

#include "harness/engine/channel.h"

namespace parley::engine {

// The value of the scope that says where a service is, "localhost:8443"; without it "localhost".
std::string service_host(const std::string& service);

// As make_channel().
std::unique_ptr<Channel> make_http_channel(Side side, const std::string& label, const Scope& scope);

}  // namespace parley::engine
