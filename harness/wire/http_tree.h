// SPDX-License-Identifier: GPL-3.0-or-later
// HTTP messages (RFC 9110) as the tree that stanzas have:
//   <http-request method='POST' target='/users'>
//     <headers><content-type>application/json</content-type></headers><json>…</json>
//   </http-request>
// and <http-response status='201' reason='Created'>. A field is an element of its name in lower
// case, and may stand twice. <wire framing='chunked-then-length' content-length='4'/> says how it
// is written, of a message that is wrong on purpose. Content is <json/> (json_tree.h) where it is
// JSON and says so, <octets/> in hex where it is no text or says that it is none, else the text of
// <body/>. Pure functions: safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "harness/wire/http_message.h"
#include "harness/xml/tree.h"

namespace parley::wire {

inline constexpr std::string_view kHttpRequest = "http-request";
inline constexpr std::string_view kHttpResponse = "http-response";
inline constexpr std::string_view kHttpHeaders = "headers";
inline constexpr std::string_view kHttpJson = "json";
inline constexpr std::string_view kHttpBody = "body";
inline constexpr std::string_view kHttpOctets = "octets";
inline constexpr std::string_view kHttpWire = "wire";

xml::Element http_request_tree(std::string method, std::string target);
xml::Element http_response_tree(std::string status);
// Adds a field, whatever there is of that name.
void set_http_header(xml::Element& message, std::string_view name, std::string value);
// Null when there is none; the first of several.
const xml::Element* http_header(const xml::Element& message, std::string_view name);

xml::Element tree_of(const HttpMessage& message);
// Errors: malformed for what is no such tree.
Result<HttpMessage> http_message_of(const xml::Element& tree);
// How it is written: as is right where the tree does not say. Its attributes are the names of
// HttpForm's fields, with '-' for '_', but for `chunks`. Errors: not_found for another name, or
// another framing than those.
Result<HttpForm> http_form_of(const xml::Element& tree);

}  // namespace parley::wire
