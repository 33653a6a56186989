/* SPDX-License-Identifier: Apache-2.0 */
/* What a fuzz target is doing, kept in memory that outlives it: a file that the target maps, and
 * whoever watches it. The environment variable PARLEY_FUZZ_RECORD names the file, which is there
 * and has at least sizeof(struct parley_record) octets; without it nothing is recorded. Host byte
 * order: one machine writes and reads. */
#ifndef PARLEY_FUZZ_RECORD_H
#define PARLEY_FUZZ_RECORD_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PARLEY_RECORD_MAGIC UINT64_C(0x7061726c65793031) /* "parley01" */
#define PARLEY_RECORD_MOST (UINT64_C(1) << 20)           /* octets of an input that are kept */

enum parley_doing {
  PARLEY_DOING_NOTHING = 0,
  PARLEY_DOING_TARGET = 1,
  PARLEY_DOING_MUTATOR = 2,
  PARLEY_DOING_CROSSOVER = 3
};

struct parley_record {
  uint64_t magic;
  uint64_t
      begun; /* inputs that the target was given, and ended: those that it has come back from */
  uint64_t ended;
  uint64_t doing; /* enum parley_doing */
  uint64_t seed;  /* of the mutator */
  uint64_t most;  /* octets that the mutator may return */
  uint64_t size;  /* of the last input of target or mutator; the first PARLEY_RECORD_MOST octets are
                     kept */
  uint8_t octets[PARLEY_RECORD_MOST];
};

/* For the glue around target and mutator. */
void parley_record_begin(enum parley_doing doing, const uint8_t* data, uint64_t size, uint64_t most,
                         uint64_t seed);
void parley_record_end(enum parley_doing doing);

#ifdef __cplusplus
}
#endif
#endif
