// SPDX-License-Identifier: GPL-3.0-or-later
// The sending half of Correspondence: how what a step says is sealed, honestly and as a change has
// it.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/crypto/signal/open_session.h"
#include "harness/engine/correspondence.h"
#include "harness/engine/edit.h"
#include "harness/engine/key_publication.h"
#include "harness/engine/sealed_view.h"

namespace parley::engine {

namespace signal = crypto::signal;
using signal::Forged;

struct Correspondence::Sealing {
  const std::string& step;
  const std::string& link;
  Device& device;
  Talk& talk;
  const model::EncryptionEdit* edit;  // null: honest
  Bytes plaintext;
  Rng rng;
};

namespace {

constexpr int kMostNumber = 2000;
constexpr std::size_t kHonestMessages = 4;  // that may go before a forged one

template <class Edit>
const Edit* edit_of(const model::Change* change) {
  return change == nullptr ? nullptr : std::get_if<Edit>(&change->edit);
}

// <user/> of a bundle that holds no key yet; null for any other stanza.
xml::Element* empty_user(xml::Element& stanza) {
  auto* list = stanza.name == "iq" ? stanza.child("list") : nullptr;
  auto* user = list == nullptr ? nullptr : list->child("user");
  return user != nullptr && user->children.empty() ? user : nullptr;
}

bool edits_octets(const model::BytesEdit& edit) {
  return edit.replace || !edit.prepend.empty() || !edit.append.empty() || edit.flip || edit.keep ||
         edit.mutate;
}

// What a step says as a number; null where it says none.
std::optional<int> number_of(const std::string& field, const Scope& scope) {
  const auto said = scope.values.find(field);
  if (said == scope.values.end()) {
    return std::nullopt;
  }
  int out = 0;
  std::from_chars(said->second.data(), said->second.data() + said->second.size(), out);
  return std::clamp(out, 0, kMostNumber);
}

// How many messages it overtakes, by the change or by what the step says as `ahead`.
int ahead_of(const std::string& step, const model::EncryptionEdit* edit, const Scope& scope) {
  return edit != nullptr ? edit->ahead.value_or(0) : number_of(step + ".ahead", scope).value_or(0);
}

// Those whose counters messages ahead of it have taken are passed over.
void pass_taken(signal::Session& session, std::pair<Bytes, std::set<std::uint32_t>>& taken) {
  if (taken.first != session.ratchet.public_key) {
    taken = {session.ratchet.public_key, {}};
  }
  while (taken.second.contains(session.sender.counter)) {
    (void)signal::take_sender_keys(session);
  }
}

// What a message of the session says, whose version is another and whose MAC fits all the same.
Result<signal::Message> of_version(signal::Session& session, const Bytes& plaintext, int version) {
  auto draft = signal::draft_message(session, plaintext);
  if (!draft) {
    return std::unexpected(draft.error());
  }
  const auto octet = static_cast<std::uint8_t>(version);
  if (!session.pending) {
    draft->version = octet;
    return signal::Message{.kind = signal::MessageKind::msg, .octets = signal::seal(*draft)};
  }
  auto first = signal::draft_prekey_message(session, signal::seal(*draft));
  first.version = octet;
  return signal::Message{.kind = signal::MessageKind::pkmsg, .octets = signal::write(first)};
}

}  // namespace

signal::PrekeyBundle Correspondence::Published::bundle_at(std::size_t behind) const {
  auto out = bundle;
  if (used + behind < one_time.size()) {
    out.one_time = one_time[used + behind];
  }
  return out;
}

// What a forgery may be made of, where the SUT has begun the session.
void Correspondence::offer_bundles(const Sealing& sealing) const {
  const auto at = published_.find(sealing.link);
  auto& conversation = sealing.talk.conversation;
  if (at != published_.end() && conversation.bundle.identity_key.empty()) {
    conversation.bundle = at->second.bundle_at(0);
    conversation.other_bundle = at->second.bundle_at(1);
  }
}

// A session with the keys that the SUT has published, unless there is one.
Result<void> Correspondence::begin(const Sealing& sealing) {
  const auto& peer = sealing.talk.conversation.peer;
  const auto sessions = signal::load_sessions(sealing.device.store, peer);
  if (!sessions) {
    return std::unexpected(sessions.error());
  }
  offer_bundles(sealing);
  if (!sessions->empty()) {
    return {};
  }
  const auto at = published_.find(sealing.link);
  if (at == published_.end()) {
    return fail(Errc::not_found, "the client has published no keys that can be used");
  }
  auto& published = at->second;
  const auto bundle = published.bundle_at(0);
  const auto begun = sealing.device.provider->start_session(peer, bundle);
  if (!begun) {
    return fail(Errc::refused, "the client's keys cannot be used: " + begun.error().detail);
  }
  published.used += bundle.one_time ? 1 : 0;
  return {};
}

Result<std::vector<xml::Element>> Correspondence::seal(Letter letter, Scope& scope) {
  const auto* user = empty_user(letter.element);
  if (const auto* owner = user == nullptr ? nullptr : device_of(user->get("jid"))) {
    return fill_bundle(std::move(letter), *owner, scope);
  }
  const auto* enc = letter.element.name == "message" ? letter.element.child("enc") : nullptr;
  auto* device = enc == nullptr ? nullptr : device_of(letter.element.get("from"));
  const auto text = scope.values.find(letter.step + ".text");
  if (device != nullptr && text != scope.values.end() && enc->text() == text->second) {
    return seal_message(std::move(letter), *device, scope);
  }
  if (edit_of<model::ContentEdit>(letter.change) != nullptr ||
      edit_of<model::EncryptionEdit>(letter.change) != nullptr ||
      edit_of<model::MediaEdit>(letter.change) != nullptr) {
    return fail(Errc::unsupported,
                fmt::format("step '{}' has nothing that is sealed", letter.step));
  }
  std::vector<xml::Element> out;
  out.push_back(std::move(letter.element));
  return out;
}

Result<std::vector<xml::Element>> Correspondence::fill_bundle(Letter letter, const Device& device,
                                                              const Scope& scope) const {
  const auto jid = empty_user(letter.element)->get("jid");
  auto bundle = offered({letter.link, letter.element.get("id")}, jid, device);
  if (const auto* edit = edit_of<model::EncryptionEdit>(letter.change)) {
    auto rng = rng_.child("bundle/" + letter.step);
    const auto name = evaluate_row(edit->forge, scope, "change/forge");
    auto stranger = signal::make_identity(rng);
    if (!name || !stranger) {
      return std::unexpected(name ? stranger.error() : name.error());
    }
    auto forged = signal::forge_bundle(*name, {.bundle = bundle,
                                               .owner = device.keys.identity,
                                               .stranger = std::move(*stranger),
                                               .rng = rng.child("forger")});
    if (!forged) {
      return std::unexpected(forged.error());
    }
    bundle = std::move(*forged);
  }
  *empty_user(letter.element) = bundle_element(jid, bundle);
  std::vector<xml::Element> out;
  out.push_back(std::move(letter.element));
  return out;
}

// What the step says before a change of the content is made.
Result<Bytes> Correspondence::letter_content(const Letter& letter, Scope& scope) {
  const auto* edit = edit_of<model::MediaEdit>(letter.change);
  if (scope.values.contains(letter.step + ".kind")) {
    return media_.letter(letter.step, edit, scope);
  }
  return edit == nullptr
             ? Result<Bytes>(text_content(scope.values[letter.step + ".text"], form_))
             : fail(Errc::unsupported, fmt::format("step '{}' is about no file", letter.step));
}

Result<std::vector<xml::Element>> Correspondence::seal_message(Letter letter, Device& device,
                                                               Scope& scope) {
  const auto text = scope.values[letter.step + ".text"];
  const auto* content_edit = edit_of<model::ContentEdit>(letter.change);
  auto said = letter_content(letter, scope);
  const auto content = said ? edited_content(std::move(*said), content_edit, scope) : said;
  if (!content) {
    return std::unexpected(content.error());
  }
  Sealing sealing{.step = letter.step,
                  .link = letter.link,
                  .device = device,
                  .talk = talk_of(letter.link, device),
                  .edit = edit_of<model::EncryptionEdit>(letter.change),
                  .plaintext = {},
                  .rng = rng_.child("letter/" + letter.step)};
  const auto padding = model::ContentEdit{.padding = number_of(letter.step + ".padding", scope)};
  sealing.plaintext = padded_content(*content, content_edit == nullptr ? &padding : content_edit,
                                     sealing.rng, form_);
  // A change may have it say something else than the step.
  const auto says = read_content(sealing.plaintext, form_);
  if (says && !says->text.empty() && says->text != text) {
    ++texts_[says->text];
  }
  const auto sealed = message_of(sealing, scope);
  if (!sealed) {
    return std::unexpected(sealed.error());
  }
  std::vector<xml::Element> out;
  const auto add = [&](const signal::Message& message) -> xml::Element& {
    auto& stanza = out.emplace_back(letter.element);
    auto& enc = *stanza.child("enc");
    erase_view(enc);  // what the step says of it
    enc.set("type", std::string(to_string(message.kind)));
    if (auto mediatype = MediaExchange::mediatype_of(letter.step, scope); !mediatype.empty()) {
      enc.set("mediatype", std::move(mediatype));
    }
    enc.set_text(message.octets);
    return enc;
  };
  for (const auto& message : sealed->before) {
    (void)add(message);
    out.back().set("id", sealing.rng.child(fmt::format("before/{}", out.size())).token(12));
  }
  auto view = add(sealed->message);
  describe_sealed(view, sealed->message.octets);
  view.set("content", to_hex(*content));
  if (says) {
    MediaExchange::show(view, says->says);
  }
  view.set_text(scope.values[letter.step + ".text"]);
  scope.values[letter.step + ".enc"] = view.get("type");
  scope.values[letter.step + ".counter"] = view.get("counter");
  scope.values[letter.step + ".ratchet"] = view.get("ratchet-key");
  views_[sealed->message.octets] = std::move(view);
  return out;
}

Result<Forged> Correspondence::message_of(Sealing& sealing, Scope& scope) {
  const auto* edit = sealing.edit;
  const auto text = scope.values[sealing.step + ".text"];
  if (edit != nullptr && !edit->replay.empty()) {
    const auto earlier = sent_.find(edit->replay);
    if (earlier == sent_.end()) {
      return fail(Errc::not_found, fmt::format("no step '{}' has sealed anything", edit->replay));
    }
    scope.values[sealing.step + ".text"] = earlier->second.text;
    return Forged{.before = {}, .message = earlier->second.message, .session = {}};
  }
  if (auto begun = begin(sealing); !begun) {
    return std::unexpected(begun.error());
  }
  ++texts_[text];
  if (edit != nullptr && !edit->forge.empty()) {
    const auto name = evaluate_row(edit->forge, scope, "change/forge");
    return name ? forged(sealing, *name) : std::unexpected(name.error());
  }
  const auto overtaken = scope.values.find(sealing.step + ".late");
  auto message = edit == nullptr && overtaken != scope.values.end()
                     ? late(sealing, overtaken->second)
                     : written(sealing, scope);
  if (!message) {
    return std::unexpected(message.error());
  }
  return Forged{.before = {}, .message = std::move(*message), .session = {}};
}

// The session's next message, or one ahead of it; or what is not authentic, which uses no key up:
// the next honest message has the same.
Result<signal::Message> Correspondence::written(Sealing& sealing, const Scope& scope) {
  const auto* edit = sealing.edit;
  const auto& peer = sealing.talk.conversation.peer;
  auto sessions = signal::load_sessions(sealing.device.store, peer);
  if (!sessions) {
    return std::unexpected(sessions.error());
  }
  auto& taken = sealing.talk.taken;
  pass_taken(sessions->front(), taken);
  auto session = sessions->front();
  const auto ahead = ahead_of(sealing.step, edit, scope);
  for (int i = 0; i < ahead; ++i) {
    (void)signal::take_sender_keys(session);
    pass_taken(session, taken);
  }
  const auto counter = session.sender.counter;
  auto message = edit != nullptr && edit->version
                     ? of_version(session, sealing.plaintext, *edit->version)
                     : signal::write_message(session, sealing.plaintext);
  if (!message) {
    return message;
  }
  auto out = *message;
  if (edit != nullptr && (edit->version || edits_octets(edit->octets))) {
    auto octets = edit_bytes(std::move(out.octets), edit->octets, scope);
    if (!octets) {
      return std::unexpected(octets.error());
    }
    out.octets = std::move(*octets);
    if (!edit->octets.mutate) {
      return out;
    }
    // Whether that is authentic nobody knows: it uses its key up.
  }
  if (ahead > 0) {
    taken.second.insert(counter);
    overtaken_[sealing.step] = sessions->front();
  } else {
    sessions->front() = std::move(session);
  }
  sealing.talk.last_sent = inner_of(*message);
  const auto text = scope.values.find(sealing.step + ".text");
  sent_[sealing.step] = {.message = *message, .text = text->second};
  if (auto saved = signal::save_sessions(sealing.device.store, peer, std::move(*sessions));
      !saved) {
    return std::unexpected(saved.error());
  }
  return out;
}

// The next of those that the message of step `overtaker` has overtaken, whatever was sent since.
Result<signal::Message> Correspondence::late(const Sealing& sealing, const std::string& overtaker) {
  const auto at = overtaken_.find(overtaker);
  if (at == overtaken_.end()) {
    return fail(Errc::not_found, fmt::format("step '{}' has overtaken nothing", overtaker));
  }
  auto& session = at->second;
  auto& [chain, counters] = sealing.talk.taken;
  if (chain == session.ratchet.public_key) {
    counters.insert(session.sender.counter);
  }
  return signal::write_message(session, sealing.plaintext);
}

// Honest messages before it are such as a client shows.
Result<Forged> Correspondence::forged(const Sealing& sealing, const std::string& name) {
  auto conversation = sealing.talk.conversation;
  conversation.plaintext = sealing.plaintext;
  for (std::size_t i = 0; i < kHonestMessages; ++i) {
    auto rng = sealing.rng.child(fmt::format("honest/{}", i));
    const auto text = rng.token(12);
    ++texts_[text];
    conversation.honest.push_back(padded_content(text_content(text, form_), nullptr, rng, form_));
  }
  auto rng = sealing.rng.child("forger");
  auto out = signal::forge_next(sealing.device.store, name, conversation, rng);
  if (out && !out->before.empty()) {
    sealing.talk.last_sent = inner_of(out->before.back());
  }
  return out;
}

}  // namespace parley::engine
