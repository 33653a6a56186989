// SPDX-License-Identifier: GPL-3.0-or-later
// What can be read of a sealed message without its keys. Source: crypto/signal/message.h. Pure.
#pragma once

#include <optional>

#include "harness/crypto/signal/types.h"
#include "harness/xml/tree.h"

namespace parley::engine {

// As the attribute `type` of <enc/> says; null for any other.
std::optional<crypto::signal::MessageKind> kind_of(const xml::Element& enc);
// The SignalMessage that the message is or holds; empty where it cannot be read.
Bytes inner_of(const crypto::signal::Message& message);
// Sets `version`, `sealed` (the octets in hex), `ratchet-key`, `counter`, `previous-counter` and,
// of a first message, `prekey-id`, `signed-prekey-id`, `registration`, `base-key` and `identity`,
// as far as they can be read.
void describe_sealed(xml::Element& enc, const Bytes& octets);

// A view is what describe_sealed() sets, with `padding`, `content`, `again`, `unopened`, what
// it says of a file and the text. Erases all of it: what a peer says of its own message is no view.
void erase_view(xml::Element& enc);
// In place of what `enc` has of it.
void copy_view(const xml::Element& from, xml::Element& enc);

}  // namespace parley::engine
