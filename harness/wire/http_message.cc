// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/http_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/base/text.h"

namespace parley::wire {
namespace {

constexpr std::string_view kLength = "Content-Length";
constexpr std::string_view kEncoding = "Transfer-Encoding";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  const auto last = text.find_last_not_of(" \t");
  return first == std::string_view::npos ? "" : text.substr(first, last - first + 1);
}

void remove(HttpFields& fields, std::string_view name) {
  std::erase_if(fields, [&](const HttpField& field) { return same_name(field.name, name); });
}

// Puts it where a field of that name stands, else last.
void set(HttpFields& fields, std::string_view name, std::string value) {
  const auto at = std::ranges::find_if(
      fields, [&](const HttpField& field) { return same_name(field.name, name); });
  if (at == fields.end()) {
    fields.push_back({std::string(name), std::move(value)});
  } else {
    at->value = std::move(value);
  }
}

// RFC 9110 section 8.6 and RFC 9112 section 6.3: whose end would be unknown without one.
bool needs_length(const HttpMessage& message) {
  if (const auto* response = message.response()) {
    return response->status >= 200 && response->status != 204 && response->status != 304;
  }
  const auto& method = message.request()->method;
  return !message.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
}

// Whether a Content-Length already says it, in whatever spelling the grammar allows.
bool says(const HttpFields& fields, std::size_t length) {
  const auto value = value_of(fields, kLength);
  const auto digits = value.find_first_not_of('0');
  const auto shortest = digits == std::string::npos && !value.empty()
                            ? "0"
                            : value.substr(std::min(digits, value.size()));
  return shortest == std::to_string(length);
}

struct Framed {
  HttpFields headers;
  bool chunked = false;
  bool body = true;
};

void make_length_true(HttpFields& headers, const HttpMessage& message) {
  const bool there = find_field(headers, kLength) != nullptr;
  if ((there || needs_length(message)) && !says(headers, message.body.size())) {
    set(headers, kLength, std::to_string(message.body.size()));
  }
}

Framed framed_by_headers(const HttpMessage& message, HttpFraming framing) {
  Framed out{.headers = message.headers};
  out.chunked = lists_token(out.headers, kEncoding, "chunked");
  out.body = framing != HttpFraming::head_alone;
  const bool keep =
      !out.body && message.body.empty() && find_field(out.headers, kLength) != nullptr;
  if (!out.chunked && !keep) {
    make_length_true(out.headers, message);
  }
  return out;
}

Framed framed(const HttpMessage& message, HttpFraming framing) {
  Framed out{.headers = message.headers};
  const auto length = std::to_string(message.body.size());
  switch (framing) {
    case HttpFraming::by_headers:
    case HttpFraming::head_alone:
      return framed_by_headers(message, framing);
    case HttpFraming::length:
      remove(out.headers, kEncoding);
      set(out.headers, kLength, length);
      return out;
    case HttpFraming::chunked:
    case HttpFraming::length_then_chunked:
    case HttpFraming::chunked_then_length:
      out.chunked = true;
      remove(out.headers, kLength);
      remove(out.headers, kEncoding);
      if (framing == HttpFraming::length_then_chunked) {
        set(out.headers, kLength, length);
      }
      set(out.headers, kEncoding, "chunked");
      if (framing == HttpFraming::chunked_then_length) {
        set(out.headers, kLength, length);
      }
      return out;
    case HttpFraming::verbatim:
      return out;
  }
  return out;
}

std::string start_line(const HttpMessage& message) {
  if (const auto* request = message.request()) {
    return fmt::format("{} {} {}", request->method, request->target, message.version);
  }
  const auto& response = *message.response();
  return fmt::format("{} {:03} {}", message.version, response.status, response.reason);
}

void append_fields(Bytes& out, const HttpFields& fields, const HttpForm& form) {
  for (const auto& field : fields) {
    out += field.name + form.separator + field.value + form.line_end;
  }
}

void append_chunk(Bytes& out, std::string_view data, const HttpForm& form) {
  out += fmt::format("{}{:x}{}{}", form.chunk_prefix, data.size(), form.chunk_extension,
                     form.line_end);
  out.append(data).append(form.chunk_end);
}

void append_chunked(Bytes& out, const HttpMessage& message, const HttpForm& form) {
  std::string_view rest = message.body;
  for (const std::size_t size : form.chunks) {
    const auto data = rest.substr(0, size);
    if (!data.empty()) {  // an empty chunk is the last one
      append_chunk(out, data, form);
      rest.remove_prefix(data.size());
    }
  }
  if (!rest.empty()) {
    append_chunk(out, rest, form);
  }
  if (!form.last_chunk.empty()) {
    out += form.chunk_prefix + form.last_chunk + form.chunk_extension + form.line_end;
    append_fields(out, message.trailers, form);
    out += form.line_end;
  }
}

}  // namespace

bool same_name(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, {}, lower, lower);
}

const HttpField* find_field(const HttpFields& fields, std::string_view name) {
  const auto at = std::ranges::find_if(
      fields, [&](const HttpField& field) { return same_name(field.name, name); });
  return at == fields.end() ? nullptr : &*at;
}

std::string value_of(const HttpFields& fields, std::string_view name) {
  const auto* field = find_field(fields, name);
  return field == nullptr ? "" : field->value;
}

bool lists_token(const HttpFields& fields, std::string_view name, std::string_view token) {
  return std::ranges::any_of(fields, [&](const HttpField& field) {
    return same_name(field.name, name) &&
           std::ranges::any_of(split(field.value, ','), [&](const std::string& part) {
             return same_name(trimmed(part), token);
           });
  });
}

HttpMessage http_request(std::string method, std::string target, HttpFields headers, Bytes body) {
  return {.start = HttpRequestLine{.method = std::move(method), .target = std::move(target)},
          .headers = std::move(headers),
          .body = std::move(body)};
}

HttpMessage http_response(int status, HttpFields headers, Bytes body) {
  return {.start = HttpStatusLine{.status = status, .reason = std::string(reason_of(status))},
          .headers = std::move(headers),
          .body = std::move(body)};
}

std::string_view reason_of(int status) {
  static constexpr std::array<std::pair<int, std::string_view>, 42> kReasons{{
      {100, "Continue"},
      {101, "Switching Protocols"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {203, "Non-Authoritative Information"},
      {204, "No Content"},
      {205, "Reset Content"},
      {206, "Partial Content"},
      {300, "Multiple Choices"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {426, "Upgrade Required"},
      {429, "Too Many Requests"},  // RFC 6585
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {505, "HTTP Version Not Supported"},
  }};
  const auto* at = std::ranges::find(kReasons, status, &std::pair<int, std::string_view>::first);
  return at == kReasons.end() ? "" : at->second;
}

Bytes write(const HttpMessage& message, const HttpForm& form) {
  auto parts = framed(message, form.framing);
  if (form.content_length) {
    set(parts.headers, kLength, *form.content_length);
  }
  if (form.transfer_encoding) {
    set(parts.headers, kEncoding, *form.transfer_encoding);
  }
  Bytes out = form.before + start_line(message) + form.line_end;
  append_fields(out, parts.headers, form);
  out += form.line_end;
  if (parts.body && parts.chunked) {
    append_chunked(out, message, form);
  } else if (parts.body) {
    out += message.body;
  }
  return out + form.after;
}

}  // namespace parley::wire
