// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/media/media_stream.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

namespace parley::crypto::media {
namespace {

std::unexpected<MediaFailure> refuse(MediaRefusal reason, std::string detail) {
  return std::unexpected(MediaFailure{.reason = reason, .detail = std::move(detail)});
}

bool differs(const std::optional<Bytes>& announced, const Bytes& found) {
  return announced && *announced != found;
}

}  // namespace

std::string_view to_string(MediaRefusal refusal) {
  switch (refusal) {
    case MediaRefusal::truncated:
      return "truncated";
    case MediaRefusal::enc_hash:
      return "enc-hash";
    case MediaRefusal::mac:
      return "mac";
    case MediaRefusal::padding:
      return "padding";
    case MediaRefusal::hash:
      return "hash";
    case MediaRefusal::length:
      return "length";
    case MediaRefusal::sidecar:
      return "sidecar";
    case MediaRefusal::key:
      return "key";
  }
  return "";
}

MediaEncryptor::MediaEncryptor(CbcStream cipher, const MediaKeys& keys, SidecarWanted sidecar)
    : cipher_(std::move(cipher)), mac_(keys.mac) {
  mac_.update(keys.iv);
  if (sidecar == SidecarWanted::yes) {
    sidecar_.emplace(keys.mac);
  }
}

Result<MediaEncryptor> MediaEncryptor::make(const MediaKeys& keys, SidecarWanted sidecar) {
  auto cipher = CbcStream::make({.key = keys.cipher, .iv = keys.iv}, CbcDirection::encrypt);
  if (!cipher) {
    return std::unexpected(cipher.error());
  }
  return MediaEncryptor(std::move(*cipher), keys, sidecar);
}

void MediaEncryptor::sent(std::string_view octets) {
  encrypted_.update(octets);
  if (sidecar_) {
    sidecar_->update(octets);
  }
}

Result<void> MediaEncryptor::update(std::string_view piece, Bytes& out) {
  plain_.update(piece);
  length_ += piece.size();
  if (auto done = cipher_.update(piece, out); !done) {
    return done;
  }
  mac_.update(out);
  sent(out);
  return {};
}

Result<MediaDescription> MediaEncryptor::finish(Bytes& out) {
  if (auto done = cipher_.finish(out); !done) {
    return std::unexpected(done.error());
  }
  mac_.update(out);
  out += mac_.finish().substr(0, kMediaMacOctets);
  sent(out);
  MediaDescription description{.file_sha256 = plain_.finish(),
                               .file_enc_sha256 = encrypted_.finish(),
                               .file_length = length_,
                               .sidecar = {}};
  if (sidecar_) {
    description.sidecar = sidecar_->finish();
  }
  return description;
}

MediaDecryptor::MediaDecryptor(CbcStream cipher, const MediaKeys& keys, MediaDescription announced)
    : cipher_(std::move(cipher)),
      mac_(keys.mac),
      sidecar_(keys.mac),
      announced_(std::move(announced)) {
  mac_.update(keys.iv);
}

Result<MediaDecryptor> MediaDecryptor::make(const MediaKeys& keys, MediaDescription announced) {
  auto cipher = CbcStream::make({.key = keys.cipher, .iv = keys.iv}, CbcDirection::decrypt);
  if (!cipher) {
    return std::unexpected(cipher.error());
  }
  return MediaDecryptor(std::move(*cipher), keys, std::move(announced));
}

void MediaDecryptor::decrypt(std::string_view ciphertext, Bytes& out) {
  mac_.update(ciphertext);
  // What is wrong with the blocks shows at the end.
  if (!cipher_.update(ciphertext, out)) {
    out.clear();
  }
  if (announced_.file_sha256) {
    plain_.update(out);
  }
  length_ += out.size();
}

void MediaDecryptor::update(std::string_view piece, Bytes& out) {
  received_ += piece.size();
  if (announced_.file_enc_sha256) {
    encrypted_.update(piece);
  }
  if (announced_.sidecar) {
    sidecar_.update(piece);
  }
  if (piece.size() <= kMediaMacOctets) {
    held_ += piece;
    const auto ready = held_.size() - std::min(held_.size(), kMediaMacOctets);
    decrypt(std::string_view(held_).substr(0, ready), out);
    held_.erase(0, ready);
    return;
  }
  // What was held is ciphertext: more than a MAC has followed it.
  Bytes before;
  decrypt(held_, before);
  held_ = piece.substr(piece.size() - kMediaMacOctets);
  decrypt(piece.substr(0, piece.size() - kMediaMacOctets), out);
  if (!before.empty()) {
    out.insert(0, before);
  }
}

MediaOutcome<void> MediaDecryptor::check(std::string_view mac) {
  if (differs(announced_.file_enc_sha256, encrypted_.finish())) {
    return refuse(MediaRefusal::enc_hash, "the file's hash is not the one announced");
  }
  const auto right = mac_.finish();
  if (CRYPTO_memcmp(mac.data(), right.data(), kMediaMacOctets) != 0) {
    return refuse(MediaRefusal::mac, "the file's MAC is wrong");
  }
  if (announced_.sidecar && differs(announced_.sidecar, sidecar_.finish())) {
    return refuse(MediaRefusal::sidecar, "the file's sidecar is not the one announced");
  }
  return {};
}

MediaOutcome<void> MediaDecryptor::finish(Bytes& out) {
  out.clear();
  if (received_ < kCbcBlockOctets + kMediaMacOctets) {
    return refuse(MediaRefusal::truncated, fmt::format("a file of {} octets", received_));
  }
  if (auto checked = check(held_); !checked) {
    return checked;
  }
  Bytes last;
  if (!cipher_.finish(last)) {
    return refuse(MediaRefusal::padding, "no whole blocks, or a padding that does not fit");
  }
  plain_.update(last);
  length_ += last.size();
  if (differs(announced_.file_sha256, plain_.finish())) {
    return refuse(MediaRefusal::hash, "the plaintext's hash is not the one announced");
  }
  if (announced_.file_length && *announced_.file_length != length_) {
    return refuse(MediaRefusal::length, fmt::format("{} octets are announced, there are {}",
                                                    *announced_.file_length, length_));
  }
  out = std::move(last);
  return {};
}

Result<EncryptedMedia> encrypt_media(const MediaKeys& keys, std::string_view plaintext,
                                     SidecarWanted sidecar) {
  auto encryptor = MediaEncryptor::make(keys, sidecar);
  if (!encryptor) {
    return std::unexpected(encryptor.error());
  }
  EncryptedMedia out;
  Bytes last;
  if (auto done = encryptor->update(plaintext, out.file); !done) {
    return std::unexpected(done.error());
  }
  auto description = encryptor->finish(last);
  if (!description) {
    return std::unexpected(description.error());
  }
  out.file += last;
  out.description = std::move(*description);
  return out;
}

MediaOutcome<Bytes> decrypt_media(const MediaKeys& keys, std::string_view file,
                                  const MediaDescription& announced) {
  auto decryptor = MediaDecryptor::make(keys, announced);
  if (!decryptor) {
    return refuse(MediaRefusal::key, decryptor.error().detail);
  }
  Bytes out;
  Bytes last;
  decryptor->update(file, out);
  if (auto done = decryptor->finish(last); !done) {
    return std::unexpected(done.error());
  }
  return out + last;
}

}  // namespace parley::crypto::media
