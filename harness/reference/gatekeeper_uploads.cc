// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/gatekeeper_uploads.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/base/text.h"
#include "harness/crypto/digest.h"
#include "harness/reference/upload_slot.h"
#include "harness/wire/http_message.h"

namespace parley::reference {

namespace asio = boost::asio;
namespace {

constexpr std::string_view kClientNs = "jabber:client";
constexpr std::string_view kStanzaErrorNs = "urn:ietf:params:xml:ns:xmpp-stanzas";
constexpr std::string_view kFormNs = "jabber:x:data";
constexpr std::string_view kFolder = "/upload/";
constexpr std::size_t kPathOctets = 16;  // 128 bits that nobody guesses
constexpr std::size_t kMostPlaces = 2'000;
constexpr std::size_t kMostNameOctets = 255;

enum Status {
  kOk = 200,
  kCreated = 201,
  kBadRequest = 400,
  kForbidden = 403,
  kNotFound = 404,
  kMethodNotAllowed = 405,
  kConflict = 409,
  kTooLarge = 413
};

xml::Element element(std::string_view ns, std::string_view name, std::string text = {}) {
  xml::Element out{
      .ns = std::string(ns), .name = std::string(name), .attributes = {}, .children = {}};
  if (!text.empty()) {
    out.set_text(std::move(text));
  }
  return out;
}

xml::Element refusal(std::string_view type, std::string_view condition) {
  auto out = element(kClientNs, "error");
  out.set("type", std::string(type));
  out.children.emplace_back(element(kStanzaErrorNs, condition));
  return out;
}

xml::Element too_large(const FaultSet& faults) {
  auto out =
      refusal("modify", faults.has(Fault::gk_upload_too_large_unavailable) ? "service-unavailable"
                                                                           : "not-acceptable");
  if (!faults.has(Fault::gk_upload_limit_untold)) {
    auto limit = element(kUploadNs, "file-too-large");
    limit.children.emplace_back(
        element(kUploadNs, "max-file-size", std::to_string(kMostUploadOctets)));
    out.children.emplace_back(std::move(limit));
  }
  return out;
}

// Nothing but digits (XML Schema: positive integer, without a sign here).
std::optional<std::uint64_t> size_of(const std::string& text, const FaultSet& faults) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  if (!whole && faults.has(Fault::gk_upload_any_size)) {
    return 1;
  }
  if (error == std::errc::result_out_of_range) {
    return kMostUploadOctets + 1;
  }
  return whole ? std::optional(out) : std::nullopt;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_file_name(const std::string& name, const FaultSet& faults) {
  if (name.empty()) {
    return faults.has(Fault::gk_upload_nameless);
  }
  const bool leads_away = name.find_first_of("/\\") != std::string::npos || name == "." ||
                          name == ".." || std::ranges::any_of(name, is_control);
  return name.size() <= kMostNameOctets && (!leads_away || faults.has(Fault::gk_upload_any_name) ||
                                            faults.has(Fault::gk_upload_name_as_path));
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kPlain.contains(c);
    out += plain ? std::string(1, c) : "%" + to_hex(std::string_view(&c, 1));
  }
  return out;
}

// What a browser shows and does not carry out.
bool is_passive(std::string_view type) {
  return type != "image/svg+xml" && (type.starts_with("image/") || type.starts_with("audio/") ||
                                     type.starts_with("video/") || type == "text/plain");
}

std::string_view policy_of(const FaultSet& faults) {
  return faults.has(Fault::gk_upload_policy_open) ? "default-src 'none'; script-src *"
         : faults.has(Fault::gk_may_upload_policy_otherwise)
             ? "frame-ancestors 'none'; Sandbox; img-src 'self'; Default-Src 'none'"
             : "default-src 'none'; frame-ancestors 'none'";
}

net::HttpAnswer status_answer(int status) {
  return {.message = wire::http_response(status, {{"Content-Type", "text/plain"}}, "")};
}

asio::awaitable<net::HttpAnswer> answer_at(GatekeeperUploads* uploads, wire::HttpReceived request,
                                           net::HttpPeer) {
  co_return uploads->answer(request.message);
}

}  // namespace

