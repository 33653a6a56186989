// SPDX-License-Identifier: GPL-3.0-or-later
// How a client gets a file that a message announces: over verified HTTPS, from the hosts that it
// knows and no other, within the length that is announced, in memory that does not grow with it; it
// is had once all that is said of it has been proven. Sources: MED-001 to MED-004, MED-010, MED-014
// to MED-016, MED-018. One io_context thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/media_access.h"
#include "harness/reference/whatsapp/media_arrival.h"
#include "harness/reference/whatsapp/media_line.h"

namespace parley::reference::whatsapp {

struct DownloadTask {
  std::shared_ptr<MediaLine> line;
  MediaAccess access;
  wire::MediaMessage message;
  FaultSet faults;
};
// Ends within bounds, whatever the host does.
asio::awaitable<FileOutcome> download_file(DownloadTask task);

}  // namespace parley::reference::whatsapp
