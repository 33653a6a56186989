// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/session.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "harness/reference/whatsapp/decoder.h"
#include "harness/reference/whatsapp/fragile_binary.h"
#include "harness/reference/whatsapp/web.h"
#include "harness/wire/binary_writer.h"

namespace parley::reference::whatsapp {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxQueueOctets = 32 * 1024 * 1024;
constexpr std::size_t kMaxHandshakeOctets = 64 * 1024;
constexpr std::size_t kMaxEarlyFrames = 100;
constexpr std::size_t kPlainNoiseOctets = 65'535;
constexpr std::string_view kIntro = "WA\x06\x03";
constexpr auto kHandshakePatience = 20s;
constexpr auto kFramePatience = 20s;  // between the octets of one frame (TRN-006)
constexpr auto kLateSuccess = 50ms;   // wg-honours-before-success

}  // namespace

xml::Element make_element(std::string_view name) {
  xml::Element out;
  out.name = std::string(name);
  return out;
}

std::string now_s() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

std::string now_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

Session::Session(Gatekeeper& keeper, asio::any_io_executor executor,
                 std::unique_ptr<net::Stream> stream, net::WebSocket* web, const FaultSet& faults)
    : keeper_(keeper),
      stream_(std::move(stream)),
      web_(web),
      faults_(web == nullptr ? faults : with_web_faults(faults)),
      drained_(executor, asio::steady_timer::time_point::max()),
      reader_(wire::Opening::intro),
      handshake_(keeper.keys(), keeper.handshakes(), keeper.rng()) {}

asio::awaitable<void> Session::run() {
  const auto self = shared_from_this();
  if (web_ != nullptr && !co_await web_->accept(server_offer(faults_), kHandshakePatience)) {
    broken_ = closing_ = true;
  }
  while (!closing_) {
    const bool owed = success_owed_;
    const net::Event event = co_await stream_->read(patience());
    const auto* octets = std::get_if<Bytes>(&event);
    if (octets == nullptr && !(owed && std::holds_alternative<net::TimedOut>(event))) {
      // When closing_ was set meanwhile, the read was cancelled so that the last words go out.
      broken_ = broken_ || !closing_;
      break;
    }
    if (octets != nullptr) {
      take(*octets);
    }
    if (state_ == State::checking && !closing_) {
      co_await prepare_login();
    }
    if (state_ == State::checking && !closing_) {
      check_login(login_payload_);
      co_await ask_service();
    }
    if (state_ == State::checking && !closing_) {
      admit();
    }
    if (owed && std::exchange(success_owed_, false)) {
      finish_login();
    }
  }
  leave();
  co_await flush();
  co_await drain();
  stream_->close();
}

// An open session may be idle for ever, but not in the middle of a frame.
std::chrono::milliseconds Session::patience() const {
  if (success_owed_) {
    return kLateSuccess;
  }
  if (state_ != State::open) {
    return kHandshakePatience;
  }
  return reader_.pending() > 0 ? std::chrono::milliseconds(kFramePatience) : 0ms;
}

// What the peer still writes is read for a moment: a reset would take our last words with it.
asio::awaitable<void> Session::drain() {
  constexpr std::size_t kMaxDrained = 32 * 1024 * 1024;
  std::size_t drained = 0;
  while (!broken_ && closing_ && drained < kMaxDrained) {
    const net::Event event = co_await stream_->read(5ms);
    const auto* octets = std::get_if<Bytes>(&event);
    if (octets == nullptr) {
      break;
    }
    drained += octets->size();
  }
}

void Session::drop() {
  leave();
  closing_ = true;
  broken_ = true;
  stream_->close();
}

void Session::take(const Bytes& chunk) {
  if (keeper_.deaf()) {
    return;
  }
  frame_taken_ = false;
  auto items = reader_.feed(chunk);
  for (auto& item : items) {
    if (closing_) {
      return;
    }
    on_item(std::move(item));
  }
  if (has(Fault::wg_segmentation) && reader_.pending() > 0) {
    reader_ = wire::FrameReader(intro_seen_ ? wire::Opening::none : wire::Opening::intro);
  }
}

void Session::on_item(wire::FrameItem item) {
  if (auto* routing = std::get_if<wire::Routing>(&item)) {
    handshake_.on_routing(std::move(routing->octets));
    closing_ = has(Fault::wg_refuses_routing);
  } else if (const auto* intro = std::get_if<wire::Intro>(&item)) {
    intro_seen_ = true;
    handshake_.on_intro(intro->octets());
    frame_taken_ = web_ != nullptr && has(Fault::wg_web_frame_per_message);
    closing_ = intro->octets() != kIntro;
  } else if (const auto* frame = std::get_if<wire::Frame>(&item)) {
    if (has(Fault::wg_joined_frames_lost) && std::exchange(frame_taken_, true)) {
      return;
    }
    on_frame(frame->payload);
  } else {
    closing_ = true;
  }
}

void Session::on_frame(const Bytes& payload) {
  switch (state_) {
    case State::hello:
      on_hello(payload);
      break;
    case State::finish:
      on_finish(payload);
      break;
    case State::checking:
      early_.push_back(payload);
      closing_ = early_.size() > kMaxEarlyFrames;
      break;
    case State::open:
      on_transport(payload);
      break;
    case State::stuck:
      break;
  }
}

