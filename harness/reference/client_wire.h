// SPDX-License-Identifier: GPL-3.0-or-later
// One connection of the reference client as items instead of octets: a strict reader before it, a
// bounded queue behind it. The faults that concern octets act here. Belongs to one io_context
// thread. Sources: RFC 6120 sections 4 and 11.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <variant>

#include "harness/base/result.h"
#include "harness/net/stream.h"
#include "harness/reference/client_front.h"
#include "harness/reference/faults.h"
#include "harness/xml/reader.h"

namespace parley::reference {

namespace asio = boost::asio;

inline constexpr std::string_view kClientNs = "jabber:client";
inline constexpr std::string_view kStreamNs = "http://etherx.jabber.org/streams";
inline constexpr std::string_view kStreamErrorNs = "urn:ietf:params:xml:ns:xmpp-streams";
inline constexpr std::string_view kStanzaErrorNs = "urn:ietf:params:xml:ns:xmpp-stanzas";
inline constexpr std::string_view kCloseTag = "</stream:stream>";

// "<stream:error>…</stream:error></stream:stream>" with that condition (RFC 6120 section 4.9).
Bytes stream_error(std::string_view condition);

// The condition of a stream, stanza or SASL error: the name of the first child in `ns`.
std::string error_condition(const xml::Element& error, std::string_view ns);

struct ConnectionLost {
  std::string reason;
};
using WireItem =
    std::variant<xml::StreamOpened, xml::Stanza, xml::StreamClosed, xml::Refused, ConnectionLost>;

// Shared by its session and the coroutine that writes its queue.
class ClientWire : public std::enable_shared_from_this<ClientWire> {
 public:
  ClientWire(asio::any_io_executor executor, std::unique_ptr<net::Stream> stream,
             const FaultSet& faults);

  // The next item; ConnectionLost when the time ran out (0: never) or the connection ended.
  asio::awaitable<WireItem> next(std::chrono::milliseconds timeout);
  // A new stream begins (RFC 6120 section 4.3.3); octets already read belong to it.
  void restart();
  // From now on octets are read as they come; before, never past the end of an element.
  void settle() { settled_ = true; }
  // Octets that came behind the last item, taken out.
  Bytes take_unread();
  bool has_unread() const { return !unfed_.empty() || !inbox_.empty(); }
  void put_back(const Bytes& octets) { unfed_.insert(0, octets); }
  asio::awaitable<Result<void>> start_tls(net::TlsContexts& contexts,
                                          net::TlsClientOptions options);
  bool secure() const { return stream_->secure(); }

  // Writes at once; only while nothing was posted.
  asio::awaitable<Result<void>> write(Bytes octets);
  // Queues; a peer that does not read until kMaxQueued is cut off.
  void post(Bytes octets);
  // Writes `farewell` and what is queued, then closes the connection.
  asio::awaitable<void> finish(Bytes farewell);
  // Drops the connection after `delay` unless it has ended by then.
  void close_after(std::chrono::milliseconds delay);
  void abandon() { stream_->close(); }
  // Skips a stream error and what closes the stream: the reader goes on as though none had come.
  void resume();

 private:
  static asio::awaitable<void> flush(std::shared_ptr<ClientWire> self);
  // A reader that stands on an open stream.
  void begin_anew();
  void feed_element();
  void feed_all();
  void feed_and_resynchronise(std::string_view octets);
  void drop_partial();
  void act_on_partial(std::string_view octets);
  void show_partial(std::string text);

  asio::any_io_executor executor_;
  std::unique_ptr<net::Stream> stream_;
  FaultSet faults_;
  xml::Limits limits_;
  xml::StreamReader reader_;
  std::unique_ptr<ClientFront> front_;  // null without a fault that needs one
  std::deque<WireItem> inbox_;
  Bytes unfed_;
  Bytes queue_;
  asio::steady_timer flushed_;  // cancelled when the queue is empty
  asio::steady_timer closing_;
  bool settled_ = false;
  bool writing_ = false;
  bool peer_closed_ = false;  // its </stream:stream> came: nothing follows
  bool resynchronising_ = false;
  std::size_t fed_ = 0;  // to the present reader
  Bytes partial_;        // octets behind the last whole stanza, for tp-acts-on-partial
  bool partial_shown_ = false;
};

}  // namespace parley::reference
