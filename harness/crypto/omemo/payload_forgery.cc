// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/omemo/payload_forgery.h"

#include <algorithm>
#include <array>
#include <utility>

namespace parley::crypto::omemo {
namespace {

constexpr std::string_view kTag = "SP 800-38D section 7.2";
constexpr std::string_view kKey = "XEP-0384 0.3.0, Sending a message";

Bytes flipped(Bytes octets, std::size_t at, unsigned bit) {
  if (at < octets.size()) {
    octets[at] = static_cast<char>(static_cast<unsigned char>(octets[at]) ^ (1U << bit));
  }
  return octets;
}

Payload with_material(const Payload& honest, Bytes material) {
  auto out = honest;
  out.key_material = std::move(material);
  return out;
}

Payload with_text(const Payload& honest, Bytes ciphertext) {
  auto out = honest;
  out.ciphertext = std::move(ciphertext);
  return out;
}

Payload with_iv(const Payload& honest, Bytes iv) {
  auto out = honest;
  out.iv = std::move(iv);
  return out;
}

Bytes key_of(const Payload& payload) { return payload.key_material.substr(0, kAes128KeyOctets); }
Bytes tag_of(const Payload& payload) { return payload.key_material.substr(kAes128KeyOctets); }

// One of its own, sealed over `plaintext`, but with some other input of the cipher.
Result<Payload> sealed_with(const Payload& honest, std::string_view plaintext,
                            std::string_view associated) {
  const SecretBytes key(key_of(honest));
  auto sealed =
      aes128_gcm_seal({.key = key, .nonce = honest.iv, .associated = associated}, plaintext);
  if (!sealed) {
    return std::unexpected(sealed.error());
  }
  auto out = with_material(honest, key_of(honest) + sealed->substr(plaintext.size()));
  sealed->resize(plaintext.size());
  out.ciphertext = std::move(*sealed);
  return out;
}

using Honest = const Payload&;
using Text = std::string_view;

// clang-format off: one forgery is a few short lines, whatever its sentence's length
constexpr auto kTable = std::to_array<PayloadForgery>({
    {"payload-tag-first-bit", kTag, "the first bit of the tag is another: a receiver that checks part of it",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_material(p, flipped(p.key_material, kAes128KeyOctets, 7)); }},
    {"payload-tag-last-bit", kTag, "the last bit of the tag is another: a receiver that checks part of it",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_material(p, flipped(p.key_material, kKeyMaterialOctets - 1, 0)); }},
    {"payload-tag-zeros", kTag, "the tag is all zeros: a receiver that checks nothing",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_material(p, key_of(p) + Bytes(kGcmTagOctets, '\0')); }},
    {"payload-tag-twelve", kTag, "the last four octets of the tag are missing: a receiver that checks what is there",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_material(p, p.key_material.substr(0, kAes128KeyOctets + 12)); }},
    {"payload-tag-four", kTag, "four octets of the tag are left: a receiver that checks what is there, which an attacker guesses",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_material(p, p.key_material.substr(0, kAes128KeyOctets + 4)); }},
    {"payload-tag-one", kTag, "one octet of the tag is left: a receiver that checks what is there, which an attacker guesses",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_material(p, p.key_material.substr(0, kAes128KeyOctets + 1)); }},
    {"payload-tag-missing", kTag, "there is no tag: a receiver that checks one where there is one",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_material(p, key_of(p)); }},
    {"payload-tag-longer", kKey, "an octet stands behind the tag: a receiver that does not look at the length",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_material(p, p.key_material + '\0'); }},
    {"payload-tag-before-key", kKey, "the tag stands before the key",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_material(p, tag_of(p) + key_of(p)); }},
    {"payload-key-short", kKey, "the key has fifteen octets and the tag none",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_material(p, p.key_material.substr(0, kAes128KeyOctets - 1)); }},
    {"payload-key-empty", kKey, "neither key nor tag is there: a receiver that takes zeros for them",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_material(p, ""); }},
    {"payload-key-other", kTag, "the key is another one, the tag that of the right one",
     [](Honest p, Text, Rng& rng) -> Result<Payload> { return with_material(p, rng.octets(kAes128KeyOctets) + tag_of(p)); }},
    {"payload-first-bit", kTag, "the first bit of the ciphertext is another: a receiver that decrypts and does not check",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_text(p, flipped(p.ciphertext, 0, 0)); }},
    {"payload-last-bit", kTag, "the last bit of the ciphertext is another: a receiver that decrypts and does not check",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_text(p, flipped(p.ciphertext, p.ciphertext.size() - 1, 0)); }},
    {"payload-cut", kTag, "the last octet of the ciphertext is missing",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_text(p, p.ciphertext.substr(0, p.ciphertext.size() - 1)); }},
    {"payload-longer", kTag, "an octet stands behind the ciphertext",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_text(p, p.ciphertext + 'x'); }},
    {"payload-empty", kTag, "the ciphertext is empty, the tag that of the whole one",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_text(p, ""); }},
    {"payload-clear", kTag, "the text stands there in the clear, with the tag of the encrypted one: a receiver that falls back to what it can read",
     [](Honest p, Text text, Rng&) -> Result<Payload> { return with_text(p, Bytes(text)); }},
    {"payload-iv-other", kTag, "the initialisation vector is another one",
     [](Honest p, Text, Rng& rng) -> Result<Payload> { return with_iv(p, rng.octets(p.iv.size())); }},
    {"payload-iv-empty", kTag, "the initialisation vector is empty: a receiver that takes zeros for it",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_iv(p, ""); }},
    {"payload-iv-cut", kTag, "the last octet of the initialisation vector is missing",
     [](Honest p, Text, Rng&) -> Result<Payload> { return with_iv(p, p.iv.substr(0, p.iv.size() - 1)); }},
    {"payload-associated", kTag, "the tag covers associated data that nobody has agreed on",
     [](Honest p, Text text, Rng&) -> Result<Payload> { return sealed_with(p, text, "associated"); }},
});
// clang-format on

}  // namespace

std::span<const PayloadForgery> payload_forgeries() { return kTable; }

const PayloadForgery* find_payload_forgery(std::string_view name) {
  const auto* const at = std::ranges::find(kTable, name, &PayloadForgery::name);
  return at == kTable.end() ? nullptr : at;
}

}  // namespace parley::crypto::omemo
