// SPDX-License-Identifier: GPL-3.0-or-later
// What the fragile parties of profile `whatsapp` (faults_fragile.h) do not live through: of a
// binary stanza with its flags. Pure.
#pragma once

#include "harness/base/encoding.h"

namespace parley::reference::whatsapp {

// Whether the name of its outermost node is packed, as digits or as hex.
bool has_packed_name(const Bytes& octets);

// Whether something in it looks like a list of 1000 items or more, which is longer than it is.
bool says_long_list(const Bytes& octets);

// Whether the first field of a protobuf message is a group, which nobody writes any more.
bool begins_with_group(const Bytes& octets);

}  // namespace parley::reference::whatsapp
