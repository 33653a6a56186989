// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/noise_channel.h"

#include <charconv>
#include <optional>
#include <utility>

#include "harness/crypto/noise/certificate_chain.h"
#include "harness/crypto/noise/handshake_state.h"
#include "harness/engine/handshake_tree.h"
#include "harness/wire/binary_reader.h"
#include "harness/wire/binary_writer.h"
#include "harness/wire/frame.h"

namespace parley::engine {
namespace {

namespace noise = crypto::noise;

constexpr std::string_view kStreamEnd = "xmlstreamend";

// What one connection may inflate to, which grows a thousandfold. As a tree it takes some twenty
// times as much where the nodes are small.
constexpr std::size_t kMaxInflatedOctets = 2 * 1024 * 1024;
// Of a handshake message, which is kept as octets, fields and hex: many times what clients send.
constexpr std::size_t kMaxHandshakeOctets = 256 * 1024;

std::uint64_t number(const std::string& text, std::uint64_t otherwise) {
  std::uint64_t out = otherwise;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? out : otherwise;
}

std::string value(const Scope& scope, const std::string& name) {
  const auto at = scope.values.find(name);
  return at == scope.values.end() ? "" : at->second;
}

std::string setting(const model::Profile& profile, const std::string& name) {
  const auto at = profile.settings.find(name);
  return at == profile.settings.end() ? "" : at->second.value;
}

std::chrono::sys_seconds now_of(const Scope& scope) {
  return std::chrono::sys_seconds(std::chrono::seconds(number(value(scope, "noise.now"), 0)));
}

Result<noise::ChainAuthority> authority_of(const Scope& scope) {
  return noise::ChainAuthority::make(scope.rng.child("noise/authority"), now_of(scope));
}

xml::Refused refused(std::string condition, const Error& error) {
  return {.condition = error.code == Errc::too_large ? "policy-violation" : std::move(condition),
          .detail = error.detail,
          .offset = error.offset.value_or(0)};
}

Result<Bytes> edited(const std::function<Result<Bytes>(Bytes)>& edit, Bytes octets) {
  return edit ? edit(std::move(octets)) : Result<Bytes>(std::move(octets));
}

class NoiseChannel : public Channel {
 public:
  NoiseChannel(const model::Profile& profile, Side side, std::string label, const Scope& scope)
      : side_(side),
        label_(std::move(label)),
        scope_(scope),
        whatsapp_form_(setting(profile, "noise-hashing") != "specification"),
        in_(side == Side::server ? wire::Opening::intro : wire::Opening::none),
        out_(side == Side::server ? wire::Opening::none : wire::Opening::intro) {}

  std::vector<xml::Item> received(std::string_view octets) override {
    std::vector<xml::Item> out;
    for (const auto& item : in_.feed(octets)) {
      if (const auto* error = std::get_if<Error>(&item)) {
        out.emplace_back(refused("not-a-frame", *error));
      } else if (const auto* intro = std::get_if<wire::Intro>(&item)) {
        prologue_ = intro->octets();
        xml::Element seen{.ns = "", .name = "intro", .attributes = {}, .children = {}};
        seen.set("magic", std::to_string(intro->magic));
        seen.set("dictionary", std::to_string(intro->dictionary));
        out.emplace_back(xml::Stanza{std::move(seen), prologue_});
      } else if (const auto* routing = std::get_if<wire::Routing>(&item)) {
        xml::Element seen{.ns = "", .name = "routing", .attributes = {}, .children = {}};
        seen.set_text(to_hex(routing->octets));
        out.emplace_back(xml::Stanza{std::move(seen), routing->octets});
      } else if (const auto* frame = std::get_if<wire::Frame>(&item)) {
        out.push_back(transport_ ? read_transport(frame->payload) : read_handshake(frame->payload));
      }
    }
    return out;
  }

  Result<Bytes> write(const model::MessageForm& form, xml::Element element,
                      const Edits& edits) override {
    pending_.reset();  // what was written before was not sent
    if (form.kind == model::MessageForm::Kind::footer) {
      element.name = kStreamEnd;
    }
    if (edits.stanza) {
      if (auto done = edits.stanza(element); !done) {
        return std::unexpected(done.error());
      }
    }
    if (element.name == "intro") {
      const wire::Intro intro{
          .magic = static_cast<std::uint8_t>(number(element.get("magic"), 6)),
          .dictionary = static_cast<std::uint8_t>(number(element.get("dictionary"), 3))};
      prologue_ = intro.octets();
      return edited(edits.bytes, prologue_);
    }
    if (element.name == "routing") {
      const auto octets = from_hex(element.text());
      return octets ? wire::write_routing(*octets) : octets;
    }
    return is_handshake_message(element.name) ? write_handshake(element, edits)
                                              : write_stanza(element, edits);
  }

