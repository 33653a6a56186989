// SPDX-License-Identifier: GPL-3.0-or-later
// Noise handshake messages and what they carry as trees, so that forms, changes and reports serve
// them like stanzas. Keys and ciphertexts are hex. Source: observed client behaviour. Pure.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/crypto/noise/certificate_authority.h"
#include "harness/crypto/noise/handshake_message.h"
#include "harness/wire/client_payload.h"
#include "harness/xml/tree.h"

namespace parley::engine {

// <client-hello ephemeral= static= payload= use-extended= pq-mode= extended-ephemeral=/>,
// <server-hello ephemeral= static= payload=/> or <client-finish static= payload=/>; a field that
// the message does not have is no attribute, what the schema does not know is a child <field
// number= varint=|octets=/>. Of several messages in one the first counts.
xml::Element tree_of(const crypto::noise::HandshakeMessage& message);
// Errors: malformed for another name, hex that is none, a number that is none.
Result<crypto::noise::HandshakeMessage> message_of(const xml::Element& tree);
bool is_handshake_message(std::string_view name);

// <payload username= passive= push-name= connect-type= connect-reason= device= product= fb-cat=>
// <interop-data account-id= token= read-receipts=/></payload>. Octets that are no text are hex
// after "hex:".
xml::Element tree_of(const wire::ClientPayload& payload);
// Errors as message_of().
Result<wire::ClientPayload> payload_of(const xml::Element& tree);

// "valid", "leaf-expired", …; anything else is not_found with the nearest.
Result<crypto::noise::ChainKind> chain_kind(std::string_view name);

}  // namespace parley::engine
