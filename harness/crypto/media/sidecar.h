// SPDX-License-Identifier: GPL-3.0-or-later
// The sidecar of a media file: a MAC for each 64 KiB of it, so that a player can trust a part.
// Source: observed (one implementation, tested against itself alone): entry i is the first 10
// octets of HMAC-SHA-256 over octets 65,536 i to 65,536 (i + 1) + 16 of the file as it is uploaded,
// ciphertext and MAC, as far as it goes. One owner a maker.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "harness/crypto/digest_stream.h"
#include "harness/crypto/media/media_keys.h"

namespace parley::crypto::media {

inline constexpr std::size_t kSidecarStep = 65536;
inline constexpr std::size_t kSidecarOverlap = 16;

class SidecarMaker {
 public:
  explicit SidecarMaker(SecretBytes mac_key) : mac_key_(std::move(mac_key)) {}

  void update(std::string_view piece);  // of the uploaded file
  Bytes finish();                       // all entries; 10 octets for each 64 KiB of the file

 private:
  void close(std::optional<HmacSha256Stream>& entry);
  SecretBytes mac_key_;
  std::uint64_t at_ = 0;
  std::optional<HmacSha256Stream> entry_;     // the one whose 64 KiB are under way
  std::optional<HmacSha256Stream> previous_;  // waits for its last 16 octets
  Bytes entries_;
};

// Whether `part`, the octets that entry `index` covers, is as the sidecar says. Errors: not_found
// beyond the last entry; malformed for a sidecar that is no whole number of entries, or a part of
// more than 65,552 octets; bad_signature.
Result<void> check_part(const MediaKeys& keys, std::string_view sidecar, std::size_t index,
                        std::string_view part);

}  // namespace parley::crypto::media
