// SPDX-License-Identifier: GPL-3.0-or-later
// One user's device: its keys, its sessions with devices of others, what goes out encrypted and
// what is read. Sources: XEP-0384 version 0.3.0; X3DH, Double Ratchet. Belongs to one io_context
// thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/base/rng.h"
#include "harness/crypto/signal/provider.h"
#include "harness/crypto/signal/records.h"
#include "harness/reference/faults.h"
#include "harness/reference/omemo/wire.h"

namespace parley::reference::omemo {

class Device {
 public:
  Device(const FaultSet& faults, Rng rng);

  std::uint32_t id() const { return id_; }
  xml::Element bundle() const;

  bool has_session(const std::string& jid, std::uint32_t device) const;
  // With the keys that `bundle` holds; whether they can be trusted.
  bool begin(const std::string& jid, std::uint32_t device, const xml::Element& bundle);
  // <encrypted/> for those of `devices` with whom there are sessions; null: with none of them.
  std::optional<xml::Element> seal(const std::string& jid,
                                   const std::vector<std::uint32_t>& devices,
                                   const std::string& text);

  struct Opened {
    std::optional<std::string> text;
    bool prekey_used = false;  // others must have a bundle without it
  };
  Opened open(const std::string& jid, const xml::Element& encrypted);

 private:
  using Address = crypto::signal::Address;
  using Message = crypto::signal::Message;

  std::optional<Bytes> decrypt(const Address& peer, const Message& message);
  std::optional<Bytes> material_of(const std::string& jid, const Envelope& envelope);
  void replace_prekey(std::uint32_t used);
  std::optional<std::string> read_payload(const Envelope& envelope, const Bytes& material) const;

  FaultSet faults_;
  Rng rng_;
  std::uint32_t id_;
  crypto::signal::MemoryStore store_;
  crypto::signal::Device keys_;
  std::unique_ptr<crypto::signal::Provider> provider_;
  std::uint32_t next_prekey_ = 1;
  std::set<Address> peers_;          // with whom there are sessions
  std::map<Bytes, Bytes> read_;      // under tp-omemo-replay-shown
  std::optional<Bytes> key_and_iv_;  // under tp-omemo-payload-key-reused
};

}  // namespace parley::reference::omemo
