// SPDX-License-Identifier: GPL-3.0-or-later
// How a gatekeeper gets the keys of a third party's service: the provider's metadata from its
// issuer's well-known place, and from there its key set, over verified HTTPS and within bounds.
// Sources: OpenID Connect Discovery 1.0 sections 3, 4 and 7; RFC 7517 section 5; RFC 9325; IDP-023,
// IDP-024, IDP-027, IDP-029. One thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <expected>
#include <string>
#include <vector>

#include "harness/crypto/jose/key.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/provider_metadata.h"

namespace parley::reference::whatsapp {

namespace asio = boost::asio;

struct KeySource {
  std::string issuer;  // as it was registered; its tokens say the same, byte for byte
  std::string ca_pem;  // of its HTTPS
};

struct FetchBounds {
  std::chrono::milliseconds patience{6'000};       // for all of it
  std::chrono::milliseconds idle_patience{5'000};  // for the next octet
};

using FetchedKeys = std::expected<std::vector<crypto::jose::PublicKey>, Outage>;

// Ends within the bounds, whatever the service does.
asio::awaitable<FetchedKeys> fetch_keys(KeySource source, FetchBounds bounds, FaultSet faults);

}  // namespace parley::reference::whatsapp
