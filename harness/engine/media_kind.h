// SPDX-License-Identifier: GPL-3.0-or-later
// What a user calls a kind of file, and how a message says it. Source: observed clients (whatsmeow
// send.go for <enc mediatype/>). Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "harness/crypto/media/media_keys.h"
#include "harness/wire/content.h"

namespace parley::engine {

struct NamedKind {
  std::string_view name;
  wire::MediaType type;
  crypto::media::MediaKind keys;
  std::optional<std::uint64_t> wire::MediaMessage::* mark = nullptr;  // that is 1 of this kind
  std::string_view mimetype;
  std::string_view mediatype;  // of <enc/>
};
std::span<const NamedKind> named_kinds();
const NamedKind* find_kind(std::string_view name);  // null: no such
const NamedKind& kind_of(const wire::MediaMessage& message);

}  // namespace parley::engine
