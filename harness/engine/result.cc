// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/result.h"

namespace parley::engine {

std::map<model::VerdictKind, std::size_t> totals(const RunSummary& summary) {
  std::map<model::VerdictKind, std::size_t> out;
  for (const auto& result : summary.results) {
    ++out[result.verdict.kind];
  }
  return out;
}

}  // namespace parley::engine
