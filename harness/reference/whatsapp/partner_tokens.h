// SPDX-License-Identifier: GPL-3.0-or-later
// The tokens by which the reference third party's service vouches for its users (RFC 7519; IDP-001,
// IDP-011 to IDP-017). One thread.
#pragma once

#include <optional>
#include <string>

#include "harness/base/rng.h"
#include "harness/reference/whatsapp/partner_keys.h"

namespace parley::reference::whatsapp {

struct TokenWanted {
  std::string subject;
  std::string issuer;
  std::string audience;
  std::optional<crypto::jose::Algorithm> algorithm{};  // none: that of the key that signs by itself
};

// Five minutes long from now on. Errors: unsupported for an algorithm without a key; io.
Result<std::string> service_token(const TokenWanted& wanted, const ServiceKeys& keys,
                                  const FaultSet& faults, Rng& rng);

}  // namespace parley::reference::whatsapp
