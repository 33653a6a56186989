// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/content_security_policy.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace parley::wire {
namespace {

constexpr std::string_view kSpace = " \t\n\f\r";

std::string in_lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// The parts between any of `separators`, without those that are empty.
std::vector<std::string_view> parts_of(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) {
      out.push_back(text.substr(0, end));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

using Values = std::vector<std::string>;
// By name; of several of one name the first counts.
using Directives = std::map<std::string, Values, std::less<>>;

Directives directives_of(std::string_view policy) {
  Directives out;
  for (const auto directive : parts_of(policy, ";")) {
    Values words;
    for (const auto word : parts_of(directive, kSpace)) {
      words.push_back(in_lower_case(word));
    }
    if (!words.empty()) {
      out.try_emplace(words.front(), words.begin() + 1, words.end());
    }
  }
  return out;
}

// The first of these directives that there is.
const Values* first_of(const Directives& directives,
                       std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    if (const auto found = directives.find(name); found != directives.end()) {
      return &found->second;
    }
  }
  return nullptr;
}

// 'none' counts where it stands alone.
bool names_no_source(const Values* sources) {
  return sources != nullptr &&
         (sources->empty() || (sources->size() == 1 && sources->front() == "'none'"));
}

bool forbids_scripts(const Directives& directives) {
  const auto sandbox = directives.find("sandbox");
  const bool sandboxed =
      sandbox != directives.end() && std::ranges::count(sandbox->second, "allow-scripts") == 0;
  return sandboxed ||
         (names_no_source(first_of(directives, {"script-src-elem", "script-src", "default-src"})) &&
          names_no_source(first_of(directives, {"script-src-attr", "script-src", "default-src"})));
}

}  // namespace

bool lets_no_script_run(std::string_view policies) {
  return std::ranges::any_of(parts_of(policies, ","), [](std::string_view policy) {
    return forbids_scripts(directives_of(policy));
  });
}

}  // namespace parley::wire
