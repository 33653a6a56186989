// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_sealing.h"

#include <utility>

#include "harness/crypto/digest.h"

namespace parley::reference::whatsapp {
namespace {

namespace media = crypto::media;
using media::MediaKind;

MediaKind kind_of_keys(FileKind kind, const FaultSet& faults) {
  const auto right = keys_of(kind);
  if (faults.has(Fault::wt_media_other_keys)) {
    return right == MediaKind::document ? MediaKind::image : MediaKind::document;
  }
  if (kind == FileKind::gif && faults.has(Fault::wt_media_gif_image_keys)) {
    return MediaKind::image;
  }
  if (kind == FileKind::sticker && faults.has(Fault::wt_media_sticker_pack_keys)) {
    return MediaKind::sticker_pack;
  }
  return kind == FileKind::voice && faults.has(Fault::wt_media_voice_document_keys)
             ? MediaKind::document
             : right;
}

}  // namespace

Sealing::Bends::Bends(const FaultSet& faults, const SecretBytes& media_key)
    : plaintext(faults.has(Fault::wt_media_plaintext_uploaded)),
      mac(faults.has(Fault::wt_media_mac_missing)           ? Mac::missing
          : faults.has(Fault::wt_media_mac_wrong)           ? Mac::wrong
          : faults.has(Fault::wt_media_mac_sent_without_iv) ? Mac::without_iv
          : faults.has(Fault::wt_media_mac_whole)           ? Mac::whole
                                                            : Mac::right),
      behind(faults.has(Fault::wt_media_key_in_body) ? Bytes(media_key.reveal()) : Bytes()) {}

Result<Sealing> Sealing::make(const OutgoingFile& file, const SecretBytes& media_key,
                              const FaultSet& faults) {
  auto keys = media::expand_with(media_key, media::info_of(kind_of_keys(file.kind, faults)));
  if (faults.has(Fault::wt_media_iv_zero)) {
    keys.iv.assign(keys.iv.size(), '\0');
  }
  const bool sidecar =
      keys_of(file.kind) != MediaKind::image &&
      (faults.has(Fault::wt_may_media_sidecar) || faults.has(Fault::wt_media_sidecar_sent_wrong));
  auto encryptor = media::MediaEncryptor::make(
      keys, sidecar ? media::SidecarWanted::yes : media::SidecarWanted::no);
  if (!encryptor) {
    return std::unexpected(encryptor.error());
  }
  return Sealing(file, keys, std::move(*encryptor), Bends(faults, media_key));
}

Sealing::Sealing(const OutgoingFile& file, const media::MediaKeys& keys,
                 media::MediaEncryptor encryptor, Bends bends)
    : file_(file.octets, file.times),
      encryptor_(std::move(encryptor)),
      bends_(std::move(bends)),
      mac_(keys.mac) {
  if (bends_.mac != Bends::Mac::without_iv) {
    mac_.update(keys.iv);
  }
}

std::uint64_t Sealing::octets() const {
  if (bends_.plaintext) {
    return file_.size();
  }
  const auto ciphertext = (file_.size() / crypto::kCbcBlockOctets + 1) * crypto::kCbcBlockOctets;
  const auto mac = bends_.mac == Bends::Mac::missing ? 0
                   : bends_.mac == Bends::Mac::whole ? crypto::kSha256Octets
                                                     : media::kMediaMacOctets;
  return ciphertext + mac + bends_.behind.size();
}

Bytes Sealing::next() {
  Bytes out;
  while (out.empty() && !description_) {
    out = encrypted();
  }
  return out;
}

Bytes Sealing::encrypted() {
  Bytes out;
  const auto piece = file_.next();
  if (!piece.empty()) {
    (void)encryptor_.update(piece, out);
  } else {
    description_ = encryptor_.finish(out).value_or(media::MediaDescription());
  }
  if (bends_.any()) {
    if (bends_.plaintext) {
      out = piece;
    }
    bend(out);
    sent_.update(out);
    if (description_) {
      description_->file_enc_sha256 = sent_.finish();
    }
  }
  return out;
}

// The MAC is the end of the last piece.
void Sealing::bend(Bytes& out) {
  const bool last = description_.has_value();
  if (bends_.plaintext || !last) {
    mac_.update(out);
    return;
  }
  const auto right = out.substr(out.size() - media::kMediaMacOctets);
  out.resize(out.size() - right.size());
  mac_.update(out);
  const auto whole = mac_.finish();
  switch (bends_.mac) {
    case Bends::Mac::right:
      out += right;
      break;
    case Bends::Mac::missing:
      break;
    case Bends::Mac::wrong:
      out += right;
      out.back() = static_cast<char>(out.back() ^ 1);
      break;
    case Bends::Mac::without_iv:
      out += whole.substr(0, media::kMediaMacOctets);
      break;
    case Bends::Mac::whole:
      out += whole;
      break;
  }
  out += bends_.behind;
}

}  // namespace parley::reference::whatsapp
