// SPDX-License-Identifier: GPL-3.0-or-later
// HTTP/1.1 messages as values, and written as they are told to be, right or wrong. Sources: RFC
// 9110 (semantics), RFC 9112 (syntax). Pure code; sizes are octets.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/encoding.h"

namespace parley::wire {

struct HttpField {
  std::string name;   // as it came: names are compared without regard to case
  std::string value;  // without the white space around it

  friend bool operator==(const HttpField&, const HttpField&) = default;
};
using HttpFields = std::vector<HttpField>;

struct HttpRequestLine {
  std::string method = "GET";
  std::string target = "/";

  friend bool operator==(const HttpRequestLine&, const HttpRequestLine&) = default;
};
struct HttpStatusLine {
  int status = 200;
  std::string reason = "OK";

  friend bool operator==(const HttpStatusLine&, const HttpStatusLine&) = default;
};

struct HttpMessage {
  std::variant<HttpRequestLine, HttpStatusLine> start;
  std::string version = "HTTP/1.1";
  HttpFields headers{};  // in the order of the wire, those of the framing among them
  Bytes body{};          // without its transfer coding
  HttpFields trailers{};

  // Null when the message is the other kind.
  const HttpRequestLine* request() const { return std::get_if<HttpRequestLine>(&start); }
  const HttpStatusLine* response() const { return std::get_if<HttpStatusLine>(&start); }

  friend bool operator==(const HttpMessage&, const HttpMessage&) = default;
};

bool same_name(std::string_view left, std::string_view right);  // ASCII, without regard to case
// The first of that name; null when there is none.
const HttpField* find_field(const HttpFields& fields, std::string_view name);
std::string value_of(const HttpFields& fields, std::string_view name);  // empty when there is none
// Whether the comma-separated lists of that name hold `token`, without regard to case.
bool lists_token(const HttpFields& fields, std::string_view name, std::string_view token);

HttpMessage http_request(std::string method, std::string target, HttpFields headers = {},
                         Bytes body = {});
// The reason is that of RFC 9110 section 15.
HttpMessage http_response(int status, HttpFields headers = {}, Bytes body = {});
std::string_view reason_of(int status);  // "" for one that is not registered

enum class HttpFraming {
  // What the headers say: chunked where Transfer-Encoding ends so, else a Content-Length that is
  // made true, or added where a body or a response to anything needs one.
  by_headers,
  // As by_headers, but the body is left off, and a Content-Length that is there stays when there
  // is no body: a response to HEAD.
  head_alone,
  length,               // Content-Length, no Transfer-Encoding
  chunked,              // Transfer-Encoding, no Content-Length
  length_then_chunked,  // both, the body chunked; RFC 9112 section 6.3 takes it for an attack
  chunked_then_length,
  verbatim,  // the headers as they are, the body as it is
};

// How a message is written. The default is right; everything else is for peers that must cope.
// Duplicate headers, a missing Host or HTTP/1.0 are the message's own affair; pipelined requests
// are written one behind the other.
struct HttpForm {
  HttpFraming framing = HttpFraming::by_headers;
  std::vector<std::size_t> chunks{};  // sizes, in order; what they leave is one more chunk
  std::string chunk_prefix{};         // before each size: "0x", " "
  std::string chunk_extension{};      // behind each size: ";name=value"
  std::string chunk_end = "\r\n";     // behind each chunk's data
  std::string last_chunk = "0";       // its size as written; empty: neither it nor the trailers
  std::optional<std::string> content_length{};     // its value instead of the true one
  std::optional<std::string> transfer_encoding{};  // its value instead of "chunked"
  std::string line_end = "\r\n";                   // of all lines but chunk_end
  std::string separator = ": ";  // between a name and its value: " : ", ":\r\n " (folded)
  Bytes before{};                // octets in front of the message: empty lines
  Bytes after{};                 // octets behind it
};

// Writes what it is given: a line end within a value makes a second line.
Bytes write(const HttpMessage& message, const HttpForm& form = {});

}  // namespace parley::wire
