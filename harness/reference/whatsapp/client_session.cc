// SPDX-License-Identifier: GPL-3.0-or-later
// A user's connections from beginning to end, and what it sends of its own accord.
#include "harness/reference/whatsapp/client_session.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/reference/whatsapp/client_login.h"
#include "harness/reference/whatsapp/client_reader.h"
#include "harness/reference/whatsapp/web.h"
#include "harness/wire/binary_writer.h"

namespace parley::reference::whatsapp {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kConnectTimeout{10'000};
// How long the peer may take to answer our stream end.
constexpr milliseconds kCloseTimeout{1'000};
constexpr milliseconds kFirstBackOff{50};  // doubled each time, with as much jitter again
constexpr int kMaxFailures = 3;            // logins in a row without success, then no further one
constexpr std::size_t kMaxRequests = 1'000;
constexpr std::size_t kMaxOutbox = 1'000;

}  // namespace

xml::Element stanza_element(std::string_view name) {
  return {.ns = {}, .name = std::string(name), .attributes = {}, .children = {}};
}

ClientSession::ClientSession(asio::any_io_executor executor, ClientAccount account,
                             std::shared_ptr<ClientMemory> memory, const FaultSet& faults, Rng rng,
                             ClientNotify notify)
    : executor_(executor),
      account_(std::move(account)),
      memory_(std::move(memory)),
      faults_(faults),
      rng_(std::move(rng)),
      notify_(std::move(notify)),
      retry_(executor),
      id_prefix_(rng_.token(8) + "-"),
      no_transfers_(executor) {}

void ClientSession::tell(const std::string& method, nlohmann::json params) const {
  if (!forgotten_) {
    params["user"] = account_.user;
    notify_(method, std::move(params));
  }
}

asio::awaitable<void> ClientSession::run(std::shared_ptr<ClientSession> self) {
  bool again = true;
  while (again) {
    const Ending ending = co_await self->connect_once();
    const bool was_ready = std::exchange(self->ready_, false);
    self->deliver_held();
    if (ending.farewell == Farewell::stream_error) {
      xml::Element error = stanza_element("stream:error");
      error.set("code", "400");
      self->send(error);
    }
    if (ending.farewell == Farewell::stream_end) {
      self->send(stanza_element("xmlstreamend"));
    }
    if (self->connection_ != nullptr) {
      co_await self->connection_->finish();
    }
    self->tell(was_ready ? "closed" : "refused", {{"reason", ending.reason}});
    self->failures_ = was_ready ? 0 : self->failures_ + 1;
    again = co_await self->wait_to_retry(ending.retry);
  }
  co_await self->wait_for_transfers();
}

// TRN-023: further attempts come later and later, and their number is bounded.
asio::awaitable<bool> ClientSession::wait_to_retry(Retry retry) {
  const bool wanted = retry == Retry::always ||
                      (retry == Retry::if_wanted && account_.reconnect == Reconnect::when_told &&
                       !faults_.has(Fault::wt_no_reconnect));
  if (!wanted || given_up_ || closing_ || failures_ >= kMaxFailures) {
    co_return false;
  }
  const auto back_off = kFirstBackOff * (1 << failures_);
  const auto jitter = rng_.below(static_cast<std::uint64_t>(back_off.count()));
  retry_.expires_after(back_off + milliseconds(jitter));
  co_await retry_.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return !given_up_;
}

asio::awaitable<ClientSession::Ending> ClientSession::connect_once() {
  connection_.reset();
  requests_.clear();
  waiting_.clear();
  keepalive_id_.clear();
  if (faults_.has(Fault::wt_forgets_shown)) {
    memory_->shown.clear();
  }
  net::Address address{.host = account_.host, .port = account_.port};
  auto stream = co_await net::Stream::connect(std::move(address), kConnectTimeout);
  if (!stream) {
    co_return Ending{.reason = stream.error().detail, .retry = Retry::if_wanted};
  }
  FaultSet faults = faults_;
  if (account_.transport == Transport::websocket) {
    auto web = client_socket(std::move(*stream), Rng(rng_.next()), faults_);
    const auto opened = co_await web->open(client_request(account_, faults_), kConnectTimeout);
    if (!opened) {
      web->close();
      co_return Ending{.reason = opened.error().detail, .retry = Retry::if_wanted};
    }
    *stream = std::move(web);
    faults = with_web_faults(faults_);
  }
  connection_ = std::make_shared<ClientConnection>(executor_, std::move(*stream), faults);
  if (given_up_) {
    co_return Ending{.reason = "given up"};
  }
  ClientLogin login(*connection_, account_, *memory_, faults_, rng_);
  const LoginStep step = co_await login.run();
  if (!step) {
    co_return Ending{.reason = step.error()};
  }
  if (*step == LoginOutcome::skipped) {
    start_session();
  } else if (faults_.has(Fault::wt_stanza_before_success)) {
    send_presence("", "available");
  }
  while (true) {
    Incoming item = co_await connection_->next(ready_ ? account_.keepalive : kLoginTimeout);
    if (auto ending = take(std::move(item))) {
      co_return std::move(*ending);
    }
  }
}

void ClientSession::start_session() {
  ready_ = true;
  failures_ = 0;
  tell("connected", {{"jid", jid_of(account_)}});
  if (account_.passive) {
    xml::Element iq = stanza_element("iq");
    iq.set("type", "set");
    iq.set("xmlns", "passive");
    iq.set("to", std::string(kServer));
    iq.children.emplace_back(stanza_element("active"));
    request(std::move(iq));
  }
  if (account_.woken && faults_.has(Fault::wt_woken_leaves_at_once)) {
    close();
    return;
  }
  start_encryption();
  send_presence("", "available");
  resend();
}

// TRN-021, STZ-022: what was not acknowledged is not taken for delivered; it keeps its id.
void ClientSession::resend() {
  if (faults_.has(Fault::wt_never_resends)) {
    memory_->outbox.clear();
  }
  for (Unacknowledged& message : memory_->outbox) {
    if (faults_.has(Fault::wt_resends_under_new_id)) {
      message.id = next_id();
    }
    send_content(message);
  }
}

void ClientSession::close() {
  if (closing_) {
    return;
  }
  if (!ready_) {
    given_up_ = true;
    retry_.cancel();
    if (connection_ != nullptr) {
      connection_->abandon();
    }
    return;
  }
  send_presence("", "unavailable");
  send(stanza_element("xmlstreamend"));
  closing_ = true;
  connection_->close_after(kCloseTimeout);
}

void ClientSession::forget() {
  forgotten_ = true;
  given_up_ = true;
  retry_.cancel();
  if (connection_ != nullptr) {
    connection_->abandon();
  }
  for (const auto& transfer : transfers_) {
    transfer->emit(asio::cancellation_type::terminal);
  }
}

std::string ClientSession::next_id() {
  if (faults_.has(Fault::wt_ids_repeat)) {
    return id_prefix_ + "0";
  }
  return id_prefix_ + std::to_string(++ids_);
}

std::string ClientSession::send_message(const std::string& to, const std::string& text,
                                        std::string id) {
  Unacknowledged message{.id = id.empty() ? next_id() : std::move(id), .to = to, .text = text};
  post(message);
  return message.id;
}

void ClientSession::post(const Unacknowledged& message) {
  if (memory_->outbox.size() >= kMaxOutbox) {
    memory_->outbox.pop_front();  // the peer acknowledges none
  }
  memory_->outbox.push_back(message);
  if (ready_) {
    send_content(message);
  }
}

void ClientSession::send_content(const Unacknowledged& message) {
  if (is_encrypted() && !faults_.has(Fault::wt_signal_sends_in_clear)) {
    send_encrypted(message);
    return;
  }
  const bool begins = faults_.has(Fault::wt_may_begin_with_pkmsg);
  send_enc(message, {.type = begins ? "pkmsg" : "msg", .octets = message.text}, 0);
}

// STZ-025: one flat <enc/>.
void ClientSession::send_enc(const Unacknowledged& message, const Sealed& sealed, int count) {
  xml::Element stanza = stanza_element("message");
  stanza.set("id", message.id);
  stanza.set("to", message.to);
  const bool text = message.mediatype.empty();
  stanza.set("type", text == faults_.has(Fault::wt_sends_wrong_type) ? "media" : "text");
  xml::Element enc = stanza_element("enc");
  enc.set("v", std::string(account_.dialect->enc_version));
  enc.set("type", sealed.type);
  if (count > 0) {
    enc.set("count", std::to_string(count));
  }
  if (!text) {
    enc.set("mediatype", message.mediatype);
  }
  enc.set_text(sealed.octets);
  if (faults_.has(Fault::wt_sends_two_encs)) {
    stanza.children.emplace_back(enc);
  }
  if (faults_.has(Fault::wt_sends_participants)) {
    xml::Element to = stanza_element("to");
    to.set("jid", message.to);
    to.children.emplace_back(std::move(enc));
    enc = stanza_element("participants");
    enc.children.emplace_back(std::move(to));
  }
  stanza.children.emplace_back(std::move(enc));
  send(stanza);
}

std::string ClientSession::send_ping(const std::string& to) {
  xml::Element iq = stanza_element("iq");
  iq.set("type", "get");
  iq.set("xmlns", "w:p");
  iq.set("to", to.empty() ? std::string(kServer) : to);
  return request(std::move(iq));
}

void ClientSession::send_presence(const std::string& to, const std::string& type) {
  xml::Element presence = stanza_element("presence");
  presence.set("type", type.empty() ? "available" : type);
  if (!to.empty()) {
    presence.set("to", to);
  }
  send(presence);
}

// STZ-029: exactly one child.
void ClientSession::send_chatstate(const std::string& to, const std::string& state) {
  xml::Element chatstate = stanza_element("chatstate");
  chatstate.set("to", to);
  chatstate.children.emplace_back(stanza_element(state));
  if (faults_.has(Fault::wt_sends_two_chatstates)) {
    chatstate.children.emplace_back(stanza_element(state == "paused" ? "composing" : "paused"));
  }
  send(chatstate);
}

std::string ClientSession::request(xml::Element iq) { return request(std::move(iq), Request{}); }

std::string ClientSession::request(xml::Element iq, Request asked) {
  std::string id = next_id();
  iq.set("id", id);
  if (requests_.size() >= kMaxRequests) {
    requests_.erase(requests_.begin());  // the peer answers none
  }
  asked.to = iq.get("to");
  requests_[id] = std::move(asked);
  send(iq);
  return id;
}

void ClientSession::send(const xml::Element& stanza) {
  if (closing_ || connection_ == nullptr) {
    return;  // nothing follows our stream end
  }
  if (const auto octets = wire::encode(stanza, {.tokens = account_.dialect->tokens})) {
    connection_->post_frame(*octets);
  }
}

}  // namespace parley::reference::whatsapp
