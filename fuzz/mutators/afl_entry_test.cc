// SPDX-License-Identifier: Apache-2.0
// The library that AFL++ loads, called as AFL++ calls it.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>

namespace {

using Init = void* (*)(void*, unsigned int);
using Fuzz = std::size_t (*)(void*, std::uint8_t*, std::size_t, std::uint8_t**, std::uint8_t*,
                             std::size_t, std::size_t);
using Deinit = void (*)(void*);

TEST(AflEntry, MutatesAndCrossesWithinTheRoom) {
  void* library = dlopen(PARLEY_AFL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  const auto init = reinterpret_cast<Init>(dlsym(library, "afl_custom_init"));
  const auto fuzz = reinterpret_cast<Fuzz>(dlsym(library, "afl_custom_fuzz"));
  const auto deinit = reinterpret_cast<Deinit>(dlsym(library, "afl_custom_deinit"));
  ASSERT_TRUE(init != nullptr && fuzz != nullptr && deinit != nullptr);
  setenv("PARLEY_MUTATOR", "xml", 1);
  void* state = init(nullptr, 7);
  std::string one = "<a>11111</a>";
  std::string other = "<b>22222</b>";
  std::set<std::string> seen;
  for (int i = 0; i < 300; ++i) {
    std::uint8_t* out = nullptr;
    const auto size = fuzz(state, reinterpret_cast<std::uint8_t*>(one.data()), one.size(), &out,
                           reinterpret_cast<std::uint8_t*>(other.data()), other.size(), 200);
    ASSERT_LE(size, 200U);
    seen.emplace(reinterpret_cast<const char*>(out), size);
  }
  EXPECT_GT(seen.size(), 200U);
  EXPECT_EQ(one, "<a>11111</a>") << "the input is AFL++'s own";
  deinit(state);
  dlclose(library);
}

}  // namespace
