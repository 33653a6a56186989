// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/noise_channel.h"

#include <charconv>
#include <optional>
#include <utility>

#include "harness/engine/handshake_tree.h"
#include "harness/engine/noise_handshake.h"
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

wire::InteropJid interop_jid_of(const model::Profile& profile) {
  const auto setting = profile.settings.find("interop-jid-form");
  const auto form = setting == profile.settings.end() ? "" : setting->second.value;
  return form == "without-server" ? wire::InteropJid::without_server
         : form == "tuple"        ? wire::InteropJid::tuple
                                  : wire::InteropJid::with_server;
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
      : handshake_(profile, side, std::move(label), scope),
        tokens_(profile.tokens),
        interop_jid_(interop_jid_of(profile)),
        in_(side == Side::server ? wire::Opening::intro : wire::Opening::none),
        out_(side == Side::server ? wire::Opening::none : wire::Opening::intro) {}

  std::vector<xml::Item> received(std::string_view octets) override {
    std::vector<xml::Item> out;
    for (const auto& item : in_.feed(octets)) {
      if (const auto* error = std::get_if<Error>(&item)) {
        out.emplace_back(refused("not-a-frame", *error));
      } else if (const auto* intro = std::get_if<wire::Intro>(&item)) {
        const auto prologue = intro->octets();
        handshake_.on_intro(prologue);
        xml::Element seen{.ns = "", .name = "intro", .attributes = {}, .children = {}};
        seen.set("magic", std::to_string(intro->magic));
        seen.set("dictionary", std::to_string(intro->dictionary));
        out.emplace_back(xml::Stanza{std::move(seen), prologue});
      } else if (const auto* routing = std::get_if<wire::Routing>(&item)) {
        xml::Element seen{.ns = "", .name = "routing", .attributes = {}, .children = {}};
        seen.set_text(to_hex(routing->octets));
        out.emplace_back(xml::Stanza{std::move(seen), routing->octets});
      } else if (const auto* frame = std::get_if<wire::Frame>(&item)) {
        take(frame->payload, out);
      }
    }
    return out;
  }

  Result<Bytes> write(const model::MessageForm& form, xml::Element element,
                      const Edits& edits) override {
    handshake_.discard();  // what was written before was not sent
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
      handshake_.on_intro(intro.octets());
      return edited(edits.bytes, intro.octets());
    }
    if (element.name == "routing") {
      const auto octets = from_hex(element.text());
      return octets ? wire::write_routing(*octets) : octets;
    }
    return is_handshake_message(element.name) ? write_handshake(element, edits)
                                              : write_stanza(element, edits);
  }

  std::vector<xml::Item> sent(std::string_view octets) override {
    std::vector<xml::Item> out;
    if (handshake_.pending()) {
      if (auto said = handshake_.sent()) {
        out.emplace_back(xml::Stanza{std::move(*said), Bytes(octets)});
      }
      transport_ = handshake_.transport();
      out_.feed(octets);
      return out;
    }
    for (const auto& item : out_.feed(octets)) {
      const auto* frame = std::get_if<wire::Frame>(&item);
      if (frame == nullptr || !transport_) {
        continue;
      }
      const bool apart = frames_taken_ != frames_sent_;
      const auto plain = opened_at(frames_sent_++, frame->payload);
      const bool taken =
          apart ? opened_at(frames_taken_, frame->payload).has_value() : plain.has_value();
      frames_taken_ += taken ? 1 : 0;
      const auto stanza =
          plain ? wire::decode(*plain, {.tokens = &tokens_}) : fail(Errc::malformed, "");
      if (stanza) {
        ended_ = ended_ || stanza->root.name == kStreamEnd;
        out.emplace_back(xml::Stanza{stanza->root, *plain});
      }
    }
    return out;
  }

  bool may_end(bool /*opened*/) const override { return transport_.has_value() && !ended_; }

 private:
  void take(const Bytes& payload, std::vector<xml::Item>& out) {
    if (transport_) {
      out.push_back(read_transport(payload));
      return;
    }
    if (payload.size() > kMaxHandshakeOctets) {
      out.emplace_back(
          refused("", {Errc::too_large, "the handshake message is longer than the limit", {}}));
      return;
    }
    auto message = handshake_.read(payload);
    if (!message) {
      out.emplace_back(refused("handshake", message.error()));
    } else if (*message) {
      out.emplace_back(xml::Stanza{std::move(**message), payload});
    }
    transport_ = handshake_.transport();
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
    wire::ReadOptions options{.tokens = &tokens_};
    if (!is_deflated) {
      return wire::decode(plain, options);
    }
    options.limits.max_octets = inflatable_;
    auto stanza = wire::decode(plain, options);
    // How far a bad one was inflated is not known: it counts as all that there was.
    inflatable_ -= stanza ? stanza->body_octets : inflatable_;
    return stanza;
  }

  Result<Bytes> write_handshake(const xml::Element& element, const Edits& edits) {
    auto octets = handshake_.write(element, edits);
    return octets ? framed(*octets, edits) : octets;
  }

  Result<Bytes> write_stanza(const xml::Element& element, const Edits& edits) {
    auto octets = wire::encode(element, {.tokens = &tokens_, .interop_jid = interop_jid_});
    if (octets) {
      octets = edited(edits.bytes, std::move(*octets));
    }
    if (!octets || !transport_) {
      return octets ? framed(*octets, edits) : octets;  // nothing to encrypt with yet
    }
    auto frame = sealed_at(frames_sent_, *octets, edits);
    if (!frame || frames_taken_ == frames_sent_) {
      return frame;
    }
    // A SUT that dropped a frame which is not authentic may have counted it or not (see below): it
    // takes the first of these two or the second, and drops the other.
    const auto again = sealed_at(frames_taken_, *octets, edits);
    return again ? *frame + *again : again;
  }

  // In a frame, under the counter `due` unless the edits say another.
  Result<Bytes> sealed_at(std::uint64_t due, const Bytes& octets, const Edits& edits) const {
    auto cipher = transport_->send;
    cipher.set_nonce(static_cast<std::uint64_t>(static_cast<std::int64_t>(due) + edits.counter));
    auto sealed = cipher.encrypt_with_ad("", octets);
    return sealed ? framed(*sealed, edits) : sealed;
  }

  std::optional<Bytes> opened_at(std::uint64_t counter, const Bytes& sealed) const {
    auto cipher = transport_->send;
    cipher.set_nonce(counter);
    auto plain = cipher.decrypt_with_ad("", sealed);
    return plain ? std::optional(std::move(*plain)) : std::nullopt;
  }

  static Result<Bytes> framed(const Bytes& payload, const Edits& edits) {
    auto frame = wire::write_frame(payload);
    return frame ? edited(edits.frame, std::move(*frame)) : frame;
  }

  NoiseHandshake handshake_;
  const wire::Tokens& tokens_;
  wire::InteropJid interop_jid_;  // as it is written; every form is read
  wire::FrameReader in_;
  wire::FrameReader out_;
  std::optional<noise::Transport> transport_;
  // Under the transport's key. The counter that a SUT waits for which is still there after a frame
  // that is not authentic: seen clients count every frame, Noise section 5.1 only those taken.
  std::uint64_t frames_sent_ = 0;
  std::uint64_t frames_taken_ = 0;  // by the latter
  std::size_t inflatable_ = kMaxInflatedOctets;
  bool ended_ = false;  // we have sent the end of the stream
};

}  // namespace

std::unique_ptr<Channel> make_noise_channel(const model::Profile& profile, Side side,
                                            const std::string& label, const Scope& scope) {
  return std::make_unique<NoiseChannel>(profile, side, label, scope);
}

}  // namespace parley::engine
