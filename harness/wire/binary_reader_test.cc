// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/binary_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "harness/wire/sample_tokens.h"

namespace parley::wire {
namespace {

using Lines = std::vector<std::string>;

// "list_size at 1 in /message": what a monitor reports.
Lines shown(const Decoded& decoded) {
  Lines out;
  std::ranges::transform(decoded.oddities, std::back_inserter(out), [&](const Oddity& oddity) {
    return std::string(to_string(oddity.kind)) + " at " + std::to_string(oddity.offset) + " in " +
           describe(oddity.place, decoded.root);
  });
  return out;
}

ReadOptions with_tokens() { return {.tokens = &sample_tokens()}; }

// Tokens of the sample: 01 message, 02 to, 03 type, 04 interop, 05 s.whatsapp.net, 07 id, 08 enc.
struct Reading {
  const char* name;
  std::string hex;
  std::string xml;
  Lines oddities = {};
};
class ReadsStanza : public testing::TestWithParam<Reading> {};

TEST_P(ReadsStanza, WithItsTreeAndOddities) {
  const auto decoded = decode(*from_hex(GetParam().hex), with_tokens());
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(xml::print(decoded->root), GetParam().xml);
  EXPECT_EQ(shown(*decoded), GetParam().oddities);
}

std::string name_of(const testing::TestParamInfo<Reading>& row) { return row.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Structure, ReadsStanza,
    testing::Values(
        Reading{"NameOnly", "00 f801 01", "<message/>"},
        Reading{"Attribute", "00 f803 01 07 fc0161", "<message id='a'/>"},
        Reading{"Octets", "00 f802 01 fc03616263", "<message>abc</message>"},
        Reading{"TokenContent", "00 f802 01 03", "<message>type</message>"},
        Reading{"Children", "00 f802 01 f802 f801 08 f801 ec00",
                "<message><enc/><receipt/></message>"},
        Reading{"NoChildren", "00 f802 01 00", "<message/>"},
        Reading{"EmptyOctets", "00 f802 01 fc00", "<message/>"},
        Reading{"List16", "00 f90001 01", "<message/>", {"list_size at 1 in /message"}},
        Reading{"EmptyList8",
                "00 f802 01 f800",
                "<message/>",
                {"list_size at 4 in /message/content()"}},
        Reading{"Flags", "01 f801 01", "<message/>", {"unknown_flags at 0 in /message"}},
        Reading{"Trailing", "00 f801 01 00", "<message/>", {"trailing_octets at 4 in /message"}},
        Reading{"PlaceBelow",
                "00 f802 01 f802 f801 08 f803 08 02 00",
                "<message><enc/><enc to=''/></message>",
                {"empty_string at 13 in /message/enc[1]/@to"}},
        Reading{"DuplicateKey",
                "00 f805 01 07 fc0161 07 fc0162",
                "<message id='a' id='b'/>",
                {"duplicate_key at 8 in /message/@id"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Strings, ReadsStanza,
    testing::Values(
        Reading{"Literal20",
                "00 f803 01 07 fd00000161",
                "<message id='a'/>",
                {"literal_length at 5 in /message/@id"}},
        Reading{"Literal20Masked",
                "00 f803 01 07 fdf0000161",
                "<message id='a'/>",
                {"masked_bits at 5 in /message/@id", "literal_length at 5 in /message/@id"}},
        Reading{"Literal32",
                "00 f803 01 07 fe0000000161",
                "<message id='a'/>",
                {"literal_length at 5 in /message/@id"}},
        Reading{
            "LiteralOfAToken", "00 f801 fc03656e63", "<enc/>", {"literal_has_token at 3 in /enc"}},
        Reading{"NotUtf8",
                "00 f803 01 07 fc02c080",
                "<message id='\xC0\x80'/>",
                {"not_utf8 at 5 in /message/@id"}},
        Reading{"NibbleEven", "00 f803 01 07 ff02 1a2b", "<message id='1-2.'/>"},
        Reading{"NibbleOdd", "00 f803 01 07 ff82 123f", "<message id='123'/>"},
        Reading{"NibbleOddFiller",
                "00 f803 01 07 ff82 1230",
                "<message id='123'/>",
                {"packed_filler at 8 in /message/@id"}},
        Reading{"NibbleEmpty",
                "00 f803 01 07 ff00",
                "<message id=''/>",
                {"packed_empty at 5 in /message/@id"}},
        Reading{"NibbleEmptyOdd",
                "00 f803 01 07 ff80",
                "<message id=''/>",
                {"packed_empty at 5 in /message/@id"}},
        Reading{"NibbleOne", "00 f803 01 07 ff81 7f", "<message id='7'/>"},
        Reading{"Hex", "00 f803 01 07 fb02 9abf", "<message id='9ABF'/>"},
        Reading{"HexOdd", "00 f803 01 07 fb81 af", "<message id='A'/>"},
        Reading{"HexOddFiller",
                "00 f803 01 07 fb81 a0",
                "<message id='A'/>",
                {"packed_filler at 7 in /message/@id"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Jids, ReadsStanza,
    testing::Values(
        Reading{"Pair",
                "00 f803 01 02 fa ff8149 05",
                "<message to='4@s.whatsapp.net'/>",
                {"packed_filler at 8 in /message/@to"}},
        Reading{"PairWithoutUser", "00 f803 01 02 fa 00 05", "<message to='@s.whatsapp.net'/>"},
        Reading{"AdDefault", "00 f803 01 02 f7 00 05 fc0161", "<message to='a:5@s.whatsapp.net'/>"},
        Reading{"AdDeviceZero", "00 f803 01 02 f7 01 00 fc0161", "<message to='a@lid'/>"},
        Reading{"AdHosted", "00 f803 01 02 f7 80 63 fc0161", "<message to='a:99@hosted'/>"},
        Reading{"AdHostedLid", "00 f803 01 02 f7 81 01 fc0161", "<message to='a:1@hosted.lid'/>"},
        Reading{"Fb", "00 f803 01 02 f6 fc0161 0102 ec01", "<message to='a:258@msgr'/>"},
        Reading{"InteropWithServer",
                "00 f805 01 02 f5 fc0161 0000 000c 04 07 fc0162",
                "<message to='12-a@interop' id='b'/>",
                {"interop_server at 5 in /message/@to"}},
        Reading{"InteropWithLiteralServer",
                "00 f803 01 02 f5 fc0161 0003 000d fc07696e7465726f70",
                "<message to='13-a:3@interop'/>",
                {"interop_server at 5 in /message/@to"}},
        Reading{"InteropBare",
                "00 f805 01 02 f5 fc0161 0000 000c 07 fc0162",
                "<message to='12-a@interop' id='b'/>",
                {"interop_bare at 5 in /message/@to"}},
        Reading{"InteropBareAtTheEnd",
                "00 f803 01 02 f5 fc0161 0000 000c",
                "<message to='12-a@interop'/>",
                {"interop_bare at 5 in /message/@to"}},
        Reading{"InteropTuple",
                "00 f805 01 02 f4 fc0161 0000 000c 00 07 fc0162",
                "<message to='12-a@interop' id='b'/>",
                {"interop_tuple at 5 in /message/@to"}},
        Reading{"JidContent", "00 f802 01 fa fc0161 05", "<message>a@s.whatsapp.net</message>"}),
    name_of);

struct Refusal {
  const char* name;
  std::string hex;
  Errc code;
  std::size_t offset;
};
class RefusesStanza : public testing::TestWithParam<Refusal> {};

TEST_P(RefusesStanza, WithCodeAndOffset) {
  const auto decoded = decode(*from_hex(GetParam().hex), with_tokens());
  ASSERT_FALSE(decoded) << xml::print(decoded->root);
  EXPECT_EQ(decoded.error().code, GetParam().code) << decoded.error();
  EXPECT_EQ(decoded.error().offset, GetParam().offset) << decoded.error();
  EXPECT_FALSE(decoded.error().detail.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Stanzas, RefusesStanza,
    testing::Values(
        Refusal{"Nothing", "", Errc::truncated, 0}, Refusal{"FlagsOnly", "00", Errc::truncated, 1},
        Refusal{"NoList", "00 01", Errc::malformed, 1},
        Refusal{"SizeZero", "00 f800", Errc::malformed, 1},
        Refusal{"EmptyList", "00 00", Errc::malformed, 1},
        Refusal{"EmptyName", "00 f801 fc00", Errc::malformed, 3},
        Refusal{"NullName", "00 f801 00", Errc::malformed, 3},
        Refusal{"EmptyKey", "00 f803 01 00 03", Errc::malformed, 4},
        Refusal{"JidAsName", "00 f801 fa fc0161 05", Errc::malformed, 3},
        Refusal{"SizeBeyondTheEnd", "00 f805 01", Errc::truncated, 1},
        Refusal{"PairWhoseServerEndsWithTheSeparator", "00 f803 01 02 fa fc0161 fc026240",
                Errc::malformed, 5},
        Refusal{"UnassignedToken", "00 f801 06", Errc::malformed, 3},
        Refusal{"TokenBeyondTheList", "00 f801 eb", Errc::malformed, 3},
        Refusal{"IndexBeyondTheDictionary", "00 f801 ec02", Errc::malformed, 3},
        Refusal{"DictionaryThatIsNotThere", "00 f801 ed00", Errc::malformed, 3},
        Refusal{"UnknownTag", "00 f801 f0", Errc::malformed, 3},
        Refusal{"Length8BeyondTheEnd", "00 f801 fc0261", Errc::truncated, 3},
        Refusal{"Length20BeyondTheEnd", "00 f801 fd00000261", Errc::truncated, 3},
        Refusal{"Length32BeyondTheEnd", "00 f801 feffffffff61", Errc::truncated, 3},
        Refusal{"PackedBeyondTheEnd", "00 f801 ff0211", Errc::truncated, 3},
        Refusal{"Nibble12", "00 f801 ff011c", Errc::malformed, 5},
        Refusal{"Nibble14Dropped", "00 f801 ff811e", Errc::malformed, 5},
        Refusal{"PairWithoutServer", "00 f803 01 02 fa fc0161 00", Errc::malformed, 5},
        Refusal{"JidInsideAJid", "00 f803 01 02 fa fa 01 01 01", Errc::malformed, 6},
        Refusal{"AdDomain2", "00 f803 01 02 f7 02 00 fc0161", Errc::malformed, 6},
        Refusal{"FbOfAnotherServer", "00 f803 01 02 f6 fc0161 0000 05", Errc::malformed, 11},
        Refusal{"TupleDomain1", "00 f803 01 02 f4 fc0161 0000 000c 01", Errc::malformed, 13},
        Refusal{"ListAsValue", "00 f803 01 02 f800", Errc::malformed, 5},
        Refusal{"ChildThatIsNoNode", "00 f802 01 f801 01 01 01", Errc::malformed, 6},
        Refusal{"NotZlib", "02 000000", Errc::malformed, 3},
        Refusal{"ZlibCut", "02 78", Errc::truncated, 2}),
    [](const auto& row) { return row.param.name; });

TEST(InteropJid, MustHaveItsServerWhereTheRuleSaysSo) {
  const auto octets = *from_hex("00 f805 01 02 f5 fc0161 0000 000c ec01 07 fc0162");
  auto options = with_tokens();
  options.interop_server = InteropServer::always;
  const auto decoded = decode(octets, options);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error(),
            (Error{Errc::malformed, "the server of this JID must be interop", 13}));
}

TEST(InteropJid, TakesNoServerWhereTheRuleSaysSo) {
  const auto octets = *from_hex("00 f805 01 02 f5 fc0161 0000 000c 04 fc0162");
  auto options = with_tokens();
  options.interop_server = InteropServer::never;
  const auto decoded = decode(octets, options);
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(xml::print(decoded->root), "<message to='12-a@interop' interop='b'/>");
}

TEST(UnknownToken, IsShownByItsNumberOnRequest) {
  auto options = with_tokens();
  options.unknown_token = UnknownToken::shown;
  const auto decoded = decode(*from_hex("00 f803 06 ed07 05"), options);
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->root.name, "#6");
  EXPECT_EQ(decoded->root.get("#237.7"), "s.whatsapp.net");
  EXPECT_EQ(shown(*decoded),
            (Lines{"unknown_token at 3 in /#6", "unknown_token at 4 in /#6/@#237.7"}));
}

TEST(PlainNamespaces, TurnTheParsedTreeIntoThatOfTheBinaryForm) {
  const auto parsed = xml::parse(
      "<iq id='1' xml:lang='de'><a xmlns='w:p'><b/></a><c xmlns=''/>x</iq>", "jabber:client");
  ASSERT_TRUE(parsed) << parsed.error();
  const auto plain = plain_namespaces(*parsed, "jabber:client");
  ASSERT_TRUE(plain) << plain.error();
  EXPECT_EQ(xml::print(*plain),
            "<iq id='1' xml:lang='de'><a xmlns='w:p'><b/></a><c xmlns=''/>x</iq>");
  EXPECT_EQ(plain->find("id") == nullptr ? "" : *plain->find("id"), "1");
}

TEST(PlainNamespaces, RefuseAnAttributeOfAnotherNamespace) {
  const auto parsed = xml::parse("<a xmlns:p='urn:p' p:k='v'/>");
  ASSERT_TRUE(parsed) << parsed.error();
  const auto plain = plain_namespaces(*parsed);
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error().code, Errc::unsupported);
}

}  // namespace
}  // namespace parley::wire
