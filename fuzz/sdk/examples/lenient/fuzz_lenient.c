/* SPDX-License-Identifier: Apache-2.0 */
#include "lenient.h"
#include "parley_fuzz.h"

static void open_element(void* tree, const char* name) { parley_tree_open(tree, "", name); }
static void text(void* tree, const char* octets, size_t size) {
  parley_tree_text(tree, octets, size);
}
static void close_element(void* tree) { parley_tree_close(tree); }

enum parley_verdict parley_fuzz_parse(const uint8_t* data, size_t size, struct parley_tree* tree) {
  const struct lenient_events events = {open_element, text, close_element, tree};
  return lenient_read((const char*)data, size, &events) ? PARLEY_ACCEPTED : PARLEY_REFUSED;
}
