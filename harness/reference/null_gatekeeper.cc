// SPDX-License-Identifier: GPL-3.0-or-later
// Servers that implement nothing: a harness that passes them proves nothing.
#include <chrono>
#include <utility>

#include "harness/reference/gatekeeper_session.h"

namespace parley::reference {
namespace {

using namespace std::chrono_literals;

std::string header(Gatekeeper& keeper) {
  return "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
         "xmlns:stream='http://etherx.jabber.org/streams' version='1.0' xml:lang='en' id='" +
         keeper.fresh_id() + "' from='" + xml::escape_attribute(keeper.domain()) + "'>";
}

std::string features(const net::Stream& stream) {
  const std::string login = "<mechanisms xmlns='" + std::string(kSaslNs) +
                            "'><mechanism>PLAIN</mechanism></mechanisms><bind xmlns='" +
                            std::string(kBindNs) + "'/>";
  return "<stream:features>" +
         (stream.secure() ? login : "<starttls xmlns='" + std::string(kTlsNs) + "'/>") +
         "</stream:features>";
}

// What a server that accepts everything says to one element; empty for nothing.
std::string accept(const xml::Element& element, Gatekeeper& keeper) {
  if (element.ns == kTlsNs) {
    return "<proceed xmlns='" + std::string(kTlsNs) + "'/>";
  }
  if (element.ns == kSaslNs) {
    return "<success xmlns='" + std::string(kSaslNs) + "'/>";
  }
  if (element.name != "iq") {
    return {};
  }
  xml::Element out = make_element("iq", kClientNs);
  out.set("type", "result");
  out.set("id", element.get("id"));
  if (element.child("bind", kBindNs) != nullptr) {
    xml::Element jid = make_element("jid", kBindNs);
    jid.set_text("anyone@" + keeper.domain() + "/" + keeper.fresh_id());
    xml::Element bind = make_element("bind", kBindNs);
    bind.children.emplace_back(std::move(jid));
    out.children.emplace_back(std::move(bind));
  }
  return xml::print(out, kClientNs);
}

asio::awaitable<bool> start_tls(std::shared_ptr<net::Stream> stream, Gatekeeper& keeper) {
  net::TlsServerOptions options{.chain_pem = keeper.leaf().chain_pem,
                                .key_pem = keeper.leaf().key_pem};
  const auto session = co_await stream->start_tls(keeper.contexts(), std::move(options), 20s);
  co_return session.has_value();
}

// False when the connection is over.
asio::awaitable<bool> accept_item(std::shared_ptr<net::Stream> stream, xml::Item item,
                                  xml::StreamReader& reader, Gatekeeper& keeper) {
  if (std::holds_alternative<xml::StreamClosed>(item)) {
    co_await stream->write("</stream:stream>");
    co_return false;
  }
  if (std::holds_alternative<xml::Refused>(item)) {
    reader.restart();
    co_return true;
  }
  if (std::holds_alternative<xml::StreamOpened>(item)) {
    std::string opening = header(keeper) + features(*stream);
    co_return (co_await stream->write(std::move(opening))).has_value();
  }
  const xml::Element& element = std::get<xml::Stanza>(item).element;
  std::string answer = accept(element, keeper);
  if (!answer.empty() && !(co_await stream->write(std::move(answer)))) {
    co_return false;
  }
  if (element.ns == kTlsNs && !stream->secure() && !co_await start_tls(stream, keeper)) {
    co_return false;
  }
  if (element.ns == kTlsNs || element.ns == kSaslNs) {
    reader.restart();
  }
  co_return true;
}

asio::awaitable<void> accept_everything(std::shared_ptr<net::Stream> stream, Gatekeeper& keeper) {
  xml::StreamReader reader;
  for (;;) {
    net::Event event = co_await stream->read(0ms);
    const auto* octets = std::get_if<Bytes>(&event);
    if (octets == nullptr) {
      co_return;
    }
    auto items = reader.feed(*octets);
    for (xml::Item& item : items) {
      if (!co_await accept_item(stream, std::move(item), reader, keeper)) {
        co_return;
      }
    }
  }
}

asio::awaitable<void> say_nothing(std::shared_ptr<net::Stream> stream) {
  for (;;) {
    const net::Event event = co_await stream->read(0ms);
    if (!std::holds_alternative<Bytes>(event)) {
      co_return;
    }
  }
}

asio::awaitable<void> refuse(std::shared_ptr<net::Stream> stream, Gatekeeper& keeper) {
  const net::Event event = co_await stream->read(0ms);
  if (std::holds_alternative<Bytes>(event)) {
    std::string refusal = header(keeper) + "<stream:error><policy-violation xmlns='" +
                          std::string(kStreamErrorNs) + "'/></stream:error></stream:stream>";
    co_await stream->write(std::move(refusal));
  }
}

}  // namespace

asio::awaitable<void> run_null_session(std::shared_ptr<net::Stream> stream, NullMode mode,
                                       Security security, Gatekeeper& keeper) {
  const bool speaks = mode == NullMode::refuse_all || mode == NullMode::accept_all;
  if (speaks && security == Security::direct_tls && !co_await start_tls(stream, keeper)) {
    stream->close();
    co_return;
  }
  switch (mode) {
    case NullMode::none:
    case NullMode::hang_up:
      break;
    case NullMode::silent:
      co_await say_nothing(stream);
      break;
    case NullMode::refuse_all:
      co_await refuse(stream, keeper);
      break;
    case NullMode::accept_all:
      co_await accept_everything(stream, keeper);
      break;
  }
  stream->close();
}

}  // namespace parley::reference
