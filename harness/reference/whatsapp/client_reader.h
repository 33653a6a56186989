// SPDX-License-Identifier: GPL-3.0-or-later
// From a transport message's plaintext to a stanza, as strict as STZ-001 to STZ-012 ask or, under a
// fault, less so. Pure functions: safe from any thread.
#pragma once

#include <string_view>

#include "harness/base/result.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/dialect.h"
#include "harness/xml/tree.h"

namespace parley::reference::whatsapp {

// Errors: truncated, malformed, too_large; such a message is never acted on. `tokens` may be null.
Result<xml::Element> read_stanza(std::string_view plaintext, const FaultSet& faults,
                                 const wire::Tokens* tokens = nullptr);

// Whether `text` is a user's address that a client may show and answer (STZ-012): on `interop`
// `<integrator 1-999>-<digits>[:<device>]`, on the dialect's native server `<digits>[:<device>]`;
// elsewhere any user of a server that the wire form knows, but for the other dialect's native one.
bool is_user_jid(std::string_view text, const Dialect& dialect = kWhatsAppDialect);

}  // namespace parley::reference::whatsapp
