// SPDX-License-Identifier: GPL-3.0-or-later
// What a SUT did that breaks what a monitor holds, as it is noted while a run goes on. One thread.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace parley::engine {

struct Breach {
  std::string monitor;
  std::string link;  // on which it came
  std::string reason;
  std::string came;
};

// The first of each monitor on each link.
class Breaches {
 public:
  void note(Breach breach) {
    constexpr std::size_t kMostCame = 2048;  // octets of what it shows
    const bool known = std::ranges::any_of(all_, [&](const Breach& one) {
      return one.monitor == breach.monitor && one.link == breach.link;
    });
    if (!known) {
      breach.came.resize(std::min(breach.came.size(), kMostCame));
      all_.push_back(std::move(breach));
    }
  }
  const std::vector<Breach>& all() const { return all_; }

 private:
  std::vector<Breach> all_;
};

}  // namespace parley::engine
