// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/upload_slot.h"

#include <algorithm>
#include <utility>

namespace parley::reference {
namespace {

constexpr std::size_t kMostItems = 16;
constexpr std::size_t kMostHeaders = 16;
constexpr std::size_t kMostHeaderOctets = 8 * 1024;
constexpr std::string_view kAllowed[] = {"Authorization", "Cookie", "Expires"};

bool is_allowed(std::string_view name) {
  return std::ranges::any_of(kAllowed,
                             [&](std::string_view one) { return wire::same_name(one, name); });
}

std::string without_line_ends(std::string text) {
  std::erase_if(text, [](char c) { return c == '\r' || c == '\n'; });
  return text;
}

// What becomes of a value whose line ends are left in it: the next line is a header of its own.
void add_lines(wire::HttpFields& out, std::string name, const std::string& value) {
  const auto end = value.find('\n');
  out.push_back({std::move(name), value.substr(0, end)});
  const auto rest = end == std::string::npos ? "" : value.substr(end + 1);
  if (const auto colon = rest.find(':'); colon != std::string::npos) {
    add_lines(out, rest.substr(0, colon), rest.substr(colon + 1));
  }
}

wire::HttpFields headers_of(const xml::Element& put, const FaultSet& faults) {
  wire::HttpFields out;
  for (const auto* header : put.elements()) {
    const bool may_come = header->ns == kUploadNs && header->name == "header" &&
                          header->text().size() <= kMostHeaderOctets && out.size() < kMostHeaders;
    if (!may_come) {
      continue;
    }
    auto name = header->get("name");
    auto value = header->text();
    const bool keeps_lines = faults.has(Fault::tp_upload_line_ends_kept);
    if (!keeps_lines) {
      name = without_line_ends(std::move(name));
      value = without_line_ends(std::move(value));
    }
    const bool lost =
        faults.has(Fault::tp_upload_headers_lost) ||
        (faults.has(Fault::tp_upload_cookie_lost) && !wire::same_name(name, "Authorization")) ||
        (faults.has(Fault::tp_upload_names_by_case) && std::ranges::count(kAllowed, name) == 0);
    const bool taken = is_allowed(name) || faults.has(Fault::tp_upload_any_header);
    if (taken && !lost) {
      keeps_lines ? add_lines(out, name, value) : out.push_back({name, value});
    }
  }
  return out;
}

std::optional<net::HttpUrl> secure_url(const std::string& text, const FaultSet& faults) {
  auto url = net::parse_http_url(text);
  if (url && faults.has(Fault::tp_upload_any_scheme)) {
    url->scheme = net::HttpUrl::Scheme::https;
  }
  const bool secure = url && url->scheme == net::HttpUrl::Scheme::https;
  return secure && text.size() <= kMaxUploadUrl ? std::optional(*url) : std::nullopt;
}

const xml::Element* result_query(const xml::Element& iq, std::string_view ns) {
  return iq.get("type") == "result" ? iq.child("query", ns) : nullptr;
}

}  // namespace

xml::Element slot_request(const SlotRequest& request) {
  xml::Element out{
      .ns = std::string(kUploadNs), .name = "request", .attributes = {}, .children = {}};
  out.set("filename", request.filename);
  out.set("size", std::to_string(request.size));
  if (!request.content_type.empty()) {
    out.set("content-type", request.content_type);
  }
  return out;
}

std::optional<Slot> read_slot(const xml::Element& iq, const FaultSet& faults) {
  const bool takes_errors = faults.has(Fault::tp_upload_slot_in_error);
  const auto* slot =
      iq.get("type") == "result" || takes_errors ? iq.child("slot", kUploadNs) : nullptr;
  const auto* put = slot == nullptr ? nullptr : slot->child("put", kUploadNs);
  const auto* get = slot == nullptr ? nullptr : slot->child("get", kUploadNs);
  if (get == nullptr && faults.has(Fault::tp_upload_get_from_put)) {
    get = put;
  }
  if (put == nullptr || get == nullptr) {
    return std::nullopt;
  }
  const auto place = secure_url(put->get("url"), faults);
  const bool shared = secure_url(get->get("url"), faults) || faults.has(Fault::tp_upload_any_get);
  const auto got_at = net::parse_http_url(get->get("url"));
  const bool elsewhere =
      place && got_at && (got_at->host != place->host || got_at->port != place->port);
  if (!place || !shared || (elsewhere && faults.has(Fault::tp_upload_one_host))) {
    return std::nullopt;
  }
  return Slot{.put = *place,
              .put_text = put->get("url"),
              .get = get->get("url"),
              .headers = headers_of(*put, faults)};
}

std::vector<std::string> listed_items(const xml::Element& iq) {
  std::vector<std::string> out;
  const auto* query = result_query(iq, kDiscoItemsNs);
  for (const auto* item :
       query == nullptr ? std::vector<const xml::Element*>() : query->elements()) {
    if (item->name == "item" && !item->get("jid").empty() && item->find("node") == nullptr &&
        out.size() < kMostItems) {
      out.push_back(item->get("jid"));
    }
  }
  return out;
}

bool offers_upload(const xml::Element& iq) {
  const auto* query = result_query(iq, kDiscoInfoNs);
  const auto features = query == nullptr ? std::vector<const xml::Element*>() : query->elements();
  return std::ranges::any_of(features, [](const xml::Element* one) {
    return one->name == "feature" && one->get("var") == kUploadNs;
  });
}

}  // namespace parley::reference
