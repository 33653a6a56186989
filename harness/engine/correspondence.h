// SPDX-License-Identifier: GPL-3.0-or-later
// The sealed conversations of one run between the users that Parley plays and those of a client
// under test: devices, published keys, sessions. Source: X3DH, Double Ratchet. It sees all that is
// said, in order, and draws from the run's generator alone: a replay makes and reads the same
// octets. Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "harness/base/rng.h"
#include "harness/crypto/signal/keys.h"
#include "harness/crypto/signal/open_forgery.h"
#include "harness/crypto/signal/provider.h"
#include "harness/crypto/signal/records.h"
#include "harness/engine/breach.h"
#include "harness/engine/conversations.h"
#include "harness/engine/media_exchange.h"
#include "harness/engine/message_content.h"
#include "harness/xml/tree.h"

namespace parley::engine {

class Correspondence final : public Conversations {
 public:
  // The actors that Parley plays have devices; `values` is the run's scope at the start.
  // Null where the flow's content goes in the clear or no client is under test.
  static std::unique_ptr<Correspondence> of(const CastRun& run,
                                            const std::map<std::string, std::string>& values,
                                            const Rng& rng);

  // What steps may refer to: "bob.registration" and "bob.identity", in octets.
  std::map<std::string, std::string> values() const override;
  // What the SUT's user writes, however short, and must never be seen in the clear.
  void note_written(const std::string& text) override;
  // A file that it sends (MediaExchange::note_told).
  void note_file(std::string_view file) override { media_.note_told(file); }
  void note_large(LargeBody body) override { media_.note_large(std::move(body)); }
  bool lost_octets() const override { return media_.lost_octets(); }
  LargeSource file_named(const std::string& name) override { return media_.file_named(name); }

  // What came from the SUT on `link`. Of a message it shows, beside what stands there, how it is
  // sealed and what it says: <enc counter ratchet-key padding content sealed …>TEXT</enc>, or
  // `unopened`, why it cannot be read, and no text. What it says of this itself is gone.
  xml::Element opened(const std::string& link, const xml::Element& stanza) override;
  // The same of a stanza of ours as it went out.
  xml::Element shown(const xml::Element& stanza) const override;

  // A message whose content is what the step says as `text` is encrypted for its receiver, a bundle
  // that holds no key gets those of its user, anything else stays as it is. A step may say
  // `padding: N`, how many octets it is padded with; `ahead: N`, that it overtakes N others, of
  // which one is the message of a later step that says `late: STEP`. Before the last of what is
  // returned honest ones have to go out. Binds the step's `enc`, `counter` and `ratchet`. With a
  // `kind` it is about a file (MediaExchange::letter).
  // Errors: not_found while the SUT has published no keys; as edited_content() and forge().
  Result<std::vector<xml::Element>> seal(Letter letter, Scope& scope) override;

  // What went out on `link`, in clear: a count of keys that was told is what is left from then on,
  // and where a file is to be had that was uploaded.
  void note_sent(const std::string& link, const xml::Element& stanza) override;
  // Of a changed answer to a request for keys: these are that user's from then on.
  void note_changed(const std::string& link, const xml::Element& stanza) override;
  void inform(const Request& request, PeerView& view) const override;

  // What a server hands out of the keys of `jid` in answer to it, or to the last one for them.
  xml::Element keys_of(const Request& request, const std::string& jid) const;
  // How many one-time prekeys of the SUT's user on `link` nobody has been given.
  std::size_t keys_left(const std::string& link) const;

  const std::vector<Breach>& breaches() const override { return breaches_.all(); }
  bool was_written(const std::string& text) const override {
    return texts_.contains(text) || written_.contains(text);
  }
  const std::map<std::string, int>& sealed_texts() const override { return texts_; }

 private:
  explicit Correspondence(const Rng& rng)
      : rng_(rng.child("signal")), media_(rng.child("media"), breaches_) {}

