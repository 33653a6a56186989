// SPDX-License-Identifier: GPL-3.0-or-later
// A session of our own, independent of the library and with everything in the open: the hostile
// writer bends it, tests hold the library against it. Source: X3DH section 3, Double Ratchet
// section 3; the state as libsignal keeps it. Pure functions over plain state.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/crypto/signal/kdf.h"
#include "harness/crypto/signal/message.h"
#include "harness/crypto/signal/types.h"

namespace parley::crypto::signal {

struct Chain {
  SecretBytes key;
  std::uint32_t counter = 0;  // of the next message
};

struct ReceiverChain {
  Bytes ratchet_key;  // the peer's
  Chain chain;
  std::map<std::uint32_t, MessageKeys> skipped;
};

// What each message repeats until the peer has answered.
struct PendingPrekey {
  RegistrationId registration{};
  std::optional<PrekeyId> one_time;
  SignedPrekeyId signed_prekey{};
  Bytes base_key;
};

struct Session {
  Dialect dialect;
  Bytes own_identity;
  Bytes peer_identity;
  SecretBytes root;
  SecretBytes turn_root;  // before our sender chain: who bends our ratchet key starts from it
  X25519KeyPair ratchet;  // ours
  Chain sender;
  std::uint32_t previous_counter = 0;
  std::vector<ReceiverChain> receivers;  // oldest first
  std::optional<PendingPrekey> pending;
  Bytes base_key;  // the initiator's: by it a first message that comes again is known
};

inline constexpr std::uint32_t kMaxForwardJump = 2000;

// X3DH as initiator, the bundle taken as it is: check_bundle() is apart.
Result<Session> initiate(const Identity& identity, const PrekeyBundle& bundle, Rng& rng,
                         const Dialect& dialect = {});
// The same with a base key that is given, or (public half alone, private empty) one whose every
// agreement is zero.
Result<Session> initiate_with(const Identity& identity, const PrekeyBundle& bundle,
                              const X25519KeyPair& base, Rng& rng, const Dialect& dialect = {});
// X3DH section 3.3: the signed prekey must be signed. Errors: as xeddsa_verify.
Result<void> check_bundle(const PrekeyBundle& bundle);

struct ResponderKeys {
  const Identity& identity;
  const SignedPrekey& signed_prekey;
  const OneTimePrekey* one_time = nullptr;  // null where the message names none
};
Result<Session> respond(const ResponderKeys& keys, const PrekeyMessage& first,
                        const Dialect& dialect = {});

// --- writing ---

// The next message's keys; the chain moves on.
MessageKeys take_sender_keys(Session& session);
// The next message, ready to be sealed or bent; the chain moves on.
Result<MessageDraft> draft_message(Session& session, std::string_view plaintext);
// What surrounds a sealed message while the peer has not answered. Needs `pending`.
PrekeyDraft draft_prekey_message(const Session& session, std::string_view sealed);
// Draft, seal and, while pending, surround.
Result<Message> write_message(Session& session, std::string_view plaintext);
// A new ratchet key of ours, as an honest side makes one after it has read a new one of the peer's.
Result<void> turn_sender_chain(Session& session, const X25519KeyPair& fresh);

// --- reading ---

// A SignalMessage. Errors: as read_signal_message; bad_signature for a wrong MAC; too_large for a
// counter too far ahead; refused for one that was read before; malformed for wrong padding. The
// session changes only when the message is read.
Result<Bytes> read_message(Session& session, std::string_view octets, Rng& rng);

// Sender's and receiver's identity keys, serialized, as a MAC covers them.
Bytes identities(std::string_view sender, std::string_view receiver);

}  // namespace parley::crypto::signal
