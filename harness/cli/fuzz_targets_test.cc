// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/fuzz_targets.h"

#include <gtest/gtest.h>

namespace parley::cli {
namespace {

struct Again {
  const char* name;
  FuzzArguments arguments;
  fuzz::Kind kind;
  const char* file;
  const char* line;
};
class FuzzAgain : public testing::TestWithParam<Again> {};

TEST_P(FuzzAgain, NamesWhatMatters) {
  auto arguments = GetParam().arguments;
  if (arguments.catalogue.empty()) {
    arguments.catalogue = PARLEY_FUZZ_CATALOGUE;
  }
  const fuzz::Defect defect{.target = "mine",
                            .state = {.kind = GetParam().kind, .what = "", .frames = {}},
                            .place = "",
                            .input = "",
                            .minimised = std::nullopt,
                            .report = "",
                            .run = fuzz_options(arguments)};
  EXPECT_EQ(fuzz_again(defect, GetParam().file), GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(
    All, FuzzAgain,
    testing::Values(
        Again{"Nothing", {}, fuzz::Kind::crash, "out/f", "parley fuzz replay mine out/f"},
        Again{"Leaks",
              {.leaks = fuzz::Leaks::reported},
              fuzz::Kind::crash,
              "f",
              "parley fuzz replay --leaks mine f"},
        Again{"ALeak", {}, fuzz::Kind::leak, "f", "parley fuzz replay --leaks mine f"},
        Again{"Limits",
              {.input_seconds = 3, .memory_mib = 512},
              fuzz::Kind::hang,
              "f",
              "parley fuzz replay --input-seconds 3 --memory-mib 512 mine f"},
        Again{"Quotes",
              {.catalogue = "my lists/t.json"},
              fuzz::Kind::crash,
              "it's",
              R"(parley fuzz replay --targets 'my lists/t.json' mine 'it'\''s')"}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace parley::cli
