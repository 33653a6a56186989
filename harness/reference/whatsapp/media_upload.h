// SPDX-License-Identifier: GPL-3.0-or-later
// How a client sends a file: encrypted under a key drawn for it alone, to its own third party's
// server over verified HTTPS, in memory that does not grow with it. Sources: MED-001, MED-002,
// MED-005, MED-006, MED-012, MED-013. One io_context thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <map>
#include <memory>
#include <string>

#include "harness/base/rng.h"
#include "harness/base/secret_bytes.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/media_access.h"
#include "harness/reference/whatsapp/media_line.h"

namespace parley::reference::whatsapp {

// What the message says of the file that lies there now. An error is the condition that the user is
// told.
using UploadOutcome = std::expected<wire::MediaMessage, std::string>;

// The media keys that a careless client uses again, by what for.
using KeptKeys = std::map<Bytes, SecretBytes>;

struct UploadTask {
  std::shared_ptr<MediaLine> line;
  MediaAccess access;
  OutgoingFile file;
  Rng rng;
  FaultSet faults;
  std::shared_ptr<KeptKeys> kept;
};
asio::awaitable<UploadOutcome> upload_file(UploadTask task);

}  // namespace parley::reference::whatsapp
