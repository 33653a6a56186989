// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/library.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "harness/base/text.h"
#include "harness/model/carry.h"
#include "harness/model/case_loader.h"
#include "harness/model/case_references.h"
#include "harness/model/flow_loader.h"
#include "harness/model/mirror.h"
#include "harness/model/profile_loader.h"
#include "harness/model/schema.h"

namespace parley::model {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::vector<fs::path> yaml_files(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".yaml") {
      out.push_back(entry.path());
    }
  }
  std::ranges::sort(out);
  return out;
}

// What the file says of its profile on a line of its own, as those in suites/ do.
std::string profile_line(std::string_view text) {
  constexpr std::string_view kKey = "\nprofile: ";
  const auto at = text.find(kKey);
  const auto rest = at == std::string_view::npos ? "" : text.substr(at + kKey.size());
  return std::string(rest.substr(0, rest.find('\n')));
}

// A file of the folder, read apart from all others.
struct Reading {
  fs::path file;
  const char* schema;
  std::string suite{};
  std::optional<Document> document{};
  Problems problems{};
};

Basis basis_of(const std::string& name) {
  if (name == "analogy") {
    return Basis::analogy;
  }
  if (name == "observed") {
    return Basis::observed;
  }
  return name == "advisory" ? Basis::advisory : Basis::normative;
}

class Loader {
 public:
  Loader(fs::path folder, Problems& problems) : problems_(problems) {
    library_.folder = std::move(folder);
  }

  Library load(const std::string& profile, const std::vector<std::string>& more) {
    std::error_code error;
    if (!fs::is_directory(library_.folder / "schema", error)) {
      problems_.push_back({.file = library_.folder.string(),
                           .message = "is not a suites folder (it has no schema/)",
                           .mend = "give the right one with --suites or PARLEY_SUITES"});
      return std::move(library_);
    }
    std::vector<Reading> profiles;
    for (const auto& file : yaml_files(library_.folder / "profiles")) {
      profiles.push_back({.file = file, .schema = "profile"});
    }
    profile_documents_ = documents_of(read(std::move(profiles)));
    library_.profiles = load_profiles(profile_documents_, problems_);
    wanted_ = library_.profiles.contains(profile) ? profile : "";
    auto files = files_of_suites();
    for (const auto& path : more) {
      const bool folder = fs::is_directory(path, error);
      for (const auto& file : folder ? yaml_files(path) : std::vector<fs::path>{path}) {
        files.push_back({.file = file, .schema = "case", .suite = kOwnSuite});
      }
    }
    auto suites = read(std::move(files));
    library_.flows = load_flows(documents_of(taken(suites, "flow")), library_.profiles, problems_);
    // Requirements of all suites come first: cases refer to them.
    for (const auto& one : taken(suites, "requirements")) {
      add_requirements(*one.document, one.suite);
    }
    for (const auto& one : taken(suites, "case")) {
      add_cases(*one.document, one.suite);
    }
    for (const auto& document : profile_documents_) {
      if (wanted_.empty() || string_at(document.root(), "profile") == wanted_) {
        inherit(document);
      }
    }
    std::ranges::sort(library_.cases, {}, &Case::id);
    return std::move(library_);
  }

