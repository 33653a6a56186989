// SPDX-License-Identifier: GPL-3.0-or-later
// Any split of the octets gives the same: the oracle of whatever reads a stream.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::fuzz {

// A reader that is made anew, fed the pieces in order, and shown as one line an item.
using ReadPieces = std::function<std::vector<std::string>(const std::vector<std::string_view>&)>;

// Where `octets` can be cut in two with another result than uncut; octets.size() when it is feeding
// them one by one; null when all is the same. `most` places are tried, evenly; 0 is all of them.
inline std::optional<std::size_t> differing_split(std::string_view octets, const ReadPieces& read,
                                                  std::size_t most = 0) {
  const auto whole = read({octets});
  std::vector<std::string_view> single;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    single.push_back(octets.substr(i, 1));
  }
  if (read(single) != whole) {
    return octets.size();
  }
  const std::size_t step = most == 0 ? 1 : std::max<std::size_t>(1, octets.size() / most);
  for (std::size_t at = 1; at < octets.size(); at += step) {
    if (read({octets.substr(0, at), octets.substr(at)}) != whole) {
      return at;
    }
  }
  return std::nullopt;
}

}  // namespace parley::fuzz
