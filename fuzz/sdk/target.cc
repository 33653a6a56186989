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

constexpr std::size_t kShown = 64;  // octets of a part

// The octets around `at`, which keep to one line: parley_fuzz.h says how they read.
std::string shown(const std::string& part, std::size_t at) {
  if (part.empty()) {
    return "nothing more";
  }
  const auto from = at > kShown / 2 ? at - kShown / 2 : 0;
  std::string out = from > 0 ? "..." : "";
  for (const unsigned char one : part.substr(from, kShown)) {
    char code[5] = {static_cast<char>(one)};
    if (one < ' ' || one == 0x7f || one == '\\') {
      std::snprintf(code, sizeof code, "\\x%02X", static_cast<unsigned>(one));
    }
    out += code;
  }
  return out + (part.size() - from > kShown ? "..." : "");
}

// The wording that `parley fuzz` reads: what differs is the defect, what stands there is not.
[[noreturn]] void disagree(const char* what, const std::string& ours, const std::string& theirs) {
  const auto at = static_cast<std::size_t>(
      std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end()).first - ours.begin());
  std::fprintf(stderr, "%s:%d: oracle broken: %s\n  your parser: %s\n  expat:       %s\n", __FILE__,
               __LINE__, what, shown(ours, at).c_str(), shown(theirs, at).c_str());
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
