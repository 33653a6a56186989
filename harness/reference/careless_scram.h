// SPDX-License-Identifier: GPL-3.0-or-later
// SCRAM-SHA-256 as a server reads it that checks the proof and compares nothing else. Source: RFC
// 5802 section 3. Pure.
#pragma once

#include <string>
#include <string_view>

#include "harness/crypto/scram.h"

namespace parley::reference {

// "v=…" when the proof in `client_final` is right over what that message says, whatever its nonce
// and its channel binding are; empty when it is not. `first_bare` is the client's first message
// without its gs2-header.
std::string scram_answer_to_proof(const crypto::ScramCredentials& credentials,
                                  std::string_view first_bare, std::string_view server_first,
                                  std::string_view client_final);

}  // namespace parley::reference
