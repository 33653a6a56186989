// SPDX-License-Identifier: GPL-3.0-or-later
// What a server does wrong with the keys that users leave with it: what it keeps of an upload, what
// it hands out, what it says is left. Sources: X3DH sections 3.2, 3.3 and 4.7; ENC-003, ENC-035 to
// ENC-037, ENC-042, ENC-047. Nothing is done without a fault.
#pragma once

#include <optional>
#include <string>

#include "harness/base/rng.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/prekeys.h"
#include "harness/xml/tree.h"

namespace parley::reference::whatsapp {

// What is kept of an upload where there are keys from before.
void keep_carelessly(KeyBundle& upload, const KeyBundle& before, const FaultSet& faults);

// Who has the keys, and asks for them.
struct Handing {
  bool owner_away = false;
  bool owner_native = false;
  const KeyBundle* of_asker = nullptr;  // null: none
};
// What is handed out in place of `bundle` with that one-time key. `rng` draws keys of the server's
// own.
void hand_out_carelessly(KeyBundle& bundle, std::optional<Prekey>& one_time, const Handing& handing,
                         const FaultSet& faults, Rng& rng);
// The same of the <user/> that it is written into.
void write_carelessly(xml::Element& user, const FaultSet& faults);

// When a client logs in that has left keys here, or has asked for others'.
void remember_carelessly(std::optional<KeyBundle>& bundle, KeyHistory& history,
                         const FaultSet& faults);

// How many one-time keys it says are left.
std::size_t count_carelessly(const KeyBundle& bundle, const KeyHistory& history,
                             const FaultSet& faults);
// What the digest is made of.
KeyBundle digest_carelessly(const KeyBundle& bundle, const KeyHistory& history,
                            const FaultSet& faults);

}  // namespace parley::reference::whatsapp
