// SPDX-License-Identifier: GPL-3.0-or-later
// How a client puts a file where its slot says, and gets one from where a link leads: over verified
// HTTPS, without a redirect, in bounded memory and time. Sources: XEP-0363 version 1.2.0, "Upload";
// XEP-0454; RFC 9110. One io_context thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "harness/net/http_client.h"
#include "harness/reference/faults.h"
#include "harness/reference/shared_link.h"
#include "harness/reference/upload_slot.h"

namespace parley::reference {

namespace asio = boost::asio;

// A connection each, to addresses of this machine.
struct FileLine {
  net::TlsContexts contexts{};
  std::unique_ptr<net::HttpClient> client = net::HttpClient::make(contexts, net::loopback_route, 0);
};

struct PutTask {
  std::shared_ptr<FileLine> line;
  Slot slot;
  Bytes octets;
  std::string content_type;
  std::string ca_pem;
  FaultSet faults;
};
// Whether it lies there now.
asio::awaitable<bool> put_file(PutTask task);

struct GetTask {
  std::shared_ptr<FileLine> line;
  SharedLink link;
  std::string ca_pem;
  FaultSet faults;
};
struct GotFile {
  Bytes octets;  // as its user has it
  std::string content_type;
};
// Null: it cannot be had, or is not what the link says.
asio::awaitable<std::optional<GotFile>> get_file(GetTask task);

}  // namespace parley::reference
