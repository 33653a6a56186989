// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/message_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

#include "harness/base/protobuf_wire.h"
#include "harness/base/text.h"
#include "harness/engine/edit.h"
#include "harness/wire/transport_message.h"

namespace parley::engine {
namespace {

using protobuf::Field;
using protobuf::WireType;

constexpr std::string_view kVarint = "varint";
constexpr const char* kVersion = "enc-version";
constexpr std::string_view kTransportVersion = "3";

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(out)
                                                                  : std::nullopt;
}

// "6/1": the field within the message that another one holds; "4/varint": of that type.
struct FieldPath {
  std::vector<std::uint32_t> numbers;
  WireType type = WireType::octets;
};

// `where` may hold what a row says.
Result<FieldPath> path_of(const std::string& where, const Scope& scope) {
  const auto text = evaluate_row(where, scope, "change/content");
  if (!text) {
    return std::unexpected(text.error());
  }
  FieldPath out;
  for (const auto& part : split(*text, '/')) {
    const auto number = number_of<std::uint32_t>(part);
    if (number && out.type == WireType::octets) {
      out.numbers.push_back(*number);
    } else if (part == kVarint && !out.numbers.empty()) {
      out.type = WireType::varint;
    } else {
      return fail(Errc::malformed, fmt::format("'{}' is no path of protobuf fields", *text));
    }
  }
  return out;
}

// Changes the fields of the message at the end of `path`, but for its last number.
template <class Change>
Result<Bytes> within(const Bytes& content, std::span<const std::uint32_t> path,
                     const Change& change) {
  auto fields = protobuf::read_fields(content);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  if (path.size() == 1) {
    if (auto done = change(*fields, path.front()); !done) {
      return std::unexpected(done.error());
    }
    return protobuf::write_fields(*fields);
  }
  auto at = std::ranges::find(*fields, path.front(), &Field::number);
  if (at == fields->end()) {
    at = fields->insert(at, protobuf::octets_field(path.front(), ""));
  }
  auto inner = within(at->octets, path.subspan(1), change);
  if (!inner) {
    return inner;
  }
  *at = protobuf::octets_field(path.front(), *inner);
  return protobuf::write_fields(*fields);
}

Result<Field> field_of(const FieldPath& path, const std::string& expression, const Scope& scope) {
  const auto whole = evaluate_row(expression, scope, "change/content");
  const auto value = whole ? unescape(*whole) : whole;
  if (!value) {
    return std::unexpected(value.error());
  }
  if (path.type == WireType::octets) {
    return protobuf::octets_field(path.numbers.back(), *value);
  }
  const auto number = number_of<std::uint64_t>(*value);
  return number ? Result<Field>(protobuf::varint_field(path.numbers.back(), *number))
                : fail(Errc::malformed, fmt::format("'{}' is no number", *value));
}

Result<Bytes> with_field(const Bytes& content, const std::string& where,
                         const std::string& expression, const Scope& scope) {
  const auto path = path_of(where, scope);
  if (!path) {
    return std::unexpected(path.error());
  }
  const auto field = field_of(*path, expression, scope);
  if (!field) {
    return std::unexpected(field.error());
  }
  return within(content, path->numbers,
                [&](std::vector<Field>& fields, std::uint32_t number) -> Result<void> {
                  const auto at = std::ranges::find(fields, number, &Field::number);
                  if (at == fields.end()) {
                    fields.push_back(*field);
                  } else {
                    *at = *field;
                  }
                  return {};
                });
}

Result<Bytes> without_field(const Bytes& content, const std::string& where, const Scope& scope) {
  const auto path = path_of(where, scope);
  if (!path) {
    return std::unexpected(path.error());
  }
  return within(
      content, path->numbers,
      [&](std::vector<Field>& fields, std::uint32_t number) -> Result<void> {
        const auto gone =
            std::erase_if(fields, [&](const Field& field) { return field.number == number; });
        return gone > 0 ? Result<void>()
                        : fail(Errc::not_found, fmt::format("the content has no field {}", where));
      });
}

Bytes padding_of(const model::ContentEdit* edit, Rng& rng) {
  if (edit == nullptr || (!edit->padding && !edit->filler)) {
    return wire::pad("", rng);
  }
  const auto count = static_cast<std::size_t>(edit->padding.value_or(wire::kMaxPadding));
  return wire::pad_with("", count,
                        static_cast<std::uint8_t>(edit->filler.value_or(static_cast<int>(count))));
}

// The parts of a message are those of its concatenated octets; what a change has made of no
// protobuf stays it.
Bytes padded_inside(const Bytes& transport, const Bytes& padding) {
  if (padding.empty() || !protobuf::read_fields(transport)) {
    return transport;
  }
  wire::TransportMessage beside;
  beside.padding = padding;
  return transport + wire::write(beside);
}

Result<ReadContent> read_transport(std::string_view plaintext) {
  const auto message = wire::parse_transport(plaintext);
  if (!message) {
    return std::unexpected(message.error());
  }
  auto text = wire::shown_text(*message);
  auto media = wire::shown_media(*message);
  if (!media || (!text && !*media)) {
    return media ? fail(Errc::malformed, "no text in an application payload of this version")
                 : std::unexpected(media.error());
  }
  ReadContent out{.content = Bytes(plaintext),
                  .padding = message->padding.value_or("").size(),
                  .text = text.value_or(""),
                  .says = {}};
  if (*media) {
    out.text = text ? *text : (*media)->caption.value_or("");
    out.says.media.push_back(std::move(**media));
  }
  return out;
}

}  // namespace

