// SPDX-License-Identifier: GPL-3.0-or-later
// Target: crypto::jose::read_jwks and lint_jwks. Input: the text of a published key set.
// Oracles: a set that was read is written to what reads the same; what the lint says of the set as
// a whole and what the reader refuses are the same sets; of a set in which the lint finds nothing
// no key is passed over, and cjose or OpenSSL takes each.
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "fuzz/oracle.h"
#include "harness/crypto/jose/jwks_lint.h"
#include "harness/crypto/jose/key_ring.h"

namespace {

using namespace parley;
using namespace parley::crypto::jose;

bool is_unreadable(const JwksFinding& finding) {
  return !finding.key && finding.defect != Defect::empty_set;
}

void check_read(const Jwks& set, const std::vector<JwksFinding>& findings) {
  const auto again = read_jwks(write_jwks(set.keys));
  PARLEY_ORACLE(again && again->keys == set.keys && again->passed_over.empty());
  for (const auto& key : set.keys) {
    PARLEY_ORACLE(check(key));
    PARLEY_ORACLE(thumbprint(key).size() == 43);
  }
  for (const auto& passed : set.passed_over) {
    // Whatever the reader passes over the lint has something to say about.
    PARLEY_ORACLE(std::ranges::any_of(
        findings, [&](const JwksFinding& finding) { return finding.key == passed.index; }));
  }
  if (findings.empty()) {
    PARLEY_ORACLE(KeyRing::make(set.keys));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto findings = lint_jwks(text);
  PARLEY_ORACLE(lint_jwks(text) == findings);
  const auto set = read_jwks(text);
  PARLEY_ORACLE(set.has_value() == std::ranges::none_of(findings, is_unreadable));
  if (set) {
    check_read(*set, findings);
  }
  return 0;
}