 private:
  std::vector<Reading> files_of_suites() const {
    std::vector<fs::path> suites;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(library_.folder, error)) {
      const auto name = entry.path().filename();
      if (entry.is_directory() && name != "schema" && name != "profiles") {
        suites.push_back(entry.path());
      }
    }
    std::ranges::sort(suites);
    std::vector<Reading> out;
    for (const auto& suite : suites) {
      for (const auto& file : yaml_files(suite / "flows")) {
        out.push_back({.file = file, .schema = "flow"});
      }
      for (const auto& file : yaml_files(suite)) {
        const bool requirements = file.filename().string().starts_with("requirements");
        out.push_back({.file = file,
                       .schema = requirements ? "requirements" : "case",
                       .suite = suite.filename().string()});
      }
    }
    return out;
  }

  // False for what another profile has; what says nothing that is known is read to be told why.
  bool wanted(std::string_view text) const {
    const auto says = profile_line(text);
    return wanted_.empty() || !library_.profiles.contains(says) ||
           library_.profiles.at(wanted_).is(says);
  }

  void read(Reading& one) const {
    const auto text = read_document(one.file, one.problems);
    if (!text || !wanted(*text)) {
      return;
    }
    one.document = parse_document(one.file.string(), *text, one.problems);
    if (one.document) {
      check_schema(*one.document, library_.folder / "schema" / (std::string(one.schema) + ".json"),
                   one.problems);
    }
  }

  // What is wrong with them is known in the files' order. A file with problems has no document.
  std::vector<Reading> read(std::vector<Reading> files) {
    {
      std::atomic<std::size_t> next = 0;
      std::vector<std::jthread> readers;
      for (auto i = std::max(1U, std::thread::hardware_concurrency()); i > 0; --i) {
        readers.emplace_back([&] {
          for (auto at = next++; at < files.size(); at = next++) {
            read(files[at]);
          }
        });
      }
    }
    for (auto& one : files) {
      if (!one.problems.empty()) {
        one.document.reset();
        unread_.insert(one.file.stem().string());
        std::ranges::move(one.problems, std::back_inserter(problems_));
      }
    }
    return files;
  }

  static std::vector<Reading> taken(std::vector<Reading>& files, std::string_view schema) {
    std::vector<Reading> out;
    for (auto& one : files) {
      if (one.document && one.schema == schema) {
        out.push_back(std::move(one));
      }
    }
    return out;
  }

  static std::vector<Document> documents_of(std::vector<Reading> files) {
    std::vector<Document> out;
    for (auto& one : files) {
      if (one.document) {
        out.push_back(std::move(*one.document));
      }
    }
    return out;
  }

  // The cases of the profiles that this one extends are its own too, as ID@PROFILE.
  void inherit(const Document& document) {
    const auto profile = library_.profiles.find(string_at(document.root(), "profile"));
    if (profile == library_.profiles.end()) {
      return;
    }
    std::set<std::string> used;
    std::vector<Case> inherited;
    for (const auto& one : library_.cases) {
      const auto& [name, of] = *profile;
      if (!one.inherits.empty() || one.profile == name || !of.is(one.profile)) {
        continue;
      }
      const auto pattern = std::ranges::find_if(
          of.excludes, [&](const std::string& glob) { return glob_match(glob, one.id); });
      if (pattern != of.excludes.end()) {
        used.insert(*pattern);
        continue;
      }
      inherited.push_back(one);
      inherited.back().inherits = one.id;
      inherited.back().id += "@" + name;
      inherited.back().profile = name;
    }
    for (std::size_t i = 0; i < profile->second.excludes.size(); ++i) {
      if (const auto& glob = profile->second.excludes[i]; !used.contains(glob)) {
        problems_.push_back(document.problem(fmt::format("/excludes/{}", i),
                                             unknown_name("case", glob, library_.case_ids()),
                                             "name cases of the profiles that this one extends"));
      }
    }
    std::ranges::move(inherited, std::back_inserter(library_.cases));
  }

  void add_requirements(const Document& document, const std::string& suite) {
    const auto& list = document.root()["requirements"];
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto& value = list[i];
      Requirement requirement{.id = string_at(value, "id"),
                              .suite = suite,
                              .profile = string_at(document.root(), "profile"),
                              .basis = basis_of(string_at(value, "basis")),
                              .binds = {},
                              .text = string_at(value, "text"),
                              .source = string_at(value, "source"),
                              .monitor = string_at(value, "monitor"),
                              .not_tested = string_at(value, "not-tested-because")};
      for (const auto& name : strings_at(value, "binds")) {
        if (const auto party = party_from(name)) {
          requirement.binds.push_back(*party);
        }
      }
      const auto id = requirement.id;
      if (!library_.requirements.emplace(id, std::move(requirement)).second) {
        problems_.push_back(document.problem(fmt::format("/requirements/{}/id", i),
                                             fmt::format("the id {} stands twice", id),
                                             "ids are never reused"));
      }
    }
  }

  void add_cases(const Document& document, const std::string& suite) {
    for (auto& one : cases_of(document, suite, problems_)) {
      check_references(one, document, library_, unread_, problems_);
      if (!ids_.insert(one.id).second) {
        problems_.push_back(document.problem("", fmt::format("the case id {} stands twice", one.id),
                                             "ids are never reused"));
      }
      if (one.mirror) {
        add_mirror(one);
      }
      library_.cases.push_back(std::move(one));
    }
  }

  // What is wrong with it has been said of `one`.
  void add_mirror(const Case& one) {
    for (const auto& [name, profile] : library_.profiles) {
      if (profile.is(one.profile)) {
        add_mirror(one.flow, *one.mirror, profile);
        add_mirror(profile.probe, *one.mirror, profile);
      }
    }
    if (const auto at = library_.profiles.find(one.profile); at != library_.profiles.end()) {
      library_.cases.push_back(mirrored(one, at->second));
    }
  }

  void add_mirror(const std::string& flow, Party party, const Profile& profile) {
    const auto key = mirror_name(profile.name + "/" + flow, party);
    const auto at = library_.flows.find(profile.name + "/" + flow);
    if (at != library_.flows.end() && !library_.flows.contains(key)) {
      library_.flows.emplace(key, mirrored(at->second, party, profile));
    }
  }

  Library library_;
  Problems& problems_;
  std::vector<Document> profile_documents_;
  std::set<std::string> ids_;
  std::set<std::string> unread_;  // files with problems
  std::string wanted_;            // the profile; empty: all
};

}  // namespace

Library load_library(const fs::path& folder, Problems& problems, const std::string& profile,
                     const std::vector<std::string>& more) {
  auto out = Loader(folder, problems).load(profile, more);
  for (const auto& [name, unused] : out.profiles) {
    carry_as_stanzas(out, name);
  }
  return out;
}

}  // namespace parley::model