  struct Device {
    std::string actor;
    crypto::signal::MemoryStore store;
    crypto::signal::Device keys;
    std::unique_ptr<crypto::signal::Provider> provider;
    std::size_t asked = 0;  // how often its keys were asked for

    // The `nth` time, from 0.
    crypto::signal::PrekeyBundle offered(std::size_t nth) const;
  };
  // Of a user of the SUT's.
  struct Published {
    crypto::signal::PrekeyBundle bundle;
    std::vector<crypto::signal::OfferedPrekey> one_time;
    std::size_t used = 0;  // of them

    // With the one-time prekey that is that far behind the next one.
    crypto::signal::PrekeyBundle bundle_at(std::size_t behind) const;
    std::map<std::uint32_t, Bytes> ids;
  };
  // Of a device of ours with a user of the SUT's.
  struct Talk {
    crypto::signal::Conversation conversation;
    Bytes last_sent;  // SignalMessage
    // Counters of the present sender chain that are taken already, by its ratchet key.
    std::pair<Bytes, std::set<std::uint32_t>> taken;
  };
  struct Sealing;  // what one message is made with

  // Whose keys a request asks for, in bare addresses, and how often they had been asked for.
  using Asked = std::vector<std::pair<std::string, std::size_t>>;

  void learn(const std::string& link, const xml::Element& upload);
  std::int64_t unused(const std::string& link) const;
  void note_request(const std::string& link, const xml::Element& request);
  crypto::signal::PrekeyBundle offered(const Request& request, const std::string& jid,
                                       const Device& device) const;
  void look_for_texts(const std::string& link, const xml::Element& stanza);
  void open(const std::string& link, xml::Element& enc, Device& device);
  void note_keys(const std::string& link, const xml::Element& enc, const std::string& to,
                 const crypto::signal::Message& message);
  Device* device_of(const std::string& jid);
  const Device* device_of(const std::string& jid) const;
  Talk& talk_of(const std::string& link, const Device& device);
  Result<void> begin(const Sealing& sealing);
  void offer_bundles(const Sealing& sealing) const;
  Result<Bytes> letter_content(const Letter& letter, Scope& scope);
  Result<std::vector<xml::Element>> seal_message(Letter letter, Device& device, Scope& scope);
  Result<std::vector<xml::Element>> fill_bundle(Letter letter, const Device& device,
                                                const Scope& scope) const;
  Result<crypto::signal::Forged> message_of(Sealing& sealing, Scope& scope);
  Result<crypto::signal::Message> written(Sealing& sealing, const Scope& scope);
  Result<crypto::signal::Message> late(const Sealing& sealing, const std::string& overtaker);
  Result<crypto::signal::Forged> forged(const Sealing& sealing, const std::string& name);

  Breaches breaches_;
  Rng rng_;
  MediaExchange media_;
  ContentForm form_ = ContentForm::message;
  std::map<std::string, std::string> bare_;                 // of a SUT's user, by link
  std::map<std::string, std::unique_ptr<Device>> devices_;  // by bare address
  std::map<std::string, Published> published_;              // by link
  std::map<std::string, std::int64_t> beyond_;   // how many more keys are said to be left, by link
  std::map<std::string, Talk> talks_;            // by link and actor
  std::map<std::string, Asked> asked_;           // by link and id
  std::map<std::string, xml::Element> changed_;  // <user/>, by link and bare address
  std::map<Bytes, xml::Element> views_;          // of our <enc/>, by what it held
  // By link and actor.
  using Received = std::tuple<std::string, std::string, crypto::signal::MessageKind, Bytes>;
  std::map<Received, xml::Element> received_;
  std::map<std::string, std::size_t> unopened_;  // how many messages, by link
  std::map<std::string, Bytes> keys_;            // what was sealed, by ratchet key and counter
  struct Sent {
    crypto::signal::Message message;
    std::string text;
  };
  std::map<std::string, Sent> sent_;                          // by step
  std::map<std::string, crypto::signal::Session> overtaken_;  // as it was before, by step
  std::set<std::string> written_;
  std::map<std::string, int> texts_;
};

}  // namespace parley::engine
