// SPDX-License-Identifier: GPL-3.0-or-later
// Fuzzes a SUT over its protocol: draws strikes, has them judged, tries again
// what failed, and makes of what fails again a case of its own, as small as may
// be. Prints nothing. Not thread safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fuzz/live/aim.h"
#include "fuzz/live/bench.h"
#include "fuzz/live/finding.h"
#include "fuzz/live/trials.h"

namespace parley::live {

struct HuntPlan {
  std::uint64_t seed = 1;
  std::chrono::milliseconds time{0};
  std::uint64_t executions = 0;  // 0: as many as there is time for
  std::size_t volley = 128;      // strikes that are judged together
};

struct HuntProgress {
  std::uint64_t executions = 0;
  std::chrono::milliseconds took{0};
  std::size_t findings = 0;
  std::size_t flaky = 0;      // strikes that failed and did not again
  std::size_t undecided = 0;  // strikes of which nothing could be told
};

struct HuntListeners {
  std::function<void(const HuntProgress&)> progress;
  std::function<void(const Finding&)> found;  // once it is as small as may be
  std::function<bool()> stop;
};

enum class HuntEnd { time, executions, stopped, dead, useless, broken };

struct HuntResult {
  HuntEnd end = HuntEnd::time;
  std::string why;             // dead, useless and broken: one sentence
  std::string last_undecided;  // why nothing could be told of a strike, the last time
  std::vector<Finding> findings;
  HuntProgress last;
};

class Hunt {
 public:
  // All of it outlives the hunt. `aims` are not empty.
  Hunt(const model::Library& library, std::vector<Aim> aims, Bench& bench, const HuntPlan& plan,
       const HuntListeners& listeners);

  HuntResult run();

 private:
  using Clock = std::chrono::steady_clock;
  bool over();
  bool out_of_time() const;
  void end(HuntEnd end, std::string why);
  std::vector<model::Case> next_volley();
  void fire();
  void weigh(const std::vector<model::Case>& cases, Volley& volley);
  // Of a volley in which the SUT died: what was under way then, each by itself.
  void find_killer(const std::vector<model::Case>& cases, Volley& volley);
  struct Tried {
    std::vector<model::Case> cases;     // as they were tried, by the same ids
    std::map<std::string, Shot> shots;  // of each by itself
  };
  Result<Tried> tried(const std::vector<model::Case>& drawn, const Volley& volley);
  // Whether any fails by itself too.
  bool try_again(const std::vector<model::Case>& fallen, const Volley& volley);
  void try_undecided(const std::vector<model::Case>& undecided, const Volley& volley);
  void count_places(const std::vector<model::Case>& cases, const Volley& volley);
  // `one` is what has failed: `drawn`, or that with the octets that were sent.
  void look_into(const model::Case& drawn, const model::Case& one, const Shot& shot);
  bool stands(const model::Case& one);
  bool is_lost(const std::vector<model::Case>& fallen, const Volley& volley);
  bool is_worth(const std::string& flow, const std::string& step) const;
  void keep(Finding finding, const std::string& kind);
  void tell();
  std::string form_of(const model::Case& one) const;

  const model::Library& library_;
  std::vector<Aim> aims_;
  Bench& bench_;
  const HuntPlan& plan_;
  const HuntListeners& listeners_;
  Clock::time_point began_ = Clock::now();
  HuntResult result_;
  bool over_ = false;
  std::uint64_t next_ = 0;  // strike
  Trials trials_;
  std::map<std::string, std::vector<std::size_t>> of_kind_;  // findings
  struct Tally {
    std::size_t passed = 0;
    std::size_t undecided = 0;
  };
  std::map<std::string, Tally> places_;  // by flow and step
  std::string last_undecided_;           // why nothing can be told of a strike
  std::map<std::string, bool> stands_;   // by flow and step: whether one can strike there
};

}  // namespace parley::live
