// SPDX-License-Identifier: GPL-3.0-or-later
// X.509 certificates made for a run: an own CA and leaves, right or wrong in one named way.
// Source: RFC 5280; the names of an XMPP server RFC 6120 section 13.7.1. Keys are EC P-256.
#pragma once

#include <string>

#include "harness/base/result.h"
#include "harness/base/rng.h"

namespace parley::crypto {

enum class LeafKind {
  valid,  // for whatever purpose, as the next five are
  expired,
  not_yet_valid,
  other_host,
  self_signed,
  unknown_ca,
  client_only,  // says so in its extended key usage (RFC 5280 section 4.2.1.12)
  server_only,
  both_purposes,
  longer_name,    // names like the right one: with more behind it,
  prefixed_name,  // with more in front,
  sibling_name,   // beside it below the same parent,
  subject_only,   // and the right one where no name is looked for, beside a foreign subjectAltName
};

struct Leaf {
  std::string chain_pem;  // the leaf alone: peers get the CA out of band
  std::string key_pem;
};

class CertificateAuthority {
 public:
  // Keys and serial numbers come from `rng`. Validity is relative to `now_s` (seconds since 1970).
  static Result<CertificateAuthority> make(Rng rng, std::int64_t now_s);
  const std::string& pem() const { return pem_; }
  // A leaf for the DNS name `host` (subjectAltName), valid for 30 days unless `kind` says
  // otherwise.
  Result<Leaf> issue(const std::string& host, LeafKind kind) const;

 private:
  CertificateAuthority(Rng rng, std::int64_t now_s) : rng_(std::move(rng)), now_s_(now_s) {}
  Rng rng_;
  std::int64_t now_s_;
  std::string pem_;
  std::string key_pem_;
};

}  // namespace parley::crypto
