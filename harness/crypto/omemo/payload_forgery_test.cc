// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/omemo/payload_forgery.h"

#include <gtest/gtest.h>

#include <set>

namespace parley::crypto::omemo {
namespace {

class Forges : public testing::TestWithParam<PayloadForgery> {};

TEST_P(Forges, WhatNoReceiverTakesAndTheSameEachTime) {
  constexpr std::string_view kText = "what it says";
  Rng rng(7);
  const auto honest = seal_payload(kText, kGcmNonceOctets, rng);
  ASSERT_TRUE(honest);
  Rng one(3);
  Rng other(3);
  const auto forged = GetParam().make(*honest, kText, one);
  const auto again = GetParam().make(*honest, kText, other);
  ASSERT_TRUE(forged && again);
  EXPECT_FALSE(open_payload(*forged)) << *open_payload(*forged);
  EXPECT_EQ(forged->key_material, again->key_material);
  EXPECT_EQ(forged->iv, again->iv);
  EXPECT_EQ(forged->ciphertext, again->ciphertext);
  EXPECT_FALSE(GetParam().clause.empty() || GetParam().explanation.empty());
}

INSTANTIATE_TEST_SUITE_P(Each, Forges, testing::ValuesIn(payload_forgeries()),
                         [](const auto& param) {
                           std::string name(param.param.name);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(PayloadForgeries, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const auto& forgery : payload_forgeries()) {
    EXPECT_TRUE(names.insert(forgery.name).second) << forgery.name;
    EXPECT_EQ(find_payload_forgery(forgery.name), &forgery);
  }
  EXPECT_EQ(find_payload_forgery("payload"), nullptr);
}

}  // namespace
}  // namespace parley::crypto::omemo
