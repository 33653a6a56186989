// SPDX-License-Identifier: GPL-3.0-or-later
// Files that a client sends, and what kinds of them there are: to its user, in a message, in the
// key expansion. Sources: MED-001, MED-012, MED-013. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/crypto/media/media_keys.h"
#include "harness/wire/content.h"

namespace parley::reference::whatsapp {

inline constexpr std::uint64_t kMostMediaFileOctets = 100 * 1024 * 1024;

enum class FileKind { image, video, gif, voice, audio, document, sticker };
std::string_view to_string(FileKind kind);  // as the driver says it
std::optional<FileKind> file_kind(std::string_view name);
wire::MediaType message_of(FileKind kind);
crypto::media::MediaKind keys_of(FileKind kind);
// What <enc/> says as its mediatype.
std::string_view mediatype_of(FileKind kind);
FileKind kind_of(const wire::MediaMessage& message);

// Beyond so many octets a file is large to whoever is careless about those.
inline constexpr std::uint64_t kLargeFileOctets = 64 * 1024 * 1024;
// The same of what is played piece by piece.
inline constexpr std::uint64_t kLongVideoOctets = 4 * 1024 * 1024;

// What the driver has a client send.
struct OutgoingFile {
  FileKind kind = FileKind::document;
  Bytes octets;
  std::uint64_t times = 1;
  std::string mimetype;
  std::string name;
  std::optional<std::uint64_t> seconds;
  std::string caption;
};

}  // namespace parley::reference::whatsapp
