// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/oracles/split.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "harness/xml/reader.h"

namespace parley::fuzz {
namespace {

// Counts letters in all pieces, and so does not care where they were cut.
std::vector<std::string> letters(const std::vector<std::string_view>& pieces) {
  std::size_t count = 0;
  for (const auto piece : pieces) {
    count += piece.size();
  }
  return {std::to_string(count)};
}

// Sees "ab" only within one piece.
std::vector<std::string> pairs(const std::vector<std::string_view>& pieces) {
  std::vector<std::string> out;
  for (const auto piece : pieces) {
    for (auto at = piece.find("ab"); at != std::string_view::npos; at = piece.find("ab", at + 1)) {
      out.emplace_back("ab");
    }
  }
  return out;
}

// Only notices when it is cut before the third octet.
std::vector<std::string> third(const std::vector<std::string_view>& pieces) {
  return {pieces.size() == 2 && pieces[0].size() == 3 ? "cut" : "whole"};
}

TEST(DifferingSplit, IsNothingForAReaderThatDoesNotCare) {
  EXPECT_EQ(differing_split("xxabxx", letters), std::nullopt);
  EXPECT_EQ(differing_split("", letters), std::nullopt);
}

TEST(DifferingSplit, SaysThatSingleOctetsDiffer) {
  EXPECT_EQ(differing_split("xxabxx", pairs), 6U);
}

TEST(DifferingSplit, SaysWhereTheCutMatters) {
  EXPECT_EQ(differing_split("xxabxx", third), 3U);
  EXPECT_EQ(differing_split("xxabxx", third, 1), std::nullopt) << "one place is tried";
}

// --- our stream reader on all that is in the corpora ---

std::string shown(const xml::Item& item) {
  if (const auto* opened = std::get_if<xml::StreamOpened>(&item)) {
    return "opened " + print(opened->element);
  }
  if (const auto* stanza = std::get_if<xml::Stanza>(&item)) {
    return "stanza " + print(stanza->element) + " from " + stanza->raw;
  }
  const auto* refused = std::get_if<xml::Refused>(&item);
  return refused == nullptr ? "closed"
                            : refused->condition + " at " + std::to_string(refused->offset);
}

std::vector<std::string> items(const std::vector<std::string_view>& pieces) {
  xml::StreamReader reader;
  std::vector<std::string> out;
  for (const auto piece : pieces) {
    for (const auto& item : reader.feed(piece)) {
      out.push_back(shown(item));
    }
  }
  return out;
}

// Each file as a stream, and below a stream header as a stanza.
TEST(DifferingSplit, IsNothingAtAnyOctetOfTheCorpora) {
  constexpr std::size_t kLongest = 2'000;
  constexpr std::string_view kHeader =
      "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
  std::size_t count = 0;
  for (const auto* corpus : {"xml_reader", "stanza", "pugixml_tree", "omemo_stanza"}) {
    const auto folder = std::filesystem::path(PARLEY_SOURCE_DIR) / "corpora" / corpus;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.file_size() > kLongest) {
        continue;
      }
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string octets(std::istreambuf_iterator<char>(file), {});
      ++count;
      EXPECT_EQ(differing_split(octets, items), std::nullopt) << entry.path();
      EXPECT_EQ(differing_split(std::string(kHeader) + octets, items), std::nullopt)
          << entry.path();
    }
  }
  EXPECT_GT(count, 50U);
}

}  // namespace
}  // namespace parley::fuzz