Result<std::unique_ptr<GatekeeperUploads>> GatekeeperUploads::open(
    boost::asio::any_io_executor executor, net::TlsContexts& contexts, const crypto::Leaf& leaf,
    Rng rng) {
  std::unique_ptr<GatekeeperUploads> out(new GatekeeperUploads(std::move(rng)));
  net::HttpServerOptions options{
      .tls = net::TlsServerOptions{.chain_pem = leaf.chain_pem, .key_pem = leaf.key_pem}};
  options.limits.max_body_octets = 2 * kMostUploadOctets;
  auto* self = out.get();
  for (auto* server : {&out->server_, &out->downloads_}) {
    auto opened = net::HttpServer::open(
        executor, contexts, options, [self](wire::HttpReceived request, net::HttpPeer peer) {
          return answer_at(self, std::move(request), std::move(peer));
        });
    if (!opened) {
      return std::unexpected(opened.error());
    }
    *server = std::move(*opened);
  }
  return out;
}

std::string GatekeeperUploads::url() const {
  return fmt::format("https://localhost:{}", server_->address().port);
}

std::string GatekeeperUploads::download_url() const {
  return fmt::format("https://localhost:{}", downloads_->address().port);
}

xml::Element GatekeeperUploads::form(const FaultSet& faults) {
  auto out = element(kFormNs, "x");
  out.set("type", "result");
  const auto field = [&](std::string_view var, std::string value) {
    auto one = element(kFormNs, "field");
    one.set("var", std::string(var));
    one.children.emplace_back(element(kFormNs, "value", std::move(value)));
    out.children.emplace_back(std::move(one));
  };
  field("FORM_TYPE", std::string(kUploadNs));
  if (!faults.has(Fault::gk_upload_limit_unlisted)) {
    field("max-file-size", std::to_string(kMostUploadOctets));
  }
  return out;
}

xml::Element GatekeeperUploads::ask(const xml::Element& request, const FaultSet& faults) {
  const auto size = size_of(request.get("size"), faults);
  const auto name = request.get("filename");
  if (!size || !is_file_name(name, faults)) {
    return refusal("modify", "bad-request");
  }
  const bool most = *size == kMostUploadOctets && faults.has(Fault::gk_upload_limit_exclusive);
  if ((*size > kMostUploadOctets && !faults.has(Fault::gk_upload_any_length)) || most) {
    return too_large(faults);
  }
  if (order_.size() >= kMostPlaces) {
    places_.erase(order_.front());
    order_.pop_front();
  }
  const auto part = faults.has(Fault::gk_upload_guessable)       ? std::to_string(order_.size())
                    : faults.has(Fault::gk_upload_place_by_name) ? to_hex(crypto::sha256(name))
                                                                 : to_hex(rng_.octets(kPathOctets));
  auto path = std::string(kFolder) + part + "/" + percent_encoded(name);
  const bool by_url = faults.has(Fault::gk_may_upload_secret_in_url);
  places_[path] = {.authorization = by_url ? "" : "Bearer " + rng_.token(32),
                   .name = name,
                   .content_type = request.get("content-type"),
                   .size = *size,
                   .faults = faults};
  order_.push_back(path);
  return slot_at(path, places_[path]);
}

xml::Element GatekeeperUploads::slot_at(const std::string& path, const Place& place) const {
  const auto& faults = place.faults;
  const auto base = faults.has(Fault::gk_upload_in_clear) ? "http" + url().substr(5) : url();
  auto put = element(kUploadNs, "put");
  put.set("url", base + path);
  const auto add_header = [&](std::string_view name, std::string value) {
    auto header = element(kUploadNs, "header", std::move(value));
    header.set("name", std::string(name));
    put.children.emplace_back(std::move(header));
  };
  if (!place.authorization.empty()) {
    add_header(credential_header(place), place.authorization);
  }
  if (faults.has(Fault::gk_upload_other_header)) {
    add_header("X-Upload-Token", "1");
  }
  if (faults.has(Fault::gk_upload_header_line_end)) {
    add_header("Expires", "0\n");
  }
  auto get = element(kUploadNs, "get");
  const auto shown = faults.has(Fault::gk_upload_name_as_path)
                         ? path.substr(0, path.rfind('/') + 1) + place.name
                         : path;
  const bool elsewhere = faults.has(Fault::gk_may_upload_got_elsewhere);
  get.set("url", (elsewhere ? download_url() : base) + shown);
  auto slot = element(kUploadNs, "slot");
  slot.children.emplace_back(std::move(put));
  if (!faults.has(Fault::gk_upload_without_get)) {
    slot.children.emplace_back(std::move(get));
  }
  return slot;
}

