// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/minimise.h"

#include <algorithm>
#include <array>
#include <utility>

namespace parley::fuzz {
namespace {

constexpr std::size_t kMaxCandidates = 64;  // of one round
constexpr std::array<char, 3> kPlain = {'0', 'a', '\0'};

class Minimiser {
 public:
  Minimiser(Bytes input, const FirstThatShows& first, std::size_t rounds)
      : best_(std::move(input)), first_(first), left_(rounds) {}

  // Chunks of half the input, of a quarter, and so on to single octets.
  void leave_out() {
    for (std::size_t chunk = std::max<std::size_t>(best_.size() / 2, 1); !best_.empty();
         chunk = std::max<std::size_t>(chunk / 2, 1)) {
      const bool less = sweep(chunk, [](Bytes text, std::size_t at, std::size_t length) {
        text.erase(at, length);
        return text;
      });
      if (left_ == 0 || (chunk == 1 && !less)) {
        return;
      }
    }
  }

  void make_plain() {
    for (const char plain : kPlain) {
      sweep(1, [plain](Bytes text, std::size_t at, std::size_t) {
        text[at] = std::ranges::count(kPlain, text[at]) > 0 ? text[at] : plain;
        return text;
      });
    }
  }

  Bytes take() { return std::move(best_); }

 private:
  // Tries `edit` at each chunk; true: some edit was kept.
  template <class Edit>
  bool sweep(std::size_t chunk, Edit edit) {
    bool any = false;
    for (std::size_t at = 0; at < best_.size() && left_ > 0;) {
      std::vector<Bytes> candidates;
      std::vector<std::size_t> places;
      std::size_t place = at;
      for (; place < best_.size() && candidates.size() < kMaxCandidates; place += chunk) {
        auto candidate = edit(best_, place, chunk);
        if (candidate != best_) {
          candidates.push_back(std::move(candidate));
          places.push_back(place);
        }
      }
      at = place;
      if (candidates.empty()) {
        continue;
      }
      --left_;
      if (const auto found = first_(candidates); found && *found < candidates.size()) {
        const bool shorter = candidates[*found].size() < best_.size();
        best_ = std::move(candidates[*found]);
        at = places[*found] + (shorter ? 0 : chunk);
        any = true;
      }
    }
    return any;
  }

  Bytes best_;
  const FirstThatShows& first_;
  std::size_t left_;
};

}  // namespace

Bytes minimise(Bytes input, const FirstThatShows& first, std::size_t most_rounds) {
  Minimiser minimiser(std::move(input), first, most_rounds);
  minimiser.leave_out();
  minimiser.make_plain();
  return minimiser.take();
}

}  // namespace parley::fuzz
