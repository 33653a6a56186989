/* SPDX-License-Identifier: Apache-2.0 */
/* The same for a target with a mutator of its own: linked with -Wl,--wrap=LLVMFuzzerCustomMutator too. A mutator's
 * crash would else be told of the empty input. */
#include <stddef.h>

#include "fuzz/sdk/record.h"

size_t __real_LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed);
size_t __wrap_LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed);

size_t __wrap_LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed) {
  size_t result;
  parley_record_begin(PARLEY_DOING_MUTATOR, data, size, most, seed);
  result = __real_LLVMFuzzerCustomMutator(data, size, most, seed);
  parley_record_end(PARLEY_DOING_MUTATOR);
  return result;
}
