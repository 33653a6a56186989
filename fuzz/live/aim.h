// SPDX-License-Identifier: GPL-3.0-or-later
// Where a live fuzzer strikes: the messages that Parley sends in the flows of
// chosen cases, each with the mutator that knows its form. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fuzz/live/layer.h"
#include "harness/model/library.h"

namespace parley::live {

struct Aim {
  const model::Case* base;  // whose flow, accounts and features it takes
  std::string step;
  std::string mutator;  // of fuzz/mutators
  Layer layer = Layer::bytes;
};

// The aims that `cases` give, one or more a flow and step, in order of flow: at stanzas and
// handshakes; in sealed flows at what is encrypted for a client, and at what that makes; at what
// services are asked over HTTP and answer. Left out are cases that `applies` does not take, that
// slow a SUT down or spoil its accounts, and what goes out before a flow's own steps.
std::vector<Aim> aims_of(const std::vector<const model::Case*>& cases,
                         const model::Library& library,
                         const std::function<bool(const model::Case&)>& applies);

// The case that strikes at `aim` with what the mutator makes by `seed`. It is
// called live/`number`.
model::Case strike(const Aim& aim, const model::Library& library, std::uint64_t number,
                   std::uint64_t seed);

// The strike of that number in a run of `seed`: the same each time. `aims` are
// not empty.
model::Case drawn(const std::vector<Aim>& aims, const model::Library& library, std::uint64_t seed,
                  std::uint64_t number);

}  // namespace parley::live
