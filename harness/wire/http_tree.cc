// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/http_tree.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/wire/json_tree.h"
#include "harness/wire/pretty.h"

namespace parley::wire {
namespace {

using xml::Element;

struct FormText {
  std::string_view name;
  std::string HttpForm::* field;
};
constexpr FormText kTexts[] = {{"chunk-prefix", &HttpForm::chunk_prefix},
                               {"chunk-extension", &HttpForm::chunk_extension},
                               {"chunk-end", &HttpForm::chunk_end},
                               {"last-chunk", &HttpForm::last_chunk},
                               {"line-end", &HttpForm::line_end},
                               {"separator", &HttpForm::separator},
                               {"before", &HttpForm::before},
                               {"after", &HttpForm::after}};
struct NamedFraming {
  std::string_view name;
  HttpFraming framing;
};
constexpr NamedFraming kFramings[] = {{"by-headers", HttpFraming::by_headers},
                                      {"length", HttpFraming::length},
                                      {"chunked", HttpFraming::chunked},
                                      {"length-then-chunked", HttpFraming::length_then_chunked},
                                      {"chunked-then-length", HttpFraming::chunked_then_length},
                                      {"verbatim", HttpFraming::verbatim}};

Element element(std::string_view name) {
  return {.ns = {}, .name = std::string(name), .attributes = {}, .children = {}};
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

// RFC 9110 section 8.3.1: in whatever case, and with white space before the parameters.
bool is_json(const HttpMessage& message) {
  const auto type = lower(value_of(message.headers, "content-type"));
  const auto media = type.substr(0, type.find_first_of("; \t"));
  return media == "application/json" || media.ends_with("+json");
}

// By its media type: whatever its octets look like.
bool says_octets(const HttpMessage& message) {
  constexpr std::string_view kKinds[] = {"application/octet-stream", "audio/", "binary/", "image/",
                                         "video/"};
  const auto type = lower(value_of(message.headers, "content-type"));
  return std::ranges::any_of(kKinds, [&](std::string_view kind) { return type.starts_with(kind); });
}

Element content_of(const HttpMessage& message) {
  if (is_json(message)) {
    if (auto json = read_json(message.body, kHttpJson)) {
      return std::move(*json);
    }
  }
  const bool text = !says_octets(message) && is_text(message.body);
  Element body = element(text ? kHttpBody : kHttpOctets);
  body.set_text(text ? message.body : to_hex(message.body));
  return body;
}

}  // namespace

Element http_request_tree(std::string method, std::string target) {
  Element out = element(kHttpRequest);
  out.set("method", std::move(method));
  out.set("target", std::move(target));
  return out;
}

Element http_response_tree(std::string status) {
  Element out = element(kHttpResponse);
  out.set("status", std::move(status));
  return out;
}

void set_http_header(Element& message, std::string_view name, std::string value) {
  Element* headers = message.child(kHttpHeaders);
  if (headers == nullptr) {
    message.children.insert(message.children.begin(), element(kHttpHeaders));
    headers = message.child(kHttpHeaders);
  }
  Element field = element(lower(name));
  field.set_text(std::move(value));
  headers->children.emplace_back(std::move(field));
}

const Element* http_header(const Element& message, std::string_view name) {
  const auto* headers = message.child(kHttpHeaders);
  return headers == nullptr ? nullptr : headers->child(name);
}

Element tree_of(const HttpMessage& message) {
  const auto* request = message.request();
  Element out = request != nullptr ? http_request_tree(request->method, request->target)
                                   : http_response_tree(std::to_string(message.response()->status));
  if (request == nullptr) {
    out.set("reason", message.response()->reason);
  }
  for (const auto& field : message.headers) {
    set_http_header(out, field.name, field.value);
  }
  if (!message.body.empty()) {
    out.children.emplace_back(content_of(message));
  }
  return out;
}

Result<HttpMessage> http_message_of(const Element& tree) {
  HttpMessage out;
  if (tree.name == kHttpRequest) {
    out = http_request(tree.get("method"), tree.get("target"));
  } else if (tree.name == kHttpResponse) {
    const auto text = tree.get("status");
    int status = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
    if (error != std::errc() || end != text.data() + text.size()) {
      return fail(Errc::malformed, "the status of an HTTP response is no number");
    }
    out = http_response(status);
    if (const auto* reason = tree.find("reason")) {
      std::get<HttpStatusLine>(out.start).reason = *reason;
    }
  } else {
    return fail(Errc::malformed, "this is no HTTP message");
  }
  if (const auto* headers = tree.child(kHttpHeaders)) {
    for (const auto* field : headers->elements()) {
      out.headers.push_back({.name = field->name, .value = field->text()});
    }
  }
  if (const auto* json = tree.child(kHttpJson)) {
    out.body = write_json(*json);
  } else if (const auto* body = tree.child(kHttpBody)) {
    out.body = body->text();
  } else if (const auto* octets = tree.child(kHttpOctets)) {
    auto content = from_hex(octets->text());
    if (!content) {
      return std::unexpected(content.error());
    }
    out.body = std::move(*content);
  }
  return out;
}

Result<HttpForm> http_form_of(const Element& tree) {
  HttpForm out;
  const auto* wire = tree.child(kHttpWire);
  if (wire == nullptr) {
    return out;
  }
  for (const auto& [ns, name, value] : wire->attributes) {
    const auto* text = std::ranges::find(kTexts, name, &FormText::name);
    const auto* framing = std::ranges::find(kFramings, value, &NamedFraming::name);
    if (text != std::end(kTexts)) {
      out.*text->field = value;
    } else if (name == "content-length") {
      out.content_length = value;
    } else if (name == "transfer-encoding") {
      out.transfer_encoding = value;
    } else if (name == "framing" && framing != std::end(kFramings)) {
      out.framing = framing->framing;
    } else {
      return fail(Errc::not_found, "HTTP is not written with " + name + " '" + value + "'");
    }
  }
  return out;
}

}  // namespace parley::wire
