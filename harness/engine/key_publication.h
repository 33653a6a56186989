// SPDX-License-Identifier: GPL-3.0-or-later
// Keys for encryption as stanzas carry them: what a client publishes and what a server hands out.
// Source: observed (whatsmeow prekeys.go). Keys are 32 raw octets, their ids 3 octets and the
// registration 4, most significant first; the signature is XEdDSA over the key's 33 octets. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/crypto/signal/types.h"
#include "harness/xml/tree.h"

namespace parley::engine {

// What one upload says.
struct Publication {
  crypto::signal::PrekeyBundle bundle;  // without a one-time prekey
  std::vector<crypto::signal::OfferedPrekey> one_time;
};

// Whether the stanza is a request that keys be kept, or one for others' keys.
bool is_key_upload(const xml::Element& stanza);
bool is_key_request(const xml::Element& stanza);

// Errors: malformed for what is not there or has another length; bad_signature.
Result<Publication> read_publication(const xml::Element& upload);
// What a server hands out of one user's keys: <user/> of its answer. Errors: likewise.
Result<crypto::signal::PrekeyBundle> read_bundle(const xml::Element& user);

// Keys as they stand in an upload or in what is handed out, whatever their lengths; empty for what
// is not there.
struct StatedKey {
  Bytes id;
  Bytes key;

  friend bool operator==(const StatedKey&, const StatedKey&) = default;
};
struct StatedKeys {
  Bytes registration;
  Bytes kind;
  Bytes identity;
  StatedKey signed_prekey;
  Bytes signature;

  friend bool operator==(const StatedKeys&, const StatedKeys&) = default;
};
StatedKeys stated_keys(const xml::Element& holder);
// Of <key/>, and of all in an upload's <list/>.
StatedKey stated_key(const xml::Element& key);
std::vector<StatedKey> stated_one_time(const xml::Element& upload);

std::string registration_octets(crypto::signal::RegistrationId id);
// Makes `upload` say these keys; `lasting` may have a one-time prekey, which is not among them.
void write_publication(xml::Element& upload, const crypto::signal::PrekeyBundle& lasting,
                       std::span<const crypto::signal::OfferedPrekey> one_time);
// <user jid><registration/><type/><identity/>[<key/>]<skey/></user>, of any lengths.
xml::Element bundle_element(const std::string& jid, const crypto::signal::PrekeyBundle& bundle);

}  // namespace parley::engine
