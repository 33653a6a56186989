// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/memo.h"

#include <gtest/gtest.h>

#include "harness/crypto/x25519.h"
#include "harness/crypto/xeddsa.h"

namespace parley::crypto {
namespace {

struct Counter {
  int computed = 0;

  std::string of(std::initializer_list<std::string_view> inputs) {
    const auto out = remembered("count", inputs, [this] {
      ++computed;
      return Result<SecretBytes>(SecretBytes("made"));
    });
    return out ? std::string(out->reveal()) : "";
  }
};

TEST(Memo, ComputesOnceWhatWasAskedTwice) {
  const Memo memo;
  Counter counter;
  EXPECT_EQ(counter.of({"a", "b"}), "made");
  EXPECT_EQ(counter.of({"a", "b"}), "made");
  EXPECT_EQ(counter.computed, 1);
}

TEST(Memo, TellsInputsApartByWhereTheyEnd) {
  const Memo memo;
  Counter counter;
  counter.of({"a", "b"});
  counter.of({"ab", ""});
  counter.of({"ab"});
  EXPECT_EQ(counter.computed, 3);
}

TEST(Memo, AThreadWithoutOneComputesEachTime) {
  Counter counter;
  counter.of({"a"});
  {
    const Memo memo;
  }
  counter.of({"a"});
  EXPECT_EQ(counter.computed, 2);
}

TEST(Memo, AFailureIsNotRemembered) {
  const Memo memo;
  int computed = 0;
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(remembered("fails", {"a"}, [&]() -> Result<SecretBytes> {
      ++computed;
      return fail(Errc::refused, "no");
    }));
  }
  EXPECT_EQ(computed, 2);
}

TEST(Memo, ForgetsWhatWasAskedLongAgo) {
  const Memo memo;
  Counter counter;
  counter.of({"first"});
  for (int i = 0; i < 20'000; ++i) {
    counter.of({std::to_string(i)});
  }
  counter.of({"first"});
  EXPECT_EQ(counter.computed, 20'002);
}

TEST(Memo, ChangesNoResult) {
  Rng rng(7);
  const auto own = x25519_key_pair(rng).value();
  const auto peer = x25519_key_pair(rng).value();
  const auto all = [&] {
    Rng nonce(8);
    const auto signature = xeddsa_sign(own.private_key, "text", nonce).value();
    return Bytes(x25519(own.private_key, peer.public_key, LowOrder::refuse)->reveal()) + signature +
           x25519_key_pair(own.private_key.reveal())->public_key + nonce.octets(8) +
           (xeddsa_verify(own.public_key, "text", signature) ? "holds" : "") +
           (xeddsa_verify(own.public_key, "other", signature) ? "" : "does not");
  };
  const Bytes computed = all();
  const Memo memo;
  EXPECT_EQ(all(), computed);
  EXPECT_EQ(all(), computed);
}

}  // namespace
}  // namespace parley::crypto
