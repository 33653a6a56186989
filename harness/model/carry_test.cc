// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/carry.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/model/setting.h"

namespace parley::model {
namespace {

// The shipped suites, with the Enlistment API in stanzas.
const Library& carried() {
  static const auto loaded = [] {
    Problems problems;
    auto out = load_library(PARLEY_SOURCE_DIR "/suites", problems, "whatsapp");
    EXPECT_TRUE(problems.empty()) << to_string(problems.front());
    EXPECT_EQ(give_settings(out, "whatsapp", {{"enlistment-carrier", "stanzas"}}), "");
    return out;
  }();
  return loaded;
}

const Step& step(const std::string& flow, const std::string& id) {
  const auto& steps = carried().flow("whatsapp", flow)->steps;
  return *std::ranges::find(steps, id, &Step::id);
}

TEST(CarryAsStanzas, HasOneMoreUserAskOverItsConnection) {
  const auto& flow = *carried().flow("whatsapp", "enlist");
  EXPECT_EQ(flow.actors.at("desk"), Party::third_party_client);
  EXPECT_EQ(flow.steps.front().id, "desk/begin");
  EXPECT_TRUE(flow.steps.front().preamble);
  EXPECT_EQ(step("enlist", "desk/finish").with.at("account").front(), "${desk.user}");
  EXPECT_EQ(step("enlist", "enlist").from, "desk");
  EXPECT_EQ(step("enlist", "enlisted").to, "desk");
  EXPECT_EQ(step("enlist", "enlisted").with.at("iq").front(), "${enlist.iq}");
  EXPECT_FALSE(step("enlist", "enlist").preamble);
}

TEST(CarryAsStanzas, MakesStanzasOfTheFormsAndOfNoOthers) {
  const auto& forms = carried().profiles.at("whatsapp").forms;
  EXPECT_EQ(forms.at("enlist").service, "");
  EXPECT_EQ(forms.at("enlist").pattern.name, "iq");
  EXPECT_EQ(forms.at("enlist").pattern.get("xmlns"), "w:interop:enlist");
  EXPECT_EQ(forms.at("enlist").defaults.at("iq"), "${fresh}");
  EXPECT_EQ(forms.at("enlist").defaults.at("type"), "${setting.identifier-type}");
  EXPECT_EQ(forms.at("push").service, "partner");
  EXPECT_EQ(step("enlist-connect", "finish").from, "alice");
}

TEST(CarryAsStanzas, ChangesTheSameInTheStanza) {
  const auto& unproven = *carried().find_case("enlistment/server-enlist-unproven");
  EXPECT_EQ(std::get<StanzaEdit>(unproven.change->edit).remove,
            std::vector<std::string>{"enlist/@token"});
  EXPECT_EQ(unproven.any_of.front().by, std::vector{RefusalKind::stanza_error});
  const auto& other = *carried().find_case("enlistment/server-enlist-other-identifier/other");
  EXPECT_EQ(std::get<StanzaEdit>(other.change->edit).set,
            (std::map<std::string, std::string>{{"enlist/@identifier", "${value}"}}));
}

TEST(CarryAsStanzas, LeavesToHttpWhatOnlyHttpHas) {
  const auto& profile = carried().profiles.at("whatsapp");
  for (const char* id :
       {"enlistment/server-enlist-media-type/xml", "enlistment/server-enlist-other-proof/basic",
        "enlistment/server-enlist-no-json/list"}) {
    EXPECT_NE(other_dialect(*carried().find_case(id), profile), "") << id;
  }
  for (const char* id : {"enlistment/server-enlist", "enlistment/server-enlist-type/unknown",
                         "enlistment/server-rename-wrong-proof/expired"}) {
    EXPECT_EQ(other_dialect(*carried().find_case(id), profile), "") << id;
  }
}

}  // namespace
}  // namespace parley::model
