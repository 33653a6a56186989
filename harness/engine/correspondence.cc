// SPDX-License-Identifier: GPL-3.0-or-later
// The receiving half of Correspondence: what is learned of the SUT's keys and read of its messages.
#include "harness/engine/correspondence.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/engine/key_publication.h"
#include "harness/engine/media_secrets.h"
#include "harness/engine/message_content.h"
#include "harness/engine/sealed_view.h"

namespace parley::engine {

namespace signal = crypto::signal;

namespace {

constexpr std::size_t kOneTimePrekeys = 8;
constexpr std::size_t kLeastSecret = 8;    // what is shorter is found by chance
constexpr std::size_t kMostUnopened = 64;  // of a link; each may cost as many keys as are skipped

}  // namespace

std::unique_ptr<Correspondence> Correspondence::of(const CastRun& run,
                                                   const std::map<std::string, std::string>& values,
                                                   const Rng& rng) {
  const auto by_sut = [&](const auto& actor) {
    return !model::is_server(actor.second) && run.under_test(actor.second);
  };
  if (run.flow == nullptr || run.flow->content != model::Content::signal ||
      run.under_test(model::Party::gatekeeper_server) ||
      std::ranges::none_of(run.flow->actors, by_sut)) {
    return nullptr;
  }
  std::unique_ptr<Correspondence> out(new Correspondence(rng));
  out->form_ = content_form(*run.profile);
  out->media_.write_as(out->form_);
  for (const auto& [actor, party] : run.flow->actors) {
    const auto bare = values.find(actor + ".bare");
    if (model::is_server(party) || bare == values.end()) {
      continue;
    }
    if (!run.played(actor)) {
      out->bare_[actor] = bare->second;
      for (const auto& [what, service] : {std::pair(".upload-token", kUploadService),
                                          std::pair(".download-token", kDownloadService)}) {
        if (const auto token = values.find(actor + what); token != values.end()) {
          out->media_.note_credential(token->second, service_link(actor, std::string(service)));
        }
      }
      continue;
    }
    auto own = out->rng_.child(actor);
    auto device = std::make_unique<Device>();
    device->actor = actor;
    auto keys = signal::make_device(device->store, kOneTimePrekeys, 0, own);
    auto provider = keys ? signal::make_open_provider(device->store, own.child("sessions"))
                         : std::unexpected(keys.error());
    if (!provider) {
      continue;  // of a store in memory and a generator nothing fails
    }
    device->keys = std::move(*keys);
    device->provider = std::move(*provider);
    out->devices_[bare->second] = std::move(device);
  }
  return out;
}

std::map<std::string, std::string> Correspondence::values() const {
  std::map<std::string, std::string> out;
  for (const auto& [bare, device] : devices_) {
    const auto& identity = device->keys.identity;
    out[device->actor + ".registration"] = registration_octets(identity.registration);
    out[device->actor + ".identity"] = identity.keys.public_key;
  }
  return out;
}

void Correspondence::note_written(const std::string& text) { written_.insert(text); }

const Correspondence::Device* Correspondence::device_of(const std::string& jid) const {
  const auto at = devices_.find(user_of(jid));
  return at == devices_.end() ? nullptr : at->second.get();
}

Correspondence::Device* Correspondence::device_of(const std::string& jid) {
  const auto at = devices_.find(user_of(jid));
  return at == devices_.end() ? nullptr : at->second.get();
}

Correspondence::Talk& Correspondence::talk_of(const std::string& link, const Device& device) {
  auto& talk = talks_[link + " " + device.actor];
  talk.conversation.peer = {.name = bare_[link], .device = signal::DeviceId(0)};
  return talk;
}

xml::Element Correspondence::opened(const std::string& link, const xml::Element& stanza) {
  auto out = stanza;
  look_for_texts(link, stanza);
  media_.note_came(link, stanza);
  if (is_key_upload(stanza)) {
    learn(link, stanza);
  } else if (is_key_request(stanza)) {
    note_request(link, stanza);
  }
  if (stanza.name != "message" || !bare_.contains(link)) {
    return out;
  }
  auto* device = device_of(stanza.get("to"));
  for (auto& node : out.children) {
    auto* enc = std::get_if<xml::Element>(&node);
    if (enc == nullptr || enc->name != "enc") {
      continue;
    }
    if (device != nullptr) {
      open(link, *enc, *device);
    } else {
      erase_view(*enc);
      enc->set("unopened", "receiver");
    }
  }
  return out;
}

// Each is answered with keys of its own, in whatever order.
void Correspondence::note_request(const std::string& link, const xml::Element& request) {
  Asked asked;
  for (const auto* user : request.child("key")->elements()) {
    auto* device = device_of(user->get("jid"));
    asked.emplace_back(user_of(user->get("jid")), device == nullptr ? 0 : device->asked++);
  }
  asked_[link + " " + request.get("id")] = std::move(asked);
}

void Correspondence::note_changed(const std::string& link, const xml::Element& stanza) {
  const auto* list = stanza.name == "iq" ? stanza.child("list") : nullptr;
  const auto asked = asked_.find(link + " " + stanza.get("id"));
  if (list == nullptr || asked == asked_.end()) {
    return;
  }
  const auto users = list->elements();
  for (std::size_t i = 0; i < std::min(users.size(), asked->second.size()); ++i) {
    // By whom it was asked for: the change may name another.
    changed_[link + " " + asked->second[i].first] = *users[i];
  }
}

void Correspondence::note_sent(const std::string& link, const xml::Element& stanza) {
  media_.note_said(link, stanza);
  const auto* count = stanza.name == "notification" ? stanza.child("count") : nullptr;
  if (count == nullptr || stanza.get("type") != "encrypt" || !bare_.contains(link)) {
    return;
  }
  const auto value = count->get("value");
  std::uint32_t told = 0;
  if (std::from_chars(value.data(), value.data() + value.size(), told).ec == std::errc()) {
    beyond_[link] = told - unused(link);
  }
}

void Correspondence::look_for_texts(const std::string& link, const xml::Element& stanza) {
  const auto said = all_text_of(stanza);
  for (const auto& text : written_) {
    if (text.size() >= kLeastSecret && said.find(text) != std::string::npos) {
      breaches_.note(
          {"sealed-content", link, "what a user wrote went out in the clear", xml::print(stanza)});
    }
  }
}

void Correspondence::learn(const std::string& link, const xml::Element& upload) {
  auto read = read_publication(upload);
  if (!read) {
    breaches_.note({"prekey-form", link,
                    "the client publishes keys that nobody can use: " + read.error().detail,
                    xml::print(upload)});
    return;
  }
  auto& published = published_[link];
  published.bundle = std::move(read->bundle);
  for (auto& key : read->one_time) {
    const auto id = static_cast<std::uint32_t>(key.id);
    const auto [at, fresh] = published.ids.emplace(id, key.key);
    if (!fresh) {
      breaches_.note({"prekeys-once", link, fmt::format("the client publishes prekey {} twice", id),
                      to_hex(key.key)});
      continue;
    }
    published.one_time.push_back(std::move(key));
  }
}

// One key makes one message: what comes again may be the same octets and nothing else.
void Correspondence::note_keys(const std::string& link, const xml::Element& enc,
                               const std::string& to, const signal::Message& message) {
  if (enc.find("ratchet-key") == nullptr) {
    return;
  }
  const auto inner = inner_of(message);
  const auto name = fmt::format("{} {} {}", to, enc.get("ratchet-key"), enc.get("counter"));
  const auto [at, fresh] = keys_.emplace(name, inner);
  if (!fresh && at->second != inner) {
    breaches_.note({"message-keys-once", link,
                    fmt::format("two messages are sealed by one key, number {} of its chain",
                                enc.get("counter")),
                    enc.get("sealed")});
  }
}

void Correspondence::open(const std::string& link, xml::Element& enc, Device& device) {
  const auto octets = enc.text();
  erase_view(enc);
  describe_sealed(enc, octets);
  const auto kind = kind_of(enc);
  if (!kind) {
    enc.set("unopened", "type");
    return;
  }
  const Received received{link, device.actor, *kind, octets};
  if (const auto known = received_.find(received); known != received_.end()) {
    copy_view(known->second, enc);  // it came before
    enc.set("again", "yes");
    return;
  }
  auto& talk = talk_of(link, device);
  const signal::Message message{.kind = *kind, .octets = octets};
  note_keys(link, enc, device.actor, message);
  auto& unopened = unopened_[link];
  if (unopened >= kMostUnopened) {
    enc.set("unopened", "too many");
    return;
  }
  const auto plain = device.provider->decrypt(talk.conversation.peer, message);
  if (!plain) {
    ++unopened;
    enc.set("unopened", std::string(to_string(plain.error().reason)));
    return;
  }
  talk.conversation.delivered = talk.last_sent;
  talk.conversation.received = inner_of(message);
  const auto read = read_content(*plain, form_);
  if (!read) {
    enc.set("unopened", "content: " + read.error().detail);
    return;
  }
  enc.set("padding", std::to_string(read->padding));
  enc.set("content", to_hex(read->content));
  media_.describe(link, enc, read->says);
  enc.set_text(read->text);
  received_[received] = enc;
}

xml::Element Correspondence::shown(const xml::Element& stanza) const {
  auto out = stanza;
  if (auto* enc = stanza.name == "message" ? out.child("enc") : nullptr) {
    if (const auto view = views_.find(enc->text()); view != views_.end()) {
      copy_view(view->second, *enc);
    }
  }
  return out;
}

xml::Element Correspondence::keys_of(const Request& request, const std::string& jid) const {
  const auto changed = changed_.find(request.link + " " + user_of(jid));
  if (changed != changed_.end()) {
    return changed->second;
  }
  const auto* device = device_of(jid);
  if (device == nullptr) {
    xml::Element out{.ns = "", .name = "user", .attributes = {}, .children = {}};
    out.set("jid", jid);
    xml::Element error{.ns = "", .name = "error", .attributes = {}, .children = {}};
    error.set("code", "404");
    out.children.emplace_back(std::move(error));
    return out;
  }
  return bundle_element(jid, offered(request, jid, *device));
}

void Correspondence::inform(const Request& request, PeerView& view) const {
  view.keys_of = [this, request](const std::string& jid) { return keys_of(request, jid); };
  view.keys_left = keys_left(request.link);
}

signal::PrekeyBundle Correspondence::offered(const Request& request, const std::string& jid,
                                             const Device& device) const {
  if (const auto at = asked_.find(request.link + " " + request.id); at != asked_.end()) {
    const auto user = std::ranges::find(at->second, user_of(jid), &Asked::value_type::first);
    if (user != at->second.end()) {
      return device.offered(user->second);
    }
  }
  return device.offered(device.asked == 0 ? 0 : device.asked - 1);
}

signal::PrekeyBundle Correspondence::Device::offered(std::size_t nth) const {
  const auto* one_time = nth < keys.one_time.size() ? &keys.one_time[nth] : nullptr;
  return signal::bundle_of(keys.identity, signal::DeviceId(0), keys.signed_prekey, one_time);
}

std::size_t Correspondence::keys_left(const std::string& link) const {
  const auto beyond = beyond_.find(link);
  const auto left = unused(link) + (beyond == beyond_.end() ? 0 : beyond->second);
  return static_cast<std::size_t>(std::max<std::int64_t>(left, 0));
}

std::int64_t Correspondence::unused(const std::string& link) const {
  const auto at = published_.find(link);
  return at == published_.end()
             ? 0
             : static_cast<std::int64_t>(at->second.one_time.size() - at->second.used);
}

}  // namespace parley::engine
