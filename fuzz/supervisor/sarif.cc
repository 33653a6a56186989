// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/sarif.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

#include "harness/base/text.h"

namespace parley::fuzz {
namespace {

using nlohmann::ordered_json;

constexpr const char* kReportFolder = "REPORT";  // where the file itself lies

struct Rule {
  Kind kind;
  const char* level;
  const char* what;
};
constexpr std::array kRules = {
    Rule{Kind::disagreement, "error", "An oracle of the target does not hold"},
    Rule{Kind::sanitizer, "error", "A sanitizer has seen what the language forbids"},
    Rule{Kind::crash, "error", "A signal, an abort, or an exception that nobody caught"},
    Rule{Kind::leak, "warning", "Memory that nobody can free any more"},
    Rule{Kind::hang, "warning", "One input takes longer than it may"},
    Rule{Kind::out_of_memory, "warning", "One input takes more memory than it may"},
};

std::size_t rule_of(Kind kind) {
  return static_cast<std::size_t>(std::ranges::find(kRules, kind, &Rule::kind) - kRules.begin());
}

ordered_json rules() {
  auto out = ordered_json::array();
  for (const auto& rule : kRules) {
    out.push_back({{"id", to_string(rule.kind)},
                   {"shortDescription", {{"text", rule.what}}},
                   {"defaultConfiguration", {{"level", rule.level}}}});
  }
  return out;
}

// Text that a target printed may be no UTF-8; JSON must be.
std::string clean(std::string_view text) { return printable(text, 1024); }

// Cuts ":12" off the end; 0 where there is none.
std::size_t take_number(std::string_view& text) {
  const auto at = text.rfind(':');
  std::size_t out = 0;
  if (at == std::string_view::npos) {
    return 0;
  }
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + at + 1, end, out);
  if (read.ec != std::errc() || read.ptr != end) {
    return 0;
  }
  text = text.substr(0, at);
  return out;
}

// Of "file:line:column" or "file:line"; nothing where there is no line.
ordered_json location_of(std::string_view place) {
  auto column = take_number(place);
  auto line = take_number(place);
  if (line == 0) {
    std::swap(line, column);
  }
  if (line == 0 || place.empty()) {
    return ordered_json::array();
  }
  ordered_json file = {{"uri", uri_of(place)}};
  if (!place.starts_with('/')) {
    file["uriBaseId"] = "%SRCROOT%";  // as the compiler was called with
  }
  ordered_json region = {{"startLine", line}};
  if (column > 0) {
    region["startColumn"] = column;
  }
  return ordered_json::array(
      {{{"physicalLocation", {{"artifactLocation", file}, {"region", region}}}}});
}

// Where else was seen what counts as this defect.
ordered_json other_locations_of(const Defect& defect) {
  auto out = ordered_json::array();
  for (const auto& place : defect.places) {
    if (place == defect.place || defect.place.starts_with(place + ":")) {
      continue;
    }
    for (auto location : location_of(place)) {
      location["message"] = {{"text", "What counts as this defect was seen here too"}};
      out.push_back(std::move(location));
    }
  }
  return out;
}

ordered_json result_of(const Defect& defect) {
  const auto rule = rule_of(defect.state.kind);
  const auto input =
      fmt::format("{}/findings/{}/{}", defect.target, folder_name(defect), input_name(defect));
  ordered_json out;
  out["ruleId"] = to_string(defect.state.kind);
  out["ruleIndex"] = rule;
  out["level"] = kRules[rule].level;
  auto text = fmt::format("{}: {}", defect.target, clean(to_line(defect.state)));
  for (const auto& line : defect.said) {
    text += "\n" + clean(line);
  }
  out["message"] = {{"text", text}};
  out["locations"] = location_of(defect.place);
  if (auto others = other_locations_of(defect); !others.empty()) {
    out["relatedLocations"] = std::move(others);
  }
  out["partialFingerprints"] = {{"crashState/v1", digest_of(defect.state)}};
  out["attachments"] = ordered_json::array(
      {{{"description", {{"text", "The input that shows it"}}},
        {"artifactLocation", {{"uri", uri_of(input)}, {"uriBaseId", kReportFolder}}}}});
  out["properties"] = {{"target", defect.target},
                       {"reproduces", to_string(defect.reproduces)},
                       {"seen", defect.seen},
                       {"input", input},
                       {"run", json_of(defect.run)}};
  if (!defect.instead.empty()) {
    out["properties"]["instead"] = clean(defect.instead);
  }
  if (!defect.offer.replay.empty()) {
    out["properties"]["replay"] = printable(defect.offer.replay);
  }
  return out;
}

}  // namespace

std::string uri_of(std::string_view path) {
  std::string out = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    const auto octet = static_cast<unsigned char>(c);
    // RFC 3986 section 2.3, and what parts a path.
    const bool plain =
        octet < 0x80 &&
        (std::isalnum(octet) != 0 || std::string_view("-._~/").find(c) != std::string_view::npos);
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", octet);
  }
  return out;
}

std::string to_sarif(const std::vector<Defect>& defects, std::string_view version) {
  auto results = ordered_json::array();
  for (const auto& defect : defects) {
    if (is_finding(defect.state.kind)) {
      results.push_back(result_of(defect));
    }
  }
  ordered_json run;
  run["tool"]["driver"] = {{"name", "parley fuzz"}, {"version", version}, {"rules", rules()}};
  run["originalUriBaseIds"] = {
      {kReportFolder, {{"description", {{"text", "The folder of this file"}}}}}};
  run["results"] = std::move(results);
  ordered_json out;
  out["$schema"] =
      "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
  out["version"] = "2.1.0";
  out["runs"] = ordered_json::array({std::move(run)});
  return out.dump(2) + "\n";
}

}  // namespace parley::fuzz
