// SPDX-License-Identifier: GPL-3.0-or-later
// What a message says once it is decrypted: the protobuf of the gatekeeper's clients, and the
// padding around it. Source: observed client behaviour; only the fields that matter to interop are
// named, the others are kept as they came. Like the login's protobuf it is read and written without
// generated code: order, repeats and unknown fields stay visible, and any field can be bent.
// Pure functions: no I/O, safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/protobuf_wire.h"
#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/base/secret_bytes.h"

namespace parley::wire {

// The kinds of media that a message carries; the value is the number of its field.
enum class MediaType : std::uint32_t {
  image = 3,
  document = 7,
  audio = 8,
  video = 9,
  sticker = 26
};
std::string_view to_string(MediaType type);

// imageMessage = 3, documentMessage = 7, audioMessage = 8, videoMessage = 9, stickerMessage = 26.
// Each numbers its fields in its own way; what a type does not have is not written.
struct MediaMessage {
  MediaType type = MediaType::image;
  std::optional<Bytes> url;
  std::optional<Bytes> mimetype;
  std::optional<Bytes> caption;
  std::optional<Bytes> file_sha256;
  std::optional<std::uint64_t> file_length;
  std::optional<SecretBytes> media_key;
  std::optional<Bytes> file_enc_sha256;
  std::optional<Bytes> direct_path;
  std::optional<std::uint64_t> media_key_timestamp;
  std::optional<Bytes> jpeg_thumbnail;
  std::optional<Bytes> context_info;  // a message of its own, not read here
  std::optional<Bytes> sidecar;
  std::optional<std::uint64_t> height;
  std::optional<std::uint64_t> width;
  std::optional<std::uint64_t> seconds;
  std::optional<std::uint64_t> gif_playback;
  std::optional<std::uint64_t> ptt;  // a voice note
  std::optional<Bytes> waveform;
  std::optional<Bytes> title;
  std::optional<std::uint64_t> page_count;
  std::optional<Bytes> file_name;
  std::vector<protobuf::Field> unknown;
};

// extendedTextMessage { text = 1 }
struct ExtendedText {
  std::optional<Bytes> text;
  std::vector<protobuf::Field> unknown;
};

// reactionMessage { key = 1; text = 2; senderTimestampMs = 4 }
struct Reaction {
  std::optional<Bytes> key;  // a message of its own, not read here
  std::optional<Bytes> text;
  std::optional<std::uint64_t> sender_timestamp_ms;
  std::vector<protobuf::Field> unknown;
};

// Message { conversation = 1; extendedTextMessage = 6; protocolMessage = 12; deviceSentMessage =
// 31;
//           messageContextInfo = 35; reactionMessage = 46; and the media above }
struct Content {
  std::optional<Bytes> conversation;
  std::optional<ExtendedText> extended_text;
  std::vector<MediaMessage> media;  // one a type, by number
  std::optional<Bytes> protocol_message;
  std::optional<Bytes> device_sent_message;
  std::optional<Bytes> message_context_info;
  std::optional<Reaction> reaction;
  std::vector<protobuf::Field> unknown;
};

// Errors as protobuf::read_fields, the offsets being those within the message that is wrong.
Result<Content> parse_content(std::string_view octets);
// Known fields by number, then the unknown ones; a field that is absent is not written.
Bytes write(const Content& content);
// The text that a user would see: of a conversation, an extended text, a caption; null if none.
std::optional<Bytes> shown_text(const Content& content);

// --- padding of a message before it is encrypted, `enc` version 2; version 3 has none ---

inline constexpr unsigned kMaxPadding = 15;

// 1 to 15 octets, each saying how many there are: as clients draw them, 4 bits of which 0 means 15.
Bytes pad(std::string_view plaintext, Rng& rng);
// Right or wrong.
Bytes pad_with(std::string_view plaintext, std::size_t count, std::uint8_t value);
// What lies before the padding. Errors: truncated for no octet; malformed, at the first octet that
// is wrong, unless the last says 1 to 15 and so many octets say the same.
Result<std::string_view> unpad(std::string_view padded);

}  // namespace parley::wire
