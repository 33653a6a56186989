// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/http_oddity.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "harness/base/text.h"
#include "harness/wire/http_message.h"

namespace parley::wire {
namespace {

using enum HttpOddityKind;

struct Row {
  HttpOddityKind kind;
  std::string_view text;
  std::string_view clause;
};
constexpr std::array kRows{
    Row{leading_empty_line, "an empty line before the start line", "RFC 9112 section 2.2"},
    Row{start_line_malformed, "a start line of other parts than three", "RFC 9112 section 3"},
    Row{method_lower_case, "a method in lower case", "RFC 9110 section 9.1"},
    Row{absolute_form, "a target in absolute form", "RFC 9112 section 3.2.2"},
    Row{unknown_version, "another version than HTTP/1.1 and HTTP/1.0", "RFC 9112 section 2.3"},
    Row{bare_lf, "a line that ends with LF alone", "RFC 9112 section 2.2"},
    Row{bare_cr, "a CR without LF", "RFC 9112 section 2.2"},
    Row{nul, "a NUL", "RFC 9110 section 5.5"},
    Row{control_character, "a control character", "RFC 9110 section 5.5"},
    Row{space_before_first_field, "white space before the first field", "RFC 9112 section 2.2"},
    Row{obs_fold, "a field folded over lines", "RFC 9112 section 5.2"},
    Row{space_before_colon, "white space before a field's colon", "RFC 9112 section 5.1"},
    Row{field_name_no_token, "a field line without a name that is a token", "RFC 9110 section 5.1"},
    Row{host_missing, "no Host", "RFC 9112 section 3.2"},
    Row{host_repeated, "more than one Host", "RFC 9112 section 3.2"},
    Row{http_1_0_keep_alive, "keep-alive under HTTP/1.0", "RFC 9112 appendix C.2.2"},
    Row{length_repeated, "more than one Content-Length", "RFC 9112 section 6.3"},
    Row{length_list, "a list for a Content-Length", "RFC 9112 section 6.3"},
    Row{length_signed, "a Content-Length with a sign", "RFC 9110 section 8.6"},
    Row{length_no_number, "a Content-Length that is no number", "RFC 9110 section 8.6"},
    Row{length_and_encoding, "a Transfer-Encoding with a Content-Length", "RFC 9112 section 6.3"},
    Row{encoding_repeated, "the coding chunked more than once", "RFC 9112 section 6.1"},
    Row{encoding_not_chunked_last, "a Transfer-Encoding that does not end in chunked",
        "RFC 9112 section 6.3"},
    Row{encoding_in_http_1_0, "a Transfer-Encoding under HTTP/1.0", "RFC 9112 section 6.1"},
    Row{framing_where_no_body_may_be, "a length or coding where no body may be",
        "RFC 9110 section 8.6, RFC 9112 section 6.1"},
    Row{chunk_size_prefix, "a chunk size with the prefix 0x", "RFC 9112 section 7.1"},
    Row{chunk_size_space, "white space around a chunk size", "RFC 9112 section 7.1"},
    Row{chunk_size_overflow, "a chunk size of more than 64 bits", "RFC 9112 section 7.1"},
    Row{chunk_size_no_number, "a chunk size that is no number", "RFC 9112 section 7.1"},
    Row{chunk_extension, "a chunk extension", "RFC 9112 section 7.1.1"},
    Row{chunk_end_missing, "a chunk without a line end behind its data", "RFC 9112 section 7.1"},
    Row{forbidden_trailer, "a trailer that frames or routes the message", "RFC 9110 section 6.5.1"},
    Row{octets_unasked, "octets behind the response to the last request", "RFC 9112 section 6.3"},
    Row{octets_after_close, "octets behind a message that closes the connection",
        "RFC 9112 section 9.6"},
};

const Row& row_of(HttpOddityKind kind) { return kRows[static_cast<std::size_t>(kind)]; }

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].kind != static_cast<HttpOddityKind>(i)) {
      return false;
    }
  }
  return kRows.size() == static_cast<std::size_t>(octets_after_close) + 1;
}
static_assert(in_order());

bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_digit(c) || is_letter(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

struct Line {
  std::string_view text;
  std::size_t offset;
};

// Takes lines apart and notes what is odd in any of them.
class Lines {
 public:
  Lines(std::string_view octets, std::size_t offset, HttpOddities& oddities)
      : octets_(octets), offset_(offset), oddities_(oddities) {}

  std::optional<Line> next() {
    if (octets_.empty()) {
      return std::nullopt;
    }
    const auto lf = octets_.find('\n');
    Line out{.text = octets_.substr(0, lf), .offset = offset_};
    const auto whole = lf == std::string_view::npos ? octets_.size() : lf + 1;
    octets_.remove_prefix(whole);
    offset_ += whole;
    if (out.text.ends_with('\r')) {
      out.text.remove_suffix(1);
    } else if (lf != std::string_view::npos) {
      note(oddities_, bare_lf, out.offset + out.text.size());
    }
    for (std::size_t i = 0; i < out.text.size(); ++i) {
      const auto octet = static_cast<unsigned char>(out.text[i]);
      if (octet == '\r') {
        note(oddities_, bare_cr, out.offset + i);
      } else if (octet == 0) {
        note(oddities_, nul, out.offset + i);
      } else if ((octet < ' ' && octet != '\t') || octet == 0x7f) {
        note(oddities_, control_character, out.offset + i);
      }
    }
    return out;
  }

 private:
  std::string_view octets_;
  std::size_t offset_;
  HttpOddities& oddities_;
};

struct Field {
  std::string_view name;
  std::string value;  // its folds with it
  std::size_t offset;
};

std::vector<Field> fields_of(Lines& lines, HttpOddities& oddities) {
  std::vector<Field> out;
  bool first = true;
  for (auto line = lines.next(); line && !line->text.empty(); line = lines.next()) {
    if (is_space(line->text.front())) {
      note(oddities, first ? space_before_first_field : obs_fold, line->offset);
      if (!out.empty()) {
        out.back().value += " " + std::string(trimmed(line->text));
      }
    } else {
      const auto colon = line->text.find(':');
      const auto name = line->text.substr(0, colon);
      if (colon == std::string_view::npos || !is_token(trimmed(name))) {
        note(oddities, field_name_no_token, line->offset);
      } else if (is_space(name.back())) {
        note(oddities, space_before_colon, line->offset + trimmed(name).size());
      }
      const auto value = colon == std::string_view::npos ? "" : line->text.substr(colon + 1);
      out.push_back({trimmed(name), std::string(trimmed(value)), line->offset});
    }
    first = false;
  }
  return out;
}

class HeadLint {
 public:
  HeadLint(HttpRole role, HttpOddities& oddities) : role_(role), oddities_(oddities) {}

  void start_line(const Line& line) {
    const auto parts = split(line.text, ' ');
    const bool request = role_ == HttpRole::request;
    if (request ? parts.size() != 3 : parts.size() < 3) {
      note(oddities_, start_line_malformed, line.offset);
    }
    version_ = request ? parts.back() : parts.front();
    if (version_ != "HTTP/1.1" && version_ != "HTTP/1.0") {
      note(oddities_, unknown_version, line.offset);
    }
    if (!request) {
      status_ = parts.size() > 1 ? parts[1] : "";
      return;
    }
    if (std::ranges::any_of(parts[0], [](char c) { return c >= 'a' && c <= 'z'; })) {
      note(oddities_, method_lower_case, line.offset);
    }
    if (parts.size() > 1 && is_letter(parts[1].empty() ? ' ' : parts[1].front()) &&
        parts[1].find("://") != std::string::npos) {
      note(oddities_, absolute_form, line.offset + parts[0].size() + 1);
    }
  }

  void fields(const std::vector<Field>& fields, std::size_t start) {
    std::size_t hosts = 0;
    bool keep_alive = false;
    for (const auto& field : fields) {
      if (same_name(field.name, "Host") && ++hosts == 2) {
        note(oddities_, host_repeated, field.offset);
      } else if (same_name(field.name, "Content-Length")) {
        length(field);
      } else if (same_name(field.name, "Transfer-Encoding")) {
        encoding(field);
      } else if (same_name(field.name, "Connection")) {
        keep_alive =
            keep_alive || lists_token({{"Connection", field.value}}, "Connection", "keep-alive");
      }
    }
    if (role_ == HttpRole::request && hosts == 0 && version_ == "HTTP/1.1") {
      note(oddities_, host_missing, start);
    }
    if (keep_alive && version_ == "HTTP/1.0") {
      note(oddities_, http_1_0_keep_alive, start);
    }
    together();
  }

 private:
  void length(const Field& field) {
    if (length_at_) {
      note(oddities_, length_repeated, field.offset);
    }
    length_at_ = field.offset;
    const std::string& value = field.value;
    if (value.find(',') != std::string::npos) {
      note(oddities_, length_list, field.offset);
    } else if (value.starts_with('+') || value.starts_with('-')) {
      note(oddities_, length_signed, field.offset);
    } else if (value.empty() || !std::ranges::all_of(value, is_digit)) {
      note(oddities_, length_no_number, field.offset);
    }
  }

  void encoding(const Field& field) {
    encoding_at_ = field.offset;
    for (const auto& part : split(field.value, ',')) {
      const auto coding = trimmed(part);
      if (coding.empty()) {
        continue;  // RFC 9110 section 5.6.1.2: a recipient ignores empty elements
      }
      chunked_last_ = same_name(coding, "chunked");
      chunked_ += chunked_last_ ? 1 : 0;
    }
  }

  void together() {
    const bool no_body = role_ == HttpRole::response &&
                         (status_ == "204" || (status_.size() == 3 && status_.front() == '1'));
    if (no_body && (length_at_ || encoding_at_)) {
      note(oddities_, framing_where_no_body_may_be,
           std::max(length_at_.value_or(0), encoding_at_.value_or(0)));
    }
    if (!encoding_at_) {
      return;
    }
    if (length_at_) {
      note(oddities_, length_and_encoding, std::max(*length_at_, *encoding_at_));
    }
    if (chunked_ > 1) {
      note(oddities_, encoding_repeated, *encoding_at_);
    }
    if (!chunked_last_) {
      note(oddities_, encoding_not_chunked_last, *encoding_at_);
    }
    if (version_ == "HTTP/1.0") {
      note(oddities_, encoding_in_http_1_0, *encoding_at_);
    }
  }

  HttpRole role_;
  HttpOddities& oddities_;
  std::string version_;
  std::string status_;
  std::optional<std::size_t> length_at_;
  std::optional<std::size_t> encoding_at_;
  bool chunked_last_ = false;
  int chunked_ = 0;
};

void lint_chunk_size(const Line& line, HttpOddities& oddities) {
  const auto semicolon = line.text.find(';');
  if (semicolon != std::string_view::npos) {
    note(oddities, chunk_extension, line.offset + semicolon);
  }
  const auto field = line.text.substr(0, semicolon);
  auto size = trimmed(field);
  if (size.size() != field.size()) {
    note(oddities, chunk_size_space, line.offset);
  }
  if (size.starts_with("0x") || size.starts_with("0X")) {
    note(oddities, chunk_size_prefix, line.offset);
  } else if (size.empty() || !std::ranges::all_of(size, is_hex)) {
    note(oddities, chunk_size_no_number, line.offset);
  } else if (size.size() - std::min(size.find_first_not_of('0'), size.size()) > 16) {
    note(oddities, chunk_size_overflow, line.offset);
  }
}

}  // namespace

