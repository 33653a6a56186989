// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/liberties.h"

#include <array>

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kClient = "third-party.client";
constexpr std::string_view kGatekeeper = "gatekeeper.server";
constexpr std::string_view kPartner = "third-party.server";
constexpr std::string_view kWhatsApp = "whatsapp";

// clang-format off
constexpr auto kTable = std::to_array<FaultEntry>({
    {"wt-may-drop-frames", kClient,
     "Drops a frame that is not authentic and waits for its counter still (Noise section 5.1)", kWhatsApp, Effect::conforms},
    {"wt-may-count-frames", kClient,
     "Drops a frame that is not authentic and counts it (observed client behaviour)", kWhatsApp, Effect::conforms},
    {"wg-may-drop-frames", kGatekeeper,
     "Drops a frame that is not authentic and waits for its counter still (Noise section 5.1)", kWhatsApp, Effect::conforms},
    {"wg-may-count-frames", kGatekeeper,
     "Drops a frame that is not authentic and counts it (observed client behaviour)", kWhatsApp, Effect::conforms},
    {"wg-may-close-without-failure", kGatekeeper,
     "Refuses a login by the end of the connection alone (no failure is published)", kWhatsApp, Effect::conforms},
    {"wg-may-fail-otherwise", kGatekeeper,
     "Refuses a wrong token with reason 403 (no reason is published)", kWhatsApp, Effect::conforms},
    {"wg-may-honour-after-success", kGatekeeper,
     "Keeps what comes before success until it has sent success (no order is published)", kWhatsApp, Effect::conforms},
    {"wg-may-follow-redirects", kGatekeeper,
     "Follows a redirect or two within the issuer's own host (RFC 9110 section 15.4)", kWhatsApp, Effect::conforms},
    {"wp-may-answer-no-content", kPartner,
     "Answers a push with 204 (RFC 9110 section 15.3.5; no status is published)", kWhatsApp, Effect::conforms},
    {"wp-may-deny-by-status", kPartner,
     "Says by a status that a token does not hold (no form is published)", kWhatsApp, Effect::conforms},
    {"wp-may-say-gone", kPartner,
     "Says of a user whom it does not know that it is gone (RFC 9110 section 15.5.11)", kWhatsApp, Effect::conforms},
    {"wp-may-say-unprocessable", kPartner,
     "Refuses content that is not what it must be with 422 (RFC 9110 section 15.5.21)", kWhatsApp, Effect::conforms},
    {"wp-may-say-forbidden", kPartner,
     "Refuses a caller who proves nothing with 403 (RFC 9110 section 15.5.4)", kWhatsApp, Effect::conforms},
    {"wp-may-refuse-in-handshake", kPartner,
     "Ends the TLS handshake with who shows no certificate that holds (RFC 8446 section 4.4.2.4)", kWhatsApp, Effect::conforms},
    {"wg-may-refuse-second-device", kGatekeeper,
     "Refuses the login of a user who is there already (ENL-014)", kWhatsApp, Effect::conforms},
    {"wg-may-ask-first", kGatekeeper,
     "Asks a third party's server before it looks at the token itself (no order is published)", kWhatsApp, Effect::conforms},
    {"wg-may-remember-answers", kGatekeeper,
     "Does not ask again about a token for which its service has vouched (RFC 7662 section 4)", kWhatsApp, Effect::conforms},
    {"wg-may-ask-twice", kGatekeeper,
     "Fetches keys and asks a third party's server twice (RFC 9110 section 9.2.2)", kWhatsApp, Effect::conforms},
    {"wg-may-push-each", kGatekeeper,
     "Makes a push for each message, whatever others are under way (no number is published)", kWhatsApp, Effect::conforms},
    {"wg-may-take-back-later", kGatekeeper,
     "Answers who is taken back with 202 (RFC 9110 section 15.3.3)", kWhatsApp, Effect::conforms},
});
// clang-format on: one liberty is two lines, whatever its sentence's length

}  // namespace

std::span<const FaultEntry> liberties() { return kTable; }

}  // namespace parley::reference::whatsapp
