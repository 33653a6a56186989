// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_file.h"

#include <algorithm>
#include <array>

namespace parley::reference::whatsapp {
namespace {

using crypto::media::MediaKind;
using wire::MediaType;

struct Kind {
  FileKind kind;
  std::string_view name;
  MediaType message;
  MediaKind keys;
  std::string_view mediatype;
};

constexpr std::array kKinds{
    Kind{FileKind::image, "image", MediaType::image, MediaKind::image, "image"},
    Kind{FileKind::video, "video", MediaType::video, MediaKind::video, "video"},
    Kind{FileKind::gif, "gif", MediaType::video, MediaKind::video, "gif"},
    Kind{FileKind::voice, "voice", MediaType::audio, MediaKind::audio, "ptt"},
    Kind{FileKind::audio, "audio", MediaType::audio, MediaKind::audio, "audio"},
    Kind{FileKind::document, "document", MediaType::document, MediaKind::document, "document"},
    Kind{FileKind::sticker, "sticker", MediaType::sticker, MediaKind::image, "sticker"},
};

const Kind& row_of(FileKind kind) { return *std::ranges::find(kKinds, kind, &Kind::kind); }

}  // namespace

std::string_view to_string(FileKind kind) { return row_of(kind).name; }

std::optional<FileKind> file_kind(std::string_view name) {
  const auto* row = std::ranges::find(kKinds, name, &Kind::name);
  return row == kKinds.end() ? std::nullopt : std::optional(row->kind);
}

MediaType message_of(FileKind kind) { return row_of(kind).message; }

MediaKind keys_of(FileKind kind) { return row_of(kind).keys; }

std::string_view mediatype_of(FileKind kind) { return row_of(kind).mediatype; }

FileKind kind_of(const wire::MediaMessage& message) {
  switch (message.type) {
    case MediaType::image:
      return FileKind::image;
    case MediaType::video:
      return message.gif_playback.value_or(0) != 0 ? FileKind::gif : FileKind::video;
    case MediaType::audio:
      return message.ptt.value_or(0) != 0 ? FileKind::voice : FileKind::audio;
    case MediaType::document:
      return FileKind::document;
    case MediaType::sticker:
      return FileKind::sticker;
  }
  return FileKind::document;
}

}  // namespace parley::reference::whatsapp
