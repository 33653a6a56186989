// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/net/websocket.h"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/http/parser.hpp>
#include <deque>
#include <optional>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/net/deadline.h"
#include "harness/net/websocket_opening.h"

namespace parley::net {
namespace {

namespace http = boost::beast::http;
using std::chrono::milliseconds;
using wire::WebSocketControl;
using wire::WebSocketFrame;
using wire::WebSocketOpcode;
using wire::WebSocketRole;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxHeadOctets = 16 * 1024;
constexpr std::size_t kKeyOctets = 16;
constexpr int kMaxIdleFrames = 10'000;            // without one octet of a message between them
constexpr milliseconds kControlPatience{10'000};  // for the peer to read our Pong or Close

class FramedStream final : public WebSocket {
 public:
  FramedStream(std::unique_ptr<Stream> under, WebSocketRole role, Rng rng, WebSocketManners manners)
      : under_(std::move(under)),
        role_(role),
        rng_(std::move(rng)),
        manners_(std::move(manners)),
        reader_(role, manners_.tolerated, manners_.limits) {}

  asio::awaitable<Result<void>> open(WebSocketRequest request, milliseconds timeout) override {
    const auto until = Clock::now() + timeout;
    if (request.key.empty()) {
      request.key = to_base64(rng_.octets(kKeyOctets));
    }
    heads_.request = text_of(request);
    auto sent = co_await with_deadline(under_->write(heads_.request), timeout);
    if (!sent || !*sent) {
      co_return sent ? *sent : Result<void>(fail(Errc::timed_out, "timed out"));
    }
    http::response_parser<http::empty_body> parser;
    const auto read = co_await read_head(parser, heads_.answer, until);
    if (!read) {
      co_return read;
    }
    auto objection = objection_to(parser.get(), request);
    if (!objection.empty() && !neglects(WebSocketManners::Neglect::answer)) {
      co_return fail(Errc::refused, std::move(objection));
    }
    open_ = true;
    co_return Result<void>();
  }

  asio::awaitable<Result<void>> accept(WebSocketOffer offer, milliseconds timeout) override {
    const auto until = Clock::now() + timeout;
    http::request_parser<http::empty_body> parser;
    const auto read = co_await read_head(parser, heads_.request, until);
    if (!read && (read.error().code == Errc::io || read.error().code == Errc::timed_out)) {
      co_return read;
    }
    auto objection = read ? objection_to(parser.get(), offer)
                          : WebSocketObjection{"400 Bad Request", read.error().detail};
    heads_.answer =
        objection ? refusal(*objection)
                  : answer_to(std::string(parser.get()[http::field::sec_websocket_key]), offer);
    auto sent = co_await with_deadline(under_->write(heads_.answer), wait_until(until));
    if (objection) {
      co_return fail(read ? Errc::refused : read.error().code, std::move(objection->reason));
    }
    if (!sent || !*sent) {
      co_return sent ? *sent : Result<void>(fail(Errc::timed_out, "timed out"));
    }
    open_ = true;
    co_return Result<void>();
  }

  const WebSocketHeads& heads() const override { return heads_; }

  asio::awaitable<Event> read(milliseconds timeout) override {
    const auto until = timeout.count() == 0 ? Clock::time_point::max() : Clock::now() + timeout;
    if (!early_.empty()) {
      co_await take(std::exchange(early_, {}));
    }
    while (inbox_.empty() && !ended_) {
      const auto event = co_await under_->read(wait_until(until));
      if (const auto* octets = std::get_if<Bytes>(&event)) {
        co_await take(*octets);
      } else if (std::holds_alternative<TimedOut>(event)) {
        if (!overdue()) {
          co_return TimedOut{};
        }
        co_await fail_with(wire::kCloseProtocolError, "a message that is never finished");
      } else if (std::holds_alternative<Closed>(event)) {
        ended_ = Failed{"the WebSocket ended without a Close frame"};
      } else {
        co_return event;  // cancelled, perhaps
      }
    }
    if (inbox_.empty()) {
      co_return *ended_;
    }
    Bytes message = std::move(inbox_.front());
    inbox_.pop_front();
    co_return message;
  }

  asio::awaitable<Result<void>> write(Bytes octets) override {
    std::vector<WebSocketFrame> frames(1);
    frames.front().payload = std::move(octets);
    return write_frames(std::move(frames), Masking::by_role);
  }

  asio::awaitable<Result<void>> write_frames(std::vector<WebSocketFrame> frames,
                                             Masking masking) override {
    if (!open_) {
      co_return fail(Errc::io, "the WebSocket is not open");
    }
    Bytes octets;
    for (auto& frame : frames) {
      octets += encoded(std::move(frame), masking);
    }
    if (!co_await own_turn()) {
      co_return fail(Errc::io, "the write was cancelled");
    }
    auto written = co_await put(std::move(octets));
    if (written) {
      co_await write_controls();
    }
    co_return written;
  }

  asio::awaitable<Result<TlsSession>> start_tls(TlsContexts&, TlsClientOptions,
                                                milliseconds) override {
    co_return fail(Errc::unsupported, "TLS is below a WebSocket");
  }
  asio::awaitable<Result<TlsSession>> start_tls(TlsContexts&, TlsServerOptions,
                                                milliseconds) override {
    co_return fail(Errc::unsupported, "TLS is below a WebSocket");
  }
  bool secure() const override { return under_->secure(); }
  void cancel() override { under_->cancel(); }
  void reset() override { under_->reset(); }

  void close_saying(Bytes last) override {
    Bytes octets;
    if (open_ && !writing_) {
      if (!last.empty()) {
        octets += encoded({.payload = std::move(last)}, Masking::by_role);
      }
      if (!std::exchange(close_sent_, true)) {
        octets += encoded(close_frame(wire::close_payload(wire::kCloseNormal)), Masking::by_role);
      }
    }
    under_->close_saying(std::move(octets));
  }

 private:
  // While octets go out. The next write goes on when it ends, however it ends.
  class Writing {
   public:
    explicit Writing(FramedStream& stream) : stream_(stream) { stream_.writing_ = true; }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;
    ~Writing() {
      stream_.writing_ = false;
      stream_.wake_next();
    }

   private:
    FramedStream& stream_;
  };
  // A place in the line of the writes. Who leaves it wakes the next.
  class Place {
   public:
    Place(FramedStream& stream, asio::steady_timer& timer) : stream_(stream), timer_(timer) {
      stream_.waiting_.push_back(&timer_);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      std::erase(stream_.waiting_, &timer_);
      stream_.wake_next();
    }

   private:
    FramedStream& stream_;
    asio::steady_timer& timer_;
  };

  void wake_next() {
    if (!writing_ && !waiting_.empty()) {
      waiting_.front()->cancel();
    }
  }

  // False when the wait for it was cancelled.
  asio::awaitable<bool> own_turn() {
    if (!writing_ && waiting_.empty()) {
      co_return true;
    }
    asio::steady_timer timer(co_await asio::this_coro::executor);
    const Place place(*this, timer);
    while (writing_ || waiting_.front() != &timer) {
      timer.expires_at(Clock::time_point::max());
      boost::system::error_code ignored;
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      const auto state = co_await asio::this_coro::cancellation_state;
      if (state.cancelled() != asio::cancellation_type::none) {
        co_return false;
      }
    }
    co_return true;
  }

  // Of a message that went out in part nothing can be made whole any more.
  asio::awaitable<Result<void>> put(Bytes octets) {
    const Writing writing(*this);
    auto written = co_await under_->write(std::move(octets));
    open_ = open_ && written.has_value();
    co_return written;
  }

  template <class Parser>
  asio::awaitable<Result<void>> read_head(Parser& parser, std::string& head,
                                          Clock::time_point until) {
    parser.header_limit(kMaxHeadOctets);
    parser.body_limit(boost::none);
    while (!parser.is_header_done()) {
      const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
      const auto event = co_await under_->read(std::max(left, milliseconds(1)));
      const auto* octets = std::get_if<Bytes>(&event);
      if (std::holds_alternative<TimedOut>(event)) {
        co_return fail(Errc::timed_out, "timed out");
      }
      if (octets == nullptr) {
        const auto* failed = std::get_if<Failed>(&event);
        co_return fail(Errc::io,
                       failed != nullptr ? failed->reason : "the connection ended in the upgrade");
      }
      early_ += *octets;
      boost::system::error_code error;
      const auto used = parser.put(asio::buffer(early_), error);
      head += early_.substr(0, used);
      early_.erase(0, used);
      if (error && error != http::error::need_more) {
        co_return fail(Errc::malformed, "the upgrade is not HTTP: " + error.message());
      }
    }
    co_return Result<void>();
  }

  static WebSocketFrame close_frame(Bytes payload) {
    return {.opcode = static_cast<std::uint8_t>(WebSocketOpcode::close),
            .payload = std::move(payload)};
  }

  // A control frame of ours is told of when it is written.
  Bytes encoded(WebSocketFrame frame, Masking masking) {
    const bool masks = masking == Masking::always ||
                       (masking == Masking::by_role && role_ == WebSocketRole::client &&
                        !neglects(WebSocketManners::Neglect::masks));
    if (masks && !frame.mask) {
      const auto key = rng_.octets(4);
      std::ranges::copy(key, frame.mask.emplace().begin());
    }
    const auto kind = static_cast<WebSocketOpcode>(frame.opcode);
    const bool control = kind == WebSocketOpcode::close || kind == WebSocketOpcode::ping ||
                         kind == WebSocketOpcode::pong;
    close_sent_ = close_sent_ || kind == WebSocketOpcode::close;
    if (control && frame.fin && frame.payload.size() <= wire::kMaxControlOctets) {
      tell(WebSocketSide::ours, {.kind = kind, .payload = frame.payload});
    }
    return wire::write(frame);
  }

  void tell(WebSocketSide side, const WebSocketControl& control) const {
    if (manners_.on_control) {
      manners_.on_control(side, control);
    }
  }

  bool neglects(WebSocketManners::Neglect what) const { return manners_.neglected.contains(what); }
  bool overdue() const {
    return reader_.unfinished() && Clock::now() >= begun_ + manners_.message_patience;
  }
  // 0: for ever.
  milliseconds wait_until(Clock::time_point until) const {
    if (reader_.unfinished()) {
      until = std::min(until, begun_ + manners_.message_patience);
    }
    if (until == Clock::time_point::max()) {
      return milliseconds(0);
    }
    return std::max(std::chrono::ceil<milliseconds>(until - Clock::now()), milliseconds(1));
  }

  asio::awaitable<void> take(Bytes octets) {
    const bool goes_on = reader_.unfinished();
    const bool in_message = reader_.in_message();
    auto items = reader_.feed(octets);
    // A message is not finished by the control frames inside of it.
    if (!goes_on || (in_message ? completes(items) : !items.empty())) {
      begun_ = Clock::now();
    }
    for (auto& item : items) {
      if (ended_) {
        co_return;  // what follows a Close frame says nothing
      }
      if (auto* message = std::get_if<wire::WebSocketMessage>(&item)) {
        idle_ = message->octets.empty() ? idle_ + 1 : 0;
        if (!message->octets.empty()) {
          inbox_.push_back(std::move(message->octets));
        }
      } else if (auto* control = std::get_if<WebSocketControl>(&item)) {
        ++idle_;
        co_await take_control(std::move(*control));
      } else {
        const auto& error = std::get<wire::WebSocketError>(item);
        co_await fail_with(error.code, std::string(to_string(error.oddity)));
      }
    }
    if (idle_ > kMaxIdleFrames) {
      co_await fail_with(wire::kCloseProtocolError,
                         "nothing but empty messages and control frames");
    }
  }

  static bool completes(const std::vector<wire::WebSocketItem>& items) {
    return std::ranges::any_of(items, [](const wire::WebSocketItem& item) {
      return std::holds_alternative<wire::WebSocketMessage>(item);
    });
  }

  asio::awaitable<void> take_control(WebSocketControl control) {
    using Neglect = WebSocketManners::Neglect;
    tell(WebSocketSide::theirs, control);
    if (control.kind == WebSocketOpcode::ping && !neglects(Neglect::pings)) {
      // Section 5.5.3: of several Pings the last may be answered alone.
      pong_ = WebSocketFrame{.opcode = static_cast<std::uint8_t>(WebSocketOpcode::pong),
                             .payload = std::move(control.payload)};
      co_await write_controls();
    }
    if (control.kind == WebSocketOpcode::close) {
      if (neglects(Neglect::close)) {
        co_return;
      }
      if (!close_sent_) {
        close_ = close_frame(control.code == 0 ? Bytes() : wire::close_payload(control.code));
        co_await write_controls();
      }
      close_sent_ = true;
      ended_ = Closed{};
    }
  }

  asio::awaitable<void> fail_with(std::uint16_t code, std::string reason) {
    if (!ended_) {
      ended_ = Failed{"WebSocket: " + reason};
      if (!close_sent_) {
        close_ = close_frame(wire::close_payload(code));
        co_await write_controls();
      }
    }
  }

  // What a write that is under way keeps from going out goes out after it.
  asio::awaitable<void> write_controls() {
    while (!writing_ && open_ && (pong_ || close_)) {
      Bytes octets = encoded(std::move(pong_ ? *pong_ : *close_), Masking::by_role);
      (pong_ ? pong_ : close_).reset();
      const auto written = co_await with_deadline(put(std::move(octets)), kControlPatience);
      if (!written) {
        open_ = false;
        under_->reset();  // the peer does not read
      }
    }
  }

  std::unique_ptr<Stream> under_;
  WebSocketRole role_;
  Rng rng_;
  WebSocketManners manners_;
  WebSocketHeads heads_;
  wire::WebSocketReader reader_;
  Bytes early_;  // that came behind the opening handshake
  std::deque<Bytes> inbox_;
  std::optional<Event> ended_;  // how, once nothing more can come
  Clock::time_point begun_{};   // when what is unfinished began
  int idle_ = 0;                // frames that carried nothing
  bool open_ = false;
  bool close_sent_ = false;
  bool writing_ = false;
  std::deque<asio::steady_timer*> waiting_;  // of writes, in order
  std::optional<WebSocketFrame> pong_;
  std::optional<WebSocketFrame> close_;
};

}  // namespace

std::unique_ptr<WebSocket> WebSocket::make(std::unique_ptr<Stream> under, wire::WebSocketRole role,
                                           Rng rng, WebSocketManners manners) {
  return std::make_unique<FramedStream>(std::move(under), role, std::move(rng), std::move(manners));
}

Result<WebSocketAddress> parse_websocket_address(std::string_view text) {
  WebSocketAddress out;
  const bool secure = text.starts_with("wss://");
  if (!secure && !text.starts_with("ws://")) {
    return fail(Errc::malformed, "a WebSocket's address begins with ws:// or wss://", 0);
  }
  const std::size_t begin = secure ? 6 : 5;
  out.scheme = secure ? WebSocketAddress::Scheme::wss : WebSocketAddress::Scheme::ws;
  const auto slash = std::min(text.find('/', begin), text.size());
  auto address = parse_address(text.substr(begin, slash - begin));
  if (!address) {
    return fail(address.error().code, address.error().detail);
  }
  out.address = std::move(*address);
  if (slash < text.size()) {
    out.path = std::string(text.substr(slash));
  }
  const bool printable_path =
      std::ranges::all_of(out.path, [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
  if (!printable_path) {
    return fail(Errc::malformed, "a path has no spaces, fragments or control characters", slash);
  }
  return out;
}

}  // namespace parley::net
