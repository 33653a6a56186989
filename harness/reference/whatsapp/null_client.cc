// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/null_client.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "harness/base/text.h"
#include "harness/net/stream.h"
#include "harness/reference/whatsapp/client.h"
#include "harness/reference/whatsapp/client_login.h"
#include "harness/reference/whatsapp/client_reader.h"
#include "harness/reference/whatsapp/guess.h"
#include "harness/reference/whatsapp/web.h"
#include "harness/wire/binary_writer.h"

namespace parley::reference::whatsapp {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTimeout{10'000};

// What a client that accepts everything does not check.
constexpr std::array kBlind = {Fault::wt_accepts_other_hashing,
                               Fault::wt_accepts_odd_ephemeral,
                               Fault::wt_accepts_missing_static,
                               Fault::wt_accepts_missing_certificate,
                               Fault::wt_ignores_static_tag,
                               Fault::wt_ignores_certificate_tag,
                               Fault::wt_root_unchecked,
                               Fault::wt_intermediate_link_unchecked,
                               Fault::wt_leaf_link_unchecked,
                               Fault::wt_leaf_signature_unchecked,
                               Fault::wt_leaf_key_unchecked,
                               Fault::wt_accepts_expired,
                               Fault::wt_accepts_not_yet_valid,
                               Fault::wt_uses_expired_key,
                               Fault::wt_fallback_chain_unchecked,
                               Fault::wt_ik_chain_unchecked,
                               Fault::wt_ik_ignores_tag,
                               Fault::wt_accepts_replayed_frame,
                               Fault::wt_accepts_reordered_frame,
                               Fault::wt_accepts_tampered_frame,
                               Fault::wt_flags_unchecked,
                               Fault::wt_inflates_without_bound,
                               Fault::wt_accepts_empty_list,
                               Fault::wt_accepts_empty_name,
                               Fault::wt_accepts_missing_content,
                               Fault::wt_accepts_trailing_octets,
                               Fault::wt_accepts_unknown_token,
                               Fault::wt_accepts_overlong_length,
                               Fault::wt_accepts_invalid_nibble,
                               Fault::wt_depth_unbounded,
                               Fault::wt_children_unbounded,
                               Fault::wt_attributes_unbounded,
                               Fault::wt_accepts_invalid_utf8,
                               Fault::wt_accepts_duplicate_keys,
                               Fault::wt_accepts_other_interop_server,
                               Fault::wt_acts_on_partial};

FaultSet blindness() {
  FaultSet out;
  std::ranges::for_each(kBlind, [&](Fault fault) { out.add(fault); });
  return out;
}

// One connection of a null client.
struct NullConnection {
  ClientAccount account;
  NullMode mode;
  JsonRpcPeer& rpc;
  std::shared_ptr<ClientConnection> connection{};  // null before it is up
  ClientMemory memory{};
  FaultSet faults = blindness();
  bool dropped = false;
};

void tell(const NullConnection& at, const std::string& method, nlohmann::json params) {
  if (!at.dropped) {
    params["user"] = at.account.user;
    at.rpc.notify(method, std::move(params));
  }
}

void say(NullConnection& at, const xml::Element& stanza) {
  if (const auto octets = wire::encode(stanza, {})) {
    at.connection->post_frame(*octets);
  }
}

// The first text in an <enc/>, however deep.
const xml::Element* enc_in(const xml::Element& element) {
  for (const auto* child : element.elements()) {
    const auto* found = child->name == "enc" ? child : enc_in(*child);
    if (found != nullptr) {
      return found;
    }
  }
  return nullptr;
}

// Every message is shown, every iq has a result, and all else an ack.
void accept(NullConnection& at, const xml::Element& stanza) {
  const auto* enc = stanza.name == "message" ? enc_in(stanza) : nullptr;
  if (enc != nullptr) {
    // Octets that are not UTF-8 would not be JSON.
    tell(at, "received",
         {{"from", printable(stanza.get("from"))},
          {"type", printable(stanza.get("type"))},
          {"text", printable(enc->text())},
          {"id", printable(stanza.get("id"))}});
  }
  if (stanza.get("id").empty()) {
    return;
  }
  xml::Element answer = stanza_element(stanza.name == "iq" ? "iq" : "ack");
  answer.set(stanza.name == "iq" ? "type" : "class", stanza.name == "iq" ? "result" : stanza.name);
  answer.set("id", stanza.get("id"));
  answer.set("to", stanza.find("from") == nullptr ? std::string(kServer) : stanza.get("from"));
  say(at, answer);
}

asio::awaitable<void> accept_all(NullConnection& at) {
  std::random_device device;
  Rng rng(device());
  ClientLogin login(*at.connection, at.account, at.memory, at.faults, rng);
  const LoginStep step = co_await login.run();
  if (!step) {
    tell(at, "refused", {{"reason", step.error()}});
    co_return;
  }
  tell(at, "connected", {{"jid", jid_of(at.account)}});
  while (true) {
    const Incoming item = co_await at.connection->next(milliseconds(0));
    const auto* plaintext = std::get_if<Bytes>(&item);
    if (plaintext == nullptr) {
      break;
    }
    auto stanza = read_stanza(*plaintext, at.faults);
    const auto guessed = stanza ? std::optional(std::move(*stanza)) : guess_stanza(*plaintext);
    if (guessed) {
      accept(at, *guessed);
    }
  }
  tell(at, "closed", {{"reason", "connection lost"}});
}

asio::awaitable<void> refuse_all(NullConnection& at) {
  std::random_device device;
  Rng rng(device());
  ClientHandshake handshake(at.account.hashing, wire::Intro{}.octets(), at.faults);
  at.connection->post(wire::Intro{}.octets());
  at.connection->post_frame(handshake.hello("", rng).value_or(""));
  co_await at.connection->next(kTimeout);
  tell(at, "refused", {{"reason", "everything is refused"}});
}

asio::awaitable<void> run_connection(NullConnection& at) {
  net::Address address{.host = at.account.host, .port = at.account.port};
  auto stream = co_await net::Stream::connect(std::move(address), kTimeout);
  if (!stream) {
    tell(at, "refused", {{"reason", stream.error().detail}});
    co_return;
  }
  if (at.account.transport == Transport::websocket) {
    auto web = null_socket(std::move(*stream), wire::WebSocketRole::client);
    const auto opened = co_await web->open(client_request(at.account, at.faults), kTimeout);
    *stream = std::move(web);
    if (!opened || at.dropped) {
      (*stream)->close();
      tell(at, "refused", {{"reason", opened ? "dropped" : opened.error().detail}});
      co_return;
    }
  }
  auto executor = co_await asio::this_coro::executor;
  at.connection = std::make_shared<ClientConnection>(executor, std::move(*stream), at.faults);
  if (at.mode == NullMode::refuse_all && !at.dropped) {
    co_await refuse_all(at);
  }
  if (at.mode == NullMode::accept_all && !at.dropped) {
    co_await accept_all(at);
  }
  co_await at.connection->finish();
}

class NullClient {
 public:
  NullClient(asio::any_io_executor executor, NullMode mode, Side side, JsonRpcPeer& rpc)
      : executor_(executor), mode_(mode), side_(side), rpc_(rpc), idle_(executor) {}

