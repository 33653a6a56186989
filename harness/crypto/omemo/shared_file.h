// SPDX-License-Identifier: GPL-3.0-or-later
// A file that is shared in an OMEMO message: an aesgcm URL says where it lies and under which key.
// Source: XEP-0454 version 0.1.0, "The AESGCM URI scheme", "Embedded Thumbnails"; initialisation
// vectors of 16 octets are those of older clients. Sizes are octets. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/base/secret_bytes.h"
#include "harness/crypto/aes_gcm.h"

namespace parley::crypto::omemo {

inline constexpr std::string_view kSharedScheme = "aesgcm://";
inline constexpr std::size_t kMaxSharedUrl = 8 * 1024;  // without a thumbnail

// What stands in the URL's anchor: initialisation vector, then key.
struct SharedKey {
  SecretBytes key;
  Bytes iv;
};

struct SharedFile {
  std::string https;  // the URL by which anybody gets what is encrypted
  SharedKey key;
};

// Of a message's first line; behind it nothing but a thumbnail, which is a data URL, may stand.
// Errors: unsupported for another scheme, malformed for no host, an anchor that is no hex or has
// another length, white space and controls in the URL, or more behind it; too_large.
Result<SharedFile> read_shared_file(std::string_view text);
// 44 or 48 octets in hex. Errors: malformed.
Result<SharedKey> read_shared_key(std::string_view anchor);
// Errors: unsupported for a URL that is not https.
Result<std::string> shared_file_url(const SharedFile& file);

// AES-256-GCM, the tag behind the ciphertext. Errors: as aes256_gcm_seal and aes256_gcm_open.
Result<Bytes> seal_shared_file(const SharedKey& key, std::string_view plaintext);
Result<Bytes> open_shared_file(const SharedKey& key, std::string_view octets);

}  // namespace parley::crypto::omemo
