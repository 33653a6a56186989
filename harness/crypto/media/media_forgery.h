// SPDX-License-Identifier: GPL-3.0-or-later
// Media files, and what a message says of them, that must not be believed; each row is wrong in one
// named way and right in all else that can be. Sources: what observed clients check (MAC, both
// hashes, length), RFC 5652 section 6.3 (padding), RFC 5869 (keys).
// A forgery is data: a case's change names it. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/crypto/media/media_stream.h"

namespace parley::crypto::media {

enum class MediaAcceptance {
  never,  // a receiver that takes it shows what it must not
  legal,  // clients that do not check this take it; `refusal` is the reason of those that do
};

struct MediaForgery {
  std::string_view name;
  std::string_view clause;
  std::string_view explanation;
  MediaRefusal refusal;
  MediaAcceptance acceptance = MediaAcceptance::never;
};

std::span<const MediaForgery> media_forgeries();
const MediaForgery* find_media_forgery(std::string_view name);  // null: no such

struct MediaForgeryInput {
  SecretBytes media_key;  // as the message will say it
  SecretBytes other_key;  // of another file
  MediaKind kind = MediaKind::image;
  Bytes plaintext;  // at least one octet
};

struct ForgedMedia {
  Bytes file;
  MediaDescription description;
  SecretBytes media_key;  // what the message says; another length where that is the forgery
};
// Errors: not_found, with the nearest names, for an unknown forgery; malformed for an input that
// the forgery cannot be made of.
Result<ForgedMedia> forge_media(std::string_view name, const MediaForgeryInput& input);

}  // namespace parley::crypto::media
