// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/session.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "harness/crypto/aes_cbc.h"
#include "harness/crypto/signal/keys.h"
#include "harness/crypto/xeddsa.h"

namespace parley::crypto::signal {
namespace {

// A key of small order gives zeros, as libsignal lets it; a pair without a private half too.
Result<SecretBytes> agree(const X25519KeyPair& own, std::string_view peer) {
  if (own.private_key.empty()) {
    return SecretBytes(Bytes(kX25519Octets, '\0'));
  }
  return x25519(own.private_key, peer, LowOrder::tolerate);
}

// The agreements that `dialect` wants, one after the other. `pair_of` gives both keys of one, a
// null own key where it does not take place.
struct AgreementKeys {
  const X25519KeyPair* own = nullptr;
  std::string_view peer;
};

template <class PairOf>
Result<SecretBytes> agree_all(const Dialect& dialect, const PairOf& pair_of) {
  Bytes joined;
  for (const auto agreement : dialect.agreements) {
    const AgreementKeys keys = pair_of(agreement);
    if (keys.own == nullptr) {
      continue;
    }
    const auto agreed = agree(*keys.own, keys.peer);
    if (!agreed) {
      return std::unexpected(agreed.error());
    }
    joined += agreed->reveal();
  }
  SecretBytes out(joined);
  OPENSSL_cleanse(joined.data(), joined.size());
  return out;
}

ReceiverChain* chain_of(Session& session, std::string_view ratchet_key) {
  const auto at = std::ranges::find(session.receivers, ratchet_key, &ReceiverChain::ratchet_key);
  return at == session.receivers.end() ? nullptr : &*at;
}

// The peer has a new ratchet key: a receiver chain with our old one, a sender chain with a new one.
Result<void> turn(Session& session, std::string_view ratchet_key, Rng& rng) {
  const auto agreed = agree(session.ratchet, ratchet_key);
  const auto fresh = make_key_pair(rng);
  if (!agreed || !fresh) {
    return std::unexpected(agreed ? fresh.error() : agreed.error());
  }
  auto received = root_step(session.root, *agreed, session.dialect);
  session.root = std::move(received.root);
  session.receivers.push_back({.ratchet_key = Bytes(ratchet_key),
                               .chain = {.key = std::move(received.chain)},
                               .skipped = {}});
  // libsignal counts the last one that was sent, not how many were.
  session.previous_counter = session.sender.counter > 0 ? session.sender.counter - 1 : 0;
  return turn_sender_chain(session, *fresh);
}

Result<MessageKeys> take_receiver_keys(ReceiverChain& receiver, std::uint32_t counter,
                                       const Dialect& dialect) {
  auto& chain = receiver.chain;
  if (counter < chain.counter) {
    auto kept = receiver.skipped.extract(counter);
    if (kept.empty()) {
      return fail(Errc::refused, fmt::format("message {} was read before", counter));
    }
    return std::move(kept.mapped());
  }
  if (counter - chain.counter > kMaxForwardJump) {
    return fail(Errc::too_large,
                fmt::format("message {} is too far ahead of {}", counter, chain.counter));
  }
  MessageKeys keys;
  while (chain.counter <= counter) {
    keys = message_keys(message_seed(chain.key, dialect), chain.counter, dialect);
    if (chain.counter < counter) {
      receiver.skipped.emplace(chain.counter, keys);
    }
    chain.key = next_chain_key(chain.key, dialect);
    ++chain.counter;
  }
  return keys;
}

Result<Bytes> read_into(Session& session, std::string_view octets, Rng& rng) {
  const auto message = read_signal_message(octets);
  if (!message) {
    return std::unexpected(message.error());
  }
  if (chain_of(session, message->ratchet_key) == nullptr) {
    if (auto turned = turn(session, message->ratchet_key, rng); !turned) {
      return std::unexpected(turned.error());
    }
  }
  auto& receiver = *chain_of(session, message->ratchet_key);
  const auto keys = take_receiver_keys(receiver, message->counter, session.dialect);
  if (!keys) {
    return std::unexpected(keys.error());
  }
  const auto mac = message_mac(keys->mac, identities(session.peer_identity, session.own_identity),
                               octets.substr(0, octets.size() - kMacOctets));
  if (CRYPTO_memcmp(mac.data(), message->mac.data(), kMacOctets) != 0) {
    return fail(Errc::bad_signature, "the message's MAC is wrong");
  }
  auto text = aes256_cbc_decrypt({.key = keys->cipher, .iv = keys->iv}, message->ciphertext);
  if (text) {
    session.pending.reset();
  }
  return text;
}

}  // namespace

Bytes identities(std::string_view sender, std::string_view receiver) {
  return serialized_key(sender) + serialized_key(receiver);
}

Result<void> check_bundle(const PrekeyBundle& bundle) {
  return xeddsa_verify(bundle.identity_key, serialized_key(bundle.signed_prekey), bundle.signature);
}

Result<Session> initiate(const Identity& identity, const PrekeyBundle& bundle, Rng& rng,
                         const Dialect& dialect) {
  const auto base = make_key_pair(rng);
  return base ? initiate_with(identity, bundle, *base, rng, dialect)
              : std::unexpected(base.error());
}

Result<Session> initiate_with(const Identity& identity, const PrekeyBundle& bundle,
                              const X25519KeyPair& base, Rng& rng, const Dialect& dialect) {
  const auto agreed = agree_all(dialect, [&](Agreement agreement) -> AgreementKeys {
    switch (agreement) {
      case Agreement::identity_signed:
        return {.own = &identity.keys, .peer = bundle.signed_prekey};
      case Agreement::base_identity:
        return {.own = &base, .peer = bundle.identity_key};
      case Agreement::base_signed:
        return {.own = &base, .peer = bundle.signed_prekey};
      case Agreement::base_one_time:
        return bundle.one_time ? AgreementKeys{.own = &base, .peer = bundle.one_time->key}
                               : AgreementKeys{};
    }
    return {};
  });
  const auto fresh = make_key_pair(rng);
  if (!agreed || !fresh) {
    return std::unexpected(agreed ? fresh.error() : agreed.error());
  }
  auto keys = x3dh_keys(*agreed, dialect);
  Session out{.dialect = dialect,
              .own_identity = identity.keys.public_key,
              .peer_identity = bundle.identity_key,
              .root = std::move(keys.root),
              .turn_root = {},
              .ratchet = {},
              .sender = {},
              .receivers = {},
              .pending = PendingPrekey{.registration = identity.registration,
                                       .one_time = {},
                                       .signed_prekey = bundle.signed_prekey_id,
                                       .base_key = base.public_key},
              .base_key = base.public_key};
  if (bundle.one_time) {
    out.pending->one_time = bundle.one_time->id;
  }
  // The signed prekey is the peer's first ratchet key.
  out.receivers.push_back({.ratchet_key = bundle.signed_prekey,
                           .chain = {.key = std::move(keys.chain)},
                           .skipped = {}});
  if (auto turned = turn_sender_chain(out, *fresh); !turned) {
    return std::unexpected(turned.error());
  }
  return out;
}

Result<Session> respond(const ResponderKeys& keys, const PrekeyMessage& first,
                        const Dialect& dialect) {
  const auto agreed = agree_all(dialect, [&](Agreement agreement) -> AgreementKeys {
    switch (agreement) {
      case Agreement::identity_signed:
        return {.own = &keys.signed_prekey.keys, .peer = first.identity_key};
      case Agreement::base_identity:
        return {.own = &keys.identity.keys, .peer = first.base_key};
      case Agreement::base_signed:
        return {.own = &keys.signed_prekey.keys, .peer = first.base_key};
      case Agreement::base_one_time:
        return keys.one_time != nullptr
                   ? AgreementKeys{.own = &keys.one_time->keys, .peer = first.base_key}
                   : AgreementKeys{};
    }
    return {};
  });
  if (!agreed) {
    return std::unexpected(agreed.error());
  }
  auto derived = x3dh_keys(*agreed, dialect);
  return Session{.dialect = dialect,
                 .own_identity = keys.identity.keys.public_key,
                 .peer_identity = first.identity_key,
                 .root = std::move(derived.root),
                 .turn_root = {},
                 .ratchet = keys.signed_prekey.keys,
                 .sender = {.key = std::move(derived.chain)},
                 .receivers = {},
                 .pending = {},
                 .base_key = first.base_key};
}

MessageKeys take_sender_keys(Session& session) {
  auto& chain = session.sender;
  auto keys =
      message_keys(message_seed(chain.key, session.dialect), chain.counter, session.dialect);
  chain.key = next_chain_key(chain.key, session.dialect);
  ++chain.counter;
  return keys;
}

Result<MessageDraft> draft_message(Session& session, std::string_view plaintext) {
  const auto keys = take_sender_keys(session);
  auto ciphertext = aes256_cbc_encrypt({.key = keys.cipher, .iv = keys.iv}, plaintext);
  if (!ciphertext) {
    return std::unexpected(ciphertext.error());
  }
  return MessageDraft{
      .fields = fields_of(SignalMessage{.ratchet_key = session.ratchet.public_key,
                                        .counter = keys.counter,
                                        .previous_counter = session.previous_counter,
                                        .ciphertext = std::move(*ciphertext),
                                        .mac = {}}),
      .tail = {},
      .mac_key = keys.mac,
      .identities = identities(session.own_identity, session.peer_identity)};
}

PrekeyDraft draft_prekey_message(const Session& session, std::string_view sealed) {
  const auto& pending = *session.pending;
  PrekeyMessage out{.prekey_id = {},
                    .base_key = pending.base_key,
                    .identity_key = session.own_identity,
                    .message = Bytes(sealed),
                    .registration_id = static_cast<std::uint32_t>(pending.registration),
                    .signed_prekey_id = static_cast<std::uint32_t>(pending.signed_prekey)};
  if (pending.one_time) {
    out.prekey_id = static_cast<std::uint32_t>(*pending.one_time);
  }
  return {.fields = fields_of(out), .tail = {}};
}

Result<Message> write_message(Session& session, std::string_view plaintext) {
  const auto draft = draft_message(session, plaintext);
  if (!draft) {
    return std::unexpected(draft.error());
  }
  Bytes sealed = seal(*draft);
  if (!session.pending) {
    return Message{.kind = MessageKind::msg, .octets = std::move(sealed)};
  }
  return Message{.kind = MessageKind::pkmsg,
                 .octets = write(draft_prekey_message(session, sealed))};
}

Result<void> turn_sender_chain(Session& session, const X25519KeyPair& fresh) {
  const auto agreed = agree(fresh, session.receivers.back().ratchet_key);
  if (!agreed) {
    return std::unexpected(agreed.error());
  }
  session.turn_root = session.root;
  auto sent = root_step(session.root, *agreed, session.dialect);
  session.root = std::move(sent.root);
  session.sender = {.key = std::move(sent.chain), .counter = 0};
  session.ratchet = fresh;
  return {};
}

Result<Bytes> read_message(Session& session, std::string_view octets, Rng& rng) {
  Session changed = session;
  auto text = read_into(changed, octets, rng);
  if (text) {
    session = std::move(changed);
  }
  return text;
}

}  // namespace parley::crypto::signal
