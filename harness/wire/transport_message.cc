// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/transport_message.h"

#include <initializer_list>
#include <ranges>
#include <utility>

#include "harness/base/protobuf_wire.h"
#include "harness/wire/media_transport.h"

namespace parley::wire {
namespace {

using protobuf::FieldTaker;
using protobuf::octets_field;

using Path = std::initializer_list<std::uint32_t>;

constexpr std::uint32_t kPayload = 1;  // of what carries another form
constexpr std::uint32_t kVersion = 2;
constexpr Path kApplication{1, 1};
constexpr Path kConsumer{1, 4, 2};
constexpr Path kContent{1, 1};
constexpr Path kText{1, 1};
constexpr Path kExtendedText{5, 1, 1};
constexpr Path kPadding{2, 1, 1};
// By their numbers.
constexpr MediaType kMediaTypes[] = {MediaType::image, MediaType::document, MediaType::audio,
                                     MediaType::video, MediaType::sticker};

// The octets at the end of the path, empty ones too; null where something on it is missing.
Result<std::optional<Bytes>> octets_at(std::string_view octets, Path path) {
  std::optional<Bytes> out{Bytes(octets)};
  for (const auto number : path) {
    auto fields = protobuf::read_fields(*out);
    if (!fields) {
      return std::unexpected(fields.error());
    }
    out = FieldTaker(std::move(*fields)).take_message(number);
    if (!out) {
      return out;
    }
  }
  return out;
}

// What carries a form of its own: that, and its version.
struct Carried {
  std::optional<Bytes> payload;
  std::optional<std::uint64_t> version;
};

Result<Carried> carried_at(std::string_view octets, Path path) {
  const auto carrier = octets_at(octets, path);
  if (!carrier || !*carrier) {
    return carrier ? Result<Carried>(Carried{}) : std::unexpected(carrier.error());
  }
  auto fields = protobuf::read_fields(**carrier);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  FieldTaker taker(std::move(*fields));
  Carried out;
  out.payload = taker.take_message(kPayload);
  out.version = taker.take_varint(kVersion);
  return out;
}

Result<void> parse_consumer(std::string_view octets, TransportMessage& out) {
  const auto content = octets_at(octets, kContent);
  if (!content || !*content) {
    return content ? Result<void>() : std::unexpected(content.error());
  }
  auto text = octets_at(**content, kText);
  auto extended = text ? octets_at(**content, kExtendedText) : text;
  if (!extended) {
    return std::unexpected(extended.error());
  }
  out.text = std::move(*text);
  out.extended_text = std::move(*extended);
  for (const auto type : kMediaTypes) {
    auto media = octets_at(**content, {consumer_number(type)});
    if (!media) {
      return std::unexpected(media.error());
    }
    if (*media) {
      out.media.push_back({.type = type, .octets = std::move(**media)});
    }
  }
  return {};
}

// `octets` as the only thing that lies at the end of the path.
Bytes wrapped(Bytes octets, Path path) {
  for (const auto number : path | std::views::reverse) {
    octets = protobuf::write_fields({octets_field(number, octets)});
  }
  return octets;
}

Bytes carrier_of(const std::optional<Bytes>& payload, std::optional<std::uint64_t> version) {
  protobuf::FieldWriter writer;
  writer.add_octets(kPayload, payload);
  writer.add_varint(kVersion, version);
  return std::move(writer).finish({});
}

std::optional<Bytes> write_consumer(const TransportMessage& message) {
  Bytes content;
  if (message.text) {
    content += wrapped(*message.text, kText);
  }
  const auto add_media = [&](bool before_extended_text) {
    for (const auto& [type, octets] : message.media) {
      if ((type == MediaType::image) == before_extended_text) {
        content += wrapped(octets, {consumer_number(type)});
      }
    }
  };
  add_media(true);
  if (message.extended_text) {
    content += wrapped(*message.extended_text, kExtendedText);
  }
  add_media(false);
  return content.empty() ? std::nullopt : std::optional(wrapped(std::move(content), kContent));
}

}  // namespace

Result<TransportMessage> parse_transport(std::string_view octets) {
  TransportMessage out;
  auto padding = octets_at(octets, kPadding);
  const auto application = padding ? carried_at(octets, kApplication)
                                   : Result<Carried>(std::unexpected(padding.error()));
  if (!application) {
    return std::unexpected(application.error());
  }
  out.padding = std::move(*padding);
  out.application_version = application->version;
  if (!application->payload) {
    return out;
  }
  const auto consumer = carried_at(*application->payload, kConsumer);
  if (!consumer) {
    return std::unexpected(consumer.error());
  }
  out.consumer_version = consumer->version;
  if (consumer->payload) {
    if (const auto parsed = parse_consumer(*consumer->payload, out); !parsed) {
      return std::unexpected(parsed.error());
    }
  }
  return out;
}

Bytes write(const TransportMessage& message) {
  const auto consumer = write_consumer(message);
  std::optional<Bytes> application;
  if (consumer || message.consumer_version) {
    application = wrapped(carrier_of(consumer, message.consumer_version), kConsumer);
  }
  Bytes out;
  if (application || message.application_version) {
    out = wrapped(carrier_of(application, message.application_version), kApplication);
  }
  if (message.padding) {
    out += wrapped(*message.padding, kPadding);
  }
  return out;
}

TransportMessage transport_of(std::string_view text) {
  return {.application_version = kApplicationVersion,
          .consumer_version = kConsumerVersion,
          .text = Bytes(text),
          .extended_text = {},
          .padding = {}};
}

TransportMessage transport_of(const MediaMessage& media) {
  auto out = transport_of("");
  out.text.reset();
  out.media.push_back({.type = media.type, .octets = write_media_transport(media)});
  return out;
}

std::optional<Bytes> shown_text(const TransportMessage& message) {
  if (message.application_version != kApplicationVersion ||
      message.consumer_version != kConsumerVersion) {
    return std::nullopt;
  }
  return message.text ? message.text : message.extended_text;
}

Result<std::optional<MediaMessage>> shown_media(const TransportMessage& message) {
  if (message.application_version != kApplicationVersion ||
      message.consumer_version != kConsumerVersion || message.media.empty()) {
    return std::nullopt;
  }
  if (message.media.size() > 1) {
    return fail(Errc::malformed, "several files in one message");
  }
  auto out = parse_media_transport(message.media.front().type, message.media.front().octets);
  return out ? Result<std::optional<MediaMessage>>(std::move(*out)) : std::unexpected(out.error());
}

}  // namespace parley::wire
