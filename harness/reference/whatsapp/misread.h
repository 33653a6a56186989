// SPDX-License-Identifier: GPL-3.0-or-later
// What a careless HTTP server takes a request's octets for, where its framing says two things (RFC
// 9112 sections 6.1, 6.3 and 9.6), written out as a strict one would have to be told. Looks at
// octets that begin with a request's whole head. Pure functions.
#pragma once

#include <functional>

#include "harness/base/encoding.h"
#include "harness/reference/faults.h"

namespace parley::reference::whatsapp {

// The faults of one kind of server.
struct Misreads {
  Fault length_alone;
  Fault encoding_alone;
  Fault first_length;
  Fault last_length;
  Fault goes_on;
};
inline constexpr Misreads kGatekeeperMisreads{
    Fault::wg_http_length_alone, Fault::wg_http_encoding_alone, Fault::wg_http_first_length,
    Fault::wg_http_last_length, Fault::wg_http_goes_on};
inline constexpr Misreads kPartnerMisreads{
    Fault::wp_http_length_alone, Fault::wp_http_encoding_alone, Fault::wp_http_first_length,
    Fault::wp_http_last_length, Fault::wp_http_goes_on};

// Null without such a fault.
std::function<Bytes(Bytes)> misread_under(const FaultSet& faults, const Misreads& misreads);

}  // namespace parley::reference::whatsapp
