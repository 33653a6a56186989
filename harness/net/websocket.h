// SPDX-License-Identifier: GPL-3.0-or-later
// A WebSocket (RFC 6455) over another stream, plain or under TLS, for either end. As a Stream it
// carries the octets of binary messages: a read is one whole message, a write makes one. What does
// not belong there (a text message, a frame that breaks section 5) ends it as Failed, and the peer
// is told by a Close frame. Pings are answered; extensions are neither asked for nor accepted.
// One io_context thread. Every wait has a deadline, everything kept has a bound.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "harness/base/rng.h"
#include "harness/net/stream.h"
#include "harness/wire/websocket_frame.h"

namespace parley::net {

struct WebSocketAddress {
  enum class Scheme { ws, wss };
  Scheme scheme = Scheme::ws;
  Address address;
  std::string path = "/";
};
// "ws://127.0.0.1:8080/chat", or wss. Errors: malformed.
Result<WebSocketAddress> parse_websocket_address(std::string_view text);

// What a client asks for (section 4.1). Absent: what is empty but for the key, which is drawn then.
struct WebSocketRequest {
  std::string host;  // "127.0.0.1:8080"
  std::string path = "/";
  std::string origin{};
  std::string protocol{};
  std::string version = "13";
  std::string key{};
};

// What a server demands and answers (section 4.2).
struct WebSocketOffer {
  std::set<std::string> hosts{};  // empty: any; one there must be
  std::string path{};             // empty: any
  std::string origin{};           // empty: any, or none
  // Of the answer, right or wrong; empty: as it must be.
  std::string status{};  // "200 OK"
  std::string accept{};
  std::string protocol{};
  std::string upgrade{};
};

// Of the opening handshake as far as it went: each message up to its empty line.
struct WebSocketHeads {
  std::string request;
  std::string answer;
};

enum class WebSocketSide { ours, theirs };

// What an end does, or fails to do.
struct WebSocketManners {
  enum class Neglect {
    pings,   // no Pong
    close,   // a Close frame changes nothing
    answer,  // a client takes any answer to its upgrade
    masks,   // a client masks nothing
  };
  std::set<Neglect> neglected{};
  std::set<wire::WebSocketOddity> tolerated{};
  wire::WebSocketLimits limits{};
  // From the first octet of a message or frame to its last.
  std::chrono::milliseconds message_patience{20'000};
  // Told of each control frame that is sent or has come; may be empty.
  std::function<void(WebSocketSide, const wire::WebSocketControl&)> on_control{};
};

class WebSocket : public Stream {
 public:
  // Masks and keys are drawn from `rng`.
  static std::unique_ptr<WebSocket> make(std::unique_ptr<Stream> under, wire::WebSocketRole role,
                                         Rng rng, WebSocketManners manners = {});

  // The opening handshake, a client's or a server's; before anything else, and once. `timeout`
  // holds for all of it. Errors: refused when the other side says no or asks for what is not
  // offered (a server has answered so, 4xx); malformed for what is no such handshake; timed_out;
  // io when the connection ends.
  virtual asio::awaitable<Result<void>> open(WebSocketRequest request,
                                             std::chrono::milliseconds timeout) = 0;
  virtual asio::awaitable<Result<void>> accept(WebSocketOffer offer,
                                               std::chrono::milliseconds timeout) = 0;
  virtual const WebSocketHeads& heads() const = 0;

  enum class Masking { by_role, none, always };
  // Whatever they are. Errors: io. What `frames` leaves open (a mask) is filled in.
  virtual asio::awaitable<Result<void>> write_frames(std::vector<wire::WebSocketFrame> frames,
                                                     Masking masking) = 0;
};

}  // namespace parley::net
