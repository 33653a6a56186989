// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/client_wire.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "harness/base/text.h"

namespace parley::reference {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxQueued = 1024 * 1024;
constexpr milliseconds kHandshakeTimeout{30'000};
constexpr milliseconds kFlushTimeout{2'000};
// How long the peer's octets are awaited before the connection goes: unread ones would make the
// system send RST, which may overtake the farewell.
constexpr milliseconds kDrainTimeout{10};
constexpr int kMaxDrained = 64;

constexpr std::string_view kPlainHeader =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

xml::Limits limits_under(const FaultSet& faults) {
  xml::Limits limits;
  if (faults.has(Fault::tp_size_unbounded)) {
    limits.max_stanza_octets = 64 * 1024 * 1024;
    limits.max_elements = 1'000'000;
  }
  if (faults.has(Fault::tp_depth_unbounded)) {
    limits.max_depth = 5'000;  // what the destructors of a tree can bear
  }
  return limits;
}

bool is_white_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

WireItem to_wire(xml::Item item) {
  return std::visit([](auto&& value) { return WireItem(std::move(value)); }, std::move(item));
}

bool about_encoding(const xml::Refused& refused) {
  return refused.condition == "bad-format" && refused.detail.find("UTF-8") != std::string::npos;
}

}  // namespace

Bytes stream_error(std::string_view condition) {
  Bytes out = "<stream:error><";
  out.append(condition).append(" xmlns='").append(kStreamErrorNs).append("'/></stream:error>");
  return out.append(kCloseTag);
}

std::string error_condition(const xml::Element& error, std::string_view ns) {
  for (const xml::Element* child : error.elements()) {
    if (child->ns == ns && child->name != "text") {
      return child->name;
    }
  }
  return "undefined-condition";
}

ClientWire::ClientWire(asio::any_io_executor executor, std::unique_ptr<net::Stream> stream,
                       const FaultSet& faults)
    : executor_(executor),
      stream_(std::move(stream)),
      faults_(faults),
      limits_(limits_under(faults)),
      reader_(limits_),
      front_(ClientFront::needed(faults) ? std::make_unique<ClientFront>(faults) : nullptr),
      flushed_(executor),
      closing_(executor) {}

asio::awaitable<WireItem> ClientWire::next(milliseconds timeout) {
  while (inbox_.empty()) {
    if (!unfed_.empty()) {
      settled_ ? feed_all() : feed_element();
      continue;
    }
    net::Event event = co_await stream_->read(timeout);
    if (const auto* octets = std::get_if<Bytes>(&event)) {
      unfed_ = front_ == nullptr ? *octets : front_->rewrite(*octets);
      if (!settled_ && faults_.has(Fault::tp_login_segmentation) && !octets->ends_with('>')) {
        co_return ConnectionLost{"half an element"};
      }
      continue;
    }
    if (settled_ && faults_.has(Fault::tp_acts_on_partial) && !partial_.empty()) {
      show_partial(std::exchange(partial_, {}) + "</body></message>");
      continue;
    }
    const auto* failed = std::get_if<net::Failed>(&event);
    const bool late = std::holds_alternative<net::TimedOut>(event);
    co_return ConnectionLost{failed != nullptr ? failed->reason
                                               : (late ? "timed out" : "connection closed")};
  }
  WireItem item = std::move(inbox_.front());
  inbox_.pop_front();
  peer_closed_ = std::holds_alternative<xml::StreamClosed>(item);
  co_return item;
}

void ClientWire::restart() {
  reader_.restart();
  inbox_.clear();
  fed_ = 0;
  if (front_ != nullptr) {
    front_->restart();
  }
}

Bytes ClientWire::take_unread() { return std::exchange(unfed_, {}); }

asio::awaitable<Result<void>> ClientWire::start_tls(net::TlsContexts& contexts,
                                                    net::TlsClientOptions options) {
  const auto session = co_await stream_->start_tls(contexts, std::move(options), kHandshakeTimeout);
  if (!session) {
    co_return std::unexpected(session.error());
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> ClientWire::write(Bytes octets) {
  co_return co_await stream_->write(std::move(octets));
}

void ClientWire::post(Bytes octets) {
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

asio::awaitable<void> ClientWire::flush(std::shared_ptr<ClientWire> self) {
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

asio::awaitable<void> ClientWire::finish(Bytes farewell) {
  if (!farewell.empty()) {
    post(std::move(farewell));
  }
  if (writing_) {
    flushed_.expires_after(kFlushTimeout);
    co_await flushed_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  for (int i = 0; i < kMaxDrained && !peer_closed_; ++i) {
    const net::Event event = co_await stream_->read(kDrainTimeout);
    if (!std::holds_alternative<Bytes>(event)) {
      break;
    }
  }
  closing_.cancel();
  stream_->close();
}

void ClientWire::close_after(milliseconds delay) {
  closing_.expires_after(delay);
  closing_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) {
      self->stream_->close();
    }
  });
}

void ClientWire::resume() {
  begin_anew();
  inbox_.clear();
}

void ClientWire::begin_anew() {
  reader_ = xml::StreamReader(limits_);
  reader_.feed(kPlainHeader);
  fed_ = kPlainHeader.size();
}

// Octets behind an element may belong to the next stream or to TLS: they stay unfed.
void ClientWire::feed_element() {
  const std::size_t end = std::min(unfed_.find('>'), unfed_.size() - 1) + 1;
  const Bytes octets = unfed_.substr(0, end);
  unfed_.erase(0, end);
  fed_ += octets.size();
  for (auto& item : reader_.feed(octets)) {
    inbox_.push_back(to_wire(std::move(item)));
  }
}

void ClientWire::feed_all() {
  const Bytes octets = std::exchange(unfed_, {});
  if (faults_.has(Fault::tp_whitespace_breaks) && !reader_.inside_stanza() &&
      is_white_space(octets.front())) {
    inbox_.push_back(xml::StreamClosed{});
    return;
  }
  if (faults_.has(Fault::tp_smuggle_second_message)) {
    feed_and_resynchronise(octets);
    return;
  }
  for (auto& item : reader_.feed(octets)) {
    if (partial_shown_ && std::holds_alternative<xml::Stanza>(item)) {
      partial_shown_ = false;
      continue;
    }
    inbox_.push_back(to_wire(std::move(item)));
  }
  if (faults_.has(Fault::tp_segmentation)) {
    drop_partial();
  }
  if (faults_.has(Fault::tp_acts_on_partial)) {
    act_on_partial(octets);
  }
}

// What follows octets that no reader may pass is searched for the next message.
void ClientWire::feed_and_resynchronise(std::string_view octets) {
  while (!octets.empty()) {
    const std::size_t before = fed_;
    auto items = reader_.feed(octets);
    fed_ += octets.size();
    std::size_t bad = std::string_view::npos;
    for (auto& item : items) {
      const auto* refused = std::get_if<xml::Refused>(&item);
      if (refused != nullptr && (resynchronising_ || about_encoding(*refused))) {
        bad = refused->offset - std::min(before, refused->offset);
      } else {
        inbox_.push_back(to_wire(std::move(item)));
      }
    }
    if (bad == std::string_view::npos) {
      return;
    }
    resynchronising_ = true;
    begin_anew();
    const auto next = octets.find("<message", std::max<std::size_t>(bad, 1));
    octets = octets.substr(std::min(next, octets.size()));
  }
}

// A segment that ends inside a stanza loses its end; one that begins inside loses its beginning.
void ClientWire::drop_partial() {
  const bool refused = !inbox_.empty() && std::holds_alternative<xml::Refused>(inbox_.back());
  if (refused) {
    inbox_.pop_back();
  }
  if (refused || reader_.inside_stanza()) {
    begin_anew();
  }
}

void ClientWire::act_on_partial(std::string_view octets) {
  if (!reader_.inside_stanza()) {
    partial_.clear();
    return;
  }
  partial_ += octets;
  const auto begin = partial_.rfind("<message");
  const auto end = partial_.find("</body>", begin == Bytes::npos ? 0 : begin);
  if (begin == Bytes::npos || end == Bytes::npos || partial_shown_ ||
      partial_.find("</message>", begin) != Bytes::npos) {
    return;
  }
  show_partial(partial_.substr(0, end + 7) + "</message>");
  partial_shown_ = true;
}

void ClientWire::show_partial(std::string text) {
  const auto begin = text.rfind("<message");
  if (begin == std::string::npos) {
    return;
  }
  text.erase(0, begin);
  auto element = xml::parse(text, kClientNs);
  if (element && !partial_shown_) {
    inbox_.push_back(xml::Stanza{.element = std::move(*element), .raw = std::move(text)});
  }
}

}  // namespace parley::reference
