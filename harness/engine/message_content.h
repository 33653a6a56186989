// SPDX-License-Identifier: GPL-3.0-or-later
// What a sealed message says before it is encrypted, and once it is decrypted: protobuf and padding
// (wire/content.h), as they must be and as a change bends them. Pure.
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

// The protobuf that says `text`.
Bytes text_content(const std::string& text);
// A protobuf with the change made; `edit` may be null.
// Errors: malformed for a path that is none, or a value; not_found for what is to be removed; as
// edit_bytes() and evaluate().
Result<Bytes> edited_content(Bytes content, const model::ContentEdit* edit, const Scope& scope);
// With its padding: as clients draw it, or as the change says.
Bytes padded_content(const Bytes& content, const model::ContentEdit* edit, Rng& rng);

// What a plaintext says.
struct ReadContent {
  Bytes content;            // the protobuf
  std::size_t padding = 0;  // octets
  std::string text;         // that a user would see; empty for none
  wire::Content says;
};
// Errors: those of unpad() and parse_content().
Result<ReadContent> read_content(std::string_view plaintext);

}  // namespace parley::engine
