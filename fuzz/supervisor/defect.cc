// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/defect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "harness/base/text.h"

namespace parley::fuzz {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::size_t kMaxFileOctets = 4 * 1024 * 1024;
constexpr std::array kReproduces = {std::pair{Reproduces::yes, "yes"},
                                    std::pair{Reproduces::no, "no"},
                                    std::pair{Reproduces::not_tried, "not-tried"}};

Result<void> write(const fs::path& path, std::string_view octets) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(octets.data(), static_cast<std::streamsize>(octets.size()));
  file.flush();
  if (!file) {
    return fail(Errc::io, fmt::format("'{}' cannot be written", path.string()));
  }
  return {};
}

std::optional<Bytes> read(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error || size > kMaxFileOctets) {
    return std::nullopt;
  }
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

// Text that a target printed may be no UTF-8; JSON must be.
std::string clean(std::string_view text) { return printable(text, 1024); }

ordered_json json_of(const Defect& defect) {
  ordered_json out;
  out["target"] = defect.target;
  out["kind"] = to_string(defect.state.kind);
  out["what"] = clean(defect.state.what);
  out["frames"] = ordered_json::array();
  for (const auto& frame : defect.state.frames) {
    out["frames"].push_back(clean(frame));
  }
  out["recursive"] = defect.state.recursive;
  out["place"] = clean(defect.place);
  out["digest"] = digest_of(defect.state);
  out["reproduces"] = to_string(defect.reproduces);
  out["seen"] = defect.seen;
  out["executions"] = defect.executions;
  out["after_ms"] = defect.after.count();
  out["input_octets"] = defect.input.size();
  out["minimised_octets"] = defect.minimised ? ordered_json(defect.minimised->size()) : nullptr;
  out["mutator_seed"] = defect.mutator_seed;
  return out;
}

// Values of a kind that is not there count as absent.
template <class T>
T value_of(const ordered_json& object, const char* member, T otherwise) {
  const auto found = object.find(member);
  if (found == object.end()) {
    return otherwise;
  }
  if constexpr (std::is_same_v<T, std::string>) {
    return found->is_string() ? found->template get<std::string>() : otherwise;
  } else if constexpr (std::is_same_v<T, bool>) {
    return found->is_boolean() ? found->template get<bool>() : otherwise;
  } else {
    return found->is_number_unsigned() ? found->template get<T>() : otherwise;
  }
}

std::optional<Defect> defect_of(const fs::path& folder) {
  const auto text = read(folder / "finding.json");
  const auto input = read(folder / "input");
  if (!text || !input) {
    return std::nullopt;
  }
  const auto object = ordered_json::parse(*text, nullptr, false);
  const auto kind =
      object.is_object() ? kind_of(value_of<std::string>(object, "kind", "")) : std::nullopt;
  if (!kind) {
    return std::nullopt;
  }
  Defect out;
  out.target = value_of<std::string>(object, "target", "");
  out.state = {.kind = *kind,
               .what = value_of<std::string>(object, "what", ""),
               .frames = {},
               .recursive = value_of(object, "recursive", false)};
  if (const auto frames = object.find("frames"); frames != object.end() && frames->is_array()) {
    for (const auto& frame : *frames) {
      out.state.frames.push_back(frame.is_string() ? frame.get<std::string>() : "");
    }
  }
  out.place = value_of<std::string>(object, "place", "");
  for (const auto& [value, name] : kReproduces) {
    out.reproduces =
        value_of<std::string>(object, "reproduces", "") == name ? value : out.reproduces;
  }
  out.seen = value_of<std::uint64_t>(object, "seen", 1);
  out.executions = value_of<std::uint64_t>(object, "executions", 0);
  out.after = std::chrono::milliseconds(value_of<std::uint64_t>(object, "after_ms", 0));
  out.mutator_seed = value_of<std::uint64_t>(object, "mutator_seed", 0);
  out.input = *input;
  out.minimised = read(folder / "minimised");
  out.report = read(folder / "report.txt").value_or("");
  return out;
}