  std::vector<xml::Item> sent(std::string_view octets) override {
    if (pending_) {
      commit();
      out_.feed(octets);
      return {};
    }
    std::vector<xml::Item> out;
    for (const auto& item : out_.feed(octets)) {
      const auto* frame = std::get_if<wire::Frame>(&item);
      if (frame == nullptr || !transport_) {
        continue;
      }
      auto cipher = transport_->send;
      cipher.set_nonce(frames_sent_++);
      const auto plain = cipher.decrypt_with_ad("", frame->payload);
      const auto stanza = plain ? wire::decode(*plain, {}) : fail(Errc::malformed, "");
      if (stanza) {
        ended_ = ended_ || stanza->root.name == kStreamEnd;
        out.emplace_back(xml::Stanza{stanza->root, *plain});
      }
    }
    return out;
  }

  bool may_end(bool /*opened*/) const override { return transport_.has_value() && !ended_; }

 private:
  Result<void> begin() {
    if (state_) {
      return {};
    }
    auto rng = scope_.rng.child("noise/static/" + label_);
    auto pair = crypto::x25519_key_pair(rng);
    if (!pair) {
      return std::unexpected(pair.error());
    }
    static_public_ = pair->public_key;
    auto dialect = whatsapp_form_ ? noise::kWhatsApp : noise::kSpecification;
    dialect.max_message_octets = noise::kWhatsApp.max_message_octets;
    if (side_ == Side::client) {  // a server that speaks the other form is named, not missed
      dialect.else_try =
          whatsapp_form_ ? noise::PayloadHashing::always : noise::PayloadHashing::only_when_keyed;
    }
    auto made = noise::HandshakeState::make(
        {.pattern = noise::Pattern::xx,
         .role = side_ == Side::client ? noise::Role::initiator : noise::Role::responder,
         .prologue = prologue_,
         .dialect = dialect,
         .local_static = std::move(*pair),
         .local_ephemeral = {},
         .remote_static = {},
         .remote_ephemeral = {}});
    if (!made) {
      return std::unexpected(made.error());
    }
    state_ = std::move(*made);
    return {};
  }

  void commit() {
    state_ = std::move(*pending_);
    pending_.reset();
    split();
  }

  void split() {
    if (state_->finished()) {
      if (auto keys = state_->split()) {
        transport_ = std::move(*keys);
      }
    }
  }

  xml::Item read_handshake(const Bytes& octets) {
    if (octets.size() > kMaxHandshakeOctets) {
      return refused("", {Errc::too_large, "the handshake message is longer than the limit", {}});
    }
    const auto message = noise::parse_handshake_message(octets);
    if (!message) {
      return refused("not-a-handshake", message.error());
    }
    auto tree = tree_of(*message);
    noise::MessageParts parts;
    if (message->client_hello && side_ == Side::server) {
      parts = to_parts(*message->client_hello);
    } else if (message->server_hello && side_ == Side::client) {
      parts = to_parts(*message->server_hello);
    } else if (message->client_finish && side_ == Side::server) {
      parts = to_parts(*message->client_finish);
    } else {
      return xml::Stanza{std::move(tree), octets};
    }
    if (auto begun = begin(); !begun) {
      return refused("handshake", begun.error());
    }
    const auto payload = state_->read(parts);
    if (!payload) {
      return refused("handshake", payload.error());
    }
    if (message->client_hello) {
      if (auto answerable = try_to_answer(); !answerable) {
        return refused("handshake", answerable.error());
      }
    } else if (message->server_hello) {
      tree.set("hashing", state_->hashing_seen() == noise::PayloadHashing::always ? "specification"
                                                                                  : "whatsapp");
      tree.children.emplace_back(chain_of(*payload));
    } else if (message->client_finish) {
      const auto login = wire::parse_client_payload(*payload);
      if (!login) {
        return refused("not-a-payload", login.error());
      }
      tree.children.emplace_back(tree_of(*login));
      split();
    }
    return xml::Stanza{std::move(tree), octets};
  }

  // A key of small order is noticed by whoever agrees with it: that must not be the message that we
  // write, whose errors are the harness's own.
  Result<void> try_to_answer() const {
    auto trial = *state_;
    auto rng = scope_.rng.child("noise/ephemeral/" + label_);
    const auto answer = trial.write("", rng);
    return answer ? Result<void>() : std::unexpected(answer.error());
  }

