// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/guess.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/wire/binary_reader.h"

namespace parley::reference::whatsapp {
namespace {

using std::string_literals::operator""s;

TEST(GuessStanza, FindsNameAndIdInWhatCannotBeDecoded) {
  // The node's size is one too large, and the last length is beyond the stanza.
  const auto octets =
      "\x00\xF8\x06\xFC\x02iq\xFC\x02id\xFC\x03q-1\xFC\x04"s + "from\xFC\x09" + "ab";
  ASSERT_FALSE(wire::decode(octets, {}));
  const auto guessed = guess_stanza(octets);
  ASSERT_TRUE(guessed);
  EXPECT_EQ(guessed->name, "iq");
  EXPECT_EQ(guessed->get("id"), "q-1");
  EXPECT_EQ(guessed->get("from"), "ab");
}

TEST(GuessStanza, ReadsStoredBlocksWhoseChecksumIsWrong) {
  const auto body = "\xF8\x03\xFC\x02iq\xFC\x02id\xFC\x01q"s;
  const auto length = std::string(1, static_cast<char>(body.size())) + "\x00"s;
  const auto octets = "\x02\x78\x01\x01"s + length + "\x00\x00"s + body + "\x00\x00\x00\x00"s;
  ASSERT_FALSE(wire::decode(octets, {}));
  const auto guessed = guess_stanza(octets);
  ASSERT_TRUE(guessed);
  EXPECT_EQ(guessed->get("id"), "q");
}

TEST(GuessStanza, ReadsWhatSaysThatItIsDeflatedAndIsNot) {
  EXPECT_TRUE(guess_stanza("\x02\xF8\x03\xFC\x02iq\xFC\x02id\xFC\x01q"s));
}

TEST(GuessStanza, GivesNothingWhereThereIsNoIdOrNoName) {
  EXPECT_FALSE(guess_stanza(""));
  EXPECT_FALSE(guess_stanza("\x00\xF8\x01\xFC\x02iq"s));
  EXPECT_FALSE(guess_stanza("\x00\xF8\x01\xFC\x02id\xFC\x01q"s));
}

}  // namespace
}  // namespace parley::reference::whatsapp
