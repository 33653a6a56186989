// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/bucket.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace parley::fuzz {
namespace {

Trace trace_of(Kind kind, std::string what, const std::vector<std::string>& functions) {
  Trace out{.kind = kind, .what = std::move(what), .frames = {}};
  for (const auto& function : functions) {
    out.frames.push_back({.function = function, .place = "/src/a.cc:1:2"});
  }
  return out;
}

std::vector<std::string> repeated(const std::vector<std::string>& circle, int times) {
  std::vector<std::string> out;
  for (int i = 0; i < times; ++i) {
    out.insert(out.end(), circle.begin(), circle.end());
  }
  return out;
}

struct Pair {
  const char* name;
  Trace a;
  Trace b;
  bool same;
};

class SameDefect : public testing::TestWithParam<Pair> {};

TEST_P(SameDefect, BothWays) {
  const auto a = crash_state(GetParam().a);
  const auto b = crash_state(GetParam().b);
  EXPECT_EQ(same_defect(a, b).has_value(), GetParam().same) << to_line(a) << " / " << to_line(b);
  EXPECT_EQ(same_defect(b, a).has_value(), GetParam().same);
}

const auto kSanitizer = Kind::sanitizer;

INSTANTIATE_TEST_SUITE_P(
    All, SameDefect,
    testing::Values(
        Pair{"EqualButForLines", trace_of(kSanitizer, "SEGV, READ", {"a(int)", "b", "c"}),
             trace_of(kSanitizer, "SEGV, READ", {"a(int)", "b", "c"}), true},
        Pair{"CalledBySomebodyElse", trace_of(kSanitizer, "SEGV, READ", {"a", "b", "c"}),
             trace_of(kSanitizer, "SEGV, READ", {"a", "b", "d"}), true},
        // ClusterFuzz joins these two by the frames that they share, whatever it is that happened.
        Pair{"AnotherInnermost", trace_of(kSanitizer, "SEGV, READ", {"x", "parse", "feed"}),
             trace_of(kSanitizer, "SEGV, READ", {"y", "parse", "feed"}), false},
        Pair{"CopyThatAllCall", trace_of(kSanitizer, "SEGV, READ", {"copy", "a", "b"}),
             trace_of(kSanitizer, "SEGV, READ", {"copy", "c", "d"}), false},
        Pair{"CopyBehindLibc",
             trace_of(kSanitizer, "SEGV, READ",
                      {"__interceptor_memcpy", "std::string::f()", "a", "b"}),
             trace_of(kSanitizer, "SEGV, READ", {"memmove", "a", "b"}), true},
        Pair{"ReadAndWrite", trace_of(kSanitizer, "SEGV, READ", {"a", "b", "c"}),
             trace_of(kSanitizer, "SEGV, WRITE", {"a", "b", "c"}), false},
        Pair{"OtherNumbers", trace_of(kSanitizer, "index 7 out of bounds", {"a", "b"}),
             trace_of(kSanitizer, "index 12 out of bounds", {"a", "b"}), true},
        Pair{"OtherTemplates", trace_of(kSanitizer, "SEGV", {"a<int>(x)", "b"}),
             trace_of(kSanitizer, "SEGV", {"a<char>(y)", "b"}), true},
        // A stack that is cut at 256 frames ends anywhere in the circle.
        Pair{"RecursionCutElsewhere",
             trace_of(kSanitizer, "stack-overflow", repeated({"a", "b", "c"}, 80)),
             trace_of(kSanitizer, "stack-overflow", repeated({"b", "c", "a"}, 60)), true},
        Pair{"AnotherRecursion", trace_of(kSanitizer, "stack-overflow", repeated({"a", "b"}, 80)),
             trace_of(kSanitizer, "stack-overflow", repeated({"a", "d"}, 80)), false},
        Pair{"OneOracle", trace_of(Kind::disagreement, "oracle broken: a == b", {"f"}),
             trace_of(Kind::disagreement, "oracle broken: a == b", {"g"}), true},
        Pair{"TwoOracles", trace_of(Kind::disagreement, "oracle broken: a == b", {"f"}),
             trace_of(Kind::disagreement, "oracle broken: a == c", {"f"}), false},
        // Where in its loop an input hangs is chance.
        Pair{"HangSomewhereElseInTheLoop", trace_of(Kind::hang, "timeout", {"x", "loop", "parse"}),
             trace_of(Kind::hang, "timeout", {"y", "loop", "parse"}), true},
        Pair{"OtherKinds", trace_of(Kind::hang, "timeout", {"a", "b", "c"}),
             trace_of(Kind::out_of_memory, "out of memory", {"a", "b", "c"}), false},
        Pair{"NoNamesAtAll", trace_of(Kind::crash, "deadly signal", {}),
             trace_of(Kind::crash, "deadly signal", {}), true}),
    [](const auto& one) { return one.param.name; });

TEST(CrashState, ReadsInOneLine) {
  const auto state = crash_state(trace_of(kSanitizer, "SEGV, READ", {"a::b(int)", "c", "d", "e"}));
  EXPECT_EQ(to_line(state), "sanitizer: SEGV, READ in a::b < c < d");
  EXPECT_EQ(digest_of(state).size(), 8U);
  EXPECT_EQ(digest_of(state), digest_of(state));
}

}  // namespace
}  // namespace parley::fuzz
