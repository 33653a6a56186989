// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/journal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace parley::engine {
namespace {

namespace fs = std::filesystem;

class JournalFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static Plan plan() {
    return {.seed = 5,
            .sut = "x",
            .sut_files = {},
            .profile = "xmpp",
            .cases = {{"stanza/a", 0}, {"stanza/b", 0}},
            .settings = {{"product", "7"}},
            .tokens = "[single]\nmessage\n"};
  }
  static CaseResult failed(const std::string& id) {
    CaseResult out{.id = id, .repetition = 0, .verdict = {}};
    out.verdict.kind = model::VerdictKind::fail;
    out.verdict.blame = model::Blame::sut;
    out.verdict.level = model::Level::violation;
    out.verdict.came = "\x01 <&\"";
    return out;
  }

  fs::path folder_;
};

TEST_F(JournalFolder, KeepsVerdictsAndTranscriptsOverAResume) {
  {
    auto journal = Journal::begin(folder_, plan());
    ASSERT_TRUE(journal) << journal.error();
    Transcript transcript{.case_id = "stanza/a",
                          .seed = 5,
                          .runs = {{.name = "plain", .values = {{"a", "b"}}, .events = {}}}};
    transcript.runs[0].events.push_back(
        {.kind = Event::Kind::received, .at_us = 7, .link = "alice", .octets = "\xC0\x80"});
    ASSERT_TRUE((*journal)->add(failed("stanza/a"), transcript));
  }
  auto again = Journal::resume(folder_);
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ((*again)->plan().cases.size(), 2U);
  EXPECT_EQ((*again)->plan().settings, plan().settings);
  EXPECT_EQ((*again)->plan().tokens, plan().tokens);
  ASSERT_EQ((*again)->done().size(), 1U);
  EXPECT_EQ((*again)->done()[0].verdict, failed("stanza/a").verdict);
  const auto transcript =
      load_transcript(transcript_path(folder_, {.id = "stanza/a", .verdict = {}}));
  ASSERT_TRUE(transcript) << transcript.error();
  EXPECT_EQ(transcript->runs[0].events[0].octets, "\xC0\x80");
}

TEST_F(JournalFolder, TakesTheSecondVerdictOfACaseAndKeepsBothTranscripts) {
  auto first = failed("stanza/a");
  first.busy_beside = true;
  CaseResult second{.id = "stanza/a", .verdict = {}};
  second.verdict.kind = model::VerdictKind::pass;
  second.silent_beside = SilentBeside{.reason = "nothing came", .machine_busy = true};
  {
    auto journal = Journal::begin(folder_, plan());
    ASSERT_TRUE(journal) << journal.error();
    ASSERT_TRUE((*journal)->add(first, {.case_id = "stanza/a", .seed = 1, .runs = {}}));
    ASSERT_TRUE((*journal)->add(failed("stanza/b"), {.case_id = "stanza/b", .runs = {}}));
    const auto record = Journal::load(folder_);
    ASSERT_TRUE(record) << record.error();
    EXPECT_EQ(record->done[0].busy_beside, true);
    EXPECT_FALSE(record->done[0].silent_beside);
    ASSERT_TRUE((*journal)->add(second, {.case_id = "stanza/a", .seed = 2, .runs = {}}));
  }
  const auto record = Journal::load(folder_);
  ASSERT_TRUE(record) << record.error();
  ASSERT_EQ(record->done.size(), 2U);
  EXPECT_EQ(record->done[0].verdict.kind, model::VerdictKind::pass);
  ASSERT_TRUE(record->done[0].silent_beside);
  EXPECT_EQ(record->done[0].silent_beside->reason, "nothing came");
  EXPECT_TRUE(record->done[0].silent_beside->machine_busy);
  EXPECT_TRUE(record->done[0].silent_beside->decided);
  EXPECT_FALSE(record->done[1].busy_beside);
  for (const auto* result : {&first, &second}) {
    const auto transcript = load_transcript(transcript_path(folder_, *result));
    ASSERT_TRUE(transcript) << transcript.error();
    EXPECT_EQ(transcript->seed, result == &first ? 1U : 2U);
  }
}

