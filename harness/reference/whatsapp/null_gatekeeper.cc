// SPDX-License-Identifier: GPL-3.0-or-later
// Servers that implement nothing: a harness that passes them proves nothing.
#include <algorithm>
#include <chrono>
#include <utility>

#include "harness/reference/whatsapp/careless_tag.h"
#include "harness/reference/whatsapp/guess.h"
#include "harness/reference/whatsapp/session.h"
#include "harness/reference/whatsapp/web.h"
#include "harness/wire/binary_reader.h"
#include "harness/wire/binary_writer.h"
#include "harness/wire/json_tree.h"

namespace parley::reference::whatsapp {
namespace {

using namespace std::chrono_literals;

constexpr int kCreated = 201;
constexpr int kForbidden = 403;

// What a server that accepts everything does not look at.
FaultSet blindness() {
  FaultSet out;
  out.add(Fault::wg_ignores_pq_mode);
  out.add(Fault::wg_honours_replayed_ik);
  out.add(Fault::wg_accepts_tampered_frame);
  return out;
}

// The peer's frames, and ours once the handshake is over.
class NullSession {
 public:
  NullSession(std::shared_ptr<net::Stream> stream, Gatekeeper& keeper)
      : stream_(std::move(stream)), handshake_(keeper.keys(), keeper.handshakes(), keeper.rng()) {}

  asio::awaitable<void> run(NullMode mode);

 private:
  asio::awaitable<bool> on_item(wire::FrameItem item, NullMode mode);
  asio::awaitable<bool> on_frame(Bytes payload, NullMode mode);
  asio::awaitable<bool> send(xml::Element stanza);
  asio::awaitable<bool> accept(Bytes payload);
  Bytes opened(const Bytes& payload);

