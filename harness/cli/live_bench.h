// SPDX-License-Identifier: GPL-3.0-or-later
// The bench of `parley fuzz live`: strikes judged as `parley run` judges cases, in folders that go
// once their results are read.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fuzz/live/bench.h"
#include "harness/cli/options.h"
#include "harness/engine/scheduler.h"
#include "harness/model/library.h"

namespace parley::cli {

class LiveBench : public live::Bench {
 public:
  // `library`: whose profiles, flows and requirements the strikes are about. `work`: a folder of
  // the bench's own.
  LiveBench(const RunArguments& arguments, const model::Library& library,
            std::map<model::Party, model::Declaration> declarations, std::filesystem::path work);

  Result<live::Volley> together(const std::vector<model::Case>& cases,
                                const std::function<bool()>& enough) override;
  Result<live::Volley> apart(const std::vector<model::Case>& cases, Until until,
                             Pace pace) override;

 private:
  void lay_out(const std::vector<model::Case>& cases);
  std::size_t lanes() const;
  // No further one begins once one has failed, or once there is `enough`.
  Result<live::Volley> judge(const std::vector<std::string>& ids,
                             const engine::SchedulerOptions& options,
                             const std::function<bool()>& enough);
  Result<live::Volley> judge_in(const std::filesystem::path& folder,
                                const std::vector<std::string>& ids,
                                const engine::SchedulerOptions& options,
                                const std::function<bool()>& enough);

  const RunArguments& arguments_;
  model::Library library_;  // with the cases under way in place of the suites'
  std::map<model::Party, model::Declaration> declarations_;
  std::filesystem::path work_;
  std::atomic<std::uint64_t> folders_{0};
};

}  // namespace parley::cli
