/* SPDX-License-Identifier: Apache-2.0 */
#include "lenient.h"

#include <string.h>

enum { NAME = 64 };

static int is_name(char one) { return (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z'); }

int lenient_read(const char* text, size_t size, const struct lenient_events* events) {
  size_t at = 0;
  size_t depth = 0;
  int roots = 0;
  while (at < size) {
    if (text[at] == '<') {
      const int closes = at + 1 < size && text[at + 1] == '/';
      const size_t from = at + 1 + (size_t)closes;
      size_t to = from;
      char name[NAME];
      while (to < size && is_name(text[to])) ++to;
      if (to == from || to >= size || text[to] != '>' || to - from > NAME) return 0;
      memcpy(name, text + from, to - from);
      name[to - from] = '\0'; /* the fault: a name of 64 letters needs 65 */
      if (closes) {
        if (depth == 0) return 0;
        --depth;
        events->close(events->user);
      } else {
        if (depth == 0 && roots++ > 0) return 0;
        ++depth;
        events->open(events->user, name);
      }
      at = to + 1;
    } else {
      const size_t from = at;
      while (at < size && text[at] != '<') ++at;
      if (depth == 0) return 0;
      events->text(events->user, text + from, at - from);
    }
  }
  return depth == 0 && roots == 1;
}
