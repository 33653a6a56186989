// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/client_chain.h"

#include <optional>
#include <utility>

#include "harness/crypto/x25519.h"
#include "harness/crypto/xeddsa.h"

namespace parley::reference::whatsapp {
namespace {

using crypto::noise::Certificate;
using crypto::noise::CertificateDetails;
using crypto::noise::ChainExpectation;

Result<CertificateDetails> details_of(const std::optional<Certificate>& certificate) {
  if (!certificate || !certificate->details || !certificate->signature) {
    return fail(Errc::not_found, "a certificate, its details or its signature is missing");
  }
  auto details = crypto::noise::parse_certificate_details(*certificate->details);
  if (details && details->key.value_or("").size() != crypto::kX25519Octets) {
    return fail(Errc::malformed, "a certificate without a key of 32 octets");
  }
  return details;
}

Result<void> signed_by(const Certificate& certificate, std::string_view key) {
  return crypto::xeddsa_verify(key, *certificate.details, *certificate.signature);
}

// Both ends belong to the validity; an absent number is 0.
Result<void> check_times(const CertificateDetails& details, std::chrono::sys_seconds now,
                         const FaultSet& faults) {
  const auto seconds = now.time_since_epoch().count();
  const auto now_s = seconds < 0 ? std::uint64_t{0} : static_cast<std::uint64_t>(seconds);
  if (now_s < details.not_before_s.value_or(0) && !faults.has(Fault::wt_accepts_not_yet_valid)) {
    return fail(Errc::refused, "a certificate is not valid yet");
  }
  if (now_s > details.not_after_s.value_or(0) && !faults.has(Fault::wt_accepts_expired)) {
    return fail(Errc::refused, "a certificate has expired");
  }
  return {};
}

// What only the leaf is asked, once its issuer's key is known.
Result<void> check_leaf(const CertificateDetails& leaf, const ChainExpectation& expected,
                        const FaultSet& faults) {
  if (*leaf.key != expected.server_static && !faults.has(Fault::wt_leaf_key_unchecked)) {
    return fail(Errc::refused, "the leaf's key is not the server's static key");
  }
  return check_times(leaf, expected.now, faults);
}

Result<void> check_intermediate(const Certificate& certificate, const CertificateDetails& details,
                                const ChainExpectation& expected, const FaultSet& faults) {
  if (!faults.has(Fault::wt_root_unchecked)) {
    if (auto right = signed_by(certificate, expected.root_key); !right) {
      return right;
    }
  }
  if (details.issuer_serial.value_or(0) != 0 &&
      !faults.has(Fault::wt_intermediate_link_unchecked)) {
    return fail(Errc::refused, "the intermediate was not issued by the root");
  }
  if (faults.has(Fault::wt_intermediate_validity_unchecked)) {
    return {};
  }
  return check_times(details, expected.now, faults);
}

}  // namespace

Result<void> check_chain(std::string_view octets, const ChainExpectation& expected,
                         const FaultSet& faults) {
  const auto chain = crypto::noise::parse_certificate_chain(octets);
  if (!chain) {
    return std::unexpected(chain.error());
  }
  const auto leaf = details_of(chain->leaf);
  if (!leaf) {
    return std::unexpected(leaf.error());
  }
  const auto intermediate = details_of(chain->intermediate);
  if (!intermediate) {
    return std::unexpected(intermediate.error());
  }
  if (auto right = check_intermediate(*chain->intermediate, *intermediate, expected, faults);
      !right) {
    return right;
  }
  if (!faults.has(Fault::wt_leaf_signature_unchecked)) {
    if (auto right = signed_by(*chain->leaf, *intermediate->key); !right) {
      return right;
    }
  }
  if (leaf->issuer_serial.value_or(0) != intermediate->serial.value_or(0) &&
      !faults.has(Fault::wt_leaf_link_unchecked)) {
    return fail(Errc::refused, "the leaf was not issued by the intermediate");
  }
  return check_leaf(*leaf, expected, faults);
}

}  // namespace parley::reference::whatsapp
