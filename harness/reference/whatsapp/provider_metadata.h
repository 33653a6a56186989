// SPDX-License-Identifier: GPL-3.0-or-later
// What a third party's service says of itself: an OpenID provider's metadata, of which a gatekeeper
// needs the place of the keys. Source: OpenID Connect Discovery 1.0 sections 3, 4.2 and 4.3;
// IDP-024. Pure functions.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "harness/net/http_url.h"
#include "harness/reference/faults.h"

namespace parley::reference::whatsapp {

// Why there are no keys.
enum class Outage {
  refused,      // by what a gatekeeper never does: an address, a redirect, another's metadata
  unreachable,  // nobody there, or nobody who shows the right certificate
  silent,       // too slow
  status,       // an answer that is none
  media_type,
  unreadable,  // no HTTP, no JSON, no key set, or too much of it
  empty,       // a set that lists nothing
};

// Without the slash at its end.
std::string without_slash(std::string text);

// Where the metadata say that the keys are of `issuer`, as it was registered, at `place`.
// `metadata` may be any octets. Errors: unreadable for what does not say it; refused for another's
// metadata, and for a place that is not https or not of the issuer's origin.
std::expected<net::HttpUrl, Outage> key_set_place(std::string_view metadata,
                                                  const std::string& issuer,
                                                  const net::HttpUrl& place,
                                                  const FaultSet& faults);

}  // namespace parley::reference::whatsapp
