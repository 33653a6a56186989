// SPDX-License-Identifier: GPL-3.0-or-later
// For tests: a server under test that means harm: it follows the protocol to a stage and plays its
// trick then, the same on every connection. It has its own thread and io_context; both end with it.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "harness/crypto/certificate.h"
#include "harness/engine/ports.h"
#include "harness/net/stream.h"

namespace parley::sut {

namespace asio = boost::asio;

inline constexpr std::uint64_t kEndless = ~std::uint64_t{0};

// What hostile peers of any dialect do with a connection.
class Talker {
 public:
  explicit Talker(net::Stream& stream) : stream_(stream) {}

  net::Stream& stream() { return stream_; }

  // False when the peer is gone.
  asio::awaitable<bool> say(Bytes octets) {
    const auto written = co_await stream_.write(std::move(octets));
    co_return written.has_value();
  }
  // Reads and forgets until the peer goes.
  asio::awaitable<void> hear_out() {
    for (;;) {
      const auto event = co_await stream_.read(std::chrono::milliseconds(0));
      if (!std::holds_alternative<Bytes>(event)) {
        co_return;
      }
    }
  }
  // Writes `begin` and then `unit` again and again, to `most` octets or until the peer goes.
  asio::awaitable<void> flood(Bytes begin, Bytes unit, std::uint64_t most) {
    constexpr std::size_t kChunk = 64 * 1024;
    Bytes chunk = unit;
    while (chunk.size() < kChunk) {
      chunk += unit;
    }
    bool stands = co_await say(std::move(begin));
    for (std::uint64_t sent = 0; stands && sent < most; sent += chunk.size()) {
      stands = co_await say(chunk);
    }
    if (stands) {
      co_await hear_out();
    }
  }
  // The same, a unit a tick.
  asio::awaitable<void> drip(Bytes begin, Bytes unit) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    bool stands = co_await say(std::move(begin));
    while (stands) {
      timer.expires_after(std::chrono::milliseconds(20));
      co_await timer.async_wait(asio::use_awaitable);
      stands = co_await say(unit);
    }
  }

 private:
  net::Stream& stream_;
};

// How far the server goes along before its trick. `proceed`: TLS comes next. `tls`: the features
// of the stream under TLS are written. `session`: the client is bound.
enum class Stage { accept, header, features, proceed, tls, session };

inline constexpr const char* kHostileDomain = "hostile.test";

// One connection, seen from the server.
class Guest : public Talker {
 public:
  Guest(net::Stream& stream, net::TlsContexts& contexts, const crypto::Leaf& leaf)
      : Talker(stream), contexts_(contexts), leaf_(leaf) {}

  // What came up to and with `end`; empty when the peer is gone before.
  asio::awaitable<Bytes> hear(std::string end) {
    for (;;) {
      if (const auto at = heard_.find(end); at != Bytes::npos) {
        auto out = heard_.substr(0, at + end.size());
        heard_.erase(0, at + end.size());
        co_return out;
      }
      auto event = co_await stream().read(std::chrono::milliseconds(0));
      const auto* octets = std::get_if<Bytes>(&event);
      if (octets == nullptr) {
        co_return Bytes();
      }
      heard_ += *octets;
    }
  }
  // Plays a server that means well up to `stage`. False when the peer went before.
  asio::awaitable<bool> reach(Stage stage) {
    if (stage == Stage::accept) {
      co_return true;
    }
    if (!co_await open(stage == Stage::header ? "" : kStartTls) || stage <= Stage::features) {
      co_return stage <= Stage::features;
    }
    (void)co_await hear("<starttls");
    (void)co_await hear(">");
    const bool proceeds = co_await say("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    if (!proceeds || stage == Stage::proceed) {
      co_return proceeds;
    }
    net::TlsServerOptions options;
    options.chain_pem = leaf_.chain_pem;
    options.key_pem = leaf_.key_pem;
    const auto session =
        co_await stream().start_tls(contexts_, std::move(options), std::chrono::seconds(10));
    if (!session || !co_await open(kPlain) || stage == Stage::tls) {
      co_return session.has_value() && stage == Stage::tls;
    }
    (void)co_await hear("</auth>");
    if (!co_await say("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>") ||
        !co_await open(kBind)) {
      co_return false;
    }
    const auto bind = co_await hear("</iq>");
    co_return co_await say("<iq type='result' id='" + between(bind, "id='", "'") +
                           "'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>" + bare_ + "/" +
                           between(bind, "<resource>", "<") + "</jid></bind></iq>");
  }

  static constexpr const char* kStartTls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
  static constexpr const char* kPlain =
      "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>"
      "</mechanisms>";
  static constexpr const char* kBind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";

  static Bytes header() {
    return "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
           "xmlns:stream='http://etherx.jabber.org/streams' from='hostile.test' id='s1' "
           "version='1.0' xml:lang='en'>";
  }
  static Bytes features(const Bytes& inner) {
    return "<stream:features>" + inner + "</stream:features>";
  }

