// SPDX-License-Identifier: Apache-2.0
// Which mutator an input goes to. A target names one ("xml"), or one for each first octet of its
// inputs ("r=signal x=octets"): the first octet says there what the rest is, and is kept, or
// becomes another of those named. "?" before a name stands for an octet that says something else
// and is mutated as such: "r=?octets" has the octet 'r', any octet, then octets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fuzz/mutators/mutator.h"

namespace parley::mutators {

class Choice {
 public:
  // Ends the process with a sentence when `text` names what is not there: it is the target's own.
  explicit Choice(std::string_view text);

  std::string mutate(std::string_view input, std::size_t room, std::uint64_t seed) const;
  std::string cross(std::string_view one, std::string_view other, std::size_t room,
                    std::uint64_t seed) const;

 private:
  struct Way {
    char letter = '\0';  // 0: there are no letters
    std::size_t free_octets = 0;
    const Mutator* mutator = nullptr;
  };
  const Way& way_of(std::string_view input) const;
  std::size_t head_of(const Way& way) const;

  std::vector<Way> ways_;
};

}  // namespace parley::mutators
