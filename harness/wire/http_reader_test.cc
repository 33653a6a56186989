// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/http_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace parley::wire {
namespace {

std::string shown(const HttpItem& item) {
  if (const auto* failure = std::get_if<HttpFailure>(&item)) {
    return fmt::format("{}: {} at {}", to_string(failure->error.code), failure->error.detail,
                       *failure->error.offset);
  }
  const auto& received = std::get<HttpReceived>(item);
  const auto& message = received.message;
  const auto start = message.request() != nullptr
                         ? message.request()->method + " " + message.request()->target
                         : std::to_string(message.response()->status);
  return fmt::format("{} '{}' {}+{}{}{}", start, message.body, received.offset, received.octets,
                     received.keeps_alive ? "" : " closes",
                     received.until_close ? " at the end" : "");
}

enum class Ending { open, closed };

std::vector<std::string> read(HttpReader& reader, std::string_view octets, Ending ending,
                              std::size_t segment) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < octets.size(); at += segment) {
    for (const auto& item : reader.feed(octets.substr(at, segment))) {
      out.push_back(shown(item));
    }
  }
  if (ending == Ending::closed) {
    for (const auto& item : reader.end()) {
      out.push_back(shown(item));
    }
  }
  return out;
}

constexpr HttpLimits kSmall{.max_head_octets = 100,
                            .max_headers = 4,
                            .max_body_octets = 10,
                            .max_extension_octets = 10,
                            .max_trailer_octets = 20};

struct Row {
  const char* name;
  std::vector<std::string> methods;  // of responses: of the requests; none: these are requests
  Bytes octets;
  Ending ending;
  std::vector<std::string> items;
};
class ReadsHttp : public testing::TestWithParam<Row> {};

TEST_P(ReadsHttp, InAnySegmentation) {
  const auto& row = GetParam();
  for (const std::size_t segment : {row.octets.size() + 1, std::size_t{1}, std::size_t{7}}) {
    HttpReader reader(row.methods.empty() ? HttpRole::request : HttpRole::response, kSmall);
    for (const auto& method : row.methods) {
      reader.expect(method);
    }
    EXPECT_EQ(read(reader, row.octets, row.ending, segment), row.items) << segment;
  }
}

const Bytes kPost = "POST / HTTP/1.1\r\nHost: a\r\n";
const Bytes kChunked = kPost + "Transfer-Encoding: chunked\r\n\r\n";  // 56 octets
const Bytes kOk = "HTTP/1.1 200 OK\r\n";

