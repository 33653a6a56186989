// SPDX-License-Identifier: GPL-3.0-or-later
// How one server proves to the other over HTTP that it is who may call: by a signature (RFC 9421,
// hmac-sha256) or by a bearer secret (RFC 6750 section 2.1), as the element <proof/> of a request's
// tree says:
//   <proof by='signature' key='HEX' keyid='…' created='…' nonce='…' alg='…' expires='…'
//     covered='@method @path content-digest'/>
// In a request to be sent it turns into header fields; beside those of a request that came it says
// what they prove, `state` being "valid" or what is wrong. Pure functions of their arguments.
#pragma once

#include <string_view>

#include "harness/engine/expression.h"
#include "harness/wire/http_message.h"
#include "harness/xml/tree.h"

namespace parley::engine {

inline constexpr std::string_view kProof = "proof";

// Header fields in place of the element; a request without one is left alone.
// Errors: malformed for a proof that nobody could make.
Result<void> make_proof(xml::Element& request);

// Adds the element to the tree of a request that came. The scope's value `partner.secret` is the
// key, and `noise.now` the time at which the run began; without a key nothing is added.
void read_proof(xml::Element& tree, const wire::HttpMessage& request, const Scope& scope);

}  // namespace parley::engine
