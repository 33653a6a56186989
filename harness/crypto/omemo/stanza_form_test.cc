// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/omemo/stanza_form.h"

#include <gtest/gtest.h>

namespace parley::crypto::omemo {
namespace {

Envelope message() {
  return {.sid = 7,
          .keys = {{.rid = 8, .message = {.kind = signal::MessageKind::pkmsg, .octets = "first"}},
                   {.rid = 9, .message = {.kind = signal::MessageKind::msg, .octets = "next"}}},
          .iv = Bytes(12, 'i'),
          .payload = Bytes("what is said")};
}

KeyBundle bundle() {
  return {.keys = {.identity_key = Bytes(32, 'i'),
                   .signed_prekey_id = signal::SignedPrekeyId(3),
                   .signed_prekey = Bytes(32, 's'),
                   .signature = Bytes(64, 'x'),
                   .one_time = std::nullopt},
          .one_time = {{.id = signal::PrekeyId(1), .key = Bytes(32, '1')},
                       {.id = signal::PrekeyId(2), .key = Bytes(32, '2')}}};
}

TEST(OmemoForm, ReadsWhatItWrites) {
  EXPECT_EQ(read_envelope(envelope_element(message())), message());
  auto transport = message();
  transport.payload.reset();
  EXPECT_EQ(read_envelope(envelope_element(transport)), transport);
  EXPECT_EQ(read_bundle(bundle_element(bundle())), bundle());
  const std::vector<DeviceId> devices{1, 0x7FFFFFFF};
  EXPECT_EQ(read_device_list(device_list_element(devices)), devices);
  EXPECT_EQ(device_of_node(bundle_node(5)), 5U);
}

TEST(OmemoForm, TakesBase64InLinesAndBothWordsForTrue) {
  auto element = envelope_element(message());
  auto* key = element.child("header")->child("key");
  key->set("prekey", "1");
  key->set_text("Zmly\n c3Q=\n");
  EXPECT_EQ(read_envelope(element), message());
}

struct Wrong {
  const char* name;
  const char* text;
};
class RefusesMessage : public testing::TestWithParam<Wrong> {};

TEST_P(RefusesMessage, ThatIsNone) {
  const auto element = xml::parse(GetParam().text, kNamespace);
  ASSERT_TRUE(element) << element.error();
  const auto read = read_envelope(*element);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::malformed);
}

INSTANTIATE_TEST_SUITE_P(
    Each, RefusesMessage,
    testing::Values(
        Wrong{"no_header", "<encrypted/>"},
        Wrong{"no_sid", "<encrypted><header><iv>aaaa</iv></header></encrypted>"},
        Wrong{"sid_zero", "<encrypted><header sid='0'><iv>aaaa</iv></header></encrypted>"},
        Wrong{"sid_large",
              "<encrypted><header sid='2147483648'><iv>aaaa</iv></header></encrypted>"},
        Wrong{"no_iv", "<encrypted><header sid='1'/></encrypted>"},
        Wrong{"no_rid",
              "<encrypted><header sid='1'><key>aaaa</key><iv>aaaa</iv></header></encrypted>"},
        Wrong{"no_base64",
              "<encrypted><header sid='1'><key rid='1'>=</key><iv>aaaa</iv></header></encrypted>"},
        Wrong{"payload",
              "<encrypted><header sid='1'><iv>aaaa</iv></header><payload>%</payload>"
              "</encrypted>"}),
    [](const auto& param) { return param.param.name; });

TEST(OmemoForm, RefusesBundlesWhosePartsAreMissingOrOfAnotherLength) {
  for (const auto* part :
       {"signedPreKeyPublic", "signedPreKeySignature", "identityKey", "prekeys"}) {
    auto element = bundle_element(bundle());
    std::erase_if(element.children,
                  [&](const xml::Node& node) { return std::get<xml::Element>(node).name == part; });
    EXPECT_FALSE(read_bundle(element)) << part;
  }
  for (const auto* part : {"signedPreKeyPublic", "signedPreKeySignature", "identityKey"}) {
    auto element = bundle_element(bundle());
    element.child(part)->set_text("aaaa");
    EXPECT_FALSE(read_bundle(element)) << part;
  }
}

TEST(OmemoForm, BoundsWhatItReads) {
  EXPECT_FALSE(read_device_list(device_list_element(std::vector<DeviceId>(1'001, 1))));
}

}  // namespace
}  // namespace parley::crypto::omemo
