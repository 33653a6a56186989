// SPDX-License-Identifier: GPL-3.0-or-later
// Target: crypto::jose::read_jwks and lint_jwks. Input: the text of a published key set.
// Oracles: a set that was read is written to what reads the same; what the lint says of the set as
// a whole and what the reader refuses are the same sets; of a set in which the lint finds nothing
// no key is passed over, and cjose or OpenSSL takes each; what is said of a set holds nothing of a
// secret in it.
// What it takes of the heap is bounded by the size of the input (fuzz/heap_bound.h).
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "fuzz/oracles/secrets.h"
#include "harness/crypto/jose/jwks_lint.h"
#include "harness/crypto/jose/key_ring.h"

namespace {

using namespace parley;
using namespace parley::crypto::jose;

// About twice what any input was seen to take.
constexpr fuzz::HeapBound kBound{
    .octets = 8'192, .octets_each = 100, .allocations = 300, .allocations_each = 3};

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

// What stands nowhere but in a member that is secret (RFC 7518 section 6.2.2, 6.3.2, 6.4.1).
std::vector<std::string> secrets_in(std::string_view text) {
  std::vector<std::string> out;
  const auto json = read_json(text);
  const auto* keys = json ? json->find("keys") : nullptr;
  if (keys == nullptr || keys->array() == nullptr) {
    return out;
  }
  for (const auto& key : *keys->array()) {
    for (const auto* name : {"d", "p", "q", "dp", "dq", "qi", "k"}) {
      const auto* value = key.find(name);
      const auto* secret = value == nullptr ? nullptr : value->text();
      const auto place = secret == nullptr ? std::string_view::npos : text.find(*secret);
      if (place != std::string_view::npos && place == text.rfind(*secret)) {
        out.push_back(*secret);
      }
    }
  }
  return out;
}

void check_said(std::string_view text, const std::vector<JwksFinding>& findings,
                const Result<Jwks>& set) {
  for (const auto& secret : secrets_in(text)) {
    for (const auto& finding : findings) {
      PARLEY_ORACLE(!fuzz::says(finding.member + " " + finding.detail, secret));
    }
    PARLEY_ORACLE(set || !fuzz::says(set.error().detail, secret));
    for (const auto& passed : set ? set->passed_over : decltype(set->passed_over)()) {
      PARLEY_ORACLE(!fuzz::says(passed.why, secret));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto findings = lint_jwks(text);
  PARLEY_ORACLE(lint_jwks(text) == findings);
  const auto set = fuzz::bounded(kBound, text.size(), [&] { return read_jwks(text); });
  PARLEY_ORACLE(set.has_value() == std::ranges::none_of(findings, is_unreadable));
  check_said(text, findings, set);
  if (set) {
    check_read(*set, findings);
  }
  return 0;
}
