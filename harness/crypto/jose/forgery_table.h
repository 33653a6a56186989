// SPDX-License-Identifier: GPL-3.0-or-later
// The rows behind forgery.h, by subject. For the .cc files of this folder: to add a forgery, add a
// row to the table of its subject.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/crypto/jose/forgery.h"
#include "harness/crypto/jose/json.h"

namespace parley::crypto::jose {

// What a row works on: the honest parts, and the argument that it shares its maker with.
struct Draft {
  Json header;
  Json claims;
  const ForgeryInput& input;
  std::string_view argument;
};

using Maker = Result<Bytes> (*)(Draft draft);

struct ForgeryRow {
  Forgery forgery;
  Maker make;
  std::string_view argument = "";
};

std::span<const ForgeryRow> header_forgeries();
std::span<const ForgeryRow> encoding_forgeries();
std::span<const ForgeryRow> signature_forgeries();
std::span<const ForgeryRow> claim_forgeries();
std::span<const ForgeryRow> claim_text_forgeries();
std::span<const ForgeryRow> time_forgeries();

// Signs what the draft has become, honestly.
Result<Bytes> signed_draft(const Draft& draft);
// Signs it with the attacker's key.
Result<Bytes> signed_by_stranger(const Draft& draft);
// The signature of the honest token, decoded, and what it signs.
struct SignedParts {
  std::string text;
  Bytes signature;
};
Result<SignedParts> honest_parts(const Draft& draft);

}  // namespace parley::crypto::jose
