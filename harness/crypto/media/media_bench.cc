// SPDX-License-Identifier: GPL-3.0-or-later
// A file of 64 MiB encrypted and decrypted in pieces of 64 KiB, beside OpenSSL alone: the same
// cipher, MAC and two hashes, without anything around them.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <memory>
#include <string>
#include <vector>

#include "harness/crypto/media/media_stream.h"

namespace parley::crypto::media {
namespace {

constexpr std::size_t kPieceOctets = std::size_t{64} << 10U;
constexpr std::size_t kPieces = 1024;

const MediaKeys& keys() {
  static const MediaKeys out = expand_with(SecretBytes(Bytes(32, 'k')), info_of(MediaKind::video));
  return out;
}

void media_encrypted(benchmark::State& state, SidecarWanted sidecar) {
  const Bytes piece(kPieceOctets, 'x');
  Bytes out;
  for (auto _ : state) {
    auto encryptor = MediaEncryptor::make(keys(), sidecar);
    for (std::size_t i = 0; i < kPieces; ++i) {
      benchmark::DoNotOptimize(encryptor->update(piece, out));
    }
    benchmark::DoNotOptimize(encryptor->finish(out));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(kPieces * kPieceOctets * state.iterations()));
}
BENCHMARK_CAPTURE(media_encrypted, plain, SidecarWanted::no)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(media_encrypted, with_sidecar, SidecarWanted::yes)->Unit(benchmark::kMillisecond);

void media_decrypted(benchmark::State& state) {
  auto encryptor = MediaEncryptor::make(keys(), SidecarWanted::no);
  const Bytes piece(kPieceOctets, 'x');
  std::vector<Bytes> file(kPieces + 1);
  for (std::size_t i = 0; i < kPieces; ++i) {
    benchmark::DoNotOptimize(encryptor->update(piece, file[i]));
  }
  const auto description = encryptor->finish(file.back());
  Bytes out;
  for (auto _ : state) {
    auto decryptor = MediaDecryptor::make(keys(), *description);
    for (const auto& part : file) {
      decryptor->update(part, out);
    }
    if (!decryptor->finish(out)) {
      state.SkipWithError("refused");
      return;
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(kPieces * kPieceOctets * state.iterations()));
}
BENCHMARK(media_decrypted)->Unit(benchmark::kMillisecond);

// --- OpenSSL alone ---

struct CipherFree {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
struct DigestFree {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
struct KeyFree {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using Digest = std::unique_ptr<EVP_MD_CTX, DigestFree>;

const unsigned char* unsigned_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

constexpr int kEncrypt = 1;
constexpr int kDecrypt = 0;

void openssl_alone(benchmark::State& state, int direction) {
  const Bytes piece(kPieceOctets, 'x');
  std::vector<unsigned char> out(kPieceOctets + 16);
  for (auto _ : state) {
    const std::unique_ptr<EVP_CIPHER_CTX, CipherFree> cipher(EVP_CIPHER_CTX_new());
    const std::unique_ptr<EVP_PKEY, KeyFree> key(EVP_PKEY_new_raw_private_key(
        EVP_PKEY_HMAC, nullptr, unsigned_of(keys().mac.reveal()), keys().mac.size()));
    const Digest plain(EVP_MD_CTX_new());
    const Digest sealed(EVP_MD_CTX_new());
    const Digest mac(EVP_MD_CTX_new());
    EVP_CipherInit_ex(cipher.get(), EVP_aes_256_cbc(), nullptr, unsigned_of(keys().cipher.reveal()),
                      unsigned_of(keys().iv), direction);
    EVP_DigestInit_ex(plain.get(), EVP_sha256(), nullptr);
    EVP_DigestInit_ex(sealed.get(), EVP_sha256(), nullptr);
    EVP_DigestSignInit(mac.get(), nullptr, EVP_sha256(), nullptr, key.get());
    for (std::size_t i = 0; i < kPieces; ++i) {
      int written = 0;
      EVP_CipherUpdate(cipher.get(), out.data(), &written, unsigned_of(piece),
                       static_cast<int>(piece.size()));
      EVP_DigestUpdate(plain.get(), piece.data(), piece.size());
      EVP_DigestUpdate(sealed.get(), out.data(), static_cast<std::size_t>(written));
      EVP_DigestSignUpdate(mac.get(), out.data(), static_cast<std::size_t>(written));
    }
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(kPieces * kPieceOctets * state.iterations()));
}
BENCHMARK_CAPTURE(openssl_alone, encrypting, kEncrypt)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(openssl_alone, decrypting, kDecrypt)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace parley::crypto::media
