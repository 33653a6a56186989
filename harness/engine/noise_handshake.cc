// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/noise_handshake.h"

#include <charconv>
#include <utility>

#include "harness/crypto/noise/certificate_chain.h"
#include "harness/engine/handshake_tree.h"

namespace parley::engine {
namespace {

namespace noise = crypto::noise;
using noise::HandshakeState;
using noise::Pattern;
using xml::Element;

std::string value(const Scope& scope, const std::string& name) {
  const auto at = scope.values.find(name);
  return at == scope.values.end() ? "" : at->second;
}

std::uint64_t number_of(const Scope& scope, const std::string& name) {
  const auto text = value(scope, name);
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::chrono::sys_seconds now_of(const Scope& scope) {
  return std::chrono::sys_seconds(std::chrono::seconds(number_of(scope, "noise.now")));
}

// A server has one static key and, of a day, one chain for all that it is asked in a run. Where no
// seed of the run is known, each case has its own, from its second on.
bool is_of_run(const Scope& scope) { return scope.values.contains("noise.seed"); }

Rng server_rng(const Scope& scope) {
  return is_of_run(scope) ? Rng(number_of(scope, "noise.seed")) : scope.rng;
}

Result<noise::ChainAuthority> authority_of(const Scope& scope) {
  const auto now = now_of(scope);
  const auto day = std::chrono::floor<std::chrono::days>(now);
  return noise::ChainAuthority::make(server_rng(scope).child("noise/authority"),
                                     is_of_run(scope) ? day : now);
}

Result<crypto::X25519KeyPair> server_static_of(const Scope& scope) {
  auto rng = server_rng(scope).child("noise/server-static");
  return crypto::x25519_key_pair(rng);
}

std::string_view to_string(Pattern pattern) {
  switch (pattern) {
    case Pattern::xx:
      return "xx";
    case Pattern::ik:
      return "ik";
    case Pattern::xx_fallback:
      return "xx-fallback";
  }
  return "";
}

noise::HandshakeMessage message_from(const std::string& name, const noise::MessageParts& parts) {
  return name == "client-hello"   ? client_hello(parts)
         : name == "server-hello" ? server_hello(parts)
                                  : client_finish(parts);
}

noise::MessageParts parts_of(const noise::HandshakeMessage& message) {
  return message.client_hello    ? to_parts(*message.client_hello)
         : message.server_hello  ? to_parts(*message.server_hello)
         : message.client_finish ? to_parts(*message.client_finish)
                                 : noise::MessageParts{};
}

// What a message holds beside its fields: what it carries, and what was asked of it.
void add_what_it_says(Element& tree, const Element& element) {
  for (const auto& attribute : element.attributes) {
    if (tree.find(attribute.name) == nullptr) {
      tree.set(attribute.name, attribute.value);
    }
  }
  for (const auto& child : element.children) {
    tree.children.push_back(child);
  }
}

}  // namespace

NoiseHandshake::NoiseHandshake(const model::Profile& profile, Side side, std::string label,
                               const Scope& scope)
    : side_(side),
      label_(std::move(label)),
      scope_(scope),
      whatsapp_form_(hashing_form(profile) == "whatsapp") {}

Result<crypto::X25519KeyPair> NoiseHandshake::own_static() const {
  if (side_ == Side::server) {
    return server_static_of(scope_);
  }
  auto rng = scope_.rng.child("noise/static/" + label_);
  return crypto::x25519_key_pair(rng);
}

Result<HandshakeState> NoiseHandshake::make_state(Pattern pattern,
                                                  const std::optional<Bytes>& server_static,
                                                  bool other_hashing) const {
  auto pair = own_static();
  if (!pair) {
    return std::unexpected(pair.error());
  }
  const bool whatsapp = whatsapp_form_ != other_hashing;
  auto dialect = whatsapp ? noise::kWhatsApp : noise::kSpecification;
  dialect.max_message_octets = noise::kWhatsApp.max_message_octets;
  if (side_ == Side::client) {  // a server that speaks the other form is named, not missed
    dialect.else_try =
        whatsapp ? noise::PayloadHashing::always : noise::PayloadHashing::only_when_keyed;
  }
  return HandshakeState::make(
      {.pattern = pattern,
       .role = side_ == Side::client ? noise::Role::initiator : noise::Role::responder,
       .prologue = prologue_,
       .dialect = dialect,
       .local_static = std::move(*pair),
       .local_ephemeral = {},
       .remote_static = server_static,
       .remote_ephemeral = {}});
}

Result<std::optional<Element>> NoiseHandshake::read(const Bytes& octets) {
  const auto message = noise::parse_handshake_message(octets);
  if (!message && bent_) {
    return std::nullopt;
  }
  if (!message) {
    return std::unexpected(message.error());
  }
  auto tree = tree_of(*message);
  Result<void> done;
  if (message->client_hello && side_ == Side::server) {
    done = read_client_hello(*message->client_hello, tree);
  } else if (message->server_hello && side_ == Side::client && !bent_) {
    done = read_server_hello(*message->server_hello, tree);
  } else if (message->client_finish && side_ == Side::server) {
    done = read_client_finish(*message->client_finish, tree);
  }
  if (!done) {
    return std::unexpected(done.error());
  }
  return tree;
}

// A first message of IK that does not open may be for a key that this server does not have: that is
// no breach, the server falls back.
Result<void> NoiseHandshake::read_client_hello(const noise::ClientHello& hello, Element& tree) {
  if (state_) {
    return fail(Errc::refused, "a second ClientHello");
  }
  hello_ = to_parts(hello);
  pattern_ = hello.static_key ? Pattern::ik : Pattern::xx;
  auto state = make_state(pattern_, std::nullopt);
  if (!state) {
    return std::unexpected(state.error());
  }
  const auto payload = state->read(hello_);
  if (hello_.ephemeral.size() != crypto::kX25519Octets) {
    return fail(Errc::malformed, "the client's ephemeral key has not 32 octets");
  }
  state_ = std::move(*state);
  if (!payload && pattern_ == Pattern::xx) {
    return std::unexpected(payload.error());
  }
  if (auto answerable = try_to_answer(); !answerable) {
    return answerable;
  }
  if (!payload || pattern_ == Pattern::xx) {
    return {};
  }
  const auto login = wire::parse_client_payload(*payload);
  const auto own = played_static(scope_);
  if (!login || !own) {
    return std::unexpected(login ? own.error() : login.error());
  }
  tree.set("server-static", *own);
  tree.children.emplace_back(tree_of(*login));
  return {};
}

// A key of small order is noticed by whoever agrees with it: that must not be the message that we
// write, whose errors are the harness's own.
Result<void> NoiseHandshake::try_to_answer() const {
  auto trial = pattern_ == Pattern::ik ? state_->fall_back(hello_.ephemeral)
                                       : Result<HandshakeState>(*state_);
  auto rng = scope_.rng.child("noise/ephemeral/" + label_);
  const auto answer =
      trial ? trial->write("", rng) : Result<noise::MessageParts>(std::unexpected(trial.error()));
  return answer ? Result<void>() : std::unexpected(answer.error());
}

Result<void> NoiseHandshake::read_server_hello(const noise::ServerHello& hello, Element& tree) {
  if (!state_) {
    return fail(Errc::refused, "a ServerHello before a ClientHello");
  }
  auto state = *state_;
  auto pattern = pattern_;
  if (pattern == Pattern::ik && hello.static_key) {  // IK is refused
    auto fallen = state_->fall_back(hello_.ephemeral);
    if (!fallen) {
      return std::unexpected(fallen.error());
    }
    state = std::move(*fallen);
    pattern = Pattern::xx_fallback;
  }
  const auto payload = state.read(to_parts(hello));
  if (!payload) {
    return std::unexpected(payload.error());
  }
  state_ = std::move(state);
  pattern_ = pattern;
  tree.set("pattern", std::string(to_string(pattern_)));
  tree.set("hashing",
           state_->hashing_seen() == noise::PayloadHashing::always ? "specification" : "whatsapp");
  tree.set("server-static", to_hex(state_->remote_static().value_or("")));
  if (pattern_ != Pattern::ik || !payload->empty()) {
    tree.children.emplace_back(chain_of(*payload));
  }
  return {};
}

Result<void> NoiseHandshake::read_client_finish(const noise::ClientFinish& finish, Element& tree) {
  if (!state_) {
    return fail(Errc::refused, "a ClientFinish before a ClientHello");
  }
  const auto payload = state_->read(to_parts(finish));
  const auto login = payload ? wire::parse_client_payload(*payload)
                             : Result<wire::ClientPayload>(std::unexpected(payload.error()));
  if (!login) {
    return std::unexpected(login.error());
  }
  tree.children.emplace_back(tree_of(*login));
  return {};
}

Element NoiseHandshake::chain_of(const Bytes& octets) const {
  Element out{.ns = "", .name = "chain", .attributes = {}, .children = {}};
  const auto root = from_hex(value(scope_, "noise.root"));
  const auto verified =
      noise::verify_chain(octets, {.root_key = root.value_or(""),
                                   .server_static = state_->remote_static().value_or(""),
                                   .now = now_of(scope_)});
  out.set("state", verified ? "valid" : verified.error().detail);
  if (verified) {
    out.set("leaf-serial", std::to_string(verified->leaf.serial.value_or(0)));
    out.set("intermediate-serial", std::to_string(verified->intermediate.serial.value_or(0)));
  }
  return out;
}

// The state that writes `element`.
Result<HandshakeState> NoiseHandshake::state_for(const Element& element) const {
  if (element.name == "client-hello") {
    const auto known = element.find("server-static") == nullptr
                           ? Result<Bytes>(Bytes())
                           : from_hex(element.get("server-static"));
    if (!known) {
      return std::unexpected(known.error());
    }
    return known->empty() ? make_state(Pattern::xx, std::nullopt) : make_state(Pattern::ik, *known);
  }
  if (!state_) {
    return fail(Errc::refused, "a handshake message before a ClientHello");
  }
  // A client that opens with IK unasked is led into a full handshake.
  if (element.name == "server-hello" && pattern_ == Pattern::ik && element.get("pattern") != "ik") {
    return state_->fall_back(hello_.ephemeral);
  }
  if (element.name == "server-hello" && element.get("hashing") == "other") {
    auto other = make_state(pattern_, std::nullopt, true);
    if (const auto read = other ? other->read(hello_) : Result<Bytes>(); !read) {
      return std::unexpected(read.error());
    }
    return other;
  }
  return *state_;
}

Result<Bytes> NoiseHandshake::payload_for(const Element& element) const {
  if (element.name == "server-hello") {
    const auto kind = chain_kind(element.find("chain") == nullptr ? "valid" : element.get("chain"));
    const auto authority = authority_of(scope_);
    const auto own = own_static();
    if (!kind || !authority || !own) {
      return std::unexpected(!kind ? kind.error() : !authority ? authority.error() : own.error());
    }
    return authority->issue(own->public_key, *kind);
  }
  const auto* tree = element.child("payload");
  const bool carries = element.name != "client-hello" || !element.get("server-static").empty();
  if (tree == nullptr || !carries) {
    return Bytes();
  }
  const auto payload = payload_of(*tree);
  return payload ? wire::write(*payload) : Result<Bytes>(std::unexpected(payload.error()));
}

Result<Bytes> NoiseHandshake::write(const Element& element, const Edits& edits) {
  auto state = state_for(element);
  const auto payload = payload_for(element);
  if (!state || !payload) {
    return std::unexpected(state ? payload.error() : state.error());
  }
  auto rng = scope_.rng.child("noise/ephemeral/" + label_);
  const auto parts = state->write(*payload, rng);
  if (!parts) {
    return std::unexpected(parts.error());
  }
  auto tree = tree_of(message_from(element.name, *parts));
  if (edits.handshake) {
    if (auto done = edits.handshake(tree); !done) {
      return std::unexpected(done.error());
    }
  }
  const auto message = message_of(tree);
  if (!message) {
    return std::unexpected(message.error());
  }
  if (element.name == "client-hello") {
    hello_ = *parts;
    pattern_ = element.get("server-static").empty() ? Pattern::xx : Pattern::ik;
    bent_ = parts_of(*message) != *parts;
  }
  add_what_it_says(tree, element);
  written_ = Written{.state = std::move(*state),
                     .tree = std::move(tree),
                     .octets_changed = edits.bytes != nullptr || edits.frame != nullptr};
  const auto octets = noise::write(*message);
  return edits.bytes ? edits.bytes(octets) : Result<Bytes>(octets);
}

std::optional<Element> NoiseHandshake::sent() {
  state_ = std::move(written_->state);
  auto out = written_->octets_changed ? std::nullopt : std::optional(std::move(written_->tree));
  written_.reset();
  return out;
}

std::optional<noise::Transport> NoiseHandshake::transport() const {
  auto keys = state_ && state_->finished() ? state_->split()
                                           : Result<noise::Transport>(fail(Errc::refused, ""));
  return keys ? std::optional(std::move(*keys)) : std::nullopt;
}

std::string hashing_form(const model::Profile& profile) {
  const auto form = profile.settings.find("noise-hashing");
  const bool other = form != profile.settings.end() && form->second.value == "specification";
  return other ? "specification" : "whatsapp";
}

Result<std::string> played_root(const Scope& scope) {
  const auto authority = authority_of(scope);
  return authority ? Result<std::string>(to_hex(authority->root_key()))
                   : std::unexpected(authority.error());
}

Result<std::string> played_static(const Scope& scope) {
  const auto pair = server_static_of(scope);
  return pair ? Result<std::string>(to_hex(pair->public_key)) : std::unexpected(pair.error());
}

}  // namespace parley::engine
