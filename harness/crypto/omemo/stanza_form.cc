// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/omemo/stanza_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/crypto/xeddsa.h"

namespace parley::crypto::omemo {
namespace {

constexpr std::size_t kMostListed = 1'000;
constexpr DeviceId kMaxDeviceId = 0x7FFFFFFF;

xml::Element element(std::string_view name) {
  return {
      .ns = std::string(kNamespace), .name = std::string(name), .attributes = {}, .children = {}};
}

xml::Element octets_element(std::string_view name, std::string_view octets) {
  auto out = element(name);
  out.set_text(to_base64(octets));
  return out;
}

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(out) : std::nullopt;
}

Result<std::uint32_t> number_in(const xml::Element& parent, std::string_view attribute) {
  const auto number = number_of(parent.get(attribute));
  return number ? Result<std::uint32_t>(*number)
                : fail(Errc::malformed,
                       fmt::format("'{}' of <{}/> is no number", attribute, parent.name));
}

Result<DeviceId> device_in(const xml::Element& parent, std::string_view attribute) {
  const auto number = number_in(parent, attribute);
  if (number && (*number == 0 || *number > kMaxDeviceId)) {
    return fail(Errc::malformed, fmt::format("{} is no device's id", *number));
  }
  return number;
}

Result<Bytes> octets_in(const xml::Element& element) {
  auto text = element.text();
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  auto octets = from_base64(text);
  return octets ? octets : fail(Errc::malformed, fmt::format("<{}/> is no base64", element.name));
}

Result<Bytes> octets_of(const xml::Element& parent, std::string_view name) {
  const auto* child = parent.child(name, kNamespace);
  return child == nullptr
             ? fail(Errc::malformed, fmt::format("<{}/> has no <{}/>", parent.name, name))
             : octets_in(*child);
}

Result<Bytes> key_in(const xml::Element& element) {
  auto octets = octets_in(element);
  if (octets &&
      (octets->size() != signal::kSerializedKeyOctets || octets->front() != signal::kKeyType)) {
    return fail(Errc::malformed,
                fmt::format("<{}/> is no key of 33 octets, 05 the first", element.name));
  }
  return octets ? Result<Bytes>(octets->substr(1)) : octets;
}

Result<Bytes> key_of(const xml::Element& parent, std::string_view name) {
  const auto* child = parent.child(name, kNamespace);
  return child == nullptr
             ? fail(Errc::malformed, fmt::format("<{}/> has no <{}/>", parent.name, name))
             : key_in(*child);
}

// Child elements of that name in OMEMO's namespace, however many may stand there.
Result<std::vector<const xml::Element*>> listed(const xml::Element& parent, std::string_view name) {
  auto out = parent.elements();
  std::erase_if(
      out, [&](const xml::Element* one) { return one->name != name || one->ns != kNamespace; });
  if (out.size() > kMostListed) {
    return fail(Errc::too_large, fmt::format("more than {} <{}/>", kMostListed, name));
  }
  return out;
}

// xs:boolean.
bool is_true(const std::string& text) { return text == "true" || text == "1"; }

Result<std::vector<signal::OfferedPrekey>> read_prekeys(const xml::Element& bundle) {
  const auto* prekeys = bundle.child("prekeys", kNamespace);
  if (prekeys == nullptr) {
    return fail(Errc::malformed, "<bundle/> has no <prekeys/>");
  }
  const auto all = listed(*prekeys, "preKeyPublic");
  if (!all) {
    return std::unexpected(all.error());
  }
  std::vector<signal::OfferedPrekey> out;
  for (const auto* one : *all) {
    const auto id = number_in(*one, "preKeyId");
    auto key = key_in(*one);
    if (!id || !key) {
      return std::unexpected(id ? key.error() : id.error());
    }
    out.push_back({.id = signal::PrekeyId(*id), .key = std::move(*key)});
  }
  return out;
}

}  // namespace

std::optional<DeviceId> device_of_node(std::string_view node) {
  if (!node.starts_with(kBundleNode)) {
    return std::nullopt;
  }
  return number_of(node.substr(kBundleNode.size()));
}

std::string bundle_node(DeviceId device) { return fmt::format("{}{}", kBundleNode, device); }

Result<std::vector<DeviceId>> read_device_list(const xml::Element& list) {
  const auto all = listed(list, "device");
  if (!all) {
    return std::unexpected(all.error());
  }
  std::vector<DeviceId> out;
  for (const auto* one : *all) {
    const auto id = device_in(*one, "id");
    if (!id) {
      return std::unexpected(id.error());
    }
    out.push_back(*id);
  }
  return out;
}

