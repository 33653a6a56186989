// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/oracles/secrets.h"

#include <gtest/gtest.h>

namespace parley::fuzz {
namespace {

std::string key() {
  std::string out;
  for (int i = 0; i < 32; ++i) {
    out += static_cast<char>(0xF8 + 37 * i);
  }
  return out;
}

std::string url_form(std::string text) {
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

TEST(Says, FindsAKeyInEachForm) {
  EXPECT_TRUE(says("the key is " + key() + ".", key()));
  EXPECT_TRUE(says("the key is " + to_hex(key()), key()));
  EXPECT_TRUE(says("the key is " + upper(to_hex(key())), key()));
  for (const auto* before : {"", "a", "ab", "abc", "abcd"}) {
    const auto form = to_base64(before + key() + "behind");
    EXPECT_TRUE(says("in " + form, key())) << before;
    EXPECT_TRUE(says("in " + url_form(form), key())) << before;
  }
}

TEST(Says, FindsHalfOfAKey) {
  EXPECT_TRUE(says(key().substr(0, 16), key()));
  EXPECT_TRUE(says(to_hex(key().substr(16)), key()));
  EXPECT_TRUE(says(to_base64(key().substr(0, 20)), key()));
}

TEST(Says, FindsNothingElse) {
  EXPECT_FALSE(says("the MAC is wrong", key()));
  EXPECT_FALSE(says("", key()));
  EXPECT_FALSE(says(to_hex(key().substr(0, 15)), key()));
  EXPECT_FALSE(says("a text that says short", "short")) << "that may be chance";
}

// What our own words could be is no key: a fuzzer finds them soon.
TEST(Says, NoSentence) {
  EXPECT_FALSE(says("no curve that JWS signs on", "no curve that JWS signs on"));
  EXPECT_TRUE(says("no curve-that-JWS-signs-on", "curve-that-JWS-signs-on"));
}

}  // namespace
}  // namespace parley::fuzz
