/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes your own parser with Parley's mutators, dictionaries and corpora. You write one function,
 * parley_fuzz_parse(); parley_fuzz.cmake makes the programs. C, C++ and whatever has C's calling
 * convention. */
#ifndef PARLEY_FUZZ_H
#define PARLEY_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What your parser made of the octets, if it is an XML parser: the calls that a SAX handler would
 * get. With them the tree is held against what expat, aware of namespaces, makes of the same
 * octets; without them the fuzzer looks for crashes, hangs and what the sanitizers see, for
 * leaks when it is asked to (parley fuzz run --leaks).
 * Judged are documents without DOCTYPE in UTF-8 that say no other encoding.
 *
 * Where the two differ, the finding shows the first part that does, of each. A part is one of:
 *
 *   <{urn:a}body         an element "body" of the namespace "urn:a" opens; <{}body: of none
 *    {urn:a}lang=en      one of its attributes, with its value; they are sorted by name
 *   "Hello               text, all between two tags in one part
 *   >                    the element that is open closes
 *   nothing more         there is no further part
 *
 * Octets that would break the line, and '\', are shown as \xNN; of a long part only what stands
 * around the difference, between "...". */
struct parley_tree;

/* `ns` and `prefix`-free `name` end with NUL; `ns` is "" or NULL where there is none. Attributes
 * come after their element is opened, in any order, without xmlns and xmlns:*. Text may come in
 * pieces; `size` counts octets of UTF-8. */
void parley_tree_open(struct parley_tree* tree, const char* ns, const char* name);
void parley_tree_attribute(struct parley_tree* tree, const char* ns, const char* name,
                           const char* value, size_t size);
void parley_tree_text(struct parley_tree* tree, const char* text, size_t size);
void parley_tree_close(struct parley_tree* tree);

enum parley_verdict { PARLEY_REFUSED = 0, PARLEY_ACCEPTED = 1 };

/* You write this. Gives your parser the `size` octets at `data` (there is no NUL behind them), says
 * the tree if there is one, frees all that it took, and returns whether the parser took the octets
 * for one whole document. The same octets must do the same each time: no clock, no files, nothing
 * kept from one call to the next. */
enum parley_verdict parley_fuzz_parse(const uint8_t* data, size_t size, struct parley_tree* tree);

#ifdef __cplusplus
}
#endif
#endif
