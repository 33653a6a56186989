// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/careless_provider.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "harness/crypto/signal/open_session.h"
#include "harness/crypto/signal/peer_identity.h"
#include "harness/crypto/signal/records.h"
#include "harness/reference/whatsapp/careless_session.h"

namespace parley::reference::whatsapp {
namespace {

namespace signal = crypto::signal;
using signal::Address;
using signal::Outcome;
using signal::Refusal;
using signal::refuse;
using signal::Session;

constexpr std::array kNotOfTheLibrary{
    Fault::wt_signal_signature_unchecked,
    Fault::wt_signal_signature_checked_late,
    Fault::wt_signal_high_s_accepted,
    Fault::wt_signal_signature_over_raw_key,
    Fault::wt_signal_signed_prekey_replaced,
    Fault::wt_signal_identities_unbound,
    Fault::wt_signal_other_text_info,
    Fault::wt_signal_other_ratchet_info,
    Fault::wt_signal_other_keys_info,
    Fault::wt_signal_without_discontinuity,
    Fault::wt_signal_salt_of_ones,
    Fault::wt_signal_older_versions_accepted,
    Fault::wt_signal_newer_versions_accepted,
    Fault::wt_signal_mac_unchecked,
    Fault::wt_signal_mac_of_four_octets,
    Fault::wt_signal_mac_checked_late,
    Fault::wt_signal_late_message_refused,
    Fault::wt_signal_earlier_chain_lost,
    Fault::wt_signal_counter_unlimited,
    Fault::wt_signal_ratchet_never_turns,
    Fault::wt_signal_always_pkmsg,
    Fault::wt_signal_read_twice,
    Fault::wt_signal_key_tails_ignored,
};

Refusal reason_of(Errc code) {
  switch (code) {
    case Errc::refused:
      return Refusal::duplicate;
    case Errc::malformed:
      return Refusal::padding;
    case Errc::not_found:
      return Refusal::prekey;
    case Errc::unsupported:
      return Refusal::version;
    case Errc::truncated:
    case Errc::too_large:
    case Errc::bad_signature:
    case Errc::timed_out:
    case Errc::io:
      break;
  }
  return Refusal::message;
}

std::unexpected<signal::Failure> refused(const Error& error) {
  return refuse(reason_of(error.code), error.detail);
}

class CarelessProvider final : public signal::Provider {
 public:
  CarelessProvider(signal::Store& store, signal::Identity identity, const FaultSet& faults, Rng rng)
      : store_(store), identity_(std::move(identity)), faults_(faults), rng_(rng) {}

  Outcome<void> start_session(const Address& peer, const signal::PrekeyBundle& bundle) override;
  Outcome<signal::Message> encrypt(const Address& peer, std::string_view plaintext) override;
  Outcome<Bytes> decrypt(const Address& peer, const signal::Message& message) override {
    return message.kind == signal::MessageKind::pkmsg ? decrypt_pkmsg(peer, message.octets)
                                                      : decrypt_msg(peer, message.octets);
  }
  Outcome<std::optional<Bytes>> known_identity(const Address& peer) const override {
    return signal::known_identity_in(store_, peer);
  }
  Outcome<void> set_identity(const Address& peer, const std::optional<Bytes>& key) override {
    return signal::set_identity_in(store_, peer, key);
  }

 private:
  Outcome<void> check_identity(const Address& peer, const Bytes& key) const;
  Result<std::vector<Session>> load(const Address& peer) const;
  Outcome<void> keep(const Address& peer, std::vector<Session> sessions);
  Outcome<Bytes> decrypt_msg(const Address& peer, std::string_view octets);
  Outcome<Bytes> decrypt_pkmsg(const Address& peer, std::string_view octets);
  Result<Session> responded(const signal::PrekeyMessage& first) const;

