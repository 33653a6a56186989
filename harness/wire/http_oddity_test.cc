// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/http_oddity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/wire/http_reader.h"

namespace parley::wire {
namespace {

using enum HttpOddityKind;

enum class Taken { yes, no };

// Octets whose first message has these oddities, and no other, and whether it is taken all the
// same.
struct Row {
  const char* name;
  HttpRole role;
  Bytes octets;
  std::vector<HttpOddityKind> kinds;
  std::size_t offset;  // of the first of them
  Taken taken;
};
class FindsOddity : public testing::TestWithParam<Row> {};

TEST_P(FindsOddity, AndWhereItIs) {
  const auto& row = GetParam();
  HttpReader reader(row.role);
  if (row.role == HttpRole::response) {
    reader.expect("GET");
  }
  const auto items = reader.feed(row.octets);
  ASSERT_FALSE(items.empty());
  // What follows a message is the second item's.
  const auto& item = contains({{row.kinds.front(), 0}}, octets_unasked) ||
                             contains({{row.kinds.front(), 0}}, octets_after_close)
                         ? items.back()
                         : items.front();
  const auto* received = std::get_if<HttpReceived>(&item);
  EXPECT_EQ(received != nullptr, row.taken == Taken::yes);
  const auto& oddities =
      received != nullptr ? received->oddities : std::get<HttpFailure>(item).oddities;
  std::vector<HttpOddityKind> kinds;
  std::ranges::transform(oddities, std::back_inserter(kinds), &HttpOddity::kind);
  EXPECT_EQ(kinds, row.kinds);
  ASSERT_FALSE(oddities.empty());
  EXPECT_EQ(std::ranges::min(oddities, {}, &HttpOddity::offset).offset, row.offset);
}

Bytes get(const Bytes& fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }
Bytes post(const Bytes& fields, const Bytes& body) {
  return "POST / HTTP/1.1\r\n" + fields + "Host: a\r\n\r\n" + body;
}
Bytes chunks(const Bytes& body) { return post("Transfer-Encoding: chunked\r\n", body); }
constexpr std::size_t kFields = 16;  // octets before a GET's fields, less one than POST's
constexpr std::size_t kChunks = 56;  // octets before the first chunk

constexpr auto kRequest = HttpRole::request;
constexpr auto kResponse = HttpRole::response;

const Row kRows[] = {
    {"leading_empty_line", kRequest, "\r\n" + get(""), {leading_empty_line}, 0, Taken::yes},
    {"start_line_malformed",
     kRequest,
     "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
     {start_line_malformed},
     0,
     Taken::no},
    {"method_lower_case",
     kRequest,
     "get / HTTP/1.1\r\nHost: a\r\n\r\n",
     {method_lower_case},
     0,
     Taken::yes},
    {"absolute_form",
     kRequest,
     "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
     {absolute_form},
     4,
     Taken::yes},
    {"unknown_version",
     kRequest,
     "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
     {unknown_version},
     0,
     Taken::no},
    {"bare_lf", kRequest, "GET / HTTP/1.1\nHost: a\r\n\r\n", {bare_lf}, 14, Taken::no},
    {"bare_cr", kRequest, get("A: b\rc\r\n"), {bare_cr}, kFields + 13, Taken::no},
    {"nul", kRequest, get(Bytes("A: b\0c\r\n", 8)), {nul}, kFields + 13, Taken::no},
    {"control_character",
     kRequest,
     get("A: b\x01\r\n"),
     {control_character},
     kFields + 13,
     Taken::no},
    {"space_before_first_field",
     kRequest,
     "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
     {space_before_first_field, host_missing},
     0,
     Taken::no},
    {"obs_fold", kRequest, get("A: b\r\n c\r\n"), {obs_fold}, kFields + 15, Taken::yes},
    {"space_before_colon",
     kRequest,
     get("A : b\r\n"),
     {space_before_colon},
     kFields + 10,
     Taken::no},
    {"field_name_no_token",
     kRequest,
     get("A(: b\r\n"),
     {field_name_no_token},
     kFields + 9,
     Taken::no},
    {"no_colon", kRequest, get("A\r\n"), {field_name_no_token}, kFields + 9, Taken::no},
    {"host_missing", kRequest, "GET / HTTP/1.1\r\nA: b\r\n\r\n", {host_missing}, 0, Taken::yes},
    {"host_repeated", kRequest, get("host: a\r\n"), {host_repeated}, kFields + 9, Taken::yes},
    {"http_1_0_keep_alive",
     kRequest,
     "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
     {http_1_0_keep_alive},
     0,
     Taken::yes},
    {"length_repeated",
     kRequest,
     post("Content-Length: 1\r\nContent-Length: 1\r\n", "x"),
     {length_repeated},
     36,
     Taken::yes},
    {"lengths_differ",
     kRequest,
     post("Content-Length: 1\r\nContent-Length: 2\r\n", "xy"),
     {length_repeated},
     36,
     Taken::no},
    {"length_list", kRequest, post("Content-Length: 1, 1\r\n", "x"), {length_list}, 17, Taken::yes},
    {"length_signed",
     kRequest,
     post("Content-Length: +1\r\n", "x"),
     {length_signed},
     17,
     Taken::no},
    {"length_no_number",
     kRequest,
     post("Content-Length: 0x1\r\n", "x"),
     {length_no_number},
     17,
     Taken::no},
    {"encoding_then_length",
     kRequest,
     post("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", "0\r\n\r\n"),
     {length_and_encoding},
     45,
     Taken::no},
    {"length_then_encoding",
     kRequest,
     post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
     {length_and_encoding},
     36,
     Taken::no},
    // The parser would go by the length.
    {"length_and_unknown_encoding",
     kRequest,
     post("Transfer-Encoding: gzip\r\nContent-Length: 1\r\n", "x"),
     {length_and_encoding, encoding_not_chunked_last},
     17,
     Taken::no},
    {"encoding_repeated",
     kRequest,
     post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
     {encoding_repeated},
     17,
     Taken::no},
    // The parser would see no body at all.
    {"encoding_not_chunked",
     kRequest,
     post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
     {encoding_not_chunked_last},
     17,
     Taken::no},
    // The parser would see chunks.
    {"encoding_with_parameter",
     kRequest,
     post("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"),
     {encoding_not_chunked_last},
     17,
     Taken::no},
    {"folded_encoding",
     kRequest,
     post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
     {obs_fold},
     37,
     Taken::yes},
    {"encoding_in_http_1_0",
     kRequest,
     "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     {encoding_in_http_1_0},
     17,
     Taken::yes},
    {"length_of_204",
     kResponse,
     "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
     {framing_where_no_body_may_be},
     25,
     Taken::yes},
    {"chunk_size_prefix",
     kRequest,
     chunks("0x1\r\nx\r\n0\r\n\r\n"),
     {chunk_size_prefix},
     kChunks,
     Taken::no},
    {"chunk_size_space",
     kRequest,
     chunks(" 1\r\nx\r\n0\r\n\r\n"),
     {chunk_size_space},
     kChunks,
     Taken::no},
    {"chunk_size_space_behind",
     kRequest,
     chunks("1 \r\nx\r\n0\r\n\r\n"),
     {chunk_size_space},
     kChunks,
     Taken::no},
    {"chunk_size_overflow",
     kRequest,
     chunks("10000000000000001\r\nx\r\n0\r\n\r\n"),
     {chunk_size_overflow},
     kChunks,
     Taken::no},
    {"chunk_size_no_number",
     kRequest,
     chunks("-1\r\nx\r\n0\r\n\r\n"),
     {chunk_size_no_number},
     kChunks,
     Taken::no},
    {"chunk_extension",
     kRequest,
     chunks("1;a=b\r\nx\r\n0\r\n\r\n"),
     {chunk_extension},
     kChunks + 1,
     Taken::yes},
    {"chunk_end_missing",
     kRequest,
     chunks("1\r\nxyz\r\n0\r\n\r\n"),
     {chunk_end_missing},
     kChunks + 4,
     Taken::no},
    {"chunk_line_of_lf", kRequest, chunks("1\nx\r\n0\r\n\r\n"), {bare_lf}, kChunks + 1, Taken::no},
    {"forbidden_trailer",
     kRequest,
     chunks("0\r\nHost: b\r\n\r\n"),
     {forbidden_trailer},
     kChunks + 3,
     Taken::yes},
    {"body_of_204",
     kResponse,
     "HTTP/1.1 204 No Content\r\n\r\nhello",
     {octets_unasked},
     27,
     Taken::no},
    {"second_response",
     kResponse,
     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
     {octets_unasked},
     38,
     Taken::no},
    {"octets_after_close",
     kRequest,
     get("Connection: close\r\n") + "GET",
     {octets_after_close},
     kFields + 30,
     Taken::no},
};
INSTANTIATE_TEST_SUITE_P(All, FindsOddity, testing::ValuesIn(kRows),
                         [](const auto& tested) { return tested.param.name; });

TEST(HttpOddity, EachKindIsFoundInTheTableAboveAndHasItsClause) {
  std::set<HttpOddityKind> found;
  for (const auto& row : kRows) {
    found.insert(row.kinds.begin(), row.kinds.end());
  }
  for (int number = 0; number <= static_cast<int>(octets_after_close); ++number) {
    const auto kind = static_cast<HttpOddityKind>(number);
    EXPECT_TRUE(found.contains(kind)) << to_string(kind);
    EXPECT_TRUE(clause_of(kind).starts_with("RFC 911")) << to_string(kind);
  }
}

TEST(HttpOddity, IsNotSeenInWhatIsRight) {
  HttpMessage message = http_request("POST", "/?a=http://b", {{"Host", "a"}, {"A", ""}}, "hello");
  message.trailers = {{"Digest", "x"}};
  for (const auto framing : {HttpFraming::length, HttpFraming::chunked}) {
    HttpReader reader(kRequest);
    const auto items = reader.feed(write(message, {.framing = framing, .chunks = {2}}));
    ASSERT_EQ(items.size(), 1U);
    const auto* received = std::get_if<HttpReceived>(&items.front());
    ASSERT_NE(received, nullptr);
    EXPECT_TRUE(received->oddities.empty()) << to_string(received->oddities.front().kind);
  }
}

}  // namespace
}  // namespace parley::wire
