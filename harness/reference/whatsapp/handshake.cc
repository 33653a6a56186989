// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/handshake.h"

#include <utility>

#include "harness/reference/whatsapp/careless_tag.h"
#include "harness/wire/frame.h"

namespace parley::reference::whatsapp {
namespace {

using crypto::noise::ChainKind;
namespace noise = crypto::noise;

constexpr std::pair<Fault, ChainKind> kChains[] = {
    {Fault::wg_chain_leaf_expired, ChainKind::leaf_expired},
    {Fault::wg_chain_leaf_not_yet_valid, ChainKind::leaf_not_yet_valid},
    {Fault::wg_chain_intermediate_expired, ChainKind::intermediate_expired},
    {Fault::wg_chain_intermediate_not_yet_valid, ChainKind::intermediate_not_yet_valid},
    {Fault::wg_chain_leaf_of_other_issuer, ChainKind::leaf_of_other_issuer},
    {Fault::wg_chain_intermediate_of_other_issuer, ChainKind::intermediate_of_other_issuer},
    {Fault::wg_chain_leaf_with_other_key, ChainKind::leaf_with_other_key},
    {Fault::wg_chain_leaf_with_wrong_signature, ChainKind::leaf_with_wrong_signature},
    {Fault::wg_chain_intermediate_with_wrong_signature,
     ChainKind::intermediate_with_wrong_signature},
    {Fault::wg_chain_leaf_signed_by_root, ChainKind::leaf_signed_by_root},
    {Fault::wg_chain_intermediate_signed_by_itself, ChainKind::intermediate_signed_by_itself},
    {Fault::wg_chain_unknown_root, ChainKind::unknown_root},
    {Fault::wg_chain_leaf_missing, ChainKind::leaf_missing},
    {Fault::wg_chain_intermediate_missing, ChainKind::intermediate_missing}};

// The handshake's modes beyond the classical one are not published: none is supported.
bool asks_for_pq(const noise::ClientHello& hello) {
  return hello.pq_mode.value_or(0) != 0 || hello.use_extended.value_or(false) ||
         hello.extended_ephemeral.has_value();
}

bool honours_replays(const FaultSet& faults) {
  return faults.has(Fault::wg_honours_replayed_ik) ||
         faults.has(Fault::wg_replayed_ik_takes_queue) ||
         faults.has(Fault::wg_replayed_ik_shows_online);
}

}  // namespace

Result<ServerKeys> make_server_keys(Rng rng, std::chrono::sys_seconds now) {
  auto static_key = crypto::x25519_key_pair(rng);
  auto worn = crypto::x25519_key_pair(rng);
  auto other = crypto::x25519_key_pair(rng);
  std::vector<crypto::X25519KeyPair> forty;
  for (int i = 0; i < 40; ++i) {
    if (auto one = crypto::x25519_key_pair(rng)) {
      forty.push_back(std::move(*one));
    }
  }
  auto authority = noise::ChainAuthority::make(rng.child("chain"), now);
  if (!static_key || !worn || !other || !authority) {
    return fail(Errc::unsupported, "the server's keys could not be made");
  }
  auto chain = authority->issue(static_key->public_key, ChainKind::valid);
  if (!chain) {
    return std::unexpected(chain.error());
  }
  return ServerKeys{.static_key = std::move(*static_key),
                    .worn_ephemeral = std::move(*worn),
                    .other_ephemeral = std::move(*other),
                    .forty_ephemerals = std::move(forty),
                    .authority = std::move(*authority),
                    .chain = std::move(*chain)};
}

bool HandshakeLog::admits(const Bytes& ephemeral) {
  return ephemerals_.size() < kMost && ephemerals_.insert(ephemeral).second;
}

noise::Config Handshake::config(const FaultSet& faults) const {
  noise::Config out{.pattern = noise::Pattern::xx,
                    .role = noise::Role::responder,
                    .prologue = prologue_,
                    .dialect = noise::kWhatsApp,
                    .local_static = keys_.static_key,
                    .local_ephemeral = {},
                    .remote_static = {},
                    .remote_ephemeral = {}};
  if (faults.has(Fault::wg_specification_hashing)) {
    out.dialect.hashing = noise::PayloadHashing::always;
  }
  if (faults.has(Fault::wg_reuses_ephemeral)) {
    out.local_ephemeral = keys_.worn_ephemeral;
  }
  if (faults.has(Fault::wg_two_ephemerals)) {
    out.local_ephemeral = rng_.below(2) == 0 ? keys_.worn_ephemeral : keys_.other_ephemeral;
  }
  if (faults.has(Fault::wg_forty_ephemerals)) {
    out.local_ephemeral = keys_.forty_ephemerals[rng_.below(keys_.forty_ephemerals.size())];
  }
  if (faults.has(Fault::wg_routing_in_prologue) && !routing_.empty()) {
    out.prologue = wire::write_routing(routing_).value_or(Bytes()) + prologue_;
  }
  return out;
}

Result<Bytes> Handshake::chain(const FaultSet& faults) const {
  for (const auto& [fault, kind] : kChains) {
    if (faults.has(fault)) {
      return keys_.authority.issue(keys_.static_key.public_key, kind);
    }
  }
  return keys_.chain;
}

Result<Bytes> Handshake::on_hello(std::string_view frame, const FaultSet& faults) {
  const auto message = noise::parse_handshake_message(frame);
  if (!message) {
    return std::unexpected(message.error());
  }
  if (!message->client_hello) {
    return fail(Errc::refused, "not a ClientHello");
  }
  const auto& hello = *message->client_hello;
  const bool has_unknown = !message->unknown.empty() || !hello.unknown.empty();
  if (has_unknown && faults.has(Fault::wg_refuses_unknown_protobuf_fields)) {
    return fail(Errc::refused, "an unknown field");
  }
  if (asks_for_pq(hello) && !faults.has(Fault::wg_ignores_pq_mode)) {
    return fail(Errc::unsupported, "the pqMode is not supported");
  }
  auto state = hello.static_key ? read_ik(hello, faults) : read_hello(hello, faults);
  const auto payload = chain(faults);
  if (!state || !payload) {
    return std::unexpected(state ? payload.error() : state.error());
  }
  auto written = state->write(*payload, rng_);
  if (!written) {
    return std::unexpected(written.error());
  }
  state_ = std::move(*state);
  return write(server_hello(*written));
}

Result<Handshake::State> Handshake::read_hello(const noise::ClientHello& hello,
                                               const FaultSet& faults) {
  auto state = State::make(config(faults));
  if (const auto read = state ? state->read(to_parts(hello)) : Result<Bytes>(); !read) {
    return std::unexpected(read.error());
  }
  return state;
}

// The early payload counts when it can be read and has not come before; else the client is asked
// for a full handshake.
Result<Handshake::State> Handshake::read_ik(const noise::ClientHello& hello,
                                            const FaultSet& faults) {
  auto ik = config(faults);
  ik.pattern = noise::Pattern::ik;
  auto state = State::make(ik);
  if (!state) {
    return state;
  }
  auto opened = *state;
  auto payload = read_parts(opened, to_parts(hello), faults);
  const Bytes ephemeral = hello.ephemeral.value_or(Bytes());
  const bool is_first = payload && log_.admits(ephemeral);
  replayed_ = payload && !is_first && honours_replays(faults);
  if (is_first || replayed_) {
    early_ = std::move(*payload);
    return opened;
  }
  if (faults.has(Fault::wg_no_fallback)) {
    return fail(Errc::refused, "a first message of IK that is not for this server");
  }
  if (faults.has(Fault::wg_fallback_under_xx_name)) {
    noise::ClientHello first;
    first.ephemeral = ephemeral;
    return read_hello(first, faults);
  }
  return state->fall_back(ephemeral);
}

Result<Bytes> Handshake::read_parts(State& state, const noise::MessageParts& parts,
                                    const FaultSet& faults) {
  auto payload = state.read(parts);
  const auto part =
      faults.has(Fault::wg_accepts_tampered_frame) ? TagPart() : compared_part(faults);
  if (payload || !part) {
    return payload;
  }
  auto bent = parts;
  auto taken = read_comparing(*part, parts.payload, [&](const Bytes& sealed) {
    bent.payload = sealed;
    return state.read(bent);
  });
  return taken ? Result<Bytes>(std::move(*taken)) : payload;
}

Result<Bytes> Handshake::on_finish(std::string_view frame, const FaultSet& faults) {
  const auto message = noise::parse_handshake_message(frame);
  if (!message) {
    return std::unexpected(message.error());
  }
  if (!message->client_finish || !state_) {
    return fail(Errc::refused, "not a ClientFinish");
  }
  const bool has_unknown = !message->unknown.empty() || !message->client_finish->unknown.empty();
  if (has_unknown && faults.has(Fault::wg_refuses_unknown_protobuf_fields)) {
    return fail(Errc::refused, "an unknown field");
  }
  return read_parts(*state_, to_parts(*message->client_finish), faults);
}

Result<noise::Transport> Handshake::split() const {
  if (!state_) {
    return fail(Errc::refused, "the handshake has not begun");
  }
  return state_->split();
}

}  // namespace parley::reference::whatsapp
