// SPDX-License-Identifier: GPL-3.0-or-later
// The certificate chain in the payload of a ServerHello: protobuf, signed with XEdDSA.
// Source: observed client behaviour; TRN-010, TRN-011.
// Pure functions: no I/O, no clock; safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/protobuf_wire.h"
#include "harness/base/result.h"

namespace parley::crypto::noise {

// Details { serial = 1; issuerSerial = 2; key = 3; notBefore = 4; notAfter = 5 }, times in seconds
// since 1970.
struct CertificateDetails {
  std::optional<std::uint64_t> serial;
  std::optional<std::uint64_t> issuer_serial;
  std::optional<Bytes> key;
  std::optional<std::uint64_t> not_before_s;
  std::optional<std::uint64_t> not_after_s;
  std::vector<protobuf::Field> unknown;

  friend bool operator==(const CertificateDetails&, const CertificateDetails&) = default;
};

// NoiseCertificate { details = 1; signature = 2 }. `details` stays as it was signed.
struct Certificate {
  std::optional<Bytes> details;
  std::optional<Bytes> signature;
  std::vector<protobuf::Field> unknown;

  friend bool operator==(const Certificate&, const Certificate&) = default;
};

// CertChain { leaf = 1; intermediate = 2 }
struct CertificateChain {
  std::optional<Certificate> leaf;
  std::optional<Certificate> intermediate;
  std::vector<protobuf::Field> unknown;

  friend bool operator==(const CertificateChain&, const CertificateChain&) = default;
};

// Errors as protobuf::read_fields, the offsets being those within the nested message.
Result<CertificateDetails> parse_certificate_details(std::string_view octets);
Result<CertificateChain> parse_certificate_chain(std::string_view octets);
// Known fields by number, then the unknown ones; a field that is absent is not written.
Bytes write(const CertificateDetails& details);
Bytes write(const CertificateChain& chain);

// Whom a client trusts, what it has seen and when it asks.
struct ChainExpectation {
  Bytes root_key;
  Bytes server_static;
  std::chrono::sys_seconds now;
};

struct VerifiedChain {
  CertificateDetails leaf;
  CertificateDetails intermediate;
};

// Checks every rule and stops at the first that is broken. Both ends of the validity are inside it;
// an absent number is 0, as protobuf has it.
// Errors: those of parsing; not_found for a certificate, a signature or a key that is missing;
// malformed for a key of another size or a serial above 32 bits; bad_signature; refused for a
// serial that does not match, a leaf key that is not the server's, a time outside the validity.
Result<VerifiedChain> verify_chain(std::string_view octets, const ChainExpectation& expected);

}  // namespace parley::crypto::noise
