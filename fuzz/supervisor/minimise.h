// SPDX-License-Identifier: GPL-3.0-or-later
// Makes an input small that shows a defect: Zeller and Hildebrandt, "Simplifying and Isolating
// Failure-Inducing Input" (2002), asking for many candidates at once, since a process costs more
// than what it runs.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "harness/base/encoding.h"

namespace parley::fuzz {

// The index of the first of `candidates` that shows the same defect; nullopt: none does.
using FirstThatShows =
    std::function<std::optional<std::size_t>(const std::vector<Bytes>& candidates)>;

// The smallest found from `input` by leaving out elements, then pairs of tags around what stays,
// and octets, then by making them plain ('0', 'a', NUL). Octets without tags cost nothing more for
// it. Asks `first` at most `most_rounds` times; an input that shows the defect is given back
// whatever happens.
Bytes minimise(Bytes input, const FirstThatShows& first, std::size_t most_rounds);

}  // namespace parley::fuzz
