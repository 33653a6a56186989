// SPDX-License-Identifier: GPL-3.0-or-later
// A message's content before it is encrypted and after it is decrypted: the protobuf and the
// padding around or inside of it. Sources: ENC-020, ENC-021, MSR-005, MSR-006. Pure functions: safe
// from any thread.
#pragma once

#include <optional>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/rng.h"
#include "harness/reference/faults.h"
#include "harness/wire/content.h"

namespace parley::reference::whatsapp {

// The protobuf: a message in version 2, the one that <enc/> says, else a transport.
Bytes write_text(std::string_view text, std::string_view version, const FaultSet& faults);
// The same of a file.
Bytes write_media(wire::MediaMessage media, std::string_view version, const FaultSet& faults);
// What is encrypted of it: a message has its padding around it, a transport inside.
Bytes padded_content(const Bytes& content, std::string_view version, Rng& rng,
                     const FaultSet& faults);

// What a message says to its user.
struct ReadContent {
  Bytes text;                                 // also of the media
  std::optional<wire::MediaMessage> media{};  // what may be had
};
// Null where the padding or the protobuf is wrong, or neither text nor media are in it.
std::optional<ReadContent> read_content(std::string_view octets, std::string_view version,
                                        const FaultSet& faults);

// Whether every octet belongs to a character (RFC 3629).
bool is_utf8(std::string_view text);

}  // namespace parley::reference::whatsapp
