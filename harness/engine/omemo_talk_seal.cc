// SPDX-License-Identifier: GPL-3.0-or-later
// The sending half of OmemoTalk: how what a step says is encrypted, honestly and as a change has
// it.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/crypto/omemo/payload_forgery.h"
#include "harness/crypto/signal/open_session.h"
#include "harness/engine/edit.h"
#include "harness/engine/omemo_talk.h"
#include "harness/engine/sealed_view.h"

namespace parley::engine {

namespace signal = crypto::signal;
namespace omemo = crypto::omemo;
using signal::Forged;

struct OmemoTalk::Sealing {
  const std::string& step;
  const std::string& link;
  omemo::DeviceId theirs = 0;
  Device& device;
  Talk& talk;
  const model::EncryptionEdit* edit;  // null: honest
  std::string forge{};                // its name, evaluated
  std::string text{};
  omemo::Payload payload{};
  std::vector<omemo::Payload> before{};  // of honest messages that a forgery begins with
  Rng rng;
};

namespace {

constexpr int kMostNumber = 2000;
constexpr std::size_t kHonestMessages = 4;  // that may go before a forged one

const model::EncryptionEdit* edit_of(const model::Change* change) {
  return change == nullptr ? nullptr : std::get_if<model::EncryptionEdit>(&change->edit);
}

const model::ContentEdit* content_of(const model::Change* change) {
  return change == nullptr ? nullptr : std::get_if<model::ContentEdit>(&change->edit);
}

int number_of(const std::string& field, const Scope& scope, int without) {
  const auto said = scope.values.find(field);
  if (said == scope.values.end() || said->second.empty()) {
    return without;
  }
  int out = 0;
  std::from_chars(said->second.data(), said->second.data() + said->second.size(), out);
  return std::clamp(out, 0, kMostNumber);
}

// <bundle/> of an answer that holds nothing yet, and whose node it is; null for any other stanza.
struct EmptyBundle {
  xml::Element* element = nullptr;
  omemo::DeviceId device = 0;
};
EmptyBundle empty_bundle(xml::Element& stanza) {
  auto* pubsub = stanza.name == "iq" ? stanza.child("pubsub", omemo::kPubsubNamespace) : nullptr;
  auto* items = pubsub == nullptr ? nullptr : pubsub->child("items");
  auto* item = items == nullptr ? nullptr : items->child("item");
  auto* bundle = item == nullptr ? nullptr : item->child("bundle", omemo::kNamespace);
  const auto device = bundle == nullptr ? std::nullopt : omemo::device_of_node(items->get("node"));
  return device && bundle->children.empty() ? EmptyBundle{bundle, *device} : EmptyBundle{};
}

// <encrypted/> of a message; null for any other stanza.
xml::Element* sealed_in(xml::Element& stanza) {
  return stanza.name == "message" ? stanza.child("encrypted", omemo::kNamespace) : nullptr;
}

// Whether it says what is to be encrypted.
bool is_open(const xml::Element* encrypted) {
  return encrypted != nullptr && encrypted->child("opened", kOpenedNamespace) != nullptr;
}

bool edits_octets(const model::BytesEdit& edit) {
  return edit.replace || !edit.prepend.empty() || !edit.append.empty() || edit.flip || edit.keep ||
         edit.mutate;
}

}  // namespace

const OmemoTalk::Device* OmemoTalk::device_of(const std::string& jid, omemo::DeviceId id) const {
  const auto* devices = devices_of(jid);
  if (devices == nullptr) {
    return nullptr;
  }
  const auto at = std::ranges::find_if(*devices, [&](const auto& one) { return one->id == id; });
  return at == devices->end() ? nullptr : at->get();
}

OmemoTalk::Device* OmemoTalk::sender_of(const Letter& letter, const Scope& scope) {
  auto* devices = devices_of(letter.element.get("from"));
  const auto which = static_cast<std::size_t>(number_of(letter.step + ".sender", scope, 1));
  return devices != nullptr && which >= 1 && which <= devices->size() ? (*devices)[which - 1].get()
                                                                      : nullptr;
}

Result<std::vector<xml::Element>> OmemoTalk::seal(Letter letter, Scope& scope) {
  if (const auto empty = empty_bundle(letter.element); empty.element != nullptr) {
    if (const auto* device = device_of(letter.element.get("from"), empty.device)) {
      return fill_bundle(std::move(letter), *device, scope);
    }
  }
  const auto* edit = edit_of(letter.change);
  const auto* content = content_of(letter.change);
  const bool of_fields = content != nullptr && (!content->set.empty() || !content->remove.empty() ||
                                                content->padding || content->filler);
  if (of_fields || (edit != nullptr && edit->version)) {
    return fail(Errc::unsupported,
                "an OMEMO message has no protobuf and no version that can be changed: forge it, or "
                "replace its text");
  }
  if (is_open(sealed_in(letter.element))) {
    if (auto* device = sender_of(letter, scope)) {
      return seal_message(std::move(letter), *device, scope);
    }
  }
  if (edit != nullptr || content != nullptr) {
    return fail(Errc::unsupported,
                fmt::format("step '{}' has nothing that is sealed", letter.step));
  }
  std::vector<xml::Element> out;
  out.push_back(std::move(letter.element));
  return out;
}

Result<std::vector<xml::Element>> OmemoTalk::fill_bundle(Letter letter, const Device& device,
                                                         const Scope& scope) const {
  auto bundle = device.bundle();
  if (const auto* edit = edit_of(letter.change)) {
    auto rng = rng_.child("bundle/" + letter.step);
    const auto name = evaluate_row(edit->forge, scope, "change/forge");
    auto stranger = signal::make_identity(rng);
    if (!name || !stranger) {
      return std::unexpected(name ? stranger.error() : name.error());
    }
    if (bundle.one_time.empty()) {
      return fail(Errc::not_found, "the client has used every one-time prekey");
    }
    auto keys = bundle.keys;
    keys.one_time = bundle.one_time.front();
    auto forged = signal::forge_bundle(*name, {.bundle = keys,
                                               .owner = device.keys.identity,
                                               .stranger = std::move(*stranger),
                                               .rng = rng.child("forger")});
    if (!forged) {
      return std::unexpected(forged.error());
    }
    if (forged->one_time && forged->one_time != keys.one_time) {
      for (auto& one : bundle.one_time) {
        one.key = forged->one_time->key;  // whichever the client takes
      }
    }
    forged->one_time.reset();
    bundle.keys = std::move(*forged);
  }
  *empty_bundle(letter.element).element = omemo::bundle_element(bundle);
  std::vector<xml::Element> out;
  out.push_back(std::move(letter.element));
  return out;
}

// The first device of its list whose keys it has published.
std::optional<omemo::DeviceId> OmemoTalk::target_on(const std::string& link) const {
  const auto at = published_.find(link);
  if (at != published_.end()) {
    for (const auto id : at->second.list) {
      if (at->second.bundles.contains(id)) {
        return id;
      }
    }
  }
  return std::nullopt;
}

// A session with the keys that the SUT has published, unless there is one.
Result<void> OmemoTalk::begin(const Sealing& sealing) {
  auto& published = published_[sealing.link];
  auto& conversation = sealing.talk.conversation;
  const auto sessions = signal::load_sessions(sealing.device.store, conversation.peer);
  if (!sessions) {
    return std::unexpected(sessions.error());
  }
  const auto& offered = published.bundles.at(sealing.theirs);
  auto bundle = offered.keys;
  auto other = offered.keys;
  for (const auto& one : offered.one_time) {
    if (published.used.contains(one.key)) {
      continue;
    }
    if (!bundle.one_time) {
      bundle.one_time = one;
    } else if (!other.one_time) {
      other.one_time = one;
    }
  }
  if (conversation.bundle.identity_key.empty()) {
    conversation.bundle = bundle;
    conversation.other_bundle = other;
  }
  if (!sessions->empty()) {
    return {};
  }
  const auto begun = sealing.device.provider->start_session(conversation.peer, bundle);
  if (!begun) {
    return fail(Errc::refused, "the client's keys cannot be used: " + begun.error().detail);
  }
  if (bundle.one_time) {
    published.used.insert(bundle.one_time->key);
  }
  return {};
}

Result<std::vector<xml::Element>> OmemoTalk::seal_message(Letter letter, Device& device,
                                                          Scope& scope) {
  const auto theirs = target_on(letter.link);
  if (!theirs) {
    return fail(Errc::not_found, "the client has published no device whose keys can be used");
  }
  const auto* edit = edit_of(letter.change);
  if (edit != nullptr && !edit->replay.empty()) {
    return replayed(std::move(letter), scope);
  }
  Sealing sealing{.step = letter.step,
                  .link = letter.link,
                  .theirs = *theirs,
                  .device = device,
                  .talk = talk_of(letter.link, device, *theirs),
                  .edit = edit,
                  .text = scope.values[letter.step + ".text"],
                  .rng = rng_.child("letter/" + letter.step)};
  if (const auto* content = content_of(letter.change)) {
    auto text = edit_bytes(std::move(sealing.text), content->octets, scope);
    if (!text) {
      return std::unexpected(text.error());
    }
    sealing.text = std::move(*text);
  }
  if (edit != nullptr) {
    auto name = evaluate_row(edit->forge, scope, "change/forge");
    if (!name) {
      return std::unexpected(name.error());
    }
    sealing.forge = std::move(*name);
  }
  auto begun = begin(sealing);
  auto payload = begun ? payload_of(sealing, scope) : std::unexpected(begun.error());
  if (!payload) {
    return std::unexpected(payload.error());
  }
  sealing.payload = std::move(*payload);
  ++texts_[sealing.text];
  const auto sealed = message_of(sealing, scope);
  if (!sealed) {
    return std::unexpected(sealed.error());
  }
  auto out = envelopes(letter, sealing, *sealed);
  sent_[letter.step] = *sealed_in(out.back());
  sent_texts_[letter.step] = sealing.text;
  show(sealing, sealed->message, scope);
  return out;
}

Result<std::vector<xml::Element>> OmemoTalk::replayed(Letter letter, Scope& scope) {
  const auto& step = edit_of(letter.change)->replay;
  const auto earlier = sent_.find(step);
  if (earlier == sent_.end()) {
    return fail(Errc::not_found, fmt::format("no step '{}' has sealed anything", step));
  }
  *sealed_in(letter.element) = earlier->second;
  scope.values[letter.step + ".text"] = sent_texts_[step];
  return std::vector<xml::Element>{std::move(letter.element)};
}

// The honest ones before it, each under an id of its own, and the message.
std::vector<xml::Element> OmemoTalk::envelopes(const Letter& letter, const Sealing& sealing,
                                               const Forged& sealed) const {
  std::vector<xml::Element> out;
  const auto add = [&](const signal::Message& message, const omemo::Payload& said) {
    auto& encrypted = *sealed_in(out.emplace_back(letter.element));
    encrypted = omemo::envelope_element({.sid = sealing.device.id,
                                         .keys = {{.rid = sealing.theirs, .message = message}},
                                         .iv = said.iv,
                                         .payload = said.ciphertext});
  };
  for (std::size_t i = 0; i < sealed.before.size(); ++i) {
    add(sealed.before[i], sealing.before[i]);
    out.back().set("id", sealing.rng.child(fmt::format("before/{}", i)).token(12));
  }
  add(sealed.message, sealing.payload);
  return out;
}

void OmemoTalk::show(const Sealing& sealing, const signal::Message& message, Scope& scope) {
  auto view = opened_element();
  view.set("type", std::string(to_string(message.kind)));
  describe_sealed(view, message.octets);
  view.set_text(sealing.text);
  scope.values[sealing.step + ".kind"] = view.get("type");
  scope.values[sealing.step + ".counter"] = view.get("counter");
  scope.values[sealing.step + ".sid"] = std::to_string(sealing.device.id);
  scope.values[sealing.step + ".rid"] = std::to_string(sealing.theirs);
  views_[message.octets] = std::move(view);
}

Result<omemo::Payload> OmemoTalk::payload_of(Sealing& sealing, const Scope& scope) {
  const auto iv = static_cast<std::size_t>(
      number_of(sealing.step + ".iv", scope, static_cast<int>(crypto::kGcmNonceOctets)));
  auto rng = sealing.rng.child("payload");
  auto honest = omemo::seal_payload(sealing.text, iv, rng);
  const auto* forgery = omemo::find_payload_forgery(sealing.forge);
  return honest && forgery != nullptr ? forgery->make(*honest, sealing.text, rng) : honest;
}

Result<Forged> OmemoTalk::message_of(Sealing& sealing, const Scope& scope) {
  if (!sealing.forge.empty() && omemo::find_payload_forgery(sealing.forge) == nullptr) {
    return forged(sealing, sealing.forge);
  }
  auto message = written(sealing, scope);
  if (!message) {
    return std::unexpected(message.error());
  }
  return Forged{.before = {}, .message = std::move(*message), .session = {}};
}

// The session's next message, or one ahead of it, or one that was overtaken; or what a change has
// made of the next. That is not authentic and uses no key up, the next honest message has the same;
// but what is mutated may be.
Result<signal::Message> OmemoTalk::written(Sealing& sealing, const Scope& scope) {
  const auto late = scope.values.find(sealing.step + ".late");
  if (sealing.edit == nullptr && late != scope.values.end() && !late->second.empty()) {
    const auto at = sealing.talk.overtaken.find(late->second);
    return at == sealing.talk.overtaken.end()
               ? fail(Errc::not_found, fmt::format("step '{}' has overtaken nothing", late->second))
               : signal::write_message(at->second, sealing.payload.key_material);
  }
  const auto& peer = sealing.talk.conversation.peer;
  auto sessions = signal::load_sessions(sealing.device.store, peer);
  if (!sessions) {
    return std::unexpected(sessions.error());
  }
  auto session = sessions->front();
  const auto* edit = sealing.edit;
  const int ahead =
      edit != nullptr && edit->ahead ? *edit->ahead : number_of(sealing.step + ".ahead", scope, 0);
  for (int i = 0; i < ahead; ++i) {
    (void)signal::take_sender_keys(session);
  }
  auto message = signal::write_message(session, sealing.payload.key_material);
  if (!message) {
    return message;
  }
  const auto honest = inner_of(*message);
  if (edit != nullptr && edits_octets(edit->octets)) {
    auto octets = edit_bytes(std::move(message->octets), edit->octets, scope);
    if (!octets) {
      return std::unexpected(octets.error());
    }
    message->octets = std::move(*octets);
    if (!edit->octets.mutate) {
      return message;
    }
  }
  if (edit != nullptr && edit->ahead) {
    return message;  // nobody need follow that far: the honest ones go on from where they were
  }
  if (ahead > 0) {
    sealing.talk.overtaken[sealing.step] = sessions->front();
  }
  sessions->front() = std::move(session);
  sealing.talk.last_sent = honest;
  if (auto saved = signal::save_sessions(sealing.device.store, peer, std::move(*sessions));
      !saved) {
    return std::unexpected(saved.error());
  }
  return message;
}

// Honest messages before it are such as a client shows.
Result<Forged> OmemoTalk::forged(Sealing& sealing, const std::string& name) {
  auto conversation = sealing.talk.conversation;
  conversation.plaintext = sealing.payload.key_material;
  for (std::size_t i = 0; i < kHonestMessages; ++i) {
    auto rng = sealing.rng.child(fmt::format("honest/{}", i));
    const auto text = rng.token(12);
    auto payload = omemo::seal_payload(text, crypto::kGcmNonceOctets, rng);
    if (!payload) {
      return std::unexpected(payload.error());
    }
    ++texts_[text];
    conversation.honest.push_back(payload->key_material);
    sealing.before.push_back(std::move(*payload));
  }
  auto rng = sealing.rng.child("forger");
  auto out = signal::forge_next(sealing.device.store, name, conversation, rng);
  if (out && out->before.size() > sealing.before.size()) {
    return fail(Errc::unsupported, fmt::format("forgery '{}' takes too many messages", name));
  }
  if (out && !out->before.empty()) {
    sealing.talk.last_sent = inner_of(out->before.back());
  }
  return out;
}

}  // namespace parley::engine
