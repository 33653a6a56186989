// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/media_proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/crypto/media/media_stream.h"
#include "harness/crypto/memo.h"
#include "harness/engine/large_body.h"
#include "harness/engine/media_kind.h"

namespace parley::engine {
namespace {

namespace media = crypto::media;

constexpr std::size_t kPieceOctets = 256 * 1024;
const Proof kLost{.verdict = "its octets were not kept", .sha256 = "", .lost = true};

// Calls `take` with each piece of a file. Whether all of it could be read.
template <class Take>
bool in_pieces(const LyingFile& file, const Take& take) {
  if (file.spool == nullptr) {
    take(file.octets);
    return true;
  }
  const auto size = file.spool->size();
  for (std::uint64_t at = 0; at < size; at += kPieceOctets) {
    const auto piece = file.spool->read(at, kPieceOctets);
    if (piece.size() < std::min<std::uint64_t>(kPieceOctets, size - at)) {
      return false;
    }
    take(piece);
  }
  return !file.spool->failed();
}

media::MediaDescription description_of(const wire::MediaMessage& message) {
  return {.file_sha256 = message.file_sha256,
          .file_enc_sha256 = message.file_enc_sha256,
          .file_length = message.file_length,
          .sidecar = message.sidecar};
}

Proof refused(const media::MediaFailure& failure) {
  return {.verdict = std::string(to_string(failure.reason)), .sha256 = ""};
}

// The hash of its plaintext is the one that the message says.
Proof proved(const wire::MediaMessage& message, const LyingFile& file) {
  const auto keys = media::expand(*message.media_key, kind_of(message).keys);
  auto announced = description_of(message);
  if (const auto name = large_name(file.name)) {
    if (name->sha256 != to_hex(*announced.file_enc_sha256)) {
      return refused({.reason = media::MediaRefusal::enc_hash, .detail = ""});
    }
    announced.file_enc_sha256.reset();  // which needs no second look
  }
  auto decryptor = keys ? media::MediaDecryptor::make(*keys, std::move(announced))
                        : Result<media::MediaDecryptor>(std::unexpected(keys.error()));
  if (!decryptor) {
    return refused({.reason = media::MediaRefusal::key, .detail = decryptor.error().detail});
  }
  Bytes plain;
  if (!in_pieces(file, [&](const Bytes& piece) { decryptor->update(piece, plain); })) {
    return kLost;
  }
  if (auto whole = decryptor->finish(plain); !whole) {
    return refused(whole.error());
  }
  return {.verdict = "yes", .sha256 = to_hex(*message.file_sha256)};
}

// A large file is read once, though the run and its judge both ask.
Proof remembered_proof(const wire::MediaMessage& message, const LyingFile& file) {
  const auto length = std::to_string(message.file_length.value_or(0));
  const auto sidecar = message.sidecar.value_or("-");
  const auto compute = [&]() -> Result<SecretBytes> {
    const auto proof = proved(message, file);
    if (proof.lost) {
      return fail(Errc::io, proof.verdict);
    }
    return SecretBytes(proof.sha256 + " " + proof.verdict);
  };
  const auto known =
      crypto::remembered("media-proof",
                         {file.name, message.media_key->reveal(), kind_of(message).name,
                          *message.file_sha256, *message.file_enc_sha256, length, sidecar},
                         compute);
  if (!known) {
    return kLost;
  }
  const std::string_view text = known->reveal();
  const auto space = text.find(' ');
  return {.verdict = std::string(text.substr(space + 1)),
          .sha256 = std::string(text.substr(0, space))};
}

}  // namespace

std::string_view missing(const wire::MediaMessage& message) {
  return !message.url               ? "url"
         : !message.media_key       ? "mediaKey"
         : !message.file_sha256     ? "fileSha256"
         : !message.file_enc_sha256 ? "fileEncSha256"
         : !message.file_length     ? "fileLength"
         : !message.mimetype        ? "mimetype"
                                    : "";
}

Proof proof_of(const wire::MediaMessage& message, const LyingFile& file) {
  if (const auto lacks = missing(message); !lacks.empty()) {
    return {.verdict = fmt::format("without {}", lacks), .sha256 = ""};
  }
  if (!file.name.empty() && file.spool == nullptr) {
    return kLost;
  }
  return file.spool == nullptr ? proved(message, file) : remembered_proof(message, file);
}

}  // namespace parley::engine