std::string_view to_string(HttpOddityKind kind) { return row_of(kind).text; }
std::string_view clause_of(HttpOddityKind kind) { return row_of(kind).clause; }

void note(HttpOddities& oddities, HttpOddityKind kind, std::size_t offset) {
  if (!contains(oddities, kind)) {
    oddities.push_back({kind, offset});
  }
}

bool contains(const HttpOddities& oddities, HttpOddityKind kind) {
  return std::ranges::find(oddities, kind, &HttpOddity::kind) != oddities.end();
}

void lint_head(std::string_view head, HttpRole role, std::size_t offset, HttpOddities& oddities) {
  Lines lines(head, offset, oddities);
  HeadLint lint(role, oddities);
  if (const auto start = lines.next()) {
    lint.start_line(*start);
  }
  lint.fields(fields_of(lines, oddities), offset);
}

void lint_chunk(std::string_view unit, Preceded preceded, std::size_t offset,
                HttpOddities& oddities) {
  Lines lines(unit, offset, oddities);
  auto line = lines.next();
  if (preceded == Preceded::by_chunk) {
    if (line && !line->text.empty()) {
      note(oddities, chunk_end_missing, line->offset);
      return;
    }
    line = lines.next();
  }
  if (!line) {
    return;
  }
  lint_chunk_size(*line, oddities);
  for (const auto& field : fields_of(lines, oddities)) {
    if (same_name(field.name, "Content-Length") || same_name(field.name, "Transfer-Encoding") ||
        same_name(field.name, "Host")) {
      note(oddities, forbidden_trailer, field.offset);
    }
  }
}

}  // namespace parley::wire
