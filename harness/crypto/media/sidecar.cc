// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/media/sidecar.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include "harness/crypto/digest.h"

namespace parley::crypto::media {

void SidecarMaker::close(std::optional<HmacSha256Stream>& entry) {
  if (entry) {
    entries_ += entry->finish().substr(0, kMediaMacOctets);
    entry.reset();
  }
}

void SidecarMaker::update(std::string_view piece) {
  while (!piece.empty()) {
    const auto within = static_cast<std::size_t>(at_ % kSidecarStep);
    if (within == 0) {
      previous_ = std::move(entry_);
      entry_.emplace(mac_key_);
    }
    if (within == kSidecarOverlap) {
      close(previous_);
    }
    // Up to the next place where an entry begins or the one before ends.
    const auto next = within < kSidecarOverlap ? kSidecarOverlap : kSidecarStep;
    const auto part = piece.substr(0, next - within);
    entry_->update(part);
    if (previous_) {
      previous_->update(part);
    }
    at_ += part.size();
    piece.remove_prefix(part.size());
  }
}

Bytes SidecarMaker::finish() {
  close(previous_);
  close(entry_);
  return std::move(entries_);
}

Result<void> check_part(const MediaKeys& keys, std::string_view sidecar, std::size_t index,
                        std::string_view part) {
  if (sidecar.size() % kMediaMacOctets != 0) {
    return fail(Errc::malformed,
                fmt::format("a sidecar of {} octets has no whole entries", sidecar.size()));
  }
  if (index >= sidecar.size() / kMediaMacOctets) {
    return fail(Errc::not_found, fmt::format("the sidecar has no entry {}", index));
  }
  if (part.size() > kSidecarStep + kSidecarOverlap) {
    return fail(Errc::malformed, fmt::format("a part of {} octets", part.size()));
  }
  const auto mac = hmac_sha256(keys.mac.reveal(), part);
  if (CRYPTO_memcmp(mac.data(), sidecar.data() + index * kMediaMacOctets, kMediaMacOctets) != 0) {
    return fail(Errc::bad_signature, fmt::format("entry {} of the sidecar is wrong", index));
  }
  return {};
}

}  // namespace parley::crypto::media