std::string_view GatekeeperUploads::credential_header(const Place& place) {
  return place.faults.has(Fault::gk_may_upload_cookie) ? "Cookie" : "Authorization";
}

bool GatekeeperUploads::may_put(const Place& place, const wire::HttpMessage& request) const {
  const auto said = wire::value_of(request.headers, credential_header(place));
  const bool of_any = place.faults.has(Fault::gk_upload_token_of_another) &&
                      std::ranges::any_of(places_, [&](const auto& one) {
                        return one.second.authorization == said;
                      });
  const bool begins = place.faults.has(Fault::gk_upload_token_begins) && !said.empty() &&
                      place.authorization.starts_with(said);
  return said == place.authorization || of_any || begins ||
         (said.empty() && place.faults.has(Fault::gk_upload_token_missing)) ||
         place.faults.has(Fault::gk_upload_token_unchecked);
}

net::HttpAnswer GatekeeperUploads::put(Place& place, const wire::HttpMessage& request) {
  const auto& faults = place.faults;
  if (!may_put(place, request)) {
    return status_answer(kForbidden);
  }
  if (place.octets && !faults.has(Fault::gk_upload_overwrites)) {
    return status_answer(kConflict);
  }
  const auto size = request.body.size();
  const bool longer = size > place.size && !faults.has(Fault::gk_upload_longer_taken);
  const bool shorter = size < place.size && !faults.has(Fault::gk_upload_shorter_taken);
  if (longer || shorter) {
    return status_answer(kTooLarge);
  }
  const auto type = wire::value_of(request.headers, "content-type");
  if (!place.content_type.empty() && !type.empty() && type != place.content_type &&
      !faults.has(Fault::gk_upload_any_type)) {
    return status_answer(kBadRequest);
  }
  place.octets = request.body;
  if (faults.has(Fault::gk_upload_cut)) {
    place.octets->resize(std::min<std::size_t>(place.octets->size(), 1'024));
  }
  return status_answer(faults.has(Fault::gk_upload_stored_as_ok) ? kOk : kCreated);
}

net::HttpAnswer GatekeeperUploads::get(const Place& place) {
  const auto& faults = place.faults;
  if (!place.octets) {
    return status_answer(faults.has(Fault::gk_upload_nothing_served) ? kOk : kNotFound);
  }
  const auto type = place.content_type.empty() ? "application/octet-stream" : place.content_type;
  wire::HttpFields headers{{"Content-Type", type}, {"X-Content-Type-Options", "nosniff"}};
  if (!faults.has(Fault::gk_upload_served_inline)) {
    headers.push_back({"Content-Disposition", is_passive(type) ? "inline" : "attachment"});
  }
  if (!faults.has(Fault::gk_upload_without_policy)) {
    headers.push_back({"Content-Security-Policy", std::string(policy_of(faults))});
  }
  return {.message = wire::http_response(kOk, std::move(headers), *place.octets)};
}

net::HttpAnswer GatekeeperUploads::answer(const wire::HttpMessage& request) {
  const auto& [method, target] = *request.request();
  const auto found = places_.find(std::string_view(target).substr(0, target.find('?')));
  if (found == places_.end()) {
    const bool taken = method == "PUT" && !order_.empty() &&
                       places_[order_.back()].faults.has(Fault::gk_upload_unasked_taken);
    return status_answer(taken ? kCreated : kNotFound);
  }
  auto& place = found->second;
  if (method == "PUT") {
    return put(place, request);
  }
  const bool head = method == "HEAD" && !place.faults.has(Fault::gk_upload_head_refused);
  if (method == "GET" || head) {
    return get(place);
  }
  const bool deletes = method == "DELETE" && place.faults.has(Fault::gk_upload_deletes);
  if (deletes) {
    place.octets.reset();
  }
  return status_answer(deletes ? kOk : kMethodNotAllowed);
}

}  // namespace parley::reference
