// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/parties/registry.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "harness/parties/xmpp.h"

namespace parley::parties {
namespace {

struct Row {
  std::string_view profile;
  engine::Responder (*make)();
};
constexpr std::array kRows{
    Row{"xmpp", xmpp_responder},
};

}  // namespace

engine::Responder responder_for(const std::string& profile) {
  const auto row = std::ranges::find(kRows, profile, &Row::profile);
  if (row != kRows.end()) {
    return row->make();
  }
  return [](const xml::Element&, const engine::PeerView&) { return std::vector<xml::Element>(); };
}

}  // namespace parley::parties
