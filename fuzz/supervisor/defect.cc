// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/defect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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
  out["said"] = ordered_json::array();
  for (const auto& line : defect.said) {
    out["said"].push_back(clean(line));
  }
  out["place"] = clean(defect.place);
  out["places"] = ordered_json::array();
  for (const auto& place : defect.places) {
    out["places"].push_back(clean(place));
  }
  out["digest"] = digest_of(defect.state);
  out["reproduces"] = to_string(defect.reproduces);
  out["instead"] = clean(defect.instead);
  out["seen"] = defect.seen;
  out["executions"] = defect.executions;
  out["after_ms"] = defect.after.count();
  out["input_octets"] = defect.input.size();
  out["minimised_octets"] = defect.minimised ? ordered_json(defect.minimised->size()) : nullptr;
  out["mutator_seed"] = defect.mutator_seed;
  out["run"] = fuzz::json_of(defect.run);
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

std::vector<std::string> texts_of(const ordered_json& object, const char* member) {
  std::vector<std::string> out;
  if (const auto found = object.find(member); found != object.end() && found->is_array()) {
    for (const auto& text : *found) {
      out.push_back(text.is_string() ? text.get<std::string>() : "");
    }
  }
  return out;
}

RunOptions options_of(const ordered_json& object) {
  RunOptions out;
  const auto found = object.find("run");
  if (found == object.end() || !found->is_object()) {
    return out;
  }
  out.targets = value_of<std::string>(*found, "targets", "");
  out.seed = value_of<std::uint64_t>(*found, "seed", 0);
  out.leaks = value_of(*found, "leaks", false) ? Leaks::reported : Leaks::ignored;
  out.input = std::chrono::seconds(value_of<std::uint64_t>(
      *found, "input_seconds", static_cast<std::uint64_t>(out.input.count())));
  out.memory_mib = value_of<std::uint64_t>(*found, "memory_mib", out.memory_mib);
  out.max_input_octets = value_of<std::uint64_t>(*found, "max_octets", 0);
  out.version = value_of<std::string>(*found, "version", "");
  return out;
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
  out.said = texts_of(object, "said");
  out.state = {.kind = *kind,
               .what = value_of<std::string>(object, "what", ""),
               .frames = texts_of(object, "frames"),
               .recursive = value_of(object, "recursive", false)};
  out.place = value_of<std::string>(object, "place", "");
  for (const auto& place : texts_of(object, "places")) {
    note_place(out, place);
  }
  for (const auto& [value, name] : kReproduces) {
    out.reproduces =
        value_of<std::string>(object, "reproduces", "") == name ? value : out.reproduces;
  }
  out.instead = value_of<std::string>(object, "instead", "");
  out.seen = value_of<std::uint64_t>(object, "seen", 1);
  out.executions = value_of<std::uint64_t>(object, "executions", 0);
  out.after = std::chrono::milliseconds(value_of<std::uint64_t>(object, "after_ms", 0));
  out.mutator_seed = value_of<std::uint64_t>(object, "mutator_seed", 0);
  out.run = options_of(object);
  out.input = *input;
  out.minimised = read(folder / "minimised");
  out.report = read(folder / "report.txt").value_or("");
  out.report_as_found = read(folder / "report-as-found.txt").value_or("");
  return out;
}

}  // namespace

std::string_view to_string(Reproduces reproduces) {
  return std::ranges::find(kReproduces, reproduces, &decltype(kReproduces)::value_type::first)
      ->second;
}

bool note_place(Defect& defect, std::string_view place) {
  // "file:line:column": what stands between the last two colons is a line.
  const auto column = std::min(place.rfind(':'), place.size());
  const auto file_and_line = place.substr(0, column);
  const auto line = file_and_line.substr(file_and_line.rfind(':') + 1);
  if (line.size() < file_and_line.size() && !line.empty() &&
      line.find_first_not_of("0123456789") == std::string_view::npos) {
    place = file_and_line;
  }
  if (place.empty() || defect.places.size() == kMaxPlaces ||
      std::ranges::count(defect.places, place) > 0) {
    return false;
  }
  defect.places.emplace_back(place);
  return true;
}

std::string folder_name(const Defect& defect) {
  return fmt::format("{}-{}", to_string(defect.state.kind), digest_of(defect.state));
}

std::string input_name(const Defect& defect) { return defect.minimised ? "minimised" : "input"; }

ordered_json json_of(const RunOptions& options) {
  return {{"targets", clean(options.targets)},
          {"seed", options.seed},
          {"leaks", options.leaks == Leaks::reported},
          {"input_seconds", options.input.count()},
          {"memory_mib", options.memory_mib},
          {"max_octets", options.max_input_octets},
          {"version", options.version}};
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
  if (written && !defect.report_as_found.empty()) {
    written = write(folder / "report-as-found.txt", defect.report_as_found);
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
    auto object = json_of(defect);
    if (!defect.offer.input.empty()) {
      object["input"] = printable(defect.offer.input);
      object["replay"] = printable(defect.offer.replay);
    }
    out.push_back(std::move(object));
  }
  return out.dump(2) + "\n";
}

}  // namespace parley::fuzz
