// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/noise/certificate_authority.h"

#include <utility>

#include "harness/crypto/xeddsa.h"

namespace parley::crypto::noise {
namespace {

using std::chrono::days;
using std::chrono::sys_seconds;

constexpr std::uint64_t kIntermediateSerial = 7;
constexpr std::uint64_t kLeafSerial = 8;

std::uint64_t seconds_of(sys_seconds time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

void set_validity(CertificateDetails& details, sys_seconds from, sys_seconds to) {
  details.not_before_s = seconds_of(from);
  details.not_after_s = seconds_of(to);
}

void flip_last_bit_of_r(Certificate& certificate) {
  Bytes& signature = *certificate.signature;
  signature[31] = static_cast<char>(signature[31] ^ 1);
}

Result<Certificate> sign(const CertificateDetails& details, const X25519KeyPair& issuer, Rng rng) {
  Bytes octets = write(details);
  auto signature = xeddsa_sign(issuer.private_key, octets, rng);
  if (!signature) {
    return std::unexpected(signature.error());
  }
  return Certificate{
      .details = std::move(octets), .signature = std::move(*signature), .unknown = {}};
}

}  // namespace

// What is about to be signed, and by whom.
struct ChainAuthority::Draft {
  CertificateDetails leaf;
  CertificateDetails intermediate;
  const X25519KeyPair* leaf_issuer;
  const X25519KeyPair* intermediate_issuer;
};

Result<ChainAuthority> ChainAuthority::make(Rng rng, sys_seconds now) {
  ChainAuthority out(rng, now);
  for (auto* const pair : {&out.root_, &out.intermediate_, &out.stranger_}) {
    auto made = x25519_key_pair(out.rng_);
    if (!made) {
      return std::unexpected(made.error());
    }
    *pair = std::move(*made);
  }
  return out;
}

ChainAuthority::Draft ChainAuthority::draft(std::string_view server_static, ChainKind kind) const {
  Draft out{
      .leaf = {}, .intermediate = {}, .leaf_issuer = &intermediate_, .intermediate_issuer = &root_};
  out.intermediate.serial = kIntermediateSerial;
  out.intermediate.issuer_serial = 0;
  out.intermediate.key = intermediate_.public_key;
  out.leaf.serial = kLeafSerial;
  out.leaf.issuer_serial = kIntermediateSerial;
  out.leaf.key = Bytes(server_static);
  set_validity(out.intermediate, now_ - days(1), now_ + days(30));
  set_validity(out.leaf, now_ - days(1), now_ + days(30));
  switch (kind) {
    case ChainKind::leaf_expired:
      set_validity(out.leaf, now_ - days(30), now_ - days(1));
      break;
    case ChainKind::leaf_not_yet_valid:
      set_validity(out.leaf, now_ + days(2), now_ + days(30));
      break;
    case ChainKind::intermediate_expired:
      set_validity(out.intermediate, now_ - days(30), now_ - days(1));
      break;
    case ChainKind::intermediate_not_yet_valid:
      set_validity(out.intermediate, now_ + days(2), now_ + days(30));
      break;
    case ChainKind::leaf_of_other_issuer:
      out.leaf.issuer_serial = kIntermediateSerial + 2;
      break;
    case ChainKind::intermediate_of_other_issuer:
      out.intermediate.issuer_serial = 1;
      break;
    case ChainKind::leaf_with_other_key:
      out.leaf.key = stranger_.public_key;
      break;
    case ChainKind::leaf_signed_by_root:
      out.leaf_issuer = &root_;
      break;
    case ChainKind::intermediate_signed_by_itself:
      out.intermediate_issuer = &intermediate_;
      break;
    case ChainKind::unknown_root:
      out.intermediate_issuer = &stranger_;
      break;
    case ChainKind::valid:
    case ChainKind::leaf_with_wrong_signature:
    case ChainKind::intermediate_with_wrong_signature:
    case ChainKind::leaf_missing:
    case ChainKind::intermediate_missing:
      break;  // wrong only once it is signed
  }
  return out;
}

Result<Bytes> ChainAuthority::issue(std::string_view server_static, ChainKind kind) const {
  const Draft planned = draft(server_static, kind);
  auto leaf = sign(planned.leaf, *planned.leaf_issuer, rng_.child("leaf"));
  auto intermediate =
      sign(planned.intermediate, *planned.intermediate_issuer, rng_.child("intermediate"));
  if (!leaf || !intermediate) {
    return std::unexpected(leaf ? intermediate.error() : leaf.error());
  }
  if (kind == ChainKind::leaf_with_wrong_signature) {
    flip_last_bit_of_r(*leaf);
  }
  if (kind == ChainKind::intermediate_with_wrong_signature) {
    flip_last_bit_of_r(*intermediate);
  }
  CertificateChain chain;
  if (kind != ChainKind::leaf_missing) {
    chain.leaf = std::move(*leaf);
  }
  if (kind != ChainKind::intermediate_missing) {
    chain.intermediate = std::move(*intermediate);
  }
  return write(chain);
}

}  // namespace parley::crypto::noise
