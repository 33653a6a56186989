// SPDX-License-Identifier: Apache-2.0
// The target around a vendor's parley_fuzz_parse(). Oracle: what it takes expat takes too, and both
// have read the same. One-sided: who refuses more is no worse for it.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fuzz/sdk/parley_fuzz.h"
#include "fuzz/sdk/tree.h"

namespace {

// The wording that `parley fuzz` reads: what differs is the defect, what stands there is not.
[[noreturn]] void disagree(const char* what, const std::string& ours, const std::string& theirs) {
  std::fprintf(stderr, "%s:%d: oracle broken: %s\n  your parser: %.300s\n  expat:       %.300s\n",
               __FILE__, __LINE__, what, ours.c_str(), theirs.c_str());
  std::abort();
}

const char* what_differs(const std::string& one, const std::string& other) {
  const char kind = one.empty() ? '\0' : one.front();
  if (other.empty() || kind != other.front()) {
    return "your parser and expat read different parts";
  }
  switch (kind) {
    case '<':
      return "your parser and expat read different names of an element";
    case '"':
      return "your parser and expat read different text";
    default:
      return "your parser and expat read different attributes";
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley_tree tree;
  const bool accepted = parley_fuzz_parse(data, size, &tree) == PARLEY_ACCEPTED;
  if (!accepted || tree.empty()) {
    return 0;
  }
  const std::string_view document(reinterpret_cast<const char*>(data), size);
  auto expat = parley::sdk::read_by_expat(document);
  if (!expat.comparable) {
    return 0;
  }
  if (!expat.accepted) {
    const auto what = "your parser accepts what expat refuses: " + expat.reason;
    disagree(what.c_str(), "accepted", expat.reason);
  }
  const auto& ours = tree.parts();
  const auto& theirs = expat.tree.parts();
  for (std::size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i) {
    const auto one = i < ours.size() ? ours[i] : "";
    const auto other = i < theirs.size() ? theirs[i] : "";
    if (one != other) {
      disagree(what_differs(one, other), one, other);
    }
  }
  return 0;
}
