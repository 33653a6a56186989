// SPDX-License-Identifier: GPL-3.0-or-later
// What the engine needs from the floors above it: the attached SUT and the played parties' manners.
// Everything here belongs to one worker thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/model/model.h"
#include "harness/net/stream.h"
#include "harness/xml/tree.h"

namespace parley::engine {

struct Identity {
  std::string user;
  std::string password;
  std::string kind{};  // of the profile's account-kinds; empty: an ordinary one
  std::map<std::string, std::string> terms{};  // what else the driver is told of that kind
  // What the driver has said of how the user's client is woken, and of where it uploads: `upload`,
  // `upload_token` and `ca`; may be empty.
  std::string wake{};
  std::map<std::string, std::string> media{};
};

// A SUT as a worker sees it. Implemented by sut/.
class Attachment {
 public:
  virtual ~Attachment() = default;
  virtual const model::Declaration& declaration() const = 0;
  // "domain", "starttls", "direct-tls" as declared or as the driver's `describe` said; empty if
  // none.
  virtual std::string endpoint(const std::string& name) const = 0;
  virtual const std::string& ca_pem()
      const = 0;  // whom a played client trusts; empty for a client SUT
  // The CA of the certificate that a gatekeeper under test shows when it calls a third party's
  // server, in PEM; empty: it has none, or has not said.
  virtual std::string client_ca_pem() const { return ""; }
  // An account that exists at the SUT: one of the pool, else `fresh` once the driver has enlisted
  // it; for a client SUT `fresh`, which the played server will know.
  // Errors: not_found when the pool is empty; io when the driver does not answer.
  virtual boost::asio::awaitable<Result<Identity>> lease(Identity fresh) = 0;
  virtual void give_back(Identity identity, bool soiled) = 0;
  // Errors: unsupported when the driver says so; refused for another error answer; io when the
  // driver is gone, silent for `timeout` or speaks garbage.
  virtual boost::asio::awaitable<Result<nlohmann::json>> call(
      std::string method, nlohmann::json params, std::chrono::milliseconds timeout) = 0;
  // Notifications about `user` go to `handler` until it is replaced by null. Called on the worker.
  using NoticeHandler =
      std::function<void(const std::string& method, const nlohmann::json& params)>;
  virtual void on_notice(const std::string& user, NoticeHandler handler) = 0;
};

// What a played party knows when it answers.
struct PeerView {
  model::Party plays;  // the party that Parley plays on this link
  std::string domain;  // the server's
  std::string bare;    // the client's bare JID on this link
  std::string jid;     // its full JID once bound
  Rng rng{0};
  // Where content is sealed: what a server hands out of a user's keys, as the request that is
  // answered has it, and how many one-time prekeys of the client's it has left. Null: it keeps
  // none.
  std::function<xml::Element(const std::string& jid)> keys_of{};
  std::size_t keys_left = 0;
  // Where content is sealed by OMEMO: the <item/> of a user's PEP node, null where it holds none,
  // and who is on the client's roster.
  std::function<std::optional<xml::Element>(const std::string& jid, const std::string& node)>
      item_of{};
  std::vector<std::string> contacts{};
  // Where a server has one: the address of its upload service (XEP-0363). Empty: it has none.
  std::string upload{};
};

// How a living, conforming peer behaves where no step says it. Implemented by parties/; pure.
struct Manners {
  // Answers to legal traffic that no step waits for: pings, rosters, discovery, presence.
  std::function<std::vector<xml::Element>(const xml::Element& stanza, const PeerView& view)>
      respond;
  // What the peer owes for a stanza that a step took, when it is about to leave; `said` is all that
  // it sent on that connection. Null: a peer of this profile never owes anything.
  std::function<std::vector<xml::Element>(
      const xml::Element& came, const std::vector<const xml::Element*>& said, const PeerView& view)>
      settle{};
};

}  // namespace parley::engine
