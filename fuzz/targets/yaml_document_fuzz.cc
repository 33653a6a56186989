// SPDX-License-Identifier: GPL-3.0-or-later
// Target: model::parse_document, through which all goes that users write. Input: YAML.
// Oracles: a document or a problem, never both; a problem stands within the text; what was read,
// written as JSON, reads as the same document.
// What it takes of the heap is bounded by the size of the input (fuzz/heap_bound.h).
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fuzz/documents.h"
#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "harness/model/document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (size > 4096) {
    return 0;
  }
  model::Problems problems;
  // About twice what any input was seen to take.
  constexpr fuzz::HeapBound kBound{
      .octets = 65'536, .octets_each = 800, .allocations = 1200, .allocations_each = 12};
  const auto document = fuzz::bounded(
      kBound, size, [&] { return model::parse_document("case.yaml", text, problems); });
  PARLEY_ORACLE(document.has_value() == problems.empty());
  for (const auto& problem : problems) {
    PARLEY_ORACLE(problem.line <= fuzz::last_line(text) && !problem.message.empty());
  }
  if (!document) {
    return 0;
  }
  const auto written = fuzz::json_of(*document);
  if (!written) {
    return 0;
  }
  model::Problems none;
  const auto again = model::parse_document("case.json", *written, none);
  PARLEY_ORACLE(again && none.empty());
  PARLEY_ORACLE(again->root() == document->root());
  return 0;
}