std::string_view level_of(Kind kind) {
  return kind == Kind::leak || kind == Kind::hang || kind == Kind::out_of_memory ? "warning"
                                                                                 : "error";
}

std::size_t number(std::string_view text) {
  std::size_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

// "file:line:column" as SARIF has it; nothing where there is no line.
ordered_json location_of(const std::string& place) {
  const auto parts = split(place, ':');
  if (parts.size() < 2 || number(parts[1]) == 0) {
    return ordered_json::array();
  }
  ordered_json region = {{"startLine", number(parts[1])}};
  if (parts.size() > 2 && number(parts[2]) > 0) {
    region["startColumn"] = number(parts[2]);
  }
  return ordered_json::array(
      {{{"physicalLocation",
         {{"artifactLocation", {{"uri", clean(parts[0])}}}, {"region", region}}}}});
}

ordered_json result_of(const Defect& defect) {
  ordered_json out;
  out["ruleId"] = to_string(defect.state.kind);
  out["level"] = level_of(defect.state.kind);
  out["message"] = {{"text", fmt::format("{}: {}", defect.target, clean(to_line(defect.state)))}};
  out["locations"] = location_of(defect.place);
  out["partialFingerprints"] = {{"crashState/v1", digest_of(defect.state)}};
  out["properties"] = {
      {"reproduces", to_string(defect.reproduces)},
      {"seen", defect.seen},
      {"input", folder_name(defect) + (defect.minimised ? "/minimised" : "/input")}};
  return out;
}

}  // namespace

std::string_view to_string(Reproduces reproduces) {
  return std::ranges::find(kReproduces, reproduces, &decltype(kReproduces)::value_type::first)
      ->second;
}

std::string folder_name(const Defect& defect) {
  return fmt::format("{}-{}", to_string(defect.state.kind), digest_of(defect.state));
}

Result<void> save(const Defect& defect, const std::string& findings) {
  const auto folder = fs::path(findings) / folder_name(defect);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return fail(Errc::io, fmt::format("'{}': {}", folder.string(), error.message()));
  }
  // The input first: it is what a full disk must not take.
  auto written = write(folder / "input", defect.input);
  if (written && defect.minimised) {
    written = write(folder / "minimised", *defect.minimised);
  }
  if (written) {
    written = write(folder / "report.txt", defect.report);
  }
  return written ? write(folder / "finding.json", json_of(defect).dump(2) + "\n") : written;
}

Result<void> save_another(const Defect& defect, std::string_view input,
                          const std::string& findings) {
  return write(fs::path(findings) / folder_name(defect) / fmt::format("input-{}", defect.seen),
               input);
}

std::vector<Defect> load_defects(const std::string& findings) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator at(findings, error), end; !error && at != end; at.increment(error)) {
    folders.push_back(at->path());
  }
  std::ranges::sort(folders);
  std::vector<Defect> out;
  for (const auto& folder : folders) {
    if (auto defect = defect_of(folder)) {
      out.push_back(std::move(*defect));
    }
  }
  return out;
}

std::string to_json(const std::vector<Defect>& defects) {
  auto out = ordered_json::array();
  for (const auto& defect : defects) {
    out.push_back(json_of(defect));
  }
  return out.dump(2) + "\n";
}

std::string to_sarif(const std::vector<Defect>& defects, std::string_view version) {
  auto results = ordered_json::array();
  for (const auto& defect : defects) {
    if (is_finding(defect.state.kind)) {
      results.push_back(result_of(defect));
    }
  }
  ordered_json run;
  run["tool"]["driver"] = {{"name", "parley fuzz"}, {"version", version}};
  run["results"] = std::move(results);
  ordered_json out;
  out["$schema"] =
      "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
  out["version"] = "2.1.0";
  out["runs"] = ordered_json::array({std::move(run)});
  return out.dump(2) + "\n";
}

}  // namespace parley::fuzz
