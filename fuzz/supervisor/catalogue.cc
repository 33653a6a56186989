// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/catalogue.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

namespace parley::fuzz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxCatalogueOctets = 1024 * 1024;

// One member that is a text; null counts as absent.
Result<std::string> text_of(const json& object, const char* member, std::size_t number) {
  const auto found = object.find(member);
  if (found == object.end() || found->is_null()) {
    return std::string();
  }
  if (!found->is_string()) {
    return fail(Errc::malformed, fmt::format("target {}: '{}' is no text", number, member));
  }
  return found->get<std::string>();
}

Result<Target> target_of(const json& object, std::size_t number) {
  if (!object.is_object()) {
    return fail(Errc::malformed, fmt::format("target {} is no object", number));
  }
  Target out;
  for (const auto& [member, place] : {std::pair{"name", &out.name},
                                      {"program", &out.program},
                                      {"replay", &out.replay},
                                      {"corpus", &out.corpus},
                                      {"dictionary", &out.dictionary},
                                      {"mutator", &out.mutator},
                                      {"oracle", &out.oracle}}) {
    auto text = text_of(object, member, number);
    if (!text) {
      return std::unexpected(text.error());
    }
    *place = std::move(*text);
  }
  for (const auto& [member, text] :
       {std::pair{"name", &out.name}, {"program", &out.program}, {"corpus", &out.corpus}}) {
    if (text->empty()) {
      return fail(Errc::malformed, fmt::format("target {} has no '{}'", number, member));
    }
  }
  const auto edges = object.find("edges");
  if (edges != object.end() && !edges->is_null()) {
    if (!edges->is_number_unsigned()) {
      return fail(Errc::malformed, fmt::format("target {}: 'edges' is no count", number));
    }
    out.edges = edges->get<std::size_t>();
  }
  const auto dependencies = object.find("dependencies");
  if (dependencies != object.end() && dependencies->is_array()) {
    for (const auto& one : *dependencies) {
      if (one.is_string()) {
        out.dependencies.push_back(one.get<std::string>());
      }
    }
  }
  return out;
}

std::size_t files_below(const fs::path& folder) {
  std::size_t count = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;  // a file that vanished is none
    count += at->is_regular_file(ignored) ? 1 : 0;
  }
  return count;
}

}  // namespace

Result<std::vector<Target>> read_catalogue(std::string_view text) {
  const auto document = json::parse(text, nullptr, false);
  if (!document.is_array()) {
    return fail(Errc::malformed, "it is no JSON array of targets");
  }
  std::vector<Target> out;
  for (const auto& object : document) {
    auto target = target_of(object, out.size() + 1);
    if (!target) {
      return std::unexpected(target.error());
    }
    out.push_back(std::move(*target));
  }
  return out;
}

Result<std::vector<Target>> load_catalogue(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) {
    return fail(Errc::not_found, fmt::format("'{}': {}", path, error.message()));
  }
  if (size > kMaxCatalogueOctets) {
    return fail(Errc::too_large, fmt::format("'{}' has {} octets, at most {} are read", path, size,
                                             kMaxCatalogueOctets));
  }
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  auto targets = read_catalogue(text);
  if (!targets) {
    return fail(targets.error().code, fmt::format("'{}': {}", path, targets.error().detail));
  }
  return targets;
}

CorpusSize corpus_size(const Target& target) {
  return {.seeds = files_below(fs::path(target.corpus) / "seeds"),
          .regressions = files_below(fs::path(target.corpus) / "regressions")};
}

std::vector<std::string> corpus_folders(const Target& target) {
  std::vector<std::string> out;
  for (const auto* name : {"seeds", "regressions"}) {
    const auto folder = fs::path(target.corpus) / name;
    std::error_code error;
    if (fs::is_directory(folder, error)) {
      out.push_back(folder.string());
    }
  }
  return out;
}

}  // namespace parley::fuzz