  xml::Element chain_of(const Bytes& octets) const {
    xml::Element out{.ns = "", .name = "chain", .attributes = {}, .children = {}};
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

  xml::Item read_transport(const Bytes& octets) {
    const auto plain = transport_->receive.decrypt_with_ad("", octets);
    if (!plain) {
      return refused("not-authentic", plain.error());
    }
    auto stanza = read_stanza(*plain);
    if (!stanza) {
      return refused("not-a-stanza", stanza.error());
    }
    if (stanza->root.name == kStreamEnd) {
      return xml::StreamClosed{};
    }
    return xml::Stanza{std::move(stanza->root), *plain};
  }

  Result<wire::Decoded> read_stanza(const Bytes& plain) {
    const bool is_deflated = !plain.empty() && (plain[0] & wire::kCompressedFlag) != 0;
    wire::ReadOptions options;
    if (!is_deflated) {
      return wire::decode(plain, options);
    }
    options.limits.max_octets = inflatable_;
    auto stanza = wire::decode(plain, options);
    // How far a bad one was inflated is not known: it counts as all that there was.
    inflatable_ -= stanza ? stanza->body_octets : inflatable_;
    return stanza;
  }

  Result<Bytes> payload_for(const xml::Element& element) {
    if (element.name == "server-hello") {
      const auto kind =
          chain_kind(element.find("chain") == nullptr ? "valid" : element.get("chain"));
      const auto authority = authority_of(scope_);
      if (!kind || !authority) {
        return std::unexpected(kind ? authority.error() : kind.error());
      }
      return authority->issue(static_public_, *kind);
    }
    const auto* tree = element.child("payload");
    if (element.name == "client-hello" || tree == nullptr) {
      return Bytes();
    }
    const auto payload = payload_of(*tree);
    return payload ? wire::write(*payload) : Result<Bytes>(std::unexpected(payload.error()));
  }

  Result<Bytes> write_handshake(const xml::Element& element, const Edits& edits) {
    if (auto begun = begin(); !begun) {
      return std::unexpected(begun.error());
    }
    auto payload = payload_for(element);
    if (!payload) {
      return payload;
    }
    auto state = *state_;
    auto rng = scope_.rng.child("noise/ephemeral/" + label_);
    const auto parts = state.write(*payload, rng);
    if (!parts) {
      return std::unexpected(parts.error());
    }
    pending_ = std::move(state);
    auto tree = tree_of(element.name == "client-hello"   ? client_hello(*parts)
                        : element.name == "server-hello" ? server_hello(*parts)
                                                         : client_finish(*parts));
    if (edits.handshake) {
      if (auto done = edits.handshake(tree); !done) {
        return std::unexpected(done.error());
      }
    }
    const auto message = message_of(tree);
    if (!message) {
      return std::unexpected(message.error());
    }
    auto octets = edited(edits.bytes, noise::write(*message));
    return octets ? framed(*octets, edits) : octets;
  }

  Result<Bytes> write_stanza(const xml::Element& element, const Edits& edits) {
    auto octets = wire::encode(element, {});
    if (octets) {
      octets = edited(edits.bytes, std::move(*octets));
    }
    if (!octets || !transport_) {
      return octets ? framed(*octets, edits) : octets;  // nothing to encrypt with yet
    }
    auto cipher = transport_->send;
    cipher.set_nonce(
        static_cast<std::uint64_t>(static_cast<std::int64_t>(frames_sent_) + edits.counter));
    auto sealed = cipher.encrypt_with_ad("", *octets);
    return sealed ? framed(*sealed, edits) : sealed;
  }

  static Result<Bytes> framed(const Bytes& payload, const Edits& edits) {
    auto frame = wire::write_frame(payload);
    return frame ? edited(edits.frame, std::move(*frame)) : frame;
  }

  Side side_;
  std::string label_;
  const Scope& scope_;
  bool whatsapp_form_;
  wire::FrameReader in_;
  wire::FrameReader out_;
  Bytes prologue_;
  Bytes static_public_;
  std::optional<noise::HandshakeState> state_;    // as far as messages have passed
  std::optional<noise::HandshakeState> pending_;  // once the message that was written is sent
  std::optional<noise::Transport> transport_;
  std::uint64_t frames_sent_ = 0;  // under the transport's key
  std::size_t inflatable_ = kMaxInflatedOctets;
  bool ended_ = false;  // we have sent the end of the stream
};

}  // namespace

std::unique_ptr<Channel> make_noise_channel(const model::Profile& profile, Side side,
                                            const std::string& label, const Scope& scope) {
  return std::make_unique<NoiseChannel>(profile, side, label, scope);
}

Result<std::string> played_root(const Scope& scope) {
  const auto authority = authority_of(scope);
  return authority ? Result<std::string>(to_hex(authority->root_key()))
                   : std::unexpected(authority.error());
}

}  // namespace parley::engine
