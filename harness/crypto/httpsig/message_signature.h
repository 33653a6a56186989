// SPDX-License-Identifier: GPL-3.0-or-later
// HTTP requests signed with a shared secret: RFC 9421 with hmac-sha256 (section 3.3.3), over fields
// and the derived components of section 2.2 that a request has, and the digest of the content that
// stands among the fields (RFC 9530, sha-256). Not there: components with parameters, of responses,
// @query-param. A replayed request is the caller's to find: it remembers the nonce for the window.
// Time comes in; sizes are octets. Pure functions: safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/secret_bytes.h"

namespace parley::crypto::httpsig {

inline constexpr std::string_view kAlgorithm = "hmac-sha256";

// What of a request can be covered.
struct SignedField {
  std::string name;  // in whatever case
  std::string value;
};
struct SignedRequest {
  std::string method;
  std::string scheme = "https";
  std::string authority;  // as Host has it
  std::string target;     // path and query
  std::vector<SignedField> fields{};
  Bytes body{};
};

// "sha-256=:…:", as Content-Digest has it.
std::string content_digest(std::string_view body);

struct SignatureParameters {
  std::vector<std::string> components{};  // "@method", "content-digest", in order
  std::optional<std::int64_t> created{};  // seconds since 1970
  std::optional<std::int64_t> expires{};
  std::optional<std::string> nonce{};
  std::optional<std::string> alg{};
  std::optional<std::string> keyid{};
};

// RFC 9421 section 2.5. Errors: not_found for a component that the request has not; unsupported for
// one that is not known; malformed for a component that stands twice, or for what no field can
// hold.
Result<std::string> signature_base(const SignedRequest& request,
                                   const SignatureParameters& parameters);

struct SignatureFields {
  std::string input;      // the value of Signature-Input
  std::string signature;  // and of Signature
};
// What is said of the algorithm is written, but it is always hmac-sha256 that signs.
// Errors: as signature_base().
Result<SignatureFields> sign(const SignedRequest& request, const SignatureParameters& parameters,
                             const SecretBytes& key, const std::string& label = "sig1");

// Why a request is not taken, in the order in which it is looked for.
enum class SignatureFault {
  signature_missing,  // Signature or Signature-Input
  input_malformed,
  signature_malformed,
  label_missing,   // no label in both
  several,         // more than one: which one counts is not said
  not_components,  // the label is no list of strings
  component_unknown,
  component_parameter,
  component_repeated,
  component_absent,  // covered, but the request has it not
  not_covered,       // the policy wants it covered
  parameter_type,
  algorithm_wrong,
  key_unknown,
  created_missing,
  created_in_future,
  stale,
  expired,
  nonce_missing,
  signature_wrong,
  digest_missing,
  digest_malformed,
  digest_algorithm,  // none that is sha-256
  digest_wrong,
};
inline constexpr std::size_t kSignatureFaults =
    static_cast<std::size_t>(SignatureFault::digest_wrong) + 1;
std::string_view to_string(SignatureFault fault);  // "signature-missing", as in reports

// `overlooked` are faults that a careless verifier does not look for.
struct SignaturePolicy {
  std::vector<std::string> covered{"@method", "@path", "content-digest"};
  std::string key_id{};
  std::chrono::seconds window{60};  // for which a signature holds
  std::chrono::seconds leeway{5};   // by which the other's clock may be ahead
  std::vector<SignatureFault> overlooked{};
};

// What the signature says of itself. Content that is there needs its digest, covered or not.
std::expected<SignatureParameters, SignatureFault> verify(const SignedRequest& request,
                                                          const SecretBytes& key,
                                                          const SignaturePolicy& policy,
                                                          std::chrono::sys_seconds now);

}  // namespace parley::crypto::httpsig
