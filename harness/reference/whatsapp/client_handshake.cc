// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/client_handshake.h"

#include <utility>

#include "harness/crypto/aes_gcm.h"
#include "harness/crypto/digest.h"
#include "harness/crypto/noise/handshake_message.h"
#include "harness/reference/whatsapp/careless_tag.h"

namespace parley::reference::whatsapp {
namespace {

using crypto::kGcmTagOctets;
using crypto::kX25519Octets;
using crypto::noise::Dialect;
using crypto::noise::MessageParts;
using crypto::noise::Pattern;
using crypto::noise::PayloadHashing;

Dialect dialect_of(Hashing hashing, const FaultSet& faults) {
  Dialect out = crypto::noise::kWhatsApp;
  const bool specification =
      (hashing == Hashing::specification) != faults.has(Fault::wt_spec_hashing);
  out.hashing = specification ? PayloadHashing::always : PayloadHashing::only_when_keyed;
  if (faults.has(Fault::wt_accepts_other_hashing)) {
    out.else_try = specification ? PayloadHashing::only_when_keyed : PayloadHashing::always;
  }
  return out;
}

std::string name_of(Pattern pattern, const FaultSet& faults) {
  std::string name(crypto::noise::protocol_name(pattern));
  // The name of XX fits into 32 octets, so it is padded, not hashed (TRN-001).
  const bool wrong = pattern == Pattern::xx && faults.has(Fault::wt_wrong_protocol_name);
  return wrong ? crypto::sha256(name) : name;
}

}  // namespace

ClientHandshake::ClientHandshake(Hashing hashing, std::string_view prologue, const FaultSet& faults)
    : faults_(faults),
      prologue_(faults.has(Fault::wt_prologue_not_mixed) ? "" : prologue),
      dialect_(dialect_of(hashing, faults)),
      symmetric_(name_of(Pattern::xx, faults), dialect_) {
  symmetric_.mix_hash(prologue_);
}

void ClientHandshake::begin(Pattern pattern) {
  pattern_ = pattern;
  symmetric_ = crypto::noise::SymmetricState(name_of(pattern, faults_), dialect_);
  symmetric_.mix_hash(prologue_);
}

Result<void> ClientHandshake::make_ephemeral(Rng& rng) {
  const bool worn = faults_.has(Fault::wt_same_ephemeral) ||
                    faults_.has(Fault::wt_two_ephemerals) ||
                    faults_.has(Fault::wt_forty_ephemerals);
  const std::uint64_t different = faults_.has(Fault::wt_forty_ephemerals) ? 40
                                  : faults_.has(Fault::wt_two_ephemerals) ? 2
                                                                          : 1;
  const auto octet = static_cast<char>(0x17 + rng.below(different));
  auto fresh =
      worn ? crypto::x25519_key_pair(Bytes(kX25519Octets, octet)) : crypto::x25519_key_pair(rng);
  auto own = crypto::x25519_key_pair(rng);
  if (!fresh || !own) {
    return std::unexpected(fresh ? own.error() : fresh.error());
  }
  ephemeral_ = std::move(*fresh);
  static_key_ = std::move(*own);
  return {};
}

Result<Bytes> ClientHandshake::hello(std::string_view payload, Rng& rng) {
  if (auto made = make_ephemeral(rng); !made) {
    return std::unexpected(made.error());
  }
  symmetric_.mix_hash(ephemeral_.public_key);
  const auto hashed = symmetric_.encrypt_and_hash("");
  if (!hashed) {
    return hashed;
  }
  const MessageParts parts{
      .ephemeral = ephemeral_.public_key, .static_key = {}, .payload = Bytes(payload)};
  return write(crypto::noise::client_hello(parts));
}

Result<Bytes> ClientHandshake::hello_to(std::string_view server_static, std::string_view payload,
                                        Rng& rng) {
  begin(Pattern::ik);
  server_static_ = Bytes(server_static);
  symmetric_.mix_hash(server_static_);
  if (auto made = make_ephemeral(rng); !made) {
    return std::unexpected(made.error());
  }
  symmetric_.mix_hash(ephemeral_.public_key);
  if (auto agreed = agree(ephemeral_, server_static_); !agreed) {
    return std::unexpected(agreed.error());
  }
  auto sealed_key = symmetric_.encrypt_and_hash(static_key_.public_key);
  if (!sealed_key) {
    return sealed_key;
  }
  if (auto agreed = agree(static_key_, server_static_); !agreed) {
    return std::unexpected(agreed.error());
  }
  auto sealed = symmetric_.encrypt_and_hash(payload);
  if (!sealed) {
    return sealed;
  }
  const bool clear = faults_.has(Fault::wt_early_payload_in_clear);
  const MessageParts parts{.ephemeral = ephemeral_.public_key,
                           .static_key = std::move(*sealed_key),
                           .payload = clear ? Bytes(payload) : std::move(*sealed)};
  return write(crypto::noise::client_hello(parts));
}

// TRN-008: each of the three pieces must be there, the ephemeral key in its size.
Result<MessageParts> ClientHandshake::parts_of(std::string_view octets) {
  const auto message = crypto::noise::parse_handshake_message(octets);
  if (!message) {
    return std::unexpected(message.error());
  }
  if (!message->server_hello) {
    return fail(Errc::malformed, "no ServerHello");
  }
  const auto& hello = *message->server_hello;
  if (faults_.has(Fault::wt_refuses_unknown_fields) &&
      !(message->unknown.empty() && hello.unknown.empty())) {
    return fail(Errc::malformed, "an unknown field");
  }
  MessageParts parts = crypto::noise::to_parts(hello);
  if (parts.ephemeral.size() != kX25519Octets) {
    if (!faults_.has(Fault::wt_accepts_odd_ephemeral)) {
      return fail(Errc::malformed, "the server's ephemeral key has not 32 octets");
    }
    parts.ephemeral.resize(kX25519Octets, '\x09');
    blind_ = true;
  }
  if (parts.static_key.empty() && pattern_ != Pattern::ik) {
    if (!faults_.has(Fault::wt_accepts_missing_static)) {
      return fail(Errc::malformed, "the server's static key is missing");
    }
    blind_ = true;
  }
  if (parts.payload.empty()) {
    if (!faults_.has(Fault::wt_accepts_missing_certificate)) {
      return fail(Errc::malformed, "the server's certificate chain is missing");
    }
    blind_ = true;
  }
  return parts;
}

Result<void> ClientHandshake::agree(const crypto::X25519KeyPair& own, std::string_view peer) {
  const auto secret = crypto::x25519(own.private_key, peer, dialect_.low_order);
  if (!secret) {
    return std::unexpected(secret.error());
  }
  symmetric_.mix_key(*secret);
  return {};
}

// Under the fault a text whose tag is wrong is taken as it is, and so is all that follows, whose
// tags cannot be right then. Encrypting the ciphertext once more gives it back: GCM is a stream
// cipher.
Result<Bytes> ClientHandshake::open(std::string_view sealed, Fault ignores_tag) {
  auto plain = symmetric_.decrypt_and_hash(sealed);
  if (const auto part = plain ? std::nullopt : compared_part(faults_)) {
    const auto seal = [this](std::string_view text) {
      auto copy = symmetric_;
      return copy.encrypt_and_hash(text);
    };
    if (auto partly = open_comparing(*part, seal, sealed)) {
      const auto mixed = symmetric_.encrypt_and_hash(*partly);
      return mixed ? Result<Bytes>(std::move(*partly)) : mixed;
    }
  }
  blind_ = blind_ || (!plain && faults_.has(ignores_tag));
  if (plain || !blind_ || sealed.size() < kGcmTagOctets) {
    return plain;
  }
  auto unchecked = symmetric_.encrypt_and_hash(sealed.substr(0, sealed.size() - kGcmTagOctets));
  if (unchecked) {
    unchecked->resize(sealed.size() - kGcmTagOctets);
  }
  return unchecked;
}

// TRN-015: a static key in the answer to IK refuses it; the handshake goes on as XXfallback, in
// which the first message is no more than the ephemeral key.
Result<void> ClientHandshake::fall_back() {
  if (faults_.has(Fault::wt_no_fallback)) {
    return fail(Errc::refused, "IK was refused");
  }
  begin(Pattern::xx_fallback);
  server_static_.clear();
  symmetric_.mix_hash(ephemeral_.public_key);
  return {};
}

Result<Bytes> ClientHandshake::take_server_hello(std::string_view octets) {
  const auto parts = parts_of(octets);
  if (!parts) {
    return std::unexpected(parts.error());
  }
  if (pattern_ == Pattern::ik && !parts->static_key.empty()) {
    if (auto fallen = fall_back(); !fallen) {
      return std::unexpected(fallen.error());
    }
  }
  server_ephemeral_ = parts->ephemeral;
  symmetric_.mix_hash(server_ephemeral_);
  if (auto agreed = agree(ephemeral_, server_ephemeral_); !agreed) {
    return std::unexpected(agreed.error());
  }
  return pattern_ == Pattern::ik ? take_ik_answer(*parts) : take_full_answer(*parts);
}

Result<Bytes> ClientHandshake::take_ik_answer(const MessageParts& parts) {
  if (auto agreed = agree(static_key_, server_ephemeral_); !agreed) {
    return std::unexpected(agreed.error());
  }
  return parts.payload.empty() ? Bytes() : open(parts.payload, Fault::wt_ik_ignores_tag);
}

Result<Bytes> ClientHandshake::take_full_answer(const MessageParts& parts) {
  if (!parts.static_key.empty()) {
    auto server_static = open(parts.static_key, Fault::wt_ignores_static_tag);
    if (!server_static) {
      return server_static;
    }
    server_static_ = std::move(*server_static);
    if (auto agreed = agree(ephemeral_, server_static_); !agreed) {
      return std::unexpected(agreed.error());
    }
  }
  return parts.payload.empty() ? Bytes() : open(parts.payload, Fault::wt_ignores_certificate_tag);
}

Result<Bytes> ClientHandshake::finish(std::string_view payload) {
  MessageParts parts;
  auto sealed = symmetric_.encrypt_and_hash(static_key_.public_key);
  if (!sealed) {
    return sealed;
  }
  parts.static_key = std::move(*sealed);
  if (auto agreed = agree(static_key_, server_ephemeral_); !agreed) {
    return std::unexpected(agreed.error());
  }
  sealed = symmetric_.encrypt_and_hash(payload);
  if (!sealed) {
    return sealed;
  }
  const bool clear = fell_back() && faults_.has(Fault::wt_fallback_in_clear);
  parts.payload = clear ? Bytes(payload) : std::move(*sealed);
  return write(crypto::noise::client_finish(parts));
}

crypto::noise::Transport ClientHandshake::split() const {
  auto keys = symmetric_.split();
  return {.send = std::move(keys.initiator_sends),
          .receive = std::move(keys.responder_sends),
          .handshake_hash = symmetric_.handshake_hash()};
}

}  // namespace parley::reference::whatsapp
