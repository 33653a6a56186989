// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/fuzz_targets.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

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

TEST(FuzzGoOn, IsTheSameCommandWithItsFolder) {
  EXPECT_EQ(fuzz_go_on({.catalogue = PARLEY_FUZZ_CATALOGUE}, "out/fuzz-1"),
            "parley fuzz run --out out/fuzz-1");
  const FuzzArguments all{.catalogue = "my lists/t.json",
                          .targets = {"xml_*", "mine"},
                          .seconds = 600,
                          .executions = 7,
                          .seed = 3,
                          .jobs = 2,
                          .out = "a folder",
                          .corpora = {"more", "still more"},
                          .leaks = fuzz::Leaks::reported,
                          .input_seconds = 3,
                          .memory_mib = 512,
                          .max_octets = 99,
                          .json = true,
                          .quiet = true};
  EXPECT_EQ(
      fuzz_go_on(all, all.out),
      "parley fuzz run --targets 'my lists/t.json' --leaks --input-seconds 3 --memory-mib 512 "
      "--seconds 600 --executions 7 --seed 3 --jobs 2 --max-octets 99 --corpus more "
      "--corpus 'still more' --json --quiet --out 'a folder' 'xml_*' mine");
}

TEST(FuzzFinding, SaysWhatHappenedWhereItDoesNotReproduce) {
  fuzz::Defect defect{.target = "mine",
                      .state = {.kind = fuzz::Kind::crash, .what = "abort", .frames = {}},
                      .place = "",
                      .input = "",
                      .minimised = std::nullopt,
                      .reproduces = fuzz::Reproduces::no,
                      .instead = "it ran to its end",
                      .offer = {.input = "f", .replay = "parley fuzz replay mine f"}};
  const fuzz::Target target{.name = "mine", .program = "/p", .corpus = "/c"};
  EXPECT_TRUE(fuzz_finding(target, defect)
                  .contains("  reproduces  no (it ran to its end): parley fuzz replay mine f\n"));
  defect.reproduces = fuzz::Reproduces::yes;
  defect.instead.clear();
  EXPECT_TRUE(fuzz_finding(target, defect).contains("  reproduces  yes: parley fuzz replay"));
}

TEST(FuzzFinding, ListsPlacesWhereThereAreSome) {
  fuzz::Defect defect{.target = "mine",
                      .state = {.kind = fuzz::Kind::crash, .what = "abort", .frames = {}},
                      .place = "a.c:7:1",
                      .places = {"a.c:7"},
                      .input = "",
                      .minimised = std::nullopt};
  const fuzz::Target target{.name = "mine", .program = "/p", .corpus = "/c"};
  EXPECT_FALSE(fuzz_finding(target, defect).contains("seen at"));
  defect.places.emplace_back("a.c:9");
  EXPECT_TRUE(fuzz_finding(target, defect).contains("  seen at     a.c:7, a.c:9\n"));
  defect.places.resize(fuzz::kMaxPlaces, "a.c:11");
  EXPECT_TRUE(fuzz_places(defect).ends_with("a.c:11, and perhaps more"));
}

namespace fs = std::filesystem;

// A list of one target in a folder of its own.
class FuzzTargetsTest : public testing::Test {
 protected:
  FuzzTargetsTest()
      : folder_(fs::path(testing::TempDir()) /
                fs::path(testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "corpus");
    put_file("targets.json", R"([{"name": "mine", "program": ")" + in("program") +
                                 R"(", "corpus": ")" + in("corpus") + R"("}])");
    arguments_.catalogue = in("targets.json");
    arguments_.out = in("out");
    arguments_.quiet = true;
  }
  ~FuzzTargetsTest() override { fs::remove_all(folder_); }

  std::string in(const char* name) const { return (folder_ / name).string(); }
  void put_file(const char* name, std::string_view text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }

  struct Said {
    ExitCode code;
    std::string text;  // on both outputs
  };
  Said call(ExitCode (*command)(const FuzzArguments&)) const {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const auto code = command(arguments_);
    auto text = testing::internal::GetCapturedStdout();
    return {.code = code, .text = text + testing::internal::GetCapturedStderr()};
  }

  const fs::path folder_;
  FuzzArguments arguments_;
};

TEST_F(FuzzTargetsTest, RunRefusesAMissingProgramAndNamesTheListThatItStandsIn) {
  const auto said = call(fuzz_run);
  EXPECT_EQ(said.code, ExitCode::usage);
  EXPECT_NE(said.text.find("is not there; build the project again whose list is"),
            std::string::npos)
      << said.text;
  EXPECT_EQ(said.text.find("report:"), std::string::npos) << said.text;
  EXPECT_FALSE(fs::exists(arguments_.out));
}

TEST_F(FuzzTargetsTest, RunRefusesAFolderThatCannotBeWritten) {
  put_file("program", "");
  put_file("file", "");
  for (const auto& out : {std::string("/proc/nowhere"), in("file")}) {
    arguments_.out = out;
    const auto said = call(fuzz_run);
    EXPECT_EQ(said.code, ExitCode::usage) << said.text;
    EXPECT_NE(said.text.find(out), std::string::npos) << said.text;
    EXPECT_EQ(said.text.find("report:"), std::string::npos) << said.text;
  }
}

