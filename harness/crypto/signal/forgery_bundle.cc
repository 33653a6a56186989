// SPDX-License-Identifier: GPL-3.0-or-later
// Prekey bundles as a server could hand them out: signatures that are wrong, in another form or
// valid for nobody's key, and keys put in place of others.
#include <array>
#include <utility>

#include "harness/crypto/digest.h"
#include "harness/crypto/edwards25519.h"
#include "harness/crypto/signal/forgery_table.h"
#include "harness/crypto/signal/keys.h"
#include "harness/crypto/xeddsa.h"

namespace parley::crypto::signal {
namespace {

constexpr auto kBundle = ForgeryKind::bundle;
constexpr auto kLegal = Acceptance::legal;
constexpr std::string_view kSigned = "X3DH section 3.3: the protocol is aborted";
constexpr std::string_view kXeddsa = "XEdDSA section 4, xeddsa_verify";
constexpr std::string_view kServer = "X3DH section 4.7";
constexpr std::string_view kZero = "RFC 7748 section 6.1: MAY check for an all-zero product";

constexpr std::size_t kHalf = 32;

// The honest signature edited: (Bytes&) -> void.
template <auto Edit>
Result<PrekeyBundle> with_signature(const BundleForgeryInput& input, Rng&) {
  auto out = input.bundle;
  Edit(out.signature);
  return out;
}

template <auto Edit>
Result<PrekeyBundle> edited(const BundleForgeryInput& input, Rng&) {
  auto out = input.bundle;
  Edit(out);
  return out;
}

Result<PrekeyBundle> signed_by(const Identity& signer, std::string_view text, PrekeyBundle bundle,
                               Rng& rng) {
  auto signature = xeddsa_sign(signer.keys.private_key, text, rng);
  if (!signature) {
    return std::unexpected(signature.error());
  }
  bundle.signature = std::move(*signature);
  return bundle;
}

Result<PrekeyBundle> signed_raw(const BundleForgeryInput& input, Rng& rng) {
  return signed_by(input.owner, input.bundle.signed_prekey, input.bundle, rng);
}

Result<PrekeyBundle> signed_by_stranger(const BundleForgeryInput& input, Rng& rng) {
  return signed_by(input.stranger, serialized_key(input.bundle.signed_prekey), input.bundle, rng);
}

Result<PrekeyBundle> of_another_prekey(const BundleForgeryInput& input, Rng& rng) {
  const auto other = make_signed_prekey(input.owner, input.bundle.signed_prekey_id, 0, rng);
  if (!other) {
    return std::unexpected(other.error());
  }
  auto out = input.bundle;
  out.signature = other->signature;
  return out;
}

// The server's own signed prekey under the owner's signature of the real one.
Result<PrekeyBundle> with_the_servers_prekey(const BundleForgeryInput& input, Rng& rng) {
  const auto own = make_key_pair(rng);
  if (!own) {
    return std::unexpected(own.error());
  }
  auto out = input.bundle;
  out.signed_prekey = own->public_key;
  return out;
}

Result<PrekeyBundle> with_the_strangers_identity(const BundleForgeryInput& input, Rng&) {
  auto out = input.bundle;
  out.identity_key = input.stranger.keys.public_key;
  return out;
}

// All of it the server's: nothing in the bundle tells, only an identity key that is known.
Result<PrekeyBundle> of_the_stranger(const BundleForgeryInput& input, Rng& rng) {
  const auto prekey = make_signed_prekey(input.stranger, input.bundle.signed_prekey_id, 0, rng);
  if (!prekey) {
    return std::unexpected(prekey.error());
  }
  auto out = bundle_of(input.stranger, input.bundle.device, *prekey, nullptr);
  out.one_time = input.bundle.one_time;
  return out;
}

Result<PrekeyBundle> with_the_servers_one_time_prekey(const BundleForgeryInput& input, Rng& rng) {
  const auto own = make_key_pair(rng);
  if (!own) {
    return std::unexpected(own.error());
  }
  auto out = input.bundle;
  out.one_time = OfferedPrekey{.id = PrekeyId(1), .key = own->public_key};
  return out;
}

template <auto Key>
Result<PrekeyBundle> with_small_one_time(const BundleForgeryInput& input, Rng&) {
  auto out = input.bundle;
  out.one_time = OfferedPrekey{.id = PrekeyId(1), .key = Key()};
  return out;
}

Result<PrekeyBundle> with_short_one_time(const BundleForgeryInput& input, Rng&) {
  auto out = input.bundle;
  if (!out.one_time) {
    return fail(Errc::malformed, "a bundle without a one-time prekey has none to cut short");
  }
  out.one_time->key.pop_back();
  return out;
}

template <auto Key>
Result<PrekeyBundle> with_small_signed_prekey(const BundleForgeryInput& input, Rng& rng) {
  auto out = input.bundle;
  out.signed_prekey = Key();
  return signed_by(input.owner, serialized_key(out.signed_prekey), out, rng);
}

// Adds `number`, both little-endian; the carry out of the last octet is lost.
void add(Bytes& octets, std::size_t at, std::string_view number) {
  unsigned carry = 0;
  for (std::size_t i = 0; i < number.size(); ++i) {
    const unsigned sum =
        static_cast<std::uint8_t>(octets[at + i]) + static_cast<std::uint8_t>(number[i]) + carry;
    octets[at + i] = static_cast<char>(sum & 0xFFU);
    carry = sum >> 8U;
  }
}

// L = 2^252 + 27742317777372353535851937790883648493 (RFC 8032 section 5.1).
Bytes group_order() {
  return from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
      .value_or(Bytes());
}

// s + Times * L, which is s modulo L. Bit 7 of the last octet is the key's sign, not the number's.
template <int Times>
void add_order(Bytes& signature) {
  const auto sign = static_cast<char>(signature.back() & 0x80);
  signature.back() = static_cast<char>(signature.back() & 0x7F);
  for (int i = 0; i < Times; ++i) {
    add(signature, kHalf, group_order());
  }
  signature.back() = static_cast<char>(signature.back() | sign);
}

// A signature that verifies under an identity key of small order without any private key: s = 0 and
// R the point that is left, found by trying signed prekeys until the hash is even (the order is 2).
Result<PrekeyBundle> signed_by_nobody(const BundleForgeryInput& input, Rng& rng) {
  // u = 0 maps to the Edwards point (0, -1), of order 2; (0, 1) is the neutral element.
  const Bytes nobody = small_order_zero();
  Bytes point = from_hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")
                    .value_or(Bytes());
  const Bytes neutral = small_order_one();
  auto out = input.bundle;
  out.identity_key = nobody;
  constexpr int kTries = 64;
  for (int i = 0; i < kTries; ++i) {
    const auto own = make_key_pair(rng);
    if (!own) {
      return std::unexpected(own.error());
    }
    const auto hash = edwards::reduce(sha512(neutral + point + serialized_key(own->public_key)));
    if ((static_cast<std::uint8_t>(hash.reveal().front()) & 1U) == 0) {
      out.signed_prekey = own->public_key;
      out.signature = neutral + Bytes(kHalf, '\0');
      return out;
    }
  }
  return fail(Errc::refused, "no signed prekey fits");
}

constexpr std::array kRows{
    BundleRow{{"bundle-signature-missing", kBundle, kSigned, "no octet", Refusal::signature},
              with_signature<[](Bytes& s) { s.clear(); }>},
    BundleRow{{"bundle-signature-short", kBundle, kXeddsa, "63 octets", Refusal::signature},
              with_signature<[](Bytes& s) { s.pop_back(); }>},
    BundleRow{{"bundle-signature-long", kBundle, kXeddsa, "65 octets", Refusal::signature},
              with_signature<[](Bytes& s) { s += '\0'; }>},
    BundleRow{{"bundle-signature-zeros", kBundle, kSigned, "64 octets 00", Refusal::signature},
              with_signature<[](Bytes& s) { s = Bytes(64, '\0'); }>},
    BundleRow{{"bundle-signature-ones", kBundle, kXeddsa, "64 octets FF", Refusal::signature},
              with_signature<[](Bytes& s) { s = Bytes(64, '\xFF'); }>},
    BundleRow{{"bundle-signature-r-bit", kBundle, kSigned, "a bit of R", Refusal::signature},
              with_signature<[](Bytes& s) { s[0] = static_cast<char>(s[0] ^ 1); }>},
    BundleRow{{"bundle-signature-s-bit", kBundle, kSigned, "a bit of s", Refusal::signature},
              with_signature<[](Bytes& s) { s[kHalf] = static_cast<char>(s[kHalf] ^ 1); }>},
    BundleRow{{"bundle-signature-sign-bit", kBundle, "libsignal: the sign in bit 7 of s",
               "the sign of the signer's point is the other one", Refusal::signature},
              with_signature<[](Bytes& s) { s.back() = static_cast<char>(s.back() ^ 0x80); }>},
    BundleRow{
        {"bundle-signature-halves-swapped", kBundle, kXeddsa, "s before R", Refusal::signature},
        with_signature<[](Bytes& s) { s = s.substr(kHalf) + s.substr(0, kHalf); }>},
    BundleRow{{"bundle-signature-s-plus-order", kBundle,
               "XEdDSA section 4: s below 2^253; RFC 8032 section 5.1.7: s below L",
               "s + L: who knows one signature knows two", Refusal::signature, kLegal},
              with_signature<add_order<1>>},
    BundleRow{{"bundle-signature-s-plus-2-orders", kBundle, kXeddsa,
               "s + 2 L, which is 2^253 or more", Refusal::signature},
              with_signature<add_order<2>>},
    BundleRow{{"bundle-signature-s-plus-7-orders", kBundle, kXeddsa,
               "s + 7 L, up to the last bit of s", Refusal::signature},
              with_signature<add_order<7>>},
    BundleRow{{"bundle-signature-raw-key", kBundle, "X3DH section 3.2, Sig(IKB, Encode(SPKB))",
               "over the signed prekey without its type octet", Refusal::signature},
              signed_raw},
    BundleRow{{"bundle-signature-of-another", kBundle, kSigned,
               "the owner's signature of another signed prekey", Refusal::signature},
              of_another_prekey},
    BundleRow{{"bundle-signature-of-a-stranger", kBundle, kSigned, "a stranger signed it",
               Refusal::signature},
              signed_by_stranger},
    BundleRow{{"bundle-signed-prekey-substituted", kBundle, kServer,
               "the server's own key under the real one's signature", Refusal::signature},
              with_the_servers_prekey},
    BundleRow{{"bundle-identity-substituted", kBundle, kServer,
               "a stranger's identity key over the owner's prekeys", Refusal::signature},
              with_the_strangers_identity},
    BundleRow{{"bundle-of-a-stranger", kBundle, "X3DH section 4.1",
               "all of it a stranger's and rightly signed: only a known identity key tells",
               Refusal::identity, kLegal},
              of_the_stranger},
    BundleRow{
        {"bundle-identity-of-nobody", kBundle, kXeddsa,
         "identity key u = 0, a signature that needs no private key", Refusal::signature, kLegal},
        signed_by_nobody},
    BundleRow{{"bundle-identity-short", kBundle, "X3DH section 2.1", "31 octets", Refusal::key},
              edited<[](PrekeyBundle& b) { b.identity_key.pop_back(); }>},
    BundleRow{{"bundle-identity-long", kBundle, "X3DH section 2.1", "33 octets", Refusal::key},
              edited<[](PrekeyBundle& b) { b.identity_key += '\0'; }>},
    BundleRow{
        {"bundle-identity-p", kBundle, kXeddsa, "u = p, not below the prime", Refusal::signature},
        edited<[](PrekeyBundle& b) { b.identity_key = zero_plus_p(); }>},
    BundleRow{{"bundle-identity-top-bit", kBundle, kXeddsa,
               "bit 255 set: another name of the owner's key, not below the prime",
               Refusal::signature, kLegal},
              edited<[](PrekeyBundle& b) {
                b.identity_key.back() = static_cast<char>(b.identity_key.back() ^ 0x80);
              }>},
    BundleRow{
        {"bundle-signed-prekey-short", kBundle, "X3DH section 2.1", "31 octets", Refusal::key},
        edited<[](PrekeyBundle& b) { b.signed_prekey.pop_back(); }>},
    BundleRow{{"bundle-signed-prekey-empty", kBundle, "X3DH section 3.2", "no octet", Refusal::key},
              edited<[](PrekeyBundle& b) { b.signed_prekey.clear(); }>},
    BundleRow{{"bundle-signed-prekey-top-bit", kBundle, kSigned,
               "bit 255 set: the same point, but not what was signed", Refusal::signature},
              edited<[](PrekeyBundle& b) {
                b.signed_prekey.back() = static_cast<char>(b.signed_prekey.back() ^ 0x80);
              }>},
    BundleRow{{"bundle-signed-prekey-zero", kBundle, kZero, "u = 0, rightly signed", Refusal::key,
               kLegal},
              with_small_signed_prekey<small_order_zero>},
    BundleRow{{"bundle-signed-prekey-order-8", kBundle, kZero, "of order 8, rightly signed",
               Refusal::key, kLegal},
              with_small_signed_prekey<small_order_eight>},
    BundleRow{
        {"bundle-one-time-zero", kBundle, kZero, "one-time prekey u = 0", Refusal::key, kLegal},
        with_small_one_time<small_order_zero>},
    BundleRow{{"bundle-one-time-substituted", kBundle, "X3DH section 4.7: not signed",
               "the server's own key as one-time prekey", Refusal::key, kLegal},
              with_the_servers_one_time_prekey},
    BundleRow{{"bundle-one-time-short", kBundle, "X3DH section 2.1", "31 octets", Refusal::key},
              with_short_one_time},
    BundleRow{{"bundle-one-time-missing", kBundle, "X3DH section 3.3",
               "the server says that none are left: forward secrecy hangs on the signed prekey",
               Refusal::prekey, kLegal},
              edited<[](PrekeyBundle& b) { b.one_time.reset(); }>},
};

}  // namespace

std::span<const BundleRow> bundle_forgeries() { return kRows; }

}  // namespace parley::crypto::signal
