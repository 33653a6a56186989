// SPDX-License-Identifier: GPL-3.0-or-later
// The OMEMO conversations of one run between the users that Parley plays and those of a client
// under test: devices, what their PEP nodes hold, sessions. Source: XEP-0384 version 0.3.0; X3DH,
// Double Ratchet. What a message says stands beside it as <opened xmlns='urn:parley:opened'/>.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "harness/crypto/omemo/payload.h"
#include "harness/crypto/omemo/stanza_form.h"
#include "harness/crypto/signal/keys.h"
#include "harness/crypto/signal/open_forgery.h"
#include "harness/crypto/signal/provider.h"
#include "harness/crypto/signal/records.h"
#include "harness/engine/conversations.h"
#include "harness/engine/shared_files.h"

namespace parley::engine {

inline constexpr std::string_view kOpenedNamespace = "urn:parley:opened";

// Without anything in it yet.
xml::Element opened_element();

class OmemoTalk final : public Conversations {
 public:
  // Of an account of kind `two-devices` both are listed, of `second-device` one at first, of
  // `no-devices` none; a `stranger` is not on the roster; `another-device` is one of the SUT's,
  // whose list has a device already. Null where no client is under test.
  static std::unique_ptr<OmemoTalk> of(const CastRun& run,
                                       const std::map<std::string, std::string>& values,
                                       const Rng& rng);

  // "bob.device", "bob.identity" and "bob.signed-prekey", in octets, and the same with "-2" where
  // there is a second device.
  std::map<std::string, std::string> values() const override;
  void note_written(const std::string& text) override { written_.insert(text); }
  void note_file(std::string_view file) override { files_.note_told(file); }
  void note_large(LargeBody body) override { files_.note_large(std::move(body)); }
  bool lost_octets() const override { return files_.lost_octets(); }

  // A message to our users has <opened type sid devices counter ratchet-key iv …>TEXT</opened> in
  // its <encrypted/>, or `unopened`, why it cannot be read, and no text; `devices` is how many of
  // the receiver's can read it; of one that shares a file also what SharedFiles::describe() says. A
  // <pubsub/> that publishes has <opened node ready …/>: `ready` once
  // there is a listed device with a bundle; of a list `kept`, whether devices that were on it stay;
  // of a bundle `prekeys`, `enough` and `used`, how many it lists and how many of these ours used.
  // What a peer says of itself so, wherever in a stanza, is taken out of it.
  xml::Element opened(const std::string& link, const xml::Element& stanza) override;
  xml::Element shown(const xml::Element& stanza) const override;

  // A message whose <encrypted/> holds <opened>TEXT</opened> is encrypted, a bundle that holds
  // nothing gets the keys of the device whose node it is. A step may say `iv: N`, how many octets
  // that has; `ahead: N`, that it overtakes N others, of which one is the message of a later step
  // that says `late: STEP`; `sender: 2`, that it comes from the second device. A change of the
  // content bends the octets of its text. Binds the step's `kind`, `sid`, `rid` and `counter`.
  // Errors: not_found while the SUT has published no keys; unsupported for what a change says of
  // protobufs or versions, which are none of OMEMO's; as forge() and edit_bytes().
  Result<std::vector<xml::Element>> seal(Letter letter, Scope& scope) override;

  void note_sent(const std::string& link, const xml::Element& stanza) override;
  void note_changed(const std::string& link, const xml::Element& stanza) override;
  void inform(const Request& request, PeerView& view) const override;

  const std::vector<Breach>& breaches() const override { return breaches_.all(); }
  bool was_written(const std::string& text) const override {
    return texts_.contains(text) || written_.contains(text);
  }
  const std::map<std::string, int>& sealed_texts() const override { return texts_; }

 private:
  OmemoTalk() = default;

  struct Device {
    std::string actor;
    crypto::omemo::DeviceId id = 0;
    bool listed = true;
    crypto::signal::MemoryStore store;
    crypto::signal::Device keys;
    std::unique_ptr<crypto::signal::Provider> provider;
    std::set<std::uint32_t> used;  // one-time prekeys that others have used