  RpcResult handle(const std::string& method, const nlohmann::json& params) {
    constexpr std::array<std::string_view, 9> kAccepted = {
        "enlist", "await", "send", "ping", "presence", "chatstate", "close", "reset", "sync"};
    if (method == "describe") {
      return describe_client("Parley null client", side_);
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
    auto account = parse_client_account(params);
    if (!account) {
      return std::unexpected(account.error());
    }
    if (mode_ == NullMode::silent) {
      return nlohmann::json::object();
    }
    drop(account->user);
    connections_.push_back({.account = std::move(*account), .mode = mode_, .rpc = rpc_});
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
        if (connection.connection != nullptr) {
          connection.connection->abandon();
        }
      }
    }
  }

  asio::any_io_executor executor_;
  NullMode mode_;
  Side side_;
  JsonRpcPeer& rpc_;
  std::list<NullConnection> connections_;  // running ones
  asio::steady_timer idle_;                // cancelled when one ends
};

}  // namespace

asio::awaitable<void> run_null_client(NullMode mode, Side side, JsonRpcPeer& rpc) {
  NullClient client(co_await asio::this_coro::executor, mode, side, rpc);
  RpcHandler handler = [&client](const std::string& method, const nlohmann::json& params) {
    return client.handle(method, params);
  };
  co_await rpc.serve(std::move(handler));
  co_await client.stop();
}

}  // namespace parley::reference::whatsapp