TEST_F(FuzzTargetsTest, AProgramWithoutAFuzzerIsWrongUsageOfAllThatRunIt) {
  fs::create_symlink("/bin/false", folder_ / "program");
  put_file("input", "x");
  arguments_.target = "mine";
  arguments_.files = {in("input")};
  for (auto* command : {fuzz_run, fuzz_replay, fuzz_minimize, fuzz_triage, fuzz_coverage}) {
    fs::remove_all(arguments_.out);
    const auto said = call(command);
    EXPECT_EQ(said.code, ExitCode::usage) << said.text;
    EXPECT_NE(said.text.find("is built without libFuzzer"), std::string::npos) << said.text;
    EXPECT_NE(said.text.find("link it with -fsanitize=fuzzer"), std::string::npos) << said.text;
  }
  EXPECT_NE(call(fuzz_run).text.find("0 of 1 target run"), std::string::npos);
}

TEST_F(FuzzTargetsTest, AProgramThatKeepsNoRecordIsWrongUsage) {
  put_file("program", "#!/bin/sh\necho 'INFO: Seed: 1'\nprintf '#2\\tINITED cov: 9 ft: 9\\n'\n");
  fs::permissions(folder_ / "program", fs::perms::owner_all);
  const auto said = call(fuzz_run);
  EXPECT_EQ(said.code, ExitCode::usage) << said.text;
  EXPECT_NE(said.text.find("links fuzz/sdk/record.c"), std::string::npos) << said.text;
}

TEST_F(FuzzTargetsTest, MinimizeOverwritesNothing) {
  put_file("program", "");
  put_file("input", "x");
  put_file("input.min", "kept");
  put_file("other", "kept");
  arguments_.target = "mine";
  arguments_.files = {in("input")};
  for (const auto& out : {std::string(), in("other"), in("corpus")}) {
    arguments_.out = out;
    const auto said = call(fuzz_minimize);
    EXPECT_EQ(said.code, ExitCode::usage) << said.text;
    EXPECT_NE(said.text.find("is there already: --out names a new file"), std::string::npos)
        << said.text;
  }
  for (const auto* name : {"input.min", "other"}) {
    std::ifstream file(in(name));
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "kept") << name;
  }
}

TEST_F(FuzzTargetsTest, ARunThatIsStoppedSaysHowItGoesOn) {
  put_file("program", "#!/bin/sh\necho 'INFO: Seed: 1'\nkill -INT $PPID\nexec sleep 60\n");
  fs::permissions(folder_ / "program", fs::perms::owner_all);
  const auto said = call(fuzz_run);
  EXPECT_EQ(said.code, ExitCode::stopped) << said.text;
  EXPECT_TRUE(
      said.text.ends_with("parley: stopped; to fuzz on in that folder: parley fuzz run --targets " +
                          in("targets.json") + " --quiet --out " + in("out") + "\n"))
      << said.text;
}

TEST_F(FuzzTargetsTest, SaysThatACorpusIsMissingAndGoesOn) {
  put_file("program", "");
  fs::remove(folder_ / "corpus");
  arguments_.target = "mine";
  testing::internal::CaptureStderr();
  EXPECT_TRUE(fuzz_target(arguments_));
  const auto said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("the corpus of target mine, is not there"), std::string::npos) << said;
}

TEST_F(FuzzTargetsTest, AnEmptyFolderIsWrongUsageOfAllThatTakeInputs) {
  put_file("program", "");
  arguments_.target = "mine";
  arguments_.files = {in("corpus")};
  for (auto* command : {fuzz_replay, fuzz_minimize, fuzz_triage}) {
    const auto said = call(command);
    EXPECT_EQ(said.code, ExitCode::usage);
    EXPECT_NE(said.text.find("holds no input"), std::string::npos) << said.text;
  }
}

TEST_F(FuzzTargetsTest, AnUnknownNameSaysWhatListsThem) {
  arguments_.targets = {"zzzzzz"};
  const auto said = call(fuzz_list);
  EXPECT_EQ(said.code, ExitCode::usage);
  EXPECT_NE(said.text.find("known are: mine; parley fuzz list --targets"), std::string::npos)
      << said.text;
}

TEST_F(FuzzTargetsTest, InputsOfAFindingAreNotWhatStandsBesideThem) {
  for (const auto* name : {"f/input", "f/input-2", "f/minimised", "f/finding.json", "f/report.txt",
                           "f/report-as-found.txt", "g/report.txt"}) {
    put_file(name, "x");
  }
  arguments_.files = {in("f"), in("g")};
  const auto inputs = fuzz_inputs(arguments_);
  ASSERT_TRUE(inputs);
  EXPECT_EQ(*inputs,
            (std::vector{in("f/input"), in("f/input-2"), in("f/minimised"), in("g/report.txt")}));
  // Who names the file itself means it.
  arguments_.files = {in("f/report.txt")};
  EXPECT_EQ(fuzz_inputs(arguments_)->size(), 1U);
}

TEST_F(FuzzTargetsTest, TheListKeepsItsColumnsUnderLongNames) {
  put_file("targets.json",
           R"([{"name": "a", "program": "/p", "corpus": "/c", "mutator": "xml", "oracle": "O"},
               {"name": "session_record_with_a_long_name", "program": "/p", "corpus": "/c",
                "mutator": "a=octets b=?xml c=??octets d=octets", "oracle": "O"}])");
  const auto said = call(fuzz_list).text;
  const auto first = said.find("\na ") + 1;
  const auto second = said.find("\nsession") + 1;
  EXPECT_EQ(said.find(" O\n", first) - first, said.find(" O\n", second) - second) << said;
  EXPECT_NE(said.find(" fields: octets, xml O\n"), std::string::npos) << said;
  EXPECT_NE(said.find("2 targets\n"), std::string::npos);
}

}  // namespace
}  // namespace parley::cli
