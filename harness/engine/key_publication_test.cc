// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/key_publication.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "harness/crypto/signal/two_devices.h"

namespace parley::engine {
namespace {

namespace signal = crypto::signal;

xml::Element upload() {
  const signal::TestDevice device("alice", 3, 2);
  auto out = bundle_element("", device.bundle(9));
  xml::Element list{.ns = "", .name = "list", .attributes = {}, .children = {}};
  for (const std::size_t place : {0U, 1U}) {
    list.children.emplace_back(*bundle_element("", device.bundle(place)).child("key"));
  }
  out.children.emplace_back(std::move(list));
  return out;
}

TEST(ReadPublication, TakesWhatABundleShows) {
  const signal::TestDevice device("alice", 3, 2);
  const auto read = read_publication(upload());
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->bundle, device.bundle(9));
  ASSERT_EQ(read->one_time.size(), 2U);
  EXPECT_EQ(read->one_time[1], device.bundle(1).one_time);
}

TEST(ReadBundle, TakesWhatAServerHandsOut) {
  const signal::TestDevice device("alice", 3, 2);
  for (const std::size_t place : {0U, 9U}) {
    const auto read = read_bundle(bundle_element("a", device.bundle(place)));
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(*read, device.bundle(place));
  }
}

TEST(ReadBundle, RefusesAOneTimeKeyThatIsShort) {
  const signal::TestDevice device("alice", 3, 2);
  auto user = bundle_element("a", device.bundle(0));
  user.child("key")->child("value")->set_text("short");
  const auto read = read_bundle(user);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::malformed);
}

TEST(WritePublication, IsReadAsItWasWritten) {
  const signal::TestDevice device("alice", 3, 2);
  const auto read = read_publication(upload());
  xml::Element written{.ns = "", .name = "iq", .attributes = {}, .children = {}};
  write_publication(written, device.bundle(0), read->one_time);
  const auto again = read_publication(written);
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(again->bundle, read->bundle);
  EXPECT_EQ(again->one_time, read->one_time);
}

TEST(StatedKeys, AreWhatStandsThereWhateverItIs) {
  const auto user = xml::parse("<user><identity>abc</identity><skey><id>1</id></skey></user>", "");
  const auto keys = stated_keys(*user);
  EXPECT_EQ(keys.identity, "abc");
  EXPECT_EQ(keys.signed_prekey.id, "1");
  EXPECT_EQ(keys.signature, "");
  EXPECT_TRUE(stated_one_time(*user).empty());
}

struct BadUpload {
  const char* name;
  std::function<void(xml::Element&)> bend;
  std::string detail;
};
std::ostream& operator<<(std::ostream& out, const BadUpload& row) { return out << row.name; }

class RefusesUpload : public testing::TestWithParam<BadUpload> {};

TEST_P(RefusesUpload, AndSaysWhy) {
  auto element = upload();
  GetParam().bend(element);
  const auto read = read_publication(element);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().detail, GetParam().detail);
}

BadUpload text(const char* name, const char* inside, const char* child, std::string value,
               std::string detail) {
  return {name,
          [=](xml::Element& upload) {
            auto* parent = *inside == '\0' ? &upload : upload.child(inside);
            parent->child(child)->set_text(value);
          },
          std::move(detail)};
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RefusesUpload,
    testing::Values(
        text("registration", "", "registration", "abc",
             "<registration/> of <user/> has 3 octets, not 4"),
        text("type", "", "type", "6", "<type/> is not 05"),
        text("identity", "", "identity", "", "<identity/> of <user/> has 0 octets, not 32"),
        text("signed id", "skey", "id", "abcd", "<id/> of <skey/> has 4 octets, not 3"),
        text("signature", "skey", "signature", "", "<signature/> of <skey/> has 0 octets, not 64"),
        BadUpload{"no list", [](xml::Element& upload) { upload.children.pop_back(); },
                  "there is no <list/>"},
        BadUpload{"no identity",
                  [](xml::Element& upload) { upload.child("identity")->name = "other"; },
                  "<user/> has no <identity/>"},
        BadUpload{"no signed prekey",
                  [](xml::Element& upload) { upload.child("skey")->name = "s"; },
                  "there is no <skey/>"},
        BadUpload{"a one-time key",
                  [](xml::Element& upload) {
                    upload.child("list")->child("key")->child("value")->set_text("a");
                  },
                  "<value/> of <key/> has 1 octets, not 32"}));

TEST(ReadPublication, ChecksTheSignature) {
  auto element = upload();
  auto* signature = element.child("skey")->child("signature");
  auto octets = signature->text();
  octets[0] = static_cast<char>(octets[0] ^ 1);
  signature->set_text(octets);
  const auto read = read_publication(element);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::bad_signature);
}

TEST(IsKeyUpload, TellsRequestsApart) {
  const auto parsed = [](const char* text) {
    auto out = xml::parse(text, "").value();
    out.set("xmlns", "encrypt");
    return out;
  };
  EXPECT_TRUE(is_key_upload(parsed("<iq type='set'><list/></iq>")));
  EXPECT_FALSE(is_key_upload(parsed("<iq type='get'><key/></iq>")));
  EXPECT_FALSE(is_key_upload(parsed("<iq type='set'><rotate><skey/></rotate></iq>")));
  EXPECT_TRUE(is_key_request(parsed("<iq type='get'><key/></iq>")));
  EXPECT_FALSE(is_key_request(parsed("<iq type='get'><count/></iq>")));
}

}  // namespace
}  // namespace parley::engine
