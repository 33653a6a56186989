// SPDX-License-Identifier: GPL-3.0-or-later
// The octets of one connection of the binary dialect: intro header, frames, transport messages.
// Sources: TRN-002 to TRN-006, TRN-017, TRN-018. Belongs to one io_context thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "harness/crypto/noise/handshake_state.h"
#include "harness/net/stream.h"
#include "harness/reference/faults.h"
#include "harness/wire/frame.h"

namespace parley::reference::whatsapp {

namespace asio = boost::asio;

struct ConnectionLost {
  std::string reason;
};
// A frame's payload, or a transport message's plaintext; why nothing follows; the time ran out.
using Incoming = std::variant<Bytes, ConnectionLost, net::TimedOut>;

// Shared by its session and the coroutine that writes its queue.
class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  ClientConnection(asio::any_io_executor executor, std::unique_ptr<net::Stream> stream,
                   const FaultSet& faults);

  // The next one; 0 waits without end.
  asio::awaitable<Incoming> next(std::chrono::milliseconds timeout);

  // Queues; a peer that does not read what is queued is cut off.
  void post(Bytes octets);
  // A frame, sealed once the transport has begun.
  void post_frame(std::string_view payload);
  void begin_transport(crypto::noise::Transport transport);

  // Writes what is queued, then closes the connection.
  asio::awaitable<void> finish();
  // Drops the connection after `delay` unless it has ended by then.
  void close_after(std::chrono::milliseconds delay);
  void abandon() { stream_->close(); }

 private:
  static asio::awaitable<void> flush(std::shared_ptr<ClientConnection> self);
  bool drops_frame();
  void feed(const Bytes& octets);
  Result<Bytes> seal(std::string_view plaintext);
  Result<Bytes> open(const Bytes& sealed);
  // What a faulty client makes of a frame that does not authenticate; nothing when no fault helps.
  std::optional<Bytes> open_anyway(const Bytes& sealed);
  std::optional<Bytes> open_elsewhere(const Bytes& sealed) const;

  asio::any_io_executor executor_;
  std::unique_ptr<net::Stream> stream_;
  FaultSet faults_;
  wire::FrameReader reader_;
  std::deque<wire::FrameItem> inbox_;
  std::optional<crypto::noise::Transport> transport_;
  std::uint64_t used_counters_ = 0;  // of both directions, under wt-one-counter
  Bytes queue_;
  bool writing_ = false;
  bool ended_ = false;          // the peer has said all
  asio::steady_timer flushed_;  // cancelled when the queue is empty
  asio::steady_timer closing_;
};

}  // namespace parley::reference::whatsapp
