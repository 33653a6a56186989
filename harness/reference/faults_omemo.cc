// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/faults_omemo.h"

#include <array>

namespace parley::reference {
namespace {

constexpr std::string_view kClient = "third-party.client";

// clang-format off
constexpr auto kTable = std::to_array<FaultEntry>({
    {"tp-omemo-tag-unchecked", kClient,
     "Shows what it decrypts without a look at the tag (SP 800-38D section 7.2)"},
    {"tp-omemo-short-tag-taken", kClient,
     "Compares as much of a tag as is there (SP 800-38D section 7.2)"},
    {"tp-omemo-missing-tag-taken", kClient,
     "Checks a tag only where there is one (XEP-0384 0.3.0, Sending a message)"},
    {"tp-omemo-long-key-taken", kClient,
     "Ignores what stands behind key and tag (XEP-0384 0.3.0, Sending a message)"},
    {"tp-omemo-hint-shown", kClient,
     "Shows the body of a message that it cannot decrypt (XEP-0384 0.3.0, Sending a message)"},
    {"tp-omemo-body-shown", kClient,
     "Shows the body that stands beside what is encrypted in its place (XEP-0384 0.3.0, Receiving a message)"},
    {"tp-omemo-rid-ignored", kClient,
     "Decrypts keys that are for another device (XEP-0384 0.3.0, Receiving a message)"},
    {"tp-omemo-sid-ignored", kClient,
     "Decrypts with the session of any device of the sender's (XEP-0384 0.3.0, Receiving a message)"},
    {"tp-omemo-sender-ignored", kClient,
     "Decrypts with the session of anybody's device (X3DH section 3.3)"},
    {"tp-omemo-signature-unchecked", kClient,
     "Begins sessions with keys whose signature is wrong (X3DH section 3.3)"},
    {"tp-omemo-missing-signature-taken", kClient,
     "Begins sessions with keys without a signature (XEP-0384 0.3.0, Building a session)"},
    {"tp-omemo-key-type-unchecked", kClient,
     "Takes keys without their type, or of another (XEP-0384 0.3.0, Building a session)"},
    {"tp-omemo-clear-without-session", kClient,
     "Sends in the clear where no session can begin (DMA Art. 7(3))"},
    {"tp-omemo-clear-without-devices", kClient,
     "Sends in the clear to who has no device (DMA Art. 7(3))"},
    {"tp-omemo-text-in-body", kClient,
     "Repeats the text as a body beside what is encrypted (XEP-0384 0.3.0, Sending a message)"},
    {"tp-omemo-first-device-only", kClient,
     "Encrypts for the first device alone (XEP-0384 0.3.0, Sending a message)"},
    {"tp-omemo-list-change-ignored", kClient,
     "Keeps to the devices that it once read (XEP-0384 0.3.0, Discovering peer support)"},
    {"tp-omemo-identity-change-taken", kClient,
     "Takes another identity key of a device without a word (X3DH section 4.1)"},
    {"tp-omemo-replay-shown", kClient,
     "Shows a message each time that it comes (DR section 3.5)"},
    {"tp-omemo-used-prekey-offered", kClient,
     "Goes on offering a prekey that somebody has used (XEP-0384 0.3.0, Receiving a message)"},
    {"tp-omemo-bundle-not-renewed", kClient,
     "Publishes no bundle after one of its prekeys was used (XEP-0384 0.3.0, Receiving a message)"},
    {"tp-omemo-few-prekeys", kClient,
     "Offers five prekeys (XEP-0384 0.3.0, Announcing support)"},
    {"tp-omemo-payload-key-reused", kClient,
     "Encrypts every text under one key and iv (SP 800-38D section 8)"},
    {"tp-omemo-prekey-flag-missing", kClient,
     "Does not mark the keys of first messages (XEP-0384 0.3.0, Sending a message)"},
    {"tp-omemo-tag-on-payload", kClient,
     "Leaves the tag behind the payload (XEP-0384 0.3.0, Sending a message)"},
    {"tp-omemo-other-sid", kClient,
     "Sends under the id of another device (XEP-0384 0.3.0, Sending a message)"},
    {"tp-omemo-long-iv-refused", kClient,
     "Reads no initialisation vector of sixteen octets (XEP-0384 0.3.0, Sending a message)"},
    {"tp-omemo-short-iv-refused", kClient,
     "Reads no initialisation vector of twelve octets (XEP-0384 0.3.0, Sending a message)"},
    {"tp-omemo-mac-unchecked", kClient,
     "Does not check the MAC of a message (DR section 3.5)"},
    {"tp-omemo-late-message-refused", kClient,
     "Reads no message that others have overtaken (DR section 2.6)"},
    {"tp-omemo-counter-unlimited", kClient,
     "Follows a counter however far it jumps (DR section 3.5)"},
    {"tp-omemo-ratchet-never-turns", kClient,
     "Takes no new ratchet key (DR section 2.3)"},
    {"tp-omemo-older-versions-taken", kClient,
     "Reads messages of older versions (libsignal protocol.rs)"},
    {"tp-omemo-one-time-prekey-kept", kClient,
     "Keeps a one-time prekey that was used (X3DH section 3.4)"},
    {"tp-omemo-own-signature-wrong", kClient,
     "Publishes keys whose signature is wrong (X3DH section 3.2)"},
    {"tp-omemo-own-list-replaced", kClient,
     "Takes its user's other devices off the list (XEP-0384 0.3.0, Announcing support)"},
    {"tp-omemo-never-announced", kClient,
     "Publishes its keys and not its device (XEP-0384 0.3.0, Announcing support)"},
    {"tp-omemo-ends-on-unread", kClient,
     "Drops its connection upon a message that it cannot decrypt (DR section 3.5)"},
    {"tp-omemo-bundle-of-another", kClient,
     "Takes the keys of whichever device the answer has (XEP-0384 is silent; good practice)"},
    {"tp-omemo-text-in-thread", kClient,
     "Copies the text into the thread (DMA Art. 7(3))"},
    {"tp-omemo-transport-shown", kClient,
     "Shows a message that transports a key alone (XEP-0384 0.3.0, Sending a key)"},
});
// clang-format on: one fault is two lines, whatever its sentence's length

}  // namespace

std::span<const FaultEntry> omemo_faults() { return kTable; }

}  // namespace parley::reference
