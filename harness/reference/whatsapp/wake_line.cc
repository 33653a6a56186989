// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/wake_line.h"

#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "harness/net/stream.h"

namespace parley::reference::whatsapp {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr milliseconds kTimeout{5'000};  // to connect, and to say the key
constexpr milliseconds kNoEnd{0};
constexpr std::size_t kKeyOctets = 16;

// The lines of a stream; what is longer than a line may be ends them.
class Lines {
 public:
  explicit Lines(std::shared_ptr<net::Stream> stream) : stream_(std::move(stream)) {}

  // Nothing once the stream has ended or the time has run out.
  asio::awaitable<std::optional<std::string>> next(milliseconds timeout) {
    auto line = held_.next();
    while (!line && !held_.over()) {
      const auto event = co_await stream_->read(timeout);
      const auto* octets = std::get_if<Bytes>(&event);
      if (octets == nullptr) {
        break;
      }
      held_.add(*octets);
      line = held_.next();
    }
    co_return line;
  }

 private:
  std::shared_ptr<net::Stream> stream_;
  WakeLines held_;
};

// What goes wrong in a coroutine ends that one alone.
void spawn(const asio::any_io_executor& executor, asio::awaitable<void> task) {
  asio::co_spawn(executor, std::move(task), [](std::exception_ptr) {});
}

}  // namespace

// ---- the server's end

struct WakeSender::State {
  struct Subscriber {
    std::string key;
    std::deque<Bytes> lines{};
    std::shared_ptr<net::Stream> stream{};  // null while the client is not there
    bool writing = false;
  };

  static asio::awaitable<void> accept(std::shared_ptr<State> self);
  static asio::awaitable<void> meet(std::shared_ptr<State> self,
                                    std::shared_ptr<net::Stream> stream);
  static asio::awaitable<void> write(std::shared_ptr<Subscriber> subscriber);
  void flush(const std::shared_ptr<Subscriber>& subscriber);
  std::shared_ptr<Subscriber> find(const std::string& key) const;
  static void drop(Subscriber& subscriber);

