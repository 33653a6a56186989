// SPDX-License-Identifier: GPL-3.0-or-later
// The heads of a WebSocket's opening handshake: what is written, and what is wrong with what came.
// Source: RFC 6455 section 4. Pure functions. For websocket.cc alone: it brings Beast along.
#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <optional>
#include <string>

#include "harness/net/websocket.h"

namespace parley::net {

namespace http = boost::beast::http;

// Why a request is not the one awaited, and what a server answers then.
struct WebSocketObjection {
  std::string status;
  std::string reason;
};

// Section 4.2.1.
std::optional<WebSocketObjection> objection_to(const http::request<http::empty_body>& head,
                                               const WebSocketOffer& offer);
// Section 4.1, the client's duties upon the answer; empty: nothing.
std::string objection_to(const http::response<http::empty_body>& head,
                         const WebSocketRequest& request);

std::string text_of(const WebSocketRequest& request);
// `key` is the request's.
std::string answer_to(const std::string& key, const WebSocketOffer& offer);
std::string refusal(const WebSocketObjection& objection);

}  // namespace parley::net
