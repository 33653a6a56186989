// SPDX-License-Identifier: GPL-3.0-or-later
// SASL PLAIN (RFC 4616) and SCRAM-SHA-256 without channel binding (RFC 5802, RFC 7677): the
// messages as pure functions of what both sides said. User names are prepared by the caller;
// ',' and '=' in them are escaped here (RFC 5802 section 5.1).
#pragma once

#include <string>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"

namespace parley::crypto {

// RFC 4616: [authzid] NUL authcid NUL password.
std::string sasl_plain(std::string_view authzid, std::string_view user, std::string_view password);

// What a server keeps of a password (RFC 5802 section 3).
struct ScramCredentials {
  Bytes salt;
  int iterations = 4096;
  Bytes stored_key;
  Bytes server_key;
};
// Results are cached by all arguments within a thread: PBKDF2 costs a millisecond.
ScramCredentials scram_credentials(std::string_view password, std::string_view salt,
                                   int iterations);

std::string scram_client_first(std::string_view user,
                               std::string_view client_nonce);  // "n,,n=…,r=…"
// Errors: malformed when `client_first` is not a client-first-message.
Result<std::string> scram_server_first(std::string_view client_first, std::string_view server_nonce,
                                       std::string_view salt, int iterations);
Result<std::string> scram_client_final(std::string_view password, std::string_view client_first,
                                       std::string_view server_first);
// What a client-final-message claims in place of what it must: the proof is right for the claim, so
// that only a server which compares the two notices.
struct ScramClaim {
  std::string_view nonce;            // empty: the server's own
  std::string_view channel_binding;  // empty: the gs2-header of the first message
};
Result<std::string> scram_client_final(std::string_view password, std::string_view client_first,
                                       std::string_view server_first, const ScramClaim& claim);
// The server's "v=…" for an exchange that was right.
// Errors: malformed; bad_signature when the proof or the nonce in `client_final` is wrong.
Result<std::string> scram_server_final(const ScramCredentials& credentials,
                                       std::string_view client_first, std::string_view server_first,
                                       std::string_view client_final);
// What the server that knows the password would say to an honest client: "v=…".
Result<std::string> scram_signature(std::string_view password, std::string_view client_first,
                                    std::string_view server_first);
// Whether "v=…" is what the server that knows the password would say.
bool scram_server_final_is_right(std::string_view password, std::string_view client_first,
                                 std::string_view server_first, std::string_view server_final);
// The user name inside a client-first-message, unescaped. Errors: malformed.
Result<std::string> scram_user(std::string_view client_first);

}  // namespace parley::crypto
