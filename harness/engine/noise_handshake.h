// SPDX-License-Identifier: GPL-3.0-or-later
// Our side of one Noise handshake, message by message: XX, IK where the client knows the server's
// key, XXfallback where IK is refused. Sources: Noise revision 34 sections 7.5 and 10.2; observed
// client behaviour. Messages are the trees of handshake_tree.h with what they carry decrypted; a
// client-hello that names `server-static` is one of IK, with its <payload/>. Of a server-hello that
// is written, `pattern` "ik" takes IK, any other refuses it; `hashing` "other" is the form that the
// profile does not name, `chain` a ChainKind; one that is read has `pattern`, `hashing` and
// `server-static`. No I/O. Not thread safe.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "harness/crypto/noise/handshake_message.h"
#include "harness/crypto/noise/handshake_state.h"
#include "harness/engine/channel.h"

namespace parley::engine {

class NoiseHandshake {
 public:
  // `scope` outlives the handshake; see make_noise_channel().
  NoiseHandshake(const model::Profile& profile, Side side, std::string label, const Scope& scope);

  // Before the first message.
  void on_intro(Bytes octets) { prologue_ = std::move(octets); }

  // What a frame of the SUT says; nothing for one that cannot be read because a change replaced
  // what our side's keys had made. Errors: those of the parsers and of HandshakeState.
  Result<std::optional<xml::Element>> read(const Bytes& octets);

  // The octets of the message that `element` says, without a frame. Errors: malformed for an
  // element that is none; refused out of turn.
  Result<Bytes> write(const xml::Element& element, const Edits& edits);
  // What was written is not sent after all.
  void discard() { written_.reset(); }
  // Whether a message is written that is not yet sent.
  bool pending() const { return written_.has_value(); }
  // It is: the keys move on. The message as it went out, unless its octets were changed.
  std::optional<xml::Element> sent();

  // Once the handshake is over.
  std::optional<crypto::noise::Transport> transport() const;

 private:
  struct Written {
    crypto::noise::HandshakeState state;
    xml::Element tree;
    bool octets_changed = false;
  };

  Result<crypto::noise::HandshakeState> make_state(crypto::noise::Pattern pattern,
                                                   const std::optional<Bytes>& server_static,
                                                   bool other_hashing = false) const;
  Result<crypto::X25519KeyPair> own_static() const;
  Result<void> read_client_hello(const crypto::noise::ClientHello& hello, xml::Element& tree);
  Result<void> read_server_hello(const crypto::noise::ServerHello& hello, xml::Element& tree);
  Result<void> read_client_finish(const crypto::noise::ClientFinish& finish, xml::Element& tree);
  Result<void> try_to_answer() const;
  xml::Element chain_of(const Bytes& octets) const;
  Result<crypto::noise::HandshakeState> state_for(const xml::Element& element) const;
  Result<Bytes> payload_for(const xml::Element& element) const;

  Side side_;
  std::string label_;
  const Scope& scope_;
  bool whatsapp_form_;
  Bytes prologue_;
  crypto::noise::Pattern pattern_ = crypto::noise::Pattern::xx;
  crypto::noise::MessageParts hello_;                   // the client's
  std::optional<crypto::noise::HandshakeState> state_;  // as far as messages have passed
  std::optional<Written> written_;
  bool bent_ = false;  // our hello is not the one that our keys made: no answer to it can be read
};

// Of message 1, as the profile's setting names it: "whatsapp" or "specification".
std::string hashing_form(const model::Profile& profile);

// The root of the played server's chains, and its static key, in hex: one for all connections of a
// run. Errors: of the key generation.
Result<std::string> played_root(const Scope& scope);
Result<std::string> played_static(const Scope& scope);

}  // namespace parley::engine
