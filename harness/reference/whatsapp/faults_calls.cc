// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/faults_calls.h"

#include <array>

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kGatekeeper = "gatekeeper.server";
constexpr std::string_view kWhatsApp = "whatsapp";

// clang-format off
constexpr auto kTable = std::to_array<FaultEntry>({
    {"wg-call-any-ca", kGatekeeper,
     "Calls a third party's server whoever has issued its certificate (RFC 9325 section 7.1; SRV-001)", kWhatsApp},
    {"wg-call-any-host", kGatekeeper,
     "Calls a third party's server under another host's certificate (RFC 9325 section 7.1; SRV-001)", kWhatsApp},
    {"wg-call-expired-certificate", kGatekeeper,
     "Calls a third party's server whose certificate has expired (RFC 9325 section 7.1; SRV-001)", kWhatsApp},
    {"wg-call-old-tls", kGatekeeper,
     "Calls a third party's server over TLS 1.0 (RFC 9325 section 3.1.1; SRV-001)", kWhatsApp},
    {"wg-call-unsigned", kGatekeeper,
     "Does not sign what it asks (SRV-002)", kWhatsApp},
    {"wg-call-other-secret", kGatekeeper,
     "Signs what it asks with another secret (SRV-002)", kWhatsApp},
    {"wg-call-content-uncovered", kGatekeeper,
     "Does not cover the content by its signature (RFC 9421 section 7.2.1; SRV-002)", kWhatsApp},
    {"wg-call-digest-wrong", kGatekeeper,
     "Sends the digest of other content (RFC 9530 section 2; SRV-002)", kWhatsApp},
    {"wg-call-nonce-repeated", kGatekeeper,
     "Signs each call with the same nonce (RFC 9421 section 7.2.2; SRV-010)", kWhatsApp},
    {"wg-call-clock-behind", kGatekeeper,
     "Signs what it asks as of an hour ago (RFC 9421 section 7.2.2; SRV-010)", kWhatsApp},
    {"wg-call-fails-open", kGatekeeper,
     "Lets a user in when the third party's server does not answer (SRV-008)", kWhatsApp},
    {"wg-call-any-status", kGatekeeper,
     "Reads what an answer says whatever its status (RFC 9110 section 15; SRV-009)", kWhatsApp},
    {"wg-call-inactive-taken", kGatekeeper,
     "Lets a user in of whom the third party's server says that it is not active (SRV-008)", kWhatsApp},
    {"wg-call-any-subject", kGatekeeper,
     "Lets a user in when the third party's server speaks of another (SRV-008)", kWhatsApp},
    {"wg-call-any-answer", kGatekeeper,
     "Takes an answer that is no JSON for a yes (SRV-009)", kWhatsApp},
    {"wg-call-any-media-type", kGatekeeper,
     "Reads an answer of whatever type as JSON (RFC 9110 section 8.3; SRV-009)", kWhatsApp},
    {"wg-call-truthy-answer", kGatekeeper,
     "Takes a text or a number for a yes (SRV-009)", kWhatsApp},
    {"wg-call-members-twice", kGatekeeper,
     "Takes the first of two members of one name in an answer (RFC 8259 section 4; SRV-009)", kWhatsApp},
    {"wg-call-deep-answer", kGatekeeper,
     "Reads an answer however deep it is (RFC 8259 section 9; SRV-009)", kWhatsApp},
    {"wg-call-large-answer", kGatekeeper,
     "Reads an answer however long it is (SRV-009)", kWhatsApp},
    {"wg-call-unknown-member-refused", kGatekeeper,
     "Refuses an answer with a member that it does not know (SRV-009)", kWhatsApp},
    {"wg-push-never", kGatekeeper,
     "Wakes nobody for whom something waits (SRV-003)", kWhatsApp},
    {"wg-push-with-content", kGatekeeper,
     "Tells the third party's server what the message says (SRV-003)", kWhatsApp},
    {"wg-push-with-sender", kGatekeeper,
     "Tells the third party's server who the message is from (SRV-003)", kWhatsApp},
    {"wg-push-never-again", kGatekeeper,
     "Gives a push up when it fails once (RFC 9110 section 15.6; SRV-006)", kWhatsApp},
    {"wg-push-silence-taken", kGatekeeper,
     "Takes silence for an answer to a push (SRV-006)", kWhatsApp},
    {"wg-push-at-once", kGatekeeper,
     "Makes a push that failed again at once (SRV-006)", kWhatsApp},
    {"wg-push-same-wait", kGatekeeper,
     "Waits no longer from retry to retry (SRV-006)", kWhatsApp},
    {"wg-push-retry-after-ignored", kGatekeeper,
     "Does not wait for as long as it is asked to (RFC 9110 section 10.2.3; SRV-006)", kWhatsApp},
    {"wg-push-refusal-retried", kGatekeeper,
     "Makes a push again that was refused for good (RFC 9110 section 15.5; SRV-006)", kWhatsApp},
    {"wg-push-retry-renamed", kGatekeeper,
     "Gives a push another name when it makes it again (SRV-006)", kWhatsApp},
    {"wg-push-unknown-retried", kGatekeeper,
     "Makes a push again for a user whom the third party does not know (SRV-007)", kWhatsApp},
    {"wg-push-unknown-again", kGatekeeper,
     "Makes a push for a user whom the third party has said it does not know (SRV-007)", kWhatsApp},
});
// clang-format on: one fault is two lines, whatever its sentence's length

}  // namespace

std::span<const FaultEntry> call_faults() { return kTable; }

}  // namespace parley::reference::whatsapp
