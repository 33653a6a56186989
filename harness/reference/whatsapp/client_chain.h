// SPDX-License-Identifier: GPL-3.0-or-later
// How the reference client judges the certificate chain of a ServerHello. Source: TRN-010, TRN-011.
// Pure functions: no I/O, no clock; safe from any thread.
#pragma once

#include <string_view>

#include "harness/crypto/noise/certificate_chain.h"
#include "harness/reference/faults.h"

namespace parley::reference::whatsapp {

// Each check is left out under its fault.
// Errors: not_found for what is missing, bad_signature, malformed, refused for a broken link, a
// foreign key or a time outside the validity.
Result<void> check_chain(std::string_view octets, const crypto::noise::ChainExpectation& expected,
                         const FaultSet& faults);

}  // namespace parley::reference::whatsapp
