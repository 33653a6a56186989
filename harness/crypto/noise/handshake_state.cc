// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/noise/handshake_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "harness/crypto/aes_gcm.h"

namespace parley::crypto::noise {
namespace {

constexpr std::size_t kSealedKeyOctets = kX25519Octets + kGcmTagOctets;

// At most four tokens a message in these patterns.
struct MessagePattern {
  Role writer;
  std::size_t count;
  Token tokens[4];

  std::span<const Token> all() const { return {tokens, count}; }
  bool has(Token token) const { return std::ranges::find(all(), token) != all().end(); }
};

constexpr MessagePattern kXx[] = {
    {Role::initiator, 1, {Token::e}},
    {Role::responder, 4, {Token::e, Token::ee, Token::s, Token::es}},
    {Role::initiator, 2, {Token::s, Token::se}},
};
constexpr MessagePattern kIk[] = {
    {Role::initiator, 4, {Token::e, Token::es, Token::s, Token::ss}},
    {Role::responder, 3, {Token::e, Token::ee, Token::se}},
};

std::span<const MessagePattern> messages_of(Pattern pattern) {
  switch (pattern) {
    case Pattern::xx:
      return kXx;
    case Pattern::ik:
      return kIk;
    case Pattern::xx_fallback:
      return std::span(kXx).subspan(1);
  }
  return {};
}

Result<void> need_key(const std::optional<Bytes>& key, std::string_view whose) {
  if (!key) {
    return fail(Errc::not_found, fmt::format("the pattern needs {}", whose));
  }
  if (key->size() != kX25519Octets) {
    return fail(Errc::malformed, fmt::format("{} has {} octets, not 32", whose, key->size()));
  }
  return {};
}

// A piece is there in its full size or not at all.
Result<void> check_piece(std::string_view piece, std::size_t expected, std::string_view name) {
  if (piece.size() == expected) {
    return {};
  }
  return fail(Errc::malformed,
              fmt::format("{} has {} octets, not {}", name, piece.size(), expected));
}

}  // namespace

std::string_view protocol_name(Pattern pattern) {
  switch (pattern) {
    case Pattern::xx:
      return "Noise_XX_25519_AESGCM_SHA256";
    case Pattern::ik:
      return "Noise_IK_25519_AESGCM_SHA256";
    case Pattern::xx_fallback:
      return "Noise_XXfallback_25519_AESGCM_SHA256";
  }
  return "";
}

Bytes joined(const MessageParts& parts) {
  return parts.ephemeral + parts.static_key + parts.payload;
}

HandshakeState::HandshakeState(const Config& config)
    : config_(config), symmetric_(protocol_name(config.pattern), config.dialect) {}

Result<HandshakeState> HandshakeState::make(const Config& config) {
  if (config.local_static.private_key.empty()) {
    return fail(Errc::not_found, "the pattern needs a local static key");
  }
  HandshakeState state(config);
  state.symmetric_.mix_hash(config.prologue);
  if (auto mixed = state.mix_pre_messages(); !mixed) {
    return std::unexpected(mixed.error());
  }
  return state;
}

Result<void> HandshakeState::mix_pre_messages() {
  const bool initiator = config_.role == Role::initiator;
  std::optional<Bytes> known;
  switch (config_.pattern) {
    case Pattern::xx:
      return {};
    case Pattern::ik:
      known = initiator ? config_.remote_static : config_.local_static.public_key;
      break;
    case Pattern::xx_fallback:
      known = config_.remote_ephemeral;
      if (initiator) {
        known = config_.local_ephemeral ? std::optional(config_.local_ephemeral->public_key)
                                        : std::nullopt;
      }
      break;
  }
  if (auto there = need_key(known, "a key known before the first message"); !there) {
    return there;
  }
  symmetric_.mix_hash(*known);
  return {};
}

bool HandshakeState::finished() const { return message_ == messages_of(config_.pattern).size(); }

bool HandshakeState::writes_next() const {
  return !finished() && messages_of(config_.pattern)[message_].writer == config_.role;
}

Result<MessageParts> HandshakeState::write(std::string_view payload, Rng& rng) {
  if (!writes_next()) {
    return fail(Errc::refused, "it is not this side's turn to write");
  }
  HandshakeState next(*this);
  auto parts = next.write_tokens(payload, rng);
  if (parts) {
    *this = std::move(next);
  }
  return parts;
}

Result<Bytes> HandshakeState::read(const MessageParts& parts) {
  if (finished() || writes_next()) {
    return fail(Errc::refused, "no handshake message is due from the peer");
  }
  HandshakeState next(*this);
  auto payload = next.read_tokens(parts);
  if (payload) {
    *this = std::move(next);
  }
  return payload;
}

Result<MessageParts> HandshakeState::write_tokens(std::string_view payload, Rng& rng) {
  MessageParts parts;
  for (const Token token : messages_of(config_.pattern)[message_].all()) {
    Result<void> done;
    if (token == Token::e) {
      done = write_ephemeral(parts, rng);
    } else if (token == Token::s) {
      auto sealed = symmetric_.encrypt_and_hash(config_.local_static.public_key);
      if (!sealed) {
        return std::unexpected(sealed.error());
      }
      parts.static_key = std::move(*sealed);
    } else {
      done = mix_agreement(token);
    }
    if (!done) {
      return std::unexpected(done.error());
    }
  }
  auto sealed = symmetric_.encrypt_and_hash(payload);
  if (!sealed) {
    return std::unexpected(sealed.error());
  }
  parts.payload = std::move(*sealed);
  if (joined(parts).size() > config_.dialect.max_message_octets) {
    return fail(Errc::too_large, "the payload does not fit into one message");
  }
  ++message_;
  return parts;
}

Result<Bytes> HandshakeState::read_tokens(const MessageParts& parts) {
  const auto& pattern = messages_of(config_.pattern)[message_];
  if (auto right = check_piece(parts.ephemeral, pattern.has(Token::e) ? kX25519Octets : 0,
                               "the ephemeral key");
      !right) {
    return std::unexpected(right.error());
  }
  if (auto right = check_piece(parts.static_key, pattern.has(Token::s) ? kSealedKeyOctets : 0,
                               "the static key");
      !right) {
    return std::unexpected(right.error());
  }
  if (joined(parts).size() > config_.dialect.max_message_octets) {
    return fail(Errc::too_large, "the message exceeds the dialect's size");
  }
  for (const Token token : pattern.all()) {
    const auto done = token == Token::e   ? read_ephemeral(parts)
                      : token == Token::s ? read_static(parts)
                                          : mix_agreement(token);
    if (!done) {
      return std::unexpected(done.error());
    }
  }
  auto payload = symmetric_.decrypt_and_hash(parts.payload);
  if (payload) {
    ++message_;
  }
  return payload;
}

Result<void> HandshakeState::write_ephemeral(MessageParts& parts, Rng& rng) {
  if (!config_.local_ephemeral) {
    auto fresh = x25519_key_pair(rng);
    if (!fresh) {
      return std::unexpected(fresh.error());
    }
    config_.local_ephemeral = std::move(*fresh);
  }
  parts.ephemeral = config_.local_ephemeral->public_key;
  symmetric_.mix_hash(parts.ephemeral);
  return {};
}

Result<void> HandshakeState::read_ephemeral(const MessageParts& parts) {
  config_.remote_ephemeral = parts.ephemeral;
  symmetric_.mix_hash(parts.ephemeral);
  return {};
}

Result<void> HandshakeState::read_static(const MessageParts& parts) {
  auto key = symmetric_.decrypt_and_hash(parts.static_key);
  if (!key) {
    return std::unexpected(key.error());
  }
  config_.remote_static = std::move(*key);
  return {};
}

Result<void> HandshakeState::mix_agreement(Token token) {
  const bool of_initiator = config_.role == Role::initiator;
  const bool initiator_static = token == Token::se || token == Token::ss;
  const bool responder_static = token == Token::es || token == Token::ss;
  const bool own_static = of_initiator ? initiator_static : responder_static;
  const bool peer_static = of_initiator ? responder_static : initiator_static;
  const auto& peer = peer_static ? config_.remote_static : config_.remote_ephemeral;
  if (!peer || (!own_static && !config_.local_ephemeral)) {
    return fail(Errc::not_found, "a key of the agreement is not known");
  }
  const auto& own = own_static ? config_.local_static : *config_.local_ephemeral;
  const auto secret = x25519(own.private_key, *peer, config_.dialect.low_order);
  if (!secret) {
    return std::unexpected(secret.error());
  }
  symmetric_.mix_key(*secret);
  return {};
}

Result<Bytes> HandshakeState::write_message(std::string_view payload, Rng& rng) {
  const auto parts = write(payload, rng);
  if (!parts) {
    return std::unexpected(parts.error());
  }
  return joined(*parts);
}

Result<Bytes> HandshakeState::read_message(std::string_view message) {
  if (finished() || writes_next()) {
    return fail(Errc::refused, "no handshake message is due from the peer");
  }
  const auto& pattern = messages_of(config_.pattern)[message_];
  const std::size_t ephemeral = pattern.has(Token::e) ? kX25519Octets : 0;
  const std::size_t static_key = pattern.has(Token::s) ? kSealedKeyOctets : 0;
  if (message.size() < ephemeral + static_key) {
    return fail(Errc::truncated, "the message ends before its keys do", message.size());
  }
  return read({.ephemeral = Bytes(message.substr(0, ephemeral)),
               .static_key = Bytes(message.substr(ephemeral, static_key)),
               .payload = Bytes(message.substr(ephemeral + static_key))});
}

Result<HandshakeState> HandshakeState::fall_back(std::string_view initiator_ephemeral) const {
  if (config_.pattern != Pattern::ik) {
    return fail(Errc::refused, "only IK falls back");
  }
  Config config = config_;
  config.pattern = Pattern::xx_fallback;
  config.remote_static.reset();
  config.remote_ephemeral.reset();
  if (config.role == Role::responder) {
    config.remote_ephemeral = Bytes(initiator_ephemeral);
  } else if (!config.local_ephemeral || config.local_ephemeral->public_key != initiator_ephemeral) {
    return fail(Errc::refused, "the initiator has not written a message with that ephemeral key");
  }
  return make(config);
}

Result<Transport> HandshakeState::split() const {
  if (!finished()) {
    return fail(Errc::refused, "the handshake is not over");
  }
  auto keys = symmetric_.split();
  const bool initiator = config_.role == Role::initiator;
  return Transport{.send = std::move(initiator ? keys.initiator_sends : keys.responder_sends),
                   .receive = std::move(initiator ? keys.responder_sends : keys.initiator_sends),
                   .handshake_hash = symmetric_.handshake_hash()};
}

}  // namespace parley::crypto::noise
