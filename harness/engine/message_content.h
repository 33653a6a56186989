// SPDX-License-Identifier: GPL-3.0-or-later
// What a sealed message says before it is encrypted, and once it is decrypted: protobuf and padding
// (wire/content.h, wire/transport_message.h), as they must be and as a change bends them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/engine/expression.h"
#include "harness/model/model.h"
#include "harness/wire/content.h"

namespace parley::engine {

// In which protobuf a text stands, and where its padding: behind the one, or inside of the other.
enum class ContentForm { message, transport };
// By the version of <enc/> that the profile has.
ContentForm content_form(const model::Profile& profile);

// The protobuf that says `text`.
Bytes text_content(const std::string& text, ContentForm form = ContentForm::message);
// The one that says all of a file.
Bytes media_content(const wire::MediaMessage& media, ContentForm form = ContentForm::message);
// A protobuf with the change made; `edit` may be null.
// Errors: malformed for a path that is none, or a value; not_found for what is to be removed; as
// edit_bytes() and evaluate().
Result<Bytes> edited_content(Bytes content, const model::ContentEdit* edit, const Scope& scope);
// With its padding: as clients draw it, or as the change says.
Bytes padded_content(const Bytes& content, const model::ContentEdit* edit, Rng& rng,
                     ContentForm form = ContentForm::message);

// What a plaintext says.
struct ReadContent {
  Bytes content;            // the protobuf
  std::size_t padding = 0;  // octets
  std::string text;         // that a user would see; empty for none
  wire::Content says;
};
// Errors: those of unpad() and parse_content(); of a transport, those of parse_transport(), and
// malformed where it says neither a text nor a file.
Result<ReadContent> read_content(std::string_view plaintext,
                                 ContentForm form = ContentForm::message);

}  // namespace parley::engine
