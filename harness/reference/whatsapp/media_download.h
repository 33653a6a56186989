// SPDX-License-Identifier: GPL-3.0-or-later
// How a client gets a file that a message announces: over verified HTTPS, from the hosts that it
// knows and no other, within the length that is announced, in memory that does not grow with it; it
// is had once all that is said of it has been proven. Sources: MED-001 to MED-004, MED-010, MED-014
// to MED-016, MED-018. One io_context thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/media_access.h"
#include "harness/reference/whatsapp/media_line.h"

namespace parley::reference::whatsapp {

// A file as its user has it: a stand-in keeps its hash alone.
struct HadFile {
  std::uint64_t length = 0;
  Bytes sha256;
};
// An error says why there is none, in English.
using FileOutcome = std::expected<HadFile, std::string>;

// Ends within bounds, whatever the host does.
asio::awaitable<FileOutcome> download_file(std::shared_ptr<MediaLine> line, MediaAccess access,
                                           wire::MediaMessage message, FaultSet faults);

}  // namespace parley::reference::whatsapp
