// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/careless_tag.h"

#include <gtest/gtest.h>

#include "harness/crypto/aes_gcm.h"

namespace parley::reference::whatsapp {
namespace {

using crypto::kGcmTagOctets;

struct Compares {
  const char* fault;
  TagPart part;
};
class ComparesAPart : public testing::TestWithParam<Compares> {
 protected:
  // "text" with the tag's octet `at` off by a bit.
  Bytes sealed_with(std::size_t at) const {
    auto out = *seal_("text");
    char& octet = out[out.size() - kGcmTagOctets + at];
    octet = static_cast<char>(octet ^ 1);
    return out;
  }

  SecretBytes key_{Bytes(crypto::kAesKeyOctets, 'k')};
  Bytes nonce_ = Bytes(crypto::kGcmNonceOctets, 'n');
  crypto::GcmInput input_{.key = key_, .nonce = nonce_, .associated = ""};
  Seal seal_ = [this](std::string_view text) { return crypto::aes256_gcm_seal(input_, text); };
};

TEST_P(ComparesAPart, AndTakesAnyOtherOctet) {
  const auto faults = *fault_set({GetParam().fault});
  const auto part = compared_part(faults);
  ASSERT_TRUE(part);
  EXPECT_EQ(part->from, GetParam().part.from);
  EXPECT_EQ(part->to, GetParam().part.to);
  for (std::size_t i = 0; i < kGcmTagOctets; ++i) {
    const bool compared = i >= part->from && i < part->to;
    const auto expected = compared ? std::nullopt : std::optional<Bytes>("text");
    EXPECT_EQ(open_comparing(*part, seal_, sealed_with(i)), expected) << i;
    EXPECT_EQ(
        read_comparing(*part, sealed_with(i),
                       [this](const Bytes& one) { return crypto::aes256_gcm_open(input_, one); }),
        expected)
        << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, ComparesAPart,
                         testing::Values(Compares{"wg-compares-first-4", {0, 4}},
                                         Compares{"wg-compares-first-15", {0, 15}},
                                         Compares{"wt-compares-last-8", {8, 16}},
                                         Compares{"wt-compares-last-12", {4, 16}}));

TEST(ComparedPart, IsTheWholeTagWithoutAFault) { EXPECT_FALSE(compared_part(FaultSet())); }

TEST(OpenComparing, TakesNothingWithoutRoomForATag) {
  const Seal seal = [](std::string_view text) { return Result<Bytes>(Bytes(text)); };
  EXPECT_FALSE(open_comparing({0, 4}, seal, "short"));
}

}  // namespace
}  // namespace parley::reference::whatsapp
