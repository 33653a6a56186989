// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_announcement.h"

#include <chrono>
#include <utility>

namespace parley::reference::whatsapp {
namespace {

using wire::MediaType;

constexpr std::string_view kOctets = "application/octet-stream";
// A JPEG's beginning and end: a picture of nothing.
constexpr std::string_view kThumbnail = "\xff\xd8\xff\xd9";

std::uint64_t seconds_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(now).count());
}

// RFC 3986 section 2.1, for what no URL has.
std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool visible = c > ' ' && c < 0x7f && c != '%';
    out += visible ? std::string(1, c) : "%" + to_hex(std::string_view(&c, 1));
  }
  return out;
}

MediaType type_of(FileKind kind, const FaultSet& faults) {
  if (kind == FileKind::gif && faults.has(Fault::wt_media_gif_as_image)) {
    return MediaType::image;
  }
  if (kind == FileKind::sticker && faults.has(Fault::wt_media_sticker_as_image)) {
    return MediaType::image;
  }
  if (kind == FileKind::image && faults.has(Fault::wt_media_image_as_document)) {
    return MediaType::document;
  }
  if (kind == FileKind::document && faults.has(Fault::wt_media_document_as_image)) {
    return MediaType::image;
  }
  return message_of(kind);
}

// Where the file is, as the message says it.
std::string place(const std::string& url, const FaultSet& faults) {
  const auto path = url.find('/', url.find("://") + 3);
  if (faults.has(Fault::wt_media_url_path_alone)) {
    return path == url.npos ? "/" : url.substr(path);
  }
  if (faults.has(Fault::wt_media_url_in_clear)) {
    return "http" + url.substr(url.find(':'));
  }
  return faults.has(Fault::wt_media_url_without_query) ? url.substr(0, url.find('?')) : url;
}

// The kind's own members.
void describe_kind(const OutgoingFile& file, const FaultSet& faults, wire::MediaMessage& out) {
  out.seconds = file.seconds;
  if (file.kind == FileKind::voice && !faults.has(Fault::wt_media_voice_without_ptt)) {
    out.ptt = 1;
  }
  if (file.kind == FileKind::gif && !faults.has(Fault::wt_media_gif_as_video)) {
    out.gif_playback = 1;
  }
  if (file.kind == FileKind::document && !faults.has(Fault::wt_media_name_not_sent)) {
    out.file_name = file.name;
    out.title = file.name;
  }
  if (faults.has(Fault::wt_may_media_thumbnail)) {
    out.jpeg_thumbnail = Bytes(kThumbnail);
  }
}

void describe_octets(const Uploaded& uploaded, const FaultSet& faults, wire::MediaMessage& out) {
  out.file_sha256 = uploaded.description.file_sha256;
  out.file_enc_sha256 = uploaded.description.file_enc_sha256;
  out.file_length = uploaded.description.file_length;
  out.sidecar = uploaded.description.sidecar;
  if (faults.has(Fault::wt_media_hashes_swapped)) {
    std::swap(out.file_sha256, out.file_enc_sha256);
  }
  if (faults.has(Fault::wt_media_length_of_upload)) {
    out.file_length = uploaded.octets;
  }
  if (out.file_length && faults.has(Fault::wt_media_large_length_wraps)) {
    *out.file_length %= kLargeFileOctets;
  }
  if (out.sidecar && faults.has(Fault::wt_media_sidecar_sent_wrong)) {
    out.sidecar->front() = static_cast<char>(out.sidecar->front() ^ 1);
  }
}

}  // namespace

// MED-006: neither the key, nor what the file is.
wire::HttpMessage upload_request(const MediaAccess& access, const OutgoingFile& file,
                                 const SecretBytes& media_key, std::uint64_t octets,
                                 const FaultSet& faults) {
  const auto& token =
      faults.has(Fault::wt_media_upload_wrong_token) ? access.download_token : access.upload_token;
  auto out = wire::http_request(
      "POST", "",
      {{"Content-Type",
        faults.has(Fault::wt_media_type_uploaded) ? file.mimetype : std::string(kOctets)},
       {"Content-Length", std::to_string(octets)}});
  if (!faults.has(Fault::wt_media_upload_without_token)) {
    out.headers.push_back({"Authorization", "Bearer " + token});
  }
  if (faults.has(Fault::wt_media_key_in_header)) {
    out.headers.push_back({"X-Media-Key", to_base64(media_key.reveal())});
  }
  if (faults.has(Fault::wt_media_name_in_header)) {
    out.headers.push_back({"Content-Disposition", "attachment; filename=\"" + file.name + "\""});
  }
  if (faults.has(Fault::wt_media_caption_in_header)) {
    out.headers.push_back({"X-Caption", file.caption});
  }
  return out;
}

std::string upload_target(std::string target, const OutgoingFile& file,
                          const SecretBytes& media_key, const FaultSet& faults) {
  if (faults.has(Fault::wt_media_key_in_url)) {
    target += "?key=" + to_hex(media_key.reveal());
  }
  if (faults.has(Fault::wt_media_name_in_url)) {
    target += "?name=" + percent_encoded(file.name);
  }
  return target;
}

wire::MediaMessage announcement(const OutgoingFile& file, const Uploaded& uploaded,
                                const FaultSet& faults) {
  wire::MediaMessage out;
  out.type = type_of(file.kind, faults);
  out.url = place(uploaded.url, faults);
  out.media_key = uploaded.media_key;
  out.media_key_timestamp = seconds_now();
  if (!file.mimetype.empty() && !faults.has(Fault::wt_media_type_not_sent)) {
    out.mimetype = file.mimetype;
  }
  if (!file.caption.empty() && !faults.has(Fault::wt_media_caption_not_sent)) {
    out.caption = file.caption;
  }
  describe_octets(uploaded, faults, out);
  describe_kind(file, faults, out);
  return out;
}

std::string announced_mediatype(FileKind kind, const FaultSet& faults) {
  const bool other = faults.has(Fault::wt_media_other_mediatype);
  const auto said = !other                       ? kind
                    : kind == FileKind::document ? FileKind::image
                                                 : FileKind::document;
  return std::string(mediatype_of(said));
}

}  // namespace parley::reference::whatsapp
