// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/report/finding.h"

#include <fmt/format.h>

#include "harness/base/text.h"
#include "harness/model/setting.h"

namespace parley::report {
namespace {

std::string shown(std::string_view text, std::size_t max_octets) {
  return text.empty() ? "-" : printable(text, max_octets);
}

}  // namespace

Subject subject_of(const engine::CaseResult& result, const model::Library& library) {
  Subject out{.one = library.find_case(result.id)};
  if (out.one != nullptr) {
    const auto& broken = result.verdict.requirement;
    const auto at = library.requirements.find(broken.empty() ? out.one->requirement : broken);
    out.requirement = at == library.requirements.end() ? nullptr : &at->second;
    out.assumed = model::assumed_settings(*out.one, library);
  }
  return out;
}

std::string suite_of(const engine::CaseResult& result, const model::Library& library) {
  const auto* one = library.find_case(result.id);
  return one != nullptr ? one->suite : result.id.substr(0, result.id.find('/'));
}

std::string name_of(const engine::CaseResult& result) {
  return result.repetition == 0 ? printable(result.id)
                                : fmt::format("{}#{}", printable(result.id), result.repetition);
}

std::string requirement_line(const model::Requirement& requirement, const model::Verdict& verdict,
                             const std::vector<std::string>& assumed) {
  const auto level = verdict.level.value_or(model::level_of(requirement.basis));
  const auto names = assumed.empty() ? "" : " assumed: " + join(assumed, ", ");
  return fmt::format("{} ({}{}) {} [{}]{}", printable(requirement.id), level_prefix(assumed),
                     model::to_string(level), printable(requirement.text),
                     printable(requirement.source), printable(names));
}

std::string_view level_prefix(const std::vector<std::string>& assumed) {
  return assumed.empty() ? "" : "under assumed profile: ";
}

std::string blame_of(const model::Verdict& verdict) {
  std::string out(model::to_string(verdict.blame));
  return verdict.broke ? out + " " + std::string(model::to_string(*verdict.broke)) : out;
}

std::vector<Line> exchange_lines(const model::Verdict& verdict, std::size_t max_octets) {
  auto difference = shown(verdict.difference, max_octets);
  if (!verdict.monitor.empty()) {
    difference = fmt::format("monitor {}: {}", printable(verdict.monitor), difference);
  }
  return {{"sent", shown(verdict.sent, max_octets)},
          {"expected", shown(verdict.expected, max_octets)},
          {"came", shown(verdict.came, max_octets)},
          {"difference", std::move(difference)}};
}

}  // namespace parley::report