ContentForm content_form(const model::Profile& profile) {
  const auto version = profile.settings.find(kVersion);
  return version != profile.settings.end() && version->second.value == kTransportVersion
             ? ContentForm::transport
             : ContentForm::message;
}

Bytes text_content(const std::string& text, ContentForm form) {
  if (form == ContentForm::transport) {
    return wire::write(wire::transport_of(text));
  }
  wire::Content content;
  content.conversation = text;
  return wire::write(content);
}

Bytes media_content(const wire::MediaMessage& media, ContentForm form) {
  if (form == ContentForm::transport) {
    return wire::write(wire::transport_of(media));
  }
  wire::Content content;
  content.media.push_back(media);
  return wire::write(content);
}

Result<Bytes> edited_content(Bytes content, const model::ContentEdit* edit, const Scope& scope) {
  Result<Bytes> out = std::move(content);
  if (edit == nullptr) {
    return out;
  }
  for (const auto& [path, expression] : edit->set) {
    out = out ? with_field(*out, path, expression, scope) : out;
  }
  for (const auto& path : edit->remove) {
    out = out ? without_field(*out, path, scope) : out;
  }
  return out ? edit_bytes(std::move(*out), edit->octets, scope) : out;
}

Bytes padded_content(const Bytes& content, const model::ContentEdit* edit, Rng& rng,
                     ContentForm form) {
  if (form == ContentForm::transport) {
    return padded_inside(content, padding_of(edit, rng));
  }
  if (edit == nullptr || (!edit->padding && !edit->filler)) {
    return wire::pad(content, rng);
  }
  const auto count = static_cast<std::size_t>(edit->padding.value_or(wire::kMaxPadding));
  auto out = wire::pad_with(
      content, count, static_cast<std::uint8_t>(edit->filler.value_or(static_cast<int>(count))));
  if (count > 0) {
    out.back() = static_cast<char>(count);  // the last octet says how many there are
  }
  return out;
}

Result<ReadContent> read_content(std::string_view plaintext, ContentForm form) {
  if (form == ContentForm::transport) {
    return read_transport(plaintext);
  }
  const auto octets = wire::unpad(plaintext);
  if (!octets) {
    return std::unexpected(octets.error());
  }
  auto content = wire::parse_content(*octets);
  if (!content) {
    return std::unexpected(content.error());
  }
  auto text = wire::shown_text(*content).value_or("");
  return ReadContent{.content = Bytes(*octets),
                     .padding = plaintext.size() - octets->size(),
                     .text = std::move(text),
                     .says = std::move(*content)};
}

}  // namespace parley::engine
