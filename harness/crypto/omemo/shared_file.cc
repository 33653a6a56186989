// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/omemo/shared_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/base/encoding.h"

namespace parley::crypto::omemo {
namespace {

constexpr std::string_view kHttps = "https://";
constexpr std::string_view kThumbnail = "data:image/";

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// RFC 3986 section 2: whatever else a URL holds, it is visible ASCII.
bool is_visible(char c) { return c > ' ' && c < 0x7F; }

}  // namespace

Result<SharedKey> read_shared_key(std::string_view anchor) {
  constexpr std::size_t kShort = 2 * (kGcmNonceOctets + kAesKeyOctets);
  constexpr std::size_t kLong = 2 * (kLongGcmNonceOctets + kAesKeyOctets);
  if (anchor.size() != kShort && anchor.size() != kLong) {
    return fail(Errc::malformed, fmt::format("an anchor has {} or {} hex digits, not {}", kShort,
                                             kLong, anchor.size()));
  }
  if (!std::ranges::all_of(anchor, is_hex)) {
    return fail(Errc::malformed, "the anchor is not hex");
  }
  const auto octets = from_hex(anchor);
  if (!octets) {
    return std::unexpected(octets.error());
  }
  const auto iv = octets->size() - kAesKeyOctets;
  return SharedKey{.key = SecretBytes(std::string_view(*octets).substr(iv)),
                   .iv = octets->substr(0, iv)};
}

Result<SharedFile> read_shared_file(std::string_view text) {
  if (!text.starts_with(kSharedScheme)) {
    return fail(Errc::unsupported, "no aesgcm URL");
  }
  const auto line = text.find('\n');
  const auto url = text.substr(0, line);
  if (url.size() > kMaxSharedUrl) {
    return fail(Errc::too_large, fmt::format("an aesgcm URL of {} octets", url.size()));
  }
  const auto behind = line == std::string_view::npos ? "" : text.substr(line + 1);
  if (line != std::string_view::npos && !behind.starts_with(kThumbnail)) {
    return fail(Errc::malformed, "behind the URL stands something else than a thumbnail", line);
  }
  if (!std::ranges::all_of(url, is_visible) || !std::ranges::all_of(behind, is_visible)) {
    return fail(Errc::malformed, "the URL holds what no URL may");
  }
  const auto anchor = url.find('#');
  if (anchor == std::string_view::npos) {
    return fail(Errc::malformed, "the URL has no anchor", url.size());
  }
  const auto place = url.substr(kSharedScheme.size(), anchor - kSharedScheme.size());
  if (place.empty() || place.front() == '/') {
    return fail(Errc::malformed, "the URL names no host", kSharedScheme.size());
  }
  auto key = read_shared_key(url.substr(anchor + 1));
  if (!key) {
    return std::unexpected(key.error());
  }
  return SharedFile{.https = std::string(kHttps) + std::string(place), .key = std::move(*key)};
}

Result<std::string> shared_file_url(const SharedFile& file) {
  if (!file.https.starts_with(kHttps)) {
    return fail(Errc::unsupported, "no https URL");
  }
  return fmt::format("{}{}#{}{}", kSharedScheme, file.https.substr(kHttps.size()),
                     to_hex(file.key.iv), to_hex(file.key.key.reveal()));
}

Result<Bytes> seal_shared_file(const SharedKey& key, std::string_view plaintext) {
  return aes256_gcm_seal({.key = key.key, .nonce = key.iv, .associated = {}}, plaintext);
}

Result<Bytes> open_shared_file(const SharedKey& key, std::string_view octets) {
  return aes256_gcm_open({.key = key.key, .nonce = key.iv, .associated = {}}, octets);
}

}  // namespace parley::crypto::omemo
