// SPDX-License-Identifier: GPL-3.0-or-later
// How the values of a stanza are written in the binary form: what a tree of text cannot say. The
// reader gives it beside the tree, the writer takes it beside the tree. Source: observed client
// behaviour. Plain values and pure functions: safe from any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/wire/tokens.h"
#include "harness/xml/tree.h"

namespace parley::wire {

// The octet that begins a value, where it is not a token.
namespace tag {
inline constexpr std::uint8_t list_empty = 0;
inline constexpr std::uint8_t interop_tuple = 244;
inline constexpr std::uint8_t interop_jid = 245;
inline constexpr std::uint8_t fb_jid = 246;
inline constexpr std::uint8_t ad_jid = 247;
inline constexpr std::uint8_t list8 = 248;
inline constexpr std::uint8_t list16 = 249;
inline constexpr std::uint8_t jid_pair = 250;
inline constexpr std::uint8_t hex8 = 251;
inline constexpr std::uint8_t binary8 = 252;
inline constexpr std::uint8_t binary20 = 253;
inline constexpr std::uint8_t binary32 = 254;
inline constexpr std::uint8_t nibble8 = 255;
}  // namespace tag

inline constexpr std::uint8_t kCompressedFlag = 0x02;     // in the octet before the stanza
inline constexpr std::size_t kMaxPackedCharacters = 127;  // that clients write; 254 can be read

enum class FormKind {
  list_empty,      // the octet 0: a list of nothing or, as a string, ""
  list8,           //
  list16,          //
  token,           // one or two octets
  nibble,          // packed: 0-9, '-', '.'; NUL stands for the filler 15
  hex,             // packed: 0-9, A-F
  literal,         // octets after the shortest length that fits (8, 20 or 32 bits)
  literal20,       // a 20-bit length where 8 bits would do
  literal32,       // a 32-bit length where fewer would do
  jid_pair,        // user and server
  ad_jid,          // domain octet, device octet, user
  fb_jid,          // user, device, server `msgr`
  interop_server,  // tag 245 with the server string behind it
  interop_bare,    // tag 245 without it
  interop_tuple,   // tag 244
};
std::string_view to_string(FormKind kind);

struct Form {
  FormKind kind;
  // With `token`: that number whatever the text says; 0 is the number that the dictionary has.
  TokenNumber number = 0;

  friend bool operator==(const Form&, const Form&) = default;
};

enum class Part {
  header,   // the node's own list
  name,     //
  key,      // of an attribute
  value,    // of an attribute
  content,  // octets, a string, or the list of child nodes
};

// One value of a tree.
struct Place {
  std::vector<std::uint32_t> path{};  // child numbers from the root, which is {}
  Part part = Part::header;
  std::uint32_t attribute = 0;  // with `key` and `value`: its number

  friend auto operator<=>(const Place&, const Place&) = default;
};

// "/message/enc[1]/@to": elements by name, with their number among all children where it is not 0.
std::string describe(const Place& place, const xml::Element& root);

// The side value of a tree. Every value without a row is written as `automatic_form` says.
struct Encoding {
  std::map<Place, Form> forms{};
  std::uint8_t flags = 0;  // with kCompressedFlag the rest travels deflated
  Bytes trailing{};        // octets after the stanza

  friend bool operator==(const Encoding&, const Encoding&) = default;
};

enum class InteropJid { with_server, without_server, tuple };
enum class Packing { packed, literal };

// What a writer does by itself.
struct WriteOptions {
  const Tokens* tokens = nullptr;  // lent; without one every string goes literally or packed
  InteropJid interop_jid = InteropJid::with_server;
  Packing packing = Packing::packed;
};

// The form of a string in that part: a token, a JID (attribute values on known servers only),
// packed, else literal. Content is always literal: it is octets, not text.
Form automatic_form(std::string_view text, Part part, const WriteOptions& options);

FormKind automatic_list(std::size_t size);

}  // namespace parley::wire
