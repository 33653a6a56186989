// SPDX-License-Identifier: GPL-3.0-or-later
// For the tests of the gatekeeper for `whatsapp`: a gatekeeper on loopback, and clients that say
// any octets to it and remember what they hear. Single threaded.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "harness/crypto/noise/certificate_chain.h"
#include "harness/crypto/noise/handshake_message.h"
#include "harness/net/stream.h"
#include "harness/reference/whatsapp/gatekeeper.h"
#include "harness/wire/binary_reader.h"
#include "harness/wire/binary_writer.h"
#include "harness/wire/client_payload.h"
#include "harness/wire/frame.h"

namespace parley::reference::whatsapp {

namespace noise = crypto::noise;

inline constexpr auto kPatience = std::chrono::milliseconds(2000);
inline const Bytes kWhatsAppIntro = "WA\x06\x03";

inline std::string printed(const xml::Element& element) {
  std::string out = "<" + element.name;
  for (const auto& attribute : element.attributes) {
    out += " " + attribute.name + "='" + attribute.value + "'";
  }
  if (element.children.empty()) {
    return out + "/>";
  }
  out += ">";
  for (const auto& child : element.children) {
    const auto* inner = std::get_if<xml::Element>(&child);
    out += inner != nullptr ? printed(*inner) : std::get<std::string>(child).substr(0, 100);
  }
  return out + "</" + element.name + ">";
}

// Octets of a stanza that is written as XML; `xmlns` becomes an attribute.
inline Bytes octets_of(const std::string& text) {
  const auto parsed = xml::parse(text);
  const auto plain = parsed ? wire::plain_namespaces(*parsed) : parsed;
  return plain ? wire::encode(*plain, {}).value_or("not encoded") : Bytes("not parsed");
}

inline wire::ClientPayload third_party(std::uint64_t number, const Bytes& token) {
  wire::InteropData data;
  data.account_id = number;
  data.token = token;
  wire::ClientPayload out;
  out.product = wire::kProductInterop;
  out.interop_data = data;
  return out;
}

inline wire::ClientPayload native(std::uint64_t number, const Bytes& token) {
  wire::ClientPayload out;
  out.username = number;
  out.fb_cat = token;
  return out;
}

// The far end of one connection.
struct Phone {
  std::string name;
  std::unique_ptr<net::Stream> stream;
  wire::FrameReader reader{wire::Opening::none};
  std::deque<Bytes> frames;  // that came and were not yet looked at
  std::optional<noise::HandshakeState> state;
  std::optional<noise::Transport> transport;
  Bytes server_static;
  Bytes chain;
  Bytes server_ephemeral;
  Bytes finish_frame;     // with its length
  std::string all;        // one line a stanza
  std::string bodies;     // the contents of enc, each with a space behind it
  std::string acks;       // the ids of acknowledged messages, likewise
  std::size_t taken = 0;  // of `all`
  std::vector<xml::Element> messages;
  bool ended = false;

  asio::awaitable<void> write(Bytes octets) { co_await stream->write(std::move(octets)); }

  // Nothing when none comes, or the connection ends.
  asio::awaitable<std::optional<Bytes>> frame(std::chrono::milliseconds patience = kPatience) {
    while (frames.empty() && !ended) {
      const net::Event event = co_await stream->read(patience);
      const auto* octets = std::get_if<Bytes>(&event);
      if (octets == nullptr) {
        ended = !std::holds_alternative<net::TimedOut>(event);
        break;
      }
      auto items = reader.feed(*octets);
      for (auto& item : items) {
        if (auto* got = std::get_if<wire::Frame>(&item)) {
          frames.push_back(std::move(got->payload));
        }
      }
    }
    if (frames.empty()) {
      co_return std::nullopt;
    }
    Bytes out = std::move(frames.front());
    frames.pop_front();
    co_return out;
  }

  // Sends a ClientHello, bent by `edit`; whether the answer is one of this protocol.
  asio::awaitable<bool> greet(void (*edit)(noise::ClientHello&) = nullptr, Bytes before = {}) {
    Rng rng(std::hash<std::string>()(name) + std::random_device()());
    auto made = noise::HandshakeState::make({.pattern = noise::Pattern::xx,
                                             .role = noise::Role::initiator,
                                             .prologue = kWhatsAppIntro,
                                             .dialect = noise::kWhatsApp,
                                             .local_static = *crypto::x25519_key_pair(rng),
                                             .local_ephemeral = {},
                                             .remote_static = {},
                                             .remote_ephemeral = {}});
    state = std::move(*made);
    auto message = noise::client_hello(*state->write("", rng));
    if (edit != nullptr) {
      edit(*message.client_hello);
    }
    Bytes opening = before + kWhatsAppIntro + *wire::write_frame(noise::write(message));
    co_await write(std::move(opening));
    const auto answer = co_await frame();
    const auto hello = answer ? noise::parse_handshake_message(*answer)
                              : Result<noise::HandshakeMessage>(fail(Errc::truncated, "no answer"));
    if (!hello || !hello->server_hello) {
      co_return false;
    }
    server_ephemeral = hello->server_hello->ephemeral.value_or(Bytes());
    const auto payload = state->read(noise::to_parts(*hello->server_hello));
    if (!payload) {
      co_return false;
    }
    chain = *payload;
    server_static = *state->remote_static();
    co_return true;
  }

