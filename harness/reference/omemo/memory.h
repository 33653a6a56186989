// SPDX-License-Identifier: GPL-3.0-or-later
// What a user's client keeps of its encrypted conversations from one connection to the next. Plain
// data of one io_context thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/reference/omemo/device.h"

namespace parley::reference::omemo {

// A message that cannot go out yet.
struct Waiting {
  std::string to;
  std::string id;
  std::string text;
};

struct Peer {
  std::optional<std::vector<std::uint32_t>> devices;  // null: not known
  bool list_asked = false;
  std::set<std::uint32_t> asked;    // whose bundles are under way
  std::set<std::uint32_t> refused;  // whose bundles cannot be used, for the messages that wait
  std::deque<Waiting> waiting;
};

struct Memory {
  std::unique_ptr<Device> device;     // null before the first encrypted connection
  std::map<std::string, Peer> peers;  // by bare address
};

}  // namespace parley::reference::omemo
