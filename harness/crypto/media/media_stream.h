// SPDX-License-Identifier: GPL-3.0-or-later
// Media files encrypted and decrypted in pieces, in memory that does not grow with the file.
// Source: observed clients. The uploaded file is AES-256-CBC with PKCS#7 padding, then the first 10
// octets of HMAC-SHA-256 over iv and ciphertext; the message that announces it says the hash of the
// plaintext, the hash of the uploaded file and the plaintext's length. One owner a stream.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "harness/crypto/aes_cbc.h"
#include "harness/crypto/digest_stream.h"
#include "harness/crypto/media/media_keys.h"
#include "harness/crypto/media/sidecar.h"

namespace parley::crypto::media {

// What a message says of a file. A value that is absent is not checked.
struct MediaDescription {
  std::optional<Bytes> file_sha256;          // of the plaintext
  std::optional<Bytes> file_enc_sha256;      // of ciphertext and MAC
  std::optional<std::uint64_t> file_length;  // of the plaintext
  std::optional<Bytes> sidecar;

  friend bool operator==(const MediaDescription&, const MediaDescription&) = default;
};

enum class SidecarWanted { no, yes };

class MediaEncryptor {
 public:
  // Errors: as CbcStream::make.
  static Result<MediaEncryptor> make(const MediaKeys& keys, SidecarWanted sidecar);

  // Replaces `out` by what is ready for upload. Errors: as CbcStream.
  Result<void> update(std::string_view piece, Bytes& out);
  // The end: replaces `out` by the last block and the MAC. Nothing may follow.
  Result<MediaDescription> finish(Bytes& out);

 private:
  MediaEncryptor(CbcStream cipher, const MediaKeys& keys, SidecarWanted sidecar);
  void sent(std::string_view octets);
  CbcStream cipher_;
  HmacSha256Stream mac_;
  Sha256Stream plain_;
  Sha256Stream encrypted_;
  std::optional<SidecarMaker> sidecar_;
  std::uint64_t length_ = 0;
};

// Why a file is not believed, in the order in which finish() looks.
enum class MediaRefusal {
  truncated,  // no room for a block and a MAC
  enc_hash,   // the uploaded file is not the one that was announced
  mac,
  padding,  // no whole blocks, or a padding that does not fit
  hash,     // the plaintext is not the one that was announced
  length,   // the plaintext has another length
  sidecar,
  key,  // a media key of another length
};
std::string_view to_string(MediaRefusal refusal);

struct MediaFailure {
  MediaRefusal reason;
  std::string detail;  // English, no trailing full stop, no secrets
};
template <class T>
using MediaOutcome = std::expected<T, MediaFailure>;

// What update() gives is NOT proven before finish() has said so: keep it apart until then.
class MediaDecryptor {
 public:
  // Errors: as CbcStream::make.
  static Result<MediaDecryptor> make(const MediaKeys& keys, MediaDescription announced);

  // Replaces `out` by the plaintext that is ready.
  void update(std::string_view piece, Bytes& out);
  // The end: replaces `out` by the last of the plaintext. Nothing may follow.
  MediaOutcome<void> finish(Bytes& out);

 private:
  MediaDecryptor(CbcStream cipher, const MediaKeys& keys, MediaDescription announced);
  void decrypt(std::string_view ciphertext, Bytes& out);
  MediaOutcome<void> check(std::string_view mac);
  CbcStream cipher_;
  HmacSha256Stream mac_;
  Sha256Stream plain_;
  Sha256Stream encrypted_;
  SidecarMaker sidecar_;
  MediaDescription announced_;
  Bytes held_;  // the last octets so far: they may be the MAC
  std::uint64_t received_ = 0;
  std::uint64_t length_ = 0;
};

// Whole files, for small ones.
struct EncryptedMedia {
  Bytes file;
  MediaDescription description;
};
Result<EncryptedMedia> encrypt_media(const MediaKeys& keys, std::string_view plaintext,
                                     SidecarWanted sidecar = SidecarWanted::no);
MediaOutcome<Bytes> decrypt_media(const MediaKeys& keys, std::string_view file,
                                  const MediaDescription& announced);

}  // namespace parley::crypto::media
