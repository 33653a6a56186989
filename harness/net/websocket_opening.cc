// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/net/websocket_opening.h"

#include <fmt/format.h>

#include <boost/beast/http/rfc7230.hpp>

#include "harness/base/encoding.h"
#include "harness/base/text.h"
#include "harness/crypto/digest.h"

namespace parley::net {
namespace {

using boost::beast::iequals;

constexpr std::size_t kKeyOctets = 16;
constexpr std::size_t kShownOctets = 100;
constexpr std::string_view kAcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::string accept_of(const std::string& key) {
  const std::string text = key + std::string(kAcceptSuffix);
  return to_base64(crypto::sha1(text));
}

std::string text_of(const http::fields& head, http::field name) { return std::string(head[name]); }

bool has_token(const http::fields& head, http::field name, std::string_view token) {
  return http::token_list(head[name]).exists(token);
}

std::string shown(const std::string& text) { return "'" + printable(text, kShownOctets) + "'"; }

std::string line(std::string_view name, const std::string& value) {
  return value.empty() ? "" : fmt::format("{}: {}\r\n", name, value);
}

}  // namespace

std::optional<WebSocketObjection> objection_to(const http::request<http::empty_body>& head,
                                               const WebSocketOffer& offer) {
  const auto key = from_base64(text_of(head, http::field::sec_websocket_key));
  if (head.method() != http::verb::get || head.version() < 11 ||
      !has_token(head, http::field::upgrade, "websocket") ||
      !has_token(head, http::field::connection, "upgrade") || head.count(http::field::host) != 1 ||
      head.count(http::field::sec_websocket_key) != 1 || !key || key->size() != kKeyOctets) {
    return WebSocketObjection{"400 Bad Request",
                              "the peer did not ask for a WebSocket as RFC 6455 has it"};
  }
  if (head[http::field::sec_websocket_version] != "13") {
    return WebSocketObjection{"426 Upgrade Required", "the peer asked for another version than 13"};
  }
  const auto host = text_of(head, http::field::host);
  if (!offer.hosts.empty() && !offer.hosts.contains(host)) {
    return WebSocketObjection{"400 Bad Request", "the peer asked for the host " + shown(host)};
  }
  if (!offer.path.empty() && head.target() != offer.path) {
    return WebSocketObjection{"404 Not Found", "the peer asked for the path " +
                                                   shown(std::string(head.target())) +
                                                   " and not for " + shown(offer.path)};
  }
  const auto origin = text_of(head, http::field::origin);
  if (!offer.origin.empty() && origin != offer.origin) {
    return WebSocketObjection{"403 Forbidden", "the peer's Origin is " + shown(origin) +
                                                   " and not " + shown(offer.origin)};
  }
  return std::nullopt;
}

std::string objection_to(const http::response<http::empty_body>& head,
                         const WebSocketRequest& request) {
  if (head.result() != http::status::switching_protocols) {
    return fmt::format("the upgrade was answered with {} {}", head.result_int(),
                       printable(std::string(head.reason()), kShownOctets));
  }
  if (!iequals(head[http::field::upgrade], "websocket") ||
      !has_token(head, http::field::connection, "upgrade")) {
    return "the answer does not name the upgrade to WebSocket";
  }
  if (head.count(http::field::sec_websocket_accept) != 1 ||
      head[http::field::sec_websocket_accept] != accept_of(request.key)) {
    return "the answer's Sec-WebSocket-Accept does not belong to our key";
  }
  if (head.count(http::field::sec_websocket_extensions) > 0) {
    return "the answer names an extension that was not asked for";
  }
  const auto protocol = text_of(head, http::field::sec_websocket_protocol);
  if (!protocol.empty() && protocol != request.protocol) {
    return "the answer names the subprotocol " + shown(protocol) + " that was not asked for";
  }
  return "";
}

std::string text_of(const WebSocketRequest& request) {
  return fmt::format("GET {} HTTP/1.1\r\n", request.path) + line("Host", request.host) +
         "Upgrade: websocket\r\nConnection: Upgrade\r\n" + line("Origin", request.origin) +
         line("Sec-WebSocket-Key", request.key) + line("Sec-WebSocket-Protocol", request.protocol) +
         line("Sec-WebSocket-Version", request.version) + "\r\n";
}

std::string answer_to(const std::string& key, const WebSocketOffer& offer) {
  const auto upgrade = offer.upgrade.empty() ? std::string("websocket") : offer.upgrade;
  return fmt::format("HTTP/1.1 {}\r\n",
                     offer.status.empty() ? "101 Switching Protocols" : offer.status) +
         line("Upgrade", upgrade) + "Connection: Upgrade\r\n" +
         line("Sec-WebSocket-Accept", offer.accept.empty() ? accept_of(key) : offer.accept) +
         line("Sec-WebSocket-Protocol", offer.protocol) + "\r\n";
}

std::string refusal(const WebSocketObjection& objection) {
  return fmt::format(
      "HTTP/1.1 {}\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
      objection.status);
}

}  // namespace parley::net
