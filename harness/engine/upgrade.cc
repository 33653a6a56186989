// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/upgrade.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace parley::engine {
namespace {

using wire::WebSocketFrame;
using wire::WebSocketOpcode;

constexpr std::size_t kLongPingOctets = 126;  // one more than section 5.5 allows
constexpr std::uint8_t kReservedData = 3;
constexpr std::uint8_t kReservedControl = 11;

std::string setting(const model::Profile& profile, const std::string& name) {
  const auto at = profile.settings.find(name);
  return at == profile.settings.end() ? "" : at->second.value;
}

void edit_into(std::string& field, const model::ConnectionEdit& edit, const std::string& name) {
  const auto at = edit.upgrade.find(name);
  if (at != edit.upgrade.end()) {
    field = at->second;
  }
}

std::uint8_t number(WebSocketOpcode opcode) { return static_cast<std::uint8_t>(opcode); }

std::uint8_t opcode_of(const std::string& name) {
  if (name == "text") {
    return number(WebSocketOpcode::text);
  }
  if (name == "continuation") {
    return number(WebSocketOpcode::continuation);
  }
  return name == "reserved" ? kReservedData : number(WebSocketOpcode::binary);
}

WebSocketFrame control_frame(const std::string& name) {
  if (name == "close" || name == "bad-close") {
    return {.opcode = number(WebSocketOpcode::close),
            .payload = name == "close" ? wire::close_payload(wire::kCloseNormal) : Bytes("x")};
  }
  if (name == "unknown") {
    return {.opcode = kReservedControl};
  }
  if (name == "pong") {
    return {.opcode = number(WebSocketOpcode::pong), .payload = "parley"};
  }
  return {.fin = name != "split-ping",
          .opcode = number(WebSocketOpcode::ping),
          .payload = name == "long-ping" ? Bytes(kLongPingOctets, 'p') : Bytes("parley")};
}

}  // namespace

Result<Way> web_way(const model::Profile& profile, const std::string& declared,
                    const model::ConnectionEdit& edit) {
  const auto address = net::parse_websocket_address(declared);
  if (!address) {
    return std::unexpected(address.error());
  }
  net::WebSocketRequest request{.host = net::to_string(address->address),
                                .path = address->path,
                                .origin = setting(profile, "websocket-origin")};
  edit_into(request.host, edit, "host");
  edit_into(request.path, edit, "path");
  edit_into(request.origin, edit, "origin");
  edit_into(request.protocol, edit, "protocol");
  edit_into(request.version, edit, "version");
  edit_into(request.key, edit, "key");
  return Way{.to = address->address,
             .tls = address->scheme == net::WebSocketAddress::Scheme::wss,
             .web = std::move(request)};
}

net::WebSocketOffer web_offer(const model::Profile& profile, const std::string& host,
                              const model::ConnectionEdit& edit) {
  net::WebSocketOffer offer{.hosts = {host},
                            .path = setting(profile, "websocket-path"),
                            .origin = setting(profile, "websocket-origin")};
  edit_into(offer.status, edit, "status");
  edit_into(offer.accept, edit, "accept");
  edit_into(offer.protocol, edit, "protocol");
  edit_into(offer.upgrade, edit, "upgrade");
  return offer;
}

std::vector<WebSocketFrame> web_frames(const model::WebSocketEdit& edit, Bytes octets) {
  const std::size_t size = edit.fragment_octets == 0 ? octets.size() : edit.fragment_octets;
  std::vector<WebSocketFrame> out;
  for (std::size_t at = 0; at < octets.size(); at += size) {
    out.push_back(
        {.fin = at + size >= octets.size(),
         .opcode = at == 0 ? opcode_of(edit.opcode) : number(WebSocketOpcode::continuation),
         .payload = octets.substr(at, size)});
  }
  if (out.empty()) {
    return out;
  }
  out.front().reserved = static_cast<std::uint8_t>(edit.reserved);
  std::uint64_t length = 0;
  const auto* end = edit.length.data() + edit.length.size();
  if (std::from_chars(edit.length.data(), end, length).ec == std::errc()) {
    out.front().claimed = length;
  }
  if (!edit.control.empty()) {
    out.insert(out.end() - 1, control_frame(edit.control));
  }
  return out;
}

std::string control_text(net::WebSocketSide side, WebSocketOpcode kind) {
  return fmt::format("{} {}", side == net::WebSocketSide::ours ? "sent" : "got", to_string(kind));
}

net::WebSocket::Masking web_masking(const model::WebSocketEdit& edit) {
  using enum net::WebSocket::Masking;
  return edit.mask == "none" ? none : edit.mask == "always" ? always : by_role;
}

}  // namespace parley::engine
