// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <utility>

#include "harness/crypto/signal/keys.h"
#include "harness/crypto/signal/open_session.h"
#include "harness/crypto/signal/peer_identity.h"
#include "harness/crypto/signal/provider.h"
#include "harness/crypto/signal/records.h"

namespace parley::crypto::signal {
namespace {

std::unexpected<Failure> store_failed(const Error& error) {
  return refuse(Refusal::store, error.detail);
}

// Of what read_signal_message and read_prekey_message say.
std::unexpected<Failure> unread(const Error& error) {
  switch (error.code) {
    case Errc::unsupported:
      // A group is unsupported too; its offset lies behind the version.
      return refuse(
          error.detail.starts_with("message version") ? Refusal::version : Refusal::encoding,
          error.detail);
    case Errc::refused:
      return refuse(Refusal::key, error.detail);
    default:
      return refuse(Refusal::encoding, error.detail);
  }
}

// Of what read_message says once the message could be read.
Refusal reason_of(Errc code) {
  switch (code) {
    case Errc::refused:
      return Refusal::duplicate;
    case Errc::malformed:
      return Refusal::padding;
    case Errc::bad_signature:
    case Errc::too_large:
      return Refusal::message;
    default:
      return Refusal::other;
  }
}

std::unexpected<Failure> prekey_failed(const Error& error) {
  return refuse(error.code == Errc::not_found ? Refusal::prekey : Refusal::store, error.detail);
}

class OpenProvider final : public Provider {
 public:
  OpenProvider(Store& store, Identity identity, Rng rng)
      : store_(store), identity_(std::move(identity)), rng_(rng) {}

  Outcome<void> start_session(const Address& peer, const PrekeyBundle& bundle) override;
  Outcome<Message> encrypt(const Address& peer, std::string_view plaintext) override;
  Outcome<Bytes> decrypt(const Address& peer, const Message& message) override;
  Outcome<std::optional<Bytes>> known_identity(const Address& peer) const override {
    return known_identity_in(store_, peer);
  }
  Outcome<void> set_identity(const Address& peer, const std::optional<Bytes>& key) override {
    return set_identity_in(store_, peer, key);
  }

 private:
  Outcome<void> check_identity(const Address& peer, const Bytes& key) const;
  Outcome<Bytes> decrypt_msg(const Address& peer, std::string_view octets);
  Outcome<Bytes> decrypt_pkmsg(const Address& peer, std::string_view octets);
  Outcome<Session> responded(const PrekeyMessage& first) const;
  // Saves a read message's sessions, its peer's identity and what it used up, all or nothing.
  Outcome<void> keep(const Address& peer, std::vector<Session> sessions,
                     const PrekeyMessage* first);

