// SPDX-License-Identifier: GPL-3.0-or-later
// The client's side of SASL as a state machine over elements: no I/O.
// Sources: RFC 6120 section 6; RFC 4616; RFC 5802; RFC 7677.
#pragma once

#include <string>
#include <string_view>

#include "harness/reference/faults.h"
#include "harness/xml/tree.h"

namespace parley::reference {

inline constexpr std::string_view kSaslNs = "urn:ietf:params:xml:ns:xmpp-sasl";

enum class SaslMechanism { none, plain, scram_sha_256 };
enum class SaslOutcome { going_on, done, refused };

struct SaslStep {
  SaslOutcome outcome;
  std::string answer{};  // to be sent; for `refused` an <abort/> or nothing
  std::string reason{};  // for `refused`
};

// One exchange. `faults` outlives it.
class ClientSasl {
 public:
  ClientSasl(std::string user, std::string password, const FaultSet& faults, std::string nonce);

  // The <auth/> that begins.
  std::string begin(SaslMechanism mechanism);
  SaslStep take(const xml::Element& element);

 private:
  SaslStep take_challenge(std::string_view text);
  SaslStep take_success(std::string_view text);
  SaslStep take_server_first(std::string server_first);
  bool signature_is_right(std::string_view server_final) const;

  std::string user_;
  std::string password_;
  const FaultSet& faults_;
  std::string nonce_;
  SaslMechanism mechanism_ = SaslMechanism::none;
  std::string client_first_;
  std::string server_first_;    // empty until the proof was sent
  bool foreign_nonce_ = false;  // under tp-accepts-foreign-scram-nonce
  bool verified_ = false;       // the server's signature came in a challenge
};

}  // namespace parley::reference
