// SPDX-License-Identifier: GPL-3.0-or-later
// Messages and prekey bundles that must not be believed, made of honest ones; each row names its
// clause. Sources: X3DH, Double Ratchet (DR), XEdDSA (signal.org); RFC 7748; what libsignal
// documents and does. Where it serves, the MAC and everything else is right but the one thing.
// A forgery is data: a case's change names it. Pure functions: the same input, the same octets.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/crypto/signal/session.h"
#include "harness/crypto/signal/types.h"

namespace parley::crypto::signal {

enum class Acceptance {
  never,  // a receiver that takes it breaks the clause
  legal,  // specifications or settings let it pass; `refusal` is the reason of those that do not
};

enum class ForgeryKind {
  msg,     // a SignalMessage within a session
  pkmsg,   // a PreKeySignalMessage that begins one
  bundle,  // a prekey bundle, handed to who wants to begin one
};
std::string_view to_string(ForgeryKind kind);

struct Forgery {
  std::string_view name;  // "mac-of-another-message", as a case writes it
  ForgeryKind kind;
  std::string_view clause;       // "DR section 3.5"
  std::string_view explanation;  // what is forged and what it plays on
  Refusal refusal;               // by which a right receiver refuses it
  Acceptance acceptance = Acceptance::never;
};

// By subject, each name once.
std::span<const Forgery> forgeries();
const Forgery* find_forgery(std::string_view name);  // null: no such

// What a forged message is made of. For kind msg `session` is one in which the sender has just read
// an answer and not yet written again; for pkmsg one just begun with `bundle`.
struct ForgeryInput {
  Session session;
  Identity sender;            // whose session it is
  Identity stranger;          // the attacker's
  PrekeyBundle bundle;        // the receiver's, its one-time prekey unused
  PrekeyBundle other_bundle;  // the same with another one-time prekey
  Bytes delivered;  // for msg: a SignalMessage of the sender's that the receiver has read before
  Bytes received;   // for msg: the last of the receiver's
  std::string plaintext = "forged";
  std::vector<std::string> honest{};  // what messages before it say, in order; "honest N" beyond it
  std::uint32_t lost_thousands = 12;  // messages lost before "skipped-key-dropped"; even, from 2 on
  Rng rng{1};
};

struct Forged {
  std::vector<Message> before;  // honest: to be delivered first, in this order
  Message message;
  Session session;  // where the honest sender goes on
};

// Errors: not_found, with the nearest names, for an unknown forgery of a message; unsupported for
// one of a bundle; malformed where the input lacks what the forgery is made of.
Result<Forged> forge(std::string_view name, const ForgeryInput& input);

struct BundleForgeryInput {
  PrekeyBundle bundle;  // honest, with a one-time prekey
  Identity owner;
  Identity stranger;
  Rng rng{1};
};
// Errors: as forge(), unsupported for one of a message.
Result<PrekeyBundle> forge_bundle(std::string_view name, const BundleForgeryInput& input);

}  // namespace parley::crypto::signal
