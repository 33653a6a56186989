// SPDX-License-Identifier: GPL-3.0-or-later
// Changes applied to one honest message, on the layer that they name.
#pragma once

#include "harness/engine/channel.h"
#include "harness/engine/expression.h"
#include "harness/model/model.h"
#include "harness/xml/tree.h"

namespace parley::engine {

// Errors: not_found when a path leads nowhere; malformed or truncated for XML to add; whatever
// evaluate() says.
Result<void> edit_stanza(xml::Element& element, const model::StanzaEdit& edit, const Scope& scope,
                         std::string_view content_ns);

// Errors: not_found when what is to be found is not there; whatever evaluate() and unescape() say.
Result<Bytes> edit_bytes(Bytes octets, const model::BytesEdit& edit, const Scope& scope);

// What `change` does to the message of its step. It borrows both; a change of the flow, the stream
// or the connection does nothing to the message.
Edits edits_of(const model::Change& change, const Scope& scope, std::string_view content_ns);

}  // namespace parley::engine
