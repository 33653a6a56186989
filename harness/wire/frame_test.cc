// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "harness/base/rng.h"

namespace parley::wire {
namespace {

using namespace std::string_literals;

// One line an item, offsets included: what must not depend on the segmentation.
std::string shown(const FrameItem& item) {
  if (const auto* routing = std::get_if<Routing>(&item)) {
    return "routing " + to_hex(routing->octets) + " at " + std::to_string(routing->offset);
  }
  if (const auto* intro = std::get_if<Intro>(&item)) {
    return "intro " + to_hex(intro->octets()) + " at " + std::to_string(intro->offset);
  }
  if (const auto* frame = std::get_if<Frame>(&item)) {
    return "frame " + to_hex(frame->payload) + " at " + std::to_string(frame->offset);
  }
  const auto& error = std::get<Error>(item);
  return std::string(to_string(error.code)) + " at " + std::to_string(error.offset.value_or(999));
}

using Lines = std::vector<std::string>;

void append(Lines& out, const std::vector<FrameItem>& items) {
  std::ranges::transform(items, std::back_inserter(out), shown);
}

struct Stream {
  const char* name;
  Opening opening;
  std::string hex;
  Lines items;
  std::string ending = "";  // what finish() says
};

// Small, so that short streams reach it.
constexpr FrameLimits kSmall{.max_frame_octets = 8, .max_routing_octets = 4};

std::string ending_of(const FrameReader& reader) {
  const auto error = reader.finish();
  return error ? shown(*error) : "";
}

class ReadsStream : public testing::TestWithParam<Stream> {};

TEST_P(ReadsStream, AsAWhole) {
  FrameReader reader(GetParam().opening, kSmall);
  Lines lines;
  append(lines, reader.feed(*from_hex(GetParam().hex)));
  EXPECT_EQ(lines, GetParam().items);
  EXPECT_EQ(ending_of(reader), GetParam().ending);
}

TEST_P(ReadsStream, CutInTwoAtEveryOctetAndOctetByOctet) {
  const auto octets = *from_hex(GetParam().hex);
  for (std::size_t cut = 0; cut <= octets.size(); ++cut) {
    FrameReader reader(GetParam().opening, kSmall);
    Lines lines;
    append(lines, reader.feed(std::string_view(octets).substr(0, cut)));
    append(lines, reader.feed(std::string_view(octets).substr(cut)));
    EXPECT_EQ(lines, GetParam().items) << "cut at " << cut;
    EXPECT_EQ(ending_of(reader), GetParam().ending);
  }
  FrameReader reader(GetParam().opening, kSmall);
  Lines lines;
  for (const char& octet : octets) {
    append(lines, reader.feed({&octet, 1}));
  }
  EXPECT_EQ(lines, GetParam().items);
}

INSTANTIATE_TEST_SUITE_P(
    Streams, ReadsStream,
    testing::Values(
        Stream{"IntroThenFrames",
               Opening::intro,
               "57410603 000002 abcd 000000 000001 ef",
               {"intro 57410603 at 0", "frame abcd at 4", "frame  at 9", "frame ef at 12"}},
        Stream{"RoutingThenIntro",
               Opening::intro,
               "45440001 000003 010203 57410502 000001 aa",
               {"routing 010203 at 0", "intro 57410502 at 10", "frame aa at 14"}},
        Stream{"EmptyRouting",
               Opening::intro,
               "45440001 000000 57410603",
               {"routing  at 0", "intro 57410603 at 7"}},
        Stream{"FramesOnlyTowardsAClient", Opening::none, "000001 57", {"frame 57 at 0"}},
        Stream{"IntroTwiceIsALengthTooLarge",
               Opening::intro,
               "57410603 57410603",
               {"intro 57410603 at 0", "too large at 4"}},
        Stream{"RoutingTwice",
               Opening::intro,
               "45440001 000000 45440001",
               {"routing  at 0", "malformed at 7"}},
        Stream{"NoIntro", Opening::intro, "000001 aa", {"malformed at 0"}},
        Stream{"IntroBrokenAtItsSecondOctet", Opening::intro, "57420603", {"malformed at 1"}},
        Stream{"RoutingOfAnotherVersion", Opening::intro, "45440002", {"malformed at 3"}},
        Stream{"RoutingTooLong", Opening::intro, "45440001 000005", {"too large at 4"}},
        Stream{"LongestFrame",
               Opening::none,
               "000008 0102030405060708",
               {"frame 0102030405060708 at 0"}},
        Stream{"FrameTooLong", Opening::none, "000009", {"too large at 0"}},
        Stream{"NothingAfterAnError", Opening::none, "ffffff 000001 aa", {"too large at 0"}},
        Stream{"Silence", Opening::intro, "", {}, "truncated at 0"},
        Stream{"NothingOwed", Opening::none, "", {}},
        Stream{"EndsInsideALength", Opening::none, "0000", {}, "truncated at 2"},
        Stream{"EndsInsideAPayload", Opening::none, "000002 aa", {}, "truncated at 4"},
        Stream{"EndsAfterTheRouting",
               Opening::intro,
               "45440001 000000",
               {"routing  at 0"},
               "truncated at 7"}),
    [](const auto& row) { return row.param.name; });

TEST(WriteFrame, RefusesALengthThatWouldWrap) {
  const Bytes payload(kMaxFrameOctets + 1, 'x');
  const auto frame = write_frame(payload);
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, Errc::too_large);
  EXPECT_FALSE(write_routing(payload));
}

TEST(WriteFrame, CarriesTheLongestPayload) {
  const Bytes payload(kMaxFrameOctets, 'x');
  const auto octets = write_frame(payload);
  ASSERT_TRUE(octets);
  EXPECT_EQ(to_hex(octets->substr(0, 4)), "ffffff78");
  FrameReader reader(Opening::none);
  const auto items = reader.feed(*octets);
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(std::get<Frame>(items[0]).payload, payload);
  EXPECT_EQ(reader.finish(), std::nullopt);
}

TEST(FrameReader, HoldsNoMoreThanArrivedWhateverIsClaimed) {
  FrameReader reader(Opening::none);
  EXPECT_TRUE(reader
                  .feed("\xFF\xFF\xFF"
                        "ab")
                  .empty());
  EXPECT_EQ(reader.pending(), 5U);
}

TEST(FrameReader, GivesTheSameFramesUnderRandomSegmentation) {
  Rng rng(7);
  for (int round = 0; round < 50; ++round) {
    Bytes stream = *write_routing(rng.octets(rng.below(40))) + Intro{}.octets();
    for (std::uint64_t frames = rng.below(6); frames > 0; --frames) {
      stream += *write_frame(rng.octets(rng.below(300)));
    }
    Lines whole;
    append(whole, FrameReader(Opening::intro).feed(stream));
    FrameReader reader(Opening::intro);
    Lines cut;
    for (std::string_view left = stream; !left.empty();) {
      const auto segment = left.substr(0, 1 + rng.below(20));
      append(cut, reader.feed(segment));
      left.remove_prefix(segment.size());
    }
    EXPECT_EQ(cut, whole);
    EXPECT_EQ(reader.finish(), std::nullopt);
  }
}

}  // namespace
}  // namespace parley::wire
