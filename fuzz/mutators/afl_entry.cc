// SPDX-License-Identifier: Apache-2.0
// The same mutators for AFL++, as a library that it loads: AFL_CUSTOM_MUTATOR_LIBRARY names this
// one, PARLEY_MUTATOR the mutator (choice.h). Source: AFL++, docs/custom_mutators.md. A third of
// all mutations crosses two inputs.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fuzz/mutators/choice.h"
#include "fuzz/mutators/random.h"

namespace {

struct State {
  parley::mutators::Choice choice;
  parley::mutators::Random random;
  std::string out;  // what AFL++ was given last
};

std::string_view view_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

extern "C" void* afl_custom_init(void* /*afl*/, unsigned int seed);
extern "C" std::size_t afl_custom_fuzz(void* data, std::uint8_t* input, std::size_t size,
                                       std::uint8_t** out, std::uint8_t* other,
                                       std::size_t other_size, std::size_t room);
extern "C" void afl_custom_deinit(void* data);

extern "C" void* afl_custom_init(void* /*afl*/, unsigned int seed) {
  const char* name = std::getenv("PARLEY_MUTATOR");
  return new State{.choice = parley::mutators::Choice(name == nullptr ? "octets" : name),
                   .random = parley::mutators::Random(seed),
                   .out = {}};
}

extern "C" std::size_t afl_custom_fuzz(void* data, std::uint8_t* input, std::size_t size,
                                       std::uint8_t** out, std::uint8_t* other,
                                       std::size_t other_size, std::size_t room) {
  auto& state = *static_cast<State*>(data);
  const auto seed = state.random.next();
  if (other != nullptr && other_size > 0 && state.random.one_in(3)) {
    state.out = state.choice.cross(view_of(input, size), view_of(other, other_size), room, seed);
  } else {
    state.out = state.choice.mutate(view_of(input, size), room, seed);
  }
  *out = reinterpret_cast<std::uint8_t*>(state.out.data());
  return state.out.size();
}

extern "C" void afl_custom_deinit(void* data) { delete static_cast<State*>(data); }
