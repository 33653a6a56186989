// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/minimise.h"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <utility>

#include "fuzz/supervisor/markup.h"

namespace parley::fuzz {
namespace {

constexpr std::size_t kMaxCandidates = 64;  // of one round
constexpr std::array<char, 3> kPlain = {'0', 'a', '\0'};

// `text` without `spans`, which may overlap.
Bytes without(const Bytes& text, std::vector<Span> spans) {
  std::ranges::sort(spans, {}, &Span::begin);
  Bytes out;
  std::size_t at = 0;
  for (const auto& span : spans) {
    out.append(text, at, std::max(span.begin, at) - at);
    at = std::max(at, span.end);
  }
  return out.append(text, at);
}

// What a text can be edited by: `size` units, of which edited() edits `count` that follow one
// another. It refers to the text.
struct Edits {
  std::size_t size;
  std::function<Bytes(std::size_t at, std::size_t count)> edited;
};
using ReadEdits = std::function<Edits(const Bytes&)>;

Edits octets(const Bytes& text) {
  return {.size = text.size(), .edited = [&text](std::size_t at, std::size_t count) {
            auto out = text;
            return out.erase(at, count);
          }};
}

// Each unit is some spans, which go together.
Edits leave_out(const Bytes& text, std::vector<std::vector<Span>> units) {
  const auto size = units.size();
  return {.size = size,
          .edited = [&text, units = std::move(units)](std::size_t at, std::size_t count) {
            std::vector<Span> out;
            for (auto i = at; i < std::min(at + count, units.size()); ++i) {
              out.insert(out.end(), units[i].begin(), units[i].end());
            }
            return without(text, std::move(out));
          }};
}

Edits whole_elements(const Bytes& text) {
  std::vector<std::vector<Span>> out;
  for (const auto& element : find_elements(text)) {
    if (element.form != Element::Form::alone) {
      out.push_back({{.begin = element.start.span.begin, .end = element.end.span.end}});
    }
  }
  return leave_out(text, std::move(out));
}

// Tags whose content stays, also those of streams that nothing ends.
Edits tags_around(const Bytes& text) {
  std::vector<std::vector<Span>> out;
  for (const auto& [form, start, end] : find_elements(text)) {
    if (form == Element::Form::alone) {
      out.push_back({start.span});
    } else if (form == Element::Form::pair && start.span.end < end.span.begin) {
      out.push_back({start.span, end.span});
    }
  }
  return leave_out(text, std::move(out));
}

// The names of pairs, of which the first octet stays.
Edits rest_of_names(const Bytes& text) {
  std::vector<std::vector<Span>> out;
  for (const auto& [form, start, end] : find_elements(text)) {
    if (form == Element::Form::pair && start.name.end - start.name.begin > 1) {
      out.push_back({{.begin = start.name.begin + 1, .end = start.name.end},
                     {.begin = end.name.begin + 1, .end = end.name.end}});
    }
  }
  return leave_out(text, std::move(out));
}

ReadEdits octets_to(char plain) {
  return [plain](const Bytes& text) {
    return Edits{.size = text.size(), .edited = [&text, plain](std::size_t at, std::size_t) {
                   auto out = text;
                   out[at] = std::ranges::count(kPlain, out[at]) > 0 ? out[at] : plain;
                   return out;
                 }};
  };
}

// The edits of all units, `chunk` of them at once.
struct Step {
  ReadEdits read;
  std::size_t chunk;
};

class Minimiser {
 public:
  Minimiser(Bytes input, const FirstThatShows& first, std::size_t rounds)
      : best_(std::move(input)), first_(first), left_(rounds) {}

  // Without octets some elements are needed no more.
  void leave_out() {
    leave_out_markup();
    while (leave_out_octets() && leave_out_markup()) {
    }
  }

  void make_plain() {
    for (const char plain : kPlain) {
      sweep({{.read = octets_to(plain), .chunk = 1}});
    }
  }

  Bytes take() { return std::move(best_); }

 private:
  static std::vector<Step> halving(const ReadEdits& read, std::size_t chunk) {
    std::vector<Step> out;
    for (; chunk > 1; chunk /= 2) {
      out.push_back({.read = read, .chunk = chunk});
    }
    out.push_back({.read = read, .chunk = 1});
    return out;
  }

  bool leave_out_markup() {
    std::vector<Step> steps;
    for (auto* read : {whole_elements, tags_around, rest_of_names}) {
      std::ranges::move(halving(read, read(best_).size), std::back_inserter(steps));
    }
    return sweep(steps);
  }

  bool leave_out_octets() {
    bool any = false;
    for (auto steps = halving(octets, best_.size() / 2); sweep(steps);) {
      steps = {{.read = octets, .chunk = 1}};
      any = true;
    }
    return any;
  }

  // Tries the edits of all `steps`, some at once; true: some edit was kept.
  bool sweep(const std::vector<Step>& steps) {
    bool any = false;
    for (Place next; left_ > 0;) {
      const auto [candidates, places] = gather(steps, next);
      if (candidates.empty()) {
        break;
      }
      --left_;
      if (const auto found = first_(candidates); found && *found < candidates.size()) {
        const bool shorter = candidates[*found].size() < best_.size();
        best_ = candidates[*found];
        next = places[*found];
        next.at += shorter ? 0 : steps[next.step].chunk;
        any = true;
      }
    }
    return any;
  }

  struct Place {
    std::size_t step = 0;
    std::size_t at = 0;
  };
  struct Round {
    std::vector<Bytes> candidates;
    std::vector<Place> places;  // of each
  };

  // As many as may be asked for at once, from `next` on, which then stands behind them.
  Round gather(const std::vector<Step>& steps, Place& next) const {
    Round out;
    for (; next.step < steps.size(); next = {.step = next.step + 1, .at = 0}) {
      const auto edits = steps[next.step].read(best_);
      for (; next.at < edits.size; next.at += steps[next.step].chunk) {
        if (out.candidates.size() == kMaxCandidates) {
          return out;
        }
        auto candidate = edits.edited(next.at, steps[next.step].chunk);
        if (candidate != best_) {
          out.candidates.push_back(std::move(candidate));
          out.places.push_back(next);
        }
      }
    }
    return out;
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
