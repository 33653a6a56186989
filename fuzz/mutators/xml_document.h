// SPDX-License-Identifier: Apache-2.0
// Well-formed documents on purpose: to find readers that accept the same octets and see different
// trees, most inputs must be acceptable.
#pragma once

#include <string>

#include "fuzz/mutators/random.h"

namespace parley::mutators::xml {

// An element with attributes, namespaces, references, CDATA and children, well-formed and with
// every prefix bound. `depth`: levels below it at most.
std::string some_element(Random& random, std::size_t depth);

// A message, presence or iq with the attributes and children that RFC 6120 and 6121 give it.
std::string some_stanza(Random& random);

// A stream header, some stanzas and, half of the time, the end of the stream.
std::string some_stream(Random& random);

// A whole document: declaration, document type, comments and instructions as XML allows them.
std::string some_document(Random& random);

// Another encoding of the same characters: UTF-16 or UTF-32 of either order, with or without its
// mark, or ISO 8859-1 declared. What is no UTF-8 is taken octet by octet.
std::string in_another_encoding(std::string_view text, Random& random);

}  // namespace parley::mutators::xml
