// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/written_forms.h"

#include <algorithm>

namespace parley::reference::whatsapp {
namespace {

using wire::FormKind;

bool is_rare_jid(FormKind kind) {
  return kind == FormKind::ad_jid || kind == FormKind::fb_jid || kind == FormKind::jid_pair;
}

template <class Predicate>
bool any_value(const wire::Decoded& decoded, const wire::Tokens* tokens, Predicate is) {
  for (std::uint32_t i = 0; i < decoded.root.attributes.size(); ++i) {
    if (is(form_of_value(decoded, i, tokens))) {
      return true;
    }
  }
  return false;
}

}  // namespace

FormKind form_of_value(const wire::Decoded& decoded, std::uint32_t number,
                       const wire::Tokens* tokens) {
  const auto form = decoded.encoding.forms.find({{}, wire::Part::value, number});
  if (form != decoded.encoding.forms.end()) {
    return form->second.kind;
  }
  const auto& text = decoded.root.attributes[number].value;
  return wire::automatic_form(text, wire::Part::value, {.tokens = tokens}).kind;
}

bool is_packed(FormKind kind) { return kind == FormKind::nibble || kind == FormKind::hex; }

bool has_packed_value(const wire::Decoded& decoded, const wire::Tokens* tokens) {
  return any_value(decoded, tokens, is_packed);
}

bool has_rare_jid(const wire::Decoded& decoded, const wire::Tokens* tokens) {
  return any_value(decoded, tokens, is_rare_jid);
}

bool has_string_content(const wire::Decoded& decoded) {
  return std::ranges::any_of(decoded.encoding.forms, [](const auto& one) {
    return one.first.part == wire::Part::content &&
           (is_packed(one.second.kind) || is_rare_jid(one.second.kind));
  });
}

}  // namespace parley::reference::whatsapp
