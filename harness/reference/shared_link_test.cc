// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/shared_link.h"

#include <gtest/gtest.h>

namespace parley::reference {
namespace {

const std::string kPlace = "localhost:1/files/a.jpg";
const std::string kAnchor =
    "8c3d050e9386ec173861778f68e9af38a97aaf82faa4063b4d0878a61261534410c8a84331eaac8500000000";
const std::string kLink = "aesgcm://" + kPlace + "#" + kAnchor;

FaultSet with(const char* name) { return *fault_set({name}); }

TEST(SharedLink, IsReadAsItWasWritten) {
  const auto link = read_aesgcm_link(kLink, {});
  ASSERT_TRUE(link && link->key);
  EXPECT_EQ(net::to_string(link->place), "https://" + kPlace);
  EXPECT_EQ(aesgcm_link("https://" + kPlace, *link->key, {}), kLink);
  EXPECT_FALSE(aesgcm_link("http://" + kPlace, *link->key, {}));
}

struct NoLink {
  const char* name;
  std::string text;
  const char* taken_under;
};
class SharesNothing : public testing::TestWithParam<NoLink> {};

TEST_P(SharesNothing, UnlessAFaultTakesIt) {
  EXPECT_FALSE(read_aesgcm_link(GetParam().text, {}));
  if (GetParam().taken_under != nullptr) {
    EXPECT_TRUE(read_aesgcm_link(GetParam().text, with(GetParam().taken_under)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Texts, SharesNothing,
    testing::Values(NoLink{"text", "look", nullptr},
                    NoLink{"https", "https://" + kPlace, "tp-shared-https-in-sealed"},
                    NoLink{"before", "see " + kLink, "tp-shared-anywhere"},
                    NoLink{"behind", kLink + "\nsee", "tp-shared-anywhere"},
                    NoLink{"short", kLink.substr(0, kLink.size() - 2), "tp-shared-anchor-mended"},
                    NoLink{"odd", kLink.substr(0, kLink.size() - 1), "tp-shared-anchor-mended"},
                    NoLink{"long", kLink + "00", "tp-shared-anchor-mended"},
                    NoLink{"no_hex", kLink.substr(0, kLink.size() - 2) + "zz",
                           "tp-shared-anchor-mended"},
                    NoLink{"no_anchor", "aesgcm://" + kPlace, nullptr},
                    NoLink{"no_host", "aesgcm:///a#" + kAnchor, nullptr}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(SharedLink, OfALinkInTheClearIsTheBodysOwn) {
  const std::string url = "https://" + kPlace;
  EXPECT_TRUE(read_oob_link(url, &url, {}));
  EXPECT_FALSE(read_oob_link(url, nullptr, {}));
  EXPECT_FALSE(read_oob_link("look", &url, {}));
  EXPECT_TRUE(read_oob_link("look", &url, with("tp-shared-oob-alone")));
  const std::string clear = "http://" + kPlace;
  EXPECT_FALSE(read_oob_link(clear, &clear, {}));
}

TEST(SharedFiles, AreOpenedWhereTheirTagHolds) {
  const auto key = *read_aesgcm_link(kLink, {})->key;
  const Bytes file(100, 'f');
  const auto octets = *seal_file(key, file, {});
  EXPECT_EQ(open_file(key, octets, {}), file);
  auto turned = octets;
  turned.back() = static_cast<char>(turned.back() ^ 1);
  EXPECT_FALSE(open_file(key, turned, {}));
  EXPECT_EQ(open_file(key, turned, with("tp-shared-tag-unchecked")), file);
  EXPECT_EQ(open_file(key, turned, with("tp-shared-tag-compared-shortly")), file);
  EXPECT_FALSE(open_file(key, "", {}));
  EXPECT_EQ(open_file(key, "", with("tp-shared-nothing-taken")), "");
  EXPECT_FALSE(open_file(key, *seal_file(key, file, with("tp-shared-tag-left-out")), {}));
}

TEST(SharedFiles, AreEncryptedUnderKeysOfTheirOwn) {
  Rng rng(1);
  KeptLinkKeys kept;
  const auto one = make_link_key(rng, kept, {});
  const auto two = make_link_key(rng, kept, {});
  EXPECT_NE(one.key.reveal(), two.key.reveal());
  EXPECT_NE(one.iv, two.iv);
  EXPECT_EQ(make_link_key(rng, kept, with("tp-shared-same-key")).key.reveal(), one.key.reveal());
  EXPECT_EQ(make_link_key(rng, kept, with("tp-shared-same-iv")).iv, one.iv);
}

TEST(SharedFiles, AreKeptUnderNamesThatDoNotMislead) {
  const auto name = [](const std::string& last) {
    return kept_name(net::HttpUrl{.host = "localhost", .target = "/files/" + last}, {});
  };
  EXPECT_EQ(name("a.jpg"), "a.jpg");
  EXPECT_EQ(name("tr%C3%A8s%20cool.jpg?x=1"), "tr\xC3\xA8s cool.jpg");
  EXPECT_EQ(name("..%2F..%2Freport.pdf"), "report.pdf");
  EXPECT_EQ(name("report%E2%80%AEfdp.exe"), "reportfdp.bin");
  EXPECT_EQ(name("report.html"), "report.bin");
  EXPECT_EQ(name(""), "file.bin");
  EXPECT_LE(name(std::string(300, 'a') + ".pdf").size(), 255U);
}

}  // namespace
}  // namespace parley::reference
