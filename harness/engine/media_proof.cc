// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/media_proof.h"

#include <fmt/format.h>

#include <utility>

#include "harness/crypto/media/media_stream.h"
#include "harness/crypto/memo.h"
#include "harness/engine/media_kind.h"

namespace parley::engine {
namespace {

namespace media = crypto::media;

constexpr std::size_t kPieceOctets = 256 * 1024;

// Calls `take` with each piece of a file.
template <class Take>
void in_pieces(const LyingFile& file, const Take& take) {
  if (file.spool == nullptr) {
    take(file.octets);
    return;
  }
  for (std::uint64_t at = 0; at < file.spool->size(); at += kPieceOctets) {
    take(file.spool->read(at, kPieceOctets));
  }
}

media::MediaDescription description_of(const wire::MediaMessage& message) {
  return {.file_sha256 = message.file_sha256,
          .file_enc_sha256 = message.file_enc_sha256,
          .file_length = message.file_length,
          .sidecar = message.sidecar};
}

// Its plaintext's hash, which the message says, or why it does not hold.
media::MediaOutcome<Bytes> opened(const wire::MediaMessage& message, const LyingFile& file) {
  const auto keys = media::expand(*message.media_key, kind_of(message).keys);
  auto decryptor = keys ? media::MediaDecryptor::make(*keys, description_of(message))
                        : Result<media::MediaDecryptor>(std::unexpected(keys.error()));
  if (!decryptor) {
    return std::unexpected(media::MediaFailure{.reason = media::MediaRefusal::key,
                                               .detail = decryptor.error().detail});
  }
  Bytes plain;
  in_pieces(file, [&](const Bytes& piece) { decryptor->update(piece, plain); });
  if (auto whole = decryptor->finish(plain); !whole) {
    return std::unexpected(whole.error());
  }
  return *message.file_sha256;
}

Proof proved(const wire::MediaMessage& message, const LyingFile& file) {
  const auto hash = opened(message, file);
  return hash ? Proof{.verdict = "yes", .sha256 = to_hex(*hash)}
              : Proof{.verdict = std::string(to_string(hash.error().reason)), .sha256 = ""};
}

// A large file is read once, though the run and its judge both ask.
Proof remembered_proof(const wire::MediaMessage& message, const LyingFile& file) {
  const auto length = std::to_string(message.file_length.value_or(0));
  const auto sidecar = message.sidecar.value_or("-");
  const auto compute = [&]() -> Result<SecretBytes> {
    auto proof = proved(message, file);
    return SecretBytes(proof.sha256 + " " + proof.verdict);
  };
  const auto known =
      crypto::remembered("media-proof",
                         {file.name, message.media_key->reveal(), kind_of(message).name,
                          *message.file_sha256, *message.file_enc_sha256, length, sidecar},
                         compute);
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
    return {.verdict = "its octets were not kept", .sha256 = ""};
  }
  return file.spool == nullptr ? proved(message, file) : remembered_proof(message, file);
}

}  // namespace parley::engine
