// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/faults_messenger.h"

#include <array>

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kClient = "third-party.client";
constexpr std::string_view kGatekeeper = "gatekeeper.server";
constexpr std::string_view kMessenger = "messenger";

// clang-format off
constexpr auto kTable = std::to_array<FaultEntry>({
    {"mt-foreign-product", kClient,
     "Logs in as the other product's third party (MSR-001)", kMessenger},
    {"mt-accepts-foreign-server", kClient,
     "Shows messages of users on the other product's server (MSR-002)", kMessenger},
    {"mt-sends-without-envelope", kClient,
     "Encrypts the other product's message in place of a transport (MSR-005)", kMessenger},
    {"mt-sends-other-application-version", kClient,
     "Says another version of the application that it sends (MSR-005)", kMessenger},
    {"mt-sends-other-consumer-version", kClient,
     "Says another version of the consumer's message that it sends (MSR-005)", kMessenger},
    {"mt-envelope-optional", kClient,
     "Shows the other product's message where a transport has to be (MSR-006)", kMessenger},
    {"mt-application-version-unchecked", kClient,
     "Reads applications of any version (MSR-006)", kMessenger},
    {"mt-consumer-version-unchecked", kClient,
     "Reads consumers' messages of any version (MSR-006)", kMessenger},
    {"mg-accepts-foreign-product", kGatekeeper,
     "Logs in clients of the other product's third parties (MSR-001)", kMessenger},
    {"mg-accepts-foreign-server", kGatekeeper,
     "Takes users on the other product's server for its own (MSR-002)", kMessenger},
    {"mg-shows-foreign-server", kGatekeeper,
     "Shows its own users on the other product's server (MSR-002)", kMessenger},
    {"mg-foreign-failure-reason", kGatekeeper,
     "Refuses a wrong token with the other product's reason (MSR-003)", kMessenger},
});
// clang-format on: one fault is two lines, whatever its sentence's length

}  // namespace

std::span<const FaultEntry> messenger_faults() { return kTable; }

}  // namespace parley::reference::whatsapp
