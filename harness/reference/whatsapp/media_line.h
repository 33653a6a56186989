// SPDX-License-Identifier: GPL-3.0-or-later
// The way by which a client's media go and come: HTTPS to addresses of this machine, a connection
// each. One io_context thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "harness/net/http_client.h"

namespace parley::reference::whatsapp {

namespace asio = boost::asio;

inline constexpr std::chrono::milliseconds kMediaIdlePatience{4'000};
// For all of a transfer of so many octets: MED-018.
inline std::chrono::milliseconds media_patience(std::uint64_t octets) {
  constexpr std::uint64_t kOctetsASecond = 512 * 1024;
  return std::chrono::seconds(10 + octets / kOctetsASecond);
}

struct MediaLine {
  net::TlsContexts contexts{};
  std::unique_ptr<net::HttpClient> client = net::HttpClient::make(contexts, net::loopback_route, 0);
};

}  // namespace parley::reference::whatsapp
