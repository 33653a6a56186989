// SPDX-License-Identifier: GPL-3.0-or-later
// The client's side of Noise XX, IK and XXfallback as a state machine over HandshakeMessages: no
// I/O, no clock. Sources: Noise revision 34 sections 5, 7.5 and 10.2; TRN-001, TRN-002, TRN-007 to
// TRN-009, TRN-013, TRN-015, TRN-022. Not thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/crypto/noise/handshake_state.h"
#include "harness/crypto/noise/symmetric_state.h"
#include "harness/crypto/x25519.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/client_account.h"

namespace parley::reference::whatsapp {

// One handshake. `faults` outlives it. The calls come in this order; after an error none follows.
class ClientHandshake {
 public:
  ClientHandshake(Hashing hashing, std::string_view prologue, const FaultSet& faults);

  // The first message, with `payload` in clear unless it is empty. Errors: those of the keys.
  Result<Bytes> hello(std::string_view payload, Rng& rng);
  // The same to a server whose static key is known, in IK: with `payload` encrypted.
  Result<Bytes> hello_to(std::string_view server_static, std::string_view payload, Rng& rng);
  // Takes the server's message and returns the octets of its certificate chain, which an answer to
  // IK may leave empty. Errors: malformed, truncated, bad_signature, refused.
  Result<Bytes> take_server_hello(std::string_view octets);
  // The server's static key; empty before it is known.
  const Bytes& server_static() const { return server_static_; }
  // Whether, under a fault, something was taken that nothing vouches for: the chain tells nothing.
  bool blind() const { return blind_; }
  // Whether no last message is due: the server has taken IK.
  bool over() const { return pattern_ == crypto::noise::Pattern::ik; }
  bool fell_back() const { return pattern_ == crypto::noise::Pattern::xx_fallback; }
  // The last message. Errors: those of the keys.
  Result<Bytes> finish(std::string_view payload);
  crypto::noise::Transport split() const;

 private:
  void begin(crypto::noise::Pattern pattern);
  Result<void> make_ephemeral(Rng& rng);
  Result<crypto::noise::MessageParts> parts_of(std::string_view octets);
  Result<void> fall_back();
  Result<Bytes> take_ik_answer(const crypto::noise::MessageParts& parts);
  Result<Bytes> take_full_answer(const crypto::noise::MessageParts& parts);
  Result<void> agree(const crypto::X25519KeyPair& own, std::string_view peer);
  Result<Bytes> open(std::string_view sealed, Fault ignores_tag);

  const FaultSet& faults_;
  Bytes prologue_;
  crypto::noise::Dialect dialect_;
  crypto::noise::Pattern pattern_ = crypto::noise::Pattern::xx;
  crypto::noise::SymmetricState symmetric_;
  crypto::X25519KeyPair ephemeral_;
  crypto::X25519KeyPair static_key_;
  Bytes server_ephemeral_;
  Bytes server_static_;
  bool blind_ = false;
};

}  // namespace parley::reference::whatsapp
