// SPDX-License-Identifier: GPL-3.0-or-later
// For the tests of the reference client: a peer who writes to it by the Signal protocol, and the
// server between them, as one. Not part of any library.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/crypto/signal/message.h"
#include "harness/crypto/signal/open_forgery.h"
#include "harness/crypto/signal/two_devices.h"
#include "harness/reference/whatsapp/client_observe.h"
#include "harness/reference/whatsapp/prekeys.h"
#include "harness/wire/content.h"

namespace parley::reference::whatsapp {

namespace signal = crypto::signal;

inline const std::string kPeer = "13-5@interop";
inline const std::string kStranger = "13-6@interop";
inline const signal::Address kClientAddress{.name = "12-5550100@interop",
                                            .device = signal::DeviceId(0)};

inline Bytes padded_text(const std::string& text) {
  Rng rng(1);
  return wire::pad(wire::write({.conversation = text,
                                .extended_text = {},
                                .media = {},
                                .protocol_message = {},
                                .device_sent_message = {},
                                .message_context_info = {},
                                .reaction = {},
                                .unknown = {}}),
                   rng);
}

inline std::uint32_t number_of(const Bytes& octets) {
  std::uint32_t out = 0;
  for (const char octet : octets) {
    out = out << 8U | static_cast<std::uint8_t>(octet);
  }
  return out;
}

class Correspondent;

// What a test is about: what the peer does when the client's keys have come, and when a message of
// the client's has; what becomes of the bundle that the client fetches.
struct Scene {
  std::function<void(Correspondent&)> opening{};
  std::function<void(Correspondent&, const std::string& id)> on_message{};
  std::string bundle_forgery{};
  std::function<void(xml::Element& user)> bend_bundle{};
  std::vector<std::string> sends{};  // texts that the client sends once it is connected
  int fence_after = 0;               // messages of the client's
  Bytes answer_text = "answer";      // to each text that ends with a question mark
  int connections = 1;
  milliseconds silence = kSilence;
  std::function<void(Correspondent&, const std::string& id)> on_receipt{};
  std::function<void(const xml::Element& message, const wire::Content& content)> on_content{};
  // What is `media` in `connect`; what is told to the driver; when no connection comes any more.
  std::function<nlohmann::json(const asio::any_io_executor&)> before{};
  std::function<void(ClientDriver&, const std::string& method, const nlohmann::json& told)>
      on_told{};
  std::function<void()> after{};
};

class Correspondent {
 public:
  Correspondent(const Scene& scene, std::string& log) : scene_(scene), log_(log) {}

  std::vector<Bytes> react(const xml::Element& stanza) {
    if (stanza.name == "iq" && stanza.get("xmlns") == "encrypt") {
      stanza.get("type") == "set" ? take_upload(stanza) : take_fetch(stanza);
    }
    if (stanza.name == "message") {
      take_message(stanza);
    }
    if (stanza.name == "receipt" && scene_.on_receipt) {
      scene_.on_receipt(*this, stanza.get("id"));
    }
    return std::exchange(said_, {});
  }

  // --- what scenes use ---

  void say(const std::string& text) { said_.push_back(node(text)); }
  void say(const xml::Element& stanza) {
    said_.push_back(wire::encode(stanza, {}).value_or(Bytes()));
  }
  // A question that the client answers before it comes to the next one.
  void fence() { say("<iq type='get' id='fence' xmlns='w:p' from='s.whatsapp.net'/>"); }

