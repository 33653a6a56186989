// SPDX-License-Identifier: GPL-3.0-or-later
// A stream as expat sees it, given whole and followed by the shortest handlers that can be: what
// xml::StreamReader is held against. Source: RFC 6120 sections 4 and 11.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/xml/reader.h"

namespace parley::fuzz {

struct ExpatView {
  enum class End {
    open,        // all is well as far as the octets go
    closed,      // the root element ended; what follows is not looked at
    malformed,   // expat says so
    restricted,  // well-formed, but RFC 6120 forbids it
    limited,     // beyond `limits`
  };
  End end = End::open;
  std::string reason;
  std::size_t at = 0;  // where it is malformed
  std::optional<xml::Element> header;
  std::vector<xml::Element> stanzas;  // the first-level children that are complete
  std::string header_name;            // as it is written, prefix and all
  std::size_t after_last = 0;         // where the header, or the last complete stanza, ends
};

ExpatView view_by_expat(std::string_view octets, const xml::Limits& limits);

}  // namespace parley::fuzz
