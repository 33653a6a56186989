// SPDX-License-Identifier: GPL-3.0-or-later
// What a user's client keeps from one connection to the next: of its encrypted conversations, and
// the way by which its files go. Plain data of one io_context thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/reference/file_transfer.h"
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
  KeptLinkKeys link_keys{};           // of files that it has shared
  std::shared_ptr<FileLine> line = std::make_shared<FileLine>();
};

}  // namespace parley::reference::omemo