TEST_F(JournalFolder, KeepsTheFirstVerdictWhereASecondAttemptDecidesNothing) {
  auto result = failed("stanza/a");
  result.busy_beside = false;
  {
    auto journal = Journal::begin(folder_, plan());
    ASSERT_TRUE(journal) << journal.error();
    ASSERT_TRUE((*journal)->add(result, {.case_id = "stanza/a", .seed = 1, .runs = {}}));
    result.silent_beside = SilentBeside{.reason = "nothing came", .decided = false};
    ASSERT_TRUE((*journal)->add(result, {.case_id = "stanza/a", .seed = 2, .runs = {}}));
  }
  const auto record = Journal::load(folder_);
  ASSERT_TRUE(record) << record.error();
  ASSERT_EQ(record->done.size(), 1U);
  EXPECT_EQ(record->done[0].verdict, failed("stanza/a").verdict);
  EXPECT_FALSE(in_vain(record->done[0]));
  EXPECT_EQ(load_transcript(transcript_path(folder_, record->done[0]))->seed, 1U);
  EXPECT_EQ(load_transcript(transcript_path(folder_, "stanza/a", 0, Turn::again))->seed, 2U);
}

// Only what is judged again may have two.
TEST_F(JournalFolder, IsDamagedByASecondVerdict) {
  {
    auto journal = Journal::begin(folder_, plan());
    ASSERT_TRUE(journal) << journal.error();
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE((*journal)->add(failed("stanza/a"), {.case_id = "stanza/a", .runs = {}}));
    }
  }
  const auto record = Journal::load(folder_);
  ASSERT_FALSE(record);
  EXPECT_TRUE(record.error().detail.ends_with("line 2: a second verdict of stanza/a"))
      << record.error();
}

// What a case that passed has spooled is let go; what another has lies beside its transcript.
TEST_F(JournalFolder, KeepsWhatIsSpooledUnlessTheCaseHasPassed) {
  auto journal = Journal::begin(folder_, plan());
  ASSERT_TRUE(journal) << journal.error();
  for (const bool passed : {true, false}) {
    auto result = failed(passed ? "stanza/b" : "stanza/a");
    result.verdict.kind = passed ? model::VerdictKind::pass : result.verdict.kind;
    RunRecord run{.name = "plain", .values = {}, .events = {}};
    run.spool = *Spool::make();
    ASSERT_TRUE(run.spool->append("abcde"));
    for (const std::uint64_t octets : {2, 3}) {
      run.events.push_back(
          {.kind = Event::Kind::received, .link = "alice/media", .spooled = octets});
    }
    ASSERT_TRUE(
        (*journal)->add(result, {.case_id = result.id, .seed = 5, .runs = {std::move(run)}}));
    const auto again = load_transcript(transcript_path(folder_, result));
    ASSERT_TRUE(again) << again.error();
    const auto& read = again->runs[0];
    EXPECT_EQ(EventReader::lacks_octets(read), passed);
    EventReader reader(read);
    EXPECT_EQ(reader.whole(read.events[0]).octets, passed ? "" : "ab");
    EXPECT_EQ(reader.whole(read.events[1]).octets, passed ? "" : "cde");
  }
}

// Of a run that was broken off while it was kept, and is carried out again.
TEST_F(JournalFolder, LetsGoOfWhatLiesBesideThatNobodySpooled) {
  auto journal = Journal::begin(folder_, plan());
  ASSERT_TRUE(journal) << journal.error();
  for (const bool passed : {true, false}) {
    auto result = failed("stanza/a");
    result.verdict.kind = passed ? model::VerdictKind::pass : result.verdict.kind;
    const auto beside = folder_ / "transcripts" / "stanza.a.plain.octets";
    std::ofstream(beside) << "of before";
    RunRecord run{.name = "plain", .values = {}, .events = {}};
    run.spool = passed ? *Spool::make() : nullptr;
    ASSERT_TRUE(
        (*journal)->add(result, {.case_id = result.id, .seed = 5, .runs = {std::move(run)}}));
    EXPECT_FALSE(std::filesystem::exists(beside));
    EXPECT_EQ(load_transcript(transcript_path(folder_, result))->runs[0].spool, nullptr);
  }
}

TEST_F(JournalFolder, DropsATornLastLine) {
  {
    auto journal = Journal::begin(folder_, plan());
    ASSERT_TRUE(journal);
    ASSERT_TRUE((*journal)->add(failed("stanza/a"), {}));
  }
  std::ofstream(folder_ / "journal.jsonl", std::ios::app) << "{\"id\":\"stanza/b\",\"verd";
  auto again = Journal::resume(folder_);
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ((*again)->done().size(), 1U);
  ASSERT_TRUE((*again)->add(failed("stanza/b"), {}));
  const auto third = Journal::load(folder_);
  ASSERT_TRUE(third) << third.error();
  EXPECT_EQ(third->done.size(), 2U);
}

