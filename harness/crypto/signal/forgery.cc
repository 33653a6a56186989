// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/forgery.h"

#include <algorithm>
#include <utility>

#include "harness/base/text.h"
#include "harness/crypto/aes_cbc.h"
#include "harness/crypto/signal/forgery_table.h"

namespace parley::crypto::signal {
namespace {

const std::vector<ForgeryRow>& message_rows() {
  static const std::vector<ForgeryRow> rows = [] {
    std::vector<ForgeryRow> out;
    for (const auto table :
         {encoding_forgeries(), mac_forgeries(), ratchet_forgeries(), order_forgeries(),
          prekey_encoding_forgeries(), agreement_forgeries()}) {
      out.insert(out.end(), table.begin(), table.end());
    }
    return out;
  }();
  return rows;
}

template <class Rows>
auto* find_row(const Rows& rows, std::string_view name) {
  const auto at = std::ranges::find(rows, name, [](const auto& row) { return row.forgery.name; });
  return at == rows.end() ? nullptr : &*at;
}

std::unexpected<Error> no_such(std::string_view name) {
  if (const auto* other = find_forgery(name)) {
    return fail(Errc::unsupported, "forgery '" + std::string(name) + "' makes a " +
                                       std::string(to_string(other->kind)));
  }
  std::vector<std::string> known;
  for (const auto& forgery : forgeries()) {
    known.emplace_back(forgery.name);
  }
  return fail(Errc::not_found, unknown_name("forgery", name, known));
}

Bytes octets_of(std::string_view hex) { return from_hex(hex).value_or(Bytes()); }

}  // namespace

std::string_view to_string(ForgeryKind kind) {
  switch (kind) {
    case ForgeryKind::msg:
      return "msg";
    case ForgeryKind::pkmsg:
      return "pkmsg";
    case ForgeryKind::bundle:
      return "bundle";
  }
  return "";
}

std::span<const Forgery> forgeries() {
  static const std::vector<Forgery> list = [] {
    std::vector<Forgery> out;
    for (const auto& row : message_rows()) {
      out.push_back(row.forgery);
    }
    for (const auto& row : bundle_forgeries()) {
      out.push_back(row.forgery);
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

Result<Forged> forge(std::string_view name, const ForgeryInput& input) {
  const auto* row = find_row(message_rows(), name);
  if (row == nullptr) {
    return no_such(name);
  }
  if (row->forgery.kind == ForgeryKind::pkmsg && !input.session.pending) {
    return fail(Errc::malformed, "the session's first message was answered");
  }
  Draft draft{.input = input, .session = input.session, .rng = input.rng};
  return row->make(draft);
}

Result<PrekeyBundle> forge_bundle(std::string_view name, const BundleForgeryInput& input) {
  const auto* row = find_row(bundle_forgeries(), name);
  if (row == nullptr) {
    return no_such(name);
  }
  Rng rng = input.rng;
  return row->make(input, rng);
}

std::string honest_text(const ForgeryInput& input, std::size_t place) {
  return place < input.honest.size() ? input.honest[place] : "honest " + std::to_string(place);
}

Result<Opened> open_message(Session& session, std::string_view plaintext) {
  Session before = session;
  auto keys = take_sender_keys(before);
  auto message = draft_message(session, plaintext);
  if (!message) {
    return std::unexpected(message.error());
  }
  return Opened{.message = std::move(*message), .keys = std::move(keys)};
}

Forged forged_msg(const Draft& draft, Bytes octets) {
  return {.before = {},
          .message = {.kind = MessageKind::msg, .octets = std::move(octets)},
          .session = draft.input.session};
}

Forged forged_pkmsg(const Draft& draft, Bytes octets) {
  return {.before = {},
          .message = {.kind = MessageKind::pkmsg, .octets = std::move(octets)},
          .session = draft.input.session};
}

Bytes small_order_zero() { return Bytes(kX25519Octets, '\0'); }

Bytes small_order_one() { return "\x01" + Bytes(kX25519Octets - 1, '\0'); }

Bytes small_order_eight() {
  return octets_of("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
}

Bytes zero_plus_p() {
  return octets_of("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
}

Bytes base_point() { return "\x09" + Bytes(kX25519Octets - 1, '\0'); }

Bytes base_point_plus_p() {
  return octets_of("f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
}

void drop(std::vector<protobuf::Field>& fields, std::uint32_t number) {
  std::erase_if(fields, [&](const protobuf::Field& field) { return field.number == number; });
}

void replace(std::vector<protobuf::Field>& fields, const protobuf::Field& with) {
  for (auto& field : fields) {
    if (field.number == with.number) {
      field = with;
    }
  }
}

void put_before(std::vector<protobuf::Field>& fields, const protobuf::Field& with) {
  fields.insert(fields.begin(), with);
}

protobuf::Field& field_of(std::vector<protobuf::Field>& fields, std::uint32_t number) {
  return *std::ranges::find(fields, number, &protobuf::Field::number);
}

}  // namespace parley::crypto::signal
