// SPDX-License-Identifier: GPL-3.0-or-later
// What a run of a fuzz target has found, as values and as files. A finding's folder holds `input`,
// perhaps `minimised`, `report.txt` (what the target printed for the smaller of them),
// `report-as-found.txt` where that is another, and `finding.json`; it is written when the finding
// is made, so that a run that is killed keeps what it had.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/supervisor/bucket.h"
#include "fuzz/supervisor/libfuzzer.h"
#include "harness/base/encoding.h"
#include "harness/base/result.h"

namespace parley::fuzz {

// Whether an input shows its defect again by itself.
enum class Reproduces { yes, no, not_tried };
std::string_view to_string(Reproduces reproduces);

// How a run was asked for: what shows its findings again is asked for in the same way.
struct RunOptions {
  std::string targets{};  // the list that the target stands in; empty: unknown
  std::uint64_t seed = 0;
  Leaks leaks = Leaks::ignored;
  std::chrono::seconds input{10};
  std::uint64_t memory_mib = 2048;
  std::uint64_t max_input_octets = 0;  // 0: as the corpus has them
  std::string version{};               // of Parley

  friend bool operator==(const RunOptions&, const RunOptions&) = default;
};
nlohmann::ordered_json json_of(const RunOptions& options);

// Where a report says that the input lies, and what shows it again. No part of a finding's folder,
// which may be carried elsewhere.
struct Offer {
  std::string input;   // a path from where the command was given
  std::string replay;  // a command line
};

struct Defect {
  std::string target;
  CrashState state;
  std::string place;  // file:line:column of the innermost frame of ours; empty: unknown
  // file:line of it, of all that counts as this defect, as they came: there may be two in one
  // function. At most kMaxPlaces, see note_place().
  std::vector<std::string> places{};
  Bytes input;
  std::optional<Bytes> minimised;  // shows the same defect by itself
  Reproduces reproduces = Reproduces::not_tried;
  std::string instead{};         // what happened where it does not, for people; or why nothing did
  std::uint64_t seen = 1;        // times, this one included
  std::uint64_t executions = 0;  // of the run, when it was found
  std::chrono::milliseconds after{0};
  std::string report{};             // what the target printed, of `minimised` where it is there
  std::string report_as_found{};    // of `input` then
  std::vector<std::string> said{};  // what an oracle says beside `state.what`
  std::uint64_t mutator_seed = 0;   // of a mutator's death
  RunOptions run{};
  Offer offer{};
};

inline constexpr std::size_t kMaxPlaces = 8;

// Adds `place` to the defect's, without its column; true: it is a new one.
bool note_place(Defect& defect, std::string_view place);

// The name of its folder: kind and digest of the state.
std::string folder_name(const Defect& defect);

// The file there that is offered: the small input if there is one.
std::string input_name(const Defect& defect);

// Writes it below `findings`. Errors: io.
Result<void> save(const Defect& defect, const std::string& findings);

// Another input with which it was seen, as `input-N`, N times seen. Errors: io.
Result<void> save_another(const Defect& defect, std::string_view input,
                          const std::string& findings);

// Those below `findings`, in order of name; what is no finding's folder is passed over.
std::vector<Defect> load_defects(const std::string& findings);

std::string to_json(const std::vector<Defect>& defects);

}  // namespace parley::fuzz
