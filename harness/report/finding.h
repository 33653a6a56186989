// SPDX-License-Identifier: GPL-3.0-or-later
// What the writers share: the case and the requirement behind a result, and its labelled lines.
// Source: design section 7. Pure functions: safe from any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "harness/engine/result.h"
#include "harness/model/library.h"

namespace parley::report {

inline constexpr std::size_t kLineOctets = 400;     // of one line of a finding on a terminal
inline constexpr std::size_t kFileOctets = 16'384;  // of one text in a JSON or XML report

// The columns of every report, in their order.
inline constexpr std::array<model::VerdictKind, 6> kVerdictKinds{
    model::VerdictKind::pass,           model::VerdictKind::fail,  model::VerdictKind::inconclusive,
    model::VerdictKind::not_applicable, model::VerdictKind::flaky, model::VerdictKind::error};

// Null where the library does not know the case any more (the report of an older run). Points into
// the library.
struct Subject {
  const model::Case* one = nullptr;
  const model::Requirement* requirement = nullptr;
  std::vector<std::string> assumed{};  // settings that the case rests on and nobody published
};
Subject subject_of(const engine::CaseResult& result, const model::Library& library);

// The case's suite; the id's first part when the library does not know the case.
std::string suite_of(const engine::CaseResult& result, const model::Library& library);

// "stanza/forged-from", with "#1" behind it for the second repetition.
std::string name_of(const engine::CaseResult& result);

// "XST-011 (violation) <text> [<source>]"; the level is the verdict's, else the basis', and before
// it stands "under assumed profile: " where there are `assumed` settings, whose names end the line.
std::string requirement_line(const model::Requirement& requirement, const model::Verdict& verdict,
                             const std::vector<std::string>& assumed = {});
// "under assumed profile: ", or nothing.
std::string_view level_prefix(const std::vector<std::string>& assumed);

// "sut"; of several SUTs with the party behind it, "sut third-party.client".
std::string blame_of(const model::Verdict& verdict);

// The lines `sent`, `expected`, `came`, `difference`: each printable, cut at `max_octets`, "-" if
// there is nothing to say. A monitor's finding has its monitor in front of the difference.
struct Line {
  std::string_view label;
  std::string text;
};
std::vector<Line> exchange_lines(const model::Verdict& verdict, std::size_t max_octets);

}  // namespace parley::report
