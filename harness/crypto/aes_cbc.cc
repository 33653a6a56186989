// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/aes_cbc.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <utility>

namespace parley::crypto {
namespace {

constexpr std::size_t kMaxPartOctets = std::size_t{1} << 30U;  // OpenSSL counts in int

const unsigned char* unsigned_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* unsigned_of(Bytes& octets) {
  return reinterpret_cast<unsigned char*>(octets.data());
}

Result<Bytes> at_once(const CbcInput& input, CbcDirection direction, std::string_view text) {
  auto stream = CbcStream::make(input, direction);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  Bytes out;
  Bytes last;
  if (auto done = stream->update(text, out); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = stream->finish(last); !done) {
    return std::unexpected(done.error());
  }
  return out + last;
}

}  // namespace

void CbcStream::Free::operator()(evp_cipher_ctx_st* context) const noexcept {
  EVP_CIPHER_CTX_free(context);
}

CbcStream::CbcStream(std::unique_ptr<evp_cipher_ctx_st, Free> context)
    : context_(std::move(context)) {}
CbcStream::CbcStream(CbcStream&&) noexcept = default;
CbcStream& CbcStream::operator=(CbcStream&&) noexcept = default;
CbcStream::~CbcStream() = default;

Result<CbcStream> CbcStream::make(const CbcInput& input, CbcDirection direction) {
  if (input.key.size() != kCbcKeyOctets || input.iv.size() != kCbcBlockOctets) {
    return fail(Errc::malformed, "an AES-256-CBC key has 32 octets, an iv 16");
  }
  std::unique_ptr<evp_cipher_ctx_st, Free> context(EVP_CIPHER_CTX_new());
  if (!context ||
      EVP_CipherInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, unsigned_of(input.key.reveal()),
                        unsigned_of(input.iv), direction == CbcDirection::encrypt ? 1 : 0) != 1) {
    return fail(Errc::unsupported, "AES-256-CBC is not available");
  }
  EVP_CIPHER_CTX_set_padding(context.get(), input.padding == CbcPadding::pkcs7 ? 1 : 0);
  return CbcStream(std::move(context));
}

Result<void> CbcStream::update(std::string_view piece, Bytes& out) {
  out.resize(piece.size() + kCbcBlockOctets);
  std::size_t written = 0;
  do {
    const auto part = piece.substr(0, kMaxPartOctets);
    int count = 0;
    if (EVP_CipherUpdate(context_.get(), unsigned_of(out) + written, &count, unsigned_of(part),
                         static_cast<int>(part.size())) != 1) {
      ERR_clear_error();
      return fail(Errc::unsupported, "AES-256-CBC takes no more text");
    }
    written += static_cast<std::size_t>(count);
    piece.remove_prefix(part.size());
  } while (!piece.empty());
  out.resize(written);
  return {};
}

Result<void> CbcStream::finish(Bytes& out) {
  out.resize(kCbcBlockOctets);
  int written = 0;
  if (EVP_CipherFinal_ex(context_.get(), unsigned_of(out), &written) != 1) {
    ERR_clear_error();
    out.clear();
    return fail(Errc::malformed, "the text has no whole blocks or a wrong padding");
  }
  out.resize(static_cast<std::size_t>(written));
  return {};
}

Result<Bytes> aes256_cbc_encrypt(const CbcInput& input, std::string_view plaintext) {
  return at_once(input, CbcDirection::encrypt, plaintext);
}

Result<Bytes> aes256_cbc_decrypt(const CbcInput& input, std::string_view ciphertext) {
  return at_once(input, CbcDirection::decrypt, ciphertext);
}

}  // namespace parley::crypto
