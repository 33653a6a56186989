// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/trace.h"

#include <gtest/gtest.h>

namespace parley::fuzz {
namespace {

constexpr const char* kHeapOverflow =
    "INFO: Running with entropic power schedule\n"
    "=================================================================\n"
    "==17==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602 at pc 0x55 bp 0x7f sp "
    "0x7f\n"
    "READ of size 1 at 0x602000000011 thread T0\n"
    "    #0 0x55d1 in __interceptor_memcpy /build/compiler-rt/lib/asan/interceptors.cc:12:3\n"
    "    #1 0x55d2 in parley::xml::Reader::feed(std::basic_string_view<char>) /src/reader.cc:88:7\n"
    "    #2 0x55d3 in LLVMFuzzerTestOneInput /src/fuzz/targets/xml_reader_fuzz.cc:10:3\n"
    "\n"
    "0x602000000011 is located 0 bytes after 1-byte region\n"
    "allocated by thread T0 here:\n"
    "    #0 0x55d4 in operator new(unsigned long) (/bin/fuzz+0x12) (BuildId: ab)\n"
    "SUMMARY: AddressSanitizer: heap-buffer-overflow /src/reader.cc:88:7 in feed\n";

TEST(ReadTrace, KeepsTheStackOfTheAccessAlone) {
  const auto trace = read_trace(kHeapOverflow);
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->kind, Kind::sanitizer);
  EXPECT_EQ(trace->what, "heap-buffer-overflow, READ");
  ASSERT_EQ(trace->frames.size(), 3U);
  EXPECT_EQ(trace->frames[1].function, "parley::xml::Reader::feed(std::basic_string_view<char>)");
  EXPECT_EQ(trace->frames[1].place, "/src/reader.cc:88:7");
  const auto own = own_frames(trace->frames);
  ASSERT_EQ(own.size(), 1U);
  EXPECT_EQ(place_of(*trace), "/src/reader.cc:88:7");
}

TEST(ReadTrace, KeepsWhatAnOracleSaysBesideIt) {
  const auto trace = read_trace(
      "out\n/src/target.cc:19: oracle broken: they differ\n  your parser: <{}b\n"
      "  expat:       >\n==3== ERROR: libFuzzer: deadly signal\n"
      "    #0 0x1 in disagree() /src/target.cc:19:3\n  behind\n");
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->what, "oracle broken: they differ");
  EXPECT_EQ(trace->said, (std::vector<std::string>{"your parser: <{}b", "expat:       >"}));
  EXPECT_EQ(place_of(*trace), "/src/target.cc:19");
  EXPECT_EQ(trace->frames.size(), 1U);
}

TEST(PlaceOf, IsThatOfTheReportWhereNoFrameHasALine) {
  EXPECT_EQ(place_of(*read_trace("/src/a.c:7:12: runtime error: signed integer overflow\n")),
            "/src/a.c:7:12");
  EXPECT_EQ(place_of(*read_trace("x oracle broken: y\n")), "");
}

struct Report {
  const char* name;
  const char* text;
  Kind kind;
  const char* what;
};

class ReadsReport : public testing::TestWithParam<Report> {};

TEST_P(ReadsReport, AsItsKind) {
  const auto trace = read_trace(GetParam().text);
  ASSERT_TRUE(trace);
  EXPECT_EQ(to_string(trace->kind), to_string(GetParam().kind));
  EXPECT_EQ(trace->what, GetParam().what);
}

INSTANTIATE_TEST_SUITE_P(
    All, ReadsReport,
    testing::Values(
        Report{"Oracle",
               "/src/x_fuzz.cc:12: oracle broken: again && *again == *jid\n==3== ERROR: libFuzzer: "
               "deadly signal\n    #0 0x1 in f /src/a.cc:1:2\n",
               Kind::disagreement, "oracle broken: again && *again == *jid"},
        Report{"Undefined", "/src/a.c:7:12: runtime error: signed integer overflow: 1 + 2\n",
               Kind::sanitizer, "signed integer overflow: 1 + 2"},
        Report{"Leak", "==9==ERROR: LeakSanitizer: detected memory leaks\n\nDirect leak of 16\n",
               Kind::leak, "memory leak"},
        Report{"Timeout", "==9== ERROR: libFuzzer: timeout after 3 seconds\n", Kind::hang,
               "timeout"},
        Report{"OutOfMemory", "==9== ERROR: libFuzzer: out-of-memory (used: 300Mb; limit: 256Mb)\n",
               Kind::out_of_memory, "out of memory"},
        Report{"LargeAllocation",
               "==9==ERROR: AddressSanitizer: requested allocation size 0xffff exceeds maximum\n",
               Kind::out_of_memory, "too large an allocation"},
        Report{"DoubleFree",
               "==9==ERROR: AddressSanitizer: attempting double-free on 0x60 in T0:\n",
               Kind::sanitizer, "double-free"},
        Report{"Glibc",
               "free(): double free detected in tcache 2\n==9== ERROR: libFuzzer: deadly signal\n",
               Kind::crash, "heap corruption: free(): double free detected in tcache 2"},
        Report{"Exception", "terminate called after throwing an instance of 'std::bad_alloc'\n",
               Kind::crash, "uncaught exception 'std::bad_alloc'"},
        Report{"Signal", "==9== ERROR: libFuzzer: deadly signal\n", Kind::crash, "deadly signal"},
        Report{"NullPointer",
               "==9==ERROR: AddressSanitizer: SEGV on unknown address 0x0 (pc 0x1 bp 0x2 sp 0x3)\n"
               "==9==The signal is caused by a READ memory access.\n",
               Kind::sanitizer, "SEGV, READ"}),
    [](const auto& one) { return one.param.name; });

TEST(ReadTrace, FindsNothingInProgress) {
  EXPECT_FALSE(read_trace("#4096 pulse cov: 12 ft: 30 corp: 4/8b exec/s: 2048 rss: 30Mb\n"));
  EXPECT_FALSE(read_trace(""));
}

TEST(ReadTrace, TakesAnyOctets) {
  std::string text = "==1==ERROR: AddressSanitizer: \xff\x01 odd\n#\n#0\n#0 0x\n  #1 0x5 in \n";
  text.push_back('\0');
  text += "#2 0x5 in a b c";
  const auto trace = read_trace(text);
  ASSERT_TRUE(trace);
  EXPECT_LE(trace->frames.size(), 3U);
}

struct Named {
  const char* function;
  const char* bare;
};

class BareName : public testing::TestWithParam<Named> {};

TEST_P(BareName, HasNeitherArgumentsNorTemplates) {
  EXPECT_EQ(bare_name(GetParam().function), GetParam().bare);
}

INSTANTIATE_TEST_SUITE_P(
    All, BareName,
    testing::Values(Named{"feed", "feed"}, Named{"a::b(int, c<d>) const", "a::b"},
                    Named{"void a::b<std::pair<int, int>>(x)", "a::b"},
                    Named{"(anonymous namespace)::walk(pugi::xml_node)", "{anonymous}::walk"},
                    Named{"a::b[abi:cxx11](c)", "a::b"}, Named{"helper.llvm.123", "helper"},
                    Named{"parse.cold", "parse"},
                    Named{"a::operator()(int) const", "a::operator()"}, Named{"", ""}));

TEST(KindOf, ReadsWhatItWrites) {
  EXPECT_EQ(kind_of(to_string(Kind::out_of_memory)), Kind::out_of_memory);
  EXPECT_FALSE(kind_of("trouble"));
}

}  // namespace
}  // namespace parley::fuzz
