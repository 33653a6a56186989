// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/prekeys.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "harness/crypto/digest.h"
#include "harness/crypto/x25519.h"
#include "harness/crypto/xeddsa.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::size_t kRegistrationOctets = 4;
constexpr std::size_t kIdOctets = 3;
constexpr std::size_t kKeyOctets = 32;
constexpr std::size_t kSignatureOctets = 64;
constexpr std::string_view kCurve25519 = "\x05";

xml::Element named(std::string_view name) {
  return {.ns = {}, .name = std::string(name), .attributes = {}, .children = {}};
}

xml::Element holding(std::string_view name, const Bytes& octets) {
  auto out = named(name);
  out.set_text(octets);
  return out;
}

// Reads what an upload holds, and remembers whether all of it had its length.
class UploadReader {
 public:
  explicit UploadReader(const FaultSet& faults)
      : any_length_(faults.has(Fault::wg_accepts_odd_keys)) {}

  Bytes octets(const xml::Element& parent, std::string_view name, std::size_t length) {
    const auto* child = parent.child(std::string(name));
    const Bytes out = child == nullptr ? Bytes() : child->text();
    right_ = right_ && child != nullptr && (out.size() == length || any_length_);
    return out;
  }
  Prekey key(const xml::Element& element) {
    return {.id = octets(element, "id", kIdOctets), .value = octets(element, "value", kKeyOctets)};
  }
  bool right() const { return right_; }

 private:
  bool any_length_;
  bool right_ = true;
};

// RFC 7748 section 6.1: of small order, so that all that is agreed with it is zero.
bool is_small(const Bytes& key) {
  static const auto any = crypto::x25519_key_pair(std::string(kKeyOctets, 'k'));
  return any && !crypto::x25519(any->private_key, key, crypto::LowOrder::refuse);
}

// X3DH section 3.2: its owner has signed what is signed.
bool is_proven(const KeyBundle& bundle) {
  return crypto::xeddsa_verify(bundle.identity, std::string(kCurve25519) + bundle.signed_key.value,
                               bundle.signature)
      .has_value();
}

// Of two one-time keys under one id the later one stays.
void drop_repeated(std::deque<Prekey>& keys) {
  for (auto at = keys.begin(); at != keys.end();) {
    const bool later = std::any_of(std::next(at), keys.end(),
                                   [&](const Prekey& other) { return other.id == at->id; });
    at = later ? keys.erase(at) : std::next(at);
  }
}

bool has_repeated(std::deque<Prekey> keys) {
  const auto count = keys.size();
  drop_repeated(keys);
  return keys.size() < count;
}

// ENC-044: why nobody could begin a session with these keys.
Result<void> check_usable(const KeyBundle& bundle, const FaultSet& faults) {
  if (faults.has(Fault::wg_accepts_odd_keys)) {
    return {};  // what has another length cannot be proven
  }
  const auto small = [](const Prekey& key) { return is_small(key.value); };
  if (!faults.has(Fault::wg_upload_unproven) && !is_proven(bundle)) {
    return fail(Errc::refused, "a signed prekey that its owner has not signed");
  }
  if (!faults.has(Fault::wg_upload_small_order) && small(bundle.signed_key)) {
    return fail(Errc::refused, "a signed prekey of small order");
  }
  if (!faults.has(Fault::wg_upload_one_time_small_order) &&
      std::ranges::any_of(bundle.one_time, small)) {
    return fail(Errc::refused, "a one-time prekey of small order");
  }
  if (!faults.has(Fault::wg_upload_key_twice) && has_repeated(bundle.one_time)) {
    return fail(Errc::refused, "two one-time prekeys under one id");
  }
  return {};
}

xml::Element key_element(std::string_view name, const Prekey& key) {
  auto out = named(name);
  out.children.emplace_back(holding("id", key.id));
  out.children.emplace_back(holding("value", key.value));
  return out;
}

xml::Element signed_element(const KeyBundle& bundle) {
  auto out = key_element("skey", bundle.signed_key);
  out.children.emplace_back(holding("signature", bundle.signature));
  return out;
}

void write_identity(xml::Element& into, const KeyBundle& bundle) {
  into.children.emplace_back(holding("registration", bundle.registration));
  into.children.emplace_back(holding("type", bundle.type));
  into.children.emplace_back(holding("identity", bundle.identity));
}

}  // namespace

Result<KeyBundle> parse_upload(const xml::Element& iq, const FaultSet& faults) {
  UploadReader reader(faults);
  KeyBundle out;
  out.registration = reader.octets(iq, "registration", kRegistrationOctets);
  out.type = reader.octets(iq, "type", kCurve25519.size());
  out.identity = reader.octets(iq, "identity", kKeyOctets);
  const auto* list = iq.child("list");
  const auto* signed_key = iq.child("skey");
  if (list == nullptr || signed_key == nullptr) {
    return fail(Errc::malformed, "an upload without its keys");
  }
  for (const auto* key : list->elements()) {
    out.one_time.push_back(reader.key(*key));
  }
  out.signed_key = reader.key(*signed_key);
  out.signature = reader.octets(*signed_key, "signature", kSignatureOctets);
  if (!reader.right()) {
    return fail(Errc::malformed, "something in an upload is missing or has another length");
  }
  if (out.type != kCurve25519 && !faults.has(Fault::wg_accepts_other_key_type)) {
    return fail(Errc::malformed, "keys of an unknown type");
  }
  if (faults.has(Fault::wg_may_take_keys_twice)) {
    drop_repeated(out.one_time);
  }
  if (auto usable = check_usable(out, faults); !usable) {
    return std::unexpected(usable.error());
  }
  return out;
}

void write_bundle(xml::Element& into, const KeyBundle& bundle,
                  const std::optional<Prekey>& one_time) {
  write_identity(into, bundle);
  if (one_time) {
    into.children.emplace_back(key_element("key", *one_time));
  }
  into.children.emplace_back(signed_element(bundle));
}

void write_upload(xml::Element& into, const KeyBundle& bundle) {
  write_identity(into, bundle);
  auto list = named("list");
  for (const Prekey& key : bundle.one_time) {
    list.children.emplace_back(key_element("key", key));
  }
  into.children.emplace_back(std::move(list));
  into.children.emplace_back(signed_element(bundle));
}

xml::Element digest_of(const KeyBundle& bundle) {
  auto out = named("digest");
  write_identity(out, bundle);
  out.children.emplace_back(signed_element(bundle));
  Bytes all = bundle.identity + bundle.signed_key.value + bundle.signature;
  auto list = named("list");
  for (const Prekey& key : bundle.one_time) {
    list.children.emplace_back(holding("id", key.id));
    all += key.value;
  }
  out.children.emplace_back(std::move(list));
  out.children.emplace_back(holding("hash", crypto::sha1(all)));
  return out;
}

}  // namespace parley::reference::whatsapp
