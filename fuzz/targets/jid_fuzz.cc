// SPDX-License-Identifier: GPL-3.0-or-later
// Target: wire::parse_jid. Input: the text of an address.
// Oracle: what parses prints to the same text, with any bound on devices, and parses to the same.
#include <cstdint>
#include <string_view>

#include "fuzz/oracle.h"
#include "harness/wire/jid.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley::wire;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::uint16_t max_device :
       {std::uint16_t{0}, std::uint16_t{99}, std::uint16_t{UINT16_MAX}}) {
    const auto jid = parse_jid(text, max_device);
    PARLEY_ORACLE(jid.has_value() == (text.contains('@') && !text.ends_with('@')));
    if (!jid) {
      continue;
    }
    PARLEY_ORACLE(jid->device <= max_device && !jid->server.empty());
    PARLEY_ORACLE(to_string(*jid) == text);
    PARLEY_ORACLE(parse_jid(to_string(*jid), max_device) == *jid);
    PARLEY_ORACLE(jid->integrator.has_value() <= (jid->server == kInteropServer));
  }
  return 0;
}
