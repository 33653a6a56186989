// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ranges>

#include "fuzz/supervisor/coverage.h"
#include "harness/base/text.h"
#include "harness/cli/fuzz_targets.h"
#include "harness/cli/output.h"
#include "harness/cli/work_folder.h"

namespace parley::cli {
namespace {

using nlohmann::ordered_json;

ordered_json json_of(const fuzz::Target& target) {
  const auto size = fuzz::corpus_size(target);
  return {{"name", target.name},       {"oracle", target.oracle},
          {"seeds", size.seeds},       {"regressions", size.regressions},
          {"mutator", target.mutator}, {"dictionary", target.dictionary},
          {"edges", target.edges},     {"dependencies", target.dependencies},
          {"program", target.program}, {"corpus", target.corpus}};
}

// "a=?xml b=octets c=xml", a mutator for each field, has a row too long: "fields: xml, octets".
std::string named(const std::string& mutator) {
  std::vector<std::string> formats;
  for (const auto& field : split(mutator, ' ')) {
    const auto at = field.find_first_not_of('?', std::min(field.find('='), field.size()) + 1);
    const auto format = field.substr(std::min(at, field.size()));
    if (field.contains('=') && std::ranges::count(formats, format) == 0) {
      formats.push_back(format);
    }
  }
  return formats.empty() ? mutator : "fields: " + join(formats, ", ");
}

std::string how_mutated(const fuzz::Target& target) {
  std::vector<std::string> parts;
  if (!target.mutator.empty()) {
    parts.push_back(named(target.mutator));
  }
  if (!target.dictionary.empty()) {
    parts.push_back("dictionary");
  }
  return parts.empty() ? "octets" : join(parts, ", ");
}

// The first of them by name: `parley fuzz triage` sorts them all.
void tell_left_out(std::FILE* to, const std::vector<std::string>& files) {
  constexpr std::size_t kMostNamed = 10;
  if (files.empty()) {
    return;
  }
  put(to, "{} {} not counted:\n", counted(files.size(), "input"),
      files.size() == 1 ? "shows a defect and is" : "show a defect and are");
  for (const auto& file : files | std::views::take(kMostNamed)) {
    put(to, "  {}\n", printable(file, 400));
  }
  if (files.size() > kMostNamed) {
    put(to, "  and {} more\n", files.size() - kMostNamed);
  }
}

}  // namespace

ExitCode fuzz_list(const FuzzArguments& arguments) {
  const auto targets = fuzz_targets(arguments);
  if (!targets) {
    return ExitCode::usage;
  }
  if (arguments.json) {
    auto out = ordered_json::array();
    std::ranges::transform(*targets, std::back_inserter(out), json_of);
    put(stdout, "{}\n", out.dump(2));
    return ExitCode::ok;
  }
  std::size_t names = std::string_view("target").size();
  std::size_t mutators = std::string_view("mutated by").size();
  for (const auto& target : *targets) {
    names = std::max(names, target.name.size());
    mutators = std::max(mutators, how_mutated(target).size());
  }
  put(stdout, "{:<{}} {:>5} {:>11} {:>6}  {:<{}} {}\n", "target", names, "seeds", "regressions",
      "edges", "mutated by", mutators, "oracle");
  for (const auto& target : *targets) {
    const auto size = fuzz::corpus_size(target);
    put(stdout, "{:<{}} {:>5} {:>11} {:>6}  {:<{}} {}\n", target.name, names, size.seeds,
        size.regressions, target.edges, how_mutated(target), mutators, target.oracle);
  }
  put(stdout, "{}\n", counted(targets->size(), "target"));
  return ExitCode::ok;
}

ExitCode fuzz_coverage(const FuzzArguments& arguments) {
  const auto target = fuzz_target(arguments);
  if (!target) {
    return ExitCode::usage;
  }
  const WorkFolder work;
  const auto covered =
      fuzz::coverage_of(*target, arguments.corpora, fuzz_limits(arguments), work.path());
  if (!covered) {
    put(stderr, "parley: {}\n", printable(covered.error().detail, 1000));
    return fuzz_exit_code(covered.error());
  }
  const auto code = covered->left_out.empty() ? ExitCode::ok : ExitCode::findings;
  if (arguments.json) {
    auto out = ordered_json::array();
    for (const auto& file : covered->files) {
      out.push_back({{"file", file.name},
                     {"functions", file.functions},
                     {"functions_reached", file.functions_reached},
                     {"edges", file.edges},
                     {"edges_reached", file.edges_reached}});
    }
    put(stdout, "{}\n", out.dump(2));
    tell_left_out(stderr, covered->left_out);
    return code;
  }
  put(stdout, "{:>15} {:>15}  {}\n", "functions", "edges", "file");
  for (const auto& file : covered->files) {
    put(stdout, "{:>7} of {:>4} {:>7} of {:>4}  {}\n", file.functions_reached, file.functions,
        file.edges_reached, file.edges, printable(file.name, 200));
  }
  tell_left_out(stdout, covered->left_out);
  return code;
}

}  // namespace parley::cli
