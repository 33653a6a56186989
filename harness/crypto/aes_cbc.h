// SPDX-License-Identifier: GPL-3.0-or-later
// AES-256-CBC (NIST SP 800-38A section 6.2) with the padding of PKCS#7 (RFC 5652 section 6.3) or
// none, at once or in pieces. Sizes are octets. Nothing here is authenticated: check a MAC first.
// Pure functions; a stream has one owner.
#pragma once

#include <memory>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/secret_bytes.h"

struct evp_cipher_ctx_st;

namespace parley::crypto {

inline constexpr std::size_t kCbcKeyOctets = 32;
inline constexpr std::size_t kCbcBlockOctets = 16;

enum class CbcPadding { pkcs7, none };
enum class CbcDirection { encrypt, decrypt };

struct CbcInput {
  const SecretBytes& key;  // lent for the call
  std::string_view iv;
  CbcPadding padding = CbcPadding::pkcs7;
};

// Text in pieces, in memory that does not grow with it.
class CbcStream {
 public:
  // Errors: malformed for a key or an iv of another size.
  static Result<CbcStream> make(const CbcInput& input, CbcDirection direction);
  CbcStream(CbcStream&&) noexcept;
  CbcStream& operator=(CbcStream&&) noexcept;
  ~CbcStream();

  // Replaces `out` by what is ready. Errors: unsupported where OpenSSL fails.
  Result<void> update(std::string_view piece, Bytes& out);
  // The end: replaces `out` by the last block, or none. Errors: malformed when the text is no whole
  // number of blocks or its padding is wrong. Nothing may follow.
  Result<void> finish(Bytes& out);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const noexcept;
  };
  explicit CbcStream(std::unique_ptr<evp_cipher_ctx_st, Free> context);
  std::unique_ptr<evp_cipher_ctx_st, Free> context_;
};

Result<Bytes> aes256_cbc_encrypt(const CbcInput& input, std::string_view plaintext);
// Errors: malformed as CbcStream::finish().
Result<Bytes> aes256_cbc_decrypt(const CbcInput& input, std::string_view ciphertext);

}  // namespace parley::crypto
