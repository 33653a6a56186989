// SPDX-License-Identifier: GPL-3.0-or-later
// For tests: the suites that the project ships, which take seconds to load under sanitizers.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/model/flow_loader.h"
#include "harness/model/library.h"
#include "harness/model/schema.h"

namespace parley::model {

struct ShippedSuites {
  Problems problems;
  Library library;  // of all profiles
};

// Loaded once a program, by who asks first.
inline const ShippedSuites& shipped_suites() {
  static const auto loaded = [] {
    ShippedSuites out;
    out.library = load_library(PARLEY_SOURCE_DIR "/suites", out.problems);
    return out;
  }();
  return loaded;
}

// Their profiles and requirements with these flows alone and no cases. `probe` is the flow by which
// it is asked of `profile` whether a SUT is there.
inline Library shipped_with(const std::vector<std::string>& flows, const std::string& profile,
                            const std::string& probe) {
  const auto& shipped = shipped_suites().library;
  Library out{.folder = shipped.folder,
              .requirements = shipped.requirements,
              .profiles = shipped.profiles,
              .flows = {},
              .cases = {}};
  Problems problems;
  std::vector<Document> documents;
  for (const auto& text : flows) {
    if (auto document = parse_document("flow.yaml", text, problems)) {
      check_schema(*document, out.folder / "schema/flow.json", problems);
      documents.push_back(std::move(*document));
    }
  }
  out.flows = load_flows(documents, out.profiles, problems);
  out.profiles.at(profile).probe = probe;
  EXPECT_TRUE(problems.empty()) << to_string(problems.front());
  return out;
}

}  // namespace parley::model
