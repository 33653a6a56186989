// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/liberties.h"

#include <array>

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kClient = "third-party.client";
constexpr std::string_view kGatekeeper = "gatekeeper.server";
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
});
// clang-format on: one liberty is two lines, whatever its sentence's length

}  // namespace

std::span<const FaultEntry> liberties() { return kTable; }

}  // namespace parley::reference::whatsapp
