// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/client_connection.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "harness/crypto/aes_gcm.h"
#include "harness/reference/whatsapp/careless_tag.h"

namespace parley::reference::whatsapp {
namespace {

using crypto::kGcmTagOctets;
using crypto::noise::CipherState;
using std::chrono::milliseconds;

// What a client has a use for; beyond it nothing is awaited, whatever a length claims (TRN-006).
constexpr std::size_t kMaxFrame = 4 * 1024 * 1024 + 64;
constexpr std::size_t kMaxQueued = 4 * 1024 * 1024;
constexpr milliseconds kFlushTimeout{2'000};
// How long the peer's octets are awaited before the connection goes: unread ones would make the
// system send RST, which may overtake what was said last.
constexpr milliseconds kDrainTimeout{10};
constexpr int kMaxDrained = 64;
constexpr std::uint64_t kReplayWindow = 64;  // counters that a careless client tries
constexpr std::uint64_t kRemembered = 16;    // that one remembers which forgets those before
constexpr std::uint64_t kFar = 1000;
constexpr std::uint64_t kOctetValues = 256;

wire::FrameReader fresh_reader() {
  return wire::FrameReader(wire::Opening::none, {.max_frame_octets = kMaxFrame});
}

std::optional<Bytes> opened_at(CipherState cipher, std::uint64_t counter, const Bytes& sealed) {
  cipher.set_nonce(counter);
  auto plain = cipher.decrypt_with_ad("", sealed);
  return plain ? std::optional(std::move(*plain)) : std::nullopt;
}

}  // namespace

ClientConnection::ClientConnection(asio::any_io_executor executor,
                                   std::unique_ptr<net::Stream> stream, const FaultSet& faults)
    : executor_(executor),
      stream_(std::move(stream)),
      faults_(faults),
      reader_(fresh_reader()),
      flushed_(executor),
      closing_(executor) {}

asio::awaitable<Incoming> ClientConnection::next(milliseconds timeout) {
  while (true) {
    while (inbox_.empty()) {
      net::Event event = co_await stream_->read(timeout);
      if (const auto* octets = std::get_if<Bytes>(&event)) {
        feed(*octets);
        continue;
      }
      if (std::holds_alternative<net::TimedOut>(event)) {
        co_return net::TimedOut{};
      }
      ended_ = true;
      const auto* failed = std::get_if<net::Failed>(&event);
      co_return ConnectionLost{failed != nullptr ? failed->reason : "connection closed"};
    }
    wire::FrameItem item = std::move(inbox_.front());
    inbox_.pop_front();
    const auto* frame = std::get_if<wire::Frame>(&item);
    if (frame == nullptr) {
      const auto* error = std::get_if<Error>(&item);
      co_return ConnectionLost{error == nullptr ? "not a frame" : error->detail};
    }
    if (!transport_) {
      co_return frame->payload;
    }
    auto plain = open(frame->payload);
    if (plain) {
      co_return std::move(*plain);
    }
    if (!drops_frame()) {
      co_return ConnectionLost{"a frame does not authenticate: " + plain.error().detail};
    }
  }
}

// What a conforming client may do with a frame that is not authentic in place of leaving.
bool ClientConnection::drops_frame() {
  CipherState& cipher = transport_->receive;
  cipher.set_nonce(cipher.nonce() + (faults_.has(Fault::wt_may_count_frames) ? 1 : 0));
  return faults_.has(Fault::wt_may_drop_frames) || faults_.has(Fault::wt_may_count_frames);
}

void ClientConnection::feed(const Bytes& octets) {
  auto items = reader_.feed(octets);
  if (faults_.has(Fault::wt_joined_frames_lost) && items.size() > 1) {
    items.erase(items.begin() + 1, items.end());
  }
  std::ranges::move(items, std::back_inserter(inbox_));
  if (faults_.has(Fault::wt_segmentation) && reader_.pending() != 0) {
    reader_ = fresh_reader();
  }
}

void ClientConnection::begin_transport(crypto::noise::Transport transport) {
  transport_ = std::move(transport);
  if (faults_.has(Fault::wt_counter_starts_at_one)) {
    transport_->send.set_nonce(1);
  }
}

Result<Bytes> ClientConnection::seal(std::string_view plaintext) {
  CipherState& cipher = transport_->send;
  if (faults_.has(Fault::wt_one_counter)) {
    cipher.set_nonce(used_counters_);
  }
  auto sealed = cipher.encrypt_with_ad("", plaintext);
  ++used_counters_;
  if (faults_.has(Fault::wt_counter_skips)) {
    cipher.set_nonce(cipher.nonce() + 1);
  }
  if (faults_.has(Fault::wt_counter_wraps)) {
    cipher.set_nonce(cipher.nonce() % kOctetValues);
  }
  if (faults_.has(Fault::wt_counter_stays)) {
    cipher.set_nonce(0);
  }
  return sealed;
}

Result<Bytes> ClientConnection::open(const Bytes& sealed) {
  auto plain = transport_->receive.decrypt_with_ad("", sealed);
  if (plain) {
    ++used_counters_;
    return plain;
  }
  if (auto anyway = open_anyway(sealed)) {
    return std::move(*anyway);
  }
  return plain;
}

// Under another counter than the one that is due.
std::optional<Bytes> ClientConnection::open_elsewhere(const Bytes& sealed) const {
  const CipherState& cipher = transport_->receive;
  const std::uint64_t due = cipher.nonce();
  const bool replayed = faults_.has(Fault::wt_accepts_replayed_frame);
  const std::uint64_t least = faults_.has(Fault::wt_accepts_forgotten_frame) ? kRemembered + 1 : 1;
  const std::uint64_t back = replayed ? std::min(due, kReplayWindow) : least > 1 ? due : 0;
  for (std::uint64_t by = least; by <= back; ++by) {
    if (auto plain = opened_at(cipher, due - by, sealed)) {
      return plain;
    }
  }
  const std::uint64_t ahead = faults_.has(Fault::wt_accepts_far_frame)         ? kFar
                              : faults_.has(Fault::wt_accepts_reordered_frame) ? kReplayWindow
                                                                               : 0;
  for (std::uint64_t by = 1; by <= ahead; ++by) {
    if (auto plain = opened_at(cipher, due + by, sealed)) {
      return plain;
    }
  }
  return std::nullopt;
}

std::optional<Bytes> ClientConnection::open_anyway(const Bytes& sealed) {
  CipherState& cipher = transport_->receive;
  if (auto plain = open_elsewhere(sealed)) {
    return plain;  // the counter stays, so that a frame which was overtaken is taken too
  }
  if (const auto part = compared_part(faults_)) {
    const auto seal = [&cipher](std::string_view text) {
      auto copy = cipher;
      return copy.encrypt_with_ad("", text);
    };
    auto plain = open_comparing(*part, seal, sealed);
    cipher.set_nonce(cipher.nonce() + (plain ? 1 : 0));
    return plain;
  }
  if (faults_.has(Fault::wt_accepts_tampered_frame) && sealed.size() >= kGcmTagOctets) {
    // Encrypting the ciphertext once more gives the text back: GCM is a stream cipher.
    auto plain = cipher.encrypt_with_ad("", sealed.substr(0, sealed.size() - kGcmTagOctets));
    if (plain) {
      return plain->substr(0, sealed.size() - kGcmTagOctets);
    }
  }
  if (faults_.has(Fault::wt_accepts_clear_frame)) {
    return sealed;
  }
  return std::nullopt;
}

void ClientConnection::post_frame(std::string_view payload) {
  const auto sealed = transport_ ? seal(payload) : Result<Bytes>(Bytes(payload));
  auto frame = sealed ? wire::write_frame(*sealed) : sealed;
  if (!frame) {
    stream_->close();  // the counter is used up, or the stanza fits into no frame
    return;
  }
  if (faults_.has(Fault::wt_length_little_endian)) {
    std::swap((*frame)[0], (*frame)[2]);
  }
  post(std::move(*frame));
}

void ClientConnection::post(Bytes octets) {
  if (queue_.size() + octets.size() > kMaxQueued) {
    stream_->reset();
    return;
  }
  queue_ += octets;
  if (writing_) {
    return;
  }
  writing_ = true;
  asio::co_spawn(executor_, flush(shared_from_this()),
                 [self = shared_from_this()](std::exception_ptr failure) {
                   if (failure != nullptr) {
                     self->stream_->reset();
                   }
                 });
}

asio::awaitable<void> ClientConnection::flush(std::shared_ptr<ClientConnection> self) {
  while (!self->queue_.empty()) {
    Bytes batch = std::exchange(self->queue_, {});
    const auto written = co_await self->stream_->write(std::move(batch));
    if (!written) {
      break;  // the reading side tells the session
    }
  }
  self->writing_ = false;
  self->flushed_.cancel();
}

asio::awaitable<void> ClientConnection::finish() {
  if (writing_) {
    flushed_.expires_after(kFlushTimeout);
    co_await flushed_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  for (int i = 0; i < kMaxDrained && !ended_; ++i) {
    const net::Event event = co_await stream_->read(kDrainTimeout);
    if (!std::holds_alternative<Bytes>(event)) {
      break;
    }
  }
  closing_.cancel();
  stream_->close();
}

void ClientConnection::close_after(milliseconds delay) {
  closing_.expires_after(delay);
  closing_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) {
      self->stream_->close();
    }
  });
}

}  // namespace parley::reference::whatsapp
