// SPDX-License-Identifier: GPL-3.0-or-later
// What the second product's consumer message says of a file: a message for each type that carries,
// in a form of its own version, where the file is and what proves it. Source: observed behaviour of
// that product's own clients (whatsmeow waConsumerApplication, waMediaTransport). That names no
// URL: where the file is stands in `directPath`, whole. Pure functions: safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/wire/content.h"

namespace parley::wire {

inline constexpr std::uint64_t kMediaTransportVersion = 1;

// The number of a type's message in ConsumerApplication.Content: imageMessage = 2, documentMessage
// = 7, audioMessage = 8, videoMessage = 9, stickerMessage = 12.
std::uint32_t consumer_number(MediaType type);

// ImageMessage    { image = 1 { payload = 1; version = 2 }; caption = 2 { text = 1 } }
// VideoMessage, AudioMessage { audio = 1; PTT = 2 }, DocumentMessage { document = 1; fileName = 2 }
// and StickerMessage likewise. In each payload
//   { integral = 1 { transport = 1 { integral = 1 { fileSHA256 = 1; mediaKey = 2; fileEncSHA256 =
//   3;
//                                                   directPath = 4; mediaKeyTimestamp = 5 };
//                                    ancillary = 2 { fileLength = 1; mimetype = 2 } } };
//     ancillary = 2 { of a video seconds = 1, gifPlayback = 3, sidecar = 6; of audio seconds = 1 }
//     }
// What lies where none of these is looked for is not kept.
// Errors as protobuf::read_fields; unsupported for a payload of another version, or none.
Result<MediaMessage> parse_media_transport(MediaType type, std::string_view octets);
// A field that is absent is not written, nor one that the type does not have.
Bytes write_media_transport(const MediaMessage& message);

}  // namespace parley::wire
