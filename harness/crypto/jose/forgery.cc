// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/forgery.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "harness/base/text.h"
#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/forgery_table.h"
#include "harness/crypto/jose/signature.h"

namespace parley::crypto::jose {
namespace {

// Header and claims of the honest side are ours: only their shape is asked for.
Result<Json> object_of(std::string_view text, std::string_view what) {
  auto json = read_json(text, {.max_octets = std::size_t{1} << 26U}, Repeats::kept);
  if (!json || json->object() == nullptr) {
    return fail(Errc::malformed, std::string(what) + " is no JSON object");
  }
  return std::move(*json);
}

Result<Draft> draft_of(const ForgeryInput& input, std::string_view argument) {
  auto header = object_of(input.header, "the header");
  if (!header) {
    return std::unexpected(header.error());
  }
  auto claims = object_of(input.claims, "the claims");
  if (!claims) {
    return std::unexpected(claims.error());
  }
  return Draft{.header = std::move(*header),
               .claims = std::move(*claims),
               .input = input,
               .argument = argument};
}

void apply(const Json& edit, Json& target) {
  for (const auto& [name, value] : *edit.object()) {
    if (std::holds_alternative<std::monostate>(value.value)) {
      remove_member(target, name);
    } else {
      set_member(target, name, value);
    }
  }
}

std::vector<const ForgeryRow*> all_rows() {
  std::vector<const ForgeryRow*> out;
  for (const auto table : {header_forgeries(), encoding_forgeries(), signature_forgeries(),
                           claim_forgeries(), claim_text_forgeries(), time_forgeries()}) {
    for (const auto& row : table) {
      out.push_back(&row);
    }
  }
  return out;
}

const ForgeryRow* find_row(std::string_view name) {
  const auto rows = all_rows();
  const auto at =
      std::ranges::find(rows, name, [](const ForgeryRow* row) { return row->forgery.name; });
  return at == rows.end() ? nullptr : *at;
}

}  // namespace

std::span<const Forgery> forgeries() {
  static const std::vector<Forgery> list = [] {
    std::vector<Forgery> out;
    for (const auto* row : all_rows()) {
      out.push_back(row->forgery);
    }
    return out;
  }();
  return list;
}

const Forgery* find_forgery(std::string_view name) {
  const auto list = forgeries();
  const auto at = std::ranges::find(list, name, &Forgery::name);
  return at == list.end() ? nullptr : &*at;
}

Result<Bytes> forge(std::string_view name, const ForgeryInput& input) {
  const auto* row = find_row(name);
  if (row == nullptr) {
    std::vector<std::string> known;
    for (const auto& forgery : forgeries()) {
      known.emplace_back(forgery.name);
    }
    return fail(Errc::not_found, unknown_name("forgery", name, known));
  }
  auto draft = draft_of(input, row->argument);
  return draft ? row->make(std::move(*draft)) : std::unexpected(draft.error());
}

Result<Bytes> sign_edited(const ForgeryInput& input, const TokenEdit& edit) {
  auto draft = draft_of(input, "");
  const auto header = object_of(edit.header, "the header's edit");
  const auto claims = object_of(edit.claims, "the claims' edit");
  if (!draft) {
    return std::unexpected(draft.error());
  }
  if (!header) {
    return std::unexpected(header.error());
  }
  if (!claims) {
    return std::unexpected(claims.error());
  }
  apply(*header, draft->header);
  apply(*claims, draft->claims);
  return signed_draft(*draft);
}

Result<Bytes> signed_draft(const Draft& draft) {
  return sign_honestly(write_json(draft.header), write_json(draft.claims), draft.input.signer);
}

Result<Bytes> signed_by_stranger(const Draft& draft) {
  return sign_honestly(write_json(draft.header), write_json(draft.claims), draft.input.stranger);
}

Result<SignedParts> honest_parts(const Draft& draft) {
  const auto token = signed_draft(draft);
  if (!token) {
    return std::unexpected(token.error());
  }
  const auto dot = token->rfind('.');
  return SignedParts{.text = token->substr(0, dot),
                     .signature = from_base64url(token->substr(dot + 1)).value_or("")};
}

}  // namespace parley::crypto::jose
