// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/survival.h"

#include <gtest/gtest.h>

namespace parley::engine {
namespace {

using model::Blame;
using model::VerdictKind;

struct Row {
  const char* name;
  model::Verdict verdict;
  bool silence;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

model::Verdict verdict(VerdictKind kind, const std::string& reason, const std::string& came) {
  model::Verdict out;
  out.kind = kind;
  out.blame = Blame::sut;
  out.reason = reason;
  out.came = came;
  return out;
}
model::Verdict with_difference() {
  auto out = verdict(VerdictKind::fail, "nothing came in time", "nothing");
  out.difference = "condition: expected a, came b";
  return out;
}
model::Verdict of_monitor() {
  auto out = verdict(VerdictKind::fail, "nothing came in time", "nothing");
  out.monitor = "ids-unique";
  return out;
}
model::Verdict of(Blame blame, const std::string& reason) {
  auto out = verdict(VerdictKind::inconclusive, reason, "");
  out.blame = blame;
  return out;
}

class RestsOnSilence : public testing::TestWithParam<Row> {};

TEST_P(RestsOnSilence, WhereNothingCameInstead) {
  EXPECT_EQ(rests_on_silence(GetParam().verdict), GetParam().silence);
}

INSTANTIATE_TEST_SUITE_P(
    Verdicts, RestsOnSilence,
    testing::Values(
        Row{"Nothing", verdict(VerdictKind::fail, "nothing came in time", "nothing"), true},
        Row{"NothingInTheTwin",
            verdict(VerdictKind::inconclusive,
                    "the unchanged flow does not work with this SUT: nothing came in time",
                    "nothing"),
            true},
        Row{"NothingAfterARefusal",
            verdict(VerdictKind::fail, "the SUT refused it, but did not answer afterwards",
                    "nothing"),
            true},
        Row{"SilentToWhoStruck",
            verdict(VerdictKind::fail, std::string(kSilentToStriker), "nothing"), true},
        Row{"DidNotAsk",
            verdict(VerdictKind::inconclusive,
                    "what the case builds on does not work: the SUT did not ask for what the case "
                    "builds on",
                    "no such request"),
            true},
        Row{"BusyMachine",
            of(Blame::environment, "the machine was too busy to tell late from never"), true},
        Row{"SilentDriver",
            of(Blame::configuration, "the driver has not answered 'connect' within 5000 ms"), true},
        Row{"DriverThatEnded", of(Blame::configuration, "the driver ended (exit status 1)"), false},
        Row{"CannotGoOn",
            verdict(VerdictKind::fail, "the exchange after it cannot go on", "nothing more"),
            false},
        Row{"SomethingElseCame",
            verdict(VerdictKind::fail, "nothing that fits came in time", "<message/>"), false},
        Row{"LaterExchangesWereAnswered",
            verdict(VerdictKind::fail, "the SUT did not refuse it",
                    "nothing; later exchanges were answered"),
            false},
        Row{"RefusedOtherwise",
            verdict(VerdictKind::fail, "the SUT refused it, but not as it must", "failure"), false},
        Row{"Difference", with_difference(), false}, Row{"Monitor", of_monitor(), false},
        Row{"Pass", verdict(VerdictKind::pass, "nothing came in time", "nothing"), false},
        Row{"Error", verdict(VerdictKind::error, "nothing came in time", "nothing"), false}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::engine
