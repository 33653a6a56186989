// SPDX-License-Identifier: GPL-3.0-or-later
// A hunt against a bench that judges by what a strike's mutation makes of honest octets.
#include "fuzz/live/hunt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "fuzz/live/case_text.h"
#include "fuzz/mutators/mutator.h"
#include "harness/model/case_loader.h"

namespace parley::live {
namespace {

const Bytes kHonest = "<message id='1'><body>hello</body></message>";

model::Library library() {
  model::Library out;
  out.profiles["p"].name = "p";
  out.profiles["p"].survival = "R-1";
  out.requirements["R-1"].id = "R-1";
  auto& form = out.profiles["p"].forms["message"];
  form.name = "message";
  form.pattern = {.ns = "", .name = "message", .attributes = {}, .children = {}};
  auto& flow = out.flows["p/talk"];
  flow.name = "talk";
  flow.profile = "p";
  flow.actors = {{"alice", model::Party::third_party_client},
                 {"server", model::Party::gatekeeper_server}};
  const auto step = [](const char* id, const char* from, const char* to) {
    model::Step out_step;
    out_step.id = id;
    out_step.from = from;
    out_step.to = to;
    out_step.form = "message";
    return out_step;
  };
  flow.steps = {step("message", "alice", "server"), step("answer", "server", "alice"),
                step("again", "alice", "server")};
  flow.steps.back().fence = true;
  model::Case one;
  one.id = "s/one";
  one.profile = "p";
  one.flow = "talk";
  one.requirement = "R-1";
  out.cases = {one};
  return out;
}

std::vector<Aim> aims(const model::Library& of) {
  return aims_of({&of.cases.front()}, of, [](const model::Case&) { return true; });
}

// A SUT that `falls` at certain octets, and whose transcripts nobody kept.
class FakeBench : public Bench {
 public:
  explicit FakeBench(std::function<bool(const Bytes&)> falls) : falls_(std::move(falls)) {}

  Result<Volley> together(const std::vector<model::Case>& cases,
                          const std::function<bool()>& enough) override {
    if (endless_) {
      constexpr int kLongest = 1'000'000'000;  // of a volley that nothing ends
      for (int i = 0; i < kLongest && !had_enough_; ++i) {
        had_enough_ = enough();
      }
      return Volley{};
    }
    if (dies_once_) {
      dies_once_ = false;
      return Volley{.shots = {}, .dead = "the SUT", .suspects = {cases.at(1).id, cases.at(2).id}};
    }
    if (dies_) {
      return Volley{.shots = {}, .dead = "the SUT", .suspects = {cases.at(1).id, cases.at(2).id}};
    }
    auto out = judged(cases, gone_ || clumsy_);
    if (silenced_ && out) {
      exchange(*out);
    }
    return out;
  }
  Result<Volley> apart(const std::vector<model::Case>& cases, Until, Pace) override {
    return dies_ ? Volley{.shots = {}, .dead = "the SUT", .suspects = {}} : judged(cases, gone_);
  }
  void dies() { dies_ = true; }            // among several, and does not come back
  void dies_once() { dies_once_ = true; }  // among several, and never by itself
  void endless() { endless_ = true; }      // a volley lasts until there is enough
  bool had_enough() const { return had_enough_; }
  void gone() { gone_ = true; }      // fails, and then works no more
  void clumsy() { clumsy_ = true; }  // fails only where many are judged together
  void wavers() { wavers_ = true; }  // falls silent in one way and in another
  // Falls silent where it falls: of that strike nothing can be told, and others seem to be it.
  void silenced() { silenced_ = true; }

 private:
  Result<Volley> judged(const std::vector<model::Case>& cases, bool fails) {
    Volley out;
    for (const auto& one : cases) {
      auto& verdict = out.shots[one.id].verdict;
      verdict.kind = model::VerdictKind::pass;
      const auto* edit = one.change ? std::get_if<model::BytesEdit>(&one.change->edit) : nullptr;
      if (gone_ && used_up_) {
        verdict.kind = model::VerdictKind::inconclusive;
      } else if (edit != nullptr && (fails || falls_(octets_of(*edit)))) {
        verdict.kind = model::VerdictKind::fail;
        verdict.reason = wavers_ && ++fallen_ % 2 == 0
                             ? "the SUT does not answer another user afterwards"
                             : "the SUT does not work any more after it: nothing came in time";
        verdict.came = "nothing";
      }
    }
    used_up_ = true;
    return out;
  }
  static void exchange(Volley& volley) {
    using model::VerdictKind;
    const auto failed = [](const auto& shot) {
      return shot.second.verdict.kind == VerdictKind::fail;
    };
    if (std::ranges::any_of(volley.shots, failed)) {
      for (auto& [id, shot] : volley.shots) {
        auto& kind = shot.verdict.kind;
        kind = kind == VerdictKind::fail ? VerdictKind::inconclusive : VerdictKind::fail;
      }
    }
  }
  static Bytes octets_of(const model::BytesEdit& edit) {
    return edit.mutate
               ? mutators::mutator_named(edit.mutate->by)->mutate(kHonest, 4096, edit.mutate->seed)
               : kHonest;
  }

