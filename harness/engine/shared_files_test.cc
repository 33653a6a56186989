// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/shared_files.h"

#include <gtest/gtest.h>

#include "harness/base/encoding.h"
#include "harness/base/rng.h"
#include "harness/crypto/digest.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

namespace omemo = crypto::omemo;

const Bytes kFile(100, 'f');
const std::string kGet = "https://localhost:1/files/a.jpg";

// A client that uploads a file and shares it.
class Shared : public testing::Test {
 protected:
  Shared() {
    Rng rng(1);
    key_ = *omemo::read_shared_key(to_hex(rng.octets(44)));
    files_.note_told(to_hex(kFile));
  }

  void give_slot(const std::string& put, const std::string& get) {
    const auto slot =
        xml::parse("<iq type='result'><slot xmlns='urn:xmpp:http:upload:0'><put url='" + put +
                       "'/><get url='" + get + "'/></slot></iq>",
                   "jabber:client");
    files_.note_said("alice", *slot);
  }

  void put(const std::string& target, const Bytes& octets, const std::string& status) {
    put_as(target, to_hex(octets), status);
  }
  // As the request says the body.
  void put_as(const std::string& target, const std::string& said, const std::string& status) {
    auto request = wire::http_request_tree("PUT", target);
    xml::Element body{
        .ns = {}, .name = std::string(wire::kHttpOctets), .attributes = {}, .children = {}};
    body.set_text(said);
    request.children.emplace_back(std::move(body));
    files_.note_came("alice/media", request);
    files_.note_said("alice/media", wire::http_response_tree(status));
  }

  xml::Element described(const std::string& text) {
    xml::Element view{.ns = {}, .name = "opened", .attributes = {}, .children = {}};
    files_.describe("alice", text, view);
    return view;
  }

  std::string url(const std::string& get) const {
    return *omemo::shared_file_url({.https = get, .key = key_});
  }

  Breaches breaches_;
  SharedFiles files_{breaches_};
  omemo::SharedKey key_;
};

TEST_F(Shared, HoldsWhereWhatWasUploadedCanBeRead) {
  give_slot("https://localhost:1/put/a", kGet);
  put("/put/a", *omemo::seal_shared_file(key_, kFile), "201");
  const auto view = described(url(kGet));
  EXPECT_EQ(view.get("media"), kGet);
  EXPECT_EQ(view.get("media-holds"), "yes");
  EXPECT_EQ(view.get("media-sha256"), to_hex(crypto::sha256(kFile)));
  EXPECT_EQ(view.text().find(to_hex(key_.key.reveal())), std::string::npos);
  EXPECT_TRUE(breaches_.all().empty());
}

// One too large to be held is named, and lies beside.
TEST_F(Shared, HoldsALargeFileToo) {
  const auto octets = *omemo::seal_shared_file(key_, Bytes(3 * 1024 * 1024, 'f'));
  const auto name = "large:" + std::to_string(octets.size()) + ":" + std::string(64, 'a');
  const auto spool = *Spool::make();
  ASSERT_TRUE(spool->append(octets));
  files_.note_large({.name = name, .octets = spool});
  give_slot("https://localhost:1/put/a", kGet);
  put_as("/put/a", name, "201");
  EXPECT_EQ(described(url(kGet)).get("media-holds"), "yes");
  EXPECT_FALSE(files_.lost_octets());
  EXPECT_TRUE(breaches_.all().empty());
}

TEST_F(Shared, HoldsNothingLargerThanIsTaken) {
  const auto name = "large:9000000:" + std::string(64, 'a');
  const auto spool = *Spool::make();
  ASSERT_TRUE(spool->append(Bytes(9'000'000, 'x')));
  files_.note_large({.name = name, .octets = spool});
  give_slot("https://localhost:1/put/a", kGet);
  put_as("/put/a", name, "201");
  EXPECT_EQ(described(url(kGet)).get("media-holds"),
            "it is larger than the service has said that it takes");
}

TEST_F(Shared, LooksIntoALargeFileAndSaysWhereItWasNotKept) {
  const auto name = "large:4000000:" + std::string(64, 'a');
  const auto spool = *Spool::make();
  ASSERT_TRUE(spool->append(kFile + Bytes(3'000'000, 'x')));
  files_.note_large({.name = name, .octets = spool});
  put_as("/put/a", name, "201");
  ASSERT_EQ(breaches_.all().size(), 1U);
  EXPECT_EQ(breaches_.all().front().reason, "a file went out in the clear");
  EXPECT_FALSE(files_.lost_octets());
  files_.note_large({.name = name, .octets = nullptr});
  EXPECT_TRUE(files_.lost_octets());
}

TEST_F(Shared, HoldsNotBeforeTheUploadIsAnsweredNorWhereItIsRefused) {
  give_slot("https://localhost:1/put/a", kGet);
  EXPECT_EQ(described(url(kGet)).get("media-holds"), "nothing was uploaded for that URL");
  put("/put/a", *omemo::seal_shared_file(key_, kFile), "403");
  EXPECT_EQ(described(url(kGet)).get("media-holds"), "nothing was uploaded for that URL");
}

TEST_F(Shared, HoldsNotUnderAnotherKeyOrWithoutATag) {
  give_slot("https://localhost:1/put/a", kGet);
  put("/put/a", omemo::seal_shared_file(key_, kFile)->substr(0, kFile.size()), "201");
  EXPECT_EQ(described(url(kGet)).get("media-holds"), "the authentication tag is wrong");
}

TEST_F(Shared, IsNoFileWithoutAnAnchor) {
  EXPECT_NE(described("aesgcm://localhost:1/files/a.jpg").get("media-holds"), "yes");
  EXPECT_EQ(described("a text").find("media-holds"), nullptr);
}

TEST_F(Shared, HasAKeyOfItsOwn) {
  (void)described(url(kGet));
  EXPECT_TRUE(breaches_.all().empty());
  (void)described(url(kGet));  // said again of the same file
  EXPECT_TRUE(breaches_.all().empty());
  (void)described(url(kGet + "-2"));
  ASSERT_EQ(breaches_.all().size(), 1U);
  EXPECT_EQ(breaches_.all().front().monitor, "media-keys-fresh");
}

TEST_F(Shared, IsSeenInTheClearAndSoIsItsKeyBeforeAndAfterItIsKnown) {
  put("/put/" + to_hex(key_.key.reveal()), "x", "201");
  EXPECT_TRUE(breaches_.all().empty());
  (void)described(url(kGet));
  ASSERT_EQ(breaches_.all().size(), 1U);
  EXPECT_EQ(breaches_.all().front().monitor, "media-sealed");
  EXPECT_EQ(breaches_.all().front().came.find(to_hex(key_.key.reveal())), std::string::npos);
}

TEST_F(Shared, IsNotUploadedAsItIs) {
  put("/put/a", kFile, "201");
  ASSERT_EQ(breaches_.all().size(), 1U);
  EXPECT_EQ(breaches_.all().front().reason, "a file went out in the clear");
}

}  // namespace
}  // namespace parley::engine
