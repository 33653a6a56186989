// SPDX-License-Identifier: GPL-3.0-or-later
// Target: xml::StreamReader beside expat and libxml2. Input: the octets of a stream.
// Oracle: the one-sided exact one of oracles/xml_agreement.h.
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "fuzz/oracle.h"
#include "fuzz/oracles/xml_agreement.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  if (size > xml::Limits{}.max_stanza_octets) {
    return 0;  // expat has no limit of its own
  }
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto read = [](std::string_view stream) { return xml::StreamReader().feed(stream); };
  const auto disagreement = fuzz::xml_disagreement(octets, read);
  if (disagreement) {
    std::fprintf(stderr, "%s\n", disagreement->c_str());
  }
  PARLEY_ORACLE(!disagreement);
  return 0;
}
