// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/sealed_view.h"

#include <fmt/format.h>

#include "harness/base/encoding.h"
#include "harness/crypto/signal/message.h"

namespace parley::engine {

namespace signal = crypto::signal;
using signal::MessageKind;

namespace {

constexpr std::size_t kMostShown = 64 * 1024;  // octets of a message that a view repeats

constexpr std::string_view kViewNames[] = {
    "version",    "sealed",           "ratchet-key",  "counter",      "previous-counter",
    "prekey-id",  "signed-prekey-id", "registration", "base-key",     "identity",
    "padding",    "content",          "again",        "unopened",     "media",
    "media-url",  "media-type",       "media-name",   "media-length", "media-sha256",
    "media-holds"};

void describe_first(xml::Element& enc, const signal::PrekeyMessage& first) {
  if (first.prekey_id) {
    enc.set("prekey-id", std::to_string(*first.prekey_id));
  }
  enc.set("signed-prekey-id", std::to_string(first.signed_prekey_id));
  enc.set("registration", std::to_string(first.registration_id));
  enc.set("base-key", to_hex(first.base_key));
  enc.set("identity", to_hex(first.identity_key));
}

}  // namespace

std::optional<MessageKind> kind_of(const xml::Element& enc) {
  for (const auto kind : {MessageKind::msg, MessageKind::pkmsg}) {
    if (enc.get("type") == to_string(kind)) {
      return kind;
    }
  }
  return std::nullopt;
}

Bytes inner_of(const signal::Message& message) {
  if (message.kind == MessageKind::msg) {
    return message.octets;
  }
  auto first = signal::read_prekey_message(message.octets);
  return first ? std::move(first->message) : Bytes();
}

void describe_sealed(xml::Element& enc, const Bytes& octets) {
  if (!octets.empty()) {
    enc.set("version", fmt::format("{:02x}", static_cast<std::uint8_t>(octets.front())));
  }
  if (octets.size() <= kMostShown) {
    enc.set("sealed", to_hex(octets));
  }
  const auto kind = kind_of(enc);
  if (!kind) {
    return;
  }
  if (*kind == MessageKind::pkmsg) {
    if (const auto first = signal::read_prekey_message(octets)) {
      describe_first(enc, *first);
    }
  }
  if (const auto message = signal::read_signal_message(inner_of({*kind, octets}))) {
    enc.set("ratchet-key", to_hex(message->ratchet_key));
    enc.set("counter", std::to_string(message->counter));
    enc.set("previous-counter", std::to_string(message->previous_counter));
  }
}

void erase_view(xml::Element& enc) {
  for (const auto name : kViewNames) {
    enc.erase(name);
  }
  enc.set_text("");
}

void copy_view(const xml::Element& from, xml::Element& enc) {
  erase_view(enc);
  for (const auto name : kViewNames) {
    if (const auto* value = from.find(name)) {
      enc.set(name, *value);
    }
  }
  enc.set_text(from.text());
}

}  // namespace parley::engine
