// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/report/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/text.h"
#include "harness/engine/cast.h"
#include "harness/report/finding.h"
#include "harness/report/mask.h"

namespace parley::report {
namespace {

using engine::CaseResult;
using engine::Event;
using model::VerdictKind;

constexpr std::size_t kNameOctets = 60;  // of a link's, step's or run's name from a transcript
constexpr std::size_t kReasonOctets = 200;
constexpr std::size_t kListedPerRequirement = 20;
constexpr std::size_t kTimeColumns = 13;  // of an event: "     0.012 ms"

enum class Tone { bold, dim, red, green, yellow };

std::string_view sgr(Tone tone) {
  switch (tone) {
    case Tone::bold:
      return "\x1b[1m";
    case Tone::dim:
      return "\x1b[2m";
    case Tone::red:
      return "\x1b[31m";
    case Tone::green:
      return "\x1b[32m";
    case Tone::yellow:
      return "\x1b[33m";
  }
  return {};
}

std::string paint(std::string_view text, Tone tone, Colour colour) {
  return colour == Colour::off || text.empty() ? std::string(text)
                                               : fmt::format("{}{}\x1b[0m", sgr(tone), text);
}

Tone tone_of(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::pass:
      return Tone::green;
    case VerdictKind::fail:
    case VerdictKind::error:
      return Tone::red;
    case VerdictKind::inconclusive:
    case VerdictKind::flaky:
      return Tone::yellow;
    case VerdictKind::not_applicable:
      return Tone::dim;
  }
  return Tone::dim;
}

// Columns that one character takes at most: 2 where a terminal may draw it wide.
std::size_t columns_of(char32_t c) { return c < 0x1100 || (c >= 0x2000 && c < 0x2300) ? 1 : 2; }

// `text` must be printable().
std::string cut_to_columns(std::string_view text, std::size_t width) {
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    char32_t c = 0;
    const auto length = utf8_sequence(text, at, c);
    if (length == 0 || used + columns_of(c) > width) {
      break;
    }
    used += columns_of(c);
    at += length;
  }
  return std::string(text.substr(0, at));
}

std::size_t columns_of(std::string_view text) {
  std::size_t out = 0;
  for (std::size_t at = 0; at < text.size();) {
    char32_t c = 0;
    const auto length = utf8_sequence(text, at, c);
    out += length == 0 ? 1 : columns_of(c);
    at += length == 0 ? 1 : length;
  }
  return out;
}

std::string arrow_of(Event::Kind kind) {
  return kind == Event::Kind::sent ? "→" : kind == Event::Kind::received ? "←" : "·";
}

// One for each direction of each link.
using Masks = std::map<std::pair<std::string, Event::Kind>, Mask>;

std::string hex_of(std::string_view octets, Octets extent) {
  const bool whole = extent == Octets::full || octets.size() <= kLadderHexOctets;
  return whole ? fmt::format("{} ({} octets)", to_hex(octets), octets.size())
               : fmt::format("{}… ({} octets)", to_hex(octets.substr(0, kLadderHexOctets)),
                             octets.size());
}

std::string words_of(const Event& event, Octets extent, bool binary, Masks& masks) {
  const auto max_octets = extent == Octets::full ? SIZE_MAX : kLadderOctets;
  if (event.kind == Event::Kind::sent || event.kind == Event::Kind::received) {
    if (event.spooled > 0) {
      return fmt::format("({} octets more)", event.spooled);
    }
    if (!engine::service_of(event.link).empty()) {  // HTTP can be read, whatever the profile's form
      const auto body = event.text.empty() ? "" : fmt::format(" (then {})", event.text);
      return printable(masked(event.octets), max_octets) + body;
    }
    return binary ? hex_of(event.octets, extent)
                  : printable(masks[{event.link, event.kind}].hide(event.octets), max_octets);
  }
  std::string out(engine::to_string(event.kind));
  if (!event.text.empty()) {
    out += " " + printable(event.text, max_octets);
  }
  if (!event.data.is_null()) {
    const auto data =
        without_password(event.data).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out += " " + printable(masked(data), max_octets);
  }
  return out;
}

std::vector<std::string> lines_beneath(const Reading& reading, std::size_t run, std::size_t event) {
  if (run >= reading.runs.size()) {
    return {};
  }
  const auto at = reading.runs[run].find(event);
  return at == reading.runs[run].end() ? std::vector<std::string>() : at->second;
}

std::string ladder_line(const Event& event, std::size_t link_width, const std::string& words,
                        Colour colour) {
  const auto link = printable(event.link, kNameOctets);
  const auto time = fmt::format("{:>10.3f} ms", static_cast<double>(event.at_us) / 1000.0);
  const auto step = event.step.empty() ? "" : printable(event.step, kNameOctets) + ": ";
  return fmt::format("{}  {:<{}} {} {}{}\n", paint(time, Tone::dim, colour), link, link_width,
                     arrow_of(event.kind), paint(step, Tone::bold, colour), words);
}