const Row kRows[] = {
    {"pipelined_requests",
     {},
     "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n" + kPost +
         "Content-Length: 2\r\n\r\nhiGET /3 HTTP/1.0\r\n\r\n",
     Ending::closed,
     {"GET /1 '' 0+28", "POST / 'hi' 28+49", "GET /3 '' 77+19 closes"}},
    {"chunks_of_a_request",
     {},
     kChunked + "5\r\nhello\r\n03;a\r\n...\r\n0\r\nA: b\r\n\r\n",
     Ending::closed,
     {"POST / 'hello...' 0+88"}},
    {"responses_to_get_head_and_get",
     {"GET", "HEAD", "GET"},
     kOk + "Content-Length: 2\r\n\r\nok" + kOk + "Content-Length: 9\r\n\r\n" + kOk + "\r\nall",
     Ending::closed,
     {"200 'ok' 0+40", "200 '' 40+38", "200 'all' 78+22 closes at the end"}},
    {"interim_response",
     {"POST"},
     "HTTP/1.1 100 Continue\r\n\r\n" + kOk + "Content-Length: 0\r\n\r\n",
     Ending::closed,
     {"100 '' 0+25", "200 '' 25+38"}},
    {"upgrade",
     {"GET"},
     "HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x05hello",
     Ending::closed,
     {"101 '' 0+36"}},
    {"tunnel", {"CONNECT"}, kOk + "\r\n\x16\x03", Ending::closed, {"200 '' 0+19 closes"}},
    {"empty_response_until_close",
     {"GET"},
     kOk + "\r\n",
     Ending::closed,
     {"200 '' 0+19 closes at the end"}},
    {"no_response",
     {"GET"},
     "",
     Ending::closed,
     {"truncated: the connection ended before a response at 0"}},
    {"response_with_unknown_coding_until_close",
     {"GET"},
     kOk + "Transfer-Encoding: gzip\r\n\r\nxx",
     Ending::closed,
     {"200 'xx' 0+46 closes at the end"}},
    {"unfinished_head",
     {},
     "GET / HT",
     Ending::closed,
     {"truncated: the connection ended within a message at 8"}},
    {"unfinished_body",
     {},
     kPost + "Content-Length: 3\r\n\r\nhi",
     Ending::closed,
     {"truncated: the connection ended within a message at 49"}},
    {"unfinished_chunks",
     {},
     kChunked + "2\r\nhi\r\n",
     Ending::closed,
     {"truncated: the connection ended within a message at 63"}},
    {"largest_body",
     {},
     kPost + "Content-Length: 10\r\n\r\n0123456789",
     Ending::closed,
     {"POST / '0123456789' 0+58"}},
    {"length_beyond_the_limit",
     {},
     kPost + "Content-Length: 11\r\n\r\n",
     Ending::open,
     {"too large: body limit exceeded at 0"}},
    {"length_beyond_all_numbers",
     {},
     kPost + "Content-Length: 99999999999999999999\r\n\r\n",
     Ending::open,
     {"malformed: bad Content-Length at 0"}},
    {"chunks_beyond_the_limit",
     {},
     kChunked + "a\r\n0123456789\r\n1\r\n!",
     Ending::open,
     {"too large: body limit exceeded at 69"}},
    {"body_until_close_beyond_the_limit",
     {"GET"},
     kOk + "\r\n0123456789!",
     Ending::open,
     {"too large: a body of too many octets at 29"}},
    {"head_beyond_the_limit",
     {},
     "GET /" + Bytes(200, 'a'),
     Ending::open,
     {"too large: a head of too many octets at 100"}},
    {"too_many_headers",
     {},
     "GET / HTTP/1.1\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n",
     Ending::open,
     {"too large: too many fields at 40"}},
    {"extensions_beyond_the_limit",
     {},
     kChunked + "1;" + Bytes(40, 'a'),
     Ending::open,
     {"too large: chunk extensions of too many octets at 86"}},
    {"extensions_of_many_chunks",
     {},
     kChunked + "1;aaaaaaaaaaaaaaaaaa\r\nx\r\n1;aaaaaaaaaaaaaaaaaaa\r\nx\r\n1;" + Bytes(30, 'a'),
     Ending::open,
     {"too large: chunk extensions of too many octets at 128"}},
    {"trailers_beyond_the_limit",
     {},
     kChunked + "0\r\nA: " + Bytes(40, 'a'),
     Ending::open,
     {"too large: trailers of too many octets at 79"}},
    {"too_many_trailers",
     {},
     kChunked + "0\r\na:\r\na:\r\na:\r\na:\r\na:\r\n",
     Ending::open,
     {"too large: too many fields at 75"}},
    {"no_http",
     {},
     "\x16\x03\x01 this is TLS\r\n\r\n",
     Ending::open,
     {"malformed: bad method at 0"}},
    {"too_many_empty_lines",
     {},
     "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\nGET",
     Ending::open,
     {"malformed: bad method at 16"}},
    {"empty_line_before_a_response",
     {"GET"},
     "\r\n" + kOk,
     Ending::open,
     {"malformed: bad line ending at 0"}},
};
INSTANTIATE_TEST_SUITE_P(All, ReadsHttp, testing::ValuesIn(kRows),
                         [](const auto& tested) { return tested.param.name; });

TEST(HttpReader, KeepsNamesValuesAndTheirOrder) {
  HttpReader reader(HttpRole::request);
  const auto items = reader.feed(
      "PUT /a?b HTTP/1.1\r\nhOST: a\r\nB:  c d \r\nB:\r\n"
      "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nD: e\r\nD: f\r\n\r\n");
  ASSERT_EQ(items.size(), 1U);
  HttpMessage expected =
      http_request("PUT", "/a?b",
                   {{"hOST", "a"}, {"B", "c d"}, {"B", ""}, {"Transfer-Encoding", "chunked"}}, "x");
  expected.trailers = {{"D", "e"}, {"D", "f"}};
  EXPECT_EQ(std::get<HttpReceived>(items.front()).message, expected);
}

