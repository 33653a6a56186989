// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/parties/registry.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "harness/parties/whatsapp.h"
#include "harness/parties/xmpp.h"

namespace parley::parties {
namespace {

struct Row {
  std::string_view profile;
  engine::Manners (*make)();
};
constexpr std::array kRows{
    Row{"messenger", whatsapp_manners},  // the same stanzas
    Row{"whatsapp", whatsapp_manners},
    Row{"xmpp", xmpp_manners},
};

}  // namespace

engine::Manners manners_for(const std::string& profile) {
  const auto row = std::ranges::find(kRows, profile, &Row::profile);
  if (row != kRows.end()) {
    return row->make();
  }
  return {.respond = [](const xml::Element&, const engine::PeerView&) {
    return std::vector<xml::Element>();
  }};
}

}  // namespace parley::parties
