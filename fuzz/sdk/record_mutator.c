/* SPDX-License-Identifier: Apache-2.0 */
/* The same for a target with a mutator of its own: linked with -Wl,--wrap=LLVMFuzzerCustomMutator
 * and -Wl,--wrap=LLVMFuzzerCustomCrossOver too. A mutator's crash would else be told of the empty
 * input. */
#include <stddef.h>

#include "fuzz/sdk/record.h"

size_t __real_LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned int seed);
size_t __wrap_LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned int seed);
size_t __real_LLVMFuzzerCustomCrossOver(const uint8_t* one, size_t one_size, const uint8_t* other,
                                        size_t other_size, uint8_t* out, size_t most,
                                        unsigned int seed);
size_t __wrap_LLVMFuzzerCustomCrossOver(const uint8_t* one, size_t one_size, const uint8_t* other,
                                        size_t other_size, uint8_t* out, size_t most,
                                        unsigned int seed);

size_t __wrap_LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned int seed) {
  size_t result;
  parley_record_begin(PARLEY_DOING_MUTATOR, data, size, most, seed);
  result = __real_LLVMFuzzerCustomMutator(data, size, most, seed);
  parley_record_end(PARLEY_DOING_MUTATOR);
  return result;
}

/* Recorded is the first of the two inputs. */
size_t __wrap_LLVMFuzzerCustomCrossOver(const uint8_t* one, size_t one_size, const uint8_t* other,
                                        size_t other_size, uint8_t* out, size_t most,
                                        unsigned int seed) {
  size_t result;
  parley_record_begin(PARLEY_DOING_CROSSOVER, one, one_size, most, seed);
  result = __real_LLVMFuzzerCustomCrossOver(one, one_size, other, other_size, out, most, seed);
  parley_record_end(PARLEY_DOING_CROSSOVER);
  return result;
}
