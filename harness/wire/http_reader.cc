// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/http_reader.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "harness/wire/http_framer.h"

namespace parley::wire {
namespace {

using Items = std::vector<HttpItem>;
using Part = HttpFramer::Part;

constexpr std::size_t kMaxEmptyLines = 8;          // before a request
constexpr std::size_t kPlainChunkLineOctets = 20;  // CRLF, 16 digits, CRLF

// Of what RFC 9112 section 6.3 has a recipient refuse, the parser takes this.
constexpr HttpOddityKind kRefused[] = {HttpOddityKind::length_and_encoding,
                                       HttpOddityKind::encoding_repeated};

bool is_empty_line(std::string_view line) { return line == "\r\n" || line == "\n"; }

// Whether a chunk line says size zero in a way that the parser may take.
bool is_last_chunk(std::string_view line) {
  const auto end = line.find_first_not_of('0');
  return end != 0 && end != std::string_view::npos &&
         std::string_view("; \t\r\n").find(line[end]) != std::string_view::npos;
}

}  // namespace

struct HttpReader::State {
  HttpRole role;
  HttpLimits limits;
  std::deque<std::string> methods{};  // of responses: what they answer
  std::unique_ptr<HttpFramer> framer{};
  HttpOddities oddities{};
  std::size_t offset = 0;      // of the next octet
  std::size_t message_at = 0;  // of the message at hand
  bool ended = false;
  bool closing = false;  // the last message was said to be so
  bool wants_continue = false;
  bool gathering = false;  // octets of a unit
  std::size_t taken = 0;   // of the body at hand, by take_body()

  // A head or a chunk line that is not yet whole.
  Bytes unit{};
  std::size_t unit_at = 0;
  std::size_t unit_limit = 0;
  std::size_t line_at = 0;  // of its last line, within the unit
  std::size_t lines = 0;
  std::size_t empty_lines = 0;  // before the head
  std::size_t extension_octets = 0;
  bool last_chunk = false;
  Preceded preceded = Preceded::by_head;

