// SPDX-License-Identifier: GPL-3.0-or-later
// The faults of what the reference client encrypts and reads, each in a scene in which it can be
// seen: its sign is there with the fault and not without it, or the other way round.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <regex>
#include <set>

#include "harness/reference/whatsapp/client_correspondent.h"
#include "harness/reference/whatsapp/faults_encryption.h"

namespace parley::reference::whatsapp {
namespace {

enum class Sign { appears, vanishes };

struct FaultRow {
  const char* fault;
  Scene scene;
  std::string sign;
  Sign changes = Sign::appears;
};

const std::string kForgedShown = R"("id":"forged","text":")";
const std::string kNextShown = R"("id":"next","text":"next")";
const std::string kSent = "[s1 pkmsg ";

// The client reads a first message and answers; then comes the forgery, and an honest message.
Scene forging(const std::string& name) {
  return {.opening =
              [](Correspondent& peer) {
                peer.begin();
                const auto first = peer.seal(padded_text("one?"));
                peer.tell("m1", first);
                if (const auto parts = signal::read_prekey_message(first.octets)) {
                  peer.set_delivered({.kind = signal::MessageKind::msg, .octets = parts->message});
                }
              },
          .on_message = [name](Correspondent& peer, const std::string&) { peer.forge(name); }};
}

// A first message is forged.
Scene beginning(const std::string& name) {
  return {.opening = [name](Correspondent& peer) {
    peer.begin();
    peer.forge(name);
  }};
}

// The client begins with a bundle that is forged.
Scene fetching(const std::string& name) { return {.bundle_forgery = name, .sends = {"one"}}; }
Scene fetching(std::function<void(xml::Element& user)> bend) {
  return {.bend_bundle = std::move(bend), .sends = {"one"}};
}

// Honestly encrypted, and no right content.
Scene telling(const Bytes& plaintext) {
  return {.opening = [plaintext](Correspondent& peer) {
    peer.begin();
    peer.tell("forged", peer.seal(plaintext));
    peer.tell_text("next", "next");
    peer.fence();
  }};
}

Bytes content_of(const std::string& text) {
  return Bytes(1, '\x0A') + static_cast<char>(text.size()) + text;
}
Bytes padded(const Bytes& content) { return wire::pad_with(content, 3, 3); }

Scene told() {
  return {.opening = [](Correspondent& peer) {
    peer.begin();
    peer.tell_text("next", "next");
    peer.fence();
  }};
}

Scene sending(std::vector<std::string> texts) {
  const int count = static_cast<int>(texts.size());
  return {.sends = std::move(texts), .fence_after = count};
}

// The client sends, the peer answers what the client answers.
Scene replying() {
  return {.on_message =
              [](Correspondent& peer, const std::string& id) {
                if (id == "s1") {
                  peer.tell_text("m1", "heard?");
                }
              },
          .sends = {"one"},
          .fence_after = 2};
}

Scene questions() {
  return {.opening =
              [](Correspondent& peer) {
                peer.begin();
                peer.tell_text("m1", "one?");
              },
          .on_message =
              [](Correspondent& peer, const std::string& id) {
                if (id == "s1") {
                  peer.tell_text("m2", "two?");
                }
              },
          .fence_after = 2};
}

Scene overtaking() {
  return {.opening = [](Correspondent& peer) {
    peer.begin();
    const auto late = peer.seal(padded_text("late"));
    peer.tell_text("m2", "two");
    peer.tell("late", late);
    peer.fence();
  }};
}

// What is late was written before the peer's last turn.
Scene overtaking_a_turn() {
  const auto late = std::make_shared<signal::Message>();
  return {.opening =
              [late](Correspondent& peer) {
                peer.begin();
                *late = peer.seal(padded_text("late"));
                peer.tell_text("m1", "one?");
              },
          .on_message =
              [late](Correspondent& peer, const std::string&) {
                peer.tell_text("m2", "two");
                peer.tell("late", *late);
                peer.fence();
              }};
}

Scene unreadable(int times) {
  return {.opening = [times](Correspondent& peer) {
    for (int i = 0; i < times; ++i) {
      peer.deliver("forged", "msg", "in the clear");
    }
    peer.fence();
  }};
}

// The peer asks for the first message again, so often.
Scene asking(int times, const std::string& from = kPeer) {
  return {.on_message =
              [times, from](Correspondent& peer, const std::string&) {
                if (peer.messages() == 1) {
                  for (int i = 0; i < times; ++i) {
                    peer.ask_again("s1", 1, from);
                  }
                  peer.fence();
                }
              },
          .sends = {"one"}};
}

Scene counting(int left) {
  return {.opening = [left](Correspondent& peer) {
    peer.say("<notification id='n1' from='s.whatsapp.net' type='encrypt'><count value='" +
             std::to_string(left) + "'/></notification>");
    peer.fence();
  }};
}

Scene relabelled() {
  return {.opening = [](Correspondent& peer) {
    peer.begin();
    peer.deliver("forged", "msg", peer.seal(padded_text("forged")).octets);
    peer.fence();
  }};
}

Scene under_another_name() {
  return {.opening =
              [](Correspondent& peer) {
                peer.begin();
                peer.tell_text("m1", "one?");
              },
          .on_message =
              [](Correspondent& peer, const std::string&) {
                peer.tell("forged", peer.seal(padded_text("two")), kStranger);
                peer.fence();
              }};
}

// The server puts another in the place of a peer whom the client knows.
Scene another_identity() {
  return {.opening = [](Correspondent& peer) {
    peer.begin();
    peer.tell_text("m1", "one");
    signal::TestDevice other("other", 9, 1, signal::make_open_provider);
    EXPECT_TRUE(other.provider->start_session(kClientAddress, peer.bundle(1)));
    const auto message = other.provider->encrypt(kClientAddress, padded_text("forged"));
    ASSERT_TRUE(message);
    peer.tell("forged", *message);
    peer.fence();
  }};
}

Scene replayed() {
  return {.opening = [](Correspondent& peer) {
    peer.begin();
    const auto first = peer.seal(padded_text("one"));
    peer.tell("m1", first);
    peer.tell("forged", first);
    peer.fence();
  }};
}

void erase_child(xml::Element& element, const std::string& name) {
  std::erase_if(element.children, [&](const xml::Node& node) {
    const auto* child = std::get_if<xml::Element>(&node);
    return child != nullptr && child->name == name;
  });
}

// clang-format off
const std::vector<FaultRow> kSessionFaults = {
    {"wt-signal-signature-unchecked", fetching("bundle-signature-zeros"), kSent},
    {"wt-signal-signature-checked-late", fetching("bundle-signature-of-another"), kSent},
    {"wt-signal-signature-over-raw-key", fetching("bundle-signature-raw-key"), kSent},
    {"wt-signal-clear-without-session", fetching("bundle-signature-zeros"), "[s1 msg not read"},
    {"wt-signal-signed-prekey-replaced", fetching([](xml::Element& user) { erase_child(user, "skey"); }), kSent},
    {"wt-signal-key-lengths-unchecked", fetching([](xml::Element& user) { user.child("key")->child("value")->set_text(Bytes(33, 'k')); }), kSent},
    {"wt-signal-id-lengths-unchecked", fetching([](xml::Element& user) { user.child("registration")->set_text("reg"); }), kSent},
    {"wt-signal-key-type-unchecked", fetching([](xml::Element& user) { user.child("type")->set_text("\x06"); }), kSent},
    {"wt-signal-bundle-of-another", fetching([](xml::Element& user) { user.set("jid", kStranger); }), kSent},
    {"wt-signal-one-time-prekey-needed", fetching([](xml::Element& user) { erase_child(user, "key"); }), kSent, Sign::vanishes},
    {"wt-signal-one-time-prekey-kept", beginning("x3dh-prekey-reused"), kForgedShown},
    {"wt-signal-session-reset-by-replay", replayed(), kForgedShown},
    {"wt-signal-identities-unbound", forging("associated-swapped"), kForgedShown},
    {"wt-signal-session-of-anybody", under_another_name(), kForgedShown},
    {"wt-signal-other-text-info", told(), kNextShown, Sign::vanishes},
    {"wt-signal-other-ratchet-info", told(), kNextShown, Sign::vanishes},
    {"wt-signal-other-keys-info", told(), kNextShown, Sign::vanishes},
    {"wt-signal-without-discontinuity", told(), kNextShown, Sign::vanishes},
    {"wt-signal-salt-of-ones", told(), kNextShown, Sign::vanishes},
    {"wt-signal-identity-change-taken", another_identity(), kForgedShown},
    {"wt-signal-high-s-accepted", fetching("bundle-signature-s-plus-7-orders"), kSent},
    {"wt-signal-any-name-of-key", forging("ratchet-key-top-bit"), kForgedShown},
    {"wt-signal-key-tails-ignored", forging("ratchet-key-long"), kForgedShown},
    {"wt-signal-small-keys-in-bundles", fetching("bundle-signed-prekey-zero"), kSent},
    {"wt-signal-small-keys-in-messages", forging("ratchet-key-zero"), kForgedShown},
};

const std::vector<FaultRow> kRatchetFaults = {
    {"wt-signal-read-twice", forging("counter-used"), kForgedShown},
    {"wt-signal-older-versions-accepted", forging("version-2"), kForgedShown},
    {"wt-signal-newer-versions-accepted", forging("version-4"), kForgedShown},
    {"wt-signal-ends-on-undecryptable", forging("mac-zeros"), kNextShown, Sign::vanishes},
    {"wt-signal-undecryptable-unanswered", forging("mac-zeros"), "<ack class='message' id='forged'", Sign::vanishes},
    {"wt-signal-mac-unchecked", forging("mac-zeros"), kForgedShown},
    {"wt-signal-mac-of-four-octets", forging("mac-last-bit"), kForgedShown},
    {"wt-signal-mac-checked-late", forging("mac-zeros"), kNextShown, Sign::vanishes},
    {"wt-signal-clear-shown", unreadable(1), kForgedShown},
    {"wt-signal-late-message-refused", overtaking(), R"("text":"late")", Sign::vanishes},
    {"wt-signal-earlier-chain-lost", overtaking_a_turn(), R"("text":"late")", Sign::vanishes},
    {"wt-signal-counter-unlimited", forging("counter-jump-25001"), kForgedShown},
    {"wt-signal-ratchet-never-turns", questions(), "[s2 msg 2/0 answer]", Sign::vanishes},
    {"wt-signal-message-key-reused", asking(1), "[s1 pkmsg 1/1 one]", Sign::vanishes},
    {"wt-signal-sent-counters-forgotten", {.sends = {"one"}, .fence_after = 1, .connections = 2}, "[s2 pkmsg 1/1 one]", Sign::vanishes},
};

const std::vector<FaultRow> kKeyFaults = {
    {"wt-signal-replenishes-late", counting(4), "[upload of 16 from 000011", Sign::vanishes},
    {"wt-signal-prekey-ids-reused", counting(0), "[upload of 16 from 000011", Sign::vanishes},
    {"wt-signal-key-ids-of-four-octets", counting(50), "from 00000001"},
    {"wt-signal-key-ids-reversed", counting(50), "from 010000"},
    {"wt-signal-registration-of-three-octets", counting(50), "registration 3]"},
};

const std::vector<FaultRow> kContentFaults = {
    {"wt-signal-filler-unchecked", telling(content_of("x") + Bytes("\0\0\3", 3)), kForgedShown},
    {"wt-signal-long-padding-taken", telling(wire::pad_with(content_of("x"), 16, 16)), kForgedShown},
    {"wt-signal-zero-padding-taken", telling(content_of("x") + Bytes(3, '\0')), kForgedShown},
    {"wt-signal-padding-optional", telling(content_of("x")), kForgedShown},
    {"wt-signal-sends-unpadded", sending({"one"}), "[s1 pkmsg 1/0 not padded]"},
    {"wt-signal-sends-long-padding", sending({"one"}), "[s1 pkmsg 1/0 not padded]"},
    {"wt-signal-sends-other-filler", sending({"one"}), "[s1 pkmsg 1/0 not padded]"},
    {"wt-signal-undecodable-shown", telling(padded("\xFF\xFF")), kForgedShown},
    {"wt-signal-partial-shown", telling(padded(content_of("part") + "\x10")), kForgedShown + "part"},
    {"wt-signal-ends-on-undecodable", telling(padded("\xFF\xFF")), kNextShown, Sign::vanishes},
    {"wt-may-discard-undecodable", telling(padded("\xFF\xFF")), "error='491'", Sign::vanishes},
    {"wt-may-send-extended-text", sending({"one"}), "[s1 pkmsg 1/0 extended one]"},
};

const std::vector<FaultRow> kTypeAndRetryFaults = {
    {"wt-signal-enc-type-ignored", relabelled(), kForgedShown},
    {"wt-signal-always-pkmsg", replying(), "[s2 msg ", Sign::vanishes},
    {"wt-signal-msg-at-once", sending({"one"}), kSent, Sign::vanishes},
    {"wt-signal-one-pkmsg", sending({"one", "two"}), "[s2 pkmsg ", Sign::vanishes},
    {"wt-signal-other-enc-type", sending({"one"}), kSent, Sign::vanishes},
    {"wt-signal-no-retry", unreadable(1), "type='retry'", Sign::vanishes},
    {"wt-signal-retry-without-registration", unreadable(1), "v='1'/><registration>", Sign::vanishes},
    {"wt-signal-retry-without-count", unreadable(1), "<retry count='1'", Sign::vanishes},
    {"wt-signal-retry-count-stands", unreadable(2), "<retry count='2'", Sign::vanishes},
    {"wt-signal-retry-without-keys", unreadable(2), "<keys>", Sign::vanishes},
    {"wt-signal-retry-without-end", unreadable(6), "<retry count='6'"},
    {"wt-signal-retry-of-another", unreadable(1), "id='forgedx'"},
    {"wt-signal-resends-in-clear", asking(1), "[s1 msg not read"},
    {"wt-signal-resends-as-it-was", asking(1), "[s1 pkmsg 1/1 one]", Sign::vanishes},
    {"wt-signal-resends-nothing", asking(1), "[s1 pkmsg 1/1 one]", Sign::vanishes},
    {"wt-signal-resends-without-end", asking(6), "[s1 pkmsg 1/6 one]"},
    {"wt-signal-resends-to-anybody", asking(1, kStranger), "<user jid='" + kStranger + "'/>"},
    {"wt-signal-resends-for-anybody", asking(1, kStranger), "[s1 pkmsg 1/1 one]"},
    {"wt-signal-sends-in-clear", sending({"one"}), kSent, Sign::vanishes},
    {"wt-may-nack-undecryptable", unreadable(1), "error='500'"},
    {"wt-may-send-keys-at-once", unreadable(1), "<keys>"},
    {"wt-may-upload-many", counting(50), "[upload of 812 "},
};
// clang-format on

class WhatsAppEncryptionFault : public testing::TestWithParam<FaultRow> {};

TEST_P(WhatsAppEncryptionFault, MakesTheDifference) {
  const FaultRow& row = GetParam();
  ASSERT_TRUE(find_fault(row.fault)) << row.fault << " is not in the table";
  const std::string conforming = converse(row.scene, {});
  const std::string faulty = converse(row.scene, with(row.fault));
  const bool appears = row.changes == Sign::appears;
  EXPECT_EQ(shows(conforming, row.sign), !appears) << conforming;
  EXPECT_EQ(shows(faulty, row.sign), appears) << faulty;
}

TEST(WhatsAppEncryptionFaults, AreSeenEachInAScene) {
  std::set<std::string_view> seen;
  for (const auto* rows :
       {&kSessionFaults, &kRatchetFaults, &kKeyFaults, &kContentFaults, &kTypeAndRetryFaults}) {
    for (const FaultRow& row : *rows) {
      EXPECT_TRUE(seen.insert(row.fault).second) << row.fault;
    }
  }
  for (const FaultEntry& entry : encryption_faults()) {
    EXPECT_TRUE(seen.contains(entry.name)) << entry.name;
    EXPECT_EQ(entry.party, "third-party.client") << entry.name;
    EXPECT_TRUE(entry.effect == Effect::conforms ||
                std::regex_search(std::string(entry.breaks), std::regex("\\(ENC-[0-9]{3}\\)")))
        << entry.name;
  }
  EXPECT_EQ(to_string(Fault::wt_signal_signature_unchecked), "wt-signal-signature-unchecked");
  EXPECT_EQ(to_string(Fault::wt_may_upload_many), "wt-may-upload-many");
}

std::string row_name(const testing::TestParamInfo<FaultRow>& row) {
  std::string name = row.param.fault;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Sessions, WhatsAppEncryptionFault, testing::ValuesIn(kSessionFaults),
                         row_name);
INSTANTIATE_TEST_SUITE_P(Ratchet, WhatsAppEncryptionFault, testing::ValuesIn(kRatchetFaults),
                         row_name);
INSTANTIATE_TEST_SUITE_P(Keys, WhatsAppEncryptionFault, testing::ValuesIn(kKeyFaults), row_name);
INSTANTIATE_TEST_SUITE_P(Content, WhatsAppEncryptionFault, testing::ValuesIn(kContentFaults),
                         row_name);
INSTANTIATE_TEST_SUITE_P(TypesAndRetries, WhatsAppEncryptionFault,
                         testing::ValuesIn(kTypeAndRetryFaults), row_name);

}  // namespace
}  // namespace parley::reference::whatsapp
