// SPDX-License-Identifier: GPL-3.0-or-later
// What the gatekeeper's server asks of the reference third party's: POST /v1/authentications
// {"token", "identifier"} whether a token vouches for a user, answered in the shape of RFC 7662
// section 2.2, and POST /v1/pushes {"user", "id"} that a user's client be woken. The caller signs
// (RFC 9421) and no call counts twice, or it bears the secret (RFC 6750), or it is known by its
// certificate (mutual TLS; SRV-002, SRV-005, SRV-007 to SRV-010). Nothing of it is published: a
// stand-in. One thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "harness/base/secret_bytes.h"
#include "harness/crypto/jose/json.h"
#include "harness/net/http_server.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/caller_proof.h"
#include "harness/reference/whatsapp/wake_line.h"

namespace parley::reference::whatsapp {

inline constexpr std::string_view kAuthenticationPath = "/v1/authentications";
inline constexpr std::string_view kPushPath = "/v1/pushes";

// What the service knows of who is asked for.
struct CalledUser {
  std::string user;  // the driver's name
  bool opted_in = true;
  bool suspended = false;
  bool away = false;  // outside of the region
};

// The service behind the calls.
struct CalledService {
  // By the identifier that others see; nothing when there is none.
  std::function<std::optional<CalledUser>(const std::string& identifier)> find;
  // Whom a token of the service's own vouches for at this moment; nothing when it does not hold.
  std::function<std::optional<std::string>(const std::string& token)> subject_of;
  std::function<void(const Wake& wake)> wake;
};

// How the service knows the gatekeeper.
struct KnownGatekeeper {
  CallerProof proof = CallerProof::signature;
  SecretBytes secret{};            // of a signature, or what is borne
  std::string certificate_name{};  // the name in its certificate
};

// Of one address: what was seen there counts there alone.
class PartnerCalls {
 public:
  PartnerCalls(CalledService service, const FaultSet& faults)
      : service_(std::move(service)), faults_(faults) {}

  static bool is_call(std::string_view path) {
    return path == kAuthenticationPath || path == kPushPath;
  }
  // `peer` is who makes the request, whose certificate has been verified against the gatekeeper's
  // CA.
  net::HttpAnswer answer(const wire::HttpMessage& request, const net::HttpPeer& peer,
                         const KnownGatekeeper& known, std::chrono::sys_seconds now);
  bool deaf() const { return deaf_; }

 private:
  using Json = crypto::jose::Json;

  bool has(Fault fault) const { return faults_.has(fault); }
  bool proves(const wire::HttpMessage& request, const net::HttpPeer& peer,
              const KnownGatekeeper& known, std::chrono::sys_seconds now);
  bool signs(const wire::HttpMessage& request, const SecretBytes& secret,
             std::chrono::sys_seconds now);
  bool bears(const wire::HttpMessage& request, const SecretBytes& secret) const;
  bool overlooks(const wire::HttpMessage& request, const SecretBytes& secret) const;
  bool certifies(const net::HttpPeer& peer, const std::string& name) const;
  bool is_named(const net::TlsSession& session, const std::string& name) const;
  bool is_replayed(const std::string& nonce, std::chrono::sys_seconds now);
  net::HttpAnswer take(const wire::HttpMessage& request);
  std::optional<std::string> text_of(const Json& content, std::string_view member) const;
  net::HttpAnswer authenticate(const std::string& token, const std::string& identifier) const;
  bool vouches(const std::string& token, const std::string& identifier) const;
  net::HttpAnswer push(const std::string& identifier, const std::string& id,
                       const std::string& alert);
  void wake_wrongly(const std::string& identifier, const std::string& id) const;
  net::HttpAnswer accepted() const;
  void wake_unasked(const wire::HttpMessage& request) const;
  void wake(Wake wake) const;

  CalledService service_;
  FaultSet faults_;
  bool deaf_ = false;  // wp-deaf-…: nobody is answered any more
  std::map<std::string, std::chrono::sys_seconds> nonces_;  // when each was used
  std::set<std::pair<std::string, std::string>> pushes_;    // user and id
  bool refuses_next_ = false;                               // wp-call-next-refused
};

}  // namespace parley::reference::whatsapp
