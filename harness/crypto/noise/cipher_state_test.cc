// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/noise/cipher_state.h"

#include <gtest/gtest.h>

namespace parley::crypto::noise {
namespace {

CipherState keyed(const Dialect& dialect) {
  CipherState out(dialect);
  out.initialize_key(SecretBytes(Bytes(32, 'k')));
  return out;
}

TEST(CipherState, PassesTextThroughWithoutAKey) {
  CipherState state(kSpecification);
  EXPECT_EQ(state.encrypt_with_ad("h", "text"), "text");
  EXPECT_EQ(state.decrypt_with_ad("h", "text"), "text");
  EXPECT_EQ(state.nonce(), 0U);
  EXPECT_FALSE(state.rekey());
}

TEST(CipherState, StepsItsCounterByOne) {
  CipherState sender = keyed(kWhatsApp);
  CipherState receiver = keyed(kWhatsApp);
  for (std::uint64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(sender.nonce(), i);
    const auto sealed = sender.encrypt_with_ad("", "frame");
    ASSERT_TRUE(sealed);
    EXPECT_EQ(receiver.decrypt_with_ad("", *sealed), "frame");
    EXPECT_EQ(receiver.nonce(), i + 1);
  }
}

TEST(CipherState, IsUnchangedByAFrameThatFails) {
  CipherState sender = keyed(kWhatsApp);
  CipherState receiver = keyed(kWhatsApp);
  const auto first = sender.encrypt_with_ad("", "one");
  const auto second = sender.encrypt_with_ad("", "two");
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(receiver.decrypt_with_ad("", *second)) << "reordered";
  EXPECT_EQ(receiver.nonce(), 0U);
  EXPECT_EQ(receiver.decrypt_with_ad("", *first), "one");
  EXPECT_FALSE(receiver.decrypt_with_ad("", *first)) << "replayed";
  EXPECT_EQ(receiver.decrypt_with_ad("", *second), "two");
}

// What known clients do.
TEST(CipherState, StepsOverALostFrameWhenToldTo) {
  CipherState sender = keyed(kWhatsApp);
  CipherState receiver = keyed(kWhatsApp);
  ASSERT_TRUE(sender.encrypt_with_ad("", "lost"));
  const auto second = sender.encrypt_with_ad("", "two");
  ASSERT_TRUE(second);
  receiver.set_nonce(receiver.nonce() + 1);
  EXPECT_EQ(receiver.decrypt_with_ad("", *second), "two");
}

TEST(CipherState, GivesTheSameOctetsInBothWidths) {
  CipherState narrow = keyed(kWhatsApp);
  CipherState wide = keyed(kSpecification);
  narrow.set_nonce(UINT32_MAX);
  wide.set_nonce(UINT32_MAX);
  EXPECT_EQ(narrow.encrypt_with_ad("", "frame"), wide.encrypt_with_ad("", "frame"));
}

struct Limit {
  const char* name;
  Dialect dialect;
  std::uint64_t last;
};
class CounterLimit : public testing::TestWithParam<Limit> {};

TEST_P(CounterLimit, IsRefusedBeyondTheLast) {
  CipherState state = keyed(GetParam().dialect);
  state.set_nonce(GetParam().last - 1);
  EXPECT_TRUE(state.encrypt_with_ad("", "the last but one"));
  const auto last = state.encrypt_with_ad("", "the last");
  ASSERT_TRUE(last);
  for (const auto& beyond :
       {state.encrypt_with_ad("", "one more"), state.decrypt_with_ad("", *last)}) {
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code, Errc::refused);
  }
  EXPECT_EQ(state.nonce(), GetParam().last + 1) << "must not wrap";
}

INSTANTIATE_TEST_SUITE_P(Widths, CounterLimit,
                         testing::Values(Limit{"Bits32", kWhatsApp, UINT32_MAX},
                                         Limit{"Bits64", kSpecification, UINT64_MAX - 1}),
                         [](const auto& row) { return row.param.name; });

TEST(CipherState, GivesAnotherKeyWhenRekeyedAndKeepsTheCounter) {
  CipherState sender = keyed(kSpecification);
  CipherState receiver = keyed(kSpecification);
  CipherState old = keyed(kSpecification);
  sender.set_nonce(9);
  receiver.set_nonce(9);
  old.set_nonce(9);
  ASSERT_TRUE(sender.rekey());
  ASSERT_TRUE(receiver.rekey());
  EXPECT_EQ(sender.nonce(), 9U);
  const auto sealed = sender.encrypt_with_ad("", "frame");
  ASSERT_TRUE(sealed);
  EXPECT_FALSE(old.decrypt_with_ad("", *sealed));
  EXPECT_EQ(receiver.decrypt_with_ad("", *sealed), "frame");
}

struct Size {
  const char* name;
  Dialect dialect;
  std::size_t octets;
};
class MessageSize : public testing::TestWithParam<Size> {};

TEST_P(MessageSize, IsBoundedByTheDialect) {
  CipherState sender = keyed(GetParam().dialect);
  CipherState receiver = keyed(GetParam().dialect);
  const auto largest = sender.encrypt_with_ad("", Bytes(GetParam().octets - 16, 'x'));
  ASSERT_TRUE(largest);
  EXPECT_EQ(largest->size(), GetParam().octets);
  EXPECT_TRUE(receiver.decrypt_with_ad("", *largest));
  for (const auto& beyond : {sender.encrypt_with_ad("", Bytes(GetParam().octets - 15, 'x')),
                             receiver.decrypt_with_ad("", *largest + "x")}) {
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code, Errc::too_large);
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, MessageSize,
                         testing::Values(Size{"Specification", kSpecification, 65'535},
                                         Size{"WhatsApp", kWhatsApp, 16'777'215}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace parley::crypto::noise
