// SPDX-License-Identifier: GPL-3.0-or-later
// What the client does with files: those that its user sends, and those that messages share.
// Sources: XEP-0363 version 1.2.0; XEP-0066 section 3; XEP-0454 version 0.1.0.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/crypto/digest.h"
#include "harness/reference/client_session.h"

namespace parley::reference {
namespace {

constexpr std::size_t kMaxArriving = 1'000;
constexpr std::size_t kMostTypeOctets = 127;  // RFC 4288 section 4.2
constexpr auto kNever = asio::steady_timer::time_point::max();
constexpr std::string_view kOctetStream = "application/octet-stream";

xml::Element query(std::string_view ns) {
  return {.ns = std::string(ns), .name = "query", .attributes = {}, .children = {}};
}

// A type that can be told; what else stands there is nobody's.
bool is_media_type(std::string_view text) {
  const auto visible = [](char c) { return c > ' ' && c < 0x7f; };
  return !text.empty() && text.size() <= kMostTypeOctets && std::ranges::all_of(text, visible);
}

}  // namespace

void ClientSession::begin_transfer(asio::awaitable<void> transfer) {
  auto signal = std::make_shared<asio::cancellation_signal>();
  transfers_.push_back(signal);
  auto ended = [self = shared_from_this(), signal](const std::exception_ptr& failure) {
    std::erase(self->transfers_, signal);
    if (failure != nullptr && !self->forgotten_) {
      self->tell("closed", {{"reason", "internal error"}});
      self->forget();
    }
    if (self->transfers_.empty()) {
      self->no_transfers_.cancel();
    }
  };
  asio::co_spawn(executor_, std::move(transfer),
                 asio::bind_cancellation_slot(signal->slot(), std::move(ended)));
}

asio::awaitable<void> ClientSession::settle(std::shared_ptr<ClientSession> self) {
  co_await self->wait_for_transfers();
}

asio::awaitable<void> ClientSession::wait_for_transfers() {
  while (!transfers_.empty()) {
    if (no_transfers_.expiry() != kNever) {  // or others who wait would be woken
      no_transfers_.expires_at(kNever);
    }
    co_await no_transfers_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void ClientSession::end_transfers() {
  for (const auto& signal : std::vector(transfers_)) {
    signal->emit(asio::cancellation_type::terminal);
  }
}

// --- sending ---

std::string ClientSession::send_file(const std::string& to, OutgoingFile file, std::string id) {
  OutgoingUpload upload{.to = to,
                        .id = id.empty() ? next_id() : std::move(id),
                        .file = std::move(file),
                        .key = std::nullopt};
  std::string sent_id = upload.id;
  const bool in_clear = faults_.has(Fault::tp_shared_clear_in_sealed);
  if (is_encrypted() && !in_clear) {
    upload.key = make_link_key(rng_, memory_->link_keys, faults_);
    upload.clear_octets = upload.file.octets.size();
    upload.file.octets = seal_file(*upload.key, upload.file.octets, faults_).value_or("");
  }
  uploads_.push_back(std::move(upload));
  if (upload_service_) {
    ask_for_slots();
  } else if (std::exchange(service_asked_, true) == false) {
    request_files(account_.domain, query(kDiscoItemsNs), {.kind = RequestKind::service_items});
  }
  return sent_id;
}

void ClientSession::request_files(const std::string& to, xml::Element payload, Request request) {
  xml::Element iq{.ns = std::string(kClientNs), .name = "iq", .attributes = {}, .children = {}};
  iq.set("type", "get");
  iq.set("to", to);
  iq.children.emplace_back(std::move(payload));
  request.to = to;
  this->request(std::move(iq), std::move(request));
}

// XEP-0363 "Discovering Support": one of the server's items offers it.
void ClientSession::take_service(const Request& request, const xml::Element& iq) {
  if (request.kind == RequestKind::service_items) {
    const auto items = listed_items(iq);
    infos_asked_ = items.size();
    for (const auto& item : items) {
      request_files(item, query(kDiscoInfoNs), {.kind = RequestKind::service_info});
    }
  } else {
    infos_asked_ -= infos_asked_ > 0 ? 1 : 0;
    if (offers_upload(iq) && !upload_service_) {
      upload_service_ = request.to;
      ask_for_slots();
    }
  }
  if (infos_asked_ == 0 && !upload_service_) {
    service_asked_ = false;
    for (const auto& upload : std::exchange(uploads_, {})) {
      tell_not_sent(upload);
    }
  }
}

void ClientSession::ask_for_slots() {
  for (auto& upload : std::exchange(uploads_, {})) {
    const auto number = ++slots_asked_;
    const bool sealed = upload.key.has_value();
    SlotRequest slot{.filename = upload.file.name,
                     .size = upload.file.octets.size(),
                     .content_type = sealed ? std::string(kOctetStream) : upload.file.mimetype};
    if (slot.filename.empty() || sealed) {
      slot.filename = rng_.token(16) + ".bin";
    }
    if (sealed && faults_.has(Fault::tp_shared_key_in_slot)) {
      slot.filename = to_hex(upload.key->key.reveal());
    }
    if (faults_.has(Fault::tp_upload_nameless)) {
      slot.filename.clear();
    }
    slot.size += faults_.has(Fault::tp_upload_other_size) ? 1 : 0;
    if (sealed && faults_.has(Fault::tp_shared_size_of_clear)) {
      slot.size = upload.clear_octets;
    }
    upload.content_type = slot.content_type;
    waiting_uploads_.emplace(number, std::move(upload));
    request_files(*upload_service_, slot_request(slot),
                  {.kind = RequestKind::slot, .upload = number});
  }
}

void ClientSession::take_slot(const Request& request, const xml::Element& iq) {
  auto found = waiting_uploads_.extract(request.upload);
  if (found.empty()) {
    return;
  }
  auto slot = read_slot(iq, faults_);
  const bool as_text = faults_.has(Fault::tp_upload_unplaced_as_text);
  if (!slot && (as_text || faults_.has(Fault::tp_upload_unplaced_shared))) {
    const auto* said = iq.child("slot", kUploadNs);
    const auto* get = said == nullptr ? nullptr : said->child("get", kUploadNs);
    const bool named = get != nullptr && !get->get("url").empty();
    const auto url = named ? get->get("url") : "https://localhost/file";
    if (as_text) {
      send_message(found.mapped().to, url, "");
    } else {
      share(found.mapped(), {.put = {}, .put_text = {}, .get = url, .headers = {}});
    }
    return;
  }
  if (!slot) {
    tell_not_sent(found.mapped());
    return;
  }
  if (faults_.has(Fault::tp_upload_before_stored)) {
    share(found.mapped(), *slot);
  }
  begin_transfer(upload(shared_from_this(), std::move(found.mapped()), std::move(*slot)));
}

asio::awaitable<void> ClientSession::upload(std::shared_ptr<ClientSession> self,
                                            OutgoingUpload upload, Slot slot) {
  auto put = slot;
  if (upload.key && self->faults_.has(Fault::tp_shared_key_in_put)) {
    put.headers.push_back({"X-Key", to_base64(upload.key->key.reveal())});
  }
  const bool stored = co_await put_file({.line = self->memory_->line,
                                         .slot = std::move(put),
                                         .octets = upload.file.octets,
                                         .content_type = upload.content_type,
                                         .ca_pem = self->account_.ca_pem,
                                         .faults = self->faults_});
  if (!stored) {
    if (self->faults_.has(Fault::tp_upload_unstored_as_text)) {
      self->send_message(upload.to, slot.get, "");
    }
    self->tell_not_sent(upload);
  } else if (!self->faults_.has(Fault::tp_upload_before_stored)) {
    self->share(upload, slot);
  }
}

void ClientSession::tell_not_sent(const OutgoingUpload& upload) {
  if (!faults_.has(Fault::tp_upload_failure_silent)) {
    tell("answered", {{"id", upload.id},
                      {"from", upload.to},
                      {"type", "error"},
                      {"condition", "not-acceptable"}});
  }
}

// What others can get it by goes out once it is there.
void ClientSession::share(const OutgoingUpload& upload, const Slot& slot) {
  const auto url = faults_.has(Fault::tp_upload_put_shared) ? slot.put_text : slot.get;
  if (is_encrypted()) {
    const auto link = upload.key ? aesgcm_link(url, *upload.key, faults_) : std::optional(url);
    if (!link) {
      tell_not_sent(upload);
      return;
    }
    send_encrypted({.to = upload.to, .id = upload.id, .text = *link});
    return;
  }
  const auto element = [](std::string_view ns, std::string_view name) {
    return xml::Element{
        .ns = std::string(ns), .name = std::string(name), .attributes = {}, .children = {}};
  };
  xml::Element message = element(kClientNs, "message");
  message.set("type", "chat");
  message.set("to", upload.to);
  message.set("id", upload.id);
  xml::Element body = element(kClientNs, "body");
  body.set_text(url);
  message.children.emplace_back(std::move(body));
  if (!faults_.has(Fault::tp_upload_link_unmarked) && !faults_.has(Fault::tp_may_upload_unmarked)) {
    xml::Element out_of_band = element(kOobNs, "x");
    xml::Element place = element(kOobNs, "url");
    place.set_text(url);
    out_of_band.children.emplace_back(std::move(place));
    message.children.emplace_back(std::move(out_of_band));
  }
  send(std::move(message));
}

// --- receiving ---

std::optional<SharedLink> ClientSession::link_in(const xml::Element& message,
                                                 const std::string& text) const {
  const bool sealed = message.child("encrypted", omemo::kNs) != nullptr;
  if (is_encrypted()) {
    return sealed ? read_aesgcm_link(text, faults_) : std::nullopt;
  }
  const auto* x = message.child("x", kOobNs);
  const auto* url = x == nullptr ? nullptr : x->child("url", kOobNs);
  const std::string said = url == nullptr ? text : url->text();
  const bool marked = url != nullptr || faults_.has(Fault::tp_shared_unmarked_fetched);
  return read_oob_link(text, marked ? &said : nullptr, faults_);
}

// What follows a file is shown behind it.
void ClientSession::arrive(Arriving arriving) {
  if (arriving_.size() >= kMaxArriving) {
    return;
  }
  arriving_.push_back(std::move(arriving));
  if (arriving_.size() == 1) {
    begin_transfer(receive(shared_from_this()));
  }
}

asio::awaitable<void> ClientSession::receive(std::shared_ptr<ClientSession> self) {
  for (; !self->arriving_.empty(); self->arriving_.pop_front()) {
    const Arriving arriving = self->arriving_.front();
    if (!arriving.link) {
      self->show_now(arriving.message, arriving.text, nullptr);
      continue;
    }
    const auto file = co_await get_file({.line = self->memory_->line,
                                         .link = *arriving.link,
                                         .ca_pem = self->account_.ca_pem,
                                         .faults = self->faults_});
    const auto media = self->shown_file(*arriving.link, file);
    self->show_now(arriving.message, arriving.text, &media);
  }
}

// Of what cannot be had the user is told that it cannot.
nlohmann::json ClientSession::shown_file(const SharedLink& link,
                                         const std::optional<GotFile>& file) const {
  if (!file && faults_.has(Fault::tp_shared_failure_empty)) {
    return {{"length", 0}, {"sha256", to_hex(crypto::sha256(""))}, {"name", "file.bin"}};
  }
  if (!file) {
    return {{"unavailable", true}};
  }
  nlohmann::json out = {{"length", file->octets.size()},
                        {"sha256", to_hex(crypto::sha256(file->octets))},
                        {"name", kept_name(link.place, faults_)}};
  if (is_media_type(file->content_type)) {
    out["mimetype"] = file->content_type;
  }
  return out;
}

}  // namespace parley::reference
