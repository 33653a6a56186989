// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/client_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "harness/reference/whatsapp/address.h"
#include "harness/reference/whatsapp/lenient_reader.h"
#include "harness/reference/whatsapp/written_forms.h"
#include "harness/wire/binary_reader.h"
#include "harness/wire/deflate.h"
#include "harness/wire/jid.h"

namespace parley::reference::whatsapp {
namespace {

using wire::OddityKind;

constexpr std::size_t kBombOctets = 64 * 1024 * 1024;  // what a careless client still inflates

// What a strict reader does not take; nothing but its fault makes it do so.
constexpr std::array<std::pair<OddityKind, std::optional<Fault>>, 5> kRefused = {{
    {OddityKind::unknown_flags, Fault::wt_flags_unchecked},
    {OddityKind::trailing_octets, Fault::wt_accepts_trailing_octets},
    {OddityKind::not_utf8, Fault::wt_accepts_invalid_utf8},
    {OddityKind::duplicate_key, Fault::wt_accepts_duplicate_keys},
    {OddityKind::packed_inside, std::nullopt},
}};

// What every reader must take; its fault refuses it or misreads it, which comes to the same.
constexpr std::array<std::pair<OddityKind, Fault>, 6> kTaken = {{
    {OddityKind::compressed, Fault::wt_compressed_unread},
    {OddityKind::masked_bits, Fault::wt_masked_bits_counted},
    {OddityKind::literal_length, Fault::wt_long_length_unread},
    {OddityKind::list_size, Fault::wt_wide_list_unread},
    {OddityKind::empty_string, Fault::wt_empty_value_unread},
    {OddityKind::interop_tuple, Fault::wt_interop_tuple_unread},
}};

wire::ReadOptions options_under(const FaultSet& faults, const wire::Tokens* tokens) {
  wire::ReadOptions out{.tokens = tokens};
  if (faults.has(Fault::wt_depth_unbounded)) {
    out.limits.max_depth = wire::kDeepestStanza;  // what a tree's walkers can bear
  }
  if (faults.has(Fault::wt_children_unbounded)) {
    out.limits.max_nodes = out.limits.max_children = UINT16_MAX;
  }
  if (faults.has(Fault::wt_attributes_unbounded)) {
    out.limits.max_attributes = UINT16_MAX;
  }
  if (faults.has(Fault::wt_inflates_without_bound)) {
    out.limits.max_octets = out.limits.max_string_octets = out.limits.max_text_octets = kBombOctets;
  }
  if (faults.has(Fault::wt_accepts_unknown_token)) {
    out.unknown_token = wire::UnknownToken::shown;
  }
  if (faults.has(Fault::wt_interop_server_unread)) {
    out.interop_server = wire::InteropServer::never;
  }
  if (faults.has(Fault::wt_interop_server_demanded)) {
    out.interop_server = wire::InteropServer::always;
  }
  return out;
}

Result<void> check_oddities(const wire::Decoded& decoded, const FaultSet& faults) {
  for (const auto& [kind, fault] : kRefused) {
    if (decoded.has(kind) && !(fault && faults.has(*fault))) {
      return fail(Errc::malformed, std::string(wire::to_string(kind)));
    }
  }
  for (const auto& [kind, fault] : kTaken) {
    if (decoded.has(kind) && faults.has(fault)) {
      return fail(Errc::malformed, std::string(wire::to_string(kind)));
    }
  }
  return {};
}

Result<xml::Element> read_strictly(std::string_view plaintext, const FaultSet& faults,
                                   const wire::Tokens* tokens) {
  auto decoded = wire::decode(plaintext, options_under(faults, tokens));
  if (!decoded) {
    return std::unexpected(decoded.error());
  }
  if (decoded->oddities_beyond != 0 && !faults.has(Fault::wt_children_unbounded) &&
      !faults.has(Fault::wt_attributes_unbounded)) {
    return fail(Errc::malformed, "too many oddities");
  }
  if (auto checked = check_oddities(*decoded, faults); !checked) {
    return std::unexpected(checked.error());
  }
  if ((faults.has(Fault::wt_packed_unread) && has_packed_value(*decoded, tokens)) ||
      (faults.has(Fault::wt_rare_jids_unread) && has_rare_jid(*decoded, tokens)) ||
      (faults.has(Fault::wt_content_strings_unread) && has_string_content(*decoded))) {
    return fail(Errc::malformed, "a form that is not read here");
  }
  return std::move(decoded->root);
}

Leniency leniency_under(const FaultSet& faults) {
  return {.size_zero = faults.has(Fault::wt_accepts_empty_list),
          .empty_tag = faults.has(Fault::wt_accepts_empty_name),
          .missing_content = faults.has(Fault::wt_accepts_missing_content),
          .length_beyond = faults.has(Fault::wt_accepts_overlong_length),
          .bad_nibble = faults.has(Fault::wt_accepts_invalid_nibble),
          .unknown_tag = faults.has(Fault::wt_accepts_unknown_tag),
          .other_server = faults.has(Fault::wt_accepts_other_interop_server),
          .partial = faults.has(Fault::wt_acts_on_partial)};
}

Result<xml::Element> read_carelessly(std::string_view plaintext, const Leniency& leniency) {
  const bool deflated = (static_cast<std::uint8_t>(plaintext[0]) & wire::kCompressedFlag) != 0;
  plaintext.remove_prefix(1);
  if (!deflated) {
    return read_leniently(plaintext, leniency);
  }
  const auto inflated = wire::inflate(plaintext, wire::BinaryLimits{}.max_octets);
  if (!inflated) {
    return std::unexpected(inflated.error());
  }
  return read_leniently(inflated->octets, leniency);
}

// A number without sign, without leading zeros, from `least` to `most`.
bool is_number_within(std::string_view text, unsigned least, unsigned most) {
  unsigned value = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  return !text.empty() && error == std::errc() && stopped == end && value >= least &&
         value <= most && text[0] != '0';
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

Result<xml::Element> read_stanza(std::string_view plaintext, const FaultSet& faults,
                                 const wire::Tokens* tokens) {
  auto strict = read_strictly(plaintext, faults, tokens);
  if (!strict && !plaintext.empty() && faults.has(Fault::wt_accepts_broken_deflate)) {
    strict = read_strictly(std::string(1, '\0') + inflate_carelessly(plaintext.substr(1)), faults,
                           tokens);
  }
  const Leniency leniency = leniency_under(faults);
  if (strict || plaintext.empty() || !leniency.any()) {
    return strict;
  }
  return read_carelessly(plaintext, leniency);
}

bool is_user_jid(std::string_view text, const Dialect& dialect) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) {
    return false;
  }
  auto user = text.substr(0, at);
  const auto server = text.substr(at + 1);
  if (server != wire::kInteropServer && server != dialect.native_server) {
    const bool foreign = server == kWhatsAppDialect.native_server;
    return !user.empty() && wire::is_jid_server(server) && !foreign;
  }
  if (const auto colon = user.find(':'); colon != std::string_view::npos) {
    if (!is_number_within(user.substr(colon + 1), 1, UINT16_MAX)) {
      return false;
    }
    user = user.substr(0, colon);
  }
  if (server == dialect.native_server) {
    return is_digits(user);
  }
  const auto dash = user.find('-');
  return dash != std::string_view::npos && is_number_within(user.substr(0, dash), 1, 999) &&
         is_digits(user.substr(dash + 1));
}

}  // namespace parley::reference::whatsapp