  // Makes the ClientFinish, to be sent by the caller.
  void finish(const wire::ClientPayload& payload, void (*edit)(noise::ClientFinish&) = nullptr) {
    Rng rng(1);
    auto message = noise::client_finish(*state->write(wire::write(payload), rng));
    if (edit != nullptr) {
      edit(*message.client_finish);
    }
    finish_frame = *wire::write_frame(noise::write(message));
    transport = *state->split();
  }

  // A frame that holds `plaintext`.
  Bytes sealed(const Bytes& plaintext) {
    return *wire::write_frame(*transport->send.encrypt_with_ad("", plaintext));
  }
  asio::awaitable<void> say(Bytes plaintext) { co_await write(sealed(plaintext)); }
  asio::awaitable<void> say_text(std::string text) { co_await say(octets_of(text)); }

  // Hears the next stanza; false when there is none.
  asio::awaitable<bool> hear(std::chrono::milliseconds patience = kPatience) {
    const auto payload = co_await frame(patience);
    if (!payload) {
      co_return false;
    }
    const auto plain = transport->receive.decrypt_with_ad("", *payload);
    wire::ReadOptions options;
    options.limits.max_depth = wire::kDeepestStanza;
    options.limits.max_string_octets = options.limits.max_octets;
    const auto stanza = plain ? wire::decode(*plain, options)
                              : Result<wire::Decoded>(std::unexpected(plain.error()));
    if (!stanza) {
      all += name + ": undecryptable\n";
      ended = true;
      co_return false;
    }
    remember(stanza->root);
    co_return true;
  }

  void remember(const xml::Element& stanza) {
    all += name + ": " + printed(stanza) + "\n";
    if (stanza.name == "ack") {
      acks += stanza.get("id") + " ";
    }
    if (stanza.name == "message" || stanza.name == "receipt") {
      messages.push_back(stanza);
    }
    const auto* enc = stanza.name == "message" ? stanza.child("enc") : nullptr;
    if (enc != nullptr) {
      bodies += enc->text().substr(0, 20) + " ";
    }
  }

  // Hears until `needle` comes; whether it did.
  asio::awaitable<bool> until(std::string needle) {
    for (;;) {
      if (const auto at = all.find(needle, taken); at != std::string::npos) {
        taken = at + needle.size();
        co_return true;
      }
      if (!co_await hear()) {
        co_return false;
      }
    }
  }
  // Everything that is on its way: what comes before the answer to a ping.
  asio::awaitable<void> fence(std::string id) {
    if (ended) {
      co_return;
    }
    co_await say_text("<iq id='" + id + "' type='get' xmlns='w:p' to='s.whatsapp.net'/>");
    co_await until("<iq id='" + id);
  }
  // Acknowledges every message and receipt that came.
  asio::awaitable<void> acknowledge() {
    for (const auto& message : messages) {
      co_await say_text("<ack class='" + message.name + "' id='" + message.get("id") + "' to='" +
                        message.get("from") + "'/>");
    }
    messages.clear();
  }
};

// A gatekeeper with romeo (12-100), his namesake of another integrator (13-100), tybalt (12-300)
// and juliet (200, the gatekeeper's own).
struct House {
  std::unique_ptr<Gatekeeper> keeper;

  explicit House(const asio::any_io_executor& executor, std::vector<std::string> faults = {},
                 NullMode null_mode = NullMode::none, const Dialect& dialect = kWhatsAppDialect) {
    Options options;
    options.party = "gatekeeper.server";
    options.profile = dialect.profile;
    options.faults = std::move(faults);
    options.null_mode = null_mode;
    keeper = std::move(*Gatekeeper::open(executor, options));
    keeper->enlist("100", 12, "rosaline", {});
    keeper->enlist("100", 13, "rosalind", {});
    keeper->enlist("200", 12, "nurse", {});
    keeper->enlist("300", 12, "cat", {});
  }

  asio::awaitable<Phone> connect(std::string name) {
    auto stream = co_await net::Stream::connect(keeper->endpoint(), kPatience);
    Phone phone;
    phone.name = std::move(name);
    phone.stream = std::move(*stream);
    co_return phone;
  }

  // Connected, and logged in as far as the gatekeeper lets it.
  asio::awaitable<Phone> login(std::string name, wire::ClientPayload payload) {
    Phone phone = co_await connect(std::move(name));
    if (co_await phone.greet()) {
      phone.finish(payload);
      co_await phone.write(phone.finish_frame);
      co_await phone.until("<success");
    }
    co_return phone;
  }

  Result<noise::VerifiedChain> verify(const Phone& phone) const {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return noise::verify_chain(phone.chain, {.root_key = keeper->keys().authority.root_key(),
                                             .server_static = phone.server_static,
                                             .now = now});
  }
};

}  // namespace parley::reference::whatsapp
