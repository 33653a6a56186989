// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/client_session.h"

#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/reference/client_sasl.h"
#include "harness/reference/client_text.h"

namespace parley::reference {
namespace {

constexpr std::string_view kBindNs = "urn:ietf:params:xml:ns:xmpp-bind";
constexpr std::string_view kRosterNs = "jabber:iq:roster";
constexpr std::string_view kPingNs = "urn:xmpp:ping";
constexpr std::chrono::milliseconds kConnectTimeout{10'000};
constexpr std::chrono::milliseconds kBindTimeout{30'000};
// How long the peer may take to answer our </stream:stream> (RFC 6120 section 4.4).
constexpr std::chrono::milliseconds kCloseTimeout{5'000};
constexpr std::size_t kMaxRequests = 1'000;

xml::Element element(std::string_view ns, std::string_view name) {
  return {.ns = std::string(ns), .name = std::string(name), .attributes = {}, .children = {}};
}

xml::Element make_iq(const std::string& type, const std::string& to, xml::Element payload) {
  xml::Element iq = element(kClientNs, "iq");
  iq.set("type", type);
  if (!to.empty()) {
    iq.set("to", to);
  }
  iq.children.emplace_back(std::move(payload));
  return iq;
}

std::unexpected<Refusal> refuse(std::string reason, Bytes farewell = Bytes(kCloseTag)) {
  return std::unexpected(Refusal{.reason = std::move(reason), .farewell = std::move(farewell)});
}

}  // namespace

ClientSession::ClientSession(asio::any_io_executor executor, net::TlsContexts& contexts,
                             ClientAccount account, const FaultSet& faults, Rng rng,
                             ClientNotify notify, std::shared_ptr<omemo::Memory> memory)
    : executor_(executor),
      contexts_(contexts),
      account_(std::move(account)),
      faults_(faults),
      rng_(std::move(rng)),
      notify_(std::move(notify)),
      memory_(std::move(memory)),
      id_prefix_(rng_.token(8) + "-"),
      no_transfers_(executor) {}

void ClientSession::tell(const std::string& method, nlohmann::json params) const {
  if (!forgotten_) {
    params["user"] = account_.user;
    notify_(method, std::move(params));
  }
}

asio::awaitable<void> ClientSession::run(std::shared_ptr<ClientSession> self) {
  LoginStep step =
      co_await self->connect({.host = self->account_.host, .port = self->account_.port});
  if (!step) {
    if (self->wire_ != nullptr) {
      co_await self->wire_->finish(step.error().farewell);
    }
    self->tell("refused", {{"reason", step.error().reason}});
    co_return;
  }
  co_await self->serve();
}

asio::awaitable<LoginStep> ClientSession::connect(net::Address address) {
  auto stream = co_await net::Stream::connect(std::move(address), kConnectTimeout);
  if (!stream) {
    co_return refuse(stream.error().detail, "");
  }
  auto executor = co_await asio::this_coro::executor;
  wire_ = std::make_shared<ClientWire>(executor, std::move(*stream), faults_);
  if (given_up_) {
    co_return refuse("given up", "");
  }
  co_return co_await log_in();
}

asio::awaitable<LoginStep> ClientSession::log_in() {
  ClientLogin login(*wire_, contexts_, account_, faults_, rng_);
  LoginStep step = co_await login.run();
  if (!step) {
    co_return step;
  }
  wire_->settle();
  co_return co_await bind();
}

asio::awaitable<LoginStep> ClientSession::bind() {
  xml::Element payload = element(kBindNs, "bind");
  if (!account_.resource.empty()) {
    xml::Element resource = element(kBindNs, "resource");
    resource.set_text(account_.resource);
    payload.children.emplace_back(std::move(resource));
  }
  bare_jid_ = account_.user + "@" + account_.domain;
  if (faults_.has(Fault::tp_presence_before_bind)) {
    send(element(kClientNs, "presence"));
  }
  const std::string id = request(make_iq("set", "", std::move(payload)));
  while (true) {
    WireItem item = co_await wire_->next(kBindTimeout);
    const auto* stanza = std::get_if<xml::Stanza>(&item);
    const bool iq =
        stanza != nullptr && stanza->element.ns == kClientNs && stanza->element.name == "iq";
    const std::string type = iq ? stanza->element.get("type") : "";
    const bool answers = (type == "result" || type == "error") && stanza->element.get("id") == id &&
                         is_answer_of(stanza->element, requests_[id]);
    if (!answers) {
      if (iq || stanza == nullptr || stanza->element.ns != kClientNs) {
        if (auto end = take(std::move(item))) {
          co_return std::unexpected(std::move(*end));
        }
      }
      continue;  // messages and presence before the binding are nobody's
    }
    requests_.erase(id);
    const auto* bound = stanza->element.child("bind", kBindNs);
    const auto* jid = bound == nullptr ? nullptr : bound->child("jid", kBindNs);
    if (type == "result" && jid != nullptr && !jid->text().empty()) {
      jid_ = jid->text();
      bare_jid_ = jid_.substr(0, jid_.find('/'));
      co_return LoginStep();
    }
    if (faults_.has(Fault::tp_survives_no_bind_error)) {
      jid_ = bare_jid_ + "/" + account_.resource;
      co_return LoginStep();
    }
    const auto* error = stanza->element.child("error", kClientNs);
    co_return refuse("binding failed: " + (error == nullptr
                                               ? std::string("no jid")
                                               : error_condition(*error, kStanzaErrorNs)));
  }
}

void ClientSession::start_session() {
  bound_ = true;
  tell("connected", {{"jid", jid_}});
  // RFC 6121 section 2.2: the roster is asked for before the first presence goes out.
  request(make_iq("get", "", element(kRosterNs, "query")));
  send(element(kClientNs, "presence"));
  if (is_encrypted()) {
    start_encryption();
  }
}

asio::awaitable<void> ClientSession::serve() {
  start_session();
  std::optional<Refusal> end;
  while (!end) {
    end = take(co_await wire_->next(std::chrono::milliseconds(0)));
  }
  co_await wait_for_transfers();
  bound_ = false;
  show_held();
  co_await wire_->finish(std::move(end->farewell));
  tell("closed", {{"reason", end->reason}});
}

void ClientSession::close() {
  if (closing_) {
    return;
  }
  if (!bound_) {
    given_up_ = true;
    if (wire_ != nullptr) {
      wire_->abandon();
    }
    return;
  }
  xml::Element presence = element(kClientNs, "presence");
  presence.set("type", "unavailable");
  send(presence);
  wire_->post(Bytes(kCloseTag));
  if (faults_.has(Fault::tp_sends_after_close)) {
    send(element(kClientNs, "presence"));
  }
  closing_ = true;
  wire_->close_after(kCloseTimeout);
}

void ClientSession::forget() {
  forgotten_ = true;
  given_up_ = true;
  end_transfers();
  if (wire_ != nullptr) {
    wire_->abandon();
  }
}

std::string ClientSession::next_id() {
  if (faults_.has(Fault::tp_ids_repeat)) {
    return id_prefix_ + "0";
  }
  return id_prefix_ + std::to_string(++ids_);
}

std::string ClientSession::send_message(const std::string& to, const std::string& text,
                                        std::string id) {
  if (is_encrypted()) {
    id = id.empty() ? next_id() : std::move(id);
    send_encrypted({.to = to, .id = id, .text = text});
    return id;
  }
  xml::Element message = element(kClientNs, "message");
  message.set("type", "chat");
  message.set("to", to);
  message.set("id", id.empty() ? next_id() : std::move(id));
  xml::Element body = element(kClientNs, "body");
  body.set_text(sent_text(text, faults_));
  message.children.emplace_back(std::move(body));
  std::string sent_id = message.get("id");
  send(std::move(message));
  return sent_id;
}

std::string ClientSession::send_ping(const std::string& to) {
  const bool astray = faults_.has(Fault::tp_pings_server_only);
  return request(make_iq("get", astray ? "" : to, element(kPingNs, "ping")));
}

void ClientSession::send_presence(const std::string& to, const std::string& type) {
  xml::Element presence = element(kClientNs, "presence");
  if (!to.empty()) {
    presence.set("to", to);
  }
  if (!type.empty() && type != "available") {
    presence.set("type", type);
  }
  presence.set("id", next_id());
  send(std::move(presence));
}

std::string ClientSession::request(xml::Element iq) {
  Request plain{.to = iq.get("to")};
  return request(std::move(iq), std::move(plain));
}

std::string ClientSession::request(xml::Element iq, Request request) {
  std::string id = next_id();
  iq.set("id", id);
  if (requests_.size() >= kMaxRequests) {
    requests_.erase(requests_.begin());  // the peer answers none
  }
  requests_[id] = std::move(request);
  send(std::move(iq));
  return id;
}

void ClientSession::send(xml::Element stanza) {
  // RFC 6120 section 4.4: nothing follows our </stream:stream>.
  if (closing_ && !faults_.has(Fault::tp_sends_after_close)) {
    return;
  }
  if (bound_ && faults_.has(Fault::tp_wrong_from)) {
    stanza.set("from", "someone-else@" + account_.domain + "/other");
  }
  wire_->post(xml::print(stanza, kClientNs));
}

}  // namespace parley::reference
