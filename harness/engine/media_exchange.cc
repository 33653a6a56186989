// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/media_exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/base/text.h"
#include "harness/crypto/digest.h"
#include "harness/crypto/media/media_forgery.h"
#include "harness/crypto/media/media_stream.h"
#include "harness/engine/cast.h"
#include "harness/engine/media_kind.h"
#include "harness/engine/media_secrets.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {

namespace media = crypto::media;
using wire::MediaType;

namespace {

constexpr std::size_t kLeastHidden = 8;             // octets of a key that no view shows
constexpr std::size_t kMostKept = 4 * 1024 * 1024;  // octets of what came, of one run
constexpr std::size_t kMostLooked = 1024 * 1024;    // at the beginning of what is too large
constexpr std::size_t kMostKeys = 64;               // of one run, that are looked for
constexpr const char* kKeyInTheClear = "the key of a file went out in the clear";

std::optional<std::string> said(const std::string& field, const Scope& scope) {
  const auto at = scope.values.find(field);
  return at == scope.values.end() || at->second.empty() ? std::nullopt : std::optional(at->second);
}

std::optional<std::uint64_t> number_said(const std::string& field, const Scope& scope) {
  const auto text = said(field, scope).value_or("");
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && !text.empty() ? std::optional(out) : std::nullopt;
}

// The file as it is hosted, honestly or as the change has it.
Result<media::ForgedMedia> made(const NamedKind& kind, Bytes plaintext,
                                const std::optional<std::string>& forgery, Rng& rng) {
  const auto key = media::make_media_key(rng);
  if (forgery) {
    return media::forge_media(*forgery, {.media_key = key,
                                         .other_key = media::make_media_key(rng),
                                         .kind = kind.keys,
                                         .plaintext = std::move(plaintext)});
  }
  const auto keys = media::expand(key, kind.keys);
  if (!keys) {
    return std::unexpected(keys.error());
  }
  auto file = media::encrypt_media(*keys, plaintext, media::SidecarWanted::yes);
  if (!file) {
    return std::unexpected(file.error());
  }
  return media::ForgedMedia{
      .file = std::move(file->file), .description = std::move(file->description), .media_key = key};
}

wire::MediaMessage message_of(const NamedKind& kind, const media::ForgedMedia& file,
                              const std::string& step, const Scope& scope) {
  const bool has_caption = kind.type != MediaType::audio && kind.type != MediaType::sticker;
  const bool streams = kind.type == MediaType::audio || kind.type == MediaType::video;
  wire::MediaMessage out;
  out.type = kind.type;
  out.url = said(step + ".url", scope);
  out.mimetype = said(step + ".mimetype", scope).value_or(std::string(kind.mimetype));
  out.caption = has_caption ? said(step + ".text", scope) : std::nullopt;
  out.file_sha256 = file.description.file_sha256;
  out.file_enc_sha256 = file.description.file_enc_sha256;
  out.file_length = file.description.file_length;
  out.media_key = file.media_key;
  out.media_key_timestamp = number_said("noise.now", scope);
  out.sidecar = streams ? file.description.sidecar : std::nullopt;
  out.seconds = streams ? number_said(step + ".seconds", scope) : std::nullopt;
  if (kind.type == MediaType::document) {
    out.file_name = said(step + ".name", scope);
    out.title = out.file_name;
  }
  if (kind.mark != nullptr) {
    out.*kind.mark = 1;
  }
  return out;
}

// Of an http URL; the whole text where it is none.
std::string path_of(const std::string& url) {
  const auto scheme = url.find("://");
  const auto path = scheme == std::string::npos ? std::string::npos : url.find('/', scheme + 3);
  return path == std::string::npos ? url : url.substr(path);
}

}  // namespace

