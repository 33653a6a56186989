/* SPDX-License-Identifier: Apache-2.0 */
/* Records each input before the target has it: linked with -Wl,--wrap=LLVMFuzzerTestOneInput. It is
 * built without sanitizers and without coverage: what it does is no edge of the target. */
#include "fuzz/sdk/record.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int __real_LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
int __wrap_LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static struct parley_record* record;

__attribute__((constructor)) static void open_record(void) {
  const char* name = getenv("PARLEY_FUZZ_RECORD");
  struct stat seen;
  void* mapped;
  const int file = name == NULL ? -1 : open(name, O_RDWR | O_CLOEXEC);
  if (file < 0) {
    return;
  }
  if (fstat(file, &seen) == 0 && seen.st_size >= (off_t)sizeof(struct parley_record)) {
    mapped = mmap(NULL, sizeof(struct parley_record), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) {
      record = mapped;
      record->magic = PARLEY_RECORD_MAGIC;
    }
  }
  close(file);
}

void parley_record_begin(enum parley_doing doing, const uint8_t* data, uint64_t size, uint64_t most,
                         uint64_t seed) {
  if (record == NULL) {
    return;
  }
  record->size = size;
  record->most = most;
  record->seed = seed;
  if (size > 0) {
    memcpy(record->octets, data, size < PARLEY_RECORD_MOST ? size : PARLEY_RECORD_MOST);
  }
  if (doing == PARLEY_DOING_TARGET) {
    record->begun = record->begun + 1;
  }
  __atomic_store_n(&record->doing, (uint64_t)doing, __ATOMIC_RELEASE);
}

void parley_record_end(enum parley_doing doing) {
  if (record == NULL) {
    return;
  }
  if (doing == PARLEY_DOING_TARGET) {
    record->ended = record->ended + 1;
  }
  __atomic_store_n(&record->doing, (uint64_t)PARLEY_DOING_NOTHING, __ATOMIC_RELEASE);
}

int __wrap_LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  int result;
  parley_record_begin(PARLEY_DOING_TARGET, data, size, 0, 0);
  result = __real_LLVMFuzzerTestOneInput(data, size);
  parley_record_end(PARLEY_DOING_TARGET);
  return result;
}
