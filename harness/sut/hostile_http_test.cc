// SPDX-License-Identifier: GPL-3.0-or-later
// Enlistment APIs that mean harm over HTTPS (RFC 9112): each gets a verdict in bounded memory. What
// they say is put together here by hand.
#include <ostream>
#include <string>

#include "harness/sut/hostile_judging.h"
#include "harness/sut/hostile_server.h"
#include "harness/testkit/run_to_end.h"

namespace parley::sut {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

using HttpTrick = asio::awaitable<void> (*)(Talker& guest);
struct HttpRow {
  const char* name;
  HttpTrick trick;  // once a request's head has come
};
void PrintTo(const HttpRow& row, std::ostream* out) { *out << row.name; }

const Bytes kOk = "HTTP/1.1 200 OK\r\n";
const Bytes kContent = R"({"id":"1","identifier":"1"})";

Bytes sized(const Bytes& length) { return kOk + "Content-Length: " + length + "\r\n\r\n"; }
Bytes whole() {
  return kOk +
         "Content-Type: application/json\r\nContent-Length: " + std::to_string(kContent.size()) +
         "\r\n\r\n" + kContent;
}
asio::awaitable<void> says(Talker& guest, Bytes octets) {
  (void)co_await guest.say(std::move(octets));
  co_await guest.hear_out();
}

asio::awaitable<void> falls_silent(Talker& guest) { co_await guest.hear_out(); }
asio::awaitable<void> leaves(Talker&) { co_return; }
asio::awaitable<void> ten_gibioctets(Talker& guest) {
  return guest.flood(sized("10737418240"), "x", kEndless);
}
asio::awaitable<void> endless_body(Talker& guest) {
  return guest.flood(kOk + "\r\n", "x", kEndless);
}
asio::awaitable<void> endless_chunks(Talker& guest) {
  return guest.flood(kOk + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", kEndless);
}
asio::awaitable<void> endless_headers(Talker& guest) {
  return guest.flood(kOk, "A: b\r\n", kEndless);
}
asio::awaitable<void> endless_line(Talker& guest) {
  return guest.flood(kOk + "A: ", "x", kEndless);
}
asio::awaitable<void> endless_interim(Talker& guest) {
  return guest.flood("", "HTTP/1.1 100 Continue\r\n\r\n", kEndless);
}
asio::awaitable<void> endless_answers(Talker& guest) { return guest.flood("", whole(), kEndless); }
asio::awaitable<void> drips_a_head(Talker& guest) { return guest.drip(kOk + "A: ", "x"); }
asio::awaitable<void> drips_a_body(Talker& guest) { return guest.drip(sized("99999"), "x"); }
asio::awaitable<void> drips_interim(Talker& guest) {
  return guest.drip("", "HTTP/1.1 102 Processing\r\n\r\n");
}
asio::awaitable<void> too_short(Talker& guest) { (void)co_await guest.say(sized("99") + kContent); }
asio::awaitable<void> short_of_its_length(Talker& guest) {
  return says(guest, sized("99") + kContent);
}
asio::awaitable<void> two_lengths(Talker& guest) {
  return says(guest, kOk + "Content-Length: 1\r\nContent-Length: 27\r\n\r\n" + kContent);
}
asio::awaitable<void> both_framings(Talker& guest) {
  return says(guest, kOk + "Content-Length: 27\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}
asio::awaitable<void> answer_behind_an_answer(Talker& guest) {
  return says(guest, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" + whole());
}
asio::awaitable<void> deep_json(Talker& guest) {
  const Bytes deep(200'000, '[');
  return says(guest, sized(std::to_string(deep.size())) + deep);
}
asio::awaitable<void> no_http(Talker& guest) {
  return guest.flood("", Rng(3).octets(4096), kEndless);
}

const HttpRow kServers[] = {
    {"FallsSilent", falls_silent},
    {"Leaves", leaves},
    {"TenGibioctets", ten_gibioctets},
    {"EndlessBody", endless_body},
    {"EndlessChunks", endless_chunks},
    {"EndlessHeaders", endless_headers},
    {"EndlessLine", endless_line},
    {"EndlessInterim", endless_interim},
    {"EndlessAnswers", endless_answers},
    {"DripsAHead", drips_a_head},
    {"DripsABody", drips_a_body},
    {"DripsInterim", drips_interim},
    {"TooShort", too_short},
    {"ShortOfItsLength", short_of_its_length},
    {"TwoLengths", two_lengths},
    {"BothFramings", both_framings},
    {"AnswerBehindAnAnswer", answer_behind_an_answer},
    {"DeepJson", deep_json},
    {"NoHttp", no_http},
};

asio::awaitable<void> play_http_trick(net::Stream& stream, HttpTrick trick, crypto::Leaf leaf) {
  net::TlsContexts contexts;
  const auto session = co_await stream.start_tls(
      contexts, net::TlsServerOptions{.chain_pem = leaf.chain_pem, .key_pem = leaf.key_pem}, 10s);
  if (!session) {
    co_return;
  }
  Bytes head;
  while (head.find("\r\n\r\n") == Bytes::npos) {
    const auto event = co_await stream.read(0ms);
    const auto* octets = std::get_if<Bytes>(&event);
    if (octets == nullptr) {
      co_return;
    }
    head += *octets;
  }
  Talker guest(stream);
  co_await trick(guest);
}

class HostileServices : public testing::TestWithParam<HttpRow> {};

TEST_P(HostileServices, GetAVerdictInBoundedMemory) {
  (void)library();
  const auto leaf = authority().issue("localhost", crypto::LeafKind::valid);
  ASSERT_TRUE(leaf);
  const MemoryWatch memory;
  const auto trick = GetParam().trick;
  const HostileServer server(
      [trick, leaf](net::Stream& stream) { return play_http_trick(stream, trick, *leaf); });
  const auto port = server.address().substr(server.address().rfind(':'));
  const std::map<std::string, std::string> endpoints{{"domain", "s.whatsapp.net"},
                                                     {"enlistment", "https://localhost" + port},
                                                     {"root", std::string(64, '1')}};
  const auto verdicts = testkit::run_to_end(
      judged([&] { return attach_hostile("whatsapp", endpoints, authority().pem()); },
             {"enlistment/server-enlist", "enlistment/server-enlist-unproven"}, ""));
  expect_survived(verdicts, memory);
}
INSTANTIATE_TEST_SUITE_P(All, HostileServices, testing::ValuesIn(kServers),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::sut
