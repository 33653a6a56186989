// SPDX-License-Identifier: GPL-3.0-or-later
// Changes applied to one honest message, on the layer that they name.
#pragma once

#include "harness/engine/expression.h"
#include "harness/model/model.h"
#include "harness/xml/tree.h"

namespace parley::engine {

// Errors: not_found when a path leads nowhere; malformed for XML to add; whatever evaluate() says.
Result<void> edit_stanza(xml::Element& element, const model::StanzaEdit& edit, const Scope& scope,
                         std::string_view content_ns);

// Errors: not_found when what is to be found is not there; whatever evaluate() and unescape() say.
Result<Bytes> edit_bytes(Bytes octets, const model::BytesEdit& edit, const Scope& scope);

}  // namespace parley::engine
