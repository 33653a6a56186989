// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/decoder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "harness/reference/whatsapp/lenient_reader.h"
#include "harness/reference/whatsapp/written_forms.h"
#include "harness/wire/binary_reader.h"
#include "harness/wire/deflate.h"

namespace parley::reference::whatsapp {
namespace {

using wire::OddityKind;

constexpr std::size_t kUnbounded = 64 * 1024 * 1024;  // what the machine survives
constexpr std::size_t kAnyDepth = 500;
constexpr std::size_t kAnyAttributes = 10'000;

Leniency leniency_of(const FaultSet& faults) {
  return {.size_zero = faults.has(Fault::wg_accepts_list_size_zero),
          .empty_tag = faults.has(Fault::wg_accepts_empty_tag),
          .missing_content = faults.has(Fault::wg_accepts_missing_content),
          .length_beyond = faults.has(Fault::wg_accepts_length_beyond),
          .bad_nibble = faults.has(Fault::wg_accepts_bad_nibble),
          .unknown_tag = faults.has(Fault::wg_accepts_unknown_tag),
          .other_server = faults.has(Fault::wg_accepts_other_interop_server),
          .partial = faults.has(Fault::wg_acts_on_partial)};
}

wire::ReadOptions options_of(const FaultSet& faults, const wire::Tokens* tokens) {
  wire::ReadOptions out{.tokens = tokens};
  out.limits.max_octets = kMaxStanzaOctets;
  if (faults.has(Fault::wg_inflates_without_bound)) {
    out.limits.max_octets = out.limits.max_string_octets = out.limits.max_text_octets = kUnbounded;
  }
  if (faults.has(Fault::wg_accepts_any_depth)) {
    out.limits.max_depth = kAnyDepth;
  }
  if (faults.has(Fault::wg_accepts_any_attributes)) {
    out.limits.max_attributes = kAnyAttributes;
  }
  if (faults.has(Fault::wg_accepts_any_children)) {
    out.limits.max_children = out.limits.max_nodes = UINT16_MAX;
  }
  if (faults.has(Fault::wg_accepts_unknown_token)) {
    out.unknown_token = wire::UnknownToken::shown;
  }
  return out;
}

// Whether a stanza with this oddity is acted on.
bool is_taken(OddityKind kind, const FaultSet& faults) {
  switch (kind) {
    case OddityKind::unknown_flags:
      return faults.has(Fault::wg_accepts_unknown_flags);
    case OddityKind::trailing_octets:
      return faults.has(Fault::wg_accepts_trailing_octets);
    case OddityKind::not_utf8:
      return faults.has(Fault::wg_accepts_bad_utf8);
    case OddityKind::duplicate_key:
      return faults.has(Fault::wg_accepts_duplicate_keys);
    case OddityKind::packed_inside:
      return false;  // no text holds a NUL
    case OddityKind::compressed:
      return !faults.has(Fault::wg_refuses_deflated);
    case OddityKind::masked_bits:
      return !faults.has(Fault::wg_refuses_masked_bits);
    case OddityKind::interop_server:
      return !faults.has(Fault::wg_refuses_interop_with_server);
    case OddityKind::interop_bare:
      return !faults.has(Fault::wg_refuses_interop_bare);
    case OddityKind::interop_tuple:
      return !faults.has(Fault::wg_refuses_interop_tuple);
    case OddityKind::list_size:
      return !faults.has(Fault::wg_refuses_wide_list);
    case OddityKind::literal_length:
      return !faults.has(Fault::wg_refuses_long_length);
    case OddityKind::empty_string:
      return !faults.has(Fault::wg_refuses_empty_value);
    case OddityKind::literal_has_token:
    case OddityKind::unknown_token:
    case OddityKind::packed_filler:
    case OddityKind::packed_empty:
    case OddityKind::packed_long:
      return true;
  }
  return false;
}

std::optional<OddityKind> first_not_taken(const wire::Decoded& decoded, const FaultSet& faults) {
  const auto found = std::ranges::find_if(
      decoded.oddities, [&](const auto& oddity) { return !is_taken(oddity.kind, faults); });
  return found == decoded.oddities.end() ? std::nullopt : std::optional(found->kind);
}

// Whether a form is there that a fault does not read.
bool has_unread_form(const wire::Decoded& decoded, const FaultSet& faults,
                     const wire::Tokens* tokens) {
  return (faults.has(Fault::wg_refuses_packed) && has_packed_value(decoded, tokens)) ||
         (faults.has(Fault::wg_refuses_rare_jids) && has_rare_jid(decoded, tokens)) ||
         (faults.has(Fault::wg_refuses_content_strings) && has_string_content(decoded));
}

// wg-odd-flag-ignored: the half octet that the flag drops stays, in the root's attributes.
void keep_dropped_halves(wire::Decoded& decoded, const wire::Tokens* tokens) {
  for (std::uint32_t i = 0; i < decoded.root.attributes.size(); ++i) {
    std::string& value = decoded.root.attributes[i].value;
    if (is_packed(form_of_value(decoded, i, tokens)) && value.size() % 2 != 0) {
      value += '0';
    }
  }
}

Result<xml::Element> forgive(std::string_view octets, const Leniency& leniency, Error refusal) {
  const bool deflated =
      !octets.empty() && (static_cast<std::uint8_t>(octets.front()) & wire::kCompressedFlag) != 0;
  if (octets.empty() || !leniency.any()) {
    return std::unexpected(std::move(refusal));
  }
  if (!deflated) {
    return read_leniently(octets.substr(1), leniency);
  }
  const auto inflated = wire::inflate(octets.substr(1), kMaxStanzaOctets);
  return inflated ? read_leniently(inflated->octets, leniency)
                  : Result<xml::Element>(std::unexpected(inflated.error()));
}

}  // namespace

Result<xml::Element> decode_stanza(std::string_view octets, const FaultSet& faults,
                                   const wire::Tokens* tokens) {
  Bytes plain;
  if (faults.has(Fault::wg_ignores_flags) && !octets.empty()) {
    plain = Bytes(1, '\0') + Bytes(octets.substr(1));
    octets = plain;
  }
  auto decoded = wire::decode(octets, options_of(faults, tokens));
  if (!decoded && faults.has(Fault::wg_accepts_broken_deflate)) {
    plain =
        Bytes(1, '\0') + inflate_carelessly(octets.substr(std::min<std::size_t>(1, octets.size())));
    decoded = wire::decode(plain, options_of(faults, tokens));
  }
  if (!decoded) {
    return forgive(octets, leniency_of(faults), std::move(decoded.error()));
  }
  // Beyond what is recorded there may be any oddity.
  if (decoded->oddities_beyond != 0) {
    return fail(Errc::too_large, "more oddities than the limit");
  }
  if (const auto kind = first_not_taken(*decoded, faults)) {
    Error refusal{.code = Errc::malformed, .detail = std::string(wire::to_string(*kind))};
    // What was misread may be read otherwise where a check is lacking.
    return *kind == OddityKind::trailing_octets
               ? forgive(octets, leniency_of(faults), std::move(refusal))
               : std::unexpected(std::move(refusal));
  }
  if (has_unread_form(*decoded, faults, tokens)) {
    return fail(Errc::malformed, "a form that is not read here");
  }
  if (faults.has(Fault::wg_odd_flag_ignored)) {
    keep_dropped_halves(*decoded, tokens);
  }
  return std::move(decoded->root);
}

}  // namespace parley::reference::whatsapp
