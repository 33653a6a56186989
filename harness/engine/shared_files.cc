// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/shared_files.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/base/text.h"
#include "harness/crypto/digest.h"
#include "harness/engine/media_secrets.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {

namespace omemo = crypto::omemo;

namespace {

constexpr std::string_view kUploadNamespace = "urn:xmpp:http:upload:0";
constexpr std::size_t kMostKept = 4 * 1024 * 1024;  // octets of what came, of one run
constexpr std::size_t kMostLooked = 1024 * 1024;    // at the beginning of what is too large
// Of a file, once it is encrypted: twice what a played service says that it takes.
constexpr std::size_t kMostOpened = 8 * 1024 * 1024;
constexpr std::size_t kMostKeys = 64;  // of one run, that are looked for
constexpr const char* kKeyInTheClear = "the key of a file went out in the clear";

// Of an http URL; the whole text where it is none.
std::string path_of(const std::string& url) {
  const auto scheme = url.find("://");
  const auto path = scheme == std::string::npos ? std::string::npos : url.find('/', scheme + 3);
  return path == std::string::npos ? url : url.substr(path);
}

}  // namespace

void SharedFiles::note_large(LargeBody body) {
  lost_ = lost_ || body.octets == nullptr;
  large_.insert_or_assign(std::move(body.name), std::move(body.octets));
}

LyingFile SharedFiles::body_of(const xml::Element& message) const {
  if (const auto* octets = message.child(wire::kHttpOctets)) {
    const auto large = large_.find(octets->text());
    return large != large_.end()
               ? LyingFile{.octets = {}, .name = large->first, .spool = large->second}
               : LyingFile{.octets = from_hex(octets->text()).value_or("")};
  }
  const auto* body = message.child(wire::kHttpBody);
  return {.octets = body == nullptr ? "" : body->text()};
}

// Its beginning.
Bytes SharedFiles::read(const LyingFile& file, std::size_t most) {
  if (file.spool == nullptr) {
    return file.octets.substr(0, most);
  }
  auto out = file.spool->read(0, most);
  lost_ = lost_ || file.spool->failed() ||
          out.size() < std::min<std::uint64_t>(most, file.spool->size());
  return out;
}

void SharedFiles::note_told(std::string_view file) {
  constexpr std::size_t kBeginning = 48;  // octets; what is much shorter is found by chance
  constexpr std::size_t kLeast = 16;
  const auto beginning = from_hex(file.substr(0, kBeginning * 2)).value_or("");
  if (beginning.size() >= kLeast) {
    std::ranges::move(spellings_of(beginning), std::back_inserter(plain_));
  }
}

void SharedFiles::note_came(const std::string& link, const xml::Element& said) {
  Came came{.link = link, .text = all_text_of(said)};
  auto body = body_of(said);
  if (body.spool != nullptr) {
    came.text += read(body, kMostLooked);
  }
  look_for_secrets(came);
  if (came_octets_ + came.text.size() <= kMostKept) {
    came_octets_ += came.text.size();
    came_.push_back(std::move(came));
  }
  if (said.name == wire::kHttpRequest && said.get("method") == "PUT") {
    under_way_[link] = {said.get("target"), std::move(body)};
  }
}

void SharedFiles::note_said(const std::string& link, const xml::Element& said) {
  const auto* slot = said.name == "iq" ? said.child("slot", kUploadNamespace) : nullptr;
  const auto* put = slot == nullptr ? nullptr : slot->child("put");
  const auto* get = slot == nullptr ? nullptr : slot->child("get");
  if (put != nullptr && get != nullptr) {
    slots_[path_of(put->get("url"))] = get->get("url");
  }
  const auto asked = under_way_.find(link);
  if (asked == under_way_.end() || said.name != wire::kHttpResponse) {
    return;
  }
  auto [path, file] = std::move(asked->second);
  under_way_.erase(asked);
  if (const auto at = slots_.find(path);
      at != slots_.end() && said.get("status").starts_with('2')) {
    uploads_[at->second] = std::move(file);
  }
}

void SharedFiles::look_for_secrets(const Came& came) {
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
std::string SharedFiles::without_secrets(std::string text) const {
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
  return end == text.size() ? text : text.substr(0, end) + "***";
}

// A key is one file's: what is said again of the same URL is the same file.
void SharedFiles::learn(const std::string& link, const omemo::SharedFile& file) {
  for (const auto& known : keys_) {
    const bool same_key = known.key.reveal() == file.key.key.reveal();
    if (known.url != file.https && (same_key || known.iv == file.key.iv)) {
      breaches_.note({"media-keys-fresh", link,
                      same_key ? "two files have the same key"
                               : "two files have the same initialisation vector",
                      file.https});
    }
    if (same_key) {
      return;
    }
  }
  if (keys_.size() >= kMostKeys) {
    return;
  }
  keys_.push_back({.key = file.key.key,
                   .iv = file.key.iv,
                   .url = file.https,
                   .forms = spellings_of(file.key.key.reveal())});
  for (const auto& came : came_) {
    if (holds_any_of(came.text, keys_.back().forms)) {
      breaches_.note({"media-sealed", came.link, kKeyInTheClear, without_secrets(came.text)});
    }
  }
}

void SharedFiles::describe(const std::string& link, const std::string& text, xml::Element& view) {
  const auto file = omemo::read_shared_file(text);
  if (!file) {
    if (text.find(omemo::kSharedScheme) != std::string::npos) {
      view.set("media-holds", "no aesgcm URL: " + file.error().detail);
    }
    return;
  }
  learn(link, *file);
  const auto anchor = text.find('#') + 1;
  const auto end = std::min(text.find('\n'), text.size());
  view.set_text(text.substr(0, anchor) + std::string(end - anchor, '*') + text.substr(end));
  view.set("media", file->https);
  view.set("media-holds", holds(*file, view));
}

std::string SharedFiles::holds(const omemo::SharedFile& file, xml::Element& view) {
  const auto upload = uploads_.find(file.https);
  if (upload == uploads_.end()) {
    return "nothing was uploaded for that URL";
  }
  const auto octets = read(upload->second, kMostOpened + 1);
  if (octets.size() > kMostOpened) {
    return "it is larger than the service has said that it takes";
  }
  const auto opened = omemo::open_shared_file(file.key, octets);
  if (!opened) {
    return opened.error().detail;
  }
  view.set("media-sha256", to_hex(crypto::sha256(*opened)));
  return "yes";
}

}  // namespace parley::engine
