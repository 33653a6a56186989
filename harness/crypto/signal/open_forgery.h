// SPDX-License-Identifier: GPL-3.0-or-later
// A forgery within a conversation that an open provider leads: made of the session as its store has
// it, and the provider goes on from where the forgery leaves the honest sender.
#pragma once

#include "harness/crypto/signal/forgery.h"
#include "harness/crypto/signal/open_session.h"

namespace parley::crypto::signal {

// What only the caller knows of the conversation. Which rows need what: forgery.h.
struct Conversation {
  Address peer;
  PrekeyBundle bundle;        // the peer's, as it was when the session began
  PrekeyBundle other_bundle;  // with another one-time prekey
  Bytes delivered;            // a SignalMessage that the peer has read
  Bytes received;             // the peer's last SignalMessage
  std::string plaintext = "forged";
  std::vector<std::string> honest{};  // as ForgeryInput has it
};

// Makes the forgery `name` of the next message and saves the session behind its honest messages. A
// first message that is forged leaves the honest one to come. The stranger's keys come from `rng`.
// Errors: not_found where there is no session with the peer; as forge(), load_sessions() and
// save_sessions().
Result<Forged> forge_next(Store& store, std::string_view name, const Conversation& conversation,
                          Rng& rng);

}  // namespace parley::crypto::signal
