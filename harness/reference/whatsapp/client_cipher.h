// SPDX-License-Identifier: GPL-3.0-or-later
// One user's correspondence by the Signal protocol: the sessions with its peers, what goes out
// encrypted and what is read. Sources: X3DH, Double Ratchet; ENC-001 to ENC-028. Belongs to one
// io_context thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "harness/crypto/signal/provider.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/client_content.h"
#include "harness/reference/whatsapp/client_keys.h"
#include "harness/xml/tree.h"

namespace parley::reference::whatsapp {

// What <enc/> says and holds.
struct Sealed {
  std::string type;
  Bytes octets;
};

// What came of an <enc/>.
struct Opened {
  enum class Reading { content, no_content, duplicate, undecryptable };
  Reading reading = Reading::undecryptable;
  bool group = false;  // of what it was decrypted to: the first octets say one
  ReadContent content{};
};

class ClientCipher {
 public:
  // `version` is the one of <enc/>.
  ClientCipher(const FaultSet& faults, std::string version, Rng rng);

  ClientKeys& keys() { return keys_; }

  // Peers are addresses of users; a device of theirs is part of it.
  bool has_session(const std::string& peer) const;
  // With the bundle that `user` holds, checked. Refused: as read_bundle and Provider.
  crypto::signal::Outcome<void> begin(const std::string& peer, const xml::Element& user);
  // Needs a session. `content` is what write_text() and its like give.
  crypto::signal::Outcome<Sealed> seal(const std::string& peer, const Bytes& content);
  // The same for a message that is sent once more.
  crypto::signal::Outcome<Sealed> seal_again(const std::string& peer, const Bytes& content);
  Opened open(const std::string& peer, const std::string& type, const Bytes& octets);
  // A connection begins: a client that keeps its sessions has nothing to do.
  void resume();

 private:
  using Address = crypto::signal::Address;
  using Message = crypto::signal::Message;

  crypto::signal::Outcome<Bytes> decrypt(const Address& peer, const Message& message);
  crypto::signal::Outcome<Bytes> decrypt_once(const Address& peer, const Message& message);
  crypto::signal::Outcome<Bytes> decrypt_carelessly(const Address& peer, const Message& message,
                                                    const crypto::signal::Failure& failure);
  void remember(const Address& peer);

  FaultSet faults_;
  std::string version_;
  Rng rng_;
  ClientKeys keys_;
  std::unique_ptr<crypto::signal::Provider> provider_;
  std::set<Address> peers_;                        // with whom there were sessions
  std::map<Address, SecretBytes> restored_;        // under wt-signal-sent-counters-forgotten
  std::map<Address, SecretBytes> before_sealing_;  // under wt-signal-message-key-reused
  std::set<Address> greeted_;                      // under wt-signal-one-pkmsg
};

}  // namespace parley::reference::whatsapp