TEST_F(JournalFolder, RefusesToOverwriteARun) {
  ASSERT_TRUE(Journal::begin(folder_, plan()));
  const auto second = Journal::begin(folder_, plan());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::refused);
}

TEST_F(JournalFolder, KeepsWhatTheSutWasMadeOf) {
  auto given = plan();
  given.faults = {"gk-answers-twice"};
  given.null_mode = "silent";
  given.patience = std::chrono::milliseconds(700);
  given.digests = {{"a/one", "0123456789abcdef"}};
  {
    ASSERT_TRUE(Journal::begin(folder_, given));
  }
  const auto record = Journal::load(folder_);
  ASSERT_TRUE(record) << record.error();
  EXPECT_EQ(record->plan.faults, given.faults);
  EXPECT_EQ(record->plan.null_mode, given.null_mode);
  EXPECT_EQ(record->plan.patience, given.patience);
  EXPECT_EQ(record->plan.digests, given.digests);
}

TEST_F(JournalFolder, LoadsAPlanWithoutThem) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "plan.json")
      << R"({"format":1,"seed":5,"sut":"x","sut_file":"","profile":"xmpp","cases":[]})";
  const auto record = Journal::load(folder_);
  ASSERT_TRUE(record) << record.error();
  EXPECT_TRUE(record->plan.faults.empty());
  EXPECT_TRUE(record->done.empty());
}

TEST_F(JournalFolder, IsReadButNotWrittenBySomebodyElse) {
  const auto journal = Journal::begin(folder_, plan());
  ASSERT_TRUE(journal) << journal.error();
  EXPECT_TRUE(Journal::load(folder_));
  const auto second = Journal::resume(folder_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::refused);
}

TEST_F(JournalFolder, IsLoadedAsItIsWithATornLastLine) {
  {
    ASSERT_TRUE(Journal::begin(folder_, plan()));
  }
  std::ofstream(folder_ / "journal.jsonl", std::ios::app) << "{\"id\":";
  ASSERT_TRUE(Journal::load(folder_));
  EXPECT_EQ(fs::file_size(folder_ / "journal.jsonl"), 6U);
}

TEST_F(JournalFolder, IsOfItsOwnerAlone) {
  ASSERT_TRUE(Journal::begin(folder_, plan()));
  EXPECT_EQ(fs::status(folder_).permissions(), fs::perms::owner_all);
}

// The line of a verdict with something more in it.
std::string line_with(const std::string& rest) {
  return R"({"id":"a","repetition":0,"verdict":{"kind":"pass"},"took_us":1,)" + rest + "}";
}

TEST_F(JournalFolder, NamesTheDamagedLine) {
  const std::vector<std::string> lines{
      "[]",
      "null",
      "{}",
      R"({"id":7,"repetition":0,"verdict":{"kind":"pass"},"took_us":1})",
      R"({"id":"a","repetition":"0","verdict":{"kind":"pass"},"took_us":1})",
      R"({"id":"a","repetition":0,"verdict":"pass","took_us":1})",
      R"({"id":"a","repetition":0,"verdict":{"kind":1},"took_us":1})",
      line_with(R"("busy_beside":"no")"),
      line_with(R"("silent_beside":true)"),
      line_with(R"("silent_beside":{"reason":"x","machine_busy":true})"),
      line_with(R"("silent_beside":{"reason":"x","decided":true})"),
      line_with(R"("silent_beside":{"reason":1,"machine_busy":true,"decided":true})")};
  for (const auto& line : lines) {
    fs::remove_all(folder_);
    {
      ASSERT_TRUE(Journal::begin(folder_, plan()));
    }
    std::ofstream(folder_ / "journal.jsonl") << line << "\n";
    const auto record = Journal::load(folder_);
    ASSERT_FALSE(record) << line;
    EXPECT_NE(record.error().detail.find("journal.jsonl is damaged: line 1"), std::string::npos)
        << record.error();
  }
}

TEST_F(JournalFolder, SaysWhatIsWrongWithATamperedOne) {
  {
    ASSERT_TRUE(Journal::begin(folder_, plan()));
  }
  std::ofstream(folder_ / "plan.json") << "[]";
  const auto again = Journal::resume(folder_);
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().detail.find("plan.json is damaged"), std::string::npos) << again.error();
}

}  // namespace
}  // namespace parley::engine
