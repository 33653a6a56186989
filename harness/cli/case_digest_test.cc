// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/case_digest.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "harness/model/mirror.h"

namespace parley::cli {
namespace {

model::BytesEdit cut_after(const std::string& text) {
  model::BytesEdit out;
  out.cut_after = text;
  return out;
}

model::Library library() {
  model::Library out;
  out.requirements["R-1"] = {
      .id = "R-1", .suite = "s", .profile = "p", .binds = {}, .text = "text", .source = "source"};
  model::Flow flow{.name = "talk", .profile = "p", .title = "", .actors = {}, .steps = {}};
  flow.steps.push_back({.id = "message", .from = "a", .to = "b", .form = "message", .with = {}});
  out.flows["p/talk"] = flow;
  model::Profile profile;
  profile.name = "p";
  profile.probe = "talk";
  out.profiles["p"] = profile;
  model::Case one;
  one.id = "s/one";
  one.requirement = "R-1";
  one.profile = "p";
  one.flow = "talk";
  one.change = model::Change{.step = "message", .edit = cut_after("a")};
  one.any_of = {{.kind = model::Outcome::Kind::completes, .by = {}, .conditions = {}}};
  out.cases = {one};
  return out;
}

std::string digest(const model::Library& of) { return case_digest(of.cases.front(), of); }

struct Edit {
  const char* name;
  std::function<void(model::Library&)> make;
};
class CaseDigest : public testing::TestWithParam<Edit> {};

TEST_P(CaseDigest, ChangesWithWhatAVerdictDependsOn) {
  auto changed = library();
  GetParam().make(changed);
  EXPECT_NE(digest(changed), digest(library()));
}

INSTANTIATE_TEST_SUITE_P(
    Edits, CaseDigest,
    testing::Values(
        Edit{"Change", [](model::Library& of) { of.cases[0].change->edit = cut_after("b"); }},
        Edit{"Mutation",
             [](model::Library& of) {
               std::get<model::BytesEdit>(of.cases[0].change->edit).mutate = {.by = "xml",
                                                                              .seed = 1};
             }},
        Edit{"KindOfChange",
             [](model::Library& of) { of.cases[0].change->edit = model::StanzaEdit{}; }},
        Edit{
            "Expectation",
            [](model::Library& of) { of.cases[0].any_of[0].kind = model::Outcome::Kind::ignored; }},
        Edit{"Together",
             [](model::Library& of) { of.cases[0].together = model::Party::third_party_client; }},
        Edit{"Row", [](model::Library& of) { of.cases[0].row["age"] = "1s"; }},
        Edit{"Step", [](model::Library& of) { of.flows["p/talk"].steps[0].fence = true; }},
        Edit{"Form", [](model::Library& of) { of.profiles["p"].forms["message"] = {}; }},
        Edit{"Setting", [](model::Library& of) { of.profiles["p"].settings["x"].value = "1"; }},
        Edit{"Level",
             [](model::Library& of) { of.requirements["R-1"].basis = model::Basis::advisory; }}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(CaseDigest, IsAnotherForTheMirror) {
  auto both = library();
  const auto& profile = both.profiles.at("p");
  both.cases[0].party = model::Party::third_party_client;
  both.cases[0].mirror = model::Party::gatekeeper_client;
  both.flows["p/talk@gatekeeper.client"] =
      model::mirrored(both.flows["p/talk"], model::Party::gatekeeper_client, profile);
  both.cases.push_back(model::mirrored(both.cases[0], profile));
  EXPECT_NE(case_digest(both.cases[0], both), case_digest(both.cases[1], both));
}

TEST(CaseDigest, DoesNotChangeWithTitleAndPlace) {
  auto moved = library();
  moved.cases[0].title = "another";
  moved.cases[0].file = "elsewhere.yaml:7";
  EXPECT_EQ(digest(moved), digest(library()));
}

TEST(ChangedCases, AreThoseOfWhichThePlanSaysSomethingElse) {
  const auto now = library();
  engine::Plan plan;
  EXPECT_TRUE(changed_cases(plan, now, {"s/one", "s/gone"}).empty());  // of before there were any
  plan.digests = {{"s/one", digest(now)}, {"s/gone", "0"}};
  EXPECT_TRUE(changed_cases(plan, now, {"s/one", "s/gone"}).empty());
  plan.digests["s/one"] = "0";
  EXPECT_EQ(changed_cases(plan, now, {"s/one"}), std::vector<std::string>{"s/one"});
}

}  // namespace
}  // namespace parley::cli