  signal::Store& store_;
  signal::Identity identity_;
  FaultSet faults_;
  Rng rng_;
};

Outcome<void> CarelessProvider::check_identity(const Address& peer, const Bytes& key) const {
  const auto known = known_identity(peer);
  if (!known) {
    return std::unexpected(known.error());
  }
  if (*known && **known != key) {
    return refuse(Refusal::identity, "the peer had another identity key before");
  }
  return {};
}

Result<std::vector<Session>> CarelessProvider::load(const Address& peer) const {
  auto sessions = signal::load_sessions(store_, peer);
  if (sessions) {
    for (Session& session : *sessions) {
      session.dialect = dialect_under(faults_);
    }
  }
  return sessions;
}

Outcome<void> CarelessProvider::keep(const Address& peer, std::vector<Session> sessions) {
  const Bytes identity = sessions.front().peer_identity;
  if (const auto saved = signal::save_sessions(store_, peer, std::move(sessions)); !saved) {
    return refuse(Refusal::store, saved.error().detail);
  }
  return set_identity(peer, identity);
}

Outcome<void> CarelessProvider::start_session(const Address& peer,
                                              const signal::PrekeyBundle& bundle) {
  if (auto trusted = check_identity(peer, bundle.identity_key); !trusted) {
    return trusted;
  }
  auto sessions = load(peer);
  auto begun = signal::initiate(identity_, bundle, rng_, dialect_under(faults_));
  if (!sessions || !begun) {
    return refused(sessions ? begun.error() : sessions.error());
  }
  sessions->insert(sessions->begin(), std::move(*begun));
  return keep(peer, std::move(*sessions));
}

Outcome<signal::Message> CarelessProvider::encrypt(const Address& peer,
                                                   std::string_view plaintext) {
  auto sessions = load(peer);
  if (!sessions || sessions->empty()) {
    return refuse(Refusal::session, "there is no session with the peer");
  }
  auto message = signal::write_message(sessions->front(), plaintext);
  if (!message) {
    return refused(message.error());
  }
  const auto kept = keep(peer, std::move(*sessions));
  return kept ? Outcome<signal::Message>(std::move(*message)) : std::unexpected(kept.error());
}

Outcome<Bytes> CarelessProvider::decrypt_msg(const Address& peer, std::string_view octets) {
  auto sessions = load(peer);
  if (!sessions || sessions->empty()) {
    return refuse(Refusal::session, "there is no session with the peer");
  }
  Refusal reason = Refusal::message;
  for (auto at = sessions->begin(); at != sessions->end(); ++at) {
    auto text = read_carelessly(*at, octets, rng_, faults_);
    if (text) {
      std::rotate(sessions->begin(), at, at + 1);
      const auto kept = keep(peer, std::move(*sessions));
      return kept ? Outcome<Bytes>(std::move(*text)) : std::unexpected(kept.error());
    }
    reason = reason_of(text.error().code);
    if (reason != Refusal::message) {
      break;
    }
  }
  if (faults_.has(Fault::wt_signal_mac_checked_late)) {
    (void)keep(peer, std::move(*sessions));
  }
  return refuse(reason, "no session reads the message");
}

Result<Session> CarelessProvider::responded(const signal::PrekeyMessage& first) const {
  const auto signed_prekey =
      signal::load_signed_prekey(store_, signal::SignedPrekeyId(first.signed_prekey_id));
  if (!signed_prekey) {
    return std::unexpected(signed_prekey.error());
  }
  std::optional<signal::OneTimePrekey> one_time;
  if (first.prekey_id) {
    auto loaded = signal::load_prekey(store_, signal::PrekeyId(*first.prekey_id));
    if (!loaded) {
      return std::unexpected(loaded.error());
    }
    one_time = std::move(*loaded);
  }
  return signal::respond({.identity = identity_,
                          .signed_prekey = *signed_prekey,
                          .one_time = one_time ? &*one_time : nullptr},
                         first, dialect_under(faults_));
}

Outcome<Bytes> CarelessProvider::decrypt_pkmsg(const Address& peer, std::string_view octets) {
  const auto first = signal::read_prekey_message(as_first_message(octets, faults_));
  if (!first) {
    return refused(first.error());
  }
  if (auto trusted = check_identity(peer, first->identity_key); !trusted) {
    return std::unexpected(trusted.error());
  }
  auto sessions = load(peer);
  if (!sessions) {
    return refused(sessions.error());
  }
  if (std::ranges::find(*sessions, first->base_key, &Session::base_key) != sessions->end()) {
    return decrypt_msg(peer, first->message);
  }
  auto session = responded(*first);
  if (!session) {
    return refused(session.error());
  }
  auto text = read_carelessly(*session, first->message, rng_, faults_);
  if (!text) {
    return refused(text.error());
  }
  sessions->insert(sessions->begin(), std::move(*session));
  const auto kept = keep(peer, std::move(*sessions));
  if (kept && first->prekey_id) {
    (void)store_.remove(signal::prekey_record(signal::PrekeyId(*first->prekey_id)));
  }
  return kept ? Outcome<Bytes>(std::move(*text)) : std::unexpected(kept.error());
}

}  // namespace

bool needs_careless_provider(const FaultSet& faults) {
  return std::ranges::any_of(kNotOfTheLibrary, [&](Fault fault) { return faults.has(fault); });
}

Result<std::unique_ptr<signal::Provider>> make_careless_provider(signal::Store& store,
                                                                 const FaultSet& faults, Rng rng) {
  auto identity = signal::load_identity(store);
  if (!identity) {
    return std::unexpected(identity.error());
  }
  return std::unique_ptr<signal::Provider>(
      std::make_unique<CarelessProvider>(store, std::move(*identity), faults, rng));
}

}  // namespace parley::reference::whatsapp
