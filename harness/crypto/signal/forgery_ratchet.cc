// SPDX-License-Identifier: GPL-3.0-or-later
// SignalMessages with ratchet keys and counters that play on the receiver's state. All have the MAC
// that belongs to them, unless nobody could compute it.
#include <array>

#include "harness/crypto/signal/forgery_table.h"

namespace parley::crypto::signal {
namespace {

using protobuf::octets_field;
using protobuf::varint_field;

constexpr auto kMsg = ForgeryKind::msg;
constexpr auto kLegal = Acceptance::legal;
constexpr std::string_view kSkip = "DR section 2.6 and MAX_SKIP of section 3.1";
constexpr std::string_view kTurn = "DR section 3.5";
constexpr std::string_view kZero = "RFC 7748 section 6.1: MAY check for an all-zero product";
constexpr std::string_view kNames =
    "RFC 7748 section 5: the top bit is masked, p and above accepted";

// The sender's turn made anew with `key`, whose agreement with anybody is zero.
template <auto Key>
Result<Forged> with_small_order(Draft& draft) {
  auto& session = draft.session;
  session.root = session.turn_root;
  const X25519KeyPair fresh{.private_key = {}, .public_key = Key()};
  if (auto turned = turn_sender_chain(session, fresh); !turned) {
    return std::unexpected(turned.error());
  }
  return bent<[](Opened&, Draft&) {}>(draft);
}

// The base point as ratchet key: the agreement is the receiver's own public key, known to all.
template <auto Key>
Result<Forged> with_base_point(Draft& draft) {
  auto& session = draft.session;
  const auto turned = root_step(session.turn_root,
                                SecretBytes(session.receivers.back().ratchet_key), session.dialect);
  session.root = turned.root;
  session.sender = {.key = turned.chain, .counter = 0};
  session.ratchet = {.private_key = {}, .public_key = Key()};
  return bent<[](Opened&, Draft&) {}>(draft);
}

// The honest key under its other name.
Result<Forged> with_top_bit(Draft& draft) {
  return bent<[](Opened& o, Draft&) {
    auto& key = field_of(o.message.fields, msg::kRatchetKey).octets;
    key.back() = static_cast<char>(key.back() | 0x80);
  }>(draft);
}

// The chain moved on without messages.
void advance(Session& session, std::uint32_t steps) {
  for (std::uint32_t i = 0; i < steps; ++i) {
    session.sender.key = next_chain_key(session.sender.key, session.dialect);
    ++session.sender.counter;
  }
}

template <std::uint32_t Steps>
Result<Forged> after_a_jump(Draft& draft) {
  advance(draft.session, Steps);
  auto out = bent<[](Opened&, Draft&) {}>(draft);
  if (out) {
    out->session = draft.input.session;
  }
  return out;
}

template <std::uint64_t Counter>
Result<Forged> with_counter(Draft& draft) {
  return bent<[](Opened& o, Draft&) {
    replace(o.message.fields, varint_field(msg::kCounter, Counter));
  }>(draft);
}

template <std::uint64_t Counter>
Result<Forged> with_previous_counter(Draft& draft) {
  return bent<[](Opened& o, Draft&) {
    replace(o.message.fields, varint_field(msg::kPreviousCounter, Counter));
  }>(draft);
}

template <class KeyOf>
Result<Forged> under_key(Draft& draft, const KeyOf& key_of) {
  auto opened = open_message(draft.session, draft.input.plaintext);
  if (!opened) {
    return std::unexpected(opened.error());
  }
  replace(opened->message.fields,
          octets_field(msg::kRatchetKey, serialized_key(key_of(draft.session))));
  return forged_msg(draft, seal(opened->message));
}

Result<Forged> under_the_receivers_key(Draft& draft) {
  return under_key(draft, [](const Session& s) { return s.receivers.back().ratchet_key; });
}

Result<Forged> under_the_identity_key(Draft& draft) {
  return under_key(draft, [](const Session& s) { return s.own_identity; });
}

// The chain as it stands under a ratchet key that did not make it.
Result<Forged> under_a_fresh_key(Draft& draft) {
  const Bytes key = draft.rng.octets(kX25519Octets);
  return under_key(draft, [&](const Session&) { return key; });
}

// What the receiver sent comes back to it.
Result<Forged> reflected(Draft& draft) {
  if (draft.input.received.empty()) {
    return fail(Errc::malformed, "nothing was received that could be sent back");
  }
  return forged_msg(draft, draft.input.received);
}

constexpr std::array kRows{
    ForgeryRow{{"counter-jump-1999", kMsg, kSkip, "1,999 messages lost: within every limit",
                Refusal::message, kLegal},
               after_a_jump<1999>},
    ForgeryRow{
        {"counter-jump-2000", kMsg, kSkip,
         "2,000 messages lost: the last that WhatsApp's clients and libsignal-protocol-c take",
         Refusal::message, kLegal},
        after_a_jump<2000>},
    ForgeryRow{{"counter-jump-2001", kMsg, kSkip,
                "2,001 messages lost: libsignal in Rust and Java takes up to 25,000",
                Refusal::message, kLegal},
               after_a_jump<2001>},
    ForgeryRow{{"counter-jump-25001", kMsg, kSkip,
                "25,001 messages lost, more than any known limit", Refusal::message},
               after_a_jump<25001>},
    ForgeryRow{
        {"counter-2-31", kMsg, kSkip,
         "2^31: negative where a counter is signed; nobody could derive its key", Refusal::message},
        with_counter<0x80000000>},
    ForgeryRow{
        {"counter-largest", kMsg, kSkip,
         "2^32 - 1, whose successor is 0: refused before any key is derived", Refusal::message},
        with_counter<0xFFFFFFFF>},
    ForgeryRow{{"counter-other", kMsg, kTurn, "this message's keys, the next one's counter",
                Refusal::message},
               with_counter<1>},
    ForgeryRow{{"previous-counter-wrong", kMsg, "DR section 3.5, SkipMessageKeys(header.pn)",
                "a previous chain of 2^32 - 1 messages: keys are to be skipped up to it, which "
                "libsignal never does",
                Refusal::message, kLegal},
               with_previous_counter<0xFFFFFFFF>},
    ForgeryRow{{"ratchet-key-zero", kMsg, kZero, "u = 0: the chain hangs on the root key alone",
                Refusal::key, kLegal},
               with_small_order<small_order_zero>},
    ForgeryRow{{"ratchet-key-one", kMsg, kZero, "u = 1, of small order", Refusal::key, kLegal},
               with_small_order<small_order_one>},
    ForgeryRow{{"ratchet-key-order-8", kMsg, kZero, "a point of order 8", Refusal::key, kLegal},
               with_small_order<small_order_eight>},
    ForgeryRow{{"ratchet-key-p", kMsg, kZero, "u = p, another name of 0", Refusal::key, kLegal},
               with_small_order<zero_plus_p>},
    ForgeryRow{{"ratchet-key-base-point", kMsg, kTurn,
                "u = 9: the agreement is the receiver's public key", Refusal::key, kLegal},
               with_base_point<base_point>},
    ForgeryRow{{"ratchet-key-base-point-p", kMsg, kNames, "u = p + 9, another name of the same",
                Refusal::key, kLegal},
               with_base_point<base_point_plus_p>},
    ForgeryRow{{"ratchet-key-top-bit", kMsg, kNames, "the honest key with bit 255 set",
                Refusal::key, kLegal},
               with_top_bit},
    ForgeryRow{{"ratchet-key-of-receiver", kMsg, kTurn, "the receiver's own ratchet key",
                Refusal::message},
               under_the_receivers_key},
    ForgeryRow{
        {"ratchet-key-of-identity", kMsg, kTurn, "the sender's identity key", Refusal::message},
        under_the_identity_key},
    ForgeryRow{
        {"ratchet-key-fresh", kMsg, kTurn,
         "a new key over the chain of the old one: no agreement took place", Refusal::message},
        under_a_fresh_key},
    ForgeryRow{{"reflected", kMsg, "DR section 3.5; X3DH section 3.3",
                "the receiver's own last message comes back", Refusal::message},
               reflected},
};

}  // namespace

std::span<const ForgeryRow> ratchet_forgeries() { return kRows; }

}  // namespace parley::crypto::signal
