// SPDX-License-Identifier: GPL-3.0-or-later
// For the tests of the reference client: a small server that serves a few connections, one after
// the other, and says what it is told to say, right or wrong. Not part of any library.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/crypto/noise/certificate_authority.h"
#include "harness/crypto/noise/handshake_message.h"
#include "harness/net/stream.h"
#include "harness/wire/binary_reader.h"
#include "harness/wire/binary_writer.h"
#include "harness/wire/client_payload.h"
#include "harness/wire/frame.h"

namespace parley::reference::whatsapp {

namespace asio = boost::asio;
namespace noise = crypto::noise;
using noise::ChainKind;
using std::chrono::milliseconds;

inline constexpr milliseconds kSilence{400};
// When the success follows what was sent before it: what came by then was not waiting for it.
inline constexpr milliseconds kEarly{50};

// A stanza's octets from its text; "stream-error" stands for stream:error, which is no XML name.
inline Bytes node(const std::string& text, std::uint8_t flags = 0) {
  auto element = xml::parse(text);
  if (!element) {
    ADD_FAILURE() << text;
    return {};
  }
  if (element->name == "stream-error") {
    element->name = "stream:error";
  }
  wire::Encoding encoding;
  encoding.flags = flags;
  const auto plain = wire::plain_namespaces(*element);
  return plain ? wire::encode(*plain, {}, encoding).value_or("") : Bytes();
}

// How the frames of `then` go out.
enum class Frames { right, halved, replayed, swapped, tampered, clear };

// What the server does other than a good one.
struct Server {
  ChainKind chain = ChainKind::valid;
  noise::Dialect dialect = noise::kWhatsApp;
  std::function<void(noise::ServerHello&)> bend{};  // edits its message
  std::vector<Bytes> before_success{};
  std::string login_answer = "<success t='1700000000'/>";
  std::vector<Bytes> then{};  // once the client is available
  Frames frames = Frames::right;
  Bytes raw{};        // octets behind `then`
  bool fence = true;  // a ping behind it all; its answer ends the connection
  std::string ping_from = "s.whatsapp.net";
  std::string ack_from{};   // of messages; none are acknowledged when it is empty
  bool cut = false;         // the connection ends behind `then`
  bool refuses_ik = false;  // falls back, whatever its client opens with
  int most_stanzas = 0;     // that it takes on a connection before it ends that; 0: any number
  int connections = 1;      // that are accepted
  milliseconds silence = kSilence;
  nlohmann::json connect{};  // members of the driver's connect
  // What it says to a stanza of the client's, at once.
  std::function<std::vector<Bytes>(const xml::Element& stanza)> react{};
};

inline const noise::ChainAuthority& authority() {
  static const auto made = noise::ChainAuthority::make(
      Rng(1), std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  return *made;
}

// The server's key in every handshake, as a client knows it that opens with IK until `until`.
inline const crypto::X25519KeyPair& server_key() {
  static const auto made = crypto::x25519_key_pair(Bytes(crypto::kX25519Octets, '\x44'));
  return *made;
}
inline nlohmann::json known_until(const std::string& until) {
  return {{"server_static", to_hex(server_key().public_key)}, {"server_static_until", until}};
}

// Serves the connections; `log` takes what the client sends.
class Script {
 public:
  Script(Server server, std::string& log) : server_(std::move(server)), log_(log) {}

  asio::awaitable<void> run(net::Listener& listener) {
    for (int i = 0; i < server_.connections; ++i) {
      stream_ = co_await listener.accept(milliseconds(i == 0 ? 5'000 : 600));
      if (stream_ == nullptr) {
        co_return;
      }
      log_ += i == 0 ? "" : "[again]";
      co_await serve();
      stream_->close();
    }
    listener.close();
  }

 private:
  asio::awaitable<void> serve() {
    reader_ = wire::FrameReader(wire::Opening::intro);
    transport_.reset();
    handshake_.reset();
    success_due_ = fenced_ = done_ = false;
    stanzas_ = 0;
    while (!done_) {
      const net::Event event = co_await stream_->read(success_due_ ? kEarly : server_.silence);
      if (const auto* octets = std::get_if<Bytes>(&event)) {
        for (const auto& item : reader_.feed(*octets)) {
          co_await take(item);
        }
      } else if (success_due_ && std::holds_alternative<net::TimedOut>(event)) {
        co_await succeed();
      } else {
        log_ += std::holds_alternative<net::TimedOut>(event) ? "[silence]" : "[end]";
        co_return;
      }
    }
  }

  asio::awaitable<void> take(wire::FrameItem item) {
    if (const auto* routing = std::get_if<wire::Routing>(&item)) {
      log_ += "[routing " + routing->octets + "]";
    } else if (const auto* intro = std::get_if<wire::Intro>(&item)) {
      log_ += "[intro " + to_hex(intro->octets()) + "]";
    } else if (const auto* frame = std::get_if<wire::Frame>(&item)) {
      co_await (transport_ ? take_stanza(frame->payload) : take_handshake(frame->payload));
    } else {
      log_ += "[not a frame]";
      done_ = true;
    }
  }

  asio::awaitable<void> take_handshake(Bytes octets) {
    const auto message = noise::parse_handshake_message(octets);
    if (message && message->client_hello) {
      co_await take_hello(*message->client_hello);
    } else if (message && message->client_finish && handshake_) {
      co_await take_finish(*message->client_finish);
    } else {
      log_ += "[no handshake]";
      done_ = true;
    }
  }

  asio::awaitable<void> take_hello(noise::ClientHello hello) {
    log_ +=
        "[hello " + to_hex(hello.ephemeral.value_or("")) + " " + hello.payload.value_or("") + "]";
    const bool ik = hello.static_key.has_value();
    if (!ik) {
      hello.payload.reset();
    }
    handshake_ =
        *noise::HandshakeState::make({.pattern = ik ? noise::Pattern::ik : noise::Pattern::xx,
                                      .role = noise::Role::responder,
                                      .prologue = wire::Intro{}.octets(),
                                      .dialect = server_.dialect,
                                      .local_static = server_key(),
                                      .local_ephemeral = {},
                                      .remote_static = {},
                                      .remote_ephemeral = {}});
    const auto early = handshake_->read(noise::to_parts(hello));
    const bool by_ik = ik && early && !server_.refuses_ik;
    if (ik && !by_ik) {
      handshake_ = *handshake_->fall_back(*hello.ephemeral);
    }
    const auto chain = authority().issue(server_key().public_key, server_.chain);
    auto answer = noise::server_hello(*handshake_->write(*chain, rng_));
    if (server_.bend) {
      server_.bend(*answer.server_hello);
    }
    co_await stream_->write(*wire::write_frame(noise::write(answer)));
    if (by_ik) {
      log_ += "[early]";
      co_await take_login(*early);
    }
  }

  asio::awaitable<void> take_finish(noise::ClientFinish finish) {
    const auto payload = handshake_->read(noise::to_parts(finish));
    if (!payload) {
      log_ += "[wrong finish]";
      done_ = true;
      co_return;
    }
    co_await take_login(*payload);
  }

  asio::awaitable<void> take_login(Bytes payload) {
    const auto parsed = wire::parse_client_payload(payload);
    log_ += "[finish product=" + std::to_string(parsed->product.value_or(99));
    if (parsed->interop_data) {
      log_ += " account=" + std::to_string(parsed->interop_data->account_id.value_or(0)) +
              " token=" + parsed->interop_data->token.value_or("");
    }
    if (parsed->username || parsed->fb_cat) {
      log_ += " username=" + std::to_string(parsed->username.value_or(0)) +
              " fb-cat=" + parsed->fb_cat.value_or("");
    }
    log_ += "]";
    transport_ = *handshake_->split();
    for (const Bytes& early : server_.before_success) {
      co_await send(early);
    }
    success_due_ = true;
    if (server_.before_success.empty()) {
      co_await succeed();
    }
  }

  asio::awaitable<void> succeed() {
    success_due_ = false;
    log_ += "[success]";
    co_await send(node(server_.login_answer));
  }

  asio::awaitable<void> take_stanza(Bytes sealed) {
    const auto plain = transport_->receive.decrypt_with_ad("", sealed);
    const auto decoded = plain ? wire::decode(*plain, {}) : std::unexpected(plain.error());
    if (!decoded) {
      log_ += "[undecryptable]";
      done_ = true;
      co_return;
    }
    const auto& stanza = decoded->root;
    log_ += xml::print(stanza);
    if (stanza.name == "iq" && stanza.get("xmlns") == "w:p") {
      co_await send(node("<iq type='result' id='" + stanza.get("id") + "' from='" +
                         server_.ping_from + "'/>"));
    }
    if (stanza.name == "message" && !server_.ack_from.empty()) {
      co_await send(node("<ack class='message' id='" + stanza.get("id") + "' from='" +
                         server_.ack_from + "'/>"));
    }
    for (const Bytes& said : server_.react ? server_.react(stanza) : std::vector<Bytes>()) {
      co_await send(said);
    }
    if (stanza.name == "presence" && !success_due_ && !fenced_) {
      fenced_ = true;
      co_await say();
    }
    done_ = done_ || stanza.get("id").starts_with("fence") || stanza.name == "xmlstreamend" ||
            ++stanzas_ == server_.most_stanzas;
  }

  asio::awaitable<void> say() {
    std::vector<Bytes> frames;
    for (const Bytes& plaintext : server_.then) {
      frames.push_back(seal(plaintext));
    }
    co_await write_frames(std::move(frames));
    if (!server_.raw.empty()) {
      co_await stream_->write(server_.raw);
    }
    if (server_.fence && !server_.cut) {
      co_await send(node("<iq type='get' id='fence' xmlns='w:p' from='s.whatsapp.net'/>"));
    }
    done_ = server_.cut;
  }

  asio::awaitable<void> write_frames(std::vector<Bytes> frames) {
    if (server_.frames == Frames::replayed) {
      frames.push_back(frames.front());
    }
    if (server_.frames == Frames::swapped) {
      std::swap(frames[0], frames[1]);
    }
    if (server_.frames == Frames::tampered) {
      frames[0][frames[0].size() - 17] ^= 1;  // the last octet of the text
    }
    if (server_.frames == Frames::clear) {
      frames[0] = *wire::write_frame(server_.then[0]);
    }
    Bytes all;
    for (const Bytes& frame : frames) {
      all += frame;
    }
    if (server_.frames == Frames::halved) {
      co_await stream_->write(all.substr(0, all.size() / 2));
      co_await pause();
      all.erase(0, all.size() / 2);
    }
    if (!all.empty()) {
      co_await stream_->write(all);
    }
  }

  Bytes seal(const Bytes& plaintext) {
    return *wire::write_frame(*transport_->send.encrypt_with_ad("", plaintext));
  }

  asio::awaitable<void> send(Bytes plaintext) { co_await stream_->write(seal(plaintext)); }

  // Until the first half has been taken the second must not join it.
  static asio::awaitable<void> pause() {
    asio::steady_timer timer(co_await asio::this_coro::executor, milliseconds(50));
    co_await timer.async_wait(asio::use_awaitable);
  }

  Server server_;
  std::string& log_;
  Rng rng_{7};
  std::unique_ptr<net::Stream> stream_;
  wire::FrameReader reader_{wire::Opening::intro};
  std::optional<noise::HandshakeState> handshake_;
  std::optional<noise::Transport> transport_;
  bool success_due_ = false;
  bool fenced_ = false;
  bool done_ = false;
  int stanzas_ = 0;
};

}  // namespace parley::reference::whatsapp
