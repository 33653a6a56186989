// SPDX-License-Identifier: GPL-3.0-or-later
// The sending half of RelayedTalk: what users publish, and how what a step says is sealed.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/crypto/signal/forgery.h"
#include "harness/crypto/signal/open_session.h"
#include "harness/engine/key_publication.h"
#include "harness/engine/relayed_talk.h"
#include "harness/engine/sealed_view.h"

namespace parley::engine {

namespace signal = crypto::signal;

namespace {

constexpr std::size_t kPrekeys = 6;  // of an upload that does not say how many
constexpr std::size_t kMostPrekeys = 2000;

// What a step says beside what its message shows; empty where it says nothing.
std::string said(const std::string& step, std::string_view field, const Scope& scope) {
  const auto at = scope.values.find(fmt::format("{}.{}", step, field));
  return at == scope.values.end() ? "" : at->second;
}

std::size_t count_of(const std::string& text) {
  std::size_t out = kPrekeys;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return std::min(out, kMostPrekeys);
}

bool is_empty_upload(const xml::Element& stanza) {
  return is_key_upload(stanza) && stanza.child("identity") == nullptr;
}

bool asks_with_keys(const xml::Element& stanza) {
  const auto* keys = stanza.name == "receipt" ? stanza.child("keys") : nullptr;
  return keys != nullptr && keys->children.empty();
}

std::vector<xml::Element> alone(xml::Element element) {
  std::vector<xml::Element> out;
  out.push_back(std::move(element));
  return out;
}

// What a step says of the keys, for others to refer to.
void bind_keys(const std::string& step, const xml::Element& holder,
               const std::vector<StatedKey>& one_time, Scope& scope) {
  const auto keys = stated_keys(holder);
  const auto bind = [&](const std::string& field, const Bytes& value) {
    scope.values[step + "." + field] = value;
  };
  bind("registration", keys.registration);
  bind("kind", keys.kind);
  bind("identity", keys.identity);
  bind("sid", keys.signed_prekey.id);
  bind("skey", keys.signed_prekey.key);
  bind("signature", keys.signature);
  for (std::size_t i = 0; i < one_time.size(); ++i) {
    bind(fmt::format("id{}", i + 1), one_time[i].id);
    bind(fmt::format("key{}", i + 1), one_time[i].key);
  }
}

}  // namespace

Result<void> RelayedTalk::Device::begin(Rng rng) {
  store = std::make_unique<signal::MemoryStore>();
  auto made = signal::make_device(*store, 0, 0, rng);
  if (!made) {
    return std::unexpected(made.error());
  }
  keys = std::move(*made);
  next_signed = static_cast<std::uint32_t>(keys.signed_prekey.id) + 1;
  auto made_provider = signal::make_open_provider(*store, rng.child("sessions"));
  if (!made_provider) {
    return std::unexpected(made_provider.error());
  }
  provider = std::move(*made_provider);
  return {};
}

Result<void> RelayedTalk::Device::renew_signed(Rng rng) {
  auto made =
      signal::make_signed_prekey(keys.identity, signal::SignedPrekeyId(next_signed), 0, rng);
  if (!made) {
    return std::unexpected(made.error());
  }
  ++next_signed;
  keys.signed_prekey = std::move(*made);
  return signal::save_signed_prekey(*store, keys.signed_prekey);
}

Result<std::vector<signal::OfferedPrekey>> RelayedTalk::Device::more_prekeys(std::size_t count,
                                                                             Rng rng) {
  auto made = signal::make_one_time_prekeys(signal::PrekeyId(next_prekey), count, rng);
  if (!made) {
    return std::unexpected(made.error());
  }
  next_prekey += static_cast<std::uint32_t>(count);
  std::vector<signal::OfferedPrekey> out;
  for (const auto& key : *made) {
    if (auto saved = signal::save_prekey(*store, key); !saved) {
      return std::unexpected(saved.error());
    }
    out.push_back({.id = key.id, .key = key.keys.public_key});
  }
  return out;
}

signal::PrekeyBundle RelayedTalk::Device::bundle() const {
  return signal::bundle_of(keys.identity, signal::DeviceId(0), keys.signed_prekey, nullptr);
}

Result<std::vector<xml::Element>> RelayedTalk::seal(Letter letter, Scope& scope) {
  auto* device = device_at(letter.link);
  if (device == nullptr) {
    return alone(std::move(letter.element));
  }
  if (is_empty_upload(letter.element)) {
    return publish(std::move(letter), *device, scope);
  }
  const auto* edit = letter.change;
  if (edit != nullptr && (std::holds_alternative<model::ContentEdit>(edit->edit) ||
                          std::holds_alternative<model::EncryptionEdit>(edit->edit) ||
                          std::holds_alternative<model::MediaEdit>(edit->edit))) {
    return fail(Errc::unsupported,
                fmt::format("step '{}' has nothing that can be bent so", letter.step));
  }
  if (asks_with_keys(letter.element)) {
    return ask_again(std::move(letter), *device, scope);
  }
  const auto* enc = letter.element.name == "message" ? letter.element.child("enc") : nullptr;
  const auto text = scope.values.find(letter.step + ".text");
  if (enc != nullptr && text != scope.values.end() && enc->text() == text->second) {
    return write(std::move(letter), *device, scope);
  }
  return alone(std::move(letter.element));
}

Result<signal::PrekeyBundle> RelayedTalk::forged(const Letter& letter, const Device& device,
                                                 signal::PrekeyBundle bundle,
                                                 const Scope& scope) const {
  const auto* edit =
      letter.change == nullptr ? nullptr : std::get_if<model::EncryptionEdit>(&letter.change->edit);
  if (edit == nullptr || edit->forge.empty()) {
    return bundle;
  }
  auto rng = rng_.child("forged/" + letter.step);
  const auto name = evaluate_row(edit->forge, scope, "change/forge");
  auto stranger = signal::make_identity(rng);
  if (!name || !stranger) {
    return std::unexpected(name ? stranger.error() : name.error());
  }
  return signal::forge_bundle(*name, {.bundle = std::move(bundle),
                                      .owner = device.keys.identity,
                                      .stranger = std::move(*stranger),
                                      .rng = rng.child("forger")});
}

Result<std::vector<xml::Element>> RelayedTalk::publish(Letter letter, Device& device,
                                                       Scope& scope) {
  const auto rng = rng_.child("upload/" + letter.step);
  const auto renew = said(letter.step, "renew", scope);
  const auto renewed = renew == "identity" ? device.begin(rng.child("identity"))
                       : renew == "signed" ? device.renew_signed(rng.child("signed"))
                                           : Result<void>();
  if (!renewed) {
    return std::unexpected(renewed.error());
  }
  auto one_time =
      device.more_prekeys(count_of(said(letter.step, "one-time", scope)), rng.child("one-time"));
  if (!one_time) {
    return std::unexpected(one_time.error());
  }
  auto bundle = device.bundle();
  if (!one_time->empty()) {
    bundle.one_time = one_time->front();
  }
  auto bent = forged(letter, device, std::move(bundle), scope);
  if (!bent) {
    return std::unexpected(bent.error());
  }
  if (bent->one_time) {
    if (one_time->empty()) {
      return fail(Errc::malformed,
                  fmt::format("step '{}' uploads no one-time key that could be bent", letter.step));
    }
    one_time->front() = *bent->one_time;
  }
  write_publication(letter.element, *bent, *one_time);
  bind_keys(letter.step, letter.element, stated_one_time(letter.element), scope);
  return alone(std::move(letter.element));
}

// As a client asks that has lost its session: another is begun with the keys that it says.
Result<std::vector<xml::Element>> RelayedTalk::ask_again(Letter letter, Device& device,
                                                         Scope& scope) {
  auto* registration = letter.element.child("registration");
  if (registration == nullptr) {
    return fail(Errc::malformed,
                fmt::format("step '{}' asks with keys, and no <registration/>", letter.step));
  }
  auto one_time = device.more_prekeys(1, rng_.child("retry/" + letter.step));
  if (!one_time) {
    return std::unexpected(one_time.error());
  }
  auto bundle = device.bundle();
  bundle.one_time = one_time->front();
  auto user = bundle_element("", bundle);
  std::vector<StatedKey> keys{stated_key(*user.child("key"))};
  bind_keys(letter.step, user, keys, scope);
  registration->set_text(user.child("registration")->text());
  for (const auto* part : user.elements()) {
    if (part->name != "registration") {
      letter.element.child("keys")->children.emplace_back(*part);
    }
  }
  return alone(std::move(letter.element));
}

// With what the server has handed out. What cannot be used the ledger has noted; the conversation
// goes on with the keys that are the receiver's own.
Result<void> RelayedTalk::begin_session(const std::string& link, Device& sender, Device& receiver) {
  const signal::Address peer{.name = receiver.bare, .device = signal::DeviceId(0)};
  const auto at = bundles_.find(link + " " + receiver.bare);
  auto own = receiver.bundle();
  for (auto* bundle : {at == bundles_.end() ? nullptr : &at->second, &own}) {
    if (bundle == nullptr || !sender.provider->set_identity(peer, bundle->identity_key)) {
      continue;
    }
    if (sender.provider->start_session(peer, *bundle)) {
      bundle->one_time.reset();  // it begins one session
      return {};
    }
  }
  return fail(Errc::refused, fmt::format("no session with {} can be begun", receiver.bare));
}

Result<signal::Message> RelayedTalk::message_of(const Letter& letter, Device& sender,
                                                Scope& scope) {
  if (const auto replay = said(letter.step, "replay", scope); !replay.empty()) {
    const auto earlier = sent_.find(replay);
    return earlier == sent_.end()
               ? fail(Errc::not_found, fmt::format("no step '{}' has sealed anything", replay))
               : Result<signal::Message>(earlier->second);
  }
  auto* receiver = device_of(letter.element.get("to"));
  if (receiver == nullptr) {
    return fail(Errc::not_found,
                fmt::format("step '{}' writes to somebody who has no keys", letter.step));
  }
  const signal::Address peer{.name = receiver->bare, .device = signal::DeviceId(0)};
  const auto sessions = signal::load_sessions(*sender.store, peer);
  if (!sessions || sessions->empty() || said(letter.step, "session", scope) == "new") {
    if (auto begun = begin_session(letter.link, sender, *receiver); !begun) {
      return std::unexpected(begun.error());
    }
  }
  const auto text = scope.values[letter.step + ".text"];
  ++texts_[text];
  auto rng = rng_.child("letter/" + letter.step);
  auto sealed = sender.provider->encrypt(
      peer, padded_content(text_content(text, form_), nullptr, rng, form_));
  return sealed ? Result<signal::Message>(std::move(*sealed))
                : fail(Errc::refused, sealed.error().detail);
}

Result<std::vector<xml::Element>> RelayedTalk::write(Letter letter, Device& sender, Scope& scope) {
  const auto text = scope.values[letter.step + ".text"];
  auto message = message_of(letter, sender, scope);
  if (!message) {
    return std::unexpected(message.error());
  }
  auto& enc = *letter.element.child("enc");
  erase_view(enc);  // what the step says of it
  enc.set("type", std::string(to_string(message->kind)));
  auto view = enc;
  enc.set_text(message->octets);
  describe_sealed(view, message->octets);
  view.set_text(text);
  scope.values[letter.step + ".enc"] = view.get("type");
  scope.values[letter.step + ".counter"] = view.get("counter");
  scope.values[letter.step + ".ratchet"] = view.get("ratchet-key");
  views_[message->octets] = std::move(view);
  sent_[letter.step] = std::move(*message);
  return alone(std::move(letter.element));
}

}  // namespace parley::engine