Result<Bytes> MediaExchange::letter(const std::string& step, const model::MediaEdit* edit,
                                    Scope& scope) {
  const auto name = said(step + ".kind", scope).value_or("");
  const auto* kind = find_kind(name);
  if (kind == nullptr) {
    std::vector<std::string> known;
    for (const auto& one : named_kinds()) {
      known.emplace_back(one.name);
    }
    return fail(Errc::not_found, unknown_name("kind of media", name, known));
  }
  auto plaintext = from_hex(said(step + ".file", scope).value_or(""));
  if (!plaintext) {
    return plaintext;
  }
  std::optional<std::string> forgery;
  if (edit != nullptr) {
    auto forge = evaluate_row(edit->forge, scope, "change/forge");
    if (!forge) {
      return forge;
    }
    forgery = std::move(*forge);
  }
  if (const auto times = number_said(step + ".times", scope)) {
    return large_letter({.kind = *kind,
                         .step = step,
                         .octets = std::move(*plaintext),
                         .times = *times,
                         .forgery = forgery.value_or("")},
                        scope);
  }
  scope.values[step + ".sha256"] = to_hex(crypto::sha256(*plaintext));
  scope.values[step + ".length"] = std::to_string(plaintext->size());
  auto rng = rng_.child("file/" + step);
  const auto file = made(*kind, std::move(*plaintext), forgery, rng);
  if (!file) {
    return std::unexpected(file.error());
  }
  scope.values[step + ".hosted"] = to_hex(file->file);
  const auto message = message_of(*kind, *file, step, scope);
  learn_key("", message);
  return media_content(message, form_);
}

Result<Bytes> MediaExchange::large_letter(const LargeLetter& letter, Scope& scope) {
  const auto& [kind, step, octets, times, forgery] = letter;
  auto rng = rng_.child("file/" + step);
  OwnLarge own{.file = {.octets = octets,
                        .times = times,
                        .media_key = media::make_media_key(rng),
                        .kind = kind.keys,
                        .forgery = forgery},
               .facts = {}};
  auto facts = media::facts_of(own.file);
  if (!facts) {
    return std::unexpected(facts.error());
  }
  own.facts = std::move(*facts);
  scope.values[step + ".sha256"] = to_hex(own.facts.plain_sha256);
  scope.values[step + ".length"] = std::to_string(octets.size() * times);
  const media::ForgedMedia described{
      .file = {}, .description = own.facts.description, .media_key = own.file.media_key};
  const auto message = message_of(kind, described, step, scope);
  learn_key("", message);
  const auto name =
      to_string(LargeName{.length = own.facts.octets, .sha256 = to_hex(own.facts.sha256)});
  scope.values[step + ".hosted"] = name;
  own_large_.insert_or_assign(name, std::move(own));
  return media_content(message, form_);
}

LargeSource MediaExchange::file_named(const std::string& name) {
  const auto own = own_large_.find(name);
  auto made = own == own_large_.end()
                  ? fail(Errc::not_found, "")
                  : media::LargeMediaStream::make(own->second.file, own->second.facts);
  if (!made) {
    return nullptr;
  }
  const auto stream = std::make_shared<media::LargeMediaStream>(std::move(*made));
  return [stream] { return stream->next(); };
}

std::string MediaExchange::mediatype_of(const std::string& step, const Scope& scope) {
  const auto* kind = find_kind(said(step + ".kind", scope).value_or(""));
  return kind == nullptr ? "" : std::string(kind->mediatype);
}

void MediaExchange::note_large(LargeBody body) {
  lost_ = lost_ || body.octets == nullptr;
  large_.insert_or_assign(std::move(body.name), std::move(body.octets));
}

LyingFile MediaExchange::body_of(const xml::Element& message) const {
  if (const auto* octets = message.child(wire::kHttpOctets)) {
    const auto large = large_.find(octets->text());
    return large != large_.end()
               ? LyingFile{.octets = {}, .name = large->first, .spool = large->second}
               : LyingFile{.octets = from_hex(octets->text()).value_or("")};
  }
  const auto* body = message.child(wire::kHttpBody);
  return {.octets = body == nullptr ? "" : body->text()};
}

