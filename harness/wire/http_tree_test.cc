// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/http_tree.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/base/text.h"

namespace parley::wire {
namespace {

HttpMessage enlistment(const std::string& type, Bytes body) {
  return http_request("POST", "/users", {{"Host", "localhost"}, {"Content-Type", type}},
                      std::move(body));
}

TEST(HttpTree, HasFieldsInLowerCaseAndJsonAsATree) {
  const auto tree = tree_of(enlistment("application/json; charset=utf-8", R"({"id":7})"));
  EXPECT_EQ(xml::print(tree),
            "<http-request method='POST' target='/users'><headers><host>localhost</host>"
            "<content-type>application/json; charset=utf-8</content-type></headers>"
            "<json type='object'><id type='number'>7</id></json></http-request>");
  ASSERT_NE(http_header(tree, "host"), nullptr);
  EXPECT_EQ(http_header(tree, "host")->text(), "localhost");
  EXPECT_EQ(http_header(tree, "accept"), nullptr);
}

TEST(HttpTree, HasContentThatIsNoJsonAsItIs) {
  for (const auto& [type, body] :
       {std::pair{"application/json", "{\"id\":"}, std::pair{"text/plain", "{\"id\":7}"}}) {
    const auto tree = tree_of(enlistment(type, body));
    ASSERT_NE(tree.child(kHttpBody), nullptr) << type;
    EXPECT_EQ(tree.child(kHttpBody)->text(), body);
  }
}

TEST(HttpTree, HasContentThatIsNoTextInHex) {
  const auto tree = tree_of(http_response(200, {}, Bytes("\x00\xff", 2)));
  EXPECT_EQ(xml::print(tree),
            "<http-response status='200' reason='OK'><octets>00ff</octets></http-response>");
  for (const auto* type : {"application/octet-stream", "Image/JPEG", "video/mp4;a=b"}) {
    const auto one = tree_of(http_response(200, {{"content-type", type}}, "a"));
    ASSERT_NE(one.child(kHttpOctets), nullptr) << type;
    EXPECT_EQ(one.child(kHttpOctets)->text(), "61");
  }
  EXPECT_FALSE(http_message_of(
      *xml::parse("<http-response status='200'><octets>0</octets></http-response>")));
}

TEST(HttpTree, IsWrittenAsItWasRead) {
  auto request = enlistment("application/json", R"({"id":7,"to":["x"],"id":8})");
  request.headers = {{"host", "a"}, {"content-type", "application/json"}, {"host", "b"}};
  auto response = http_response(404, {{"content-type", "text/plain"}}, "no\r\nsuch\x01user");
  for (const auto& message : {request, response, http_response(204)}) {
    const auto back = http_message_of(tree_of(message));
    ASSERT_TRUE(back) << back.error();
    EXPECT_EQ(*back, message) << printable(write(*back));
  }
}

TEST(HttpTree, KnowsJsonByItsMediaType) {
  for (const std::string type :
       {"application/json", "Application/JSON", "application/json ; charset=utf-8",
        "application/json\t;charset=utf-8", "application/problem+json;a=b"}) {
    const auto tree = tree_of(http_response(200, {{"content-type", type}}, "{}"));
    EXPECT_NE(tree.child(kHttpJson), nullptr) << type;
  }
  for (const std::string type : {"", "text/json", "application/jsonp"}) {
    const auto tree = tree_of(http_response(200, {{"content-type", type}}, "{}"));
    EXPECT_EQ(tree.child(kHttpJson), nullptr) << type;
  }
}

TEST(HttpTree, RefusesWhatIsNone) {
  EXPECT_FALSE(http_message_of(*xml::parse("<iq/>")));
  EXPECT_FALSE(http_message_of(*xml::parse("<http-response status='2x0'/>")));
}

TEST(HttpForm, IsWhatTheTreeSays) {
  auto tree = *xml::parse("<http-request method='POST' target='/'><body>x</body></http-request>");
  EXPECT_EQ(write(*http_message_of(tree), *http_form_of(tree)),
            "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx");
  tree.children.emplace_back(*xml::parse(
      "<wire framing='length-then-chunked' content-length='5' chunk-extension=';a' after='GET'/>"));
  EXPECT_EQ(write(*http_message_of(tree), *http_form_of(tree)),
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
            "1;a\r\nx\r\n0;a\r\n\r\nGET");
}

TEST(HttpForm, SaysNothingElse) {
  for (const auto* wire : {"<wire framing='odd'/>", "<wire chunks='1'/>"}) {
    auto tree = *xml::parse("<http-request method='GET' target='/'/>");
    tree.children.emplace_back(*xml::parse(wire));
    EXPECT_FALSE(http_form_of(tree)) << wire;
  }
}

}  // namespace
}  // namespace parley::wire
