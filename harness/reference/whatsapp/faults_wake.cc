// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/faults_wake.h"

#include <array>

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kPartner = "third-party.server";
constexpr std::string_view kClient = "third-party.client";
constexpr std::string_view kWhatsApp = "whatsapp";

// clang-format off
constexpr auto kTable = std::to_array<FaultEntry>({
    {"wp-wake-lost", kPartner,
     "Says that it has a user's client woken, and does not (SRV-004)", kWhatsApp},
    {"wp-wake-shows-text", kPartner,
     "Has a user's device show what a push says beside whom to wake (SRV-004)", kWhatsApp},
    {"wp-wake-everybody", kPartner,
     "Wakes the clients of all its users at each push (SRV-004)", kWhatsApp},
    {"wp-wake-leaver", kPartner,
     "Wakes the client of a user who has left, at a push that it refuses (SRV-004)", kWhatsApp},
    {"wp-wake-similar", kPartner,
     "Wakes the user whose identifier is the beginning of one that nobody has (SRV-004)", kWhatsApp},
    {"wt-woken-stays-away", kClient,
     "Does not connect when it is woken (SRV-004)", kWhatsApp},
    {"wt-woken-once", kClient,
     "Connects when it is woken for the first time, and no more (SRV-004)", kWhatsApp},
    {"wt-woken-leaves-at-once", kClient,
     "Logs in when it is woken, and leaves before it gets what waits (SRV-004)", kWhatsApp},
    {"wt-woken-drains-nothing", kClient,
     "Takes none of the messages that wait for it when it is woken (SRV-004)", kWhatsApp},
    {"wt-woken-comes-twice", kClient,
     "Connects at each push, be it connected or not (SRV-004, SRV-005)", kWhatsApp},
    {"wt-woken-without-proof", kClient,
     "Logs in without proof of who it is when it is woken (SRV-004)", kWhatsApp},
    {"wt-woken-with-others", kClient,
     "Connects all users of the device when one of them is woken (SRV-004)", kWhatsApp},
    {"wt-comes-unwoken", kClient,
     "Connects without waiting until it is woken (SRV-004)", kWhatsApp},
});
// clang-format on: one fault is two lines, whatever its sentence's length

}  // namespace

std::span<const FaultEntry> wake_faults() { return kTable; }

}  // namespace parley::reference::whatsapp
