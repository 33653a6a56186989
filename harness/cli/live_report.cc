// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/live_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "fuzz/live/case_text.h"
#include "harness/base/text.h"
#include "harness/cli/output.h"
#include "harness/cli/session.h"
#include "harness/model/mirror.h"

namespace parley::cli {
namespace {

using nlohmann::ordered_json;

std::string_view to_word(live::HuntEnd end) {
  switch (end) {
    case live::HuntEnd::time:
      return "time";
    case live::HuntEnd::executions:
      return "executions";
    case live::HuntEnd::stopped:
      return "stopped";
    case live::HuntEnd::dead:
      return "dead";
    case live::HuntEnd::useless:
      return "useless";
    case live::HuntEnd::broken:
      return "broken";
  }
  return "";
}

std::string figures(const live::HuntProgress& progress) {
  const auto seconds = std::max(0.001, static_cast<double>(progress.took.count()) / 1000);
  return fmt::format("{} executions, {:.0f}/s, {} finding{}, {} not again, {} undecided",
                     progress.executions, static_cast<double>(progress.executions) / seconds,
                     progress.findings, progress.findings == 1 ? "" : "s", progress.flaky,
                     progress.undecided);
}

// On the mirror of a flow it is the mirror of the case that is written.
std::string case_of(const live::Finding& finding) {
  const auto& one = finding.one;
  return one.flow.ends_with(model::mirror_name("", one.party))
             ? model::mirror_name(finding.name, one.party)
             : finding.name;
}

}  // namespace

std::string again_command(const RunArguments& arguments, const std::filesystem::path& file,
                          const std::string& name) {
  std::string out = "parley run --cases " + quoted(file.string());
  if (arguments.given.contains("--suites")) {
    out += " --suites " + quoted(arguments.suites_folder);
  }
  for (const auto& sut : arguments.sut_files) {
    out += " --sut " + quoted(sut);
  }
  if (arguments.sut_files.empty()) {
    out += " --profile " + arguments.profile;
  }
  out += " --case " + quoted(fmt::format("{}/{}", model::kOwnSuite, name));
  if (!arguments.faults.empty()) {
    out += " --fault " + join(arguments.faults, ",");
  }
  for (const auto& [setting, value] : arguments.settings) {
    out += " --set " + quoted(setting + "=" + value);
  }
  if (arguments.patience.count() > 0) {
    out += fmt::format(" --patience-ms {}", arguments.patience.count());
  }
  return out + (arguments.unchecked ? " --no-preflight" : "");
}

LiveReport::LiveReport(const RunArguments& arguments, const LiveArguments& live,
                       std::filesystem::path folder, std::string sut)
    : arguments_(arguments),
      live_(live),
      folder_(std::move(folder)),
      sut_(std::move(sut)),
      terminal_(::isatty(2) == 1) {}

void LiveReport::show(const live::HuntProgress& progress) {
  const auto now = std::chrono::steady_clock::now();
  const auto every = terminal_ ? std::chrono::seconds(0) : std::chrono::seconds(10);
  if (arguments_.quiet || now - shown_ < every) {
    return;
  }
  shown_ = now;
  put(stderr, "{}{}, {}{}", terminal_ ? "\r" : "", figures(progress), left(progress),
      terminal_ ? "\x1b[K" : "\n");
  open_ = terminal_;
}

void LiveReport::write(const std::filesystem::path& file, const std::string& text) {
  const auto written = write_text(file, text);
  if (!written && trouble_.empty()) {
    trouble_ = written.error().detail;
  }
}

void LiveReport::announce(const live::Finding& finding) {
  write(file_of(finding), text_of(finding));
  end_line();
  // Of who has died with many strikes under way the first is shown whole.
  const bool another = finding.confirmed == live::Confirmed::no && suspects_++ > 0;
  if (another && !arguments_.json) {
    put(stdout, "  or of {}: step {} of flow {}\n", finding.name, finding.one.change->step,
        finding.one.flow);
  } else if (!arguments_.json) {
    put(stdout, "{}\n", lines_of(finding));
    (void)std::fflush(stdout);
  }
}

void LiveReport::end(const live::HuntResult& result) {
  const auto json = json_of(result).dump(2, ' ', false, ordered_json::error_handler_t::replace);
  write(folder_ / "findings.json", json + "\n");
  end_line();
  if (arguments_.json) {
    put(stdout, "{}\n", json);
    return;
  }
  put(stdout, "{}", sifting());
  put(stdout, "{} in {} s; report: {}\n", figures(result.last), result.last.took.count() / 1000,
      (folder_ / "findings.json").string());
}

// How to find out which of them it was.
std::string LiveReport::sifting() const {
  return suspects_ < 2 ? ""
                       : fmt::format(
                             "which of the {} it was shows one after the other: the last one that "
                             "is judged\n  {} --jobs 1\n",
                             suspects_, again_command(arguments_, folder_ / "findings", "*"));
}

std::string LiveReport::left(const live::HuntProgress& progress) const {
  if (live_.executions > 0) {
    return fmt::format("{} left",
                       live_.executions - std::min(live_.executions, progress.executions));
  }
  return fmt::format("{} s left",
                     std::max<std::int64_t>(0, live_.seconds - progress.took.count() / 1000));
}

void LiveReport::end_line() {
  if (open_) {
    put(stderr, "\n");
    open_ = false;
  }
}

std::filesystem::path LiveReport::file_of(const live::Finding& finding) const {
  return folder_ / "findings" / (finding.name + ".yaml");
}

std::string LiveReport::text_of(const live::Finding& finding) const {
  auto one = finding.one;
  one.title = fmt::format("After this in step {} the SUT goes on answering", one.change->step);
  return live::case_text(
      one, finding.name,
      {"Found by parley fuzz live: " + finding.verdict.reason,
       fmt::format("SUT: {}; strike {} of seed {}", sut_, finding.number, arguments_.seed)});
}

std::string LiveReport::lines_of(const live::Finding& finding) const {
  const bool confirmed = finding.confirmed == live::Confirmed::yes;
  const auto line = [](std::string_view name, const std::string& text) {
    return fmt::format("  {}: {}\n", name, printable(text, 500));
  };
  return fmt::format("{}: {}{}\n", finding.name, printable(finding.verdict.reason, 300),
                     confirmed ? "" : " (not shown again)") +
         line("step", finding.one.change->step + " of flow " + finding.one.flow) +
         line("change", model::describe(*finding.one.change)) +
         line("came", finding.verdict.came.empty() ? "nothing" : finding.verdict.came) +
         line("again", again_command(arguments_, file_of(finding), case_of(finding)));
}

ordered_json LiveReport::json_of(const live::Finding& finding) const {
  return {{"case", fmt::format("{}/{}", model::kOwnSuite, case_of(finding))},
          {"file", file_of(finding).string()},
          {"requirement", finding.one.requirement},
          {"flow", finding.one.flow},
          {"step", finding.one.change->step},
          {"change", model::describe(*finding.one.change)},
          {"reason", finding.verdict.reason},
          {"came", finding.verdict.came},
          {"monitor", finding.verdict.monitor},
          {"strike", finding.number},
          {"hits", finding.hits},
          {"octets", finding.octets},
          {"confirmed", finding.confirmed == live::Confirmed::yes},
          {"again", again_command(arguments_, file_of(finding), case_of(finding))}};
}

ordered_json LiveReport::json_of(const live::HuntResult& result) const {
  auto findings = ordered_json::array();
  for (const auto& finding : result.findings) {
    findings.push_back(json_of(finding));
  }
  return {{"sut", sut_},
          {"profile", arguments_.profile},
          {"seed", arguments_.seed},
          {"end", to_word(result.end)},
          {"why", printable(result.why, 1000)},
          {"suspects", suspects_},
          {"executions", result.last.executions},
          {"took_ms", result.last.took.count()},
          {"not_again", result.last.flaky},
          {"undecided", result.last.undecided},
          {"last_undecided", printable(result.last_undecided, 500)},
          {"findings", std::move(findings)}};
}

}  // namespace parley::cli
