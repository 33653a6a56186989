// SPDX-License-Identifier: GPL-3.0-or-later
// PreKeySignalMessages of sessions that were agreed wrongly: other constants, agreements missing or
// swapped, keys of small order, prekeys used before, identities that are not the sender's.
#include <algorithm>
#include <array>
#include <utility>

#include "harness/crypto/signal/forgery_table.h"

namespace parley::crypto::signal {
namespace {

constexpr auto kPkmsg = ForgeryKind::pkmsg;
constexpr auto kLegal = Acceptance::legal;
constexpr std::string_view kAgree = "X3DH section 3.3";
constexpr std::string_view kDerive = "X3DH section 2.2, KDF";
constexpr std::string_view kReuse = "X3DH sections 3.4 and 4.3";
constexpr std::string_view kZero = "RFC 7748 section 6.1: MAY check for an all-zero product";
constexpr std::string_view kNames =
    "RFC 7748 section 5: the top bit is masked, p and above accepted";

Result<Forged> first_of(Result<Session> session, const Draft& draft) {
  if (!session) {
    return std::unexpected(session.error());
  }
  auto message = write_message(*session, draft.input.plaintext);
  return message ? Result<Forged>(forged_pkmsg(draft, std::move(message->octets)))
                 : std::unexpected(message.error());
}

// Begun anew by a sender who agrees otherwise: (Dialect&) -> void.
template <auto Change>
Result<Forged> agreed(Draft& draft) {
  Dialect dialect = draft.input.session.dialect;
  Change(dialect);
  return first_of(initiate(draft.input.sender, draft.input.bundle, draft.rng, dialect), draft);
}

template <Agreement Left>
Result<Forged> without(Draft& draft) {
  return agreed<[](Dialect& d) { std::erase(d.agreements, Left); }>(draft);
}

template <auto Key>
Result<Forged> with_small_base(Draft& draft) {
  const X25519KeyPair base{.private_key = {}, .public_key = Key()};
  return first_of(initiate_with(draft.input.sender, draft.input.bundle, base, draft.rng), draft);
}

// Nobody has its private key and nobody needs it: DH1 is zero for everybody.
template <auto Key>
Result<Forged> with_small_identity(Draft& draft) {
  Identity nobody = draft.input.sender;
  nobody.keys = {.private_key = {}, .public_key = Key()};
  return first_of(initiate(nobody, draft.input.bundle, draft.rng), draft);
}

Result<Forged> with_base_top_bit(Draft& draft) {
  return surrounded<[](PrekeyDraft& p, Draft&) {
    auto& key = field_of(p.fields, pkmsg::kBaseKey).octets;
    key.back() = static_cast<char>(key.back() | 0x80);
  }>(draft);
}

// The stranger agrees with its own identity key and claims the sender's.
Result<Forged> claiming_the_sender(Draft& draft) {
  auto session = initiate(draft.input.stranger, draft.input.bundle, draft.rng);
  if (!session) {
    return std::unexpected(session.error());
  }
  session->own_identity = draft.input.sender.keys.public_key;
  return first_of(std::move(session), draft);
}

// The sender agrees honestly, but a stranger's identity key stands in the envelope and in the MAC.
Result<Forged> claiming_a_stranger(Draft& draft) {
  auto session = initiate(draft.input.sender, draft.input.bundle, draft.rng);
  if (!session) {
    return std::unexpected(session.error());
  }
  session->own_identity = draft.input.stranger.keys.public_key;
  return first_of(std::move(session), draft);
}

// Agreed with one one-time prekey, naming another that is unused.
Result<Forged> naming_another_prekey(Draft& draft) {
  auto session = initiate(draft.input.sender, draft.input.bundle, draft.rng);
  if (!session || !draft.input.other_bundle.one_time) {
    return session ? fail(Errc::malformed, "there is no other prekey")
                   : std::unexpected(session.error());
  }
  session->pending->one_time = draft.input.other_bundle.one_time->id;
  return first_of(std::move(session), draft);
}

// An honest session uses the prekey up; another one names it.
Result<Forged> after_the_prekey_was_used(Draft& draft) {
  auto honest = write_message(draft.session, honest_text(draft.input, 0));
  auto out = first_of(initiate(draft.input.sender, draft.input.bundle, draft.rng), draft);
  if (!honest || !out) {
    return std::unexpected(honest ? out.error() : honest.error());
  }
  out->before.push_back(std::move(*honest));
  out->session = draft.session;
  return out;
}

Result<Forged> twice(Draft& draft) {
  auto honest = write_message(draft.session, honest_text(draft.input, 0));
  if (!honest) {
    return std::unexpected(honest.error());
  }
  return Forged{.before = {*honest}, .message = *honest, .session = draft.session};
}

// The first message of a session begun without a one-time prekey: only its base key tells that it
// was there before.
Result<Forged> twice_without_prekey(Draft& draft) {
  auto bundle = draft.input.bundle;
  bundle.one_time.reset();
  auto session = initiate(draft.input.sender, bundle, draft.rng);
  auto honest = session ? write_message(*session, honest_text(draft.input, 0))
                        : Result<Message>(std::unexpected(session.error()));
  if (!honest) {
    return std::unexpected(honest.error());
  }
  return Forged{.before = {*honest}, .message = *honest, .session = std::move(*session)};
}

// The same message with its other name for the base key: the library knows sessions by the octets
// of that key.
Result<Forged> again_by_another_name(Draft& draft) {
  auto out = twice_without_prekey(draft);
  if (!out) {
    return out;
  }
  auto fields = protobuf::read_fields(std::string_view(out->message.octets).substr(1));
  if (!fields) {
    return std::unexpected(fields.error());
  }
  auto& key = field_of(*fields, pkmsg::kBaseKey).octets;
  key.back() = static_cast<char>(key.back() | 0x80);
  out->message.octets = write(PrekeyDraft{.fields = std::move(*fields), .tail = {}});
  return out;
}

constexpr std::array kRows{
    ForgeryRow{{"x3dh-info", kPkmsg, kDerive, "another info string", Refusal::message},
               agreed<[](Dialect& d) { d.text_info = "WhisperTexts"; }>},
    ForgeryRow{{"x3dh-info-empty", kPkmsg, kDerive, "no info string", Refusal::message},
               agreed<[](Dialect& d) { d.text_info.clear(); }>},
    ForgeryRow{
        {"x3dh-info-pqxdh", kPkmsg, "PQXDH section 2.2; libsignal's info strings",
         "the info string of the post-quantum agreement", Refusal::message},
        agreed<[](Dialect& d) { d.text_info = "WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024"; }>},
    ForgeryRow{{"x3dh-info-omemo", kPkmsg, "XEP-0384 version 0.4 and later",
                "the info string of another protocol on the same agreement", Refusal::message},
               agreed<[](Dialect& d) { d.text_info = "OMEMO X3DH"; }>},
    ForgeryRow{{"x3dh-salt", kPkmsg, kDerive, "a salt of ones", Refusal::message},
               agreed<[](Dialect& d) { d.salt = std::string(32, '\xFF'); }>},
    ForgeryRow{{"x3dh-without-f", kPkmsg, kDerive, "without the 32 octets FF", Refusal::message},
               agreed<[](Dialect& d) { d.discontinuity.clear(); }>},
    ForgeryRow{{"x3dh-f-zeros", kPkmsg, kDerive, "32 octets 00 instead of FF", Refusal::message},
               agreed<[](Dialect& d) { d.discontinuity = Bytes(32, '\0'); }>},
    ForgeryRow{{"x3dh-f-57", kPkmsg, kDerive, "57 octets FF, as for X448", Refusal::message},
               agreed<[](Dialect& d) { d.discontinuity = Bytes(57, '\xFF'); }>},
    ForgeryRow{{"x3dh-without-dh1", kPkmsg, kAgree,
                "without DH(IKa, SPKb): anybody could have begun it", Refusal::message},
               without<Agreement::identity_signed>},
    ForgeryRow{{"x3dh-without-dh2", kPkmsg, kAgree, "without DH(EKa, IKb)", Refusal::message},
               without<Agreement::base_identity>},
    ForgeryRow{{"x3dh-without-dh3", kPkmsg, kAgree, "without DH(EKa, SPKb)", Refusal::message},
               without<Agreement::base_signed>},
    ForgeryRow{{"x3dh-without-dh4", kPkmsg, kAgree,
                "without DH(EKa, OPKb), though the message names the prekey", Refusal::message},
               without<Agreement::base_one_time>},
    ForgeryRow{{"x3dh-dh1-dh2-swapped", kPkmsg, kAgree, "DH2 before DH1", Refusal::message},
               agreed<[](Dialect& d) { std::swap(d.agreements[0], d.agreements[1]); }>},
    ForgeryRow{{"x3dh-reversed", kPkmsg, kAgree, "DH4 first, DH1 last", Refusal::message},
               agreed<[](Dialect& d) { std::ranges::reverse(d.agreements); }>},
    ForgeryRow{{"x3dh-base-key-zero", kPkmsg, kZero,
                "base key u = 0: only the static agreement is left", Refusal::key, kLegal},
               with_small_base<small_order_zero>},
    ForgeryRow{
        {"x3dh-base-key-order-8", kPkmsg, kZero, "a base key of order 8", Refusal::key, kLegal},
        with_small_base<small_order_eight>},
    ForgeryRow{{"x3dh-base-key-p", kPkmsg, kZero, "base key u = p, another name of 0", Refusal::key,
                kLegal},
               with_small_base<zero_plus_p>},
    ForgeryRow{{"x3dh-base-key-top-bit", kPkmsg, kNames, "the honest base key with bit 255 set",
                Refusal::key, kLegal},
               with_base_top_bit},
    ForgeryRow{{"x3dh-identity-zero", kPkmsg, kZero,
                "identity key u = 0: who it is cannot be proven, anybody is", Refusal::key, kLegal},
               with_small_identity<small_order_zero>},
    ForgeryRow{{"x3dh-identity-order-8", kPkmsg, kZero, "an identity key of order 8", Refusal::key,
                kLegal},
               with_small_identity<small_order_eight>},
    ForgeryRow{{"x3dh-identity-claimed", kPkmsg, "X3DH section 4.1",
                "a stranger's agreement under the sender's identity key", Refusal::message},
               claiming_the_sender},
    ForgeryRow{{"x3dh-identity-substituted", kPkmsg, "X3DH section 4.8",
                "the sender's agreement under a stranger's identity key", Refusal::message},
               claiming_a_stranger},
    ForgeryRow{{"x3dh-prekey-of-another", kPkmsg, kAgree,
                "DH4 with one prekey, the message names another", Refusal::message},
               naming_another_prekey},
    ForgeryRow{{"x3dh-prekey-reused", kPkmsg, kReuse,
                "a second session with a one-time prekey that is used up", Refusal::prekey},
               after_the_prekey_was_used},
    ForgeryRow{{"x3dh-replay", kPkmsg, kReuse, "the same first message twice", Refusal::duplicate},
               twice},
    ForgeryRow{{"x3dh-replay-without-prekey", kPkmsg, "X3DH section 4.2: Bob may accept it",
                "the same first message twice, no one-time prekey guarding it", Refusal::duplicate,
                kLegal},
               twice_without_prekey},
    ForgeryRow{{"x3dh-replay-by-another-name", kPkmsg, "X3DH section 4.2; RFC 7748 section 5",
                "the same first message twice, no one-time prekey, bit 255 of the base key set: "
                "whoever knows sessions by the key's octets begins another",
                Refusal::duplicate, kLegal},
               again_by_another_name},
};

}  // namespace

std::span<const ForgeryRow> agreement_forgeries() { return kRows; }

}  // namespace parley::crypto::signal
