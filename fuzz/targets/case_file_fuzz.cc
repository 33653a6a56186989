// SPDX-License-Identifier: GPL-3.0-or-later
// Target: model::cases_of, behind the schema of case files. Input: YAML.
// Oracles: a problem stands within the text and says how to mend it; what no problem was found in
// is cases of the suite, each with a party under test and an outcome; written as JSON it is the
// same cases. What it takes of the heap is bounded by the size of the input (fuzz/heap_bound.h).
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "fuzz/documents.h"
#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "harness/model/case_loader.h"
#include "harness/model/schema.h"

namespace {

using namespace parley;

// A target is a program that runs alone: no file is read.
constexpr char kSchemaText[] = {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
#embed "../../suites/schema/case.json"
#pragma clang diagnostic pop
};

const model::Schema& schema() {
  static const auto read =
      model::Schema::parse("case.json", std::string_view(kSchemaText, sizeof kSchemaText));
  PARLEY_ORACLE(read != nullptr);
  return *read;
}

std::vector<model::Case> cases_in(const std::string& text, model::Problems& problems) {
  const auto document = model::parse_document("case.yaml", text, problems);
  if (!document) {
    return {};
  }
  schema().check(*document, problems);
  return problems.empty() ? model::cases_of(*document, "suite", problems)
                          : std::vector<model::Case>();
}

void check_problems(const model::Problems& problems, const std::string& text) {
  for (const auto& problem : problems) {
    PARLEY_ORACLE(problem.line <= fuzz::last_line(text));
    PARLEY_ORACLE(!problem.message.empty() && !problem.mend.empty());
  }
}

void check_cases(const std::vector<model::Case>& cases) {
  for (const auto& one : cases) {
    PARLEY_ORACLE(one.id.starts_with("suite/"));
    PARLEY_ORACLE(!one.any_of.empty() && !one.suts().empty());
  }
}

bool same_change(const model::Case& one, const model::Case& other) {
  return one.change.has_value() == other.change.has_value() &&
         (!one.change || (one.change->step == other.change->step &&
                          describe(*one.change) == describe(*other.change)));
}

bool same_case(const model::Case& one, const model::Case& other) {
  const auto head = [](const model::Case& of) {
    return std::tie(of.id, of.title, of.requirement, of.profile, of.flow, of.needs, of.row,
                    of.mirror, of.soils, of.alone);
  };
  const auto same_outcome = [](const model::Outcome& mine, const model::Outcome& its) {
    return mine.kind == its.kind && mine.by == its.by && mine.conditions == its.conditions;
  };
  return head(one) == head(other) && one.suts() == other.suts() &&
         std::ranges::equal(one.any_of, other.any_of, same_outcome) &&
         one.never.size() == other.never.size() && same_change(one, other);
}

void check_written(const std::string& text, const std::vector<model::Case>& cases) {
  model::Problems problems;
  const auto document = model::parse_document("case.yaml", text, problems);
  PARLEY_ORACLE(document);
  const auto written = fuzz::json_of(*document);
  if (!written) {
    return;
  }
  const auto again = cases_in(*written, problems);
  PARLEY_ORACLE(problems.empty());
  PARLEY_ORACLE(std::ranges::equal(again, cases, same_case));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (size > 4096) {
    return 0;
  }
  schema();  // made once, and no part of what an input takes
  model::Problems problems;
  constexpr fuzz::HeapBound kBound{
      .octets = 500'000, .octets_each = 2000, .allocations = 10'000, .allocations_each = 50};
  const auto cases = fuzz::bounded(kBound, size, [&] { return cases_in(text, problems); });
  check_problems(problems, text);
  if (problems.empty()) {
    check_cases(cases);
    check_written(text, cases);
  }
  return 0;
}
