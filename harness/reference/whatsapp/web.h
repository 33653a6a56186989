// SPDX-License-Identifier: GPL-3.0-or-later
// The WebSocket under the reference's frames: what a client asks for, what the server offers, and
// what their faults make of it. Source: RFC 6455; observed client behaviour for path and Origin.
#pragma once

#include <memory>
#include <string_view>

#include "harness/base/rng.h"
#include "harness/net/websocket.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/client_account.h"

namespace parley::reference::whatsapp {

inline constexpr std::string_view kWebPath = "/ws/chat";
inline constexpr std::string_view kWebOrigin = "https://web.whatsapp.com";

std::unique_ptr<net::WebSocket> server_socket(std::unique_ptr<net::Stream> under, Rng rng,
                                              const FaultSet& faults);
net::WebSocketOffer server_offer(const FaultSet& faults);

std::unique_ptr<net::WebSocket> client_socket(std::unique_ptr<net::Stream> under, Rng rng,
                                              const FaultSet& faults);
net::WebSocketRequest client_request(const ClientAccount& account, const FaultSet& faults);

// Of a party that implements nothing: it takes whatever comes and answers no control frame.
std::unique_ptr<net::WebSocket> null_socket(std::unique_ptr<net::Stream> under,
                                            wire::WebSocketRole role);

// With the faults that one stands for: what loses split and joined frames of a message.
FaultSet with_web_faults(FaultSet faults);

}  // namespace parley::reference::whatsapp
