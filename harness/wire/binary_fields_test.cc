// SPDX-License-Identifier: GPL-3.0-or-later
// Each field of the binary form at its limits: which octets may begin a value in which place, each
// length at 0, 1, its largest and beyond, and what deflated octets may claim.
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/testkit/heap_watch.h"
#include "harness/wire/binary_reader.h"
#include "harness/wire/binary_writer.h"
#include "harness/wire/deflate.h"
#include "harness/wire/sample_tokens.h"

namespace parley::wire {
namespace {

using namespace std::string_literals;

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

ReadOptions with_tokens() { return {.tokens = &sample_tokens()}; }

// What follows a tag to make it a whole value: a size of 1, one character, a JID of the user "a".
std::string rest_of_value(int tag) {
  switch (tag) {
    case tag::list8:
      return "01";
    case tag::list16:
      return "0001";
    case tag::interop_tuple:
      return "fc0161 0000 0000 00";
    case tag::interop_jid:
      return "fc0161 0000 0000";
    case tag::fb_jid:
      return "fc0161 0000 ec01";
    case tag::ad_jid:
      return "0000 fc0161";
    case tag::jid_pair:
      return "fc0161 fc0162";
    case tag::hex8:
    case tag::nibble8:
      return "8115";
    case tag::binary8:
      return "0161";
    case tag::binary20:
      return "00000161";
    case tag::binary32:
      return "0000000161";
    default:
      return tag >= kFirstDictionary && tag < tag::interop_tuple ? "00" : "";
  }
}

// A place in a stanza, and the tags that may stand there: all others are malformed.
struct TagPlace {
  const char* name;
  const char* before;
  const char* behind;
  std::vector<int> also;  // beside what every string may be
};

// Assigned tokens (sample_tokens.h), packed strings and octets.
const std::vector<int> kStrings{1, 2, 3, 4, 5, 7, 8, 9, 236, 239, 251, 252, 253, 254, 255};
const std::vector<int> kOrEmpty{0};
const std::vector<int> kOrJid{0, 244, 245, 246, 247, 250};
const std::vector<int> kOrJidOrList{0, 244, 245, 246, 247, 248, 249, 250};

bool has(const std::vector<int>& tags, int tag) {
  return std::ranges::find(tags, tag) != tags.end();
}

class EveryTag : public testing::TestWithParam<TagPlace> {};

TEST_P(EveryTag, IsTakenWhereItMayStandAndMalformedElsewhere) {
  for (int tag = 0; tag <= UINT8_MAX; ++tag) {
    const auto octets = *from_hex(GetParam().before) + static_cast<char>(tag) +
                        *from_hex(rest_of_value(tag) + GetParam().behind);
    const auto decoded = decode(octets, with_tokens());
    const bool may = has(kStrings, tag) || has(GetParam().also, tag);
    ASSERT_EQ(decoded.has_value(), may) << tag << (may ? decoded.error().detail : "");
    if (!may) {
      EXPECT_EQ(decoded.error().code, Errc::malformed) << tag << ": " << decoded.error();
      continue;
    }
    const auto again = encode(decoded->root, {.tokens = &sample_tokens()}, decoded->encoding);
    ASSERT_TRUE(again) << tag << ": " << again.error();
    const auto reread = decode(*again, with_tokens());
    ASSERT_TRUE(reread) << tag << ": " << reread.error();
    EXPECT_EQ(reread->root, decoded->root) << tag;
    EXPECT_EQ(reread->encoding, decoded->encoding) << tag;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Places, EveryTag,
    testing::Values(TagPlace{"Name", "00 f801", "", {}}, TagPlace{"Key", "00 f803 01", "03", {}},
                    TagPlace{"Value", "00 f803 01 07", "", kOrJid},
                    TagPlace{"Content", "00 f802 01", "f801 08", kOrJidOrList},
                    TagPlace{"NameOfAChild", "00 f802 01 f801 f801", "", {}},
                    TagPlace{"PairUser", "00 f803 01 02 fa", "05", kOrEmpty},
                    TagPlace{"PairServer", "00 f803 01 02 fa fc0161", "", {}},
                    TagPlace{"AdUser", "00 f803 01 02 f7 0000", "", kOrEmpty},
                    TagPlace{"FbUser", "00 f803 01 02 f6", "0000 ec01", kOrEmpty},
                    TagPlace{"InteropUser", "00 f803 01 02 f5", "0000 0000", kOrEmpty},
                    TagPlace{"TupleUser", "00 f803 01 02 f4", "0000 0000 00", kOrEmpty}),
    [](const auto& row) { return row.param.name; });

TEST(EveryTagOfANode, IsAListOrMalformed) {
  for (const auto* before : {"00", "00 f802 01 f801"}) {
    for (int tag = 0; tag <= UINT8_MAX; ++tag) {
      const auto octets =
          *from_hex(before) + static_cast<char>(tag) + *from_hex(rest_of_value(tag) + "010101");
      const auto decoded = decode(octets, with_tokens());
      ASSERT_EQ(decoded.has_value(), tag == tag::list8 || tag == tag::list16) << tag;
      if (!decoded) {
        EXPECT_EQ(decoded.error().code, Errc::malformed) << tag << ": " << decoded.error();
      }
    }
  }
}

// One length field as content of a node; `have` octets follow it.
struct LengthRow {
  const char* name;
  const char* field;
  std::size_t have;
  std::size_t limit;            // of one string
  std::optional<Errc> refused;  // else `have` octets are the content
};
class Lengths : public testing::TestWithParam<LengthRow> {};

TEST_P(Lengths, AreTakenToTheirLimitsAndNotBeyond) {
  auto options = with_tokens();
  options.limits.max_octets = 8 * kMebibyte;
  options.limits.max_string_octets = GetParam().limit;
  const auto octets = *from_hex("00 f802 01"s + GetParam().field) + Bytes(GetParam().have, 'a');
  const testkit::HeapWatch heap;
  const auto decoded = decode(octets, options);
  EXPECT_LE(heap.peak_octets(), GetParam().have * 2 + 4096);
  ASSERT_EQ(decoded.has_value(), !GetParam().refused);
  if (!decoded) {
    EXPECT_EQ(decoded.error().code, *GetParam().refused) << decoded.error();
    EXPECT_EQ(decoded.error().offset, 4U);
    return;
  }
  EXPECT_EQ(decoded->root.text(), Bytes(GetParam().have, 'a'));
  EXPECT_EQ(encode(decoded->root, {.tokens = &sample_tokens()}, decoded->encoding), octets);
}

constexpr std::size_t kAny = 4 * kMebibyte;
INSTANTIATE_TEST_SUITE_P(
    Fields, Lengths,
    testing::Values(
        LengthRow{"Of8Bits0", "fc00", 0, kAny, {}}, LengthRow{"Of8Bits1", "fc01", 1, kAny, {}},
        LengthRow{"Of8BitsLargest", "fcff", 255, kAny, {}},
        LengthRow{"Of8BitsLargestShort", "fcff", 254, kAny, Errc::truncated},
        LengthRow{"Of8BitsAtTheLimit", "fc10", 16, 16, {}},
        LengthRow{"Of8BitsBeyondTheLimit", "fc11", 17, 16, Errc::too_large},
        LengthRow{"Of20Bits0", "fd000000", 0, kAny, {}},
        LengthRow{"Of20Bits1", "fd000001", 1, kAny, {}},
        LengthRow{"Of20BitsSmallestOwn", "fd000100", 256, kAny, {}},
        LengthRow{"Of20BitsLargest", "fd0fffff", kMebibyte - 1, kAny, {}},
        LengthRow{"Of20BitsLargestShort", "fd0fffff", kMebibyte - 2, kAny, Errc::truncated},
        LengthRow{"Of20BitsAtTheLimit", "fd010000", 65'536, 65'536, {}},
        LengthRow{"Of20BitsBeyondTheLimit", "fd010001", 65'537, 65'536, Errc::too_large},
        LengthRow{"Of32Bits0", "fe00000000", 0, kAny, {}},
        LengthRow{"Of32Bits1", "fe00000001", 1, kAny, {}},
        LengthRow{"Of32BitsSmallestOwn", "fe00100000", kMebibyte, kAny, {}},
        LengthRow{"Of32BitsAtTheLimit", "fe00400000", kAny, kAny, {}},
        LengthRow{"Of32BitsBeyondTheLimit", "fe00400001", kAny + 1, kAny, Errc::too_large},
        LengthRow{"Of32BitsBeyondSigned", "fe80000000", 1, kAny, Errc::truncated},
        LengthRow{"Of32BitsLargest", "feffffffff", 1, kAny, Errc::truncated},
        LengthRow{"Packed0", "ff00", 0, kAny, {}},
        LengthRow{"PackedLargestShort", "ff7f", 126, kAny, Errc::truncated}),
    [](const auto& row) { return row.param.name; });

TEST(Length20, BeyondItsFieldIsMaskedAndNoted) {
  const auto decoded = decode(*from_hex("00 f802 01 fd100001 61"), with_tokens());
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->root.text(), "a");
  EXPECT_TRUE(decoded->has(OddityKind::masked_bits));
}

// A list of so many children, each of three octets, or of one node's own size.
struct ListRow {
  const char* name;
  const char* field;
  std::size_t have;
  std::size_t limit;
  std::optional<Errc> refused;
};
class Lists : public testing::TestWithParam<ListRow> {};

TEST_P(Lists, AreTakenToTheirLimitsAndNotBeyond) {
  auto options = with_tokens();
  options.limits.max_children = GetParam().limit;
  options.limits.max_nodes = 70'000;
  auto octets = *from_hex("00 f802 01"s + GetParam().field);
  for (std::size_t i = 0; i < GetParam().have; ++i) {
    octets += "\xF8\x01\x08";
  }
  const testkit::HeapWatch heap;
  const auto decoded = decode(octets, options);
  EXPECT_LE(heap.peak_octets(), GetParam().have * 400 + 4096);
  ASSERT_EQ(decoded.has_value(), !GetParam().refused);
  if (!decoded) {
    EXPECT_EQ(decoded.error().code, *GetParam().refused) << decoded.error();
    return;
  }
  EXPECT_EQ(decoded->root.children.size(), GetParam().have);
  EXPECT_EQ(encode(decoded->root, {.tokens = &sample_tokens()}, decoded->encoding), octets);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, Lists,
    testing::Values(ListRow{"Empty", "00", 0, 9, {}}, ListRow{"Of8Bits0", "f800", 0, 9, {}},
                    ListRow{"Of8Bits1", "f801", 1, 9, {}},
                    ListRow{"Of8BitsLargest", "f8ff", 255, 255, {}},
                    ListRow{"Of8BitsShort", "f8ff", 254, 255, Errc::truncated},
                    ListRow{"Of8BitsBeyondTheLimit", "f80a", 10, 9, Errc::too_large},
                    ListRow{"Of16Bits0", "f90000", 0, 9, {}},
                    ListRow{"Of16Bits1", "f90001", 1, 9, {}},
                    ListRow{"Of16BitsSmallestOwn", "f90100", 256, 256, {}},
                    ListRow{"Of16BitsLargest", "f9ffff", 65'535, 65'535, {}},
                    ListRow{"Of16BitsShort", "f9ffff", 65'534, 65'535, Errc::truncated},
                    ListRow{"Of16BitsBeyondTheLimit", "f9ffff", 65'535, 65'534, Errc::too_large}),
    [](const auto& row) { return row.param.name; });

// A deflated stanza whose body has so many octets in all, nearly all of them zeros.
Bytes bomb(std::size_t body_octets) {
  const auto lead = *from_hex("f802 01 fe");
  const auto length = body_octets - lead.size() - 4;
  Bytes body = lead;
  for (const int shift : {24, 16, 8, 0}) {
    body += static_cast<char>(length >> shift & 0xFF);
  }
  return "\x02"s + deflate(body + Bytes(length, '\0'));
}

TEST(ZlibBombs, AreTakenToEachLimitAndNotOneOctetBeyond) {
  auto options = with_tokens();
  options.limits.max_octets = 2 * kMebibyte;
  options.limits.max_string_octets = 2 * kMebibyte;
  EXPECT_LT(bomb(2 * kMebibyte).size(), 2 * kMebibyte / 900);
  EXPECT_TRUE(decode(bomb(2 * kMebibyte), options));
  EXPECT_EQ(decode(bomb(2 * kMebibyte + 1), options).error().code, Errc::too_large);
  options.limits.max_string_octets = kMebibyte;
  EXPECT_TRUE(decode(bomb(kMebibyte + 8), options));
  EXPECT_EQ(decode(bomb(kMebibyte + 9), options).error().code, Errc::too_large);
  options.limits.max_string_octets = 2 * kMebibyte;
  options.limits.max_text_octets = kMebibyte;
  EXPECT_EQ(decode(bomb(kMebibyte + 9), options).error().code, Errc::too_large);
}

TEST(ZlibBombs, TakeNoMoreMemoryThanTheLimit) {
  const auto octets = bomb(256 * kMebibyte);
  const testkit::HeapWatch heap;
  EXPECT_EQ(decode(octets, with_tokens()).error().code, Errc::too_large);
  EXPECT_LE(heap.peak_octets(), 3 * BinaryLimits{}.max_octets);
}

TEST(ZlibBombs, NestedAreInflatedOnce) {
  const auto decoded = decode("\x02"s + deflate(bomb(64 * kMebibyte)), with_tokens());
  ASSERT_FALSE(decoded);  // the inner flags octet is no list
  EXPECT_EQ(decoded.error(), (Error{Errc::malformed, "tag 2 does not begin a node", 1}));
}

TEST(ZlibStreams, BehindAnotherAreTrailingOctets) {
  const auto stanza = deflate(*from_hex("f801 01"));
  for (const auto& behind : {stanza, deflate(Bytes(64 * kMebibyte, '\0')), "garbage"s}) {
    const auto decoded = decode("\x02"s + stanza + behind, with_tokens());
    ASSERT_TRUE(decoded) << decoded.error();
    EXPECT_EQ(decoded->root.name, "message");
    ASSERT_TRUE(decoded->has(OddityKind::trailing_octets));
    EXPECT_EQ(decoded->oddities.back().offset, 1 + stanza.size());
  }
}

struct BadStream {
  const char* name;
  std::string octets;
  Errc code;
};
class ZlibRefuses : public testing::TestWithParam<BadStream> {};

TEST_P(ZlibRefuses, WithCodeAndOffset) {
  const auto decoded = decode("\x02"s + GetParam().octets, with_tokens());
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, GetParam().code) << decoded.error();
  EXPECT_LE(decoded.error().offset.value_or(SIZE_MAX), GetParam().octets.size() + 1);
}

// Stored blocks that hold nothing, without a last one.
std::string empty_blocks(std::size_t count) {
  std::string out("\x78\x01");
  for (std::size_t i = 0; i < count; ++i) {
    out += "\x00\x00\x00\xFF\xFF"s;
  }
  return out;
}

std::string with_wrong_checksum() {
  auto out = deflate(*from_hex("f801 01"));
  out.back() = static_cast<char>(out.back() ^ 1);
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    Streams, ZlibRefuses,
    testing::Values(BadStream{"Nothing", "", Errc::truncated},
                    BadStream{"EmptyStream", deflate(""), Errc::truncated},
                    BadStream{"HeaderOnly", "\x78\x01", Errc::truncated},
                    BadStream{"WindowTooLarge", "\x88\x1C\x03\x00"s, Errc::malformed},
                    BadStream{"NeedsADictionary", "\x78\xBB\x00\x00\x00\x01"s, Errc::malformed},
                    BadStream{"BlockOfNoType", "\x78\x01\x07", Errc::malformed},
                    BadStream{"GzipInstead", "\x1F\x8B\x08\x00"s, Errc::malformed},
                    BadStream{"WrongChecksum", with_wrong_checksum(), Errc::malformed},
                    BadStream{"AMillionEmptyBlocks", empty_blocks(1'000'000), Errc::truncated}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace parley::wire
