// SPDX-License-Identifier: GPL-3.0-or-later
// SUTs of profile `xmpp` that mean harm.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "harness/sut/hostile_driver.h"
#include "harness/sut/hostile_judging.h"
#include "harness/sut/hostile_server.h"
#include "harness/testkit/run_to_end.h"

namespace parley::sut {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kGibibyte = std::uint64_t{1} << 30;
constexpr const char* kMessage =
    "<message from='a@hostile.test' type='chat'><body>x</body></message>";

crypto::Leaf server_leaf() {
  auto leaf = authority().issue(kHostileDomain, crypto::LeafKind::valid);
  if (!leaf) {
    throw std::runtime_error(leaf.error().detail);
  }
  return *leaf;
}

struct ServerRow {
  const char* name;
  Stage stage;
  Trick trick;
};
void PrintTo(const ServerRow& row, std::ostream* out) { *out << row.name; }

asio::awaitable<void> leaves(Guest&) { co_return; }
asio::awaitable<void> falls_silent(Guest& guest) { co_await guest.hear_out(); }
asio::awaitable<void> resets(Guest& guest) {
  guest.stream().reset();
  co_return;
}
asio::awaitable<void> endless_header(Guest& guest) {
  return guest.flood("<stream:stream a='", "a", kEndless);
}
asio::awaitable<void> endless_attribute(Guest& guest) {
  return guest.flood("<message a='", "a", kEndless);
}
asio::awaitable<void> endless_stanza(Guest& guest) {
  return guest.flood("<message><body>", "<x>y</x>", kEndless);
}
asio::awaitable<void> endless_text(Guest& guest) {
  return guest.flood("<message><body>", "text ", kEndless);
}
asio::awaitable<void> endless_space(Guest& guest) { return guest.flood(" ", "\n", kEndless); }
asio::awaitable<void> drips_text(Guest& guest) { return guest.drip("<message><body>", "a"); }
asio::awaitable<void> drips_spaces(Guest& guest) { return guest.drip(" ", " "); }
asio::awaitable<void> drips_stanzas(Guest& guest) { return guest.drip(" ", kMessage); }
asio::awaitable<void> answers_all_at_once(Guest& guest) {
  (void)co_await guest.say(Guest::header() + Guest::features(Guest::kStartTls) +
                           "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" + Guest::header() +
                           Guest::features(Guest::kPlain) +
                           "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  co_await guest.hear_out();
}
asio::awaitable<void> floods_messages(Guest& guest) { return guest.flood(" ", kMessage, kEndless); }
asio::awaitable<void> floods_elements(Guest& guest) { return guest.flood(" ", "<a/>", kEndless); }
// A ping whose answer is as long.
Bytes long_ping() {
  return "<iq type='get' id='" + Bytes(3'000, 'p') +
         "' from='hostile.test'><ping xmlns='urn:xmpp:ping'/></iq>";
}
asio::awaitable<void> floods_pings(Guest& guest) { return guest.flood(" ", long_ping(), kEndless); }
asio::awaitable<void> asks_much_and_reads_slowly(Guest& guest) {
  bool stands = true;
  for (int i = 0; i < 1'000 && stands; ++i) {
    stands = co_await guest.say(long_ping());
  }
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (stands) {
    timer.expires_after(100ms);
    co_await timer.async_wait(asio::use_awaitable);
    const auto event = co_await guest.stream().read(0ms);
    stands = std::holds_alternative<Bytes>(event);
  }
}
asio::awaitable<void> floods_attributes(Guest& guest) {
  Bytes element = "<a";
  for (int i = 0; i < 60; ++i) {
    element += " a" + std::to_string(i) + "=''";
  }
  return guest.flood(" ", element + "/>", kEndless);
}
asio::awaitable<void> floods_wide_messages(Guest& guest) {
  Bytes wide = "<message>";
  for (int i = 0; i < 9'000; ++i) {
    wide += "<a/>";
  }
  return guest.flood(" ", wide + "</message>", kEndless);
}
asio::awaitable<void> floods_large_messages(Guest& guest) {
  return guest.flood(" ", "<message><body>" + Bytes(200'000, 'x') + "</body></message>", kEndless);
}
asio::awaitable<void> prints_garbage(Guest& guest) {
  return guest.flood("\x01", Rng(3).octets(4096), kEndless);
}
asio::awaitable<void> prints_a_gibibyte(Guest& guest) {
  return guest.flood("<message><body>", Bytes(4096, 'x'), kGibibyte);
}
asio::awaitable<void> drops_an_entity_bomb(Guest& guest) {
  return guest.flood(
      "<?xml version='1.0'?><!DOCTYPE s [<!ENTITY a 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaa'>"
      "<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
      "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>"
      "<!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>]>",
      "<x>&d;</x>", kEndless);
}
asio::awaitable<void> uses_entities(Guest& guest) {
  return guest.flood("<message><body>", "&a;", kEndless);
}
asio::awaitable<void> nests_deeply(Guest& guest) {
  Bytes deep;
  for (int i = 0; i < 100'000; ++i) {
    deep += "<a>";
  }
  (void)co_await guest.say(std::move(deep));
  co_await guest.hear_out();
}
asio::awaitable<void> has_many_attributes(Guest& guest) {
  Bytes stanza = "<message";
  for (int i = 0; i < 100'000; ++i) {
    stanza += " a" + std::to_string(i) + "='x'";
  }
  (void)co_await guest.say(stanza + "/>");
  co_await guest.hear_out();
}
asio::awaitable<void> floods_invalid_utf8(Guest& guest) {
  return guest.flood("<message><body>", "\xC0\x80\xFF\xED\xA0\x80", kEndless);
}
asio::awaitable<void> floods_nuls(Guest& guest) {
  return guest.flood(" ", Bytes(1, '\0'), kEndless);
}
// TLS records of a handshake that never ends: of type 22, 16 KiB each.
asio::awaitable<void> endless_handshake(Guest& guest) {
  return guest.flood("", Bytes("\x16\x03\x03\x40\x00\x02\xFF\xFF\xFF", 9) + Bytes(16'379, 'x'),
                     kEndless);
}

const ServerRow kServers[] = {
    {"NeverAnswers", Stage::accept, falls_silent},
    {"NeverAnswersAfterTheHeader", Stage::header, falls_silent},
    {"NeverAnswersTheHandshake", Stage::proceed, falls_silent},
    {"NeverAnswersAfterLogin", Stage::session, falls_silent},
    {"ClosesAtAccept", Stage::accept, leaves},
    {"ClosesAfterTheHeader", Stage::header, leaves},
    {"ClosesAfterFeatures", Stage::features, leaves},
    {"ClosesAfterProceed", Stage::proceed, leaves},
    {"ClosesAfterTls", Stage::tls, leaves},
    {"ClosesAfterLogin", Stage::session, leaves},
    {"ResetsAtOnce", Stage::accept, resets},
    {"ResetsAfterTheHeader", Stage::header, resets},
    {"ResetsAfterProceed", Stage::proceed, resets},
    {"ResetsAfterLogin", Stage::session, resets},
    {"EndlessHeader", Stage::accept, endless_header},
    {"EndlessAttribute", Stage::header, endless_attribute},
    {"EndlessAttributeAfterLogin", Stage::session, endless_attribute},
    {"EndlessStanza", Stage::header, endless_stanza},
    {"EndlessStanzaAfterLogin", Stage::session, endless_stanza},
    {"EndlessText", Stage::tls, endless_text},
    {"EndlessSpace", Stage::session, endless_space},
    {"DripsText", Stage::header, drips_text},
    {"DripsTextAfterLogin", Stage::session, drips_text},
    {"DripsSpaces", Stage::tls, drips_spaces},
    {"DripsStanzas", Stage::session, drips_stanzas},
    {"AnswersAllAtOnce", Stage::accept, answers_all_at_once},
    {"FloodsMessages", Stage::session, floods_messages},
    {"FloodsMessagesInClear", Stage::header, floods_messages},
    {"FloodsElements", Stage::session, floods_elements},
    {"FloodsPingsAndDoesNotRead", Stage::session, floods_pings},
    {"AsksMuchAndReadsSlowly", Stage::session, asks_much_and_reads_slowly},
    {"FloodsAttributes", Stage::session, floods_attributes},
    {"FloodsWideMessages", Stage::session, floods_wide_messages},
    {"FloodsLargeMessages", Stage::session, floods_large_messages},
    {"GarbageInsteadOfXml", Stage::accept, prints_garbage},
    {"GarbageInsteadOfAHandshake", Stage::proceed, prints_garbage},
    {"EndlessHandshake", Stage::proceed, endless_handshake},
    {"GarbageAfterTls", Stage::tls, prints_garbage},
    {"GibibyteStanza", Stage::session, prints_a_gibibyte},
    {"EntityBomb", Stage::accept, drops_an_entity_bomb},
    {"UndeclaredEntities", Stage::session, uses_entities},
    {"NestsDeeply", Stage::session, nests_deeply},
    {"ManyAttributes", Stage::session, has_many_attributes},
    {"InvalidUtf8", Stage::session, floods_invalid_utf8},
    {"NulsInsteadOfXml", Stage::accept, floods_nuls},
    {"NulsAfterLogin", Stage::session, floods_nuls},
};

class HostileServers : public testing::TestWithParam<ServerRow> {};

TEST_P(HostileServers, GetAVerdictInBoundedMemory) {
  (void)library();
  const MemoryWatch memory;
  const HostileServer server(tricking(GetParam().stage, GetParam().trick, server_leaf()));
  const std::map<std::string, std::string> endpoints{{"domain", kHostileDomain},
                                                     {"starttls", server.address()}};
  const auto verdicts = testkit::run_to_end(
      judged([&] { return attach_hostile("xmpp", endpoints, authority().pem()); },
             {"stanza/server-ping", "stanza/server-doctype/plain"}, ""));
  expect_survived(verdicts, memory);
}
INSTANTIATE_TEST_SUITE_P(All, HostileServers, testing::ValuesIn(kServers),
                         [](const auto& row) { return std::string(row.param.name); });

struct DriverRow {
  const char* name;
  const char* body;  // after the introduction: `request` is a request that is none of it
};
void PrintTo(const DriverRow& row, std::ostream* out) { *out << row.name; }

const DriverRow kDrivers[] = {
    {"DiesAtConnect", "sys.exit(1)"},
    {"KillsItselfAtConnect", "os.kill(os.getpid(), signal.SIGKILL)"},
    {"HangsAtConnect", "time.sleep(600)"},
    {"ClosesItsOutputAtConnect", "os.close(1); time.sleep(600)"},
    {"PrintsGarbageAtConnect", "print('garbage', flush=True); time.sleep(600)"},
    {"PrintsAGibibyteWithoutEnd",
     "[os.write(1, b'x' * 65536) for i in range(16384)]; time.sleep(600)"},
    {"Prints64MebibytesOfLogs", "[os.write(2, b'x' * 65536) for i in range(1024)]; sys.exit(1)"},
    {"NeverConnects", "answer(request, {})"},
    {"SaysConnectedAndNeverConnects",
     "answer(request, {}); notify('connected', {'user': params['user'], 'jid': "
     "params['user'] + '@gatekeeper.test/' + params['resource']})"},
    {"RefusesAtConnect", "refuse(request, -32000)"},
    {"AnswersWithAList", "answer(request, [[], 1, None])"},
    {"AnswersWithANumberForAnId",
     "put({'jsonrpc': 2, 'id': str(request['id']), 'result': 5}); put({'jsonrpc': '2.0', 'id': "
     "{'a': 1}, 'error': 'no'})"},
    {"AnswersWithAnErrorOfWrongTypes",
     "put({'jsonrpc': '2.0', 'id': request['id'], 'error': [1, {'code': 'x'}]})"},
    {"NotifiesWithWrongTypes",
     "answer(request, {}); notify('connected', [1]); notify(5, params); put({'method': None}); "
     "notify('received', {'user': params['user'], 'text': {'a': []}, 'from': 7}); "
     "notify('connected', {'user': params['user'], 'jid': 5})"},
    {"AnswersManyTimes", "[answer(request, {}) for i in range(100000)]"},
    {"FloodsNotificationsUnanswered",
     "[notify('received', {'user': params['user'], 'text': 'x'}) for i in range(10 ** 9)]"},
    {"FloodsNotifications",
     "answer(request, {}); [notify('received', {'user': params['user'], 'text': 'x'}) for i in "
     "range(10 ** 9)]"},
    {"FloodsLargeNotifications",
     "answer(request, {}); [notify('received', {'user': params['user'], 'text': 'x' * 1000000}) "
     "for i in range(10 ** 9)]"},
    {"DripsNotifications",
     "answer(request, {}); [(time.sleep(0.02), notify('received', {'user': params['user'], "
     "'text': 'x'})) for i in range(10 ** 9)]"},
    {"ConnectsAndIsSilent", "peer = dial(params); answer(request, {})"},
    {"ConnectsAndCloses", "dial(params).close(); answer(request, {})"},
    {"ConnectsManyTimes", "peers = [dial(params) for i in range(100)]; answer(request, {})"},
    {"ConnectsAndFloods",
     "peer = dial(params); answer(request, {}); threading.Thread(target=lambda: "
     "peer.sendall(b'<a/>' * 10 ** 7), daemon=True).start()"},
    {"ConnectsAndFloodsAStream",
     "peer = dial(params); answer(request, {}); threading.Thread(target=lambda: peer.sendall("
     "b\"<stream:stream xmlns='jabber:client' "
     "xmlns:stream='http://etherx.jabber.org/streams' to='gatekeeper.test' version='1.0'>\" + "
     "b'<a/>' * 10 ** 7), daemon=True).start()"},
};

class HostileDrivers : public testing::TestWithParam<DriverRow> {};

TEST_P(HostileDrivers, GetAVerdictInBoundedMemory) {
  (void)library();
  const HostileDriver driver("xmpp", GetParam().body);
  const MemoryWatch memory;
  const auto verdicts =
      driver.judged_by({"stanza/client-shows", "transport/client-certificate/expired"});
  expect_survived(verdicts, memory);
}
INSTANTIATE_TEST_SUITE_P(All, HostileDrivers, testing::ValuesIn(kDrivers),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::sut
