// SPDX-License-Identifier: GPL-3.0-or-later
// SignalMessages whose MAC, associated data, ciphertext or padding is wrong.
#include <array>

#include "harness/crypto/aes_cbc.h"
#include "harness/crypto/signal/forgery_table.h"

namespace parley::crypto::signal {
namespace {

constexpr auto kMsg = ForgeryKind::msg;
constexpr std::string_view kDecrypt = "DR section 3.5";
constexpr std::string_view kAssociated = "DR section 5.1; X3DH section 3.3";
constexpr std::string_view kTag = "DR section 6.6; libsignal: 8 octets";
constexpr std::string_view kCipher = "DR section 5.2; RFC 5652 section 6.3";
constexpr std::string_view kDerive = "DR section 5.2; libsignal's info strings";

void flip(Bytes& octets, std::size_t at) { octets[at] = static_cast<char>(octets[at] ^ 1); }

Bytes& ciphertext(Opened& opened) {
  return field_of(opened.message.fields, msg::kCiphertext).octets;
}

// Encrypted as it stands: the last octets are what the receiver takes for padding.
void encrypt_raw(Opened& opened, const Bytes& blocks) {
  ciphertext(opened) =
      aes256_cbc_encrypt(
          {.key = opened.keys.cipher, .iv = opened.keys.iv, .padding = CbcPadding::none}, blocks)
          .value_or(Bytes());
}

// The next message of a sender who derives otherwise.
template <auto Change>
Result<Forged> derived(Draft& draft) {
  Change(draft.session.dialect);
  return bent<[](Opened&, Draft&) {}>(draft);
}

// The whole turn derived otherwise, not the message alone.
Result<Forged> with_ratchet_info(Draft& draft) {
  auto& session = draft.session;
  session.dialect.ratchet_info = "WhisperRatchets";
  session.root = session.turn_root;
  if (auto turned = turn_sender_chain(session, X25519KeyPair(session.ratchet)); !turned) {
    return std::unexpected(turned.error());
  }
  return bent<[](Opened&, Draft&) {}>(draft);
}

// The MAC of the message after it under this one's fields.
Result<Forged> with_the_next_mac(Draft& draft) {
  auto first = open_message(draft.session, draft.input.plaintext);
  auto second = open_message(draft.session, draft.input.plaintext);
  if (!first || !second) {
    return std::unexpected(first ? second.error() : first.error());
  }
  const auto body = body_of(first->message);
  return forged_msg(draft, body + seal(second->message).substr(body_of(second->message).size()));
}

// A session with the receiver's identity key but of other secrets.
Result<Forged> of_another_session(Draft& draft) {
  auto other = initiate(draft.input.stranger, draft.input.bundle, draft.rng);
  if (!other) {
    return std::unexpected(other.error());
  }
  auto opened = open_message(*other, draft.input.plaintext);
  return opened ? Result<Forged>(forged_msg(draft, seal(opened->message)))
                : std::unexpected(opened.error());
}

constexpr std::array kRows{
    ForgeryRow{{"mac-first-bit", kMsg, kDecrypt, "the MAC's first octet changed", Refusal::message},
               broken<[](Bytes& octets, const Opened&) { flip(octets, octets.size() - 8); }>},
    ForgeryRow{{"mac-last-bit", kMsg, kDecrypt, "the MAC's last octet changed", Refusal::message},
               broken<[](Bytes& octets, const Opened&) { flip(octets, octets.size() - 1); }>},
    ForgeryRow{{"mac-zeros", kMsg, kDecrypt, "eight octets zero", Refusal::message},
               broken<[](Bytes& octets, const Opened&) {
                 octets.replace(octets.size() - 8, 8, Bytes(8, '\0'));
               }>},
    ForgeryRow{{"mac-short", kMsg, kTag, "seven octets of the MAC", Refusal::encoding},
               bent<[](Opened& o, Draft&) { o.message.mac_octets = 7; }>},
    ForgeryRow{
        {"mac-missing", kMsg, kTag, "no MAC: its octets are those of the text", Refusal::encoding},
        bent<[](Opened& o, Draft&) { o.message.mac_octets = 0; }>},
    ForgeryRow{{"mac-whole", kMsg, kTag, "all 32 octets of the HMAC", Refusal::encoding},
               bent<[](Opened& o, Draft&) { o.message.mac_octets = 32; }>},
    ForgeryRow{{"mac-octet-behind", kMsg, kTag, "an octet behind the MAC", Refusal::encoding},
               broken<[](Bytes& octets, const Opened&) { octets += '\0'; }>},
    ForgeryRow{
        {"mac-of-the-next", kMsg, kDecrypt, "the MAC of the message after it", Refusal::message},
        with_the_next_mac},
    ForgeryRow{{"mac-key-of-cipher", kMsg, kDerive, "made with the cipher's key", Refusal::message},
               bent<[](Opened& o, Draft&) { o.message.mac_key = o.keys.cipher; }>},
    ForgeryRow{{"mac-key-zeros", kMsg, kDerive, "made with a key of zeros", Refusal::message},
               bent<[](Opened& o, Draft&) { o.message.mac_key = SecretBytes(Bytes(32, '\0')); }>},
    ForgeryRow{{"associated-missing", kMsg, kAssociated, "the MAC covers no identity key",
                Refusal::message},
               bent<[](Opened& o, Draft&) { o.message.identities.clear(); }>},
    ForgeryRow{{"associated-swapped", kMsg, kAssociated, "receiver's identity key before sender's",
                Refusal::message},
               bent<[](Opened& o, Draft& d) {
                 o.message.identities = identities(d.session.peer_identity, d.session.own_identity);
               }>},
    ForgeryRow{{"associated-raw", kMsg, kAssociated, "identity keys without their type octets",
                Refusal::message},
               bent<[](Opened& o, Draft& d) {
                 o.message.identities = d.session.own_identity + d.session.peer_identity;
               }>},
    ForgeryRow{{"associated-sender-alone", kMsg, kAssociated, "the sender's identity key alone",
                Refusal::message},
               bent<[](Opened& o, Draft& d) {
                 o.message.identities = serialized_key(d.session.own_identity);
               }>},
    ForgeryRow{{"associated-stranger", kMsg, kAssociated,
                "a stranger's identity key as the sender's", Refusal::message},
               bent<[](Opened& o, Draft& d) {
                 o.message.identities =
                     identities(d.input.stranger.keys.public_key, d.session.peer_identity);
               }>},
    ForgeryRow{{"ciphertext-changed", kMsg, kDecrypt, "a bit of the text, the MAC as it was",
                Refusal::message},
               broken<[](Bytes& octets, const Opened&) { flip(octets, octets.size() - 9); }>},
    ForgeryRow{{"counter-changed", kMsg, kDecrypt, "the counter one higher, the MAC as it was",
                Refusal::message},
               // 33 | 0A 21 key(33) | 10 counter: right behind the key.
               broken<[](Bytes& octets, const Opened&) { flip(octets, 37); }>},
    ForgeryRow{{"version-changed", kMsg, kDecrypt,
                "the newest version that the sender speaks, the MAC as it was", Refusal::message},
               broken<[](Bytes& octets, const Opened&) { octets[0] = '\x34'; }>},
    ForgeryRow{{"ciphertext-empty", kMsg, kCipher, "no block", Refusal::padding},
               bent<[](Opened& o, Draft&) { ciphertext(o).clear(); }>},
    ForgeryRow{{"ciphertext-uneven", kMsg, kCipher, "15 octets, no whole block", Refusal::padding},
               bent<[](Opened& o, Draft&) { ciphertext(o).resize(15); }>},
    ForgeryRow{{"padding-zero", kMsg, kCipher, "the last octet says 0 octets of padding",
                Refusal::padding},
               bent<[](Opened& o, Draft&) { encrypt_raw(o, Bytes(15, 'x') + Bytes(1, '\0')); }>},
    ForgeryRow{
        {"padding-17", kMsg, kCipher, "17 octets of padding, more than a block", Refusal::padding},
        bent<[](Opened& o, Draft&) { encrypt_raw(o, Bytes(32, '\x11')); }>},
    ForgeryRow{{"padding-uneven", kMsg, kCipher, "three octets of padding, one of them another",
                Refusal::padding},
               bent<[](Opened& o, Draft&) { encrypt_raw(o, Bytes(13, 'x') + "\x02\x03\x03"); }>},
    ForgeryRow{{"padding-missing", kMsg, kCipher, "text to the last octet", Refusal::padding},
               bent<[](Opened& o, Draft&) { encrypt_raw(o, Bytes(16, 'x')); }>},
    ForgeryRow{{"info-of-keys", kMsg, kDerive, "message keys derived with another info string",
                Refusal::message},
               derived<[](Dialect& d) { d.keys_info = "WhisperMessageKey"; }>},
    ForgeryRow{{"info-of-keys-empty", kMsg, kDerive, "message keys derived without an info string",
                Refusal::message},
               derived<[](Dialect& d) { d.keys_info.clear(); }>},
    ForgeryRow{{"info-of-ratchet", kMsg, kDerive, "the root chain turned with another info string",
                Refusal::message},
               with_ratchet_info},
    ForgeryRow{{"constants-swapped", kMsg, kDerive,
                "02 makes the message keys and 01 the next chain key", Refusal::message},
               derived<[](Dialect& d) { std::swap(d.seed_constant, d.chain_constant); }>},
    ForgeryRow{{"salt-of-keys", kMsg, kDerive, "message keys derived with a salt of ones",
                Refusal::message},
               derived<[](Dialect& d) { d.salt = std::string(32, '\xFF'); }>},
    ForgeryRow{{"session-of-a-stranger", kMsg, kDecrypt,
                "a message of another session, whose secrets the receiver does not have",
                Refusal::message},
               of_another_session},
};

}  // namespace

std::span<const ForgeryRow> mac_forgeries() { return kRows; }

}  // namespace parley::crypto::signal
