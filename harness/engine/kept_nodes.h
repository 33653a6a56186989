// SPDX-License-Identifier: GPL-3.0-or-later
// How much of what came a run keeps: trees, which small elements swell far beyond their octets.
#pragma once

#include <variant>
#include <vector>

#include "harness/engine/tracker.h"

namespace parley::engine {

class KeptNodes {
 public:
  // `seen` only grows from call to call.
  bool too_many(const std::vector<Seen>& seen) {
    for (; weighed_ < seen.size(); ++weighed_) {
      const auto* stanza = std::get_if<xml::Stanza>(&seen[weighed_].item);
      nodes_ += kItemNodes + (stanza == nullptr ? 0 : nodes_of(stanza->element));
    }
    return nodes_ > kMaxNodes;
  }

 private:
  // Elements and attributes of a tree; the reader bounds its depth.
  static std::size_t nodes_of(const xml::Element& element) {
    std::size_t out = 1 + element.attributes.size();
    for (const auto* child : element.elements()) {
      out += nodes_of(*child);
    }
    return out;
  }

  static constexpr std::size_t kMaxNodes = 200'000;  // of one run
  static constexpr std::size_t kItemNodes = 10;      // what an item takes beside its tree

  std::size_t weighed_ = 0;  // items that nodes_ counts
  std::size_t nodes_ = 0;
};

}  // namespace parley::engine
