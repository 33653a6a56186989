// SPDX-License-Identifier: GPL-3.0-or-later
// How one server proves to the other over HTTP that it is who may call: by a signature (RFC 9421,
// hmac-sha256), by a bearer secret (RFC 6750 section 2.1) or by the certificate that it shows in
// the TLS handshake (mutual TLS), as the element <proof/> of a request's tree says:
//   <proof by='signature' key='HEX' keyid='…' created='…' nonce='…' alg='…' expires='…'
//     covered='@method @path content-digest'/>
// In a request to be sent it turns into header fields, by a certificate into none; beside those of
// a request that came it says what they prove, `state` being "valid" or what is wrong. Pure
// functions of their arguments.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "harness/engine/expression.h"
#include "harness/model/model.h"
#include "harness/wire/http_message.h"
#include "harness/xml/tree.h"

namespace parley::engine {

inline constexpr std::string_view kProof = "proof";

// By what the profile has it that callers prove themselves: its `server-authentication`, by a
// signature where it says nothing.
std::string caller_proof(const model::Profile& profile);
// Whether that is a certificate.
bool knows_callers_by_certificate(const model::Profile& profile);

// Header fields in place of the element; a request without one is left alone.
// Errors: malformed for a proof that nobody could make.
Result<void> make_proof(xml::Element& request);

// What a handshake on `link` has shown, the data of its event: for the requests that come over it.
void note_certificate(const std::string& link, const nlohmann::json& shown, Scope& scope);

// A request that came over `link`.
struct ReceivedCall {
  const std::string& link;
  const wire::HttpMessage& message;
};
// Adds the element to the tree of a request that came. Where the client was asked for a certificate
// that is what proves it, and its name the scope's value `partner.client-name`, if that is known.
// Else `partner.secret` is the key, and `noise.now` the time at which the run began; without a key
// nothing is added.
void read_proof(xml::Element& tree, const ReceivedCall& call, const Scope& scope);

}  // namespace parley::engine
