// SPDX-License-Identifier: GPL-3.0-or-later
// What a user's client uploads so that others can begin a session with it, and the elements that
// carry it. Source: STZ-030, STZ-031, ENC-003; observed client behaviour. Nothing is proven here:
// what the keys are worth is the clients' affair. Pure functions: safe from any thread.
#pragma once

#include <deque>
#include <optional>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/reference/faults.h"
#include "harness/xml/tree.h"

namespace parley::reference::whatsapp {

struct Prekey {
  Bytes id;     // 3 octets, big-endian
  Bytes value;  // 32
};

struct KeyBundle {
  Bytes registration;  // 4 octets, big-endian
  Bytes type;          // 05
  Bytes identity;      // 32
  Prekey signed_key;
  Bytes signature;                // 64
  std::deque<Prekey> one_time{};  // those that nobody has been given
};

// Of `<iq type='set' xmlns='encrypt'>`. Errors: malformed, but for what `faults` take.
Result<KeyBundle> parse_upload(const xml::Element& iq, const FaultSet& faults);

// `into` gets registration, type, identity, `one_time` if there is one, and the signed key.
void write_bundle(xml::Element& into, const KeyBundle& bundle,
                  const std::optional<Prekey>& one_time);

// The children of an upload.
void write_upload(xml::Element& into, const KeyBundle& bundle);

// What a digest is about, for a client that compares it with what it has: SHA-1 over all of it.
xml::Element digest_of(const KeyBundle& bundle);

}  // namespace parley::reference::whatsapp
