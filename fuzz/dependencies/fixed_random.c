/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stands for getrandom(2) in what is fuzzed: expat salts its hash tables with it, and an input that
 * takes another way each time is a new one to the fuzzer each time. */
#include <string.h>
#include <sys/types.h>

ssize_t parley_fixed_random(void* buffer, size_t size, unsigned int flags);

ssize_t parley_fixed_random(void* buffer, size_t size, unsigned int flags) {
  (void)flags;
  memset(buffer, 0x5a, size);
  return (ssize_t)size;
}
