// SPDX-License-Identifier: GPL-3.0-or-later
// The run's folder: plan.json before the first packet, then one line a verdict in journal.jsonl and
// one file a transcript. Lines are appended with one write each: kill -9 loses at most what was in
// flight.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/engine/result.h"

namespace parley::engine {

struct PlannedCase {
  std::string id;
  int repetition = 0;

  friend auto operator<=>(const PlannedCase&, const PlannedCase&) = default;
};

struct Plan {
  std::uint64_t seed = 0;
  std::string sut;
  std::vector<std::string> sut_files;  // none: the embedded reference
  std::string profile;
  std::vector<PlannedCase> cases;
  std::vector<model::Party> suts{};               // see Transcript
  std::vector<std::string> faults{};              // of the embedded reference
  std::string null_mode{};                        // empty: the reference itself
  std::map<std::string, std::string> settings{};  // of the profile, as given on the command line
  std::string tokens{};                           // the text of the token dictionary
  std::chrono::milliseconds patience{0};          // as given on the command line; 0: not given
  // By the case's id, what the suites said of it; the planner knows what it means. Empty in older
  // plans.
  std::map<std::string, std::string> digests{};
  std::vector<std::string> case_files{};  // beside the suites, with their paths
};

// What a run's folder holds: its plan, and the verdicts that stand already.
struct Record {
  Plan plan;
  std::vector<CaseResult> done;
};

nlohmann::json to_json(const model::Verdict& verdict);
Result<model::Verdict> verdict_from(const nlohmann::json& value);

class Journal {
 public:
  // Makes the folder, for its owner alone, and writes the plan. Errors: io; refused when the folder
  // holds another run.
  static Result<std::unique_ptr<Journal>> begin(const std::filesystem::path& folder,
                                                const Plan& plan);
  // Only reads: a run may be under way. A torn last line does not count. Errors: io, too_large,
  // malformed, each naming the file.
  static Result<Record> load(const std::filesystem::path& folder);
  // Opens a run that was interrupted; a torn last line is cut off. Errors: those of load; refused
  // while another process writes to the run.
  static Result<std::unique_ptr<Journal>> resume(const std::filesystem::path& folder);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  const Plan& plan() const { return plan_; }
  const std::filesystem::path& folder() const { return folder_; }
  const std::vector<CaseResult>& done() const { return done_; }  // verdicts that stood already
  // From any worker. Where `result` says that the case was judged again, the transcript is that of
  // the second attempt and the line counts instead of the first. What a run has spooled is kept
  // unless the case has passed. Errors: io (a full disk).
  Result<void> add(const CaseResult& result, const Transcript& transcript);

 private:
  Journal(std::filesystem::path folder, Record record, int descriptor);
  std::filesystem::path folder_;
  Plan plan_;
  std::vector<CaseResult> done_;
  int descriptor_;
  std::mutex guard_;
};

// Where the transcript of an attempt lies below the run's folder.
std::filesystem::path transcript_path(const std::filesystem::path& folder, const std::string& id,
                                      int repetition, Turn turn);
// That of the attempt on which the verdict stands.
std::filesystem::path transcript_path(const std::filesystem::path& folder,
                                      const CaseResult& result);
// What its runs have spooled is read where it is needed. Errors: io, malformed. At most 256 MiB are
// read.
Result<Transcript> load_transcript(const std::filesystem::path& file);

}  // namespace parley::engine
