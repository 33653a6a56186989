// SPDX-License-Identifier: GPL-3.0-or-later
// What the client does with files: those that its user sends, and those that messages announce.
// Sources: MED-001 to MED-006, MED-010, MED-012 to MED-016, MED-018, MED-019.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/crypto/digest.h"
#include "harness/reference/whatsapp/client_content.h"
#include "harness/reference/whatsapp/client_session.h"
#include "harness/reference/whatsapp/media_announcement.h"
#include "harness/reference/whatsapp/media_name.h"
#include "harness/wire/content.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kCaptionedVersion = "2";  // of <enc/>, in which documents have captions
constexpr std::size_t kMaxArriving = 1'000;
constexpr std::size_t kMaxFileNames = 10'000;
constexpr std::size_t kMostTypeOctets = 127;  // RFC 4288 section 4.2

// A type that can be told; what else stands there is nobody's.
bool is_media_type(std::string_view text) {
  const auto visible = [](char c) { return c > ' ' && c < 0x7f; };
  return !text.empty() && text.size() <= kMostTypeOctets && std::ranges::all_of(text, visible);
}

// As most files are called; none is as good.
bool is_plain_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(" ._-").contains(c);
  };
  return name.size() < 100 && !name.starts_with('.') && std::ranges::all_of(name, plain);
}

FileKind shown_kind(FileKind kind, const FaultSet& faults) {
  if (!faults.has(Fault::wt_media_other_kind_shown)) {
    return kind;
  }
  return kind == FileKind::voice ? FileKind::audio
         : kind == FileKind::gif ? FileKind::video
                                 : FileKind::document;
}

}  // namespace

void ClientSession::begin_transfer(asio::awaitable<void> transfer) {
  auto signal = std::make_shared<asio::cancellation_signal>();
  transfers_.push_back(signal);
  auto ended = [self = shared_from_this(), signal](const std::exception_ptr& failure) {
    std::erase(self->transfers_, signal);
    if (failure != nullptr && !self->forgotten_) {
      self->forget();
      self->notify_("closed", {{"user", self->account_.user}, {"reason", "internal error"}});
    }
    if (self->transfers_.empty()) {
      self->no_transfers_.cancel();
    }
  };
  asio::co_spawn(executor_, std::move(transfer),
                 asio::bind_cancellation_slot(signal->slot(), std::move(ended)));
}

