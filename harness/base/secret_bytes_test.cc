// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/secret_bytes.h"

#include <gtest/gtest.h>

#include <concepts>
#include <ostream>
#include <utility>

namespace parley {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

static_assert(!Printable<SecretBytes>, "a secret must not reach a log unasked");
static_assert(!std::equality_comparable<SecretBytes>);

TEST(SecretBytes, KeepsItsOctetsWhenCopied) {
  const SecretBytes first("key");
  const SecretBytes copy = first;  // NOLINT(performance-unnecessary-copy-initialization): is tested
  EXPECT_EQ(copy.reveal(), "key");
  EXPECT_EQ(first.reveal(), "key");
}

TEST(SecretBytes, LeavesNothingBehindWhenMoved) {
  SecretBytes first("key");
  const SecretBytes second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): is what is tested
  EXPECT_EQ(second.reveal(), "key");
}

TEST(SecretBytes, IsReplacedByAssignment) {
  SecretBytes secret("old");
  secret = SecretBytes("newer");
  EXPECT_EQ(secret.reveal(), "newer");
  EXPECT_EQ(secret.size(), 5U);
}

}  // namespace
}  // namespace parley
