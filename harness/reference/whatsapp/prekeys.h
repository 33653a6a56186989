// SPDX-License-Identifier: GPL-3.0-or-later
// What a user's client uploads so that others can begin a session with it, and the elements that
// carry it. Source: STZ-030, STZ-031, ENC-003, ENC-044; observed client behaviour. Pure functions:
// safe from any thread.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

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

// What became of a user's keys: more than a server needs, which has no fault.
struct KeyHistory {
  std::optional<KeyBundle> first{};              // as it was published first
  std::deque<Prekey> handed_out{};               // one-time keys
  std::map<std::string, std::size_t> fetches{};  // how often each has asked, by bare address
  bool recounts = false;                         // wg-count-anew-on-return
};

// Of `<iq type='set' xmlns='encrypt'>`. Errors, but for what `faults` take: malformed; refused for
// keys that nobody can begin a session with, and for one key twice.
Result<KeyBundle> parse_upload(const xml::Element& iq, const FaultSet& faults);

// `into` gets registration, type, identity, `one_time` if there is one, and the signed key.
void write_bundle(xml::Element& into, const KeyBundle& bundle,
                  const std::optional<Prekey>& one_time);

// The children of an upload.
void write_upload(xml::Element& into, const KeyBundle& bundle);

// What a digest is about, for a client that compares it with what it has: SHA-1 over all of it.
xml::Element digest_of(const KeyBundle& bundle);

}  // namespace parley::reference::whatsapp
