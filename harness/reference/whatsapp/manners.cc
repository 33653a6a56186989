// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/manners.h"

#include <array>

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kClient = "third-party.client";
constexpr std::string_view kGatekeeper = "gatekeeper.server";
constexpr std::string_view kWhatsApp = "whatsapp";

// clang-format off
constexpr auto kTable = std::to_array<FaultEntry>({
    {"wt-may-drop-frames", kClient,
     "Drops a frame that is not authentic and waits for its counter still (Noise section 5.1)", kWhatsApp, "TRN-018"},
    {"wt-may-count-frames", kClient,
     "Drops a frame that is not authentic and counts it (observed client behaviour)", kWhatsApp, "TRN-018"},
    {"wg-may-drop-frames", kGatekeeper,
     "Drops a frame that is not authentic and waits for its counter still (Noise section 5.1)", kWhatsApp, "TRN-018"},
    {"wg-may-count-frames", kGatekeeper,
     "Drops a frame that is not authentic and counts it (observed client behaviour)", kWhatsApp, "TRN-018"},
    {"wg-may-close-without-failure", kGatekeeper,
     "Refuses a login by the end of the connection alone (no failure is published)", kWhatsApp, "STZ-028"},
    {"wg-may-fail-otherwise", kGatekeeper,
     "Refuses a wrong token with reason 403 (no reason is published)", kWhatsApp, "STZ-028"},
    {"wg-may-honour-after-success", kGatekeeper,
     "Keeps what comes before success until it has sent success (no order is published)", kWhatsApp, "STZ-028"},
});
// clang-format on: one manner is two lines, whatever its sentence's length

}  // namespace

std::span<const FaultEntry> manners() { return kTable; }

}  // namespace parley::reference::whatsapp
