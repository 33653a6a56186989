// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the binary stanza form as a careless peer might: each member of Leniency is one check that
// it lacks, all others it has. Only for stanzas that the strict reader refused, under a fault.
// Source: STZ-003, STZ-005, STZ-006, STZ-010, STZ-020. Pure functions: safe from any thread.
#pragma once

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
  bool other_server = false;     // an interop JID's server string may be any
  bool partial = false;          // what came before the end counts

  bool any() const;
};

// `body` is what follows the flags octet, inflated. An element without a name is a node of size 0.
// Errors: truncated, malformed, too_large.
Result<xml::Element> read_leniently(std::string_view body, const Leniency& leniency);

}  // namespace parley::reference::whatsapp
