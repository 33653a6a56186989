// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/faults_media.h"

#include <array>

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kPartner = "third-party.server";
constexpr std::string_view kGatekeeper = "gatekeeper.server";
constexpr std::string_view kWhatsApp = "whatsapp";

// clang-format off
constexpr auto kTable = std::to_array<FaultEntry>({
    {"wp-media-sequential", kPartner,
     "Counts the files that it hosts, and calls them by their numbers (MED-011)", kWhatsApp},
    {"wp-media-lists", kPartner,
     "Lists what it hosts (MED-011)", kWhatsApp},
    {"wp-media-beginning", kPartner,
     "Finds a file by the beginning of its path (MED-011)", kWhatsApp},
    {"wp-media-more-behind", kPartner,
     "Finds a file by a path that goes on behind its own (MED-011)", kWhatsApp},
    {"wp-media-of-another", kPartner,
     "Serves the newest file at every path (MED-007)", kWhatsApp},
    {"wp-media-unknown-empty", kPartner,
     "Serves an empty file where there is none (RFC 9110 section 15.5.5; MED-016)", kWhatsApp},
    {"wp-media-deletes", kPartner,
     "Lets whoever asks delete a file (MED-011)", kWhatsApp},
    {"wp-media-overwrites", kPartner,
     "Lets whoever asks overwrite a file (MED-011)", kWhatsApp},
    {"wp-media-once", kPartner,
     "Serves a file once (MED-007)", kWhatsApp},
    {"wp-media-cut", kPartner,
     "Serves the first 65536 octets of a file (MED-007)", kWhatsApp},
    {"wp-media-line-ends", kPartner,
     "Turns line feeds in a file into line ends (MED-007)", kWhatsApp},
    {"wp-media-head-refused", kPartner,
     "Has no HEAD (RFC 9110 section 9.1; MED-007)", kWhatsApp},
    {"wp-media-range-short", kPartner,
     "Serves a part without its last octet (RFC 9110 section 14.1.2; MED-007)", kWhatsApp},
    {"wp-media-range-as-whole", kPartner,
     "Serves the whole file as a part (RFC 9110 section 15.3.7; MED-007)", kWhatsApp},
    {"wp-media-range-beyond", kPartner,
     "Serves a part that is not there (RFC 9110 section 15.5.17; MED-007)", kWhatsApp},
    {"wp-media-elsewhere", kPartner,
     "Names an address in the clear for what it hosts (MED-007)", kWhatsApp},
    {"wp-media-large-cut", kPartner,
     "Serves the first 64 MiB of a file (MED-007)", kWhatsApp},
    {"wp-may-media-gone", kPartner,
     "Says of media that are not there that they are gone (RFC 9110 section 15.5.11)", kWhatsApp, Effect::conforms},
    {"wp-may-media-forbidden", kPartner,
     "Does not say of media whether they are there (RFC 9110 section 15.5.4)", kWhatsApp, Effect::conforms},
    {"wg-proxy-large-cut", kGatekeeper,
     "Serves the first 64 MiB of a file (MED-008)", kWhatsApp},
    {"wg-proxy-open", kGatekeeper,
     "Fetches media for whoever asks (MED-009)", kWhatsApp},
    {"wg-proxy-for-third-parties", kGatekeeper,
     "Fetches media for third parties' users too (MED-009)", kWhatsApp},
    {"wg-proxy-any-host", kGatekeeper,
     "Fetches media from every host (MED-009)", kWhatsApp},
    {"wg-proxy-any-port", kGatekeeper,
     "Fetches media from every port of a registered host (MED-009)", kWhatsApp},
    {"wg-proxy-host-begins", kGatekeeper,
     "Takes a URL that begins as a registered host's for one of it (MED-009)", kWhatsApp},
    {"wg-proxy-host-anywhere", kGatekeeper,
     "Looks for a registered host anywhere in a URL (MED-009)", kWhatsApp},
    {"wg-proxy-in-clear", kGatekeeper,
     "Fetches media in the clear (MED-009)", kWhatsApp},
    {"wg-proxy-files", kGatekeeper,
     "Fetches media from its own files (MED-009)", kWhatsApp},
    {"wg-proxy-follows", kGatekeeper,
     "Follows redirects to wherever they point (MED-009)", kWhatsApp},
    {"wg-proxy-any-ca", kGatekeeper,
     "Fetches media under a certificate of whatever CA (RFC 5280 section 6; MED-009)", kWhatsApp},
    {"wg-proxy-any-name", kGatekeeper,
     "Fetches media under another host's certificate (RFC 6125 section 6; MED-009)", kWhatsApp},
    {"wg-proxy-any-date", kGatekeeper,
     "Fetches media under a certificate that has expired (RFC 5280 section 6.1.3; MED-009)", kWhatsApp},
    {"wg-proxy-any-time", kGatekeeper,
     "Waits for media without an end (MED-018)", kWhatsApp},
    {"wg-proxy-failure-empty", kGatekeeper,
     "Serves an empty file for one that it did not get (MED-018)", kWhatsApp},
    {"wg-proxy-any-status", kGatekeeper,
     "Serves as media whatever a host answers (RFC 9110 section 15; MED-008)", kWhatsApp},
    {"wg-proxy-cut", kGatekeeper,
     "Serves a file without its last ten octets (MED-008)", kWhatsApp},
    {"wg-proxy-tells-address", kGatekeeper,
     "Tells a media host the address of who asks (MED-008)", kWhatsApp},
    {"wg-proxy-tells-token", kGatekeeper,
     "Shows a media host the credential of who asks (MED-008)", kWhatsApp},
    {"wg-proxy-checks-first-url", kGatekeeper,
     "Looks at the first of two URLs, and fetches the last (MED-009)", kWhatsApp},
});
// clang-format on: one fault is two lines, whatever its sentence's length

}  // namespace

std::span<const FaultEntry> media_faults() { return kTable; }

}  // namespace parley::reference::whatsapp
