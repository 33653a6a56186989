// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/omemo/wire.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/crypto/xeddsa.h"

namespace parley::reference::omemo {
namespace {

namespace signal = crypto::signal;

constexpr std::size_t kMostKeys = 1'000;

std::optional<std::uint32_t> number(const std::string& text) {
  std::uint32_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(out)
                                                                  : std::nullopt;
}

std::optional<Bytes> octets(const xml::Element* element) {
  if (element == nullptr) {
    return std::nullopt;
  }
  std::string text = element->text();
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  auto out = from_base64(text);
  return out ? std::optional(std::move(*out)) : std::nullopt;
}

// The 32 octets of a key behind its type.
std::optional<Bytes> key(const xml::Element* element, const FaultSet& faults) {
  auto out = octets(element);
  if (!out) {
    return std::nullopt;
  }
  if (out->size() == signal::kSerializedKeyOctets &&
      (out->front() == signal::kKeyType || faults.has(Fault::tp_omemo_key_type_unchecked))) {
    return out->substr(1);
  }
  return out->size() == crypto::kX25519Octets && faults.has(Fault::tp_omemo_key_type_unchecked)
             ? out
             : std::nullopt;
}

}  // namespace

xml::Element element(std::string_view ns, std::string_view name) {
  return {.ns = std::string(ns), .name = std::string(name), .attributes = {}, .children = {}};
}

xml::Element octets_element(std::string_view name, std::string_view octets) {
  xml::Element out = element(kNs, name);
  out.set_text(to_base64(octets));
  return out;
}

xml::Element publication(const std::string& node, xml::Element payload) {
  xml::Element item = element(kPubsubNs, "item");
  item.set("id", "current");
  item.children.emplace_back(std::move(payload));
  xml::Element publish = element(kPubsubNs, "publish");
  publish.set("node", node);
  publish.children.emplace_back(std::move(item));
  xml::Element out = element(kPubsubNs, "pubsub");
  out.children.emplace_back(std::move(publish));
  return out;
}

xml::Element retrieval(const std::string& node) {
  xml::Element items = element(kPubsubNs, "items");
  items.set("node", node);
  xml::Element out = element(kPubsubNs, "pubsub");
  out.children.emplace_back(std::move(items));
  return out;
}

const xml::Element* held(const xml::Element* pubsub, std::string_view node) {
  const auto* items = pubsub == nullptr ? nullptr : pubsub->child("items");
  const auto* item =
      items == nullptr || items->get("node") != node ? nullptr : items->child("item");
  return item == nullptr || item->elements().empty() ? nullptr : item->elements().front();
}

xml::Element list_element(const std::vector<std::uint32_t>& devices) {
  xml::Element out = element(kNs, "list");
  for (const auto id : devices) {
    xml::Element device = element(kNs, "device");
    device.set("id", std::to_string(id));
    out.children.emplace_back(std::move(device));
  }
  return out;
}

std::vector<std::uint32_t> listed(const xml::Element& list) {
  std::vector<std::uint32_t> out;
  for (const auto* device : list.elements()) {
    const auto id = number(device->get("id"));
    if (device->name == "device" && id && *id != 0 && out.size() < kMostKeys &&
        std::ranges::count(out, *id) == 0) {
      out.push_back(*id);
    }
  }
  return out;
}

std::optional<signal::PrekeyBundle> read_bundle(const xml::Element& bundle, std::uint64_t choice,
                                                const FaultSet& faults) {
  const auto* signed_prekey = bundle.child("signedPreKeyPublic", kNs);
  const auto* prekeys = bundle.child("prekeys", kNs);
  auto identity = key(bundle.child("identityKey", kNs), faults);
  auto signed_key = key(signed_prekey, faults);
  auto signature = octets(bundle.child("signedPreKeySignature", kNs));
  if (!signature && faults.has(Fault::tp_omemo_missing_signature_taken)) {
    signature = Bytes(crypto::kXeddsaOctets, '\0');
  }
  const auto id =
      signed_prekey == nullptr ? std::nullopt : number(signed_prekey->get("signedPreKeyId"));
  const auto offered =
      prekeys == nullptr ? std::vector<const xml::Element*>() : prekeys->elements();
  if (!identity || !signed_key || !signature || !id || offered.empty()) {
    return std::nullopt;
  }
  const auto* one = offered[choice % offered.size()];
  const auto prekey_id = number(one->get("preKeyId"));
  auto prekey = key(one, faults);
  if (one->name != "preKeyPublic" || !prekey_id || !prekey) {
    return std::nullopt;
  }
  return signal::PrekeyBundle{.identity_key = std::move(*identity),
                              .signed_prekey_id = signal::SignedPrekeyId(*id),
                              .signed_prekey = std::move(*signed_key),
                              .signature = std::move(*signature),
                              .one_time = signal::OfferedPrekey{.id = signal::PrekeyId(*prekey_id),
                                                                .key = std::move(*prekey)}};
}

std::optional<Envelope> read_envelope(const xml::Element& encrypted) {
  const auto* header = encrypted.child("header", kNs);
  const auto sid = header == nullptr ? std::nullopt : number(header->get("sid"));
  auto iv = header == nullptr ? std::nullopt : octets(header->child("iv", kNs));
  if (!sid || !iv) {
    return std::nullopt;
  }
  Envelope out{.sid = *sid, .keys = {}, .iv = std::move(*iv), .payload = std::nullopt};
  for (const auto* one : header->elements()) {
    const auto rid = number(one->get("rid"));
    auto sealed = octets(one);
    if (one->name == "key" && one->ns == kNs && rid && sealed && out.keys.size() < kMostKeys) {
      const auto flag = one->get("prekey");
      out.keys.push_back(
          {.rid = *rid, .prekey = flag == "true" || flag == "1", .octets = std::move(*sealed)});
    }
  }
  if (const auto* payload = encrypted.child("payload", kNs)) {
    out.payload = octets(payload);
    if (!out.payload) {
      return std::nullopt;
    }
  }
  return out;
}

xml::Element envelope_element(const Envelope& envelope) {
  xml::Element header = element(kNs, "header");
  header.set("sid", std::to_string(envelope.sid));
  for (const auto& one : envelope.keys) {
    xml::Element key = octets_element("key", one.octets);
    key.set("rid", std::to_string(one.rid));
    if (one.prekey) {
      key.set("prekey", "true");
    }
    header.children.emplace_back(std::move(key));
  }
  header.children.emplace_back(octets_element("iv", envelope.iv));
  xml::Element out = element(kNs, "encrypted");
  out.children.emplace_back(std::move(header));
  if (envelope.payload) {
    out.children.emplace_back(octets_element("payload", *envelope.payload));
  }
  return out;
}

}  // namespace parley::reference::omemo
