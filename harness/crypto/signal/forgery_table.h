// SPDX-License-Identifier: GPL-3.0-or-later
// The rows behind forgery.h, by subject, and what their makers share. For the .cc files of this
// folder: to add a forgery, add a row to the table of its subject.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/protobuf_wire.h"
#include "harness/crypto/signal/forgery.h"

namespace parley::crypto::signal {

// What a row works on: a copy of the honest session and of the generator.
struct Draft {
  const ForgeryInput& input;
  Session session;
  Rng rng;
};

using Maker = Result<Forged> (*)(Draft& draft);
using BundleMaker = Result<PrekeyBundle> (*)(const BundleForgeryInput& input, Rng& rng);

struct ForgeryRow {
  Forgery forgery;
  Maker make;
};
struct BundleRow {
  Forgery forgery;
  BundleMaker make;
};

std::span<const ForgeryRow> encoding_forgeries();
std::span<const ForgeryRow> mac_forgeries();
std::span<const ForgeryRow> ratchet_forgeries();
std::span<const ForgeryRow> order_forgeries();
std::span<const ForgeryRow> prekey_encoding_forgeries();
std::span<const ForgeryRow> agreement_forgeries();
std::span<const BundleRow> bundle_forgeries();

// What the honest message of that place says.
std::string honest_text(const ForgeryInput& input, std::size_t place);

// A message opened up: what will be sealed, and its keys.
struct Opened {
  MessageDraft message;
  MessageKeys keys;
};
// The session's next; the chain moves on.
Result<Opened> open_message(Session& session, std::string_view plaintext);

// The honest session goes on where the input left it.
Forged forged_msg(const Draft& draft, Bytes octets);
Forged forged_pkmsg(const Draft& draft, Bytes octets);

// Points of small order and others with two names, as 32 octets. RFC 7748 section 5: the top bit is
// masked and values from p on are taken modulo p.
Bytes small_order_zero();   // u = 0, of order 4 on the curve
Bytes small_order_one();    // u = 1
Bytes small_order_eight();  // u of a point of order 8
Bytes zero_plus_p();        // another name of u = 0
Bytes base_point();         // u = 9
Bytes base_point_plus_p();  // another name of it

// Edits of fields.
void drop(std::vector<protobuf::Field>& fields, std::uint32_t number);
// In place; nothing happens where there is none of that number.
void replace(std::vector<protobuf::Field>& fields, const protobuf::Field& with);
void put_before(std::vector<protobuf::Field>& fields, const protobuf::Field& with);
protobuf::Field& field_of(std::vector<protobuf::Field>& fields, std::uint32_t number);

// A row whose maker opens the next message, bends it and seals it again. `Bend` is a function or a
// lambda without captures: (Opened&, Draft&) -> void.
template <auto Bend>
Result<Forged> bent(Draft& draft) {
  auto opened = open_message(draft.session, draft.input.plaintext);
  if (!opened) {
    return std::unexpected(opened.error());
  }
  Bend(*opened, draft);
  return forged_msg(draft, seal(opened->message));
}

// The same, bending the sealed octets: (Bytes&, const Opened&) -> void.
template <auto Bend>
Result<Forged> broken(Draft& draft) {
  auto opened = open_message(draft.session, draft.input.plaintext);
  if (!opened) {
    return std::unexpected(opened.error());
  }
  Bytes octets = seal(opened->message);
  Bend(octets, *opened);
  return forged_msg(draft, std::move(octets));
}

// The first message of a session just begun, its envelope bent: (PrekeyDraft&, Draft&) -> void.
template <auto Bend>
Result<Forged> surrounded(Draft& draft) {
  auto opened = open_message(draft.session, draft.input.plaintext);
  if (!opened) {
    return std::unexpected(opened.error());
  }
  auto outer = draft_prekey_message(draft.session, seal(opened->message));
  Bend(outer, draft);
  return forged_pkmsg(draft, write(outer));
}

// What the envelope surrounds bent: (Opened&, Draft&) -> void.
template <auto Bend>
Result<Forged> bent_within(Draft& draft) {
  auto opened = open_message(draft.session, draft.input.plaintext);
  if (!opened) {
    return std::unexpected(opened.error());
  }
  Bend(*opened, draft);
  return forged_pkmsg(draft, write(draft_prekey_message(draft.session, seal(opened->message))));
}

}  // namespace parley::crypto::signal
