// SPDX-License-Identifier: GPL-3.0-or-later
// Which keys of a published set a gatekeeper takes (IDP-028): those that are whole, public, strong
// enough, meant for signatures and alone under their name. Sources: RFC 7517 sections 4, 5 and 9;
// RFC 7518 section 3.3; RFC 8725 sections 3.4 and 3.5. Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/crypto/jose/key.h"
#include "harness/reference/faults.h"

namespace parley::reference::whatsapp {

inline constexpr std::size_t kMaxKeySetOctets = std::size_t{256} << 10U;

// A key that is wrong costs no other key its place (RFC 7517 section 5); a set of which no key is
// left is none the less a set. `text` may be any octets.
// Errors: not_found for a set that lists nothing; malformed for what is no set; too_large.
Result<std::vector<crypto::jose::PublicKey>> trusted_keys(const std::string& text,
                                                          const FaultSet& faults);

}  // namespace parley::reference::whatsapp
