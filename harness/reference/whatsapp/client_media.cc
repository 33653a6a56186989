// SPDX-License-Identifier: GPL-3.0-or-later
// What the client does with files: those that its user sends, and those that messages announce.
// Sources: MED-001 to MED-006, MED-010, MED-012 to MED-016, MED-018, MED-019.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/reference/whatsapp/client_session.h"
#include "harness/reference/whatsapp/media_name.h"
#include "harness/reference/whatsapp/media_upload.h"
#include "harness/wire/content.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::size_t kMaxArriving = 1'000;
constexpr std::size_t kMaxFileNames = 10'000;
constexpr std::size_t kMostTypeOctets = 127;  // RFC 4288 section 4.2

// A type that can be told; what else stands there is nobody's.
bool is_media_type(std::string_view text) {
  const auto visible = [](char c) { return c > ' ' && c < 0x7f; };
  return !text.empty() && text.size() <= kMostTypeOctets && std::ranges::all_of(text, visible);
}

Bytes content_with(wire::MediaMessage media) {
  wire::Content content;
  content.media.push_back(std::move(media));
  return wire::write(content);
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
  while (!transfers_.empty()) {
    no_transfers_.expires_at(asio::steady_timer::time_point::max());
    co_await no_transfers_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

// --- sending ---

std::string ClientSession::send_file(const std::string& to, OutgoingFile file, std::string id) {
  Unacknowledged message{.id = id.empty() ? next_id() : std::move(id),
                         .to = to,
                         .text = file.caption,
                         .content = {},
                         .mediatype = std::string(mediatype_of(file.kind))};
  begin_transfer(upload(shared_from_this(), message, std::move(file)));
  return message.id;
}

// MED-006: what goes out says where the file is, once it is there.
asio::awaitable<void> ClientSession::upload(std::shared_ptr<ClientSession> self,
                                            Unacknowledged message, OutgoingFile file) {
  const auto uploaded =
      co_await upload_file(self->memory_->line, *self->account_.media, std::move(file),
                           Rng(self->rng_.next()), self->faults_);
  if (!uploaded) {
    self->tell("answered", {{"id", message.id},
                            {"from", message.to},
                            {"type", "error"},
                            {"condition", uploaded.error()}});
    co_return;
  }
  message.content = content_with(*uploaded);
  self->post(message);
}

// --- receiving ---

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
    const auto file = co_await download_file(self->memory_->line, *self->account_.media,
                                             *delivery.media, self->faults_);
    self->show_file(delivery, file);
  }
}

// MED-016: of what cannot be had the user is told that it cannot.
void ClientSession::show_file(const Delivery& delivery, const FileOutcome& file) {
  const auto kind = kind_of(*delivery.media);
  const auto mimetype = delivery.media->mimetype.value_or("");
  nlohmann::json media = {{"kind", std::string(to_string(kind))}};
  if (file) {
    const auto said = delivery.media->file_name.value_or(delivery.media->title.value_or(""));
    if (memory_->file_names.size() >= kMaxFileNames) {
      memory_->file_names.clear();
    }
    const auto name =
        safe_name({.kind = kind, .name = said, .mimetype = mimetype}, memory_->file_names);
    memory_->file_names.insert(name);
    media.update({{"length", file->length}, {"sha256", to_hex(file->sha256)}, {"name", name}});
    if (is_media_type(mimetype)) {
      media["mimetype"] = mimetype;
    }
  } else {
    media["unavailable"] = true;
  }
  tell("received", {{"from", delivery.message.get("from")},
                    {"type", delivery.message.get("type")},
                    {"text", delivery.text},
                    {"id", delivery.message.get("id")},
                    {"media", std::move(media)}});
  if (!faults_.has(Fault::wt_receipt_missing)) {
    send_receipt(delivery.message);
  }
}

}  // namespace parley::reference::whatsapp
