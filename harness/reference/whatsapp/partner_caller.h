// SPDX-License-Identifier: GPL-3.0-or-later
// What the reference gatekeeper asks of a third party's server over HTTPS: whether a token of one
// of its users holds, at each login, and that a user for whom something waits be woken. Each call
// is signed (RFC 9421), bears the secret (RFC 6750 section 2.1) or is made under the gatekeeper's
// own certificate (mutual TLS). A push that fails is made again with ever longer waits, or when
// Retry-After says (RFC 9110 section 10.2.3), and not at all when it never will succeed (SRV-001,
// SRV-003, SRV-006, SRV-007, SRV-009). One thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>

#include "harness/base/rng.h"
#include "harness/base/secret_bytes.h"
#include "harness/crypto/certificate.h"
#include "harness/crypto/jose/json.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/caller_proof.h"
#include "harness/wire/http_message.h"

namespace parley::reference::whatsapp {

namespace asio = boost::asio;

struct CalledServer {
  std::string url;     // https://HOST:PORT
  std::string ca_pem;  // of its HTTPS
  SecretBytes secret;  // empty where it knows the gatekeeper by its certificate
  CallerProof proof = CallerProof::signature;
};

struct CallTimes {
  std::chrono::milliseconds patience{3'000};  // for one answer
  std::chrono::milliseconds first_wait{250};  // before the first retry; doubled each time
  std::chrono::seconds longest_wait{60};      // of those that Retry-After asks for
  int most_retries = 5;
};

struct CallKeeping {
  // Starts a coroutine; the function ends it early. Whoever starts it waits for its end.
  using Run = std::function<void(asio::awaitable<void>, std::function<void()>)>;
  asio::any_io_executor executor;
  Run run;
  // The gatekeeper's own certificate, or another one that a fault shows in its place.
  std::function<Result<crypto::Leaf>(const FaultSet&)> certificate{};
  CallTimes times{};
};

// A user for whom something waits.
struct Woken {
  std::string identifier;
  std::string sender;   // wg-push-with-sender
  std::string content;  // wg-push-with-content
  // Whether it is away still; asked before each retry.
  std::function<bool()> is_away;
};

// Owned by who knows the partner, and by the coroutines that call.
class PartnerCaller : public std::enable_shared_from_this<PartnerCaller> {
 public:
  PartnerCaller(CallKeeping keeping, CalledServer server, Rng rng);

  // Whether the service says that the token holds and is that user's. No answer is none.
  asio::awaitable<bool> vouches(std::string token, std::string identifier, FaultSet faults);
  // Waits until nobody is asked about: wg-call-blocks-others.
  asio::awaitable<void> settled();
  // Nothing where a push for that user is under way, or its service does not know it.
  void push(const Woken& woken, const FaultSet& faults);
  // The user has been seen: its service knows it.
  void seen(const std::string& identifier) { gone_.erase(identifier); }

 private:
  // A response, or nothing when none came.
  using Answer = std::optional<wire::HttpMessage>;

  asio::awaitable<Answer> call(std::string path, std::string body, FaultSet faults);
  wire::HttpMessage request_to(const std::string& path, const std::string& body,
                               const FaultSet& faults);
  void sign(wire::HttpMessage& request, const FaultSet& faults);
  void bear_secret(wire::HttpMessage& request, const FaultSet& faults) const;
  asio::awaitable<void> wake(std::shared_ptr<PartnerCaller> self, Woken woken, FaultSet faults,
                             std::shared_ptr<asio::steady_timer> ended);
  asio::awaitable<void> try_to_wake(Woken woken, FaultSet faults);
  std::string push_body(const Woken& woken, const std::string& id, const FaultSet& faults) const;
  asio::awaitable<bool> asks(std::string token, std::string identifier, FaultSet faults);
  bool is_for_ever(const Answer& answer, const FaultSet& faults) const;
  std::chrono::milliseconds wait_after(const Answer& answer, std::chrono::milliseconds wait,
                                       const FaultSet& faults) const;

  CallKeeping keeping_;
  CalledServer server_;
  Rng rng_;
  std::string last_nonce_;         // wg-call-nonce-repeated
  bool timed_out_ = false;         // the last call, wg-call-open-when-silent
  std::set<std::string> vouched_;  // users, wg-call-vouched-before; tokens, wg-may-remember-answers
  std::set<std::string> woken_;    // wg-push-once-ever
  int asking_ = 0;                 // about users
  asio::steady_timer answered_;    // cancelled when that is over
  // Users whose push is under way, and what has come to wait for them since.
  std::map<std::string, std::optional<Woken>> waking_;
  std::set<std::string> gone_;  // users whom their service does not know
};

// The third parties whose servers are called.
class PartnerCallers {
 public:
  PartnerCallers(CallKeeping keeping, Rng rng)
      : keeping_(std::move(keeping)), rng_(std::move(rng)) {}

  // Of {"integrator", "server", "authentication", "secret", "ca"}, the secret in hex and the last a
  // PEM file; without "server" that integrator's is called no more. Errors: malformed with the
  // member that is wrong; io.
  Result<void> set(std::uint16_t integrator, const nlohmann::json& partner);
  // Null for one whose server is not called.
  asio::awaitable<void> settled() const;
  std::shared_ptr<PartnerCaller> of(std::optional<std::uint16_t> integrator) const;

 private:
  CallKeeping keeping_;
  Rng rng_;
  std::map<std::uint16_t, std::shared_ptr<PartnerCaller>> callers_;
};

}  // namespace parley::reference::whatsapp