void MediaExchange::note_credential(std::string credential, std::string link) {
  credentials_.push_back({std::move(credential), std::move(link)});
}

void MediaExchange::note_told(std::string_view file) {
  constexpr std::size_t kBeginning = 48;  // octets; what is much shorter is found by chance
  constexpr std::size_t kLeast = 16;
  const auto beginning = from_hex(file.substr(0, kBeginning * 2)).value_or("");
  if (beginning.size() >= kLeast) {
    std::ranges::move(spellings_of(beginning), std::back_inserter(plain_));
  }
}

void MediaExchange::note_came(const std::string& link, const xml::Element& said) {
  auto bare = said;
  if (auto* headers = bare.child(wire::kHttpHeaders)) {
    std::erase_if(headers->children, [&](const xml::Node& node) {
      const auto* field = std::get_if<xml::Element>(&node);
      return field != nullptr && field->name == "authorization" &&
             std::ranges::any_of(credentials_, [&](const Credential& one) {
               return one.link == link && field->text() == "Bearer " + one.value;
             });
    });
  }
  Came came{.link = link, .text = all_text_of(bare)};
  if (const auto body = body_of(said); body.spool != nullptr) {
    const auto beginning = body.spool->read(0, kMostLooked);
    lost_ = lost_ || beginning.size() < std::min<std::uint64_t>(kMostLooked, body.spool->size());
    came.text += beginning;
  }
  look_for_secrets(came);
  if (came_octets_ + came.text.size() <= kMostKept) {
    came_octets_ += came.text.size();
    came_.push_back(std::move(came));
  }
  if (service_of(link) != kUploadService) {
    return;
  }
  if (said.name == wire::kHttpRequest) {
    under_way_[link] = body_of(said);
  } else if (said.name == wire::kHttpResponse) {
    check_hosted(link, said);
  }
}

void MediaExchange::look_for_secrets(const Came& came) {
  for (const auto& credential : credentials_) {
    if (came.text.find(credential.value) != std::string::npos) {
      breaches_.note({"media-credentials", came.link,
                      fmt::format("what proves the client at {} went out elsewhere",
                                  service_of(credential.link)),
                      without_secrets(came.text)});
    }
  }
  for (const auto& key : keys_) {
    if (holds_any_of(came.text, key.forms)) {
      breaches_.note({"media-sealed", came.link, kKeyInTheClear, without_secrets(came.text)});
    }
  }
  if (holds_any_of(came.text, plain_)) {
    breaches_.note(
        {"media-sealed", came.link, "a file went out in the clear", without_secrets(came.text)});
  }
}

// As far as the first of them: what follows a part of one may be the rest of it.
std::string MediaExchange::without_secrets(std::string text) const {
  auto end = text.size();
  const auto until = [&](const std::vector<std::string>& forms) {
    for (const auto& form : forms) {
      end = std::min(end, text.find(form));
    }
  };
  until(plain_);
  for (const auto& key : keys_) {
    until(key.forms);
  }
  for (const auto& credential : credentials_) {
    until({credential.value});
  }
  return end == text.size() ? text : text.substr(0, end) + "***";
}

void MediaExchange::note_said(const std::string& link, const xml::Element& said) {
  if (said.name == wire::kHttpRequest) {
    asked_[link] = said.get("target");
    return;
  }
  const auto asked = under_way_.find(link);
  if (asked == under_way_.end() || said.name != wire::kHttpResponse) {
    return;
  }
  auto octets = std::move(asked->second);
  under_way_.erase(asked);
  const auto* json = said.child(wire::kHttpJson);
  const auto* url = json == nullptr ? nullptr : json->child("url");
  if (!said.get("status").starts_with('2') || url == nullptr) {
    return;
  }
  // What nobody was told of may be uploaded again as it is: its answer need not have come.
  const bool again = std::ranges::any_of(uploads_, [&](const auto& upload) {
    return upload.second == octets && announced_.contains(path_of(upload.first));
  });
  if (!octets.empty() && again) {
    breaches_.note({"media-keys-fresh", link, "two uploads are the same octets", url->text()});
  }
  uploads_[url->text()] = std::move(octets);
}