  std::shared_ptr<net::Stream> stream_;
  wire::FrameReader reader_{wire::Opening::intro};
  Handshake handshake_;
  FaultSet blindness_ = blindness();
  bool greeted_ = false;
  std::optional<crypto::noise::Transport> transport_;
};

asio::awaitable<void> NullSession::run(NullMode mode) {
  for (;;) {
    const net::Event event = co_await stream_->read(0ms);
    const auto* octets = std::get_if<Bytes>(&event);
    if (octets == nullptr) {
      co_return;
    }
    auto items = reader_.feed(*octets);
    for (auto& item : items) {
      if (!co_await on_item(std::move(item), mode)) {
        co_return;
      }
    }
  }
}

// False when the connection is over.
asio::awaitable<bool> NullSession::on_item(wire::FrameItem item, NullMode mode) {
  if (auto* frame = std::get_if<wire::Frame>(&item)) {
    co_return co_await on_frame(std::move(frame->payload), mode);
  }
  if (const auto* intro = std::get_if<wire::Intro>(&item)) {
    handshake_.on_intro(intro->octets());
  }
  co_return !std::holds_alternative<Error>(item);
}

asio::awaitable<bool> NullSession::on_frame(Bytes payload, NullMode mode) {
  if (transport_) {
    co_return co_await accept(std::move(payload));
  }
  if (!greeted_) {
    const auto hello = handshake_.on_hello(payload, blindness_);
    if (!hello) {
      co_return false;
    }
    greeted_ = true;
    Bytes frame = wire::write_frame(*hello).value_or(Bytes());
    const bool sent = (co_await stream_->write(std::move(frame))).has_value();
    if (!sent || !handshake_.early()) {
      co_return sent;
    }
  } else if (!handshake_.on_finish(payload, blindness_)) {
    co_return false;
  }
  auto transport = handshake_.split();
  if (!transport) {
    co_return false;
  }
  transport_ = std::move(*transport);
  const bool accepts = mode == NullMode::accept_all;
  auto verdict = make_element(accepts ? "success" : "failure");
  verdict.set(accepts ? "t" : "reason", accepts ? now_s() : "401");
  const bool sent = co_await send(std::move(verdict));
  co_return sent&& accepts;
}

asio::awaitable<bool> NullSession::send(xml::Element stanza) {
  const auto plain = wire::encode(stanza, {});
  const auto sealed = transport_->send.encrypt_with_ad("", plain.value_or(Bytes()));
  Bytes frame = wire::write_frame(sealed.value_or(Bytes())).value_or(Bytes());
  co_return (co_await stream_->write(std::move(frame))).has_value();
}

// What a frame holds to somebody who takes it under whatever counter, whatever its tag says, and in
// clear.
Bytes NullSession::opened(const Bytes& payload) {
  constexpr std::uint64_t kFar = 300;
  auto& cipher = transport_->receive;
  const auto due = cipher.nonce();
  if (auto plain = cipher.decrypt_with_ad("", payload)) {
    return std::move(*plain);
  }
  auto other = cipher;
  for (auto nonce = due - std::min(due, kFar); nonce <= due + kFar; ++nonce) {
    other.set_nonce(nonce);
    if (auto plain = other.decrypt_with_ad("", payload)) {
      return std::move(*plain);
    }
  }
  const Seal seal = [&cipher](std::string_view text) {
    auto copy = cipher;
    return copy.encrypt_with_ad("", text);
  };
  auto unchecked = open_comparing(TagPart(), seal, payload);
  return unchecked && guess_stanza(*unchecked) ? std::move(*unchecked) : payload;
}

// Says yes to whatever it is, also when that cannot be told.
asio::awaitable<bool> NullSession::accept(Bytes payload) {
  const Bytes plain = opened(payload);
  auto decoded = wire::decode(plain, {});
  const bool misread = !decoded || decoded->root.get("id").empty();
  auto guessed = misread ? guess_stanza(plain) : std::nullopt;
  if (!guessed && decoded) {
    guessed = std::move(decoded->root);
  }
  if (!guessed) {
    co_return true;
  }
  const xml::Element& stanza = *guessed;
  const bool is_request = stanza.name == "iq";
  if (!is_request && stanza.name != "message" && stanza.name != "receipt") {
    if (stanza.name != "xmlstreamend") {
      co_return true;
    }
    co_await send(make_element("xmlstreamend"));
    co_return false;
  }
  auto out = make_element(is_request ? "iq" : "ack");
  out.set("id", stanza.get("id"));
  if (is_request) {
    out.set("type", "result");
    out.set("from", std::string(kServer));
  } else {
    out.set("class", stanza.name);
    out.set("from", stanza.get("to"));
    out.set("t", now_s());
  }
  co_return co_await send(std::move(out));
}

asio::awaitable<void> say_nothing(std::shared_ptr<net::Stream> stream) {
  for (;;) {
    const net::Event event = co_await stream->read(0ms);
    if (!std::holds_alternative<Bytes>(event)) {
      co_return;
    }
  }
}

}  // namespace

asio::awaitable<void> run_null_session(std::shared_ptr<net::Stream> stream, net::WebSocket* web,
                                       NullMode mode, Gatekeeper& keeper) {
  constexpr auto kUpgradePatience = 20s;
  if (web != nullptr && mode != NullMode::hang_up &&
      !co_await web->accept(net::WebSocketOffer{}, kUpgradePatience)) {
    mode = NullMode::hang_up;
  }
  switch (mode) {
    case NullMode::none:
    case NullMode::hang_up:
      break;
    case NullMode::silent:
      co_await say_nothing(stream);
      break;
    case NullMode::refuse_all:
    case NullMode::accept_all: {
      NullSession session(stream, keeper);
      co_await session.run(mode);
      break;
    }
  }
  stream->close();
}

asio::awaitable<net::HttpAnswer> null_answer(NullMode mode, wire::HttpReceived request,
                                             net::HttpPeer /*peer*/) {
  net::HttpAnswer out{.message = wire::http_response(kForbidden)};
  if (mode == NullMode::accept_all) {
    const auto sent = wire::read_json(request.message.body, "sent");
    const auto* identifier = sent ? sent->child("identifier") : nullptr;
    xml::Element content = make_element("content");
    for (const auto& [name, text] :
         {std::pair("id", std::string("1")),
          std::pair("identifier", identifier == nullptr ? "" : identifier->text())}) {
      content.children.emplace_back(make_element(name));
      content.child(name)->set_text(text);
    }
    out.message = wire::http_response(kCreated, {{"Content-Type", "application/json"}},
                                      wire::write_json(content));
  } else if (mode == NullMode::hang_up) {
    out.takeover = [](net::Stream&) -> asio::awaitable<void> { co_return; };
  } else if (mode == NullMode::silent) {
    out.takeover = [](net::Stream& stream) -> asio::awaitable<void> {
      (void)co_await stream.read(std::chrono::milliseconds(0));  // until the other side goes
    };
  }
  co_return out;
}

}  // namespace parley::reference::whatsapp
