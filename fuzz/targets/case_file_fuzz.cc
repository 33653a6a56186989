// SPDX-License-Identifier: GPL-3.0-or-later
// Target: model::cases_of, behind the schema of case files. Input: YAML.
// Oracles: a problem stands within the text and says how to mend it; what no problem was found in
// is cases of the suite, each with an id of its own, a party under test and the rows it was written
// with; written as JSON it is the same cases. What it takes of the heap is bounded by the size of
// the input (fuzz/heap_bound.h).
#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
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
  std::set<std::string> ids;
  for (const auto& one : cases) {
    PARLEY_ORACLE(one.id.starts_with("suite/"));
    PARLEY_ORACLE(!one.any_of.empty() && !one.suts().empty());
    ids.insert(one.id);
  }
}

void check_written(const std::string& text, const std::vector<model::Case>& cases) {
  model::Problems problems;
  const auto document = model::parse_document("case.yaml", text, problems);
  const auto written = fuzz::json_of(*document);
  if (!written) {
    return;
  }
  const auto again = cases_in(*written, problems);
  PARLEY_ORACLE(problems.empty());
  PARLEY_ORACLE(std::ranges::equal(again, cases, [](const auto& one, const auto& other) {
    return one.id == other.id && one.title == other.title && one.row == other.row &&
           one.suts() == other.suts() && one.needs == other.needs &&
           one.negative() == other.negative() && one.never.size() == other.never.size() &&
           one.change.has_value() == other.change.has_value() &&
           (!one.change || one.change->edit.index() == other.change->edit.index());
  }));
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
