// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/noise/certificate_chain.h"

#include <fmt/format.h>

#include <utility>

#include "harness/crypto/x25519.h"
#include "harness/crypto/xeddsa.h"

namespace parley::crypto::noise {
namespace {

using protobuf::FieldTaker;
using protobuf::FieldWriter;

Bytes write_certificate(const Certificate& certificate) {
  FieldWriter writer;
  writer.add_octets(1, certificate.details);
  writer.add_octets(2, certificate.signature);
  return std::move(writer).finish(certificate.unknown);
}

Result<std::optional<Certificate>> nested_certificate(FieldTaker& outer, std::uint32_t number) {
  const auto octets = outer.take_message(number);
  if (!octets) {
    return std::nullopt;
  }
  auto fields = protobuf::read_fields(*octets);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  FieldTaker taker(std::move(*fields));
  Certificate out;
  out.details = taker.take_octets(1);
  out.signature = taker.take_octets(2);
  out.unknown = std::move(taker).rest();
  return out;
}

// The details of a certificate that `issuer_key` has signed.
Result<CertificateDetails> signed_details(const std::optional<Certificate>& certificate,
                                          std::string_view name, std::string_view issuer_key) {
  if (!certificate || !certificate->details || !certificate->signature) {
    return fail(Errc::not_found,
                fmt::format("the {}, its details or its signature is missing", name));
  }
  if (auto right = xeddsa_verify(issuer_key, *certificate->details, *certificate->signature);
      !right) {
    return fail(right.error().code, fmt::format("{}: {}", name, right.error().detail));
  }
  auto details = parse_certificate_details(*certificate->details);
  if (!details) {
    return details;
  }
  if (!details->key) {
    return fail(Errc::not_found, fmt::format("the {} has no key", name));
  }
  if (details->key->size() != kX25519Octets) {
    return fail(Errc::malformed, fmt::format("the {}'s key has not 32 octets", name));
  }
  if (details->serial.value_or(0) > UINT32_MAX || details->issuer_serial.value_or(0) > UINT32_MAX) {
    return fail(Errc::malformed, fmt::format("a serial number of the {} exceeds 32 bits", name));
  }
  return details;
}

Result<void> check_issuer(const CertificateDetails& details, std::string_view name,
                          std::uint64_t issuer) {
  if (details.issuer_serial.value_or(0) != issuer) {
    return fail(Errc::refused, fmt::format("the {} names issuer {}, not {}", name,
                                           details.issuer_serial.value_or(0), issuer));
  }
  return {};
}

Result<void> check_validity(const CertificateDetails& details, std::string_view name,
                            std::chrono::sys_seconds now) {
  const auto seconds = now.time_since_epoch().count();
  const auto now_s = seconds < 0 ? std::uint64_t{0} : static_cast<std::uint64_t>(seconds);
  if (now_s < details.not_before_s.value_or(0)) {
    return fail(Errc::refused, fmt::format("the {} is not yet valid", name));
  }
  if (now_s > details.not_after_s.value_or(0)) {
    return fail(Errc::refused, fmt::format("the {} has expired", name));
  }
  return {};
}

Result<void> check_leaf_key(const CertificateDetails& leaf, std::string_view server_static) {
  if (leaf.key != server_static) {
    return fail(Errc::refused, "the leaf's key is not the server's static key");
  }
  return {};
}

}  // namespace

Result<CertificateDetails> parse_certificate_details(std::string_view octets) {
  auto fields = protobuf::read_fields(octets);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  FieldTaker taker(std::move(*fields));
  CertificateDetails out;
  out.serial = taker.take_varint(1);
  out.issuer_serial = taker.take_varint(2);
  out.key = taker.take_octets(3);
  out.not_before_s = taker.take_varint(4);
  out.not_after_s = taker.take_varint(5);
  out.unknown = std::move(taker).rest();
  return out;
}

Result<CertificateChain> parse_certificate_chain(std::string_view octets) {
  auto fields = protobuf::read_fields(octets);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  FieldTaker taker(std::move(*fields));
  auto leaf = nested_certificate(taker, 1);
  auto intermediate = nested_certificate(taker, 2);
  if (!leaf || !intermediate) {
    return std::unexpected(leaf ? intermediate.error() : leaf.error());
  }
  return CertificateChain{.leaf = std::move(*leaf),
                          .intermediate = std::move(*intermediate),
                          .unknown = std::move(taker).rest()};
}

Bytes write(const CertificateDetails& details) {
  FieldWriter writer;
  writer.add_varint(1, details.serial);
  writer.add_varint(2, details.issuer_serial);
  writer.add_octets(3, details.key);
  writer.add_varint(4, details.not_before_s);
  writer.add_varint(5, details.not_after_s);
  return std::move(writer).finish(details.unknown);
}

Bytes write(const CertificateChain& chain) {
  FieldWriter writer;
  if (chain.leaf) {
    writer.add_octets(1, write_certificate(*chain.leaf));
  }
  if (chain.intermediate) {
    writer.add_octets(2, write_certificate(*chain.intermediate));
  }
  return std::move(writer).finish(chain.unknown);
}

Result<VerifiedChain> verify_chain(std::string_view octets, const ChainExpectation& expected) {
  const auto chain = parse_certificate_chain(octets);
  if (!chain) {
    return std::unexpected(chain.error());
  }
  auto intermediate = signed_details(chain->intermediate, "intermediate", expected.root_key);
  if (!intermediate) {
    return std::unexpected(intermediate.error());
  }
  auto leaf = signed_details(chain->leaf, "leaf", *intermediate->key);
  if (!leaf) {
    return std::unexpected(leaf.error());
  }
  for (const auto& rule : {check_issuer(*intermediate, "intermediate", 0),
                           check_issuer(*leaf, "leaf", intermediate->serial.value_or(0)),
                           check_leaf_key(*leaf, expected.server_static),
                           check_validity(*intermediate, "intermediate", expected.now),
                           check_validity(*leaf, "leaf", expected.now)}) {
    if (!rule) {
      return std::unexpected(rule.error());
    }
  }
  return VerifiedChain{.leaf = std::move(*leaf), .intermediate = std::move(*intermediate)};
}

}  // namespace parley::crypto::noise