using Counts = std::map<VerdictKind, std::size_t>;

std::string table_row(const std::string& name, const Counts& counts, std::size_t name_width) {
  auto out = fmt::format("{:<{}}", name, name_width);
  std::size_t total = 0;
  for (const auto kind : kVerdictKinds) {
    const auto at = counts.find(kind);
    const auto count = at == counts.end() ? 0 : at->second;
    out += fmt::format("  {:>{}}", count == 0 ? "-" : std::to_string(count),
                       std::max<std::size_t>(model::to_string(kind).size(), 5));
    total += count;
  }
  return out + fmt::format("  {:>6}\n", total);
}

std::string table(const engine::RunSummary& run, const model::Library& library, Colour colour) {
  std::map<std::string, Counts> suites;
  std::size_t name_width = 5;
  for (const auto& result : run.results) {
    const auto suite = printable(suite_of(result, library), kNameOctets);
    name_width = std::max(name_width, suite.size());
    ++suites[suite][result.verdict.kind];
  }
  auto head = fmt::format("{:<{}}", "suite", name_width);
  for (const auto kind : kVerdictKinds) {
    head += fmt::format("  {:>5}", model::to_string(kind));
  }
  auto out = paint(head + "   total", Tone::bold, colour) + "\n";
  for (const auto& [suite, counts] : suites) {
    out += table_row(suite, counts, name_width);
  }
  return out + table_row("total", engine::totals(run), name_width);
}

// Results of `kinds` by requirement; those without one come first, under an empty key.
std::map<std::string, std::vector<const CaseResult*>> by_requirement(
    const engine::RunSummary& run, const model::Library& library,
    std::initializer_list<VerdictKind> kinds) {
  std::map<std::string, std::vector<const CaseResult*>> out;
  for (const auto& result : run.results) {
    if (std::ranges::find(kinds, result.verdict.kind) != kinds.end()) {
      const auto subject = subject_of(result, library);
      out[subject.requirement != nullptr ? subject.requirement->id : ""].push_back(&result);
    }
  }
  return out;
}

std::string finding_list(const std::vector<const CaseResult*>& results, Colour colour) {
  std::string out;
  for (std::size_t i = 0; i < std::min(results.size(), kListedPerRequirement); ++i) {
    const auto& verdict = results[i]->verdict;
    out += fmt::format("    {} ({})  {}  {}\n",
                       paint(model::to_string(verdict.kind), tone_of(verdict.kind), colour),
                       blame_of(verdict), name_of(*results[i]),
                       printable(masked(verdict.reason), kReasonOctets));
  }
  if (results.size() > kListedPerRequirement) {
    out += fmt::format("    and {} more\n", results.size() - kListedPerRequirement);
  }
  return out;
}

std::string findings(const engine::RunSummary& run, const model::Library& library,
                     std::initializer_list<VerdictKind> kinds, std::string_view title,
                     Colour colour) {
  const auto groups = by_requirement(run, library, kinds);
  if (groups.empty()) {
    return "";
  }
  auto out = "\n" + paint(title, Tone::bold, colour) + "\n";
  for (const auto& [id, results] : groups) {
    const auto at = library.requirements.find(id);
    out += fmt::format("  {}\n", at == library.requirements.end()
                                     ? "of no known requirement"
                                     : requirement_line(at->second, model::Verdict{}));
    out += finding_list(results, colour);
  }
  return out;
}

// The reasons of the verdicts not-applicable, those of most cases first.
std::string not_applicable(const engine::RunSummary& run, Colour colour) {
  std::map<std::string, std::size_t> counts;
  std::size_t total = 0;
  for (const auto& result : run.results) {
    if (result.verdict.kind == VerdictKind::not_applicable) {
      ++counts[printable(masked(result.verdict.reason), kReasonOctets)];
      ++total;
    }
  }
  if (total == 0) {
    return "";
  }
  std::vector<std::pair<std::string, std::size_t>> rows(counts.begin(), counts.end());
  std::ranges::sort(rows, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  auto out = "\n" + paint(fmt::format("not applicable: {}", total), Tone::bold, colour) + "\n";
  for (const auto& [reason, count] : rows) {
    out += fmt::format("  {:>5}  {}\n", count, reason);
  }
  return out;
}

// Of the findings: which settings they rest on that nobody published.
std::string assumptions(const engine::RunSummary& run, const model::Library& library) {
  std::map<std::string, std::size_t> counts;
  std::size_t total = 0;
  for (const auto& result : run.results) {
    if (result.verdict.kind == VerdictKind::not_applicable) {
      continue;
    }
    const auto assumed = subject_of(result, library).assumed;
    total += assumed.empty() ? 0 : 1;
    for (const auto& name : assumed) {
      ++counts[name];
    }
  }
  std::vector<std::string> names;
  for (const auto& [name, count] : counts) {
    names.push_back(fmt::format("{} ({})", printable(name), count));
  }
  return total == 0 ? ""
                    : fmt::format("\nunder assumed profile: {} verdicts, which rest on {}\n", total,
                                  join(names, ", "));
}

double per_second(std::size_t count, std::chrono::milliseconds time) {
  return time.count() <= 0
             ? 0.0
             : static_cast<double>(count) * 1000.0 / static_cast<double>(time.count());
}

// "4 s", "3 min 20 s", "2 h 5 min".
std::string duration_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::clamp(seconds + 0.5, 0.0, 3.6e9));
  if (whole < 60) {
    return fmt::format("{} s", whole);
  }
  return whole < 3600 ? fmt::format("{} min {} s", whole / 60, whole % 60)
                      : fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace

