// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/peer_bundle.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string>
#include <utility>

#include "harness/crypto/signal/message.h"
#include "harness/crypto/x25519.h"
#include "harness/crypto/xeddsa.h"

namespace parley::reference::whatsapp {
namespace {

namespace signal = crypto::signal;
using signal::Outcome;
using signal::Refusal;

constexpr std::size_t kRegistrationOctets = 4;
constexpr std::size_t kIdOctets = 3;

// RFC 7748 section 5: p = 2^255 - 19, little-endian.
constexpr std::size_t kTop = crypto::kX25519Octets - 1;

bool is_canonical(std::string_view key) {
  const auto top = static_cast<std::uint8_t>(key[kTop]);
  if (top != 0x7F) {
    return top < 0x7F;
  }
  const bool all_ones = std::ranges::all_of(
      key.substr(1, kTop - 1), [](char octet) { return static_cast<std::uint8_t>(octet) == 0xFF; });
  return !all_ones || static_cast<std::uint8_t>(key[0]) < 0xED;
}

// The same point by its least name.
Bytes reduced(Bytes key) {
  key[kTop] = static_cast<char>(key[kTop] & 0x7F);
  if (!is_canonical(key)) {
    const auto rest = static_cast<char>(static_cast<std::uint8_t>(key[0]) - 0xED);
    key = rest + Bytes(kTop, '\0');
  }
  return key;
}

// Whatever the other key is, the product with a point of small order is zero.
bool is_small(std::string_view key) {
  const SecretBytes any(Bytes(crypto::kX25519Octets, '\x55'));
  const auto product = crypto::x25519(any, key, crypto::LowOrder::refuse);
  return !product && product.error().code == Errc::refused;
}

// RFC 8032 section 5.1: the order L of the group, little-endian.
constexpr std::array<std::uint8_t, 32> kOrder{
    0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

// The same signature with s modulo L. Bit 7 of the last octet is the key's sign, not the number's.
Bytes with_least_s(Bytes signature) {
  if (signature.size() != crypto::kXeddsaOctets) {
    return signature;
  }
  std::array<std::uint8_t, 32> s{};
  std::ranges::copy(signature.substr(kOrder.size()), s.begin());
  const std::uint8_t sign = s.back() & 0x80;
  s.back() &= 0x7F;
  while (!std::ranges::lexicographical_compare(s | std::views::reverse,
                                               kOrder | std::views::reverse)) {
    int borrow = 0;
    for (std::size_t i = 0; i < s.size(); ++i) {
      const int rest = s[i] - kOrder[i] - borrow;
      borrow = rest < 0 ? 1 : 0;
      s[i] = static_cast<std::uint8_t>(rest & 0xFF);
    }
  }
  s.back() |= sign;
  return signature.substr(0, kOrder.size()) + Bytes(s.begin(), s.end());
}

// Which rules of a key a client leaves out.
struct Leniency {
  bool any_name = false;
  bool small = false;
};

Outcome<void> check_key(std::string_view key, const Leniency& leniency) {
  if (key.size() != crypto::kX25519Octets) {
    return signal::refuse(Refusal::key, "a public key of another length");
  }
  if (!leniency.any_name && !is_canonical(key)) {
    return signal::refuse(Refusal::key, "a public key that is not below the prime");
  }
  if (!leniency.small && is_small(key)) {
    return signal::refuse(Refusal::key, "a public key of small order");
  }
  return {};
}

// Takes octets of their lengths out of elements, and remembers whether all had theirs.
class Octets {
 public:
  explicit Octets(const FaultSet& faults) : faults_(faults) {}

  std::optional<std::uint32_t> number(const xml::Element* parent, const char* name,
                                      std::size_t length) {
    const auto* child = parent == nullptr ? nullptr : parent->child(name);
    const Bytes text = child == nullptr ? Bytes() : child->text();
    if (text.size() != length && !faults_.has(Fault::wt_signal_id_lengths_unchecked)) {
      return std::nullopt;
    }
    std::uint32_t out = 0;
    for (const char octet : text) {
      out = out << 8U | static_cast<std::uint8_t>(octet);
    }
    return out;
  }

  // Empty for another length, which no key has.
  Bytes key(const xml::Element* parent, const char* name, std::size_t length) const {
    const auto* child = parent == nullptr ? nullptr : parent->child(name);
    Bytes text = child == nullptr ? Bytes() : child->text();
    if (faults_.has(Fault::wt_signal_key_lengths_unchecked)) {
      text.resize(length);
    }
    if (faults_.has(Fault::wt_signal_any_name_of_key) && text.size() == crypto::kX25519Octets) {
      text = reduced(std::move(text));
    }
    return text.size() == length ? text : Bytes();
  }

 private:
  const FaultSet& faults_;
};

Outcome<void> check_signature(const signal::PrekeyBundle& bundle, const FaultSet& faults) {
  // The specification leaves points of small order open, the library takes them.
  if (faults.has(Fault::wt_signal_signature_unchecked) ||
      faults.has(Fault::wt_signal_signature_checked_late) ||
      faults.has(Fault::wt_signal_small_keys_in_bundles)) {
    return {};
  }
  const Bytes signature = faults.has(Fault::wt_signal_high_s_accepted)
                              ? with_least_s(bundle.signature)
                              : bundle.signature;
  const auto right = crypto::xeddsa_verify(bundle.identity_key,
                                           signal::serialized_key(bundle.signed_prekey), signature);
  if (right) {
    return {};
  }
  if (faults.has(Fault::wt_signal_signature_over_raw_key) &&
      crypto::xeddsa_verify(bundle.identity_key, bundle.signed_prekey, bundle.signature)) {
    return {};
  }
  return signal::refuse(Refusal::signature, right.error().detail);
}

Outcome<void> check_bundle_keys(const signal::PrekeyBundle& bundle, const FaultSet& faults) {
  const Leniency leniency{.any_name = faults.has(Fault::wt_signal_any_name_of_key),
                          .small = faults.has(Fault::wt_signal_small_keys_in_bundles)};
  for (const auto* key : {&bundle.identity_key, &bundle.signed_prekey}) {
    if (auto checked = check_key(*key, leniency); !checked) {
      return checked;
    }
  }
  return bundle.one_time ? check_key(bundle.one_time->key, leniency) : Outcome<void>();
}

}  // namespace

Outcome<signal::PrekeyBundle> read_bundle(const xml::Element& user, const FaultSet& faults) {
  Octets octets(faults);
  const auto* signed_key = user.child("skey");
  const auto* one_time = user.child("key");
  const bool stands_in =
      signed_key == nullptr && faults.has(Fault::wt_signal_signed_prekey_replaced);
  if (stands_in) {
    signed_key = one_time;
  }
  const auto registration = octets.number(&user, "registration", kRegistrationOctets);
  const auto signed_id = octets.number(signed_key, "id", kIdOctets);
  const auto* type = user.child("type");
  const bool right_type = type != nullptr && type->text() == Bytes(1, signal::kKeyType);
  if (!registration || !signed_id || signed_key == nullptr ||
      (!right_type && !faults.has(Fault::wt_signal_key_type_unchecked))) {
    return signal::refuse(Refusal::encoding, "a bundle that is not whole");
  }
  signal::PrekeyBundle out{.registration = signal::RegistrationId(*registration),
                           .identity_key = octets.key(&user, "identity", crypto::kX25519Octets),
                           .signed_prekey_id = signal::SignedPrekeyId(*signed_id),
                           .signed_prekey = octets.key(signed_key, "value", crypto::kX25519Octets),
                           .signature = octets.key(signed_key, "signature", crypto::kXeddsaOctets),
                           .one_time = {}};
  if (one_time != nullptr) {
    const auto id = octets.number(one_time, "id", kIdOctets);
    if (!id) {
      return signal::refuse(Refusal::encoding, "a one-time prekey whose id has another length");
    }
    out.one_time = signal::OfferedPrekey{
        .id = signal::PrekeyId(*id), .key = octets.key(one_time, "value", crypto::kX25519Octets)};
  } else if (faults.has(Fault::wt_signal_one_time_prekey_needed)) {
    return signal::refuse(Refusal::prekey, "a bundle without a one-time prekey");
  }
  if (const auto keys = check_bundle_keys(out, faults); !keys) {
    return std::unexpected(keys.error());
  }
  const auto signature = stands_in ? Outcome<void>() : check_signature(out, faults);
  return signature ? Outcome<signal::PrekeyBundle>(std::move(out))
                   : std::unexpected(signature.error());
}

Outcome<void> check_keys(const signal::Message& message, const FaultSet& faults) {
  const Leniency leniency{.any_name = faults.has(Fault::wt_signal_any_name_of_key),
                          .small = faults.has(Fault::wt_signal_small_keys_in_messages)};
  Bytes inner = message.octets;
  if (message.kind == signal::MessageKind::pkmsg) {
    auto first = signal::read_prekey_message(message.octets);
    if (!first) {
      return {};
    }
    for (const auto* key : {&first->base_key, &first->identity_key}) {
      if (auto checked = check_key(*key, leniency); !checked) {
        return checked;
      }
    }
    inner = std::move(first->message);
  }
  const auto within = signal::read_signal_message(inner);
  return within ? check_key(within->ratchet_key, leniency) : Outcome<void>();
}

}  // namespace parley::reference::whatsapp
