// SPDX-License-Identifier: GPL-3.0-or-later
// Target: what a driver tells (harness/sut/DRIVER.md). Input: one line of JSON.
// Oracles: why a notice is of no use can be printed and is short, whatever the driver wrote; one
// that is of use names its method and its user; members beside those that are read do not count.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fuzz/oracle.h"
#include "harness/base/text.h"
#include "harness/sut/notice_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  auto notice = nlohmann::json::parse(line, nullptr, false);
  if (notice.is_discarded()) {
    return 0;
  }
  const auto why = sut::wrong_with_notice(notice);
  PARLEY_ORACLE(printable(why) == why && why.size() < 1000);
  if (why.empty()) {
    PARLEY_ORACLE(notice["method"].is_string() && notice["params"]["user"].is_string());
  }
  if (notice.is_object()) {
    notice["\x01 beside"] = 1;
    PARLEY_ORACLE(sut::wrong_with_notice(notice) == why);
  }
  return 0;
}
