// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/connections.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <set>
#include <utility>

#include "harness/engine/cast.h"
#include "harness/engine/handshake.h"
#include "harness/engine/upgrade.h"

namespace parley::engine {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr std::string_view kElsewhere = "elsewhere";
constexpr std::size_t kMostPassedOver = 16;

// Ports at which runs of this process have had services: a SUT may know them yet.
class KnownPorts {
 public:
  void add(std::uint16_t port) {
    const std::lock_guard lock(guard_);
    ports_.insert(port);
  }
  bool has(std::uint16_t port) {
    const std::lock_guard lock(guard_);
    return ports_.contains(port);
  }

 private:
  std::mutex guard_;
  std::set<std::uint16_t> ports_;
};

// What nobody has registered is at no port that was registered for an earlier run.
Result<std::unique_ptr<net::Listener>> open_listener(const asio::any_io_executor& executor,
                                                     const std::string& service) {
  static KnownPorts known;
  std::vector<std::unique_ptr<net::Listener>> passed_over;  // held, lest their ports come again
  for (;;) {
    auto listener = net::Listener::open(executor);
    if (!listener) {
      return listener;
    }
    const auto port = (*listener)->address().port;
    if (service != kElsewhere) {
      if (!service.empty()) {
        known.add(port);
      }
      return listener;
    }
    if (!known.has(port) || passed_over.size() == kMostPassedOver) {
      return listener;
    }
    passed_over.push_back(std::move(*listener));
  }
}

}  // namespace

bool Connections::has(const std::string& link) const {
  const auto at = links_.find(link);
  return at != links_.end() && at->second.stream != nullptr;
}

bool Connections::reading(const std::string& link) const {
  const auto at = links_.find(link);
  return at != links_.end() && at->second.reading;
}

template <class Task>
void Connections::spawn(const std::string& link, Task task) {
  ++tasks_;
  asio::co_spawn(executor_, std::move(task), [this, link](std::exception_ptr error) {
    --tasks_;
    if (error) {
      run_.note({.kind = Event::Kind::broken,
                 .link = link,
                 .text = "a connection failed inside the harness"});
    }
    admit(link);
    idle_.cancel();
  });
}

namespace {

asio::awaitable<void> once_more_around() { co_await asio::post(asio::use_awaitable); }

}  // namespace

// Whoever let go has ended before another connection begins.
void Connections::let_go(const std::string& link) {
  if (links_[link].waiting != nullptr) {
    spawn(link, once_more_around());
  } else if (!reading(link)) {
    idle_.cancel();
  }
}

bool Connections::held(const std::string& link) const {
  const auto at = links_.find(link);
  return at != links_.end() && at->second.holders > 0;
}

