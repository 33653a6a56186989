// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/media_transport.h"

#include <openssl/crypto.h>

#include <utility>

#include "harness/base/protobuf_wire.h"

namespace parley::wire {
namespace {

using protobuf::FieldTaker;
using protobuf::FieldWriter;

// What is not there says nothing.
Result<FieldTaker> taker_of(const std::optional<Bytes>& octets) {
  auto fields = protobuf::read_fields(octets.value_or(""));
  if (!fields) {
    return std::unexpected(fields.error());
  }
  return FieldTaker(std::move(*fields));
}

bool has_caption(MediaType type) { return type == MediaType::image || type == MediaType::video; }

std::optional<Bytes> unless_empty(Bytes octets) {
  return octets.empty() ? std::nullopt : std::optional(std::move(octets));
}

// integral { fileSHA256 … }, ancillary { fileLength … }
Result<void> parse_file(const std::optional<Bytes>& octets, MediaMessage& out) {
  auto file = taker_of(octets);
  auto integral = file ? taker_of(file->take_message(1)) : file;
  auto ancillary = integral ? taker_of(file->take_message(2)) : integral;
  if (!ancillary) {
    return std::unexpected(ancillary.error());
  }
  out.file_sha256 = integral->take_octets(1);
  if (auto key = integral->take_octets(2)) {
    out.media_key = SecretBytes(*key);
    OPENSSL_cleanse(key->data(), key->size());
  }
  out.file_enc_sha256 = integral->take_octets(3);
  out.url = integral->take_octets(4);
  out.media_key_timestamp = integral->take_varint(5);
  out.file_length = ancillary->take_varint(1);
  out.mimetype = ancillary->take_octets(2);
  return {};
}

Bytes write_file(const MediaMessage& message) {
  FieldWriter integral;
  integral.add_octets(1, message.file_sha256);
  if (message.media_key) {
    integral.add_octets(2, Bytes(message.media_key->reveal()));
  }
  integral.add_octets(3, message.file_enc_sha256);
  integral.add_octets(4, message.url);
  integral.add_varint(5, message.media_key_timestamp);
  FieldWriter ancillary;
  ancillary.add_varint(1, message.file_length);
  ancillary.add_octets(2, message.mimetype);
  FieldWriter out;
  out.add_octets(1, unless_empty(std::move(integral).finish({})));
  out.add_octets(2, unless_empty(std::move(ancillary).finish({})));
  return std::move(out).finish({});
}

Result<void> parse_payload(const Bytes& octets, MediaMessage& out) {
  auto payload = taker_of(octets);
  auto integral = payload ? taker_of(payload->take_message(1)) : payload;
  auto ancillary = integral ? taker_of(payload->take_message(2)) : integral;
  if (!ancillary) {
    return std::unexpected(ancillary.error());
  }
  if (out.type == MediaType::video || out.type == MediaType::audio) {
    out.seconds = ancillary->take_varint(1);
  }
  if (out.type == MediaType::video) {
    out.gif_playback = ancillary->take_varint(3);
    out.sidecar = ancillary->take_octets(6);
  }
  return parse_file(integral->take_message(1), out);
}

Bytes write_payload(const MediaMessage& message) {
  FieldWriter integral;
  integral.add_octets(1, unless_empty(write_file(message)));
  FieldWriter ancillary;
  if (message.type == MediaType::video || message.type == MediaType::audio) {
    ancillary.add_varint(1, message.seconds);
  }
  if (message.type == MediaType::video) {
    ancillary.add_varint(3, message.gif_playback);
    ancillary.add_octets(6, message.sidecar);
  }
  FieldWriter out;
  out.add_octets(1, unless_empty(std::move(integral).finish({})));
  out.add_octets(2, unless_empty(std::move(ancillary).finish({})));
  return std::move(out).finish({});
}

}  // namespace

std::uint32_t consumer_number(MediaType type) {
  switch (type) {
    case MediaType::image:
      return 2;
    case MediaType::document:
      return 7;
    case MediaType::audio:
      return 8;
    case MediaType::video:
      return 9;
    case MediaType::sticker:
      return 12;
  }
  return 0;
}

Result<MediaMessage> parse_media_transport(MediaType type, std::string_view octets) {
  auto message = taker_of(Bytes(octets));
  auto carrier = message ? taker_of(message->take_message(1)) : message;
  if (!carrier) {
    return std::unexpected(carrier.error());
  }
  const auto payload = carrier->take_message(1);
  if (!payload || carrier->take_varint(2) != kMediaTransportVersion) {
    return fail(Errc::unsupported, "no file in a form of this version");
  }
  MediaMessage out;
  out.type = type;
  if (has_caption(type)) {
    auto caption = taker_of(message->take_message(2));
    if (!caption) {
      return std::unexpected(caption.error());
    }
    out.caption = caption->take_octets(1);
  } else if (type == MediaType::document) {
    out.file_name = message->take_octets(2);
  } else if (type == MediaType::audio) {
    out.ptt = message->take_varint(2);
  }
  if (auto parsed = parse_payload(*payload, out); !parsed) {
    return std::unexpected(parsed.error());
  }
  return out;
}

Bytes write_media_transport(const MediaMessage& message) {
  FieldWriter carrier;
  carrier.add_octets(1, write_payload(message));
  carrier.add_varint(2, kMediaTransportVersion);
  FieldWriter out;
  out.add_octets(1, std::move(carrier).finish({}));
  if (has_caption(message.type) && message.caption) {
    FieldWriter caption;
    caption.add_octets(1, message.caption);
    out.add_octets(2, std::move(caption).finish({}));
  } else if (message.type == MediaType::document) {
    out.add_octets(2, message.file_name);
  } else if (message.type == MediaType::audio) {
    out.add_varint(2, message.ptt);
  }
  return std::move(out).finish({});
}

}  // namespace parley::wire
