// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/defect.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/testkit/golden_file.h"

namespace parley::fuzz {
namespace {

namespace fs = std::filesystem;

Defect example() {
  return {.target = "xml_reader",
          .state = {.kind = Kind::sanitizer, .what = "SEGV, READ", .frames = {"feed", "parse"}},
          .place = "/src/reader.cc:88:7",
          .input = Bytes("<a\0\xff", 4),
          .minimised = "<",
          .reproduces = Reproduces::yes,
          .seen = 3,
          .executions = 51'234,
          .after = std::chrono::milliseconds(1200),
          .report = "==1==ERROR: AddressSanitizer: SEGV \x1b[31m\n"};
}

std::string complaint(const char* name, const std::string& actual) {
  return testkit::golden_complaint(
      std::string(PARLEY_SOURCE_DIR) + "/fuzz/supervisor/golden/" + name, actual);
}

TEST(ToJson, IsTheGoldenFile) { EXPECT_EQ(complaint("findings.json", to_json({example()})), ""); }

TEST(ToSarif, IsTheGoldenFile) {
  EXPECT_EQ(complaint("findings.sarif", to_sarif({example()}, "1.2")), "");
}

TEST(ToSarif, LeavesOutAPlaceThatIsNone) {
  auto defect = example();
  defect.place = "module+0x12";
  const auto text = to_sarif({defect}, "1");
  const auto document = nlohmann::json::parse(text);
  EXPECT_TRUE(document["runs"][0]["results"][0]["locations"].empty());
}

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
  EXPECT_EQ(loaded[0].report, defect.report);
  fs::remove_all(folder);
}

TEST(Save, SaysWhatCannotBeWritten) {
  const auto saved = save(example(), "/proc/nowhere");
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Errc::io);
}

}  // namespace
}  // namespace parley::fuzz
