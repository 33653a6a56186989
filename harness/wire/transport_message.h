// SPDX-License-Identifier: GPL-3.0-or-later
// What <enc v='3'/> says once it is decrypted: the second product's MessageTransport. In its
// payload lies a MessageApplication, in that a ConsumerApplication, each with the version of its
// form, and the padding is a field beside them. Source: observed behaviour of that product's own
// clients (whatsmeow sendfb.go). Only what says a text or a file is named. Pure functions: safe
// from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/wire/content.h"

namespace parley::wire {

inline constexpr std::uint64_t kApplicationVersion = 2;
inline constexpr std::uint64_t kConsumerVersion = 1;

// MessageTransport     { payload = 1 { applicationPayload = 1 { payload = 1; version = 2 } };
//                        protocol = 2 { integral = 1 { padding = 1 } } }
// MessageApplication   { payload = 1 { subProtocol = 4 { consumerMessage = 2 { payload = 1;
//                                                                             version = 2 } } } }
// ConsumerApplication  { payload = 1 { content = 1 { messageText = 1 { text = 1 };
//                                                    extendedTextMessage = 5 { text = 1 { text = 1
//                                                    } } } } }
struct TransportMessage {
  std::optional<std::uint64_t> application_version;
  std::optional<std::uint64_t> consumer_version;
  std::optional<Bytes> text;           // of messageText
  std::optional<Bytes> extended_text;  // of extendedTextMessage
  std::optional<Bytes> padding;
  // Of each type that is there: its message, by number (media_transport.h).
  struct Media {
    MediaType type = MediaType::image;
    Bytes octets;

    friend bool operator==(const Media&, const Media&) = default;
  };
  std::vector<Media> media{};

  friend bool operator==(const TransportMessage&, const TransportMessage&) = default;
};

// What lies where none of these is looked for is not kept.
// Errors as protobuf::read_fields, of whichever message is wrong.
Result<TransportMessage> parse_transport(std::string_view octets);
// A field that is absent is not written, nor what would hold nothing else.
Bytes write(const TransportMessage& message);

// `text` as clients send it, without padding.
TransportMessage transport_of(std::string_view text);
// The same of a file.
TransportMessage transport_of(const MediaMessage& media);
// The text that a user would see; null if there is none, or in a form of another version.
std::optional<Bytes> shown_text(const TransportMessage& message);
// The file that a user would see; null if there is none, or in a form of another version. Errors:
// as parse_media_transport(); malformed for several.
Result<std::optional<MediaMessage>> shown_media(const TransportMessage& message);

}  // namespace parley::wire
