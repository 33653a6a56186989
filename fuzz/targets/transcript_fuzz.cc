// SPDX-License-Identifier: GPL-3.0-or-later
// Target: engine::transcript_from. Input: the JSON of a transcript, as a run's folder holds it.
// Oracle: what is read is written, and reads and writes the same again; no octet is lost.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "fuzz/oracle.h"
#include "harness/engine/transcript.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = nlohmann::json::parse(text, nullptr, false);
  if (value.is_discarded()) {
    return 0;
  }
  const auto transcript = engine::transcript_from(value);
  if (!transcript) {
    PARLEY_ORACLE(!transcript.error().detail.empty());
    return 0;
  }
  const auto written = engine::to_json(*transcript);
  const auto again = engine::transcript_from(nlohmann::json::parse(written.dump(), nullptr, false));
  PARLEY_ORACLE(again);
  PARLEY_ORACLE(again->runs.size() == transcript->runs.size() && again->suts == transcript->suts);
  PARLEY_ORACLE(engine::to_json(*again) == written);
  for (std::size_t i = 0; i < transcript->runs.size(); ++i) {
    const auto& events = transcript->runs[i].events;
    PARLEY_ORACLE(again->runs[i].events.size() == events.size());
    for (std::size_t j = 0; j < events.size(); ++j) {
      PARLEY_ORACLE(again->runs[i].events[j].octets == events[j].octets);
    }
  }
  return 0;
}
