// SPDX-License-Identifier: GPL-3.0-or-later
// Target: engine, keys as clients publish them and servers hand them out (key_publication.h).
// Input: one element whose texts are hex; what it is called says what it is read as. Oracles: what
// can be read is written and read again as the same, and is what stands there.
#include <cstdint>
#include <string_view>
#include <variant>

#include "fuzz/oracle.h"
#include "harness/base/encoding.h"
#include "harness/engine/key_publication.h"

namespace {

using namespace parley;
using namespace parley::engine;

// The texts as octets; what is no hex stays.
void decode(xml::Element& element) {
  for (auto& node : element.children) {
    if (auto* inner = std::get_if<xml::Element>(&node)) {
      decode(*inner);
    } else if (const auto octets = from_hex(std::get<std::string>(node))) {
      std::get<std::string>(node) = *octets;
    }
  }
}

void check_upload(const xml::Element& upload) {
  const auto read = read_publication(upload);
  const auto stated = stated_keys(upload);
  if (!read) {
    return;
  }
  PARLEY_ORACLE(stated_one_time(upload).size() == read->one_time.size());
  PARLEY_ORACLE(stated.identity == read->bundle.identity_key);
  xml::Element again{.ns = "", .name = "iq", .attributes = {}, .children = {}};
  write_publication(again, read->bundle, read->one_time);
  const auto reread = read_publication(again);
  PARLEY_ORACLE(reread && reread->bundle == read->bundle && reread->one_time == read->one_time);
  PARLEY_ORACLE(stated_keys(again) == stated);
}

void check_bundle(const xml::Element& user) {
  const auto read = read_bundle(user);
  if (!read) {
    return;
  }
  const auto again = bundle_element(user.get("jid"), *read);
  const auto reread = read_bundle(again);
  PARLEY_ORACLE(reread && *reread == *read);
  PARLEY_ORACLE(stated_keys(again) == stated_keys(user));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto element = xml::parse(text, "");
  if (!element) {
    return 0;
  }
  decode(*element);
  if (element->name == "iq") {
    check_upload(*element);
  } else if (element->name == "user") {
    check_bundle(*element);
  }
  return 0;
}
