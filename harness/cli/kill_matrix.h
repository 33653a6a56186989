// SPDX-License-Identifier: GPL-3.0-or-later
// Which fault kills which case, and what follows from it. Values and pure functions; only
// print_matrix writes to the standard output.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "harness/engine/result.h"
#include "harness/model/library.h"

namespace parley::cli {

struct Kill {
  std::string fault;
  std::string monitor;  // empty: the case's own expectation failed
};

struct Matrix {
  std::map<std::string, std::vector<std::string>> by_fault;  // fault -> cases that fail
  std::map<std::string, std::vector<Kill>> by_case;          // in the order of the faults' table
  std::map<std::string, std::pair<std::size_t, std::size_t>>
      null_passes;                       // mode -> passes, negative cases
  std::vector<std::string> null_passed;  // "the null SUT silent passes s/a"
  std::vector<std::string> unplanned;    // cases for which the kill plan names no fault
  std::vector<std::string> reference_not_pass;
  std::vector<std::string> trouble;  // the harness's own: the rest of the matrix proves nothing
};

// Takes in what came of judging `fault`; call it in the order of the table.
void take_kills(Matrix& matrix, const std::string& fault,
                const std::vector<engine::CaseResult>& results);

// What the matrix leaves open, each in order of name.
struct Gaps {
  std::vector<std::string> survivors;      // planned cases that no fault kills
  std::vector<std::string> unnoticed;      // faults that no case notices
  std::vector<std::string> monitors_only;  // cases killed, but never by what they expect
};
Gaps gaps_of(const Matrix& matrix, const std::vector<const model::Case*>& cases);

// For each case one of the faults that kill it: one that breaks the requirement which the case
// verifies before one that breaks another, one that the case's own expectation sees before one that
// a monitor sees, and of these the one that kills the fewest others. For each fault at least one
// case, of its own requirement where there is one. A case that is not among `cases` has no
// requirement.
nlohmann::json plan_of(const Matrix& matrix, const std::vector<const model::Case*>& cases);

nlohmann::json matrix_json(const Matrix& matrix, const std::vector<const model::Case*>& cases);
void print_matrix(const Matrix& matrix, const Gaps& gaps);

}  // namespace parley::cli
