// SPDX-License-Identifier: GPL-3.0-or-later
// What a client checks of other people's keys before it does anything with them. Sources: X3DH
// section 3.3, XEdDSA section 3, RFC 7748 section 6.1; ENC-001, ENC-002, ENC-026, ENC-028. Pure
// functions: safe from any thread.
#pragma once

#include <string_view>

#include "harness/crypto/signal/types.h"
#include "harness/reference/faults.h"
#include "harness/xml/tree.h"

namespace parley::reference::whatsapp {

// A prekey bundle from the children of `<user/>`: registration, type, identity, skey and, perhaps,
// key. Refused: encoding for what is missing or has another length, key, signature.
crypto::signal::Outcome<crypto::signal::PrekeyBundle> read_bundle(const xml::Element& user,
                                                                  const FaultSet& faults);

// The keys that a message brings along. A message that cannot be read has none: whoever decrypts
// it says what is wrong with it. Refused: key.
crypto::signal::Outcome<void> check_keys(const crypto::signal::Message& message,
                                         const FaultSet& faults);

}  // namespace parley::reference::whatsapp
