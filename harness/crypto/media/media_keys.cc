// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/media/media_keys.h"

#include <openssl/crypto.h>

#include <array>

#include "harness/crypto/digest.h"

namespace parley::crypto::media {
namespace {

struct Kind {
  MediaKind kind;
  std::string_view name;
  std::string_view info;
};

constexpr std::array kKinds{
    Kind{MediaKind::image, "image", "WhatsApp Image Keys"},
    Kind{MediaKind::video, "video", "WhatsApp Video Keys"},
    Kind{MediaKind::audio, "audio", "WhatsApp Audio Keys"},
    Kind{MediaKind::document, "document", "WhatsApp Document Keys"},
    Kind{MediaKind::link_thumbnail, "link-thumbnail", "WhatsApp Link Thumbnail Keys"},
    Kind{MediaKind::image_thumbnail, "image-thumbnail", "WhatsApp Image Thumbnail Keys"},
    Kind{MediaKind::video_thumbnail, "video-thumbnail", "WhatsApp Video Thumbnail Keys"},
    Kind{MediaKind::document_thumbnail, "document-thumbnail", "WhatsApp Document Thumbnail Keys"},
    Kind{MediaKind::history, "history", "WhatsApp History Keys"},
    Kind{MediaKind::app_state, "app-state", "WhatsApp App State Keys"},
    Kind{MediaKind::sticker_pack, "sticker-pack", "WhatsApp Sticker Pack Keys"},
};

constexpr auto kList = [] {
  std::array<MediaKind, kKinds.size()> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = kKinds[i].kind;
  }
  return out;
}();

constexpr bool in_order() {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (static_cast<std::size_t>(kKinds[i].kind) != i) {
      return false;
    }
  }
  return true;
}
static_assert(in_order(), "a kind is found by its place");

constexpr std::size_t kIvOctets = 16;
constexpr std::size_t kKeyOctets = 32;

}  // namespace

std::span<const MediaKind> media_kinds() { return kList; }

std::string_view to_string(MediaKind kind) { return kKinds[static_cast<std::size_t>(kind)].name; }

std::string_view info_of(MediaKind kind) { return kKinds[static_cast<std::size_t>(kind)].info; }

Result<MediaKeys> expand(const SecretBytes& media_key, MediaKind kind) {
  if (media_key.size() != kMediaKeyOctets) {
    return fail(Errc::malformed, "a media key has 32 octets");
  }
  return expand_with(media_key, info_of(kind));
}

MediaKeys expand_with(const SecretBytes& media_key, std::string_view info) {
  const auto derived = hkdf_sha256({.salt = "",
                                    .key_material = media_key.reveal(),
                                    .info = info,
                                    .octets = kIvOctets + 3 * kKeyOctets});
  const auto octets = derived.reveal();
  return {.iv = Bytes(octets.substr(0, kIvOctets)),
          .cipher = SecretBytes(octets.substr(kIvOctets, kKeyOctets)),
          .mac = SecretBytes(octets.substr(kIvOctets + kKeyOctets, kKeyOctets)),
          .reference = SecretBytes(octets.substr(kIvOctets + 2 * kKeyOctets))};
}

SecretBytes make_media_key(Rng& rng) {
  Bytes octets = rng.octets(kMediaKeyOctets);
  SecretBytes out(octets);
  OPENSSL_cleanse(octets.data(), octets.size());
  return out;
}

}  // namespace parley::crypto::media
