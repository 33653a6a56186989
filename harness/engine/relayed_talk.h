// SPDX-License-Identifier: GPL-3.0-or-later
// The sealed conversations of users whom Parley plays all of, with a server under test between
// them: the keys that they publish there, the sessions that they begin with what it hands out, what
// it passes on. Sources: X3DH, Double Ratchet. It sees all that is said, in order, and draws from
// the run's generator alone: a replay makes and reads the same octets. Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/rng.h"
#include "harness/crypto/signal/keys.h"
#include "harness/crypto/signal/provider.h"
#include "harness/crypto/signal/records.h"
#include "harness/engine/breach.h"
#include "harness/engine/conversations.h"
#include "harness/engine/key_ledger.h"
#include "harness/engine/message_content.h"
#include "harness/engine/relay_ledger.h"

namespace parley::engine {

class RelayedTalk final : public Conversations {
 public:
  // `values` is the run's scope at the start. Null where the flow's content goes in the clear, no
  // gatekeeper's server is under test, or a client is.
  static std::unique_ptr<RelayedTalk> of(const CastRun& run,
                                         const std::map<std::string, std::string>& values,
                                         const Rng& rng);

  // "alice.registration" and "alice.identity", in octets: those that alice has at the start.
  std::map<std::string, std::string> values() const override;
  void note_written(const std::string& text) override { ++texts_[text]; }

  // What came from the server on `link`. Of a message it shows, beside what stands there, how it is
  // sealed and what its receiver reads (Correspondence::opened).
  xml::Element opened(const std::string& link, const xml::Element& stanza) override;
  xml::Element shown(const xml::Element& stanza) const override;

  // An upload or a request for a message that holds no key gets those of its user, a message whose
  // content is what the step says as `text` is sealed for its receiver, anything else stays as it
  // is. A step may say, of an upload, `one-time: N`, how many one-time prekeys it has, and `renew:
  // signed` or `identity`, what is another than before; of a message, `session: new`, that another
  // session is begun, and `replay: STEP`, whose message it is once more, octet by octet. Binds what
  // an upload or a request says (`registration`, `kind`, `identity`, `id1`, `key1`, `id2`, …,
  // `sid`, `skey`, `signature`) and a message's `enc`, `counter` and `ratchet`. Errors: not_found
  // for a step or a receiver that is not there; unsupported for a change of what is sealed; as
  // forge_bundle().
  Result<std::vector<xml::Element>> seal(Letter letter, Scope& scope) override;

  void note_sent(const std::string& link, const xml::Element& stanza) override;
  void note_changed(const std::string& /*link*/, const xml::Element& /*stanza*/) override {}
  // Nobody asks a client for keys.
  void inform(const Request& /*request*/, PeerView& /*view*/) const override {}

  const std::vector<Breach>& breaches() const override { return breaches_.all(); }
  bool was_written(const std::string& text) const override { return texts_.contains(text); }
  const std::map<std::string, int>& sealed_texts() const override { return texts_; }

 private:
  explicit RelayedTalk(const Rng& rng)
      : rng_(rng.child("signal")), keys_(breaches_), relay_(breaches_) {}

  // Of one user, by whose link it is known.
  struct Device {
    std::string bare;
    std::unique_ptr<crypto::signal::MemoryStore> store;
    crypto::signal::Device keys;  // the present ones
    std::unique_ptr<crypto::signal::Provider> provider;
    std::uint32_t next_prekey = 1;
    std::uint32_t next_signed = 1;
    std::size_t unopened = 0;  // messages
    std::size_t learned = 0;   // bundles, of others

    Result<void> begin(Rng rng);
    Result<void> renew_signed(Rng rng);
    Result<std::vector<crypto::signal::OfferedPrekey>> more_prekeys(std::size_t count, Rng rng);
    // Without a one-time prekey.
    crypto::signal::PrekeyBundle bundle() const;
  };

  Device* device_at(const std::string& link);
  Device* device_of(const std::string& jid);
  void learn_bundles(const std::string& link, const xml::Element& stanza);
  void learn(const std::string& link, const std::string& jid, const xml::Element& user);
  void open(Device& receiver, const std::string& from, xml::Element& enc);
  crypto::signal::Outcome<Bytes> read(Device& receiver, const crypto::signal::Address& peer,
                                      const crypto::signal::Message& message);
  Result<void> begin_session(const std::string& link, Device& sender, Device& receiver);
  Result<std::vector<xml::Element>> publish(Letter letter, Device& device, Scope& scope);
  Result<std::vector<xml::Element>> ask_again(Letter letter, Device& device, Scope& scope);
  Result<std::vector<xml::Element>> write(Letter letter, Device& sender, Scope& scope);
  Result<crypto::signal::Message> message_of(const Letter& letter, Device& sender, Scope& scope);
  Result<crypto::signal::PrekeyBundle> forged(const Letter& letter, const Device& device,
                                              crypto::signal::PrekeyBundle bundle,
                                              const Scope& scope) const;

  Breaches breaches_;
  Rng rng_;
  KeyLedger keys_;
  RelayLedger relay_;
  ContentForm form_ = ContentForm::message;
  std::map<std::string, Device> devices_;  // by link
  // What was handed out last, by the link of who asked and whose keys they are.
  std::map<std::string, crypto::signal::PrekeyBundle> bundles_;
  std::map<Bytes, xml::Element> views_;                  // of our <enc/>, by what it held
  std::map<std::string, xml::Element> received_;         // likewise, by receiver, sender, octets
  std::map<std::string, crypto::signal::Message> sent_;  // by step
  std::map<std::string, int> texts_;
};

}  // namespace parley::engine
