// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/report/junit.h"

#include <fmt/format.h>

#include <map>
#include <pugixml.hpp>
#include <sstream>
#include <vector>

#include "harness/base/text.h"
#include "harness/report/finding.h"
#include "harness/report/mask.h"

namespace parley::report {
namespace {

using engine::CaseResult;
using model::VerdictKind;

// The two characters that printable() leaves and XML 1.0 section 2.2 forbids.
std::string without_forbidden(std::string text) {
  text = replace_all(std::move(text), "\xEF\xBF\xBE", "\\u{FFFE}");
  return replace_all(std::move(text), "\xEF\xBF\xBF", "\\u{FFFF}");
}

std::string xml_safe(std::string_view text) {
  return without_forbidden(printable(text, kFileOctets));
}

void set(pugi::xml_node node, const char* name, std::string_view value) {
  node.append_attribute(name).set_value(xml_safe(value).c_str());
}

void set_seconds(pugi::xml_node node, std::chrono::microseconds time) {
  set(node, "time", fmt::format("{:.6f}", std::chrono::duration<double>(time).count()));
}

struct Tally {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
};

void count(Tally& tally, VerdictKind kind) {
  ++tally.tests;
  switch (kind) {
    case VerdictKind::pass:
      break;
    case VerdictKind::fail:
      ++tally.failures;
      break;
    case VerdictKind::not_applicable:
      ++tally.skipped;
      break;
    case VerdictKind::inconclusive:
    case VerdictKind::flaky:
    case VerdictKind::error:
      ++tally.errors;
      break;
  }
}

void set_tally(pugi::xml_node node, const Tally& tally) {
  set(node, "tests", std::to_string(tally.tests));
  set(node, "failures", std::to_string(tally.failures));
  set(node, "errors", std::to_string(tally.errors));
  set(node, "skipped", std::to_string(tally.skipped));
}

const char* element_for(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::pass:
      return nullptr;
    case VerdictKind::fail:
      return "failure";
    case VerdictKind::not_applicable:
      return "skipped";
    case VerdictKind::inconclusive:
    case VerdictKind::flaky:
    case VerdictKind::error:
      return "error";
  }
  return nullptr;
}

std::string type_of(const model::Verdict& verdict, const Subject& subject) {
  return verdict.kind == VerdictKind::fail && verdict.level
             ? fmt::format("{}{}", level_prefix(subject.assumed), model::to_string(*verdict.level))
             : std::string(model::to_string(verdict.kind));
}

std::string body_of(const model::Verdict& verdict, const Subject& subject) {
  std::string out = "\n";
  if (subject.requirement != nullptr) {
    out += fmt::format("requirement: {}\n",
                       requirement_line(*subject.requirement, verdict, subject.assumed));
  }
  for (const auto& [label, text] : exchange_lines(verdict, kFileOctets)) {
    out += fmt::format("{}: {}\n", label, text);
  }
  out += fmt::format("blame: {}\n", blame_of(verdict));
  return without_forbidden(std::move(out));
}

void append_case(pugi::xml_node suite, const CaseResult& result, const Subject& subject) {
  auto node = suite.append_child("testcase");
  set(node, "classname", subject.one != nullptr ? subject.one->requirement : "unknown");
  set(node, "name", name_of(result));
  set_seconds(node, result.took);
  const char* element = element_for(result.verdict.kind);
  if (element == nullptr) {
    return;
  }
  auto outcome = node.append_child(element);
  const auto verdict = masked(result.verdict);
  if (verdict.kind == VerdictKind::not_applicable) {
    set(outcome, "message", verdict.reason);
    return;
  }
  set(outcome, "type", type_of(verdict, subject));
  set(outcome, "message", verdict.reason);
  outcome.text().set(body_of(verdict, subject).c_str());
}

void append_property(pugi::xml_node properties, const char* name, std::string_view value) {
  auto node = properties.append_child("property");
  set(node, "name", name);
  set(node, "value", value);
}

using Results = std::vector<const CaseResult*>;

void append_suite(pugi::xml_node root, const std::string& name, const Results& results,
                  const engine::RunSummary& run, const model::Library& library) {
  auto node = root.append_child("testsuite");
  Tally tally;
  std::chrono::microseconds took{0};
  for (const auto* result : results) {
    count(tally, result->verdict.kind);
    took += result->took;
  }
  set(node, "name", name);
  set_tally(node, tally);
  set_seconds(node, took);
  auto properties = node.append_child("properties");
  append_property(properties, "parley", run.version);
  append_property(properties, "sut", run.sut);
  append_property(properties, "profile", run.profile);
  append_property(properties, "seed", std::to_string(run.seed));
  for (const auto* result : results) {
    append_case(node, *result, subject_of(*result, library));
  }
}

}  // namespace

std::string junit_report(const engine::RunSummary& run, const model::Library& library) {
  std::map<std::string, Results> suites;
  Tally tally;
  for (const auto& result : run.results) {
    suites[suite_of(result, library)].push_back(&result);
    count(tally, result.verdict.kind);
  }
  pugi::xml_document document;
  auto declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  auto root = document.append_child("testsuites");
  set(root, "name", "parley");
  set_tally(root, tally);
  set_seconds(root, run.took);
  for (const auto& [name, results] : suites) {
    append_suite(root, name, results, run, library);
  }
  std::ostringstream out;
  document.save(out, "  ");
  return out.str();
}

}  // namespace parley::report