asio::awaitable<void> Connections::wait(Clock::time_point until) {
  idle_.expires_at(until);
  boost::system::error_code ignored;
  co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> Connections::dial(std::string link, std::string step, Way way) {
  while (reading(link) || held(link)) {
    links_[link].stream->close();
    co_await wait(Clock::now() + run_.patience());
  }
  auto stream = co_await net::Stream::connect(way.to, run_.patience());
  auto trouble = stream ? std::string() : stream.error().detail;
  bool insecure = false;
  if (stream && way.tls) {
    const auto session = co_await (*stream)->start_tls(tls_, way.trust, run_.patience());
    trouble = session ? "" : session.error().detail;
    insecure = !session;
  }
  if (!trouble.empty()) {
    // What a change has offered is refused; without one the SUT is out of reach.
    run_.note({.kind = insecure && way.changed ? Event::Kind::tls_failed : Event::Kind::unreachable,
               .link = link,
               .step = step,
               .text = fmt::format("connecting to {}: {}", net::to_string(way.to), trouble)});
    co_return;
  }
  if (!way.web) {
    renew(links_[link], std::move(*stream));
    run_.note({.kind = Event::Kind::dialled, .link = link, .step = step});
    start_reading(link);
    co_return;
  }
  auto& web = make_web(link, std::move(*stream), wire::WebSocketRole::client);
  const auto began = Clock::now();
  const auto patience = run_.patience();
  const auto done = co_await web.open(std::move(*way.web), patience);
  if (note_upgrade(link, step, done, began, patience)) {
    start_reading(link);
  }
}

net::WebSocket& Connections::make_web(const std::string& name, std::unique_ptr<net::Stream> under,
                                      wire::WebSocketRole role) {
  net::WebSocketManners manners;
  manners.on_control = [this, name](net::WebSocketSide side,
                                    const wire::WebSocketControl& control) {
    const bool ours = side == net::WebSocketSide::ours;
    received_ += ours ? 0 : control.payload.size() + kReadOctets;
    run_.note({.kind = Event::Kind::control,
               .link = name,
               .octets = control.payload,
               .text = control_text(side, control.kind)});
  };
  auto web = net::WebSocket::make(std::move(under), role, run_.rng(name), std::move(manners));
  auto& link = links_[name];
  auto* made = web.get();
  renew(link, std::move(web));
  link.web = made;
  return *made;
}

bool Connections::note_upgrade(const std::string& name, const std::string& step,
                               const Result<void>& done, Clock::time_point began,
                               milliseconds patience) {
  const bool accepts = links_[name].listener != nullptr;
  const auto& heads = links_[name].web->heads();
  run_.note({.kind = accepts ? Event::Kind::accepted : Event::Kind::dialled,
             .link = name,
             .step = step,
             .data = {{"request", heads.request}, {"answer", heads.answer}}});
  if (done) {
    return true;
  }
  // Silence is no refusal.
  if (done.error().code == Errc::timed_out) {
    note_deadline(name, step, began, patience);
  } else {
    run_.note({.kind = Event::Kind::failed, .link = name, .text = done.error().detail});
  }
  links_[name].stream->close();
  return false;
}

bool Connections::note_silence(const std::string& name, const std::string& step,
                               Clock::time_point began, milliseconds patience) {
  if (Clock::now() - began < patience) {
    return false;
  }
  note_deadline(name, step, began, patience);
  return true;
}

void Connections::note_deadline(const std::string& name, const std::string& step,
                                Clock::time_point began, milliseconds patience) {
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
  const auto late = std::max(took - patience, milliseconds(0));
  run_.note({.kind = Event::Kind::deadline,
             .link = name,
             .step = step,
             .data = {{"waited_ms", patience.count()}, {"late_ms", late.count()}}});
}

// Nothing of the connection before is left.
void Connections::renew(Link& link, std::unique_ptr<net::Stream> stream) {
  link.stream = std::move(stream);
  link.web = nullptr;
  link.ended = false;
  link.taken = 0;
  link.held.clear();
  link.joined = 0;
}

Result<net::Address> Connections::listen(const std::string& name,
                                         std::optional<net::WebSocketOffer> offer) {
  auto& link = links_[name];
  if (link.listener == nullptr) {
    auto listener = open_listener(executor_, service_of(name));
    if (!listener) {
      return std::unexpected(listener.error());
    }
    link.listener = std::move(*listener);
    spawn(name, accept(name));
  }
  const auto address = link.listener->address();
  if (offer) {
    offer->hosts.insert({net::to_string(address), fmt::format("localhost:{}", address.port)});
  }
  link.offer = std::move(offer);
  return address;
}

asio::awaitable<void> Connections::accept(std::string name) {
  auto& link = links_[name];
  link.waiting = co_await link.listener->accept(milliseconds(0));
  if (link.waiting == nullptr && !shut_) {  // too many open files, say
    run_.note({.kind = Event::Kind::broken,
               .link = name,
               .text = "no further connection can be accepted"});
  }
  if (link.waiting != nullptr && !shut_ && run_.admission(name).when == Admission::When::never) {
    // It stays as it is, and no other is accepted.
    run_.note({.kind = Event::Kind::accepted, .link = name});
  }
}

// Lets a connection begin that waits for the end of the one before.
void Connections::admit(const std::string& name) {
  auto& link = links_[name];
  if (link.waiting == nullptr || link.reading || link.holders > 0 || shut_) {
    return;
  }
  auto admission = run_.admission(name);
  if (admission.when != Admission::When::now) {
    return;
  }
  if (link.offer) {
    spawn(name, upgrade(name, std::move(admission.step), std::move(link.waiting)));
    return;
  }
  renew(link, std::move(link.waiting));
  if (admission.tls) {
    link.served = true;
    run_.note({.kind = Event::Kind::accepted, .link = name, .step = admission.step});
    spawn(name, handshake(name, std::move(admission.step), std::move(*admission.tls)));
    spawn(name, accept(name));
    return;
  }
  run_.note({.kind = Event::Kind::accepted, .link = name, .step = std::move(admission.step)});
  if (!run_.handshake_next(name)) {
    start_reading(name);
  }
  spawn(name, accept(name));
}

void Connections::let_in() {
  for (const auto& [name, link] : links_) {
    admit(name);
  }
}

asio::awaitable<void> Connections::upgrade(std::string name, std::string step,
                                           std::unique_ptr<net::Stream> under) {
  auto& web = make_web(name, std::move(under), wire::WebSocketRole::server);
  const auto began = Clock::now();
  auto offer = *links_[name].offer;
  const auto patience = run_.patience();
  const auto done = co_await web.accept(std::move(offer), patience);
  if (shut_) {
    co_return;
  }
  if (note_upgrade(name, step, done, began, patience)) {
    start_reading(name);
  }
  spawn(name, accept(name));
}

void Connections::start_reading(const std::string& link) {
  links_[link].reading = true;
  links_[link].pausing = false;
  spawn(link, read(link));
}

asio::awaitable<void> Connections::read(std::string name) {
  auto& link = links_[name];
  const std::unique_ptr<bool, void (*)(bool*)> until_end(&link.reading,
                                                         [](bool* reading) { *reading = false; });
  auto* stream = link.stream.get();
  while (true) {
    auto event = co_await stream->read(milliseconds(0));
    if (auto* octets = std::get_if<Bytes>(&event)) {
      received_ += octets->size() + kReadOctets;
      run_.note({.kind = Event::Kind::received, .link = name, .octets = std::move(*octets)});
      idle_.cancel();
      if (received_ > kMaxReceivedOctets + run_.expected() || run_.too_much()) {
        run_.note(
            {.kind = Event::Kind::gave_up, .link = name, .text = "the SUT does not stop sending"});
        stream->reset();
        co_return;
      }
      if (run_.handshake_next(name) && !stream->secure()) {
        co_return;
      }
      continue;
    }
    if (link.pausing || shut_ || (link.served && link.ended)) {
      co_return;
    }
    const auto* failed = std::get_if<net::Failed>(&event);
    // Who breaks the protocol refuses nothing: it was us who ended the connection.
    const bool broke_it = failed != nullptr && failed->reason.starts_with("WebSocket: ");
    run_.note({.kind = broke_it            ? Event::Kind::gave_up
                       : failed != nullptr ? Event::Kind::failed
                                           : Event::Kind::closed,
               .link = name,
               .text = failed != nullptr ? failed->reason : "",
               .data = taken_of(name)});
    stream->close();
    co_return;
  }
}

asio::awaitable<void> Connections::pause_reading(std::string name) {
  auto& link = links_[name];
  link.pausing = true;
  while (link.reading) {
    link.stream->cancel();
    co_await wait(Clock::now() + run_.patience());
  }
}

asio::awaitable<void> Connections::handshake(std::string name, std::string step,
                                             TlsOptions options) {
  {
    const Hold hold(links_[name]);
    co_await shake_hands(name, std::move(step), std::move(options));
  }
  let_go(name);
}

asio::awaitable<void> Connections::shake_hands(std::string name, std::string step,
                                               TlsOptions options) {
  auto& link = links_[name];
  if (link.stream == nullptr) {
    run_.note(
        {.kind = Event::Kind::broken, .link = name, .text = "a handshake without a connection"});
    co_return;
  }
  co_await pause_reading(name);
  const auto patience = run_.patience();
  const auto began = Clock::now();
  Result<net::TlsSession> session = fail(Errc::io, "");
  const auto* server = std::get_if<net::TlsServerOptions>(&options);
  const bool asks = server != nullptr && !server->client_ca_pem.empty();
  if (auto* client = std::get_if<net::TlsClientOptions>(&options)) {
    session = co_await link.stream->start_tls(tls_, std::move(*client), patience);
  } else {
    session = co_await link.stream->start_tls(
        tls_, std::get<net::TlsServerOptions>(std::move(options)), patience);
  }
  if (!session && session.error().code == Errc::malformed) {
    run_.note({.kind = Event::Kind::broken, .link = name, .text = session.error().detail});
    co_return;
  }
  if (shut_ || (!session && link.ended)) {
    co_return;  // and that has been told
  }
  if (!session && link.served && Clock::now() - began >= patience) {
    run_.note({.kind = Event::Kind::ended, .link = name});
    link.stream->close();
    co_return;
  }
  if (!session && link.served && step.empty() && session.error().code == Errc::io) {
    run_.note({.kind = Event::Kind::closed, .link = name, .text = session.error().detail});
    link.stream->close();  // who asks may give up, and ask again
    co_return;
  }
  if (!session && note_silence(name, step, began, patience)) {
    link.stream->close();
    co_return;
  }
  if (!session) {
    run_.note({.kind = Event::Kind::tls_failed,
               .link = name,
               .step = step,
               .text = session.error().detail});
    link.stream->close();
    co_return;
  }
  run_.note({.kind = Event::Kind::tls,
             .link = name,
             .step = step,
             .text = fmt::format("TLS {} {}", net::to_string(session->version), session->cipher),
             .data = asks ? certificate_shown(*session) : nlohmann::json()});
  start_reading(name);
}

asio::awaitable<void> Connections::write(std::string name, Bytes octets, model::StreamEdit how) {
  auto& link = links_[name];
  link.joined = how.join > 1 ? how.join : link.joined;
  if (link.joined > 0) {
    link.held += octets;
    if (--link.joined > 0) {
      co_return;
    }
    octets = std::exchange(link.held, {});
  }
  if (link.served && how.pause.count() > 0) {
    spawn(name, drip(name, std::move(octets), std::move(how)));
    co_return;
  }
  {
    const Hold hold(link);
    co_await hand_over(name, std::move(octets), std::move(how));
  }
  let_go(name);
}

void Connections::write_large(const std::string& name, LargeSource body) {
  spawn(name, pour(name, std::move(body)));
}

void Connections::end(const std::string& link, Ending how) {
  const auto at = links_.find(link);
  if (at == links_.end() || at->second.stream == nullptr) {
    return;
  }
  at->second.ended = true;
  switch (how) {
    case Ending::fin:
      at->second.stream->close();
      break;
    case Ending::reset:
      at->second.stream->reset();
      break;
  }
  admit(link);
}

asio::awaitable<void> Connections::read_to_the_end(std::vector<std::string> links) {
  const auto open = [&] {
    return std::ranges::any_of(links, [&](const std::string& link) { return reading(link); });
  };
  const auto last = Clock::now() + run_.patience() * 2;  // a SUT may go on for ever
  while (open() && Clock::now() < last) {
    const auto received = received_;
    const auto tasks = tasks_;
    co_await wait(std::min(Clock::now() + run_.patience(), last));
    if (received == received_ && tasks == tasks_) {
      co_return;
    }
  }
}

asio::awaitable<void> Connections::shut() {
  shut_ = true;
  for (auto& [name, link] : links_) {
    if (link.stream != nullptr) {
      link.stream->close();
    }
    if (link.waiting != nullptr) {
      link.waiting->close();
    }
    if (link.listener != nullptr) {
      link.listener->close();
    }
  }
  const auto busy = [this] {
    return tasks_ > 0 ||
           std::ranges::any_of(links_, [](const auto& link) { return link.second.holders > 0; });
  };
  while (busy()) {
    co_await wait(Clock::now() + run_.patience());
  }
}

}  // namespace parley::engine
