// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the binary stanza form as a careless peer might: each member of Leniency is one check that
// it lacks, all others it has. Only for stanzas that the strict reader refused, under a fault.
// Source: STZ-001, STZ-003 to STZ-005, STZ-006, STZ-010, STZ-020. Pure functions: safe from any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/xml/tree.h"

namespace parley::reference::whatsapp {

struct Leniency {
  bool size_zero = false;        // a node of size 0 is no node
  bool empty_tag = false;        // a name may be empty
  bool missing_content = false;  // the size promises content that does not come
  bool length_beyond = false;    // a length ends where the stanza does
  bool bad_nibble = false;       // 12 to 14 are read as '0'
  bool unknown_tag = false;      // an octet that begins nothing is read as "?"
  bool other_server = false;     // the server that a JID's form names may be any
  bool partial = false;          // what came before the end counts

  bool any() const;
};

// `body` is what follows the flags octet, inflated. An element without a name is a node of size 0.
// Errors: truncated, malformed, too_large.
Result<xml::Element> read_leniently(std::string_view body, const Leniency& leniency);

// What the stored blocks at the beginning of a zlib stream hold: the checksum is not looked at.
std::string inflate_carelessly(std::string_view octets);

}  // namespace parley::reference::whatsapp
