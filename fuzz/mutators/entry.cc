// SPDX-License-Identifier: Apache-2.0
// Compiled into each target that names a mutator (PARLEY_MUTATOR, choice.h): what libFuzzer calls
// instead of its own mutations. Every tenth is the engine's own all the same: it has the dictionary
// and what comparisons it saw. AFL++ loads a library: afl_entry.cc.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "fuzz/mutators/choice.h"

// Null under an engine that has none.
extern "C" __attribute__((weak)) std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                                              std::size_t max_size);

namespace {

const parley::mutators::Choice& choice() {
  static const parley::mutators::Choice out(PARLEY_MUTATOR);
  return out;
}

std::string_view view_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

std::size_t put(const std::string& text, std::uint8_t* data, std::size_t room) {
  const auto size = std::min(text.size(), room);
  std::memcpy(data, text.data(), size);
  return size;
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  if (seed % 10 == 0 && LLVMFuzzerMutate != nullptr) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  return put(choice().mutate(view_of(data, size), max_size, seed), data, max_size);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t one_size,
                                                 const std::uint8_t* other, std::size_t other_size,
                                                 std::uint8_t* out, std::size_t room,
                                                 unsigned int seed) {
  return put(choice().cross(view_of(one, one_size), view_of(other, other_size), room, seed), out,
             room);
}
