// SPDX-License-Identifier: GPL-3.0-or-later
// The keys of a media file. Source: observed clients: HKDF-SHA-256 (RFC 5869) of the media key
// without salt, an info string by kind, 112 octets: iv, cipher key, MAC key, reference key.
// Pure functions.
#pragma once

#include <span>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/base/secret_bytes.h"

namespace parley::crypto::media {

inline constexpr std::size_t kMediaKeyOctets = 32;
inline constexpr std::size_t kMediaMacOctets = 10;

// Stickers are images, animated pictures (GIF) are videos, voice notes are audio.
enum class MediaKind {
  image,
  video,
  audio,
  document,
  link_thumbnail,
  image_thumbnail,
  video_thumbnail,
  document_thumbnail,
  history,
  app_state,
  sticker_pack,
};
std::span<const MediaKind> media_kinds();
std::string_view to_string(MediaKind kind);  // "image", "link-thumbnail"
std::string_view info_of(MediaKind kind);    // "WhatsApp Image Keys"

struct MediaKeys {
  Bytes iv;               // 16 octets
  SecretBytes cipher;     // 32
  SecretBytes mac;        // 32
  SecretBytes reference;  // 32; nobody is seen to use it
};

// Errors: malformed unless `media_key` has 32 octets.
Result<MediaKeys> expand(const SecretBytes& media_key, MediaKind kind);
// The same with any key and any info string: for files that are wrong on purpose.
MediaKeys expand_with(const SecretBytes& media_key, std::string_view info);
SecretBytes make_media_key(Rng& rng);

}  // namespace parley::crypto::media