  Store& store_;
  Identity identity_;
  Rng rng_;
};

Outcome<void> OpenProvider::check_identity(const Address& peer, const Bytes& key) const {
  const auto known = known_identity_in(store_, peer);
  if (!known) {
    return std::unexpected(known.error());
  }
  if (*known && **known != key) {
    return refuse(Refusal::identity, "the peer had another identity key before");
  }
  return {};
}

Outcome<void> OpenProvider::start_session(const Address& peer, const PrekeyBundle& bundle) {
  for (const auto* key : {&bundle.identity_key, &bundle.signed_prekey}) {
    if (key->size() != kX25519Octets) {
      return refuse(Refusal::key, "a public key has " + std::to_string(key->size()) + " octets");
    }
  }
  if (bundle.one_time && bundle.one_time->key.size() != kX25519Octets) {
    return refuse(Refusal::key, "a one-time prekey of another length");
  }
  if (auto trusted = check_identity(peer, bundle.identity_key); !trusted) {
    return trusted;
  }
  if (const auto right = check_bundle(bundle); !right) {
    return refuse(Refusal::signature, right.error().detail);
  }
  auto sessions = load_sessions(store_, peer);
  auto begun = initiate(identity_, bundle, rng_);
  if (!sessions || !begun) {
    return sessions ? refuse(Refusal::other, begun.error().detail) : store_failed(sessions.error());
  }
  sessions->insert(sessions->begin(), std::move(*begun));
  return keep(peer, std::move(*sessions), nullptr);
}

Outcome<void> OpenProvider::keep(const Address& peer, std::vector<Session> sessions,
                                 const PrekeyMessage* first) {
  const Bytes identity = sessions.front().peer_identity;
  Transaction transaction(store_);
  auto done = save_sessions(transaction, peer, std::move(sessions));
  if (done && first != nullptr && first->prekey_id && *first->prekey_id != kMaxPrekeyId) {
    // The largest id is one of last resort, which libsignal does not use up either.
    done = transaction.remove(prekey_record(PrekeyId(*first->prekey_id)));
  }
  if (done) {
    done = transaction.save(peer_identity_record(peer), SecretBytes(serialized_key(identity)));
  }
  done = done ? transaction.commit() : done;
  if (!done) {
    return store_failed(done.error());
  }
  return {};
}

Outcome<Message> OpenProvider::encrypt(const Address& peer, std::string_view plaintext) {
  auto sessions = load_sessions(store_, peer);
  if (!sessions) {
    return store_failed(sessions.error());
  }
  if (sessions->empty()) {
    return refuse(Refusal::session, "there is no session with the peer");
  }
  auto message = write_message(sessions->front(), plaintext);
  if (!message) {
    return refuse(Refusal::other, message.error().detail);
  }
  if (const auto saved = save_sessions(store_, peer, std::move(*sessions)); !saved) {
    return store_failed(saved.error());
  }
  return std::move(*message);
}

Outcome<Bytes> OpenProvider::decrypt(const Address& peer, const Message& message) {
  return message.kind == MessageKind::pkmsg ? decrypt_pkmsg(peer, message.octets)
                                            : decrypt_msg(peer, message.octets);
}

Outcome<Bytes> OpenProvider::decrypt_msg(const Address& peer, std::string_view octets) {
  const auto message = read_signal_message(octets);
  if (!message) {
    return unread(message.error());
  }
  auto sessions = load_sessions(store_, peer);
  if (!sessions) {
    return store_failed(sessions.error());
  }
  if (sessions->empty()) {
    return refuse(Refusal::session, "there is no session with the peer");
  }
  // As the library: another session is tried only where this one does not know the message.
  for (auto at = sessions->begin(); at != sessions->end(); ++at) {
    const auto text = read_message(*at, octets, rng_);
    if (text) {
      std::rotate(sessions->begin(), at, at + 1);
      const auto kept = keep(peer, std::move(*sessions), nullptr);
      return kept ? Outcome<Bytes>(*text) : std::unexpected(kept.error());
    }
    if (const auto reason = reason_of(text.error().code); reason != Refusal::message) {
      return refuse(reason, text.error().detail);
    }
  }
  return refuse(Refusal::message, "no session reads the message");
}

Outcome<Session> OpenProvider::responded(const PrekeyMessage& first) const {
  const auto signed_prekey = load_signed_prekey(store_, SignedPrekeyId(first.signed_prekey_id));
  if (!signed_prekey) {
    return prekey_failed(signed_prekey.error());
  }
  std::optional<OneTimePrekey> one_time;
  if (first.prekey_id) {
    auto loaded = load_prekey(store_, PrekeyId(*first.prekey_id));
    if (!loaded) {
      return prekey_failed(loaded.error());
    }
    one_time = std::move(*loaded);
  }
  auto out = respond({.identity = identity_,
                      .signed_prekey = *signed_prekey,
                      .one_time = one_time ? &*one_time : nullptr},
                     first);
  if (!out) {
    return refuse(Refusal::other, out.error().detail);
  }
  return std::move(*out);
}

Outcome<Bytes> OpenProvider::decrypt_pkmsg(const Address& peer, std::string_view octets) {
  const auto first = read_prekey_message(octets);
  if (!first) {
    return unread(first.error());
  }
  if (auto trusted = check_identity(peer, first->identity_key); !trusted) {
    return std::unexpected(trusted.error());
  }
  auto sessions = load_sessions(store_, peer);
  if (!sessions) {
    return store_failed(sessions.error());
  }
  if (std::ranges::find(*sessions, first->base_key, &Session::base_key) != sessions->end()) {
    return decrypt_msg(peer, first->message);
  }
  auto session = responded(*first);
  if (!session) {
    return std::unexpected(session.error());
  }
  auto text = read_message(*session, first->message, rng_);
  if (!text) {
    return refuse(reason_of(text.error().code), text.error().detail);
  }
  sessions->insert(sessions->begin(), std::move(*session));
  const auto kept = keep(peer, std::move(*sessions), &*first);
  return kept ? Outcome<Bytes>(std::move(*text)) : std::unexpected(kept.error());
}

}  // namespace

Result<std::unique_ptr<Provider>> make_open_provider(Store& store, Rng rng) {
  auto identity = load_identity(store);
  if (!identity) {
    return std::unexpected(identity.error());
  }
  return std::unique_ptr<Provider>(
      std::make_unique<OpenProvider>(store, std::move(*identity), rng));
}

}  // namespace parley::crypto::signal
