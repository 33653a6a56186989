// SPDX-License-Identifier: GPL-3.0-or-later
// Target: xml::StreamReader, cut in two at every octet and fed octet by octet. Input: the octets of
// a stream. Oracle: the same items wherever it is cut; of long inputs at some places
// (oracles/split_test.cc does all of the corpora).
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/oracle.h"
#include "fuzz/oracles/split.h"
#include "harness/xml/reader.h"

namespace {

using namespace parley;
using namespace parley::xml;

std::string shown(const Item& item) {
  if (const auto* opened = std::get_if<StreamOpened>(&item)) {
    return "opened " + opened->content_ns + " " + print(opened->element);
  }
  if (const auto* stanza = std::get_if<Stanza>(&item)) {
    return "stanza " + print(stanza->element) + " from " + stanza->raw;
  }
  if (const auto* refused = std::get_if<Refused>(&item)) {
    return "refused " + refused->condition + " at " + std::to_string(refused->offset);
  }
  return "closed";
}

std::vector<std::string> read_pieces(const std::vector<std::string_view>& pieces) {
  StreamReader reader;
  std::vector<std::string> out;
  for (const auto piece : pieces) {
    for (const auto& item : reader.feed(piece)) {
      out.push_back(shown(item));
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostPlaces = 24;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  PARLEY_ORACLE(!fuzz::differing_split(octets, read_pieces, size > 120 ? kMostPlaces : 0));
  return 0;
}