std::string six_lines(const Subject& subject, const CaseResult& result,
                      const std::string& rerun_command, Colour colour) {
  const auto verdict = masked(result.verdict);
  const auto line = [&](std::string_view label, std::string_view text) {
    return fmt::format("  {}  {}\n", paint(fmt::format("{:<11}", label), Tone::dim, colour), text);
  };
  auto out =
      fmt::format("{} (blame: {})  {}  {}",
                  paint(model::to_string(verdict.kind), tone_of(verdict.kind), colour),
                  blame_of(verdict), name_of(result), printable(subject.one->title, kLineOctets));
  if (!verdict.reason.empty()) {
    out += ": " + printable(verdict.reason, kLineOctets);
  }
  out +=
      "\n" + line("requirement", requirement_line(*subject.requirement, verdict, subject.assumed));
  for (const auto& [label, text] : exchange_lines(verdict, kLineOctets)) {
    out += line(label, text);
  }
  return out + line("rerun", printable(rerun_command));
}

std::string ladder(const engine::Transcript& transcript, const Reading& reading, Octets octets,
                   Colour colour) {
  std::size_t link_width = 0;
  for (const auto& run : transcript.runs) {
    for (const auto& event : run.events) {
      link_width = std::max(link_width, printable(event.link, kNameOctets).size());
    }
  }
  auto out = fmt::format("case {}  seed {}\n", printable(transcript.case_id), transcript.seed);
  const std::string margin(kTimeColumns + link_width + 6, ' ');
  for (std::size_t i = 0; i < transcript.runs.size(); ++i) {
    const auto& run = transcript.runs[i];
    out += paint(printable(run.name, kNameOctets), Tone::bold, colour) + "\n";
    Masks masks;
    for (std::size_t at = 0; at < run.events.size(); ++at) {
      out += ladder_line(run.events[at], link_width,
                         words_of(run.events[at], octets, reading.binary, masks), colour);
      for (const auto& line : lines_beneath(reading, i, at)) {
        out += margin + paint(line, Tone::dim, colour) + "\n";
      }
    }
  }
  return out;
}

std::string summary(const engine::RunSummary& run, const model::Library& library, Colour colour) {
  auto out = fmt::format("{}, profile {}, parley {}, seed {}\n\n",
                         printable(run.sut, 2 * kNameOctets), printable(run.profile, kNameOctets),
                         printable(run.version, kNameOctets), run.seed);
  out += table(run, library, colour);
  out += findings(run, library, {VerdictKind::fail}, "failed", colour);
  out += findings(run, library, {VerdictKind::inconclusive, VerdictKind::flaky, VerdictKind::error},
                  "not decided", colour);
  out += not_applicable(run, colour);
  out += assumptions(run, library);
  out += fmt::format("\n{} of {} planned cases have a verdict", run.results.size(), run.planned);
  if (run.took.count() > 0) {
    out += fmt::format("; {} ms, {:.1f} cases/s", run.took.count(),
                       per_second(run.results.size(), run.took));
  }
  out += "\n";
  if (run.results.size() != run.planned) {
    out += paint("planned and judged cases differ in number: this run proves nothing", Tone::red,
                 colour) +
           "\n";
  }
  return out + fmt::format("report: {}\n", printable(run.folder));
}

std::string progress_line(std::size_t done, std::size_t total, const Counts& counts,
                          std::chrono::milliseconds elapsed, const std::string& current_case,
                          std::size_t width) {
  auto out = fmt::format("{}/{}", done, total);
  for (const auto kind : kVerdictKinds) {
    const auto at = counts.find(kind);
    if (at != counts.end() && at->second > 0) {
      out += fmt::format("  {} {}", model::to_string(kind), at->second);
    }
  }
  const auto rate = per_second(done, elapsed);
  if (rate > 0) {
    const auto left = total > done ? static_cast<double>(total - done) / rate : 0.0;
    out += fmt::format("  {:.1f}/s  {} left", rate, duration_text(left));
  }
  const auto name = printable(current_case);
  const auto used = columns_of(out);
  if (name.empty() || used + 2 >= width) {
    return cut_to_columns(out, width);
  }
  return out + "  " + cut_to_columns(name, width - used - 2);
}

}  // namespace parley::report
