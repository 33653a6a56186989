// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <array>

#include "harness/base/rng.h"
#include "harness/wire/binary_reader.h"
#include "harness/wire/binary_writer.h"
#include "harness/wire/sample_tokens.h"

namespace parley::wire {
namespace {

using namespace std::string_literals;
using xml::Element;

Element named(std::string name) {
  return {.ns = {}, .name = std::move(name), .attributes = {}, .children = {}};
}

// <message to='VALUE'/> with that form, or the automatic one.
struct Value {
  const char* name;
  std::string text;
  std::optional<Form> form;
  std::string hex;  // of the value alone
};

Result<Bytes> write(const Value& value, const WriteOptions& options) {
  auto element = named("message");
  element.set("to", value.text);
  Encoding encoding;
  if (value.form) {
    encoding.forms[{.path = {}, .part = Part::value, .attribute = 0}] = *value.form;
  }
  return encode(element, options, encoding);
}

class WritesValue : public testing::TestWithParam<Value> {};

TEST_P(WritesValue, InThatFormAndReadsItBack) {
  const auto octets = write(GetParam(), {.tokens = &sample_tokens()});
  ASSERT_TRUE(octets) << octets.error();
  EXPECT_EQ(to_hex(*octets), "00f8030102" + to_hex(*from_hex(GetParam().hex)));
  const auto decoded = decode(*octets, {.tokens = &sample_tokens()});
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->root.get("to"), GetParam().text);
  EXPECT_EQ(decoded->encoding.forms.size(), GetParam().form ? 1U : 0U);
  EXPECT_EQ(encode(decoded->root, {.tokens = &sample_tokens()}, decoded->encoding), *octets);
}

INSTANTIATE_TEST_SUITE_P(
    Automatic, WritesValue,
    testing::Values(
        Value{"SingleToken", "type", {}, "03"}, Value{"DoubleToken", "receipt", {}, "ec00"},
        Value{"TokenBeforePacking", "12345", {}, "ef00"},
        Value{"NibbleOdd", "1-.", {}, "ff82 1abf"}, Value{"NibbleEven", "12", {}, "ff01 12"},
        Value{"Hex", "AB1", {}, "fb82 ab1f"}, Value{"LowerHexIsLiteral", "ab1", {}, "fc03 616231"},
        Value{"Empty", "", {}, "fc00"}, Value{"Pair", "a@g.us", {}, "fa fc0161 fc04672e7573"},
        Value{"PairWithoutUser", "@s.whatsapp.net", {}, "fa 00 05"},
        Value{"PairForADeviceTooLarge", "a:256@lid", {}, "fa fc05613a323536 fc036c6964"},
        Value{"Ad", "49:7@s.whatsapp.net", {}, "f7 00 07 ff01 49"},
        Value{"AdHostedLid", "49:99@hosted.lid", {}, "f7 81 63 ff01 49"},
        Value{"Fb", "49:300@msgr", {}, "f6 ff0149 012c ec01"},
        Value{"Interop", "12-49@interop", {}, "f5 ff0149 0000 000c 04"},
        Value{"InteropDevice", "999-a:3@interop", {}, "f5 fc0161 0003 03e7 04"},
        Value{"InteropWithoutIntegrator", "a@interop", {}, "fa fc0161 04"},
        Value{"MailAddressIsNoJid", "a@example.org", {}, "fc0d 61406578616d706c652e6f7267"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Chosen, WritesValue,
    testing::Values(
        Value{"LiteralOfAToken", "type", Form{FormKind::literal}, "fc04 74797065"},
        Value{"Literal20", "a", Form{FormKind::literal20}, "fd000001 61"},
        Value{"Literal32", "a", Form{FormKind::literal32}, "fe00000001 61"},
        Value{"SecondNumberOfAToken", "message", Form{FormKind::token, 0xEF01}, "ef01"},
        Value{"NibbleOfAToken", "12345", Form{FormKind::nibble}, "ff83 12345f"},
        Value{"NibbleWithFillerInside", "1\0"s, Form{FormKind::nibble}, "ff01 1f"},
        Value{"HexOfDigits", "12", Form{FormKind::hex}, "fb01 12"},
        Value{"EmptyNibble", "", Form{FormKind::nibble}, "ff00"},
        Value{"Null", "", Form{FormKind::list_empty}, "00"},
        Value{"PairWithDevice", "a:5@lid", Form{FormKind::jid_pair}, "fa fc03613a35 fc036c6964"},
        Value{"PairOfAnyServer", "a@b", Form{FormKind::jid_pair}, "fa fc0161 fc0162"},
        Value{"AdDeviceZero", "a@lid", Form{FormKind::ad_jid}, "f7 01 00 fc0161"},
        Value{"LiteralJid", "a@lid", Form{FormKind::literal}, "fc05 61406c6964"},
        Value{"InteropBare", "12-a@interop", Form{FormKind::interop_bare}, "f5 fc0161 0000 000c"},
        Value{"InteropTuple", "12-a@interop", Form{FormKind::interop_tuple},
              "f4 fc0161 0000 000c 00"}),
    [](const auto& row) { return row.param.name; });

TEST(Encode, SendsAnyTokenNumberWhateverTheText) {
  EXPECT_EQ(to_hex(*write({"", "x", Form{FormKind::token, 0xED09}, ""}, {})).substr(32), "ed09");
}

TEST(Encode, KeepsToItsOptionsWithoutTokensAndPacking) {
  const Value interop{"", "12-49@interop", {}, ""};
  const auto hex = [&](const WriteOptions& options) { return to_hex(*write(interop, options)); };
  const std::string start = "00f803fc076d657373616765fc02746f";
  EXPECT_EQ(hex({.packing = Packing::literal}), start + "f5fc0234390000000cfc07696e7465726f70");
  EXPECT_EQ(hex({.interop_jid = InteropJid::without_server}), start + "f5ff01490000000c");
  EXPECT_EQ(hex({.interop_jid = InteropJid::tuple}), start + "f4ff01490000000c00");
}

class RefusesForm : public testing::TestWithParam<Value> {};

TEST_P(RefusesForm, NamingThePlace) {
  const auto octets = write(GetParam(), {.tokens = &sample_tokens()});
  ASSERT_FALSE(octets) << to_hex(*octets);
  EXPECT_TRUE(octets.error().detail.starts_with("/message/@to: ")) << octets.error();
}

INSTANTIATE_TEST_SUITE_P(
    Forms, RefusesForm,
    testing::Values(
        Value{"NibbleLetter", "1a", Form{FormKind::nibble}, ""},
        Value{"HexLowerCase", "1a", Form{FormKind::hex}, ""},
        Value{"PackedTooLong", std::string(255, '1'), Form{FormKind::hex}, ""},
        Value{"TokenUnknown", "1a", Form{FormKind::token}, ""},
        Value{"Literal20TooLong", std::string(1 << 20, 'a'), Form{FormKind::literal20}, ""},
        Value{"PairWithoutServer", "1a", Form{FormKind::jid_pair}, ""},
        Value{"AdOfAnotherServer", "a@g.us", Form{FormKind::ad_jid}, ""},
        Value{"FbOfAnotherServer", "a@lid", Form{FormKind::fb_jid}, ""},
        Value{"InteropWithoutIntegrator", "a@interop", Form{FormKind::interop_bare}, ""},
        Value{"ListForText", "a", Form{FormKind::list_empty}, ""},
        Value{"List8ForText", "a", Form{FormKind::list8}, ""}),
    [](const auto& row) { return row.param.name; });

TEST(Encode, RefusesWhatTheBinaryFormCannotHold) {
  auto mixed = named("a");
  mixed.children.emplace_back("text");
  mixed.children.emplace_back(named("b"));
  EXPECT_EQ(encode(mixed, {}).error().code, Errc::unsupported);
  auto spaced = named("a");
  spaced.ns = "urn:x";
  EXPECT_EQ(encode(spaced, {}).error().code, Errc::unsupported);
  auto wide = named("a");
  wide.children.assign(65'536, named("b"));
  EXPECT_EQ(encode(wide, {}).error().code, Errc::too_large);
}

// What the tree alone cannot say comes back by the encoding, octet for octet.
class KeepsOctets : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(KeepsOctets, ThroughTreeAndEncoding) {
  const auto octets = *from_hex(GetParam().second);
  const auto decoded =
      decode(octets, {.tokens = &sample_tokens(), .unknown_token = UnknownToken::shown});
  ASSERT_TRUE(decoded) << decoded.error();
  const auto again = encode(decoded->root, {.tokens = &sample_tokens()}, decoded->encoding);
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(to_hex(*again), to_hex(octets));
}

INSTANTIATE_TEST_SUITE_P(Stanzas, KeepsOctets,
                         testing::Values(std::pair("Canonical",
                                                   "00 f804 01 02 fa 00 05 f801 f802 08 fc0100"),
                                         std::pair("EmptyListContent", "00 f802 01 00"),
                                         std::pair("EmptyList8Content", "00 f802 01 f800"),
                                         std::pair("EmptyOctetContent", "00 f802 01 fc00"),
                                         std::pair("EmptyNibbleContent", "00 f802 01 ff00"),
                                         std::pair("TokenContent", "00 f802 01 03"),
                                         std::pair("JidContent", "00 f802 01 fa fc0161 05"),
                                         std::pair("List16Header", "00 f90002 01 f90001 f90001 08"),
                                         std::pair("UnknownTokens", "00 f803 06 ed07 ef03"),
                                         std::pair("TrailingOctets", "00 f801 01 aabb"),
                                         std::pair("OtherFlags", "fd f801 01"),
                                         std::pair("DuplicateKeys", "00 f805 01 07 fc0161 07 00")),
                         [](const auto& row) { return row.param.first; });

TEST(Encode, CompressesWhenTheFlagSaysSo) {
  auto element = named("message");
  element.set_text(std::string(10'000, 'x'));
  const auto octets =
      encode(element, {}, {.forms = {}, .flags = kCompressedFlag, .trailing = "end"});
  ASSERT_TRUE(octets);
  EXPECT_LT(octets->size(), 100U);
  const auto decoded = decode(*octets, {});
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->root, element);
  EXPECT_EQ(decoded->encoding.trailing, "end");
  EXPECT_TRUE(decoded->has(OddityKind::compressed));
}

// Random trees: names, values and contents of every kind that has its own form.
class Trees {
 public:
  explicit Trees(std::uint64_t seed) : rng_(seed) {}

  Element tree(int depth = 0) {
    auto out = named(name());
    for (std::uint64_t i = rng_.below(4); i > 0; --i) {
      out.attributes.push_back({"", name(), value()});
    }
    const std::uint64_t kind = depth < 4 ? rng_.below(4) : 3;
    if (kind == 0) {
      out.set_text(rng_.octets(1 + rng_.below(400)));
    } else if (kind < 3) {
      for (std::uint64_t i = rng_.below(4); i > 0; --i) {
        out.children.emplace_back(tree(depth + 1));
      }
    }
    return out;
  }

 private:
  std::string name() {
    constexpr std::array<const char*, 8> names = {"message", "id",  "enc",     "receipt",
                                                  "xmlns",   "200", "BADCAFE", "other"};
    return names[rng_.below(names.size())];
  }
  std::string digits() { return std::to_string(rng_.next() >> rng_.below(64)); }
  std::string value() {
    switch (rng_.below(9)) {
      case 0:
        return name();
      case 1:
        return digits();
      case 2:
        return digits() + "@s.whatsapp.net";
      case 3:
        return digits() + ":" + std::to_string(rng_.below(300)) + "@lid";
      case 4:
        return digits() + ":" + std::to_string(rng_.below(70'000)) + "@msgr";
      case 5:
        return std::to_string(rng_.below(70'000)) + "-" + digits() + "@interop";
      case 6:
        return std::string(rng_.below(300), 'B');
      case 7:
        return rng_.octets(rng_.below(20)) + "@interop";
      default:
        return rng_.octets(rng_.below(40));
    }
  }

  Rng rng_;
};

TEST(RandomTrees, ComeBackEqualUnderEveryOption) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const auto tree = Trees(seed).tree();
    for (const auto* tokens : {static_cast<const Tokens*>(nullptr), &sample_tokens()}) {
      for (const auto form :
           {InteropJid::with_server, InteropJid::without_server, InteropJid::tuple}) {
        const auto octets =
            encode(tree, {.tokens = tokens,
                          .interop_jid = form,
                          .packing = seed % 2 == 0 ? Packing::packed : Packing::literal});
        ASSERT_TRUE(octets) << octets.error();
        const auto decoded = decode(*octets, {.tokens = tokens});
        ASSERT_TRUE(decoded) << "seed " << seed << ": " << decoded.error();
        ASSERT_EQ(decoded->root, tree) << "seed " << seed;
        // The parts of a JID have no forms of their own: they are packed when written again.
        if (seed % 2 == 0) {
          ASSERT_EQ(encode(decoded->root, {.tokens = tokens}, decoded->encoding), *octets)
              << "seed " << seed;
        }
      }
    }
  }
}

}  // namespace
}  // namespace parley::wire
