// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/faults_fragile.h"

#include <array>

namespace parley::reference {
namespace {

constexpr std::string_view kServer = "gatekeeper.server";
constexpr std::string_view kClient = "third-party.client";
constexpr std::string_view kPartner = "third-party.server";
constexpr std::string_view kWhatsApp = "whatsapp";

// clang-format off
constexpr auto kTable = std::to_array<FaultEntry>({
    {"gk-deaf-after-nested-stanza", kServer,
     "Answers nobody any more once a stanza holds another stanza (RFC 6120 section 13.12)"},
    {"gk-drops-others-after-empty-cdata", kServer,
     "Ends all other connections once a CDATA section is empty (RFC 6120 section 13.12)"},
    {"gk-stuck-after-no-namespace", kServer,
     "Neither answers nor ends a connection on which an element had no namespace (RFC 6120 section 13.12)"},
    {"gk-answer-breaks-namespace", kServer,
     "Repeats the namespace of a request unescaped in its answer (RFC 6120 section 11.3)"},
    {"tp-stuck-after-nested-stanza", kClient,
     "Takes nothing more on a connection on which a stanza held another stanza (RFC 6120 section 13.12)"},
    {"wg-deaf-after-long-list", kServer,
     "Answers nobody any more once a list says that it has 1000 items which are not there (STZ-033)", kWhatsApp},
    {"wg-stuck-after-packed-name", kServer,
     "Neither answers nor ends a connection on which a stanza's name was packed (STZ-033)", kWhatsApp},
    {"gk-stuck-after-mismatched-tag", kServer,
     "Neither answers nor ends a connection on which a tag was ended by another (RFC 6120 section 4.9.3.13)"},
    {"gk-stuck-after-bad-utf8", kServer,
     "Neither answers nor ends a connection on which something was no UTF-8 (RFC 6120 sections 4.9.3.22 and 11.6)"},
    {"gk-stuck-after-nested-request", kServer,
     "Answers a request that holds a stanza and takes nothing more on that connection (RFC 6120 section 13.12)"},
    {"gk-restarts-after-nested-message", kServer,
     "Ends all connections once a message holds a stanza, and takes new ones (RFC 6120 section 13.12)"},
    {"gk-deaf-after-element-in-auth", kServer,
     "Answers nobody any more once <auth/> holds an element (RFC 6120 section 13.12)"},
    {"tp-stuck-after-odd-text", kClient,
     "Takes nothing more once it has decrypted a text that no XML can hold (RFC 6120 section 13.12)"},
    {"wt-stuck-after-group", kClient,
     "Takes nothing more once what it has decrypted begins with a group (STZ-033)", kWhatsApp},
    {"wg-deaf-after-repeated-member", kServer,
     "Answers nobody any more once a request to enlist has a member twice (STZ-033)", kWhatsApp},
    {"wp-deaf-after-repeated-member", kPartner,
     "Answers nobody any more once a call has a member twice (STZ-033)", kWhatsApp},
});
// clang-format on: one fault is two lines, whatever its sentence's length

}  // namespace

std::span<const FaultEntry> fragile_faults() { return kTable; }

}  // namespace parley::reference
