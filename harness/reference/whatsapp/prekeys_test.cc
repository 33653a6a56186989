// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/prekeys.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "harness/crypto/xeddsa.h"
#include "harness/reference/whatsapp/client_keys.h"

namespace parley::reference::whatsapp {
namespace {

xml::Element named(const std::string& name) {
  return {.ns = {}, .name = name, .attributes = {}, .children = {}};
}

xml::Element upload() {
  auto keys = ClientKeys({}, Rng(1)).draw(2);
  keys.one_time[0].id = "\x01\x02\x03";
  auto out = named("iq");
  write_upload(out, keys);
  return out;
}

xml::Element& at(xml::Element& root, const std::vector<std::string>& path) {
  xml::Element* out = &root;
  for (const auto& name : path) {
    out = out->child(name);
  }
  return *out;
}

TEST(Prekeys, AreReadAsTheyWereWritten) {
  const auto read = parse_upload(upload(), FaultSet());
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_EQ(read->one_time.size(), 2U);
  EXPECT_EQ(read->one_time[0].id, "\x01\x02\x03");
  auto again = named("iq");
  write_upload(again, *read);
  EXPECT_EQ(again, upload());
}

TEST(Prekeys, OfAClientAreSignedByItsIdentity) {
  const auto keys = ClientKeys({}, Rng(2)).draw(1);
  EXPECT_TRUE(crypto::xeddsa_verify(keys.identity, "\x05" + keys.signed_key.value, keys.signature));
}

TEST(Prekeys, AreGivenOutWithTheOneTimeKeyInQuestionAlone) {
  auto keys = *parse_upload(upload(), FaultSet());
  auto with = named("user");
  write_bundle(with, keys, keys.one_time[1]);
  EXPECT_EQ(with.child("key")->child("value")->text(), keys.one_time[1].value);
  EXPECT_EQ(with.child("list"), nullptr);
  auto without = named("user");
  write_bundle(without, keys, std::nullopt);
  EXPECT_EQ(without.child("key"), nullptr);
}

struct Odd {
  const char* name;
  std::vector<std::string> path;
};
class RefusesUpload : public testing::TestWithParam<Odd> {};

TEST_P(RefusesUpload, WhoseLengthsAreOthers) {
  for (const bool longer : {true, false}) {
    auto iq = upload();
    auto& element = at(iq, GetParam().path);
    auto text = element.text();
    longer ? text.push_back('x') : text.pop_back();
    element.set_text(text);
    EXPECT_FALSE(parse_upload(iq, FaultSet())) << longer;
    FaultSet faults;
    faults.add(Fault::wg_accepts_odd_keys);
    faults.add(Fault::wg_accepts_other_key_type);
    EXPECT_TRUE(parse_upload(iq, faults)) << longer;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, RefusesUpload,
                         testing::Values(Odd{"registration", {"registration"}},
                                         Odd{"type", {"type"}}, Odd{"identity", {"identity"}},
                                         Odd{"id", {"list", "key", "id"}},
                                         Odd{"value", {"list", "key", "value"}},
                                         Odd{"signed_id", {"skey", "id"}},
                                         Odd{"signed_value", {"skey", "value"}},
                                         Odd{"signature", {"skey", "signature"}}),
                         [](const auto& row) { return row.param.name; });

TEST(Prekeys, OfAnotherTypeAreRefused) {
  auto iq = upload();
  iq.child("type")->set_text("\x06");
  EXPECT_FALSE(parse_upload(iq, FaultSet()));
  FaultSet faults;
  faults.add(Fault::wg_accepts_other_key_type);
  EXPECT_TRUE(parse_upload(iq, faults));
}

struct Unusable {
  const char* name;
  std::function<void(KeyBundle&)> bend;
  Fault taken_with;
};
std::ostream& operator<<(std::ostream& out, const Unusable& row) { return out << row.name; }

class RefusesUnusable : public testing::TestWithParam<Unusable> {};

TEST_P(RefusesUnusable, KeysUnlessAFaultTakesThem) {
  auto keys = ClientKeys({}, Rng(1)).draw(2);
  GetParam().bend(keys);
  auto bent = named("iq");
  write_upload(bent, keys);
  const auto read = parse_upload(bent, FaultSet());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::refused);
  FaultSet faults;
  faults.add(GetParam().taken_with);
  EXPECT_TRUE(parse_upload(bent, faults));
}

INSTANTIATE_TEST_SUITE_P(
    Prekeys, RefusesUnusable,
    testing::Values(Unusable{"unsigned", [](KeyBundle& keys) { keys.signature.assign(64, 'x'); },
                             Fault::wg_upload_unproven},
                    Unusable{"of_small_order",
                             [](KeyBundle& keys) { keys.one_time[1].value.assign(32, '\0'); },
                             Fault::wg_upload_one_time_small_order},
                    Unusable{"twice", [](KeyBundle& keys) { keys.one_time[0] = keys.one_time[1]; },
                             Fault::wg_upload_key_twice}),
    [](const auto& row) { return row.param.name; });

TEST(Prekeys, ThatStandThereTwiceMayBeKeptOnce) {
  auto keys = ClientKeys({}, Rng(1)).draw(2);
  keys.one_time[0] = keys.one_time[1];
  auto twice = named("iq");
  write_upload(twice, keys);
  FaultSet liberties;
  liberties.add(Fault::wg_may_take_keys_twice);
  const auto read = parse_upload(twice, liberties);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->one_time.size(), 1U);
}

}  // namespace
}  // namespace parley::reference::whatsapp