  void begin(std::size_t one_time = 0) {
    bundle_ = one_time;
    EXPECT_TRUE(device_.provider->start_session(kClientAddress, bundle(one_time)));
  }
  signal::PrekeyBundle bundle(std::size_t one_time) const {
    signal::PrekeyBundle out{
        .registration = signal::RegistrationId(number_of(keys_.registration)),
        .identity_key = keys_.identity,
        .signed_prekey_id = signal::SignedPrekeyId(number_of(keys_.signed_key.id)),
        .signed_prekey = keys_.signed_key.value,
        .signature = keys_.signature,
        .one_time = {}};
    if (one_time < keys_.one_time.size()) {
      const Prekey& key = keys_.one_time[one_time];
      out.one_time =
          signal::OfferedPrekey{.id = signal::PrekeyId(number_of(key.id)), .key = key.value};
    }
    return out;
  }
  signal::Message seal(const Bytes& plaintext) {
    auto out = device_.provider->encrypt(kClientAddress, plaintext);
    EXPECT_TRUE(out);
    return out ? *out : signal::Message();
  }
  void tell(const std::string& id, const signal::Message& message,
            const std::string& from = kPeer) {
    deliver(id, std::string(to_string(message.kind)), message.octets, from);
  }
  void tell_text(const std::string& id, const std::string& text) {
    tell(id, seal(padded_text(text)));
  }
  void deliver(const std::string& id, const std::string& type, const Bytes& octets,
               const std::string& from = kPeer) {
    say(message_with(id, type, octets, from));
  }
  // `content` is a protobuf with media in it.
  void tell_media(const std::string& id, const Bytes& content,
                  const std::string& mediatype = "document") {
    const auto sealed = seal(wire::pad(content, rng_));
    auto message = message_with(id, std::string(to_string(sealed.kind)), sealed.octets, kPeer);
    message.set("type", "media");
    message.child("enc")->set("mediatype", mediatype);
    say(message);
  }
  signal::Forged forged(const std::string& name) {
    const signal::Conversation conversation{.peer = kClientAddress,
                                            .bundle = bundle(bundle_),
                                            .other_bundle = bundle(bundle_ + 1),
                                            .delivered = delivered_,
                                            .received = received_,
                                            .plaintext = padded_text("forged")};
    auto out = signal::forge_next(device_.store, name, conversation, rng_);
    EXPECT_TRUE(out) << name;
    return out ? std::move(*out) : signal::Forged();
  }
  // The forgery, and an honest message behind it.
  void forge(const std::string& name) {
    const auto made = forged(name);
    int number = 0;
    for (const auto& message : made.before) {
      tell("before-" + std::to_string(++number), message);
    }
    tell("forged", made.message);
    tell_text("next", "next");
    fence();
  }
  void ask_again(const std::string& id, int count, const std::string& from = kPeer) {
    say("<receipt id='" + id + "' from='" + from + "' type='retry'><retry count='" +
        std::to_string(count) + "' id='" + id + "' t='1700000000' v='1'/></receipt>");
  }

  signal::TestDevice& device() { return device_; }
  const KeyBundle& keys() const { return keys_; }
  void set_delivered(const signal::Message& message) { delivered_ = message.octets; }
  int messages() const { return messages_; }

 private:
  static xml::Element message_with(const std::string& id, const std::string& type,
                                   const Bytes& octets, const std::string& from) {
    xml::Element message = stanza_element("message");
    message.set("id", id);
    message.set("from", from);
    message.set("type", "text");
    message.set("t", "1700000000");
    xml::Element enc = stanza_element("enc");
    enc.set("v", "2");
    enc.set("type", type);
    enc.set_text(octets);
    message.children.emplace_back(std::move(enc));
    return message;
  }

  void take_upload(const xml::Element& iq) {
    FaultSet any_lengths;
    any_lengths.add(Fault::wg_accepts_odd_keys);
    const auto keys = parse_upload(iq, any_lengths);
    say("<iq type='result' id='" + iq.get("id") + "' from='s.whatsapp.net'/>");
    if (!keys) {
      ADD_FAILURE() << keys.error();
      return;
    }
    keys_ = *keys;
    log_ += "[upload of " + std::to_string(keys_.one_time.size()) + " from " +
            to_hex(keys_.one_time.front().id) + " registration " +
            std::to_string(keys_.registration.size()) + "]";
    if (std::exchange(opened_, true)) {
      return;
    }
    if (scene_.opening) {
      scene_.opening(*this);
    }
  }

  void take_fetch(const xml::Element& iq) {
    log_ += "[fetch]";
    const auto bundle = offered();
    xml::Element user = stanza_element("user");
    user.set("jid", kPeer);
    KeyBundle shown{.registration = big_endian(static_cast<std::uint32_t>(bundle.registration), 4),
                    .type = "\x05",
                    .identity = bundle.identity_key,
                    .signed_key = {.id = big_endian(1, 3), .value = bundle.signed_prekey},
                    .signature = bundle.signature};
    std::optional<Prekey> one_time;
    if (bundle.one_time) {
      one_time = Prekey{.id = big_endian(static_cast<std::uint32_t>(bundle.one_time->id), 3),
                        .value = bundle.one_time->key};
    }
    write_bundle(user, shown, one_time);
    if (scene_.bend_bundle) {
      scene_.bend_bundle(user);
    }
    xml::Element list = stanza_element("list");
    list.children.emplace_back(std::move(user));
    xml::Element result = stanza_element("iq");
    result.set("type", "result");
    result.set("id", iq.get("id"));
    result.set("from", "s.whatsapp.net");
    result.children.emplace_back(std::move(list));
    say(result);
    if (scene_.bend_bundle || !scene_.bundle_forgery.empty()) {
      fence();
    }
  }

  signal::PrekeyBundle offered() {
    auto honest = device_.bundle(fetches_++);
    if (scene_.bundle_forgery.empty()) {
      return honest;
    }
    const auto forged =
        signal::forge_bundle(scene_.bundle_forgery, {.bundle = honest,
                                                     .owner = device_.device.identity,
                                                     .stranger = *signal::make_identity(rng_),
                                                     .rng = rng_.child("forger")});
    EXPECT_TRUE(forged);
    return forged.value_or(honest);
  }

