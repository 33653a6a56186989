// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the binary stanza form: a flags octet (0x02: the rest is deflated), then one node, which is
// a list of name, attribute keys and values and, where the size is even, content: octets, a string,
// or a list of nodes. Source: observed client behaviour.
//
// The tree is that of the textual form, so everything above serves both. Namespaces do not exist:
// `ns` is always empty, and `xmlns` is an attribute like any other (`plain_namespaces` makes such a
// tree from a parsed one). JIDs are their text (jid.h; a JID without a user is "@server"). Content
// is one std::string child of any octets, not only text: print it with `pretty`, never with
// xml::print. What the tree cannot say is in `encoding`: with it encode() writes the same again.
//
// Everything is bounded before it is allocated; depth is at most kDeepestStanza whatever the limits
// say. Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/wire/form.h"
#include "harness/xml/tree.h"

namespace parley::wire {

inline constexpr std::size_t kDeepestStanza = 512;  // trees are walked recursively
inline constexpr std::size_t kMaxOddities = 1000;   // recorded for one stanza

struct BinaryLimits {
  std::size_t max_octets = 4 * 1024 * 1024;        // of the body, after inflating
  std::size_t max_depth = 64;                      // nodes open at once
  std::size_t max_nodes = 10'000;                  //
  std::size_t max_children = 10'000;               // of one node
  std::size_t max_attributes = 64;                 // of one node
  std::size_t max_items = 100'000;                 // names, keys, values and contents
  std::size_t max_string_octets = 1024 * 1024;     // of one string or content
  std::size_t max_text_octets = 16 * 1024 * 1024;  // of all of them: tokens are short on the wire
};

// The string behind tag 245. With `if_present` a key "interop" right after a JID that has none is
// taken for it: the octets cannot tell the two apart.
enum class InteropServer { if_present, always, never };
enum class UnknownToken { refused, shown };  // shown: as "#17", or "#236.4"

struct ReadOptions {
  const Tokens* tokens = nullptr;  // lent
  InteropServer interop_server = InteropServer::if_present;
  UnknownToken unknown_token = UnknownToken::refused;
  BinaryLimits limits{};
};

// What a tolerant reader takes and a strict one may not.
enum class OddityKind {
  compressed,         // no fault in itself
  unknown_flags,      // bits besides 0x02
  trailing_octets,    // after the stanza, or after the deflated octets
  list_size,          // a list that a shorter header would have done for
  literal_length,     // a string that a shorter length would have done for
  masked_bits,        // the upper four bits of a 20-bit length are set
  literal_has_token,  // a name, key or value that the dictionary has
  unknown_token,      // only when they are shown
  packed_filler,      // the half octet that is dropped is not 15
  packed_inside,      // 15 where a character belongs; read as NUL
  packed_empty,       // nothing packed, or nothing of which the last is to be dropped
  packed_long,        // more than 127 characters
  empty_string,       // a value that is the empty list
  not_utf8,           // a name, key or value
  duplicate_key,      // both are in the tree
  interop_server,     // an interop JID by tag 245 with the server string: no fault in itself
  interop_bare,       // by tag 245 without it
  interop_tuple,      // by tag 244
};
std::string_view to_string(OddityKind kind);

struct Oddity {
  OddityKind kind;
  std::size_t offset;
  Place place;

  friend bool operator==(const Oddity&, const Oddity&) = default;
};

struct Decoded {
  xml::Element root;
  // Relative to what encode() does with the same tokens and no other option.
  Encoding encoding;
  std::vector<Oddity> oddities;     // as they were met; the first kMaxOddities
  std::size_t oddities_beyond = 0;  // how many more there were
  std::size_t body_octets = 0;      // behind the flags, after inflating

  bool has(OddityKind kind) const;
};

// Offsets, here and in Decoded, count octets of the input; in a deflated one, of what would have
// been sent without compression (1 is the first octet after the flags). Errors of zlib count in the
// input.
// Errors: truncated, malformed, too_large beyond the limits.
Result<Decoded> decode(std::string_view octets, const ReadOptions& options);

// The tree as the binary form has it: a namespace that differs from the one around becomes an
// attribute `xmlns`, xml:lang an attribute of that name. Error: unsupported for an attribute of any
// other namespace. `around` is the stream's default namespace.
Result<xml::Element> plain_namespaces(const xml::Element& element, std::string_view around = {});

}  // namespace parley::wire