asio::awaitable<void> ClientSession::wait_for_transfers() {
  constexpr auto kNever = asio::steady_timer::time_point::max();
  while (!transfers_.empty()) {
    if (no_transfers_.expiry() != kNever) {  // or others who wait would be woken
      no_transfers_.expires_at(kNever);
    }
    co_await no_transfers_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<void> ClientSession::settle(std::shared_ptr<ClientSession> self) {
  co_await self->wait_for_transfers();
}

// --- sending ---

std::string ClientSession::send_file(const std::string& to, OutgoingFile file, std::string id) {
  Unacknowledged message{.id = id.empty() ? next_id() : std::move(id),
                         .to = to,
                         .text = file.caption,
                         .content = {},
                         .mediatype = faults_.has(Fault::wt_media_sent_as_text)
                                          ? ""
                                          : announced_mediatype(file.kind, faults_)};
  begin_transfer(upload(shared_from_this(), message, std::move(file)));
  return message.id;
}

// MED-006: what goes out says where the file is, once it is there.
asio::awaitable<void> ClientSession::upload(std::shared_ptr<ClientSession> self,
                                            Unacknowledged message, OutgoingFile file) {
  const auto uploaded = co_await upload_file({.line = self->memory_->line,
                                              .access = *self->account_.media,
                                              .file = std::move(file),
                                              .rng = Rng(self->rng_.next()),
                                              .faults = self->faults_,
                                              .kept = self->memory_->media_keys});
  if (!uploaded && self->faults_.has(Fault::wt_media_failed_upload_silent)) {
    co_return;
  }
  if (!uploaded) {
    self->tell("answered", {{"id", message.id},
                            {"from", message.to},
                            {"type", "error"},
                            {"condition", uploaded.error()}});
    co_return;
  }
  auto media = *uploaded;
  const auto version = self->account_.dialect->enc_version;
  const bool beside = self->faults_.has(Fault::wt_may_media_caption_beside) ||
                      (version != kCaptionedVersion && media.type == wire::MediaType::document);
  const auto caption = beside ? std::exchange(media.caption, std::nullopt) : std::nullopt;
  message.content = write_media(std::move(media), version, self->faults_);
  self->post(message);
  if (caption) {
    self->send_message(message.to, *caption, "");
  }
}

// --- receiving ---

// STZ-026: what a message says that it is, and what it is.
void ClientSession::take_content(const xml::Element& message, ReadContent content) {
  if (content.media && !account_.media) {
    if (!content.media->caption) {
      take_no_content(message);
      return;
    }
    content.media.reset();
  }
  const auto mediatype = enc_of(message)->get("mediatype");
  const bool says_media = message.get("type") == "media";
  const bool fits =
      mediatype.empty() || (content.media && mediatype == mediatype_of(kind_of(*content.media)));
  const bool agrees = says_media == content.media.has_value() && fits;
  if (!agrees && !faults_.has(Fault::wt_shows_mismatched_type)) {
    take_no_content(message);
    return;
  }
  take_text(
      {.message = message, .text = std::move(content.text), .media = std::move(content.media)});
}

// What follows a file is shown behind it.
void ClientSession::arrive(const Delivery& delivery) {
  if (arriving_.size() >= kMaxArriving) {
    return;  // it is not acknowledged and comes again
  }
  if (delivery.media && !faults_.has(Fault::wt_message_unacked)) {
    acknowledge(delivery.message);
  }
  arriving_.push_back(delivery);
  if (arriving_.size() == 1) {
    begin_transfer(receive(shared_from_this()));
  }
}

asio::awaitable<void> ClientSession::receive(std::shared_ptr<ClientSession> self) {
  for (; !self->arriving_.empty(); self->arriving_.pop_front()) {
    const Delivery delivery = self->arriving_.front();
    if (!delivery.media) {
      self->deliver(delivery);
      continue;
    }
    const auto file = co_await download_file({.line = self->memory_->line,
                                              .access = *self->account_.media,
                                              .message = *delivery.media,
                                              .faults = self->faults_});
    self->show_file(delivery, file);
  }
}

// MED-016: of what cannot be had the user is told that it cannot.
void ClientSession::show_file(const Delivery& delivery, const FileOutcome& file) {
  if (!file && faults_.has(Fault::wt_may_media_says_nothing)) {
    return;
  }
  const bool odd = !is_plain_name(delivery.media->file_name.value_or(""));
  if (odd && faults_.has(Fault::wt_may_media_odd_names_ignored)) {
    return;
  }
  const bool as_text = !file && faults_.has(Fault::wt_media_failure_as_text);
  const bool mute = faults_.has(Fault::wt_media_caption_not_shown);
  nlohmann::json shown = {{"from", delivery.message.get("from")},
                          {"type", as_text ? "text" : delivery.message.get("type")},
                          {"text", mute ? Bytes() : delivery.text},
                          {"id", delivery.message.get("id")}};
  if (!as_text) {
    shown["media"] = shown_file(*delivery.media, file);
  }
  tell("received", std::move(shown));
  if (!faults_.has(Fault::wt_receipt_missing)) {
    send_receipt(delivery.message);
  }
}

nlohmann::json ClientSession::shown_file(const wire::MediaMessage& message,
                                         const FileOutcome& file) {
  const auto kind = kind_of(message);
  nlohmann::json out = {{"kind", std::string(to_string(shown_kind(kind, faults_)))}};
  const bool empty = !file && faults_.has(Fault::wt_media_failure_empty);
  if (!file && !empty) {
    out["unavailable"] = true;
    return out;
  }
  const auto mimetype = message.mimetype.value_or("");
  const auto name = message.file_name.value_or(message.title.value_or(""));
  out["length"] = empty ? 0 : file->length;
  out["sha256"] = to_hex(empty ? crypto::sha256("") : file->sha256);
  out["name"] = name_for({.kind = kind, .name = name, .mimetype = mimetype});
  if (is_media_type(mimetype)) {
    out["mimetype"] = mimetype;
  }
  return out;
}

std::string ClientSession::name_for(const SaidOfFile& said) {
  auto& names = memory_->file_names;
  if (names.size() >= kMaxFileNames) {
    names.clear();
  }
  auto name = saved_name(said, names, faults_);
  names.insert(name);
  return name;
}

}  // namespace parley::reference::whatsapp
