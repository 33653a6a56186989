// SPDX-License-Identifier: GPL-3.0-or-later
// Media files too large to be held: their plaintext is octets that come so often one after the
// other, and they are encrypted anew each time that they are read. Each forgery is wrong in one
// named way and right in all else. Source: observed clients (media_stream.h). One owner a stream.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "harness/base/repeated_octets.h"
#include "harness/crypto/media/media_forgery.h"

namespace parley::crypto::media {

std::span<const MediaForgery> large_media_forgeries();

struct LargeMedia {
  Bytes octets;  // of the plaintext, `times` one after the other
  std::uint64_t times = 1;
  SecretBytes media_key;
  MediaKind kind = MediaKind::document;
  std::string forgery{};  // empty: it is right
};

// What is known of a file once it has been read to its end.
struct LargeMediaFacts {
  MediaDescription description;  // as a message says it, the sidecar among it
  std::uint64_t octets = 0;      // of the file as it lies there
  Bytes sha256;                  // of those
  Bytes plain_sha256;            // of the plaintext, whatever a message says
  Bytes mac;                     // at the end of the file without the forgery
};
// Reads it once. Errors: not_found, with the nearest names, for an unknown forgery; malformed for a
// media key of another length or a plaintext without an octet.
Result<LargeMediaFacts> facts_of(const LargeMedia& file);

class LargeMediaStream {
 public:
  // `facts` are those of the same file. Errors: as facts_of().
  static Result<LargeMediaStream> make(const LargeMedia& file, const LargeMediaFacts& facts);
  Bytes next();  // of the file as it lies there; nothing at the end

 private:
  LargeMediaStream(const LargeMedia& file, CbcStream cipher, Bytes mac);
  std::string forgery_;
  RepeatedOctets plain_;
  CbcStream cipher_;
  Bytes mac_;
  std::uint64_t octets_;  // of the file without the forgery
  std::uint64_t at_ = 0;  // how many of them were read
  bool ended_ = false;
};

}  // namespace parley::crypto::media