TEST(HttpReader, SaysWithWhichStatusAFailureIsAnswered) {
  const std::pair<Bytes, int> kFailures[] = {
      {"GET /" + Bytes(200, 'a'), 431},
      {"GET / HTTP/1.1\r\n" + Bytes("A:\r\nA:\r\nA:\r\nA:\r\nA:\r\n"), 431},
      {kPost + "Content-Length: 11\r\n\r\n", 413},
      {kChunked + "b\r\n", 413},
      {kChunked + "0\r\n" + Bytes(50, 'a'), 431},
      {"GET / HTTP/2.0\r\n\r\n", 505},
      {"GET\r\n\r\n", 400}};
  for (const auto& [octets, status] : kFailures) {
    HttpReader reader(HttpRole::request, kSmall);
    const auto items = reader.feed(octets);
    ASSERT_EQ(items.size(), 1U) << octets;
    const auto* failure = std::get_if<HttpFailure>(&items.front());
    ASSERT_NE(failure, nullptr) << octets;
    EXPECT_EQ(failure->status, status) << octets;
  }
}

TEST(HttpReader, SaysWhetherSomethingIsOpen) {
  HttpReader reader(HttpRole::response);
  EXPECT_TRUE(reader.idle());
  reader.expect("GET");
  EXPECT_FALSE(reader.idle());
  EXPECT_FALSE(reader.unfinished());
  EXPECT_TRUE(reader.feed(kOk + "Content-Length: 1\r\n\r\n").empty());
  EXPECT_TRUE(reader.unfinished());
  EXPECT_EQ(reader.feed("x").size(), 1U);
  EXPECT_TRUE(reader.idle());
  EXPECT_EQ(reader.feed("x").size(), 1U);
  EXPECT_FALSE(reader.idle());
  EXPECT_TRUE(reader.feed("x").empty());
}

TEST(HttpReader, GivesABodyAwayInPieces) {
  const Bytes chunks = "\r\n\r\n3\r\nabc\r\n5\r\ndefgh\r\n0\r\n\r\n";
  for (const Bytes& framing :
       {Bytes("Content-Length: 8\r\n\r\nabcdefgh"), "Transfer-Encoding: chunked" + chunks}) {
    HttpReader reader(HttpRole::response);
    reader.expect("GET");
    Bytes pieces;
    std::vector<std::string> items;
    for (const char octet : "HTTP/1.1 200 OK\r\n" + framing) {
      for (const auto& item : reader.feed({&octet, 1})) {
        items.push_back(shown(item).substr(0, 6));
      }
      const bool headed = reader.begun() != nullptr;
      EXPECT_EQ(headed && reader.begun()->response()->status == 200, headed);
      pieces += reader.take_body();
    }
    EXPECT_TRUE(pieces == "abcdefg" || pieces == "abcdefgh") << pieces;
    EXPECT_EQ(items, std::vector<std::string>{pieces == "abcdefg" ? "200 'h" : "200 ''"});
    EXPECT_EQ(reader.begun(), nullptr);
    EXPECT_EQ(reader.take_body(), "");
  }
}

TEST(HttpReader, CountsWhatWasTakenOfABodyAgainstItsLimit) {
  HttpReader reader(HttpRole::response, {.max_body_octets = 10});
  reader.expect("GET");
  EXPECT_TRUE(reader.feed("HTTP/1.1 200 OK\r\n\r\n12345678").empty());
  EXPECT_EQ(reader.take_body(), "12345678");
  const auto items = reader.feed("901");
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(shown(items.front()), "too large: a body of too many octets at 29");
}

TEST(HttpReader, SaysOnceThatARequestWaitsForItsContinue) {
  HttpReader reader(HttpRole::request);
  (void)reader.feed(kPost + "Content-Length: 1\r\nExpect: 100-Continue\r\n\r\n");
  EXPECT_TRUE(reader.take_continue());
  EXPECT_FALSE(reader.take_continue());
  EXPECT_EQ(reader.feed("x").size(), 1U);
  (void)reader.feed(kPost + "Content-Length: 1\r\n\r\n");
  EXPECT_FALSE(reader.take_continue());
}

// A request that Beast's parser and a proxy that goes by the other header would end elsewhere.
TEST(HttpReader, TakesNoRequestOutOfASmugglingPair) {
  const Bytes hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const auto framing : {HttpFraming::length_then_chunked, HttpFraming::chunked_then_length}) {
    HttpMessage outer = http_request("POST", "/", {{"Host", "a"}});
    HttpReader reader(HttpRole::request);
    const auto items = reader.feed(write(outer, {.framing = framing, .after = hidden}));
    ASSERT_EQ(items.size(), 1U);
    const auto* failure = std::get_if<HttpFailure>(&items.front());
    ASSERT_NE(failure, nullptr);
    EXPECT_TRUE(contains(failure->oddities, HttpOddityKind::length_and_encoding));
  }
}

}  // namespace
}  // namespace parley::wire
