// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/seed_source.h"

#include <gtest/gtest.h>

namespace parley::cli {
namespace {

using model::Wire;

std::vector<std::string> targets_of(const std::vector<Seed>& seeds) {
  std::vector<std::string> out;
  for (const auto& seed : seeds) {
    out.push_back(seed.target);
  }
  return out;
}

using Targets = std::vector<std::string>;

TEST(SeedsOfStream, GoToTheTargetThatReadsSuchOctets) {
  EXPECT_EQ(targets_of(seeds_of_stream("w", "<stream:stream>", Wire::xml)), Targets{"xml_reader"});
  EXPECT_EQ(targets_of(seeds_of_stream("w", "PUT /a HTTP/1.1\r\n", Wire::xml)),
            Targets{"http_reader"});
  EXPECT_EQ(targets_of(seeds_of_stream("w", "HTTP/1.1 200 OK\r\n", Wire::noise)),
            Targets{"http_reader"});
  EXPECT_EQ(targets_of(seeds_of_stream("w", "WA\6\3", Wire::noise)), Targets{"frame"});
}

TEST(SeedsOfStream, AreNoneOfWhatNobodyReads) {
  EXPECT_TRUE(seeds_of_stream("w", "", Wire::xml).empty());
  EXPECT_TRUE(seeds_of_stream("w", "\x16\x03\x01", Wire::xml).empty());
}

xml::Stanza stanza_of(const char* text) { return {.element = *xml::parse(text), .raw = text}; }

TEST(SeedsOfStanza, HaveItAndWhatIsSealedWithin) {
  const auto seeds = seeds_of_stanza(
      "case_changed_say",
      stanza_of("<message><to><enc type='pkmsg'>3x</enc><enc type='msg'>3y</enc></to></message>"),
      Wire::noise);
  ASSERT_EQ(targets_of(seeds), (Targets{"binary_xml", "prekey_message", "signal_message"}));
  EXPECT_EQ(seeds[1].octets, "r3x");
  EXPECT_EQ(seeds[1].name, "case_changed_say_pkmsg");
}

TEST(SeedsOfStanza, HaveTheElementsOfOmemoByThemselves) {
  const auto seeds = seeds_of_stanza(
      "w", stanza_of("<message><encrypted xmlns='eu.siacs.conversations.axolotl'/></message>"),
      Wire::xml);
  ASSERT_EQ(targets_of(seeds), (Targets{"stanza", "omemo_stanza"}));
  EXPECT_EQ(seeds[1].octets, "<encrypted xmlns='eu.siacs.conversations.axolotl'/>");
}

TEST(SeedsOfStanza, TakeNoHandshakeForABinaryStanza) {
  EXPECT_TRUE(seeds_of_stanza("w", stanza_of("<intro/>"), Wire::noise).empty());
}

}  // namespace
}  // namespace parley::cli
