// SPDX-License-Identifier: Apache-2.0
// What a fuzz target says about its input. Unlike assert it holds in every build type.
#pragma once

#include <cstdio>
#include <cstdlib>

// A macro, because the text of the condition is the finding's name.
#define PARLEY_ORACLE(condition)                                                          \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: oracle broken: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)