  void feed(std::string_view octets, Items& out);
  void begin(Items& out);
  void begin_unit();
  // Takes octets of a head or chunk line; true when it is whole.
  bool gather(std::string_view& octets, Items& out);
  bool gather_line(std::string_view& octets, Items& out);
  bool end_line(Items& out);
  bool end_head_line(std::string_view line);
  bool end_chunk_line(std::string_view line);
  void take_unit(Items& out);
  void take_data(std::string_view& octets, Items& out);
  void complete(Items& out);
  bool refuses() const;
  bool is_upgrade(const HttpStatusLine& response) const;
  void fail_with(Error error, Items& out);
  void take(std::string_view& octets, std::size_t count) {
    unit.append(octets.substr(0, count));
    octets.remove_prefix(count);
    offset += count;
  }
};

void HttpReader::State::feed(std::string_view octets, Items& out) {
  while (!ended && !octets.empty()) {
    if (framer == nullptr) {
      begin(out);
      continue;
    }
    switch (framer->part()) {
      case Part::head:
      case Part::chunk_line:
        if (gather(octets, out)) {
          take_unit(out);
        }
        break;
      case Part::body:
      case Part::chunk_data:
      case Part::body_until_close:
        take_data(octets, out);
        break;
      case Part::nothing:
        break;
    }
    if (!ended && framer->part() == Part::nothing) {
      complete(out);
    }
  }
}

void HttpReader::State::begin(Items& out) {
  oddities.clear();
  message_at = offset;
  if (closing) {
    note(oddities, HttpOddityKind::octets_after_close, offset);
    fail_with({Errc::malformed, "octets behind the last message", offset}, out);
    return;
  }
  if (role == HttpRole::response && methods.empty()) {
    note(oddities, HttpOddityKind::octets_unasked, offset);
    fail_with({Errc::malformed, "octets that answer no request", offset}, out);
    return;
  }
  const bool head = role == HttpRole::response && methods.front() == "HEAD";
  framer =
      HttpFramer::make(role, head ? HttpBody::none : HttpBody::by_head, limits.max_body_octets);
  wants_continue = false;
  empty_lines = 0;
  extension_octets = 0;
  taken = 0;
  preceded = Preceded::by_head;
  begin_unit();
}

void HttpReader::State::begin_unit() {
  unit.clear();
  unit_at = offset;
  line_at = 0;
  lines = 0;
  last_chunk = false;
  unit_limit = framer->part() == Part::head
                   ? limits.max_head_octets
                   : kPlainChunkLineOctets + limits.max_extension_octets - extension_octets;
}

bool HttpReader::State::gather(std::string_view& octets, Items& out) {
  gathering = true;
  while (!octets.empty() && !ended) {
    if (preceded == Preceded::by_chunk && unit.size() < 2) {
      take(octets, 1);
      if (unit.front() != '\r' || (unit.size() == 2 && unit.back() != '\n')) {
        return true;
      }
      line_at = unit.size();
    } else if (gather_line(octets, out)) {
      return true;
    }
  }
  return false;
}

bool HttpReader::State::gather_line(std::string_view& octets, Items& out) {
  const auto lf = octets.find('\n');
  const auto count = lf == std::string_view::npos ? octets.size() : lf + 1;
  if (count > unit_limit - unit.size()) {
    fail_with({Errc::too_large,
               framer->part() == Part::head ? "a head of too many octets"
               : last_chunk                 ? "trailers of too many octets"
                                            : "chunk extensions of too many octets",
               unit_at + unit_limit},
              out);
    return false;
  }
  take(octets, count);
  return lf != std::string_view::npos && end_line(out);
}

bool HttpReader::State::end_line(Items& out) {
  const auto line = std::string_view(unit).substr(line_at);
  const auto begun_at = std::exchange(line_at, unit.size());
  if (++lines > limits.max_headers + 1 && !is_empty_line(line)) {
    fail_with({Errc::too_large, "too many fields", unit_at + begun_at}, out);
    return false;
  }
  return framer->part() == Part::head ? end_head_line(line) : end_chunk_line(line);
}

bool HttpReader::State::end_head_line(std::string_view line) {
  if (lines == 1 && line == "\r\n" && role == HttpRole::request &&
      ++empty_lines <= kMaxEmptyLines) {
    note(oddities, HttpOddityKind::leading_empty_line, unit_at);
    begin_unit();
    return false;
  }
  return is_empty_line(line);
}

bool HttpReader::State::end_chunk_line(std::string_view line) {
  if (last_chunk) {
    return is_empty_line(line);
  }
  if (unit.size() > kPlainChunkLineOctets) {
    extension_octets += unit.size() - kPlainChunkLineOctets;
  }
  last_chunk = is_last_chunk(line);
  unit_limit = unit.size() + limits.max_trailer_octets;
  return !last_chunk;
}

// Whether the head's framing is one that two recipients could understand differently.
bool HttpReader::State::refuses() const {
  const auto has = [&](HttpOddityKind kind) { return contains(oddities, kind); };
  return std::ranges::any_of(kRefused, has) ||
         (role == HttpRole::request && has(HttpOddityKind::encoding_not_chunked_last));
}

// Whether what follows is another protocol (RFC 9110 sections 7.8 and 9.3.6).
bool HttpReader::State::is_upgrade(const HttpStatusLine& response) const {
  return response.status == 101 || (methods.front() == "CONNECT" && response.status / 100 == 2);
}

void HttpReader::State::take_unit(Items& out) {
  gathering = false;
  const bool head = framer->part() == Part::head;
  if (head) {
    lint_head(unit, role, unit_at, oddities);
  } else {
    lint_chunk(unit, preceded, unit_at, oddities);
  }
  const auto used = framer->put(unit);
  if (!used || *used != unit.size()) {
    fail_with(used ? Error{Errc::malformed, "bad line ending", unit_at}
                   : Error{used.error().code, used.error().detail, unit_at},
              out);
    return;
  }
  if (head && refuses()) {
    fail_with({Errc::malformed, "a body whose end is ambiguous", unit_at}, out);
    return;
  }
  wants_continue = head && role == HttpRole::request && framer->part() != Part::nothing &&
                   same_name(value_of(framer->message.headers, "Expect"), "100-continue");
  const auto* response = framer->message.response();
  if (head && response != nullptr && is_upgrade(*response)) {
    complete(out);
    return;
  }
  preceded = Preceded::by_head;
  begin_unit();
}

void HttpReader::State::fail_with(Error error, Items& out) {
  ended = true;
  int status = 400;
  if (error.code == Errc::too_large) {
    // What could not be gathered is a head, trailers or extensions.
    status = gathering ? 431 : 413;
  } else if (contains(oddities, HttpOddityKind::unknown_version) &&
             !contains(oddities, HttpOddityKind::start_line_malformed)) {
    status = 505;
  }
  out.emplace_back(
      HttpFailure{.error = std::move(error), .oddities = std::move(oddities), .status = status});
}

void HttpReader::State::take_data(std::string_view& octets, Items& out) {
  gathering = false;
  const auto part = framer->part();
  const auto room = limits.max_body_octets - taken - framer->message.body.size();
  if (part == Part::body_until_close && octets.size() > room) {
    fail_with({Errc::too_large, "a body of too many octets", offset + room}, out);
    return;
  }
  const auto used = framer->put(octets);
  if (!used) {
    fail_with({used.error().code, used.error().detail, offset}, out);
    return;
  }
  octets.remove_prefix(*used);
  offset += *used;
  if (part == Part::chunk_data && framer->part() == Part::chunk_line) {
    preceded = Preceded::by_chunk;
    begin_unit();
  }
}

void HttpReader::State::complete(Items& out) {
  HttpReceived received{.message = std::move(framer->message),
                        .oddities = std::exchange(oddities, {}),
                        .offset = message_at,
                        .octets = offset - message_at,
                        .keeps_alive = framer->keeps_alive()};
  framer.reset();
  if (contains(received.oddities, HttpOddityKind::encoding_in_http_1_0)) {
    received.keeps_alive = false;  // RFC 9112 section 6.1
  }
  const auto* response = received.message.response();
  const bool interim = response != nullptr && response->status < 200 && response->status != 101;
  ended = response != nullptr && is_upgrade(*response);
  if (!interim) {
    closing = !received.keeps_alive;
    if (response != nullptr) {
      methods.pop_front();
    }
  }
  out.emplace_back(std::move(received));
}

HttpReader::HttpReader(HttpRole role, HttpLimits limits)
    : state_(std::make_unique<State>(State{.role = role, .limits = limits})) {}
HttpReader::HttpReader(HttpReader&&) noexcept = default;
HttpReader& HttpReader::operator=(HttpReader&&) noexcept = default;
HttpReader::~HttpReader() = default;

void HttpReader::expect(std::string method) { state_->methods.push_back(std::move(method)); }

std::vector<HttpItem> HttpReader::feed(std::string_view octets) {
  Items out;
  state_->feed(octets, out);
  return out;
}

std::vector<HttpItem> HttpReader::end() {
  Items out;
  auto& state = *state_;
  if (state.ended) {
    return out;
  }
  const bool begun = unfinished();
  if (begun && state.framer->part() == Part::body_until_close && state.framer->end()) {
    state.complete(out);
    std::get<HttpReceived>(out.back()).until_close = true;
  } else if (begun || !state.methods.empty()) {
    state.fail_with(
        {Errc::truncated,
         begun ? "the connection ended within a message" : "the connection ended before a response",
         state.offset},
        out);
  }
  state.ended = true;
  return out;
}

const HttpMessage* HttpReader::begun() const {
  const auto& framer = state_->framer;
  const bool whole = framer != nullptr && !state_->ended && framer->part() != Part::head;
  return whole ? &framer->message : nullptr;
}

Bytes HttpReader::take_body() {
  if (begun() == nullptr) {
    return {};
  }
  auto out = std::exchange(state_->framer->message.body, {});
  state_->taken += out.size();
  return out;
}

bool HttpReader::unfinished() const {
  const auto& state = *state_;
  const bool begun = state.framer != nullptr;
  return begun && !state.ended && (state.framer->part() != Part::head || !state.unit.empty());
}

bool HttpReader::idle() const {
  return !state_->ended && !state_->closing && state_->methods.empty() && !unfinished();
}

bool HttpReader::take_continue() { return std::exchange(state_->wants_continue, false); }

}  // namespace parley::wire
