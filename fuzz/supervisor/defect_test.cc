// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/defect.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "harness/testkit/golden_file.h"

namespace parley::fuzz {
namespace {

namespace fs = std::filesystem;

Defect example() {
  return {.target = "xml_reader",
          .state = {.kind = Kind::sanitizer, .what = "SEGV, READ", .frames = {"feed", "parse"}},
          .place = "/src/reader.cc:88:7",
          .places = {"/src/reader.cc:88", "/src/reader.cc:90"},
          .input = Bytes("<a\0\xff", 4),
          .minimised = "<",
          .reproduces = Reproduces::no,
          .instead = "it ran to its end",
          .seen = 3,
          .executions = 51'234,
          .after = std::chrono::milliseconds(1200),
          .report = "==1==ERROR: AddressSanitizer: SEGV \x1b[31m\n",
          .report_as_found = "==1==ERROR: as found\n",
          .said = {"your parser: <{}a", "expat:       >"},
          .run = {.targets = "b/targets.json",
                  .seed = 7,
                  .leaks = Leaks::reported,
                  .input = std::chrono::seconds(3),
                  .memory_mib = 512,
                  .max_input_octets = 99,
                  .version = "1.2"},
          .offer = {.input = "out/xml_reader/findings/sanitizer-d964bf7f/minimised",
                    .replay = "parley fuzz replay --leaks xml_reader x"}};
}

std::string complaint(const char* name, const std::string& actual) {
  return testkit::golden_complaint(
      std::string(PARLEY_SOURCE_DIR) + "/fuzz/supervisor/golden/" + name, actual);
}

TEST(ToJson, IsTheGoldenFile) { EXPECT_EQ(complaint("findings.json", to_json({example()})), ""); }

TEST(Save, IsReadBackAsItWas) {
  const auto folder = fs::path(testing::TempDir()) / "parley-defects";
  fs::remove_all(folder);
  const auto defect = example();
  ASSERT_TRUE(save(defect, folder.string()));
  fs::create_directories(folder / "something-else");
  const auto loaded = load_defects(folder.string());
  ASSERT_EQ(loaded.size(), 1U);
  EXPECT_EQ(loaded[0].state, defect.state);
  EXPECT_EQ(loaded[0].input, defect.input);
  EXPECT_EQ(loaded[0].minimised, defect.minimised);
  EXPECT_EQ(loaded[0].seen, defect.seen);
  EXPECT_EQ(loaded[0].after, defect.after);
  EXPECT_EQ(loaded[0].reproduces, defect.reproduces);
  EXPECT_EQ(loaded[0].instead, defect.instead);
  EXPECT_EQ(loaded[0].places, defect.places);
  EXPECT_EQ(loaded[0].report, defect.report);
  EXPECT_EQ(loaded[0].report_as_found, defect.report_as_found);
  EXPECT_EQ(loaded[0].said, defect.said);
  EXPECT_EQ(loaded[0].run, defect.run);
  fs::remove_all(folder);
}

TEST(NotePlace, KeepsFewDistinctLines) {
  auto defect = example();
  defect.places.clear();
  EXPECT_TRUE(note_place(defect, "/src/a.cc:7:1"));
  EXPECT_FALSE(note_place(defect, "/src/a.cc:7:30"));
  EXPECT_FALSE(note_place(defect, "/src/a.cc:7"));
  EXPECT_TRUE(note_place(defect, "/src/a.cc:8"));
  EXPECT_FALSE(note_place(defect, ""));
  EXPECT_EQ(defect.places, (std::vector<std::string>{"/src/a.cc:7", "/src/a.cc:8"}));
  for (int i = 0; i < 100; ++i) {
    note_place(defect, "/src/b.cc:" + std::to_string(i));
  }
  EXPECT_EQ(defect.places.size(), kMaxPlaces);
  EXPECT_FALSE(note_place(defect, "/src/c.cc:1"));
}

TEST(Save, SaysWhatCannotBeWritten) {
  const auto saved = save(example(), "/proc/nowhere");
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Errc::io);
}

}  // namespace
}  // namespace parley::fuzz