    crypto::omemo::KeyBundle bundle() const;
  };
  using Devices = std::vector<std::unique_ptr<Device>>;
  // Of a user of the SUT's.
  struct Published {
    std::vector<crypto::omemo::DeviceId> others;  // that were on its list before
    std::vector<crypto::omemo::DeviceId> list;
    std::map<crypto::omemo::DeviceId, crypto::omemo::KeyBundle> bundles;
    std::set<Bytes> used;  // one-time prekeys that ours have used
  };
  // Of a device of ours with the device of a user of the SUT's.
  struct Talk {
    crypto::signal::Conversation conversation;
    Bytes last_sent;                                             // SignalMessage
    std::map<std::string, crypto::signal::Session> overtaken{};  // as it was before, by step
  };
  struct Sealing;  // what one message is made with

  static std::unique_ptr<Device> make_device(const std::string& actor, Rng rng);
  void look_for_texts(const std::string& link, const xml::Element& stanza);

  void learn(const std::string& link, xml::Element& pubsub);
  Result<void> learn_list(const std::string& link, const xml::Element& list, xml::Element& view);
  Result<void> learn_bundle(const std::string& link, crypto::omemo::DeviceId device,
                            const xml::Element& bundle, xml::Element& view);
  void open(const std::string& link, xml::Element& encrypted, Devices& devices);
  std::optional<Bytes> open_key(const std::string& link, const crypto::omemo::Envelope& message,
                                Device& device, xml::Element& view);
  std::optional<Bytes> material_before(const crypto::omemo::Envelope& message) const;
  void note_payload(const std::string& link, const crypto::omemo::Payload& payload,
                    const xml::Element& encrypted);
  Devices* devices_of(const std::string& jid);
  const Devices* devices_of(const std::string& jid) const;
  const Device* device_of(const std::string& jid, crypto::omemo::DeviceId id) const;
  Device* sender_of(const Letter& letter, const Scope& scope);
  Talk& talk_of(const std::string& link, const Device& device, crypto::omemo::DeviceId theirs);
  std::optional<xml::Element> item_of(const std::string& link, const std::string& jid,
                                      const std::string& node) const;

  std::optional<crypto::omemo::DeviceId> target_on(const std::string& link) const;
  Result<void> begin(const Sealing& sealing);
  Result<std::vector<xml::Element>> fill_bundle(Letter letter, const Device& device,
                                                const Scope& scope) const;
  Result<std::vector<xml::Element>> seal_message(Letter letter, Device& device, Scope& scope);
  Result<std::vector<xml::Element>> replayed(Letter letter, Scope& scope);
  std::vector<xml::Element> envelopes(const Letter& letter, const Sealing& sealing,
                                      const crypto::signal::Forged& sealed) const;
  void show(const Sealing& sealing, const crypto::signal::Message& message, Scope& scope);
  Result<crypto::omemo::Payload> payload_of(Sealing& sealing, const Scope& scope);
  Result<crypto::signal::Forged> message_of(Sealing& sealing, const Scope& scope);
  Result<crypto::signal::Message> written(Sealing& sealing, const Scope& scope);
  Result<crypto::signal::Forged> forged(Sealing& sealing, const std::string& name);

  Rng rng_{0};
  std::map<std::string, std::string> bare_;     // of a SUT's user, by link
  std::set<std::string> strangers_;             // of them, by bare address
  std::map<std::string, Devices> devices_;      // by bare address
  std::map<std::string, Published> published_;  // by link
  std::map<std::string, Talk> talks_;           // by link, device and device
  // Whose node a request asks for, and which, by link and id.
  std::map<std::pair<std::string, std::string>, std::pair<std::string, std::string>> asked_;
  // What we have said of a node since, by link, bare address and node; null: that there is none.
  std::map<std::tuple<std::string, std::string, std::string>, std::optional<xml::Element>> told_;
  std::map<Bytes, xml::Element> views_;  // <opened/> of ours, by what the first key holds
  std::map<std::pair<std::string, Bytes>, xml::Element> received_;  // by link and <encrypted/>
  std::map<Bytes, Bytes> materials_;  // key and tag, by what the key that was opened holds
  std::map<Bytes, Bytes> payloads_;   // what was encrypted, by key and iv
  std::map<std::string, std::size_t> unopened_;    // how many messages, by link
  std::map<std::string, xml::Element> sent_;       // <encrypted/>, by step
  std::map<std::string, std::string> sent_texts_;  // by step
  std::set<std::string> written_;
  std::map<std::string, int> texts_;
  Breaches breaches_;
  SharedFiles files_{breaches_};
};

}  // namespace parley::engine
