/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz/planted/planted.h"

#include <stdlib.h>

int parley_planted(const char* defect) {
  static const char* named = NULL;
  if (named == NULL) {
    named = getenv("PARLEY_PLANTED");
    named = named == NULL ? "" : named;
  }
  /* By hand: a fuzzer listens to strcmp. */
  const char* at = named;
  while (*at != '\0' && *at == *defect) {
    ++at;
    ++defect;
  }
  return *at == *defect;
}
