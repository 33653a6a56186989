// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/key_publication.h"

#include <fmt/format.h>

#include <utility>

#include "harness/crypto/signal/session.h"
#include "harness/crypto/xeddsa.h"

namespace parley::engine {
namespace {

namespace signal = crypto::signal;

constexpr std::size_t kIdOctets = 3;
constexpr std::size_t kRegistrationOctets = 4;

// Of a child element that must be there with so many octets.
Result<Bytes> octets_of(const xml::Element& parent, std::string_view name, std::size_t count) {
  const auto* child = parent.child(name);
  if (child == nullptr) {
    return fail(Errc::malformed, fmt::format("<{}/> has no <{}/>", parent.name, name));
  }
  auto octets = child->text();
  if (octets.size() != count) {
    return fail(Errc::malformed, fmt::format("<{}/> of <{}/> has {} octets, not {}", name,
                                             parent.name, octets.size(), count));
  }
  return octets;
}

std::uint32_t number_of(std::string_view octets) {
  std::uint32_t out = 0;
  for (const char octet : octets) {
    out = (out << 8U) | static_cast<std::uint8_t>(octet);
  }
  return out;
}

std::string octets_of(std::uint32_t number, std::size_t count) {
  std::string out(count, '\0');
  for (std::size_t i = count; i-- > 0; number >>= 8U) {
    out[i] = static_cast<char>(number & 0xFFU);
  }
  return out;
}

struct ReadKey {
  std::uint32_t id = 0;
  Bytes key;
};

Result<ReadKey> key_of(const xml::Element& element) {
  const auto id = octets_of(element, "id", kIdOctets);
  auto key = octets_of(element, "value", crypto::kX25519Octets);
  if (!id || !key) {
    return std::unexpected(id ? key.error() : id.error());
  }
  return ReadKey{.id = number_of(*id), .key = std::move(*key)};
}

Result<void> read_signed(const xml::Element& upload, signal::PrekeyBundle& bundle) {
  const auto* element = upload.child("skey");
  if (element == nullptr) {
    return fail(Errc::malformed, "there is no <skey/>");
  }
  auto key = key_of(*element);
  auto signature = octets_of(*element, "signature", crypto::kXeddsaOctets);
  if (!key || !signature) {
    return std::unexpected(key ? signature.error() : key.error());
  }
  bundle.signed_prekey_id = signal::SignedPrekeyId(key->id);
  bundle.signed_prekey = std::move(key->key);
  bundle.signature = std::move(*signature);
  return signal::check_bundle(bundle);
}

// What a user's keys are but for one-time prekeys.
Result<signal::PrekeyBundle> read_lasting(const xml::Element& holder) {
  const auto registration = octets_of(holder, "registration", kRegistrationOctets);
  const auto type = octets_of(holder, "type", 1);
  auto identity = octets_of(holder, "identity", crypto::kX25519Octets);
  for (const Result<Bytes>* read : {&registration, &type, &std::as_const(identity)}) {
    if (!*read) {
      return std::unexpected(read->error());
    }
  }
  if (type->front() != signal::kKeyType) {
    return fail(Errc::malformed, "<type/> is not 05");
  }
  signal::PrekeyBundle out;
  out.registration = signal::RegistrationId(number_of(*registration));
  out.identity_key = std::move(*identity);
  if (auto read = read_signed(holder, out); !read) {
    return std::unexpected(read.error());
  }
  return out;
}

// Of a child element; empty where there is none.
Bytes text_in(const xml::Element& parent, std::string_view name) {
  const auto* child = parent.child(name);
  return child == nullptr ? Bytes() : child->text();
}

xml::Element leaf(std::string name, std::string text) {
  xml::Element out{.ns = "", .name = std::move(name), .attributes = {}, .children = {}};
  out.set_text(std::move(text));
  return out;
}

xml::Element key_element(std::string name, std::uint32_t id, const Bytes& key) {
  xml::Element out{.ns = "", .name = std::move(name), .attributes = {}, .children = {}};
  out.children.emplace_back(leaf("id", octets_of(id, kIdOctets)));
  out.children.emplace_back(leaf("value", key));
  return out;
}

bool is_about_keys(const xml::Element& stanza, std::string_view type) {
  return stanza.name == "iq" && stanza.get("xmlns") == "encrypt" && stanza.get("type") == type;
}

}  // namespace

bool is_key_upload(const xml::Element& stanza) {
  return is_about_keys(stanza, "set") && stanza.child("list") != nullptr;
}

bool is_key_request(const xml::Element& stanza) {
  return is_about_keys(stanza, "get") && stanza.child("key") != nullptr;
}

Result<Publication> read_publication(const xml::Element& upload) {
  auto lasting = read_lasting(upload);
  if (!lasting) {
    return std::unexpected(lasting.error());
  }
  Publication out{.bundle = std::move(*lasting), .one_time = {}};
  const auto* list = upload.child("list");
  if (list == nullptr) {
    return fail(Errc::malformed, "there is no <list/>");
  }
  for (const auto* element : list->elements()) {
    auto key = key_of(*element);
    if (!key) {
      return std::unexpected(key.error());
    }
    out.one_time.push_back({.id = signal::PrekeyId(key->id), .key = std::move(key->key)});
  }
  return out;
}

Result<signal::PrekeyBundle> read_bundle(const xml::Element& user) {
  auto out = read_lasting(user);
  const auto* element = user.child("key");
  if (!out || element == nullptr) {
    return out;
  }
  auto key = key_of(*element);
  if (!key) {
    return std::unexpected(key.error());
  }
  out->one_time = {.id = signal::PrekeyId(key->id), .key = std::move(key->key)};
  return out;
}

StatedKeys stated_keys(const xml::Element& holder) {
  const auto* signed_prekey = holder.child("skey");
  return {.registration = text_in(holder, "registration"),
          .kind = text_in(holder, "type"),
          .identity = text_in(holder, "identity"),
          .signed_prekey = signed_prekey == nullptr ? StatedKey() : stated_key(*signed_prekey),
          .signature = signed_prekey == nullptr ? "" : text_in(*signed_prekey, "signature")};
}

StatedKey stated_key(const xml::Element& key) {
  return {.id = text_in(key, "id"), .key = text_in(key, "value")};
}

std::vector<StatedKey> stated_one_time(const xml::Element& upload) {
  std::vector<StatedKey> out;
  const auto* list = upload.child("list");
  for (const auto* key : list == nullptr ? std::vector<const xml::Element*>() : list->elements()) {
    out.push_back(stated_key(*key));
  }
  return out;
}

void write_publication(xml::Element& upload, const signal::PrekeyBundle& lasting,
                       std::span<const signal::OfferedPrekey> one_time) {
  xml::Element list{.ns = "", .name = "list", .attributes = {}, .children = {}};
  for (const auto& key : one_time) {
    list.children.emplace_back(key_element("key", static_cast<std::uint32_t>(key.id), key.key));
  }
  upload.children.clear();
  const auto user = bundle_element("", lasting);
  for (const auto* part : user.elements()) {
    if (part->name == "key") {
      continue;
    }
    if (part->name == "skey") {
      upload.children.emplace_back(std::move(list));
    }
    upload.children.emplace_back(*part);
  }
}

std::string registration_octets(signal::RegistrationId id) {
  return octets_of(static_cast<std::uint32_t>(id), kRegistrationOctets);
}

xml::Element bundle_element(const std::string& jid, const signal::PrekeyBundle& bundle) {
  xml::Element out{.ns = "", .name = "user", .attributes = {}, .children = {}};
  out.set("jid", jid);
  out.children.emplace_back(leaf("registration", registration_octets(bundle.registration)));
  out.children.emplace_back(leaf("type", std::string(1, signal::kKeyType)));
  out.children.emplace_back(leaf("identity", bundle.identity_key));
  if (bundle.one_time) {
    out.children.emplace_back(
        key_element("key", static_cast<std::uint32_t>(bundle.one_time->id), bundle.one_time->key));
  }
  auto signed_prekey = key_element("skey", static_cast<std::uint32_t>(bundle.signed_prekey_id),
                                   bundle.signed_prekey);
  signed_prekey.children.emplace_back(leaf("signature", bundle.signature));
  out.children.emplace_back(std::move(signed_prekey));
  return out;
}

}  // namespace parley::engine
