// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/client_content.h"

#include <cstdint>
#include <utility>

#include "harness/base/text.h"
#include "harness/wire/transport_message.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kPaddedVersion = "2";
constexpr std::size_t kTooMuchPadding = 16;

// What a client takes for the end of the text that does not hold the padding against the rule.
std::optional<std::string_view> unpadded_carelessly(std::string_view octets,
                                                    const FaultSet& faults) {
  if (octets.empty()) {
    return std::nullopt;
  }
  const std::size_t count = static_cast<std::uint8_t>(octets.back());
  const bool filler =
      count >= 1 && count <= wire::kMaxPadding && faults.has(Fault::wt_signal_filler_unchecked);
  const bool long_run =
      count > wire::kMaxPadding && faults.has(Fault::wt_signal_long_padding_taken);
  if ((filler || long_run) && count <= octets.size()) {
    return octets.substr(0, octets.size() - count);
  }
  if (count == 0 && faults.has(Fault::wt_signal_zero_padding_taken)) {
    return octets.substr(0, octets.find_last_not_of('\0') + 1);
  }
  if (faults.has(Fault::wt_signal_padding_optional)) {
    return octets;
  }
  return std::nullopt;
}

std::optional<std::string_view> unpadded(std::string_view octets, const FaultSet& faults) {
  const auto text = wire::unpad(octets);
  return text ? std::optional(*text) : unpadded_carelessly(octets, faults);
}

// The text in front, as far as it goes.
std::optional<Bytes> beginning_of(std::string_view content) {
  constexpr char kConversation = '\x0A';
  if (content.size() < 3 || content[0] != kConversation) {
    return std::nullopt;
  }
  return Bytes(content.substr(2, static_cast<std::uint8_t>(content[1])));
}

std::optional<Bytes> shown_carelessly(std::string_view content, const FaultSet& faults) {
  if (faults.has(Fault::wt_signal_partial_shown)) {
    return beginning_of(content);
  }
  if (faults.has(Fault::wt_signal_undecodable_shown)) {
    return Bytes(content);
  }
  return std::nullopt;
}

// MSR-005
Bytes write_transport(wire::TransportMessage message, const FaultSet& faults) {
  if (faults.has(Fault::wt_may_send_extended_text) && message.text) {
    message.extended_text = std::exchange(message.text, std::nullopt);
  }
  if (faults.has(Fault::mt_sends_other_application_version)) {
    message.application_version = wire::kApplicationVersion + 1;
  }
  if (faults.has(Fault::mt_sends_other_consumer_version)) {
    message.consumer_version = wire::kConsumerVersion + 1;
  }
  return wire::write(message);
}

// The parts of a protobuf are those of its concatenated octets.
Bytes padded_inside(const Bytes& transport, Rng& rng) {
  wire::TransportMessage beside;
  beside.padding = wire::pad("", rng);
  return transport + wire::write(beside);
}

// MSR-006
std::optional<ReadContent> read_transport(std::string_view octets, const FaultSet& faults) {
  auto message = wire::parse_transport(octets);
  if (!message) {
    return std::nullopt;
  }
  if (faults.has(Fault::mt_application_version_unchecked)) {
    message->application_version = wire::kApplicationVersion;
  }
  if (faults.has(Fault::mt_consumer_version_unchecked)) {
    message->consumer_version = wire::kConsumerVersion;
  }
  auto media = wire::shown_media(*message);
  auto text = wire::shown_text(*message);
  if (!media || (!*media && !text)) {
    return std::nullopt;
  }
  if (*media && !text) {
    text = (*media)->caption.value_or("");
    return ReadContent{.text = std::move(*text), .media = std::move(*media)};
  }
  return ReadContent{.text = std::move(*text)};
}

}  // namespace

Bytes write_text(std::string_view text, std::string_view version, const FaultSet& faults) {
  if (version != kPaddedVersion && !faults.has(Fault::mt_sends_without_envelope)) {
    return write_transport(wire::transport_of(text), faults);
  }
  wire::Content content;
  if (faults.has(Fault::wt_may_send_extended_text)) {
    content.extended_text = wire::ExtendedText{.text = Bytes(text), .unknown = {}};
  } else {
    content.conversation = Bytes(text);
  }
  return wire::write(content);
}

Bytes write_media(wire::MediaMessage media, std::string_view version, const FaultSet& faults) {
  if (version != kPaddedVersion && !faults.has(Fault::mt_sends_without_envelope)) {
    return write_transport(wire::transport_of(media), faults);
  }
  wire::Content content;
  content.media.push_back(std::move(media));
  return wire::write(content);
}

Bytes padded_content(const Bytes& content, std::string_view version, Rng& rng,
                     const FaultSet& faults) {
  if (version != kPaddedVersion) {
    return faults.has(Fault::mt_sends_without_envelope) ? content : padded_inside(content, rng);
  }
  if (faults.has(Fault::wt_signal_sends_unpadded)) {
    return content;
  }
  if (faults.has(Fault::wt_signal_sends_long_padding)) {
    return wire::pad_with(content, kTooMuchPadding, static_cast<std::uint8_t>(kTooMuchPadding));
  }
  if (faults.has(Fault::wt_signal_sends_other_filler)) {
    constexpr std::size_t kZeros = 4;
    return wire::pad_with(content, kZeros, 0) + static_cast<char>(kZeros + 1);
  }
  return wire::pad(content, rng);
}

std::optional<ReadContent> read_content(std::string_view octets, std::string_view version,
                                        const FaultSet& faults) {
  const bool padded = version == kPaddedVersion;
  const auto plain = padded ? unpadded(octets, faults) : octets;
  if (!plain) {
    return std::nullopt;
  }
  const bool message = padded || faults.has(Fault::mt_envelope_optional);
  auto transport = padded ? std::nullopt : read_transport(*plain, faults);
  if (transport && is_utf8(transport->text)) {
    return transport;
  }
  std::optional<Bytes> text;
  if (transport) {
    text = std::move(transport->text);
  }
  auto content = message && !text ? wire::parse_content(*plain)
                                  : Result<wire::Content>(fail(Errc::unsupported, ""));
  if (content) {
    text = wire::shown_text(*content);
  }
  const bool has_media =
      content && content->media.size() == 1 && !content->conversation && !content->extended_text;
  if (has_media && is_utf8(text.value_or(""))) {
    return ReadContent{.text = text.value_or(""), .media = std::move(content->media.front())};
  }
  if (text && is_utf8(*text)) {
    return ReadContent{.text = std::move(*text)};
  }
  text = shown_carelessly(*plain, faults);
  return text ? std::optional(ReadContent{.text = printable(*text)}) : std::nullopt;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    char32_t ignored = 0;
    const std::size_t length = utf8_sequence(text, i, ignored);
    if (length == 0) {
      return false;
    }
    i += length;
  }
  return true;
}

}  // namespace parley::reference::whatsapp
