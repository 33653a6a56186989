// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/content.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <array>
#include <utility>

namespace parley::wire {
namespace {

using protobuf::FieldTaker;
using protobuf::FieldWriter;

// A field of media: where it lies in MediaMessage and its number in each type, 0 for none.
template <class T>
struct MediaField {
  std::optional<T> MediaMessage::* member;
  std::uint32_t image;
  std::uint32_t video;
  std::uint32_t audio;
  std::uint32_t document;
  std::uint32_t sticker;

  std::uint32_t number(MediaType type) const {
    switch (type) {
      case MediaType::image:
        return image;
      case MediaType::video:
        return video;
      case MediaType::audio:
        return audio;
      case MediaType::document:
        return document;
      case MediaType::sticker:
        return sticker;
    }
    return 0;
  }
};

using M = MediaMessage;
constexpr std::array kOctetFields{
    MediaField<Bytes>{&M::url, 1, 1, 1, 1, 1},
    MediaField<Bytes>{&M::mimetype, 2, 2, 2, 2, 5},
    MediaField<Bytes>{&M::caption, 3, 7, 0, 20, 0},
    MediaField<Bytes>{&M::file_sha256, 4, 3, 3, 4, 2},
    MediaField<Bytes>{&M::file_enc_sha256, 9, 11, 8, 9, 3},
    MediaField<Bytes>{&M::direct_path, 11, 13, 9, 10, 8},
    MediaField<Bytes>{&M::jpeg_thumbnail, 16, 16, 0, 16, 0},
    MediaField<Bytes>{&M::context_info, 17, 17, 17, 17, 17},
    MediaField<Bytes>{&M::sidecar, 21, 18, 18, 0, 0},
    MediaField<Bytes>{&M::waveform, 0, 0, 19, 0, 0},
    MediaField<Bytes>{&M::title, 0, 0, 0, 3, 0},
    MediaField<Bytes>{&M::file_name, 0, 0, 0, 8, 0},
};
constexpr std::array kNumberFields{
    MediaField<std::uint64_t>{&M::file_length, 5, 4, 4, 5, 9},
    MediaField<std::uint64_t>{&M::media_key_timestamp, 12, 14, 10, 11, 10},
    MediaField<std::uint64_t>{&M::height, 6, 0, 0, 0, 6},
    MediaField<std::uint64_t>{&M::width, 7, 0, 0, 0, 7},
    MediaField<std::uint64_t>{&M::seconds, 0, 5, 5, 0, 0},
    MediaField<std::uint64_t>{&M::gif_playback, 0, 8, 0, 0, 0},
    MediaField<std::uint64_t>{&M::ptt, 0, 0, 6, 0, 0},
    MediaField<std::uint64_t>{&M::page_count, 0, 0, 0, 6, 0},
};
constexpr MediaField<SecretBytes> kMediaKey{&M::media_key, 8, 6, 7, 7, 4};

constexpr std::array kMediaTypes{MediaType::image, MediaType::document, MediaType::audio,
                                 MediaType::video, MediaType::sticker};

Result<FieldTaker> taker_of(std::string_view octets) {
  auto fields = protobuf::read_fields(octets);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  return FieldTaker(std::move(*fields));
}

Result<MediaMessage> parse_media(MediaType type, std::string_view octets) {
  auto taker = taker_of(octets);
  if (!taker) {
    return std::unexpected(taker.error());
  }
  MediaMessage out;
  out.type = type;
  for (const auto& field : kOctetFields) {
    if (const auto number = field.number(type); number != 0) {
      out.*field.member = taker->take_octets(number);
    }
  }
  for (const auto& field : kNumberFields) {
    if (const auto number = field.number(type); number != 0) {
      out.*field.member = taker->take_varint(number);
    }
  }
  if (auto key = taker->take_octets(kMediaKey.number(type))) {
    out.media_key = SecretBytes(*key);
    OPENSSL_cleanse(key->data(), key->size());
  }
  out.unknown = std::move(*taker).rest();
  return out;
}

// By number, as everywhere: the table is by meaning.
Bytes write_media(const MediaMessage& media) {
  constexpr std::uint32_t kLargestNumber = 21;
  FieldWriter writer;
  for (std::uint32_t number = 1; number <= kLargestNumber; ++number) {
    for (const auto& field : kOctetFields) {
      if (field.number(media.type) == number) {
        writer.add_octets(number, media.*field.member);
      }
    }
    for (const auto& field : kNumberFields) {
      if (field.number(media.type) == number) {
        writer.add_varint(number, media.*field.member);
      }
    }
    if (kMediaKey.number(media.type) == number && media.media_key) {
      writer.add_octets(number, Bytes(media.media_key->reveal()));
    }
  }
  return std::move(writer).finish(media.unknown);
}

Result<ExtendedText> parse_extended_text(std::string_view octets) {
  auto taker = taker_of(octets);
  if (!taker) {
    return std::unexpected(taker.error());
  }
  ExtendedText out;
  out.text = taker->take_octets(1);
  out.unknown = std::move(*taker).rest();
  return out;
}

Result<Reaction> parse_reaction(std::string_view octets) {
  auto taker = taker_of(octets);
  if (!taker) {
    return std::unexpected(taker.error());
  }
  Reaction out;
  out.key = taker->take_message(1);
  out.text = taker->take_octets(2);
  out.sender_timestamp_ms = taker->take_varint(4);
  out.unknown = std::move(*taker).rest();
  return out;
}

// A nested message that is there is parsed into `out`.
template <class T, class Parse>
Result<void> take_nested(FieldTaker& taker, std::uint32_t number, const Parse& parse,
                         std::optional<T>& out) {
  const auto octets = taker.take_message(number);
  if (!octets) {
    return {};
  }
  auto parsed = parse(*octets);
  if (!parsed) {
    return std::unexpected(parsed.error());
  }
  out = std::move(*parsed);
  return {};
}

std::optional<Bytes> written(const std::optional<ExtendedText>& text) {
  if (!text) {
    return std::nullopt;
  }
  FieldWriter writer;
  writer.add_octets(1, text->text);
  return std::move(writer).finish(text->unknown);
}

std::optional<Bytes> written(const std::optional<Reaction>& reaction) {
  if (!reaction) {
    return std::nullopt;
  }
  FieldWriter writer;
  writer.add_octets(1, reaction->key);
  writer.add_octets(2, reaction->text);
  writer.add_varint(4, reaction->sender_timestamp_ms);
  return std::move(writer).finish(reaction->unknown);
}

}  // namespace

std::string_view to_string(MediaType type) {
  switch (type) {
    case MediaType::image:
      return "image";
    case MediaType::document:
      return "document";
    case MediaType::audio:
      return "audio";
    case MediaType::video:
      return "video";
    case MediaType::sticker:
      return "sticker";
  }
  return "";
}

Result<Content> parse_content(std::string_view octets) {
  auto taker = taker_of(octets);
  if (!taker) {
    return std::unexpected(taker.error());
  }
  Content out;
  out.conversation = taker->take_octets(1);
  if (auto read = take_nested(*taker, 6, parse_extended_text, out.extended_text); !read) {
    return std::unexpected(read.error());
  }
  for (const auto type : kMediaTypes) {
    std::optional<MediaMessage> media;
    const auto parse = [&](std::string_view inner) { return parse_media(type, inner); };
    if (auto read = take_nested(*taker, static_cast<std::uint32_t>(type), parse, media); !read) {
      return std::unexpected(read.error());
    }
    if (media) {
      out.media.push_back(std::move(*media));
    }
  }
  out.protocol_message = taker->take_message(12);
  out.device_sent_message = taker->take_message(31);
  out.message_context_info = taker->take_message(35);
  if (auto read = take_nested(*taker, 46, parse_reaction, out.reaction); !read) {
    return std::unexpected(read.error());
  }
  out.unknown = std::move(*taker).rest();
  return out;
}

Bytes write(const Content& content) {
  FieldWriter writer;
  const auto add_media = [&](MediaType type) {
    for (const auto& media : content.media) {
      if (media.type == type) {
        writer.add_octets(static_cast<std::uint32_t>(type), write_media(media));
      }
    }
  };
  writer.add_octets(1, content.conversation);
  add_media(MediaType::image);
  writer.add_octets(6, written(content.extended_text));
  add_media(MediaType::document);
  add_media(MediaType::audio);
  add_media(MediaType::video);
  writer.add_octets(12, content.protocol_message);
  add_media(MediaType::sticker);
  writer.add_octets(31, content.device_sent_message);
  writer.add_octets(35, content.message_context_info);
  writer.add_octets(46, written(content.reaction));
  return std::move(writer).finish(content.unknown);
}

std::optional<Bytes> shown_text(const Content& content) {
  if (content.conversation) {
    return content.conversation;
  }
  if (content.extended_text && content.extended_text->text) {
    return content.extended_text->text;
  }
  for (const auto& media : content.media) {
    if (media.caption) {
      return media.caption;
    }
  }
  return std::nullopt;
}

Bytes pad(std::string_view plaintext, Rng& rng) {
  const auto drawn = static_cast<unsigned>(rng.next() & 0xFU);
  const unsigned count = drawn == 0 ? kMaxPadding : drawn;
  return pad_with(plaintext, count, static_cast<std::uint8_t>(count));
}

Bytes pad_with(std::string_view plaintext, std::size_t count, std::uint8_t value) {
  return Bytes(plaintext) + Bytes(count, static_cast<char>(value));
}

Result<std::string_view> unpad(std::string_view padded) {
  if (padded.empty()) {
    return fail(Errc::truncated, "no octet says how long the padding is", 0);
  }
  const auto count = static_cast<std::uint8_t>(padded.back());
  if (count == 0 || count > kMaxPadding || count > padded.size()) {
    return fail(Errc::malformed, fmt::format("a padding of {} octets", count), padded.size() - 1);
  }
  for (std::size_t at = padded.size() - count; at < padded.size(); ++at) {
    if (padded[at] != padded.back()) {
      return fail(Errc::malformed, "the padding's octets differ", at);
    }
  }
  return padded.substr(0, padded.size() - count);
}

}  // namespace parley::wire
