// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/media_kind.h"

#include <algorithm>
#include <array>

namespace parley::engine {
namespace {

using crypto::media::MediaKind;
using wire::MediaType;

// The kinds that are marked stand before those of the same type that are not.
constexpr std::array kKinds{
    NamedKind{"image", MediaType::image, MediaKind::image, nullptr, "image/jpeg", "image"},
    NamedKind{"gif", MediaType::video, MediaKind::video, &wire::MediaMessage::gif_playback,
              "video/mp4", "gif"},
    NamedKind{"video", MediaType::video, MediaKind::video, nullptr, "video/mp4", "video"},
    NamedKind{"voice", MediaType::audio, MediaKind::audio, &wire::MediaMessage::ptt,
              "audio/ogg; codecs=opus", "ptt"},
    NamedKind{"audio", MediaType::audio, MediaKind::audio, nullptr, "audio/mp4", "audio"},
    NamedKind{"document", MediaType::document, MediaKind::document, nullptr, "application/pdf",
              "document"},
    NamedKind{"sticker", MediaType::sticker, MediaKind::image, nullptr, "image/webp", "sticker"}};

}  // namespace

std::span<const NamedKind> named_kinds() { return kKinds; }

const NamedKind* find_kind(std::string_view name) {
  const auto* at = std::ranges::find(kKinds, name, &NamedKind::name);
  return at == kKinds.end() ? nullptr : at;
}

const NamedKind& kind_of(const wire::MediaMessage& message) {
  return *std::ranges::find_if(kKinds, [&](const NamedKind& kind) {
    return kind.type == message.type &&
           (kind.mark == nullptr || (message.*kind.mark).value_or(0) != 0);
  });
}

}  // namespace parley::engine
