// SPDX-License-Identifier: GPL-3.0-or-later
// How a hunt has its cases judged. Implemented by cli: there is the SUT.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/engine/transcript.h"
#include "harness/model/model.h"

namespace parley::live {

struct Shot {
  model::Verdict verdict;
  std::optional<engine::Transcript> transcript{};  // of what did not pass
};

struct Volley {
  std::map<std::string, Shot> shots;  // by the case's id; none for what was not judged
  std::string dead{};                 // what of the SUT cannot be reached any more
  // Of those that have no shot: what was under way when it died, one of which it died of.
  std::vector<std::string> suspects{};
};

class Bench {
 public:
  virtual ~Bench() = default;
  // Many at once against one SUT. When one fails no further one begins: the SUT
  // may be of no use; nor does one once there is `enough`, which is asked from any thread. Errors:
  // io (a full disk); refused when the SUT cannot be attached.
  virtual Result<Volley> together(const std::vector<model::Case>& cases,
                                  const std::function<bool()>& enough) = 0;
  // One by one: where Parley starts the SUT, it is started anew once one has failed. A SUT that
  // dies of one has failed. With `first_fail` no further one begins then. `brisk` where there are
  // many to try: a SUT that serves nobody else answers soon; else it has the time that a run of the
  // written case gives it. The same errors.
  enum class Until { all, first_fail };
  enum class Pace { brisk, as_run };
  virtual Result<Volley> apart(const std::vector<model::Case>& cases, Until until, Pace pace) = 0;
};

}  // namespace parley::live
