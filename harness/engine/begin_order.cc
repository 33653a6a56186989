// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/begin_order.h"

#include <algorithm>
#include <map>
#include <utility>

#include "harness/model/setting.h"

namespace parley::engine {

std::chrono::milliseconds given_time(const std::string& id, const model::Library& library) {
  std::chrono::milliseconds out{0};
  const auto* one = library.find_case(id);
  const auto* flow = one == nullptr ? nullptr : library.flow(one->profile, one->flow);
  if (flow == nullptr) {
    return out;
  }
  for (const auto& step : flow->steps) {
    out += model::within_of(step, library.profiles.at(one->profile));
  }
  return out;
}

std::vector<PlannedCase> longest_first(std::vector<PlannedCase> cases,
                                       const model::Library& library) {
  std::map<std::string, std::chrono::milliseconds> times;
  std::vector<std::pair<std::chrono::milliseconds, std::size_t>> order;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    auto& time = times.try_emplace(cases[i].id, -1).first->second;
    if (time.count() < 0) {
      time = given_time(cases[i].id, library);
    }
    order.emplace_back(-time, i);
  }
  std::ranges::sort(order);
  std::vector<PlannedCase> out;
  for (const auto& [time, at] : order) {
    out.push_back(std::move(cases[at]));
  }
  return out;
}

}  // namespace parley::engine
