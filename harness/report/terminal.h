// SPDX-License-Identifier: GPL-3.0-or-later
// What a person reads at a terminal. Source: design section 7.
// Whatever a SUT sent is escaped (printable()), so no output holds a control character but line
// ends and, with Colour::on, our own SGR sequences. Pure functions: safe from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

#include "harness/engine/result.h"
#include "harness/engine/transcript.h"
#include "harness/model/library.h"
#include "harness/report/finding.h"
#include "harness/report/reading.h"

namespace parley::report {

enum class Colour { off, on };
enum class Octets { cut, full };  // cut: kLadderOctets or kLadderHexOctets an event

inline constexpr std::size_t kLadderOctets = 300;
inline constexpr std::size_t kLadderHexOctets = 48;  // where they are no text

// A head line (verdict, blame, case, title, reason), then six lines: requirement, sent, expected,
// came, difference, rerun. Each of the seven ends with a line end. Case and requirement are known.
std::string six_lines(const Subject& subject, const engine::CaseResult& result,
                      const std::string& rerun_command, Colour colour = Colour::off);

// The exchange, one line an event under the name of its run: time, link, arrow (→ sent,
// ← received, · anything else), step, octets or words; beneath it what `reading`, which is of this
// transcript or empty, says of it.
std::string ladder(const engine::Transcript& transcript, const Reading& reading = {},
                   Octets octets = Octets::cut, Colour colour = Colour::off);

// The table of suites and verdicts, the findings by requirement, the reasons of what is not
// applicable, totals, rate (unless `took` is zero: not known) and the folder. Says so when a
// planned case has no result.
std::string summary(const engine::RunSummary& run, const model::Library& library,
                    Colour colour = Colour::off);

// The live line, without a line end; at most `width` columns. `elapsed` is since the run began.
// Six parameters, against the style's five: the signature was fixed together with cli's.
std::string progress_line(std::size_t done, std::size_t total,
                          const std::map<model::VerdictKind, std::size_t>& counts,
                          std::chrono::milliseconds elapsed, const std::string& current_case,
                          std::size_t width);

}  // namespace parley::report
