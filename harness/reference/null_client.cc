// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/null_client.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/text.h"
#include "harness/crypto/scram.h"
#include "harness/net/stream.h"
#include "harness/reference/client_account.h"
#include "harness/reference/client_driver.h"

namespace parley::reference {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kTlsNs = "urn:ietf:params:xml:ns:xmpp-tls";
constexpr std::string_view kBindNs = "urn:ietf:params:xml:ns:xmpp-bind";
constexpr milliseconds kTimeout{10'000};
constexpr std::size_t kMaxHeld = 1024 * 1024;

std::string xmlns(std::string_view ns) { return " xmlns='" + std::string(ns) + "'"; }

// One connection of a null client. It looks at octets, never at XML.
struct NullConnection {
  ClientAccount account;
  NullMode mode;
  net::TlsContexts& contexts;
  JsonRpcPeer& rpc;
  std::unique_ptr<net::Stream> stream{};
  Bytes held{};  // received, not yet looked at
  bool dropped = false;
};

void tell(const NullConnection& at, const std::string& method, nlohmann::json params) {
  if (!at.dropped) {
    params["user"] = at.account.user;
    at.rpc.notify(method, std::move(params));
  }
}

// What stands between `from` and `to` in `text`, the first time; empty when one is absent.
std::string between(std::string_view text, std::string_view from, std::string_view to) {
  const auto begin = text.find(from);
  const auto end = begin == std::string_view::npos ? begin : text.find(to, begin + from.size());
  return end == std::string_view::npos
             ? std::string()
             : std::string(text.substr(begin + from.size(), end - begin - from.size()));
}

// The value of an attribute, whatever its quotes.
std::string attribute(std::string_view tag, std::string_view name) {
  const std::string single = between(tag, " " + std::string(name) + "='", "'");
  return single.empty() ? between(tag, " " + std::string(name) + "=\"", "\"") : single;
}

asio::awaitable<bool> say(NullConnection& at, Bytes octets) {
  const auto written = co_await at.stream->write(std::move(octets));
  co_return written.has_value();
}

asio::awaitable<bool> say_header(NullConnection& at) {
  co_return co_await say(at, "<?xml version='1.0'?><stream:stream to='" + at.account.domain +
                                 "' version='1.0' xml:lang='en' xmlns='jabber:client' "
                                 "xmlns:stream='http://etherx.jabber.org/streams'>");
}

// Reads on; false when the connection is gone.
asio::awaitable<bool> hear(NullConnection& at, milliseconds timeout) {
  const net::Event event = co_await at.stream->read(timeout);
  const auto* octets = std::get_if<Bytes>(&event);
  if (octets == nullptr) {
    co_return false;
  }
  at.held += *octets;
  if (at.held.size() > kMaxHeld) {
    at.held.erase(0, at.held.size() - kMaxHeld);
  }
  co_return true;
}

// Reads until one of the texts has come, and drops everything up to a '>' behind it.
asio::awaitable<std::string> hear_one_of(NullConnection& at, std::vector<std::string> texts) {
  while (true) {
    for (const auto& text : texts) {
      const auto found = at.held.find(text);
      const auto end = found == Bytes::npos ? found : at.held.find('>', found);
      if (end != Bytes::npos) {
        at.held.erase(0, end + 1);
        co_return text;
      }
    }
    if (!co_await hear(at, kTimeout)) {
      co_return std::string();
    }
  }
}

asio::awaitable<bool> secure(NullConnection& at) {
  net::TlsClientOptions options{.ca_pem = at.account.ca_pem,
                                .host = at.account.domain,
                                .verify = false,
                                .min_version = net::TlsVersion::tls1_0};
  const auto session = co_await at.stream->start_tls(at.contexts, std::move(options), kTimeout);
  at.held.clear();
  co_return session.has_value();
}

asio::awaitable<bool> authenticate(NullConnection& at, bool scram) {
  const std::string first = crypto::scram_client_first(at.account.user, "nonce-of-a-null-client");
  const std::string text =
      scram ? first : crypto::sasl_plain("", at.account.user, at.account.password);
  const std::string mechanism = scram ? "SCRAM-SHA-256" : "PLAIN";
  const auto sasl = xmlns("urn:ietf:params:xml:ns:xmpp-sasl");
  if (!co_await say(
          at, "<auth" + sasl + " mechanism='" + mechanism + "'>" + to_base64(text) + "</auth>")) {
    co_return false;
  }
  while (true) {
    const std::string answer = co_await hear_one_of(at, {"<success", "<failure", "<challenge"});
    if (answer != "<challenge") {
      co_return !answer.empty();  // a failure will do as well
    }
    while (at.held.find('<') == Bytes::npos) {
      if (!co_await hear(at, kTimeout)) {
        co_return false;
      }
    }
    const auto challenge = from_base64(at.held.substr(0, at.held.find('<')));
    const auto response =
        crypto::scram_client_final(at.account.password, first, challenge.value_or(""));
    const std::string body = response ? to_base64(*response) : "";
    if (!co_await say(at, "<response" + sasl + ">" + body + "</response>")) {
      co_return false;
    }
  }
}

asio::awaitable<bool> log_in(NullConnection& at) {
  const bool direct = at.account.security == ClientSecurity::direct_tls;
  if (direct && !co_await secure(at)) {
    co_return false;
  }
  if (!co_await say_header(at)) {
    co_return false;
  }
  constexpr std::string_view kFeatures = "</stream:features";
  while (at.held.find(kFeatures) == Bytes::npos && at.held.find("features>") == Bytes::npos &&
         at.held.find("features/>") == Bytes::npos) {
    if (!co_await hear(at, kTimeout)) {
      co_return false;
    }
  }
  if (!direct && at.held.find("starttls") != Bytes::npos) {
    if (!co_await say(at, "<starttls" + xmlns(kTlsNs) + "/>") ||
        (co_await hear_one_of(at, {"<proceed", "<failure"})).empty() || !co_await secure(at) ||
        !co_await say_header(at)) {
      co_return false;
    }
    while (at.held.find(kFeatures) == Bytes::npos) {
      if (!co_await hear(at, kTimeout)) {
        co_return false;
      }
    }
  }
  const bool scram = at.held.find(">PLAIN<") == Bytes::npos;
  if (!co_await authenticate(at, scram) || !co_await say_header(at)) {
    co_return false;
  }
  co_return co_await say(at, "<iq type='set' id='bind-1'><bind" + xmlns(kBindNs) + "><resource>" +
                                 at.account.resource + "</resource></bind></iq>");
}

// Takes out the first thing that is whole: a body that is shown, an iq's tag that is answered.
bool take_one(NullConnection& at, Bytes& answer, std::string& sender) {
  const auto body = at.held.find("<body");
  const auto body_end = body == Bytes::npos ? body : at.held.find("</body>", body);
  const auto iq = at.held.find("<iq ");
  const auto iq_end = iq == Bytes::npos ? iq : at.held.find('>', iq);
  if (iq_end != Bytes::npos && (body_end == Bytes::npos || iq < body)) {
    const std::string tag = at.held.substr(iq, iq_end + 1 - iq);
    if (attribute(tag, "id") != "bind-1") {
      answer += "<iq type='result' id='" + attribute(tag, "id") + "'/>";
    }
    at.held.erase(0, iq_end + 1);
    return true;
  }
  if (body_end == Bytes::npos) {
    return false;
  }
  const std::string before = at.held.substr(0, body);
  const auto message = before.rfind("<message");
  const std::string tag = message == Bytes::npos ? std::string() : before.substr(message);
  sender = attribute(tag, "from");
  // Octets that are not UTF-8 would not be JSON.
  nlohmann::json params = {{"from", printable(sender)},
                           {"type", "chat"},
                           {"text", printable(at.held.substr(body + 6, body_end - body - 6))}};
  const std::string id = attribute(tag, "id");
  if (!id.empty()) {
    params["id"] = printable(id);
  }
  tell(at, "received", std::move(params));
  at.held.erase(0, body_end + 7);
  return true;
}

asio::awaitable<void> accept_all(NullConnection& at) {
  if (!co_await log_in(at)) {
    tell(at, "refused", {{"reason", "connection lost"}});
    co_return;
  }
  tell(at, "connected",
       {{"jid", at.account.user + "@" + at.account.domain + "/" + at.account.resource}});
  bool open = co_await say(at, "<presence/>");
  while (open) {
    Bytes answers;
    std::string sender;
    while (take_one(at, answers, sender)) {
    }
    if (!answers.empty()) {
      open = co_await say(at, std::move(answers));
    }
    open = open && co_await hear(at, milliseconds(0));
  }
  tell(at, "closed", {{"reason", "connection lost"}});
}

asio::awaitable<void> refuse_all(NullConnection& at) {
  const bool direct = at.account.security == ClientSecurity::direct_tls;
  if ((!direct || co_await secure(at)) && co_await say_header(at)) {
    co_await hear_one_of(at, {"<stream:stream"});
    co_await say(at,
                 "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
                 "</stream:error></stream:stream>");
  }
  tell(at, "refused", {{"reason", "everything is refused"}});
}

asio::awaitable<void> run_connection(NullConnection& at) {
  const net::Address address{.host = at.account.host, .port = at.account.port};
  auto stream = co_await net::Stream::connect(address, kTimeout);
  if (!stream) {
    tell(at, "refused", {{"reason", stream.error().detail}});
    co_return;
  }
  at.stream = std::move(*stream);
  if (at.mode == NullMode::refuse_all && !at.dropped) {
    co_await refuse_all(at);
  }
  if (at.mode == NullMode::accept_all && !at.dropped) {
    co_await accept_all(at);
  }
  at.stream->close();
}

class NullClient {
 public:
  NullClient(asio::any_io_executor executor, NullMode mode, JsonRpcPeer& rpc)
      : executor_(executor), mode_(mode), rpc_(rpc), idle_(executor) {}

  RpcResult handle(const std::string& method, const nlohmann::json& params) {
    constexpr std::array<std::string_view, 7> kAccepted = {"enlist", "send",  "ping", "presence",
                                                           "close",  "reset", "sync"};
    if (method == "describe") {
      return describe_client("Parley null client");
    }
    if (method == "connect") {
      return connect(params);
    }
    if (method == "reset" || method == "close") {
      drop(string_member(params, "user"));
    }
    if (std::ranges::find(kAccepted, method) == kAccepted.end()) {
      return std::unexpected(RpcError{.code = -32601, .message = "unknown method"});
    }
    return nlohmann::json::object();
  }

  asio::awaitable<void> stop() {
    for (auto& connection : connections_) {
      drop(connection.account.user);
    }
    while (!connections_.empty()) {
      idle_.expires_at(asio::steady_timer::time_point::max());
      co_await idle_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

 private:
  RpcResult connect(const nlohmann::json& params) {
    auto account = parse_account(params);
    if (!account) {
      return std::unexpected(account.error());
    }
    if (mode_ == NullMode::silent) {
      return nlohmann::json::object();
    }
    drop(account->user);
    connections_.push_back(
        {.account = std::move(*account), .mode = mode_, .contexts = contexts_, .rpc = rpc_});
    const auto self = std::prev(connections_.end());
    asio::co_spawn(executor_, run_connection(*self), [this, self](std::exception_ptr failure) {
      if (failure != nullptr) {
        tell(*self, "closed", {{"reason", "internal error"}});
      }
      connections_.erase(self);
      idle_.cancel();
    });
    return nlohmann::json::object();
  }

  void drop(const std::string& user) {
    for (auto& connection : connections_) {
      if (connection.account.user == user) {
        connection.dropped = true;
        if (connection.stream != nullptr) {
          connection.stream->close();
        }
      }
    }
  }

  asio::any_io_executor executor_;
  NullMode mode_;
  JsonRpcPeer& rpc_;
  net::TlsContexts contexts_;
  std::list<NullConnection> connections_;  // running ones
  asio::steady_timer idle_;                // cancelled when one ends
};

}  // namespace

asio::awaitable<void> run_null_client(NullMode mode, JsonRpcPeer& rpc) {
  NullClient client(co_await asio::this_coro::executor, mode, rpc);
  RpcHandler handler = [&client](const std::string& method, const nlohmann::json& params) {
    return client.handle(method, params);
  };
  co_await rpc.serve(std::move(handler));
  co_await client.stop();
}

}  // namespace parley::reference