// A key is one file's: what is said again of the same URL is the same file.
void MediaExchange::learn_key(const std::string& link, const wire::MediaMessage& message) {
  if (!message.media_key || message.media_key->size() != media::kMediaKeyOctets) {
    return;
  }
  const auto& key = *message.media_key;
  const auto url = message.url.value_or("");
  const auto known = std::ranges::find_if(
      keys_, [&](const KnownKey& one) { return one.key.reveal() == key.reveal(); });
  if (known != keys_.end()) {
    if (known->url != url) {
      breaches_.note({"media-keys-fresh", link, "two files have the same key", url});
    }
    return;
  }
  if (keys_.size() >= kMostKeys) {
    return;
  }
  KnownKey fresh{.key = key, .url = url, .forms = spellings_of(key.reveal())};
  if (const auto keys = media::expand(key, kind_of(message).keys)) {
    for (const auto* part : {&keys->cipher, &keys->mac}) {
      std::ranges::move(spellings_of(part->reveal()), std::back_inserter(fresh.forms));
    }
  }
  keys_.push_back(std::move(fresh));
  for (const auto& came : came_) {
    if (holds_any_of(came.text, keys_.back().forms)) {
      breaches_.note({"media-sealed", came.link, kKeyInTheClear, without_secrets(came.text)});
    }
  }
}

void MediaExchange::show(xml::Element& enc, const wire::Content& content) {
  if (content.media.empty()) {
    return;
  }
  const auto& message = content.media.front();
  enc.set("media", std::string(kind_of(message).name));
  enc.set("media-url", message.url.value_or(""));
  enc.set("media-type", message.mimetype.value_or(""));
  enc.set("media-name", message.file_name.value_or(""));
  if (message.file_length) {
    enc.set("media-length", std::to_string(*message.file_length));
  }
  for (const auto& one : content.media) {
    if (one.media_key && one.media_key->size() >= kLeastHidden) {
      const auto key = to_hex(one.media_key->reveal());
      enc.set("content", replace_all(enc.get("content"), key, std::string(key.size(), '*')));
    }
  }
}

void MediaExchange::describe(const std::string& link, xml::Element& enc,
                             const wire::Content& content) {
  show(enc, content);
  if (content.media.empty()) {
    return;
  }
  for (const auto& message : content.media) {
    learn_key(link, message);
    announced_[path_of(message.url.value_or(""))] = message;
  }
  enc.set("media-holds", content.media.size() > 1 ? "several files in one message"
                                                  : holds(content.media.front(), enc));
}

std::string MediaExchange::holds(const wire::MediaMessage& message, xml::Element& enc) {
  const auto upload = uploads_.find(message.url.value_or(""));
  if (missing(message).empty() && upload == uploads_.end()) {
    return "nothing was uploaded for that URL";
  }
  auto proof = proof_of(message, upload == uploads_.end() ? LyingFile{} : upload->second);
  lost_ = lost_ || proof.lost;
  if (!proof.sha256.empty()) {
    enc.set("media-sha256", std::move(proof.sha256));
  }
  return std::move(proof.verdict);
}

// MED-007: of what a server under test hosts for its client.
void MediaExchange::check_hosted(const std::string& link, const xml::Element& response) {
  const auto asked = asked_.find(link);
  const auto announced = asked == asked_.end() ? announced_.end() : announced_.find(asked->second);
  if (announced == announced_.end() || response.get("status") != "200") {
    return;
  }
  const auto proof = proof_of(announced->second, body_of(response));
  lost_ = lost_ || proof.lost;
  if (proof.verdict != "yes") {
    breaches_.note({"media-hosted", link,
                    "a file is hosted that is not as its message says: " + proof.verdict,
                    announced->first});
  }
}

}  // namespace parley::engine