  asio::any_io_executor executor;
  Rng rng;
  std::unique_ptr<net::Listener> listener;
  std::map<std::string, std::shared_ptr<Subscriber>> subscribers{};  // by user
};

asio::awaitable<void> WakeSender::State::accept(std::shared_ptr<State> self) {
  while (auto stream = co_await self->listener->accept(kNoEnd)) {
    spawn(self->executor, meet(self, std::shared_ptr<net::Stream>(std::move(stream))));
  }
}

asio::awaitable<void> WakeSender::State::meet(std::shared_ptr<State> self,
                                              std::shared_ptr<net::Stream> stream) {
  Lines lines(stream);
  const auto key = co_await lines.next(kTimeout);
  const auto subscriber = key ? self->find(*key) : nullptr;
  if (subscriber != nullptr) {
    drop(*subscriber);
    subscriber->stream = stream;
    self->flush(subscriber);
    (void)co_await stream->read(kNoEnd);  // until the client goes: it has nothing more to say
    if (subscriber->stream == stream) {
      subscriber->stream.reset();
    }
  }
  stream->close();
}

asio::awaitable<void> WakeSender::State::write(std::shared_ptr<Subscriber> subscriber) {
  while (subscriber->stream != nullptr && !subscriber->lines.empty()) {
    const auto stream = subscriber->stream;
    auto line = subscriber->lines.front();
    const auto written = co_await stream->write(std::move(line));
    if (written && !subscriber->lines.empty()) {
      subscriber->lines.pop_front();
    } else if (subscriber->stream == stream) {
      subscriber->stream.reset();
    }
  }
  subscriber->writing = false;
}

void WakeSender::State::flush(const std::shared_ptr<Subscriber>& subscriber) {
  if (!subscriber->writing && subscriber->stream != nullptr) {
    subscriber->writing = true;
    spawn(executor, write(subscriber));
  }
}

std::shared_ptr<WakeSender::State::Subscriber> WakeSender::State::find(
    const std::string& key) const {
  for (const auto& [user, subscriber] : subscribers) {
    if (subscriber->key == key) {
      return subscriber;
    }
  }
  return nullptr;
}

void WakeSender::State::drop(Subscriber& subscriber) {
  if (const auto stream = std::exchange(subscriber.stream, nullptr)) {
    stream->close();
  }
}

WakeSender::WakeSender(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<WakeSender>> WakeSender::open(asio::any_io_executor executor, Rng rng) {
  auto listener = net::Listener::open(executor);
  if (!listener) {
    return std::unexpected(listener.error());
  }
  auto state = std::make_shared<State>(
      State{.executor = executor, .rng = std::move(rng), .listener = std::move(*listener)});
  spawn(executor, State::accept(state));
  return std::unique_ptr<WakeSender>(new WakeSender(std::move(state)));
}

WakeSender::~WakeSender() {
  state_->listener->close();
  for (const auto& [user, subscriber] : std::exchange(state_->subscribers, {})) {
    subscriber->lines.clear();
    State::drop(*subscriber);
  }
}

std::string WakeSender::line_of(const std::string& user) {
  auto& subscriber = state_->subscribers[user];
  if (subscriber == nullptr) {
    subscriber = std::make_shared<State::Subscriber>();
    subscriber->key = state_->rng.token(kKeyOctets);
  }
  return net::to_string(state_->listener->address()) + "/" + subscriber->key;
}

void WakeSender::forget(const std::string& user) {
  const auto found = state_->subscribers.find(user);
  if (found != state_->subscribers.end()) {
    found->second->lines.clear();
    State::drop(*found->second);
    state_->subscribers.erase(found);
  }
}

void WakeSender::send(const Wake& wake) {
  const auto found = state_->subscribers.find(wake.user);
  auto line = line_with(wake);
  if (found == state_->subscribers.end() || line.size() > kMostWakeOctets) {
    return;
  }
  auto& lines = found->second->lines;
  // The first may be under way.
  if (lines.size() >= kMostWakesKept) {
    lines.erase(lines.begin() + 1);
  }
  lines.push_back(std::move(line));
  state_->flush(found->second);
}

std::vector<std::string> WakeSender::users() const {
  std::vector<std::string> out;
  for (const auto& [user, subscriber] : state_->subscribers) {
    out.push_back(user);
  }
  return out;
}

// ---- the client's end

struct WakeReceiver::State {
  struct Line {
    std::string user;
    std::shared_ptr<net::Stream> stream{};
    bool over = false;
  };

  static asio::awaitable<void> listen(std::shared_ptr<State> self, std::shared_ptr<Line> line,
                                      net::Address to, std::string key);
  static void end(Line& line);

  asio::any_io_executor executor;
  Handler handler;
  std::map<std::string, std::shared_ptr<Line>> lines{};  // by user
};

asio::awaitable<void> WakeReceiver::State::listen(std::shared_ptr<State> self,
                                                  std::shared_ptr<Line> line, net::Address to,
                                                  std::string key) {
  auto stream = co_await net::Stream::connect(std::move(to), kTimeout);
  if (!stream || line->over) {
    co_return;
  }
  line->stream = std::move(*stream);
  Lines lines(line->stream);
  key += '\n';
  const auto written = co_await line->stream->write(std::move(key));
  while (written && !line->over) {
    const auto said = co_await lines.next(kNoEnd);
    auto wake = said ? wake_in(*said) : std::nullopt;
    if (!said || line->over) {
      break;
    }
    if (wake) {
      wake->user = line->user;
      self->handler(*wake);
    }
  }
  end(*line);
}

void WakeReceiver::State::end(Line& line) {
  line.over = true;
  if (line.stream != nullptr) {
    line.stream->close();
  }
}

WakeReceiver::WakeReceiver(asio::any_io_executor executor, Handler handler)
    : state_(std::make_shared<State>(
          State{.executor = std::move(executor), .handler = std::move(handler)})) {}

WakeReceiver::~WakeReceiver() {
  for (const auto& [user, line] : std::exchange(state_->lines, {})) {
    State::end(*line);
  }
}

Result<void> WakeReceiver::wait_on(const std::string& user, std::string_view text) {
  const auto slash = text.find('/');
  auto to = net::parse_address(text.substr(0, slash));
  if (!to || slash == std::string_view::npos) {
    return fail(Errc::malformed, "a wake line is HOST:PORT/KEY");
  }
  forget(user);
  const auto line = std::make_shared<State::Line>(State::Line{.user = user});
  state_->lines[user] = line;
  spawn(state_->executor,
        State::listen(state_, line, std::move(*to), std::string(text.substr(slash + 1))));
  return {};
}

void WakeReceiver::forget(const std::string& user) {
  const auto found = state_->lines.find(user);
  if (found != state_->lines.end()) {
    State::end(*found->second);
    state_->lines.erase(found);
  }
}

}  // namespace parley::reference::whatsapp