void Session::on_hello(const Bytes& payload) {
  auto hello = payload.size() > kMaxHandshakeOctets
                   ? Result<Bytes>(fail(Errc::too_large, "the handshake message is too long"))
                   : handshake_.on_hello(payload, faults_);
  if (!hello) {
    const bool stuck = has(Fault::wg_pq_mode_unanswered) && hello.error().code == Errc::unsupported;
    state_ = stuck ? State::stuck : state_;
    closing_ = !stuck;
    return;
  }
  queue(wire::write_frame(*hello).value_or(Bytes()));
  state_ = State::finish;
  if (const auto& early = handshake_.early()) {
    on_handshaken(*early);
  }
}

void Session::on_finish(const Bytes& payload) {
  const auto login = handshake_.on_finish(payload, faults_);
  if (!login) {
    closing_ = true;
    return;
  }
  on_handshaken(*login);
}

void Session::on_handshaken(const Bytes& login) {
  auto transport = handshake_.split();
  if (!transport) {
    closing_ = true;
    return;
  }
  transport_ = std::move(*transport);
  if (handshake_.early() && has(Fault::wg_ik_counter_starts_at_one)) {
    transport_->send.set_nonce(1);
  }
  state_ = State::checking;
  login_payload_ = login;
}

// STZ-028: nothing is honoured before success, and who sends it is told so by the end.
void Session::admit() {
  if (failure_ == 0 && has(Fault::wg_honours_before_success)) {
    log_in();
    success_owed_ = true;
    for (const auto& frame : std::exchange(early_, {})) {
      on_transport(frame);
    }
    return;
  }
  const bool keeps = has(Fault::wg_may_honour_after_success);
  if (closing_ || (!keeps && !early_.empty()) || reader_.pending() > 0) {
    closing_ = true;
  } else {
    finish_login();
    for (const auto& frame : std::exchange(early_, {})) {
      on_transport(frame);
    }
  }
}

void Session::on_transport(const Bytes& payload) {
  if (has(Fault::wg_refuses_large_frames) && payload.size() > kPlainNoiseOctets) {
    closing_ = true;
    return;
  }
  const auto plain = open_frame(payload);
  if (!plain) {
    closing_ = !drops_frame();
    return;
  }
  if (has(Fault::wg_stuck_after_packed_name) && has_packed_name(*plain)) {
    state_ = State::stuck;
    return;
  }
  const auto stanza = decode_stanza(*plain, faults_, keeper_.dialect().tokens);
  if (!stanza && has(Fault::wg_deaf_after_long_list) && says_long_list(*plain)) {
    keeper_.fall_deaf();
    return;
  }
  if (!stanza) {
    close_undecodable();
    return;
  }
  on_stanza(*stanza);
}

// What a conforming server may do with a frame that is not authentic in place of closing.
bool Session::drops_frame() {
  auto& cipher = transport_->receive;
  cipher.set_nonce(cipher.nonce() + (has(Fault::wg_may_count_frames) ? 1 : 0));
  return has(Fault::wg_may_drop_frames) || has(Fault::wg_may_count_frames);
}

void Session::close_undecodable() {
  auto out = make_element("stream:error");
  out.set("code", "400");
  close_with(out);
}

void Session::close_with(const xml::Element& last) {
  send(last);
  closing_ = true;
}

void Session::on_replaced() {
  if (has(Fault::wg_replaced_keeps_session)) {
    return;
  }
  auto out = make_element("stream:error");
  auto conflict = make_element("conflict");
  conflict.set("type", "replaced");
  out.children.emplace_back(std::move(conflict));
  if (!has(Fault::wg_replaced_without_conflict)) {
    send(out);
  }
  leave();
  closing_ = true;
  stream_->cancel();
}

// The session is over for everybody else.
void Session::leave() {
  release_held();
  if (account_ == nullptr) {
    return;
  }
  if (std::exchange(available_, false)) {
    announce(false);
  }
  if (account_->session == this) {
    account_->session = nullptr;
  }
  if (has(Fault::wg_forgets_sent_ids)) {
    account_->sent.clear();
  }
  account_->bound.erase(this);
  account_ = nullptr;
}

void Session::send(const xml::Element& stanza) {
  const auto plain = wire::encode(stanza, {.tokens = keeper_.dialect().tokens});
  if (!transport_ || !plain || broken_ || closing_) {
    return;
  }
  bend_send_counter();
  const auto sealed = transport_->send.encrypt_with_ad("", *plain);
  auto frame = sealed ? wire::write_frame(*sealed) : Result<Bytes>(std::unexpected(sealed.error()));
  if (!frame) {
    return;  // TRN-004, TRN-019: rather nothing than a wrapped length or counter
  }
  queue(std::move(*frame));
}

void Session::queue(Bytes octets) {
  if (broken_ || closing_) {
    return;
  }
  queue_ += octets;
  if (queue_.size() > kMaxQueueOctets) {
    broken_ = closing_ = true;  // the peer does not read
    queue_.clear();
    stream_->reset();
    return;
  }
  if (writing_) {
    return;
  }
  writing_ = true;
  const auto self = shared_from_this();
  asio::co_spawn(drained_.get_executor(), write_queue(), [self](std::exception_ptr failure) {
    self->writing_ = false;
    self->broken_ = self->broken_ || failure != nullptr;
    self->drained_.cancel();
  });
}

asio::awaitable<void> Session::write_queue() {
  while (!queue_.empty() && !broken_) {
    const auto written = co_await stream_->write(std::exchange(queue_, {}));
    broken_ = broken_ || !written;
  }
}

asio::awaitable<void> Session::flush() {
  while (writing_) {
    boost::system::error_code cancelled;
    co_await drained_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

}  // namespace parley::reference::whatsapp