 private:
  // Takes the client's header and answers it, with features unless `inner` is empty.
  asio::awaitable<bool> open(Bytes inner) {
    (void)co_await hear("<stream:stream");
    const auto opening = co_await hear(">");
    bare_ = between(opening, "from='", "'");
    co_return co_await say(header() + (inner.empty() ? "" : features(inner)));
  }
  static std::string between(const std::string& text, const std::string& from,
                             const std::string& to) {
    const auto at = text.find(from);
    if (at == std::string::npos) {
      return {};
    }
    const auto begin = at + from.size();
    return text.substr(begin, text.find(to, begin) - begin);
  }

  net::TlsContexts& contexts_;
  const crypto::Leaf& leaf_;
  Bytes heard_;
  std::string bare_;
};

// What a server does with each connection, from its first octet to its last.
using Entertaining = std::function<asio::awaitable<void>(net::Stream& stream)>;

using Trick = asio::awaitable<void> (*)(Guest& guest);

inline asio::awaitable<void> play_trick(net::Stream& stream, Stage stage, Trick trick,
                                        crypto::Leaf leaf) {
  net::TlsContexts contexts;
  Guest guest(stream, contexts, leaf);
  if (co_await guest.reach(stage)) {
    co_await trick(guest);
  }
}
inline Entertaining tricking(Stage stage, Trick trick, crypto::Leaf leaf) {
  return [=](net::Stream& stream) { return play_trick(stream, stage, trick, leaf); };
}

class HostileServer {
 public:
  explicit HostileServer(Entertaining entertaining)
      : entertaining_(std::move(entertaining)), io_(1) {
    auto opened = net::Listener::open(io_.get_executor());
    if (!opened) {
      throw std::runtime_error(opened.error().detail);
    }
    listener_ = std::move(*opened);
    address_ = net::to_string(listener_->address());
    spawn(receive());
    thread_ = std::jthread([this] { io_.run(); });
  }
  HostileServer(const HostileServer&) = delete;
  HostileServer& operator=(const HostileServer&) = delete;
  ~HostileServer() {
    io_.stop();
    thread_.join();
    EXPECT_FALSE(thrown_) << "a hostile server has failed itself";
  }
  const std::string& address() const { return address_; }

 private:
  void spawn(asio::awaitable<void> task) {
    asio::co_spawn(io_, std::move(task), [this](std::exception_ptr thrown) {
      thrown_ = thrown ? std::move(thrown) : thrown_;
    });
  }
  asio::awaitable<void> receive() {
    for (;;) {
      auto stream = co_await listener_->accept(std::chrono::milliseconds(0));
      if (stream == nullptr) {
        co_return;
      }
      spawn(entertain(std::move(stream)));
    }
  }
  asio::awaitable<void> entertain(std::unique_ptr<net::Stream> stream) {
    co_await entertaining_(*stream);
  }

  Entertaining entertaining_;
  asio::io_context io_;  // before the listener, which lives on it; its coroutines die with it
  std::unique_ptr<net::Listener> listener_;
  std::string address_;
  std::exception_ptr thrown_;  // the thread's, until it has ended
  std::jthread thread_;
};

// The server as a worker sees it. A driver has it that answers `partner` and nothing else.
class HostileAttachment final : public engine::Attachment {
 public:
  HostileAttachment(std::string profile, std::map<std::string, std::string> endpoints,
                    std::string ca_pem)
      : endpoints_(std::move(endpoints)), ca_pem_(std::move(ca_pem)) {
    declaration_.name = "hostile";
    declaration_.profile = std::move(profile);
    declaration_.features = {"identity-proof"};
  }
  const model::Declaration& declaration() const override { return declaration_; }
  std::string endpoint(const std::string& name) const override {
    const auto at = endpoints_.find(name);
    return at == endpoints_.end() ? "" : at->second;
  }
  const std::string& ca_pem() const override { return ca_pem_; }
  asio::awaitable<Result<engine::Identity>> lease(engine::Identity fresh) override {
    co_return fresh;
  }
  void give_back(engine::Identity, bool) override {}
  asio::awaitable<Result<nlohmann::json>> call(std::string method, nlohmann::json,
                                               std::chrono::milliseconds) override {
    if (method == "partner") {
      co_return nlohmann::json::object();
    }
    co_return fail(Errc::unsupported, method + " needs a driver");
  }
  void on_notice(const std::string&, NoticeHandler) override {}

 private:
  model::Declaration declaration_;
  std::map<std::string, std::string> endpoints_;
  std::string ca_pem_;
};

using Attached = Result<std::unique_ptr<engine::Attachment>>;

inline asio::awaitable<Attached> attach_hostile(std::string profile,
                                                std::map<std::string, std::string> endpoints,
                                                std::string ca_pem) {
  std::unique_ptr<engine::Attachment> out = std::make_unique<HostileAttachment>(
      std::move(profile), std::move(endpoints), std::move(ca_pem));
  co_return out;
}

}  // namespace parley::sut
