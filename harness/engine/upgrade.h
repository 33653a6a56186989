// SPDX-License-Identifier: GPL-3.0-or-later
// What the played side of a WebSocket (RFC 6455) asks for, offers and sends: as the profile's
// settings have it, unless a change says otherwise. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/engine/connections.h"
#include "harness/model/model.h"
#include "harness/net/websocket.h"

namespace parley::engine {

// `declared`: the endpoint's address, "ws://127.0.0.1:8080/chat". Errors: malformed.
Result<Way> web_way(const model::Profile& profile, const std::string& declared,
                    const model::ConnectionEdit& edit);
// `host`: a name that a client may call the server beside its address.
net::WebSocketOffer web_offer(const model::Profile& profile, const std::string& host,
                              const model::ConnectionEdit& edit);

std::vector<wire::WebSocketFrame> web_frames(const model::WebSocketEdit& edit, Bytes octets);
// What an event says of a control frame: "sent Ping", "got Close".
std::string control_text(net::WebSocketSide side, wire::WebSocketOpcode kind);
net::WebSocket::Masking web_masking(const model::WebSocketEdit& edit);

}  // namespace parley::engine
