// SPDX-License-Identifier: GPL-3.0-or-later
// Payloads that must not be believed, though the Signal message that carries their key is honest;
// each row names its clause. Sources: XEP-0384 version 0.3.0; NIST SP 800-38D. A forgery is data: a
// case's change names it. Pure functions: the same input, the same octets.
#pragma once

#include <span>
#include <string_view>

#include "harness/crypto/omemo/payload.h"

namespace parley::crypto::omemo {

struct PayloadForgery {
  std::string_view name;  // "payload-tag-zeros", as a case writes it
  std::string_view clause;
  std::string_view explanation;  // what is forged and what it plays on
  Result<Payload> (*make)(const Payload& honest, std::string_view plaintext, Rng& rng);
};

std::span<const PayloadForgery> payload_forgeries();
const PayloadForgery* find_payload_forgery(std::string_view name);  // null: no such

}  // namespace parley::crypto::omemo
