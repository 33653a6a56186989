// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/http_message.h"

#include <gtest/gtest.h>

namespace parley::wire {
namespace {

HttpMessage posted(Bytes body, HttpFields more = {}) {
  HttpFields headers{{"Host", "a"}};
  headers.insert(headers.end(), more.begin(), more.end());
  return http_request("POST", "/p", std::move(headers), std::move(body));
}

struct Row {
  const char* name;
  HttpMessage message;
  HttpForm form;
  Bytes written;
};
class WritesHttp : public testing::TestWithParam<Row> {};

TEST_P(WritesHttp, AsItsFormSays) {
  EXPECT_EQ(write(GetParam().message, GetParam().form), GetParam().written);
}

HttpMessage with_trailer(HttpMessage message) {
  message.trailers = {{"Digest", "x"}};
  return message;
}
HttpMessage old(HttpMessage message) {
  message.version = "HTTP/1.0";
  return message;
}

const Row kRows[] = {
    {"get", http_request("GET", "/", {{"Host", "a"}}), {}, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"length_added",
     posted("hello"),
     {},
     "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
    {"length_made_true",
     posted("hello", {{"content-length", "9"}, {"B", "c"}}),
     {},
     "POST /p HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\nB: c\r\n\r\nhello"},
    {"length_in_another_spelling_kept",
     posted("hello", {{"Content-Length", "005"}}),
     {},
     "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 005\r\n\r\nhello"},
    {"empty_post", posted(""), {}, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
    {"empty_response",
     http_response(404),
     {},
     "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
    {"no_length_for_204", http_response(204), {}, "HTTP/1.1 204 No Content\r\n\r\n"},
    {"no_length_for_304", http_response(304), {}, "HTTP/1.1 304 Not Modified\r\n\r\n"},
    {"chunked_by_its_header",
     with_trailer(posted("hello", {{"Transfer-Encoding", "gzip, Chunked"}})),
     {},
     "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"
     "5\r\nhello\r\n0\r\nDigest: x\r\n\r\n"},
    {"head_of_a_response",
     http_response(200, {}, "hello"),
     {.framing = HttpFraming::head_alone},
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
    {"head_with_its_own_length",
     http_response(200, {{"Content-Length", "70"}}),
     {.framing = HttpFraming::head_alone},
     "HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n"},
    {"chunks",
     posted("hello", {{"Content-Length", "5"}}),
     {.framing = HttpFraming::chunked, .chunks = {2, 1, 0}, .chunk_extension = ";a=b"},
     "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "2;a=b\r\nhe\r\n1;a=b\r\nl\r\n2;a=b\r\nlo\r\n0;a=b\r\n\r\n"},
    {"chunks_longer_than_the_body",
     posted("hello"),
     {.framing = HttpFraming::chunked, .chunks = {100, 100}, .chunk_prefix = "0x"},
     "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "0x5\r\nhello\r\n0x0\r\n\r\n"},
    {"no_last_chunk",
     posted("hello"),
     {.framing = HttpFraming::chunked, .chunk_end = "", .last_chunk = ""},
     "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello"},
    {"both_framings",
     posted("hello"),
     {.framing = HttpFraming::length_then_chunked, .content_length = "4"},
     "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
     "5\r\nhello\r\n0\r\n\r\n"},
    {"both_framings_the_other_way",
     posted("a", {{"Content-Length", "1"}}),
     {.framing = HttpFraming::chunked_then_length},
     "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"
     "1\r\na\r\n0\r\n\r\n"},
    {"length_instead_of_chunks",
     posted("a", {{"Transfer-Encoding", "chunked"}}),
     {.framing = HttpFraming::length},
     "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na"},
    {"wrong_length",
     posted("hello"),
     {.content_length = "+7"},
     "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: +7\r\n\r\nhello"},
    {"obscured_encoding",
     posted("hello"),
     {.framing = HttpFraming::chunked, .transfer_encoding = "xchunked"},
     "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
    {"verbatim",
     posted("hello", {{"Content-Length", "5"}, {"Content-Length", "6"}}),
     {.framing = HttpFraming::verbatim},
     "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
    {"bare_lf_and_folds",
     old(http_request("GET", "/", {{"A", "b"}})),
     {.line_end = "\n", .separator = " :\n "},
     "GET / HTTP/1.0\nA :\n b\n\n"},
    {"something_around_it",
     http_request("GET", "/"),
     {.before = "\r\n", .after = "GET /smuggled"},
     "\r\nGET / HTTP/1.1\r\n\r\nGET /smuggled"},
};
INSTANTIATE_TEST_SUITE_P(Forms, WritesHttp, testing::ValuesIn(kRows),
                         [](const auto& tested) { return tested.param.name; });

TEST(HttpFields, AreFoundWithoutRegardToCase) {
  const HttpFields fields{{"CONNECTION", "Upgrade , close"}, {"connection", "x"}};
  EXPECT_EQ(value_of(fields, "Connection"), "Upgrade , close");
  EXPECT_TRUE(lists_token(fields, "Connection", "CLOSE"));
  EXPECT_TRUE(lists_token(fields, "Connection", "X"));
  EXPECT_FALSE(lists_token(fields, "Connection", "clos"));
  EXPECT_EQ(find_field(fields, "Host"), nullptr);
}

}  // namespace
}  // namespace parley::wire
