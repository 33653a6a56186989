// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include "harness/wire/binary_reader.h"
#include "harness/wire/binary_writer.h"
#include "harness/wire/deflate.h"
#include "harness/wire/sample_tokens.h"

namespace parley::wire {
namespace {

using namespace std::string_literals;
using xml::Element;

constexpr std::size_t kDeep = 100'000;

ReadOptions with_tokens() { return {.tokens = &sample_tokens()}; }

Bytes times(std::string_view octets, std::size_t count) {
  Bytes out;
  for (std::size_t i = 0; i < count; ++i) {
    out += octets;
  }
  return out;
}

// Every form of string, JID and list in one stanza.
Bytes varied_stanza() {
  return *from_hex(
      "00 f810 01 07 ec00 02 fa ff8149 05 03 f7 00 05 fc0161 fc0166 f6 fc0161 0001 ec01"
      "fc0167 f5 fc0161 0000 000c 04 fc0168 f4 fc0161 0000 000d 00 fc0169 fb82 ab1f"
      "f803 f801 08 f90001 08 f802 08 fd000002 0102");
}

// A value or an error with an offset inside the input; what is a value can be written and read.
void expect_sound(const Bytes& octets, const ReadOptions& options) {
  const auto decoded = decode(octets, options);
  if (!decoded) {
    ASSERT_TRUE(decoded.error().offset) << to_hex(octets);
    ASSERT_LE(*decoded.error().offset, octets.size()) << to_hex(octets);
    return;
  }
  const auto again = encode(decoded->root, {.tokens = options.tokens}, decoded->encoding);
  ASSERT_TRUE(again) << to_hex(octets) << again.error();
  const auto reread = decode(*again, options);
  ASSERT_TRUE(reread) << to_hex(octets) << " as " << to_hex(*again) << reread.error();
  ASSERT_EQ(reread->root, decoded->root) << to_hex(octets) << " as " << to_hex(*again);
}

TEST(EveryOctet, InEveryPositionGivesAValueOrAnError) {
  const auto stanza = varied_stanza();
  ASSERT_TRUE(decode(stanza, with_tokens())) << decode(stanza, with_tokens()).error();
  auto options = with_tokens();
  for (const auto unknown : {UnknownToken::refused, UnknownToken::shown}) {
    options.unknown_token = unknown;
    for (std::size_t at = 1; at < stanza.size(); ++at) {
      for (int octet = 0; octet <= UINT8_MAX; ++octet) {
        auto changed = stanza;
        changed[at] = static_cast<char>(octet);
        expect_sound(changed, options);
      }
    }
  }
}

TEST(EveryFlagsOctet, IsHonouredWithValidAndInvalidBodies) {
  const auto body = varied_stanza().substr(1);
  for (int flags = 0; flags <= UINT8_MAX; ++flags) {
    const Bytes octet(1, static_cast<char>(flags));
    const bool compressed = (flags & kCompressedFlag) != 0;
    EXPECT_EQ(decode(octet + body, with_tokens()).has_value(), !compressed) << flags;
    EXPECT_EQ(decode(octet + deflate(body), with_tokens()).has_value(), compressed) << flags;
  }
}

TEST(EveryPackedLength, GivesAValueOrAnError) {
  for (int length = 0; length <= UINT8_MAX; ++length) {
    for (const std::size_t have : {std::size_t{0}, std::size_t{1}, std::size_t{127}}) {
      for (const auto& lead : {"\x00\xF8\x02\x01\xFF"s, "\x00\xF8\x02\x01\xFB"s}) {
        const auto octets = lead + static_cast<char>(length) + Bytes(have, '\x11');
        const auto decoded = decode(octets, with_tokens());
        const std::size_t wanted = length & 0x7F;
        ASSERT_EQ(decoded.has_value(), wanted <= have) << length << " of " << have;
        if (decoded) {
          const std::size_t dropped = length > 0x80 ? 1 : 0;
          EXPECT_EQ(decoded->root.text().size(), wanted * 2 - dropped) << length;
        }
      }
    }
  }
}

TEST(EveryListSize, WithAShortBodyIsAValueOrTruncated) {
  const auto rest = *from_hex("01 07 fc0161 02 fc0162");  // a name and two attributes
  for (int size = 0; size <= 6; ++size) {
    const auto decoded = decode("\x00\xF8"s + static_cast<char>(size) + rest, with_tokens());
    EXPECT_EQ(decoded.has_value(), size >= 1 && size <= 5) << size;
    if (decoded) {
      EXPECT_EQ(decoded->root.attributes.size(), static_cast<std::size_t>(size - 1) / 2);
    }
  }
}

TEST(Truncation, AtEveryOctetIsAnError) {
  const auto stanza = varied_stanza();
  const auto deflated = "\x02"s + deflate(stanza.substr(1));
  for (const auto& whole : {stanza, deflated}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Bytes cut(whole, 0, size);
      const auto decoded = decode(cut, with_tokens());
      ASSERT_FALSE(decoded) << size;
      EXPECT_EQ(decoded.error().code, Errc::truncated) << size << ": " << decoded.error();
      EXPECT_LE(decoded.error().offset.value_or(SIZE_MAX), size);
    }
  }
}

struct Bound {
  const char* name;
  BinaryLimits limits;
  std::string fits;
  std::string exceeds;
};
class Bounds : public testing::TestWithParam<Bound> {};

TEST_P(Bounds, HoldOnTheOctetWhereTheyAreReached) {
  const ReadOptions options{.tokens = &sample_tokens(), .limits = GetParam().limits};
  const auto fits = decode(*from_hex("00" + GetParam().fits), options);
  EXPECT_TRUE(fits) << fits.error();
  const auto exceeds = decode(*from_hex("00" + GetParam().exceeds), options);
  ASSERT_FALSE(exceeds);
  EXPECT_EQ(exceeds.error().code, Errc::too_large) << exceeds.error();
}

INSTANTIATE_TEST_SUITE_P(
    Limits, Bounds,
    testing::Values(
        Bound{"Octets", {.max_octets = 6}, "f802 01 fc0161", "f802 01 fc026161"},
        Bound{
            "Depth", {.max_depth = 2}, "f802 01 f801 f801 01", "f802 01 f801 f802 01 f801 f801 01"},
        Bound{"Nodes", {.max_nodes = 2}, "f802 01 f801 f801 01", "f802 01 f802 f801 01 f801 01"},
        Bound{"Children",
              {.max_children = 1},
              "f802 01 f801 f801 01",
              "f802 01 f802 f801 01 f801 01"},
        Bound{"Attributes", {.max_attributes = 1}, "f803 01 02 03", "f805 01 02 03 07 03"},
        Bound{"Items", {.max_items = 3}, "f803 01 02 03", "f804 01 02 03 fc00"},
        Bound{"String", {.max_string_octets = 2}, "f802 01 fc026161", "f802 01 fc03616161"},
        Bound{"AllStrings", {.max_text_octets = 9}, "f803 01 02 fc00", "f803 01 02 fc0161"}),
    [](const auto& row) { return row.param.name; });

TEST(DeepNesting, EndsAtTheLimitHoweverDeepItIs) {
  auto options = with_tokens();
  const auto nested = "\x00"s + times("\xF8\x02\x01\xF8\x01", kDeep) + "\xF8\x01\x01";
  for (const std::size_t max_depth : {std::size_t{64}, std::size_t{10'000'000}}) {
    options.limits.max_depth = max_depth;
    const auto decoded = decode(nested, options);
    ASSERT_FALSE(decoded);
    const std::size_t depth = std::min(max_depth, kDeepestStanza);
    EXPECT_EQ(decoded.error(),
              (Error{Errc::too_large, "nodes are nested deeper than the limit", 1 + depth * 5}));
  }
}

TEST(DeepNesting, OfJidsIsRefusedAtTheSecond) {
  const auto nested = "\x00\xF8\x03\x01\x02"s + times("\xFA", kDeep);
  EXPECT_EQ(decode(nested, with_tokens()).error().offset, 6U);
}

TEST(DeepNesting, IsWrittenToTheLimitAndReadBack) {
  Element deep{.ns = {}, .name = "message", .attributes = {}, .children = {}};
  for (std::size_t depth = 1; depth < kDeepestStanza; ++depth) {
    Element outer{.ns = {}, .name = "message", .attributes = {}, .children = {}};
    outer.children.emplace_back(std::move(deep));
    deep = std::move(outer);
  }
  auto options = with_tokens();
  options.limits.max_depth = kDeepestStanza;
  const auto octets = encode(deep, {.tokens = &sample_tokens()});
  ASSERT_TRUE(octets) << octets.error();
  EXPECT_TRUE(decode(*octets, options));
  Element deeper{.ns = {}, .name = "message", .attributes = {}, .children = {}};
  deeper.children.emplace_back(std::move(deep));
  EXPECT_EQ(encode(deeper, {}).error().code, Errc::too_large);
}

TEST(ClaimedSizes, ReserveNothingThatIsNotThere) {
  const auto children = decode("\x00\xF8\x02\x01\xF9\xFF\xFF"s, with_tokens());
  EXPECT_EQ(children.error().code, Errc::too_large);
  auto options = with_tokens();
  options.limits.max_children = 65'535;
  options.limits.max_attributes = 65'535;
  EXPECT_EQ(decode("\x00\xF8\x02\x01\xF9\xFF\xFF"s, options).error().code, Errc::truncated);
  EXPECT_EQ(decode("\x00\xF9\xFF\xFF\x01"s, options).error().code, Errc::truncated);
}

TEST(Children, MayBeAsManyAsTheListCanSayWhereTheLimitsAllow) {
  auto options = with_tokens();
  options.limits.max_children = options.limits.max_nodes = 70'000;
  const auto octets = "\x00\xF8\x02\x01\xF9\xFF\xFF"s + times("\xF8\x01\x08", 65'535);
  const auto decoded = decode(octets, options);
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->root.children.size(), 65'535U);
  EXPECT_EQ(encode(decoded->root, {.tokens = &sample_tokens()}), octets);
}

// 64 MiB of zeros in 64 KiB: only the limit's worth of them may ever be there.
TEST(ZlibBomb, EndsAtTheLimit) {
  const auto bomb = deflate(Bytes(64 << 20, '\0'));
  ASSERT_LT(bomb.size(), 70'000U);
  const auto decoded = decode("\x02"s + bomb, with_tokens());
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::too_large);
  EXPECT_LT(decoded.error().offset.value_or(SIZE_MAX), bomb.size() / 10);
}

TEST(Inflate, GivesExactlyTheLimitAndNotOneOctetMore) {
  const auto octets = deflate(Bytes(100'000, 'x'));
  EXPECT_TRUE(inflate(octets, 100'000));
  EXPECT_EQ(inflate(octets, 99'999).error().code, Errc::too_large);
}

TEST(Inflate, LeavesWhatFollows) {
  const auto octets = deflate("abc");
  const auto inflated = inflate(octets + "rest", 10);
  ASSERT_TRUE(inflated);
  EXPECT_EQ(inflated->octets, "abc");
  EXPECT_EQ(inflated->used, octets.size());
}

TEST(Oddities, AreCountedBeyondTheirLimit) {
  auto options = with_tokens();
  const auto octets = "\x00\xF8\x02\x01\xF9\x07\xD0"s + times("\xF9\x00\x01\x08"s, 2'000);
  const auto decoded = decode(octets, options);
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->oddities.size(), kMaxOddities);
  EXPECT_EQ(decoded->oddities_beyond, 1'000U);
}

}  // namespace
}  // namespace parley::wire