Result<KeyBundle> read_bundle(const xml::Element& bundle) {
  KeyBundle out;
  auto identity = key_of(bundle, "identityKey");
  auto signed_prekey = key_of(bundle, "signedPreKeyPublic");
  auto signature = octets_of(bundle, "signedPreKeySignature");
  for (const auto* one : {&identity, &signed_prekey, &signature}) {
    if (!*one) {
      return std::unexpected(one->error());
    }
  }
  if (signature->size() != kXeddsaOctets) {
    return fail(Errc::malformed, fmt::format("the signature has {} octets", signature->size()));
  }
  const auto id = number_in(*bundle.child("signedPreKeyPublic", kNamespace), "signedPreKeyId");
  auto one_time = read_prekeys(bundle);
  if (!id || !one_time) {
    return std::unexpected(id ? one_time.error() : id.error());
  }
  out.keys.identity_key = std::move(*identity);
  out.keys.signed_prekey_id = signal::SignedPrekeyId(*id);
  out.keys.signed_prekey = std::move(*signed_prekey);
  out.keys.signature = std::move(*signature);
  out.one_time = std::move(*one_time);
  return out;
}

Result<Envelope> read_envelope(const xml::Element& encrypted) {
  const auto* header = encrypted.child("header", kNamespace);
  if (header == nullptr) {
    return fail(Errc::malformed, "<encrypted/> has no <header/>");
  }
  const auto sid = device_in(*header, "sid");
  auto iv = octets_of(*header, "iv");
  const auto keys = listed(*header, "key");
  if (!sid || !iv || !keys) {
    return std::unexpected(!sid ? sid.error() : !iv ? iv.error() : keys.error());
  }
  Envelope out{.sid = *sid, .keys = {}, .iv = std::move(*iv), .payload = std::nullopt};
  for (const auto* one : *keys) {
    const auto rid = device_in(*one, "rid");
    auto octets = octets_in(*one);
    if (!rid || !octets) {
      return std::unexpected(rid ? octets.error() : rid.error());
    }
    const auto kind =
        is_true(one->get("prekey")) ? signal::MessageKind::pkmsg : signal::MessageKind::msg;
    out.keys.push_back({.rid = *rid, .message = {.kind = kind, .octets = std::move(*octets)}});
  }
  if (const auto* payload = encrypted.child("payload", kNamespace)) {
    auto octets = octets_in(*payload);
    if (!octets) {
      return std::unexpected(octets.error());
    }
    out.payload = std::move(*octets);
  }
  return out;
}

xml::Element device_list_element(const std::vector<DeviceId>& devices) {
  auto out = element("list");
  for (const auto id : devices) {
    auto device = element("device");
    device.set("id", std::to_string(id));
    out.children.emplace_back(std::move(device));
  }
  return out;
}

xml::Element bundle_element(const KeyBundle& bundle) {
  auto out = element("bundle");
  auto signed_prekey =
      octets_element("signedPreKeyPublic", signal::serialized_key(bundle.keys.signed_prekey));
  signed_prekey.set("signedPreKeyId",
                    std::to_string(static_cast<std::uint32_t>(bundle.keys.signed_prekey_id)));
  out.children.emplace_back(std::move(signed_prekey));
  out.children.emplace_back(octets_element("signedPreKeySignature", bundle.keys.signature));
  out.children.emplace_back(
      octets_element("identityKey", signal::serialized_key(bundle.keys.identity_key)));
  auto prekeys = element("prekeys");
  for (const auto& one : bundle.one_time) {
    auto prekey = octets_element("preKeyPublic", signal::serialized_key(one.key));
    prekey.set("preKeyId", std::to_string(static_cast<std::uint32_t>(one.id)));
    prekeys.children.emplace_back(std::move(prekey));
  }
  out.children.emplace_back(std::move(prekeys));
  return out;
}

xml::Element envelope_element(const Envelope& message) {
  auto header = element("header");
  header.set("sid", std::to_string(message.sid));
  for (const auto& one : message.keys) {
    auto key = octets_element("key", one.message.octets);
    key.set("rid", std::to_string(one.rid));
    if (one.message.kind == signal::MessageKind::pkmsg) {
      key.set("prekey", "true");
    }
    header.children.emplace_back(std::move(key));
  }
  header.children.emplace_back(octets_element("iv", message.iv));
  auto out = element("encrypted");
  out.children.emplace_back(std::move(header));
  if (message.payload) {
    out.children.emplace_back(octets_element("payload", *message.payload));
  }
  return out;
}

xml::Element pep_item(xml::Element payload) {
  xml::Element out{
      .ns = std::string(kPubsubNamespace), .name = "item", .attributes = {}, .children = {}};
  out.set("id", "current");
  out.children.emplace_back(std::move(payload));
  return out;
}

}  // namespace parley::crypto::omemo
