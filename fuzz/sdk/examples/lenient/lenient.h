/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of XML without namespaces and attributes, as one finds them in small programs. It has
 * the faults that they have: a name at the end need not be that at the beginning, references stay
 * as they stand, and one element in 64 is too many. */
#ifndef LENIENT_H
#define LENIENT_H

#include <stddef.h>

struct lenient_events {
  void (*open)(void* user, const char* name);
  void (*text)(void* user, const char* text, size_t size);
  void (*close)(void* user);
  void* user;
};

/* 1: all of `text` was one document; 0: it was not. */
int lenient_read(const char* text, size_t size, const struct lenient_events* events);

#endif
