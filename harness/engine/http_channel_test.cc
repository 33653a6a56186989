// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/http_channel.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

const xml::Element& element_of(const xml::Item& item) {
  static const xml::Element none;
  const auto* stanza = std::get_if<xml::Stanza>(&item);
  return stanza == nullptr ? none : stanza->element;
}

xml::Element asking() {
  return *xml::parse(
      "<http-request method='POST' target='/users'><json><id>7</id></json></http-request>");
}

TEST(HttpChannel, PairsEachAnswerWithItsQuestion) {
  const Scope scope;
  const auto channel = make_http_channel(Side::client, "alice/enlistment/3", scope);
  EXPECT_TRUE(channel->idle());
  for (const std::string number : {"1", "2"}) {
    const auto octets = channel->write({}, asking(), {});
    ASSERT_TRUE(octets) << octets.error();
    const auto said = channel->sent(*octets);
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(element_of(said[0]).get("id"), "3." + number);
    EXPECT_FALSE(channel->idle());
    const auto came = channel->received("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    ASSERT_EQ(came.size(), 1U);
    EXPECT_EQ(element_of(came[0]).get("status"), "201");
    EXPECT_EQ(element_of(came[0]).get("id"), "3." + number);
    EXPECT_TRUE(channel->idle());
  }
}

// A case may say more than any reader takes of a peer.
TEST(HttpChannel, ReadsBackWhateverItSays) {
  const Scope scope;
  const auto channel = make_http_channel(Side::client, "alice/enlistment/1", scope);
  const Bytes body(3 * 1024 * 1024, 'x');
  const auto said =
      channel->sent("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
                    "\r\n\r\n" + body);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(element_of(said[0]).get("method"), "POST");
}

// What the head says is kept; of the body its name, and it beside that.
TEST(HttpChannel, SpoolsABodyTooLargeToBeHeld) {
  const Scope scope;
  const auto channel = make_http_channel(Side::server, "alice/media/1", scope);
  const Bytes piece(16 * 1024, 'x');
  constexpr std::size_t kPieces = 200;
  auto came = channel->received("POST /v1/uploads HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                                std::to_string(piece.size() * kPieces) + "\r\n\r\n");
  for (std::size_t i = 0; i < kPieces; ++i) {
    EXPECT_TRUE(came.empty());
    came = channel->received(piece);
  }
  ASSERT_EQ(came.size(), 1U);
  const auto bodies = channel->take_large();
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_EQ(element_of(came[0]).child("octets")->text(), bodies[0].name);
  const auto name = large_name(bodies[0].name);
  ASSERT_TRUE(name);
  EXPECT_EQ(name->length, piece.size() * kPieces);
  ASSERT_TRUE(bodies[0].octets);
  EXPECT_EQ(bodies[0].octets->size(), name->length);
  EXPECT_EQ(bodies[0].octets->read(name->length - 2, 10), "xx");
  EXPECT_TRUE(channel->take_large().empty());
}

// Where there is no room for it, it has its name all the same, and nothing beside that.
TEST(HttpChannel, SaysOfABodyThatCannotBeSpooledThatItIsGone) {
  const auto* const before = std::getenv("TMPDIR");
  const std::string folder = before == nullptr ? "" : before;
  ASSERT_EQ(::setenv("TMPDIR", "/proc", 1), 0);  // where nobody makes a file
  const Scope scope;
  const auto channel = make_http_channel(Side::server, "alice/media/1", scope);
  const Bytes body(3 * 1024 * 1024, 'x');
  const auto came = channel->received("POST /v1/uploads HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                                      std::to_string(body.size() + 1) + "\r\n\r\n" + body);
  EXPECT_TRUE(came.empty());
  EXPECT_EQ(channel->received("x").size(), 1U);
  const auto bodies = channel->take_large();
  EXPECT_EQ(before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", folder.c_str(), 1), 0);
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_EQ(large_name(bodies[0].name)->length, body.size() + 1);
  EXPECT_EQ(bodies[0].octets, nullptr);
}

// The body follows, and what was sent is read back without it.
TEST(HttpChannel, WritesOfABodyTooLargeToBeHeldTheHead) {
  const Scope scope;
  const auto channel = make_http_channel(Side::server, "alice/files/1", scope);
  (void)channel->received("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  auto answer = wire::http_response_tree("200");
  xml::Element octets{.ns = "", .name = "octets", .attributes = {}, .children = {}};
  octets.set_text("repeated:1000000:616263");
  answer.children.push_back(std::move(octets));
  const auto head = channel->write({}, std::move(answer), {});
  ASSERT_TRUE(head) << head.error();
  EXPECT_NE(head->find("Content-Length: 3000000\r\n"), std::string::npos) << *head;
  EXPECT_TRUE(head->ends_with("\r\n\r\n"));
  EXPECT_EQ(channel->said_large(), "repeated:1000000:616263");
  const auto said = channel->sent(*head);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(element_of(said[0]).get("status"), "200");
}

TEST(HttpChannel, WritesWhatAnHonestMessageHas) {
  const Scope scope;
  const auto channel = make_http_channel(Side::client, "alice/enlistment/1", scope);
  EXPECT_EQ(channel->write({}, asking(), {}),
            "POST /users HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            "Content-Length: 10\r\n\r\n{\"id\":\"7\"}");
}

// RFC 9110 section 6.6.1: who has a clock says when it answers; what a step says goes before.
TEST(HttpChannel, DatesItsAnswersByTheRunsClock) {
  const Scope scope{.values = {{"noise.now", "784111777"}}};
  const auto channel = make_http_channel(Side::server, "server/keys/1", scope);
  const auto octets = channel->write({}, wire::http_response_tree("404"), {});
  ASSERT_TRUE(octets) << octets.error();
  EXPECT_NE(octets->find("\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), std::string::npos)
      << *octets;
  auto dated = wire::http_response_tree("404");
  wire::set_http_header(dated, "date", "then");
  const auto said = channel->write({}, std::move(dated), {});
  ASSERT_TRUE(said) << said.error();
  EXPECT_EQ(said->find("GMT"), std::string::npos) << *said;
  const auto asked =
      make_http_channel(Side::client, "alice/keys/1", scope)->write({}, asking(), {});
  ASSERT_TRUE(asked) << asked.error();
  EXPECT_EQ(asked->find("GMT"), std::string::npos) << "a request has no use for it";
}

TEST(HttpChannel, LooksForAProofOfACallAndOfNothingThatIsPublished) {
  const Scope scope{.values = {{"noise.now", "784111777"}, {"partner.secret", "736563726574"}}};
  const auto channel = make_http_channel(Side::server, "server/keys/1", scope);
  const auto proof_of = [&](const std::string& method) {
    const auto came = channel->received(method +
                                        " /jwks HTTP/1.1\r\nHost: localhost\r\n"
                                        "Content-Length: 0\r\n\r\n");
    return came.size() == 1 && element_of(came[0]).child("proof") != nullptr;
  };
  EXPECT_FALSE(proof_of("GET"));
  EXPECT_TRUE(proof_of("POST"));
}

TEST(HttpChannel, SaysWhereTheServiceIs) {
  const Scope scope{.values = {{service_host("enlistment"), "localhost:8443"}}};
  const auto channel = make_http_channel(Side::client, "alice/enlistment/1", scope);
  const auto octets = channel->write({}, asking(), {});
  ASSERT_TRUE(octets) << octets.error();
  EXPECT_NE(octets->find("host: localhost:8443\r\n"), std::string::npos) << *octets;
}

TEST(HttpChannel, LetsAChangeEditTheWholeMessage) {
  const Scope scope;
  const auto channel = make_http_channel(Side::client, "alice/enlistment/1", scope);
  Edits edits;
  edits.stanza = [](xml::Element& message) -> Result<void> {
    message.child("headers")->child("host")->set_text("other.test");
    return {};
  };
  edits.bytes = [](Bytes octets) -> Result<Bytes> { return octets + "GET / HTTP/1.1\r\n\r\n"; };
  const auto octets = channel->write({}, asking(), edits);
  ASSERT_TRUE(octets) << octets.error();
  EXPECT_NE(octets->find("host: other.test\r\n"), std::string::npos);
  EXPECT_TRUE(octets->ends_with("GET / HTTP/1.1\r\n\r\n"));
}

TEST(HttpChannel, TakesWhatIsNoHttpForARefusalOfTheProtocol) {
  const Scope scope;
  const auto channel = make_http_channel(Side::client, "alice/enlistment/1", scope);
  (void)channel->sent(*channel->write({}, asking(), {}));
  const auto came = channel->received("SSH-2.0-OpenSSH\r\n\r\n");
  ASSERT_EQ(came.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<xml::Refused>(came[0]));
  EXPECT_FALSE(channel->idle());
}

TEST(HttpChannel, PassesOverWhatComesBeforeTheAnswer) {
  const Scope scope;
  const auto channel = make_http_channel(Side::client, "alice/enlistment/1", scope);
  (void)channel->sent(*channel->write({}, asking(), {}));
  EXPECT_TRUE(channel->received("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").empty());
  const auto came = channel->received("HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_EQ(came.size(), 1U);
  EXPECT_EQ(element_of(came[0]).get("id"), "1.1");
}

TEST(HttpChannel, TakesABodyThatLastsUntilTheConnectionEnds) {
  const Scope scope;
  const auto channel = make_http_channel(Side::client, "alice/enlistment/1", scope);
  (void)channel->sent(*channel->write({}, asking(), {}));
  EXPECT_TRUE(channel->received("HTTP/1.1 200 OK\r\n\r\nab").empty());
  const auto came = channel->ended();
  ASSERT_EQ(came.size(), 1U);
  EXPECT_EQ(element_of(came[0]).child("body")->text(), "ab");
  EXPECT_TRUE(channel->idle());
}

TEST(HttpChannel, TakesAnEndBeforeTheAnswerForNothing) {
  const Scope scope;
  const auto channel = make_http_channel(Side::client, "alice/enlistment/1", scope);
  (void)channel->sent(*channel->write({}, asking(), {}));
  (void)channel->received("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab");
  EXPECT_TRUE(channel->ended().empty());
  EXPECT_FALSE(channel->idle());
}

TEST(HttpChannel, AnswersWhatTheOtherSideAsks) {
  const Scope scope;
  const auto channel = make_http_channel(Side::server, "server/identity/1", scope);
  const auto came = channel->received("GET /keys HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(came.size(), 1U);
  EXPECT_EQ(element_of(came[0]).get("target"), "/keys");
  const auto octets = channel->write({}, wire::http_response_tree("200"), {});
  ASSERT_TRUE(octets) << octets.error();
  EXPECT_NE(octets->find("connection: close\r\n"), std::string::npos) << *octets;
  const auto said = channel->sent(*octets);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(element_of(said[0]).get("id"), element_of(came[0]).get("id"));
  EXPECT_EQ(element_of(said[0]).get("status"), "200");
  EXPECT_TRUE(channel->idle());
}

TEST(HttpChannel, AsksOnceWhateverTheFramingSays) {
  const Scope scope;
  const auto channel = make_http_channel(Side::client, "alice/enlistment/1", scope);
  Edits edits;
  edits.stanza = [](xml::Element& message) -> Result<void> {
    message.children.emplace_back(
        *xml::parse("<wire framing='length-then-chunked' content-length='0'/>"));
    return {};
  };
  const auto octets = channel->write({}, asking(), edits);
  ASSERT_TRUE(octets) << octets.error();
  EXPECT_NE(octets->find("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\na\r\n{"),
            std::string::npos)
      << *octets;
  ASSERT_EQ(channel->sent(*octets).size(), 1U);
  const std::string answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
  const auto came = channel->received(answer + answer);
  ASSERT_EQ(came.size(), 2U);
  EXPECT_EQ(element_of(came[0]).get("id"), "1.1");
  EXPECT_TRUE(std::holds_alternative<xml::Refused>(came[1]));
}

}  // namespace
}  // namespace parley::engine