  void take_message(const xml::Element& message) {
    const auto* enc = message.child("enc");
    if (enc == nullptr) {
      return;
    }
    ++messages_;
    const std::string type = enc->get("type");
    const signal::Message sealed{
        .kind = type == "pkmsg" ? signal::MessageKind::pkmsg : signal::MessageKind::msg,
        .octets = enc->text()};
    log_ += "[" + message.get("id") + " " + type + " " + number_and_text(message, sealed) + "]";
    say("<ack class='message' id='" + message.get("id") + "' from='" + kPeer + "'/>");
    if (scene_.on_message) {
      scene_.on_message(*this, message.get("id"));
    }
    if (messages_ == scene_.fence_after) {
      fence();
    }
  }

  // The counter, whose ratchet key it is in order of appearance, and the text.
  std::string number_and_text(const xml::Element& message, const signal::Message& sealed) {
    const auto first = sealed.kind == signal::MessageKind::pkmsg
                           ? signal::read_prekey_message(sealed.octets)
                           : fail(Errc::malformed, "no pkmsg");
    const Bytes inner = first ? first->message : sealed.octets;
    const auto within = signal::read_signal_message(inner);
    std::string out;
    if (within) {
      const auto turn = turns_.emplace(within->ratchet_key, turns_.size() + 1).first->second;
      out = std::to_string(turn) + "/" + std::to_string(within->counter) + " ";
      received_ = inner;
    }
    const auto plaintext = device_.provider->decrypt(kClientAddress, sealed);
    if (!plaintext) {
      return out + "not read: " + std::string(to_string(plaintext.error().reason));
    }
    const auto unpadded = wire::unpad(*plaintext);
    if (!unpadded) {
      return out + "not padded";
    }
    const auto content = wire::parse_content(*unpadded);
    if (content && scene_.on_content) {
      scene_.on_content(message, *content);
    }
    if (content && content->extended_text) {
      out += "extended ";
    }
    return out + (content ? wire::shown_text(*content).value_or("no text") : "no content");
  }

  static Bytes big_endian(std::uint32_t value, std::size_t octets) {
    Bytes out;
    for (std::size_t i = octets; i > 0; --i) {
      out += static_cast<char>(value >> (8 * (i - 1)) & 0xFF);
    }
    return out;
  }

  const Scene& scene_;
  std::string& log_;
  Rng rng_{11};
  signal::TestDevice device_{"peer", 5, 4, signal::make_open_provider};
  KeyBundle keys_;
  std::vector<Bytes> said_;
  std::map<Bytes, std::size_t> turns_;
  Bytes delivered_;
  Bytes received_;
  std::size_t bundle_ = 0;
  std::size_t fetches_ = 0;
  int messages_ = 0;
  bool opened_ = false;
};

// What is said and shown in such a scene, by a client with the faults.
inline std::string converse(const Scene& scene, const FaultSet& faults) {
  std::string log;
  Correspondent peer(scene, log);
  Server server{.fence = false, .connections = scene.connections, .silence = scene.silence};
  server.connect = {{"content", "signal"}};
  server.react = [&peer](const xml::Element& stanza) { return peer.react(stanza); };
  asio::io_context context(1);
  auto listener = net::Listener::open(context.get_executor());
  if (scene.before) {
    server.connect["media"] = scene.before(context.get_executor());
  }
  const nlohmann::json params = connect_params(**listener, server);
  ClientDriver* driver_of_user = nullptr;
  int sent = 0;
  int connections = 0;
  const auto send = [&](const std::string& text) {
    (void)driver_of_user->handle(
        "send",
        {{"user", "5550100"}, {"to", kPeer}, {"text", text}, {"id", "s" + std::to_string(++sent)}});
  };
  auto notify = [&](const std::string& method, const nlohmann::json& told) {
    log += "[" + method + " " + told.dump() + "]";
    if (method == "connected") {
      asio::post(context, [&] { std::ranges::for_each(scene.sends, send); });
    }
    if (method == "received" && told["text"].get<std::string>().ends_with('?')) {
      asio::post(context, [&] { send(scene.answer_text); });
    }
    if (scene.on_told) {
      asio::post(context, [&, method, told] { scene.on_told(*driver_of_user, method, told); });
    }
    if (method == "closed" && ++connections < scene.connections) {
      asio::post(context, [&] { (void)driver_of_user->handle("connect", params); });
    } else if (method == "closed" && scene.after) {
      asio::post(context, scene.after);
    }
  };
  ClientDriver driver(context.get_executor(), faults, notify);
  driver_of_user = &driver;
  Script script(server, log);
  const auto ignore = [](std::exception_ptr failure) { EXPECT_EQ(failure, nullptr); };
  asio::co_spawn(context, script.run(**listener), ignore);
  EXPECT_TRUE(driver.handle("connect", params).has_value());
  context.run_for(std::chrono::seconds(10));
  context.restart();
  asio::co_spawn(context, driver.stop(), ignore);
  context.run_for(std::chrono::seconds(5));
  return log;
}

}  // namespace parley::reference::whatsapp
