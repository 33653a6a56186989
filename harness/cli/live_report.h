// SPDX-License-Identifier: GPL-3.0-or-later
// What `parley fuzz live` says on the way and at its end, and the files that it leaves: a case a
// finding, and findings.json.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "fuzz/live/hunt.h"
#include "harness/cli/options.h"

namespace parley::cli {

// The command that judges the case `name` of `file` as the hunt has.
std::string again_command(const RunArguments& arguments, const std::filesystem::path& file,
                          const std::string& name);

class LiveReport {
 public:
  // `folder` holds a folder `findings`; `sut` is the name of the SUT.
  LiveReport(const RunArguments& arguments, const LiveArguments& live, std::filesystem::path folder,
             std::string sut);

  void show(const live::HuntProgress& progress);
  void announce(const live::Finding& finding);
  void end(const live::HuntResult& result);
  // Why a file could not be written; empty: all were.
  const std::string& trouble() const { return trouble_; }

 private:
  std::string left(const live::HuntProgress& progress) const;
  void write(const std::filesystem::path& file, const std::string& text);
  void end_line();
  std::filesystem::path file_of(const live::Finding& finding) const;
  std::string text_of(const live::Finding& finding) const;
  std::string lines_of(const live::Finding& finding) const;
  std::string sifting() const;
  nlohmann::ordered_json json_of(const live::Finding& finding) const;
  nlohmann::ordered_json json_of(const live::HuntResult& result) const;

  const RunArguments& arguments_;
  const LiveArguments& live_;
  std::filesystem::path folder_;
  std::string sut_;
  std::string trouble_;
  std::size_t suspects_ = 0;  // findings of a death that were not shown again
  std::chrono::steady_clock::time_point shown_{};
  bool terminal_;      // whether the standard error is one
  bool open_ = false;  // a line of progress there
};

}  // namespace parley::cli
