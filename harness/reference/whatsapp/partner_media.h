// SPDX-License-Identifier: GPL-3.0-or-later
// The media that the reference third party's server hosts: what its users' clients have encrypted,
// each file at a path that nobody guesses, for the gatekeeper's proxy to fetch. Sources: Meta
// engineering post of 2024-03-06, as reported; RFC 9110 sections 9.3 and 14; MED-007, MED-011,
// MED-016. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/rng.h"
#include "harness/net/http_server.h"
#include "harness/reference/faults.h"

namespace parley::reference::whatsapp {

inline constexpr std::string_view kMediaFolder = "/media/";
// Of what is kept; the oldest goes first.
inline constexpr std::size_t kMostMediaFiles = 10'000;
inline constexpr std::size_t kMostMediaOctets = 64 * 1024 * 1024;

class PartnerMedia {
 public:
  explicit PartnerMedia(Rng rng) : rng_(std::move(rng)) {}

  static bool is_media(std::string_view path) {
    return path.starts_with(kMediaFolder) ||
           path == kMediaFolder.substr(0, kMediaFolder.size() - 1);
  }
  // The path of the file from now on, which is so often those octets.
  std::string host(Bytes file, const FaultSet& faults, std::uint64_t times = 1);
  // To a request for something in the folder.
  net::HttpAnswer answer(const wire::HttpMessage& request, const FaultSet& faults);

 private:
  struct Hosted {
    Bytes octets;
    std::uint64_t times = 1;  // one after the other
  };
  using Files = std::map<std::string, Hosted, std::less<>>;

  Files::iterator find(std::string_view path, const FaultSet& faults);
  net::HttpAnswer change(std::string_view method, Files::iterator file, const Bytes& body,
                         const FaultSet& faults);

  Rng rng_;
  Files files_;  // by path
  std::vector<std::string> order_;
  std::size_t octets_ = 0;  // uploaded and kept
};

}  // namespace parley::reference::whatsapp
