// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/owed.h"

#include <algorithm>
#include <iterator>

namespace parley::engine {

std::vector<xml::Element> owed(const Tracker& tracker, const std::string& link,
                               const Manners& manners, const PeerView& view) {
  std::vector<xml::Element> out;
  if (!manners.settle) {
    return out;
  }
  // What an earlier connection left open comes again, or nobody waits for it any more.
  const auto here = [&](const auto& one) {
    return one.link == link && one.connection == tracker.connection(link);
  };
  std::vector<const xml::Element*> said;
  for (const auto& one : tracker.sent()) {
    if (here(one)) {
      said.push_back(&one.element);
    }
  }
  for (const auto& seen : tracker.seen()) {
    const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
    if (stanza != nullptr && here(seen) && !seen.step.empty()) {
      auto more = manners.settle(stanza->element, said, view);
      std::ranges::move(more, std::back_inserter(out));
    }
  }
  return out;
}

}  // namespace parley::engine
