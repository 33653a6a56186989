// SPDX-License-Identifier: GPL-3.0-or-later
// The strict streaming reader of XMPP streams: expat with namespaces, and RFC 6120 section 11 on
// top. Refused: DTDs, entities but the five, comments, processing instructions, invalid UTF-8, a
// byte order mark, another encoding, unbound prefixes, text between stanzas, and whatever exceeds
// Limits. Any segmentation of the octets gives the same items. One reader a stream; not thread
// safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/xml/tree.h"

namespace parley::xml {

struct Limits {
  std::size_t max_stanza_octets = 256 * 1024;  // RFC 6120 section 13.12 asks for at least 10000
  std::size_t max_depth = 64;                  // elements open at once, the stream header included
  std::size_t max_attributes = 64;             // on one element
  std::size_t max_elements = 10'000;           // in one stanza
};

// The stream header: `element` has its attributes and no children; `content_ns` is the default
// namespace that it declares.
struct StreamOpened {
  Element element;
  std::string content_ns;
};
// One whole first-level child, with the octets it came in.
struct Stanza {
  Element element;
  Bytes raw;
};
struct StreamClosed {};
// The stream cannot go on. `condition` is a stream error condition of RFC 6120 section 4.9.3;
// `offset` counts octets from the start of the stream.
struct Refused {
  std::string condition;
  std::string detail;
  std::size_t offset;
  // Our limits, not XML's.
  bool beyond_limits() const { return condition == "policy-violation"; }
};
using Item = std::variant<StreamOpened, Stanza, StreamClosed, Refused>;

class StreamReader {
 public:
  explicit StreamReader(Limits limits = {});
  StreamReader(StreamReader&&) noexcept;
  StreamReader& operator=(StreamReader&&) noexcept;
  ~StreamReader();

  // Takes the next octets and returns what became complete. After Refused or StreamClosed nothing
  // more is returned until restart().
  std::vector<Item> feed(std::string_view octets);

  // A new stream begins on the same connection (RFC 6120 section 4.3.3).
  void restart();

  // True between a stanza's first octet and its last, as far as octets were fed.
  bool inside_stanza() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace parley::xml
