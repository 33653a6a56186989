// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/protobuf_wire.h"

#include <gtest/gtest.h>

namespace parley::protobuf {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value_or("not hex"); }

// The first two are the examples of the encoding guide.
struct Wire {
  const char* name;
  const char* octets;
  std::vector<Field> fields;
};
class ProtobufWire : public testing::TestWithParam<Wire> {};

TEST_P(ProtobufWire, IsReadAndWrittenAgainOctetByOctet) {
  const auto fields = read_fields(hex(GetParam().octets));
  ASSERT_TRUE(fields) << fields.error();
  EXPECT_EQ(*fields, GetParam().fields);
  EXPECT_EQ(to_hex(write_fields(*fields)), to_hex(hex(GetParam().octets)));
}

INSTANTIATE_TEST_SUITE_P(
    Messages, ProtobufWire,
    testing::Values(
        Wire{"Varint", "08 96 01", {varint_field(1, 150)}},
        Wire{"Octets", "12 07 74 65 73 74 69 6e 67", {octets_field(2, "testing")}},
        Wire{"Empty", "", {}}, Wire{"EmptyOctets", "1a 00", {octets_field(3, "")}},
        Wire{"LargestVarint", "08 ff ff ff ff ff ff ff ff ff 01", {varint_field(1, UINT64_MAX)}},
        Wire{"LargestNumber", "f8 ff ff ff 0f 00", {varint_field(kMaxFieldNumber, 0)}},
        Wire{"Fixed32",
             "0d 04 03 02 01",
             {{.number = 1, .type = WireType::fixed32, .value = 0x01020304, .octets = {}}}},
        Wire{"Fixed64",
             "09 08 07 06 05 04 03 02 01",
             {{.number = 1, .type = WireType::fixed64, .value = 0x0102030405060708, .octets = {}}}},
        Wire{"OverlongKeyValueAndLength",
             "88 00 81 80 00 12 81 00 78",
             {{.number = 1, .value = 1, .octets = {}, .key_octets = 2, .varint_octets = 3},
              {.number = 2, .type = WireType::octets, .octets = "x", .varint_octets = 2}}},
        Wire{"OrderAndRepeats",
             "10 01 08 02 10 03",
             {varint_field(2, 1), varint_field(1, 2), varint_field(2, 3)}}),
    [](const auto& row) { return row.param.name; });

struct BadWire {
  const char* name;
  const char* octets;
  Errc code;
  std::size_t offset;
};
class ProtobufWireRefuses : public testing::TestWithParam<BadWire> {};

TEST_P(ProtobufWireRefuses, WithCodeAndOffset) {
  const auto fields = read_fields(hex(GetParam().octets), {.max_octets = 64, .max_fields = 3});
  ASSERT_FALSE(fields);
  EXPECT_EQ(fields.error().code, GetParam().code) << fields.error();
  EXPECT_EQ(fields.error().offset, GetParam().offset) << fields.error();
}

INSTANTIATE_TEST_SUITE_P(
    Messages, ProtobufWireRefuses,
    testing::Values(
        BadWire{"KeyCutOff", "08 01 88", Errc::truncated, 3},
        BadWire{"ValueMissing", "08", Errc::truncated, 1},
        BadWire{"ValueCutOff", "08 80", Errc::truncated, 2},
        BadWire{"OctetsCutOff", "12 03 61 62", Errc::truncated, 2},
        BadWire{"LengthOf64Bits", "12 ff ff ff ff ff ff ff ff ff 01 61", Errc::truncated, 11},
        BadWire{"Fixed32CutOff", "0d 01 02 03", Errc::truncated, 1},
        BadWire{"Fixed64CutOff", "09 01 02 03 04", Errc::truncated, 1},
        BadWire{"NumberZero", "08 01 00 01", Errc::malformed, 2},
        BadWire{"NumberTooLarge", "80 80 80 80 10 00", Errc::malformed, 0},
        BadWire{"VarintOf65Bits", "08 ff ff ff ff ff ff ff ff ff 02", Errc::malformed, 1},
        BadWire{"VarintOfElevenOctets", "08 80 80 80 80 80 80 80 80 80 80 00", Errc::malformed, 1},
        BadWire{"GroupStart", "0b 0c", Errc::unsupported, 0},
        BadWire{"GroupEnd", "0c", Errc::unsupported, 0},
        BadWire{"WireTypeSix", "0e 00", Errc::malformed, 0},
        BadWire{"WireTypeSeven", "0f 00", Errc::malformed, 0},
        BadWire{"TooManyFields", "08 01 08 01 08 01 08 01", Errc::too_large, 6}),
    [](const auto& row) { return row.param.name; });

TEST(ProtobufWire, RefusesAMessageBeyondItsLimit) {
  const auto fields = read_fields(Bytes(65, '\0'), {.max_octets = 64});
  ASSERT_FALSE(fields);
  EXPECT_EQ(fields.error().code, Errc::too_large);
}

TEST(FieldTaker, TakesTheLastOfARepeatedFieldAndMergesMessages) {
  FieldTaker taker({varint_field(1, 7), octets_field(2, "a"), varint_field(1, 8),
                    octets_field(2, "b"), octets_field(3, "c"), octets_field(3, "d")});
  EXPECT_EQ(taker.take_varint(1), 8U);
  EXPECT_EQ(taker.take_message(2), "ab");
  EXPECT_EQ(taker.take_octets(3), "d");
  EXPECT_FALSE(taker.take_octets(4));
  EXPECT_TRUE(std::move(taker).rest().empty());
}

TEST(FieldTaker, LeavesAFieldOfAnotherTypeWithTheUnknown) {
  FieldTaker taker({octets_field(1, "x"), varint_field(9, 1)});
  EXPECT_FALSE(taker.take_varint(1));
  EXPECT_EQ(std::move(taker).rest(), (std::vector{octets_field(1, "x"), varint_field(9, 1)}));
}

TEST(FieldWriter, LeavesOutWhatIsAbsentAndPutsTheUnknownLast) {
  FieldWriter writer;
  writer.add_octets(2, "x");
  writer.add_varint(1, 5);
  writer.add_varint(3, std::nullopt);
  writer.add_octets(4, std::nullopt);
  EXPECT_EQ(to_hex(std::move(writer).finish({varint_field(9, 1)})), "12017808054801");
}

}  // namespace
}  // namespace parley::protobuf
