// SPDX-License-Identifier: GPL-3.0-or-later
// The keys of a map of names, in its order, for a complaint of one that it does not have.
#pragma once

#include <string>
#include <vector>

namespace parley::model {

template <class Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> out;
  for (const auto& [key, value] : map) {
    out.push_back(key);
  }
  return out;
}

}  // namespace parley::model
