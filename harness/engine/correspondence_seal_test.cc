// SPDX-License-Identifier: GPL-3.0-or-later
// The sending half of Correspondence.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "harness/engine/sealed_pair.h"

namespace parley::engine {
namespace {

namespace signal = crypto::signal;

class ForgesMessages : public testing::TestWithParam<const signal::Forgery*> {};

// All that a right client must refuse; the honest message after it is read.
TEST_P(ForgesMessages, WithinAConversation) {
  Pair pair;
  pair.publish();
  if (GetParam()->kind == signal::ForgeryKind::msg) {
    ASSERT_EQ(pair.hears("first"), "text of first");
    ASSERT_EQ(pair.says("an answer").child("enc")->text(), "an answer");
  }
  const auto change = forgery(std::string(GetParam()->name));
  EXPECT_EQ(pair.hears("changed", &change),
            "(" + std::string(to_string(GetParam()->refusal)) + ")");
  EXPECT_EQ(pair.hears("next"), "text of next");
  EXPECT_EQ(pair.hears("last"), "text of last");
}

std::vector<const signal::Forgery*> refused_messages() {
  std::vector<const signal::Forgery*> out;
  for (const auto& forgery : signal::forgeries()) {
    if (forgery.kind != signal::ForgeryKind::bundle &&
        forgery.acceptance == signal::Acceptance::never) {
      out.push_back(&forgery);
    }
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Rows, ForgesMessages, testing::ValuesIn(refused_messages()),
                         [](const auto& row) {
                           std::string name(row.param->name);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

struct Edited {
  const char* name;
  model::Change change;
  std::string heard;
};
class EditsMessages : public testing::TestWithParam<Edited> {};

TEST_P(EditsMessages, AndGoesOn) {
  Pair pair;
  pair.publish();
  ASSERT_EQ(pair.hears("first"), "text of first");
  ASSERT_EQ(pair.says("an answer").child("enc")->text(), "an answer");
  EXPECT_EQ(pair.hears("changed", &GetParam().change), GetParam().heard);
  EXPECT_EQ(pair.hears("next"), "text of next");
}

model::Change encryption(model::EncryptionEdit edit) { return {.step = "", .edit = edit}; }
model::Change content(model::ContentEdit edit) { return {.step = "", .edit = edit}; }
model::BytesEdit flip(long at) {
  model::BytesEdit out;
  out.flip = at;
  return out;
}
model::BytesEdit keep(long octets) {
  model::BytesEdit out;
  out.keep = octets;
  return out;
}
model::BytesEdit replace(std::string with) {
  model::BytesEdit out;
  out.replace = std::move(with);
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, EditsMessages,
    testing::Values(
        Edited{"Version", encryption({.version = 0x23}), "(version)"},
        Edited{"Flip", encryption({.octets = flip(-1)}), "(message)"},
        Edited{"Cut", encryption({.octets = keep(1)}), "(encoding)"},
        Edited{"Replay", encryption({.replay = "first"}), "(duplicate)"},
        Edited{"Ahead", encryption({.ahead = 5}), "text of changed"},
        Edited{"NoPadding", content({.padding = 0}), "(content)"},
        Edited{"Filler", content({.padding = 4, .filler = 5}), "(content)"},
        Edited{"FillerOfMany", content({.padding = 15, .filler = 15}), "text of changed"},
        Edited{"Fifteen", content({.padding = 15}), "text of changed"},
        Edited{"Text", content({.set = {{"1", "another"}}}), "another"},
        Edited{"Extended", content({.set = {{"6/1", "inner"}}, .remove = {"1"}}), "inner"},
        Edited{"Varint", content({.set = {{"1/varint", "7"}}}), ""},
        Edited{"Octets", content({.octets = replace("\\x0B")}), "(content)"},
        Edited{"NoField", content({.remove = {"5"}}), "the content has no field 5"},
        Edited{"NoPath", content({.set = {{"one", "x"}}}), "'one' is no path of protobuf fields"},
        Edited{"NoStep", encryption({.replay = "none"}), "no step 'none' has sealed anything"}),
    [](const auto& row) { return row.param.name; });

TEST(Correspondence, LetsMessagesOvertakeEachOther) {
  Pair pair;
  pair.publish();
  ASSERT_EQ(pair.hears("first"), "text of first");
  const std::pair<const char*, const char*> order[] = {{"four", "3"}, {"three", "2"}, {"one", "0"}};
  for (const auto& [step, ahead] : order) {
    pair.scope.values[std::string(step) + ".ahead"] = ahead;
    EXPECT_EQ(pair.hears(step), std::string("text of ") + step);
  }
  EXPECT_EQ(pair.hears("two"), "text of two");
  EXPECT_EQ(pair.hears("five"), "text of five");
  EXPECT_EQ(pair.scope.values["four.counter"], "4");
  EXPECT_EQ(pair.scope.values["two.counter"], "2");
  EXPECT_EQ(pair.scope.values["five.counter"], "5");
}

// Two that overtake as many each overtake each other too.
TEST(Correspondence, UsesNoKeyTwiceForMessagesThatOvertake) {
  Pair pair;
  pair.publish();
  ASSERT_EQ(pair.hears("first"), "text of first");
  pair.scope.values["two.ahead"] = "1";
  pair.scope.values["three.ahead"] = "1";
  for (const auto* step : {"two", "three", "one", "four"}) {
    EXPECT_EQ(pair.hears(step), std::string("text of ") + step);
  }
  EXPECT_EQ(pair.scope.values["three.counter"], "3");
}

TEST(Correspondence, BringsWhatWasOvertakenLateAfterATurn) {
  Pair pair;
  pair.publish();
  pair.scope.values["second.ahead"] = "1";
  EXPECT_EQ(pair.hears("second"), "text of second");
  ASSERT_EQ(pair.says("an answer").child("enc")->text(), "an answer");
  EXPECT_EQ(pair.hears("next"), "text of next");
  pair.scope.values["first.late"] = "second";
  EXPECT_EQ(pair.hears("first"), "text of first");
  EXPECT_EQ(pair.scope.values["first.ratchet"], pair.scope.values["second.ratchet"]);
  EXPECT_EQ(pair.scope.values["first.counter"], "0");
  EXPECT_EQ(pair.hears("last"), "text of last");
  pair.scope.values["none.late"] = "next";
  EXPECT_EQ(pair.hears("none"), "step 'next' has overtaken nothing");
}

TEST(Correspondence, PadsAsAStepSaysAndDoesNotSayItOnTheWire) {
  Pair pair;
  pair.publish();
  auto message = parsed("<message from='492@s.whatsapp.net'><enc padding='3'>text</enc></message>");
  pair.scope.values["one.text"] = "text";
  pair.scope.values["one.padding"] = "3";
  const auto sealed =
      pair.ours->seal({.step = "one", .link = "alice", .element = message}, pair.scope);
  ASSERT_TRUE(sealed) << sealed.error();
  const auto* enc = sealed->back().child("enc");
  EXPECT_EQ(enc->find("padding"), nullptr);
  const auto plain = pair.alice.provider->decrypt(
      pair.bob, {.kind = signal::MessageKind::pkmsg, .octets = enc->text()});
  ASSERT_TRUE(plain);
  EXPECT_EQ(read_content(*plain)->padding, 3U);
}

// What the change makes of a text under version 3, as its receiver decrypts it.
Result<ReadContent> transported(const model::Change* change, const std::string& padding = "3") {
  Pair pair(model::Content::signal, "3");
  pair.publish();
  pair.scope.values["one.padding"] = padding;
  const auto sealed = pair.seal("one", change);
  if (!sealed) {
    return std::unexpected(sealed.error());
  }
  const auto plain = pair.alice.provider->decrypt(
      pair.bob,
      {.kind = signal::MessageKind::pkmsg, .octets = sealed->back().child("enc")->text()});
  return plain ? read_content(*plain, ContentForm::transport)
               : fail(Errc::refused, plain.error().detail);
}

TEST(Correspondence, SealsATransportWithPaddingInsideUnderVersion3) {
  const auto read = transported(nullptr);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->text, "text of one");
  EXPECT_EQ(read->padding, 3U);
  EXPECT_EQ(transported(nullptr, "0")->padding, 0U);
}

TEST(Correspondence, ChangesTheFieldsOfATransport) {
  model::ContentEdit edit;
  edit.set = {{"1/1/2/varint", "9"}};
  const model::Change other_version{.step = "one", .edit = edit};
  EXPECT_EQ(transported(&other_version).error().code, Errc::malformed);
  edit.set = {{"1/1/1/1/4/2/1/1/1/1/1", "another"}};
  const model::Change other_text{.step = "one", .edit = edit};
  EXPECT_EQ(transported(&other_text)->text, "another");
  edit.set.clear();
  edit.octets.keep = -1;
  const model::Change cut{.step = "one", .edit = edit};
  EXPECT_EQ(transported(&cut).error().code, Errc::truncated);
}

TEST(Correspondence, MakesTheSameOctetsOfTheSameRun) {
  const auto octets = [](const char* name) {
    Pair pair;
    pair.publish();
    const auto change = forgery(name);
    const auto one = pair.seal("one", nullptr).value();
    return xml::print(one.back()) + xml::print(pair.seal("two", &change).value().back());
  };
  EXPECT_EQ(octets("x3dh-info"), octets("x3dh-info"));
  EXPECT_NE(octets("x3dh-info"), octets("x3dh-salt"));
}

TEST(Correspondence, ForgesTheBundleThatIsServed) {
  Pair pair;
  pair.fetch();
  const auto change = forgery("bundle-signature-zeros");
  const auto served =
      parsed("<iq type='result'><list><user jid='492@s.whatsapp.net'/></list></iq>");
  const auto filled = pair.ours->seal(
      {.step = "bundle", .link = "alice", .element = served, .change = &change}, pair.scope);
  ASSERT_TRUE(filled);
  const auto* key = filled->back().child("list")->child("user")->child("skey");
  EXPECT_EQ(key->child("signature")->text(), std::string(64, '\0'));
}

TEST(Correspondence, RefusesAChangeWhereNothingIsSealed) {
  Pair pair;
  const auto change = forgery("mac-zeros");
  const auto out = pair.ours->seal(
      {.step = "ping", .link = "alice", .element = parsed("<iq/>"), .change = &change}, pair.scope);
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Errc::unsupported);
}

}  // namespace
}  // namespace parley::engine
