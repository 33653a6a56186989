// SPDX-License-Identifier: GPL-3.0-or-later
// The link by which a client shares a file: https as it is, or, in an encrypted message, aesgcm,
// whose anchor says how the file is encrypted. Source: XEP-0454 version 0.1.0, "The AESGCM URI
// scheme", "Business Rules"; XEP-0066 section 3. Pure functions but for what `rng` draws.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/base/secret_bytes.h"
#include "harness/net/http_url.h"
#include "harness/reference/faults.h"

namespace parley::reference {

struct LinkKey {
  Bytes iv;
  SecretBytes key;
};

struct SharedLink {
  net::HttpUrl place;
  std::optional<LinkKey> key;  // null: the file lies there as it is
};

// What a careless client draws once.
struct KeptLinkKeys {
  std::optional<LinkKey> first{};
};

LinkKey make_link_key(Rng& rng, KeptLinkKeys& kept, const FaultSet& faults);
// What is uploaded.
Result<Bytes> seal_file(const LinkKey& key, std::string_view file, const FaultSet& faults);
// Errors: bad_signature, truncated.
Result<Bytes> open_file(const LinkKey& key, std::string_view octets, const FaultSet& faults);

// Null for a URL that goes in the clear.
std::optional<std::string> aesgcm_link(const std::string& get, const LinkKey& key,
                                       const FaultSet& faults);
// Of all that an encrypted message says. Null: it shares no file.
std::optional<SharedLink> read_aesgcm_link(std::string_view text, const FaultSet& faults);
// Of a message in the clear with that <x xmlns='jabber:x:oob'>'s url, null without one.
std::optional<SharedLink> read_oob_link(const std::string& body, const std::string* url,
                                        const FaultSet& faults);

// The name by which such a file is kept: one component, without what misleads.
std::string kept_name(const net::HttpUrl& place, const FaultSet& faults);

}  // namespace parley::reference