  std::function<bool(const Bytes&)> falls_;
  bool gone_ = false;
  bool clumsy_ = false;
  bool silenced_ = false;
  bool wavers_ = false;
  std::size_t fallen_ = 0;
  bool used_up_ = false;
  bool dies_ = false;
  bool dies_once_ = false;
  bool endless_ = false;
  bool had_enough_ = false;
};

bool has_reference(const Bytes& octets) { return octets.find("&#x") != Bytes::npos; }

HuntResult hunt(FakeBench& bench, std::uint64_t executions) {
  const auto of = library();
  const HuntPlan plan{.seed = 1, .executions = executions, .volley = 32};
  const HuntListeners listeners{.progress = [](const HuntProgress&) {},
                                .found = [](const Finding&) {},
                                .stop = [] { return false; }};
  return Hunt(of, aims(of), bench, plan, listeners).run();
}

TEST(Aims, AreTheStepsThatAreSentAndNoFence) {
  const auto of = library();
  const auto all = aims(of);
  ASSERT_EQ(all.size(), 1);
  EXPECT_EQ(all.front().step, "message");
  EXPECT_EQ(all.front().mutator, "xml");
  EXPECT_TRUE(aims_of({&of.cases.front()}, of, [](const model::Case&) { return false; }).empty());
}

TEST(Strike, IsTheSameForTheSameSeedAndNumber) {
  const auto of = library();
  const auto describe = [&](std::uint64_t seed, std::uint64_t number) {
    return model::describe(*drawn(aims(of), of, seed, number).change);
  };
  EXPECT_EQ(describe(1, 2), describe(1, 2));
  EXPECT_NE(describe(1, 2), describe(1, 3));
  EXPECT_NE(describe(1, 2), describe(2, 2));
}

TEST(Hunt, FindsNothingWhereNothingFalls) {
  FakeBench bench([](const Bytes&) { return false; });
  const auto result = hunt(bench, 100);
  EXPECT_EQ(result.end, HuntEnd::executions);
  EXPECT_EQ(result.last.executions, 100);
  EXPECT_TRUE(result.findings.empty());
}

TEST(Hunt, KeepsWhatFailsAgainAndCountsTheRest) {
  FakeBench bench(has_reference);
  const auto result = hunt(bench, 600);
  ASSERT_FALSE(result.findings.empty());
  EXPECT_LE(result.findings.size(), 3) << "those that are alike";
  EXPECT_EQ(result.last.flaky, 0);
  const auto& first = result.findings.front();
  EXPECT_EQ(first.confirmed, Confirmed::yes);
  EXPECT_TRUE(first.name.starts_with("server-live-message-")) << first.name;
}

TEST(Hunt, KeepsWhatHasASutFallSilentInOneWayOrAnother) {
  FakeBench bench(has_reference);
  bench.wavers();
  const auto result = hunt(bench, 600);
  EXPECT_FALSE(result.findings.empty());
  EXPECT_EQ(result.last.flaky, 0);
}

TEST(Hunt, KeepsNothingThatFailsAmongOthersAlone) {
  FakeBench bench([](const Bytes&) { return false; });
  bench.clumsy();
  const auto result = hunt(bench, 40);
  EXPECT_TRUE(result.findings.empty());
  EXPECT_EQ(result.last.flaky, 40);
}

TEST(Hunt, LooksAmongThoseOfWhichNothingCouldBeToldWhereNoOtherFailsAgain) {
  FakeBench bench(has_reference);
  bench.silenced();
  const auto result = hunt(bench, 600);
  ASSERT_FALSE(result.findings.empty());
  EXPECT_EQ(result.last.undecided, 0);
}

TEST(Hunt, StrikesNowhereWhereASutFallsAtTheHonestOctetsToo) {
  FakeBench bench([](const Bytes&) { return true; });
  const auto result = hunt(bench, 100);
  EXPECT_EQ(result.end, HuntEnd::useless);
  EXPECT_TRUE(result.findings.empty());
}

TEST(Hunt, EndsWhereTheSutIsGoneAndSaysWhatItWasSentLast) {
  FakeBench bench([](const Bytes&) { return false; });
  bench.gone();
  const auto result = hunt(bench, 100);
  EXPECT_EQ(result.end, HuntEnd::dead);
  EXPECT_NE(result.why.find("does not work any more"), std::string::npos) << result.why;
  ASSERT_EQ(result.findings.size(), 32) << "each of the volley may have been it";
  EXPECT_EQ(result.findings.front().confirmed, Confirmed::no);
}

TEST(Hunt, KeepsOfAVolleyThatASutDiesOfWhatWasUnderWay) {
  FakeBench bench([](const Bytes&) { return false; });
  bench.dies();
  const auto result = hunt(bench, 100);
  EXPECT_EQ(result.end, HuntEnd::dead);
  ASSERT_EQ(result.findings.size(), 2) << "what was never sent has killed nobody";
  EXPECT_EQ(result.findings[0].number, 1);
  EXPECT_EQ(result.findings[1].number, 2);
  EXPECT_EQ(result.findings[0].confirmed, Confirmed::no);
}

TEST(Hunt, KeepsWhatWasUnderWayWhenASutDiedThatNoneOfItKillsByItself) {
  FakeBench bench([](const Bytes&) { return false; });
  bench.dies_once();
  const auto result = hunt(bench, 100);
  EXPECT_EQ(result.end, HuntEnd::executions) << "it has come back";
  ASSERT_EQ(result.findings.size(), 2);
  EXPECT_EQ(result.findings[0].number, 1);
  EXPECT_EQ(result.findings[1].number, 2);
  EXPECT_EQ(result.findings[0].confirmed, Confirmed::no);
  EXPECT_NE(result.findings[0].verdict.reason.find("died"), std::string::npos);
}

TEST(Hunt, EndsAVolleyWhenTheTimeIsOver) {
  FakeBench bench([](const Bytes&) { return false; });
  bench.endless();
  const auto of = library();
  const HuntPlan plan{.seed = 1, .time = std::chrono::milliseconds(20), .volley = 32};
  const HuntListeners listeners{.progress = [](const HuntProgress&) {},
                                .found = [](const Finding&) {},
                                .stop = [] { return false; }};
  EXPECT_EQ(Hunt(of, aims(of), bench, plan, listeners).run().end, HuntEnd::time);
  EXPECT_TRUE(bench.had_enough());
}

// What is written is read as it was meant, whatever the octets.
TEST(CaseText, IsReadAgainAsTheSameCase) {
  const auto of = library();
  auto one = drawn(aims(of), of, 1, 2);
  one.needs = {"sasl-plain"};
  one.row = {{"id", "it's"}};
  model::BytesEdit edit;
  edit.find = "b='${message.id}'";
  edit.replace = "\\x00: - # \"'${message.id}";
  one.change->edit = edit;
  const auto text = case_text(one, "server-live-message-1", {"found: by a test\nof it"});
  model::Problems problems;
  const auto document = model::parse_document("case.yaml", text, problems);
  ASSERT_TRUE(document) << text;
  const auto cases = model::cases_of(*document, "own", problems);
  ASSERT_TRUE(problems.empty()) << to_string(problems.front());
  ASSERT_EQ(cases.size(), 1);
  const auto& read = cases.front();
  EXPECT_EQ(read.id, "own/server-live-message-1/as-found");
  EXPECT_EQ(read.row, one.row);
  EXPECT_EQ(read.needs, one.needs);
  EXPECT_EQ(read.any_of.front().kind, model::Outcome::Kind::survives);
  const auto& again = std::get<model::BytesEdit>(read.change->edit);
  EXPECT_EQ(again.find, edit.find);
  EXPECT_EQ(again.replace, edit.replace);
}

TEST(CaseText, SaysTheLayerAndOfAMirrorWhatItIsTheMirrorOf) {
  const auto of = library();
  auto one = drawn(aims(of), of, 1, 2);
  one.flow = "talk@gatekeeper.client";
  one.party = model::Party::gatekeeper_client;
  model::BytesEdit edit;
  edit.replace = "\\x0B";
  one.change = change_at(Layer::content, "message", edit);
  const auto text = case_text(one, "client-live-message-1", {});
  EXPECT_NE(text.find("party: third-party.client\nmirror: gatekeeper.client\nflow: talk\n"),
            std::string::npos)
      << text;
  model::Problems problems;
  const auto document = model::parse_document("case.yaml", text, problems);
  ASSERT_TRUE(document) << text;
  const auto cases = model::cases_of(*document, "own", problems);
  ASSERT_TRUE(problems.empty()) << to_string(problems.front());
  ASSERT_EQ(cases.size(), 1);
  EXPECT_EQ(layer_of(*cases.front().change), Layer::content);
  EXPECT_EQ(octets_of(*cases.front().change).replace, edit.replace);
}

}  // namespace
}  // namespace parley::live
