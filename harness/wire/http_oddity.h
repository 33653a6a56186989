// SPDX-License-Identifier: GPL-3.0-or-later
// What in an HTTP/1.1 message a strict reader minds, whether or not a parser takes it. Looks at the
// raw octets; what belongs to the message's framing is where implementations disagree and requests
// are smuggled. Sources: RFC 9110, RFC 9112. Pure code.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace parley::wire {

enum class HttpRole { request, response };

enum class HttpOddityKind {
  leading_empty_line,
  start_line_malformed,
  method_lower_case,
  absolute_form,
  unknown_version,
  bare_lf,
  bare_cr,
  nul,
  control_character,
  space_before_first_field,
  obs_fold,
  space_before_colon,
  field_name_no_token,
  host_missing,
  host_repeated,
  http_1_0_keep_alive,
  length_repeated,
  length_list,
  length_signed,
  length_no_number,
  length_and_encoding,
  encoding_repeated,
  encoding_not_chunked_last,
  encoding_in_http_1_0,
  framing_where_no_body_may_be,
  chunk_size_prefix,
  chunk_size_space,
  chunk_size_overflow,
  chunk_size_no_number,
  chunk_extension,
  chunk_end_missing,
  forbidden_trailer,
  octets_unasked,
  octets_after_close,
};
std::string_view to_string(HttpOddityKind kind);  // "a Transfer-Encoding with a Content-Length"
std::string_view clause_of(HttpOddityKind kind);  // "RFC 9112 section 6.3"

struct HttpOddity {
  HttpOddityKind kind;
  std::size_t offset;  // where it is seen first: one entry a kind

  friend bool operator==(const HttpOddity&, const HttpOddity&) = default;
};
using HttpOddities = std::vector<HttpOddity>;

void note(HttpOddities& oddities, HttpOddityKind kind, std::size_t offset);
bool contains(const HttpOddities& oddities, HttpOddityKind kind);

// `head`: from the start line to the empty line. `offset`: of its first octet.
void lint_head(std::string_view head, HttpRole role, std::size_t offset, HttpOddities& oddities);
// `unit`: the line that gives a chunk's size, after the last one's the trailers too. It begins with
// the line end of the chunk before it, if there was one (`Preceded`).
enum class Preceded { by_head, by_chunk };
void lint_chunk(std::string_view unit, Preceded preceded, std::size_t offset,
                HttpOddities& oddities);

}  // namespace parley::wire
