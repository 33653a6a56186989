// SPDX-License-Identifier: GPL-3.0-or-later
// Real sockets on the loopback interface, ports chosen by the system.
#include "harness/net/stream.h"

#include <gtest/gtest.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <ctime>

#include "harness/crypto/certificate.h"
#include "harness/testkit/run_to_end.h"

namespace parley::net {
namespace {

using namespace std::chrono_literals;
using asio::experimental::awaitable_operators::operator&&;
using crypto::LeafKind;
using testkit::run_to_end;

constexpr auto kLong = 10s;  // never waited for in full
constexpr auto kShort = 20ms;

template <class T>
const T* as(const Event& event) {
  return std::get_if<T>(&event);
}

std::string shown(const Event& event) {
  if (const auto* bytes = as<Bytes>(event)) {
    return "bytes " + *bytes;
  }
  if (as<Failed>(event) != nullptr) {
    return "failed";
  }
  return as<Closed>(event) != nullptr ? "closed" : "timed out";
}

// Both ends of one connection.
struct Ends {
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> sut;
};

// Throws when the loopback interface fails us: nothing here would be judged then.
asio::awaitable<Ends> connected() {
  auto listener = Listener::open(co_await asio::this_coro::executor);
  if (!listener) {
    throw std::runtime_error(listener.error().detail);
  }
  auto [client, sut] =
      co_await (Stream::connect((*listener)->address(), kLong) && (*listener)->accept(kLong));
  if (!client || sut == nullptr) {
    throw std::runtime_error("no connection on the loopback interface");
  }
  co_return Ends{.client = std::move(*client), .sut = std::move(sut)};
}

asio::awaitable<Bytes> read_all(Stream& stream, std::size_t count) {
  Bytes out;
  while (out.size() < count) {
    const Event event = co_await stream.read(kLong);
    const auto* bytes = as<Bytes>(event);
    if (bytes == nullptr) {
      break;
    }
    out += *bytes;
  }
  co_return out;
}

asio::awaitable<std::vector<Bytes>> talk() {
  Ends ends = co_await connected();
  std::vector<Bytes> out;
  Bytes question = "question";
  Bytes answer = "answer";
  (void)co_await ends.client->write(question);
  out.push_back(co_await read_all(*ends.sut, question.size()));
  (void)co_await ends.sut->write(answer);
  out.push_back(co_await read_all(*ends.client, answer.size()));
  co_return out;
}

TEST(Stream, CarriesOctetsBothWays) {
  EXPECT_EQ(run_to_end(talk()), (std::vector<Bytes>{"question", "answer"}));
}

asio::awaitable<std::pair<bool, Bytes>> send_much(Bytes octets) {
  Ends ends = co_await connected();
  const std::size_t count = octets.size();
  auto [written, read] =
      co_await (ends.client->write(std::move(octets)) && read_all(*ends.sut, count));
  co_return std::pair(written.has_value(), std::move(read));
}

TEST(Stream, CarriesMoreThanTheKernelBuffers) {
  const Bytes octets = Rng(1).octets(8 << 20);
  const auto [written, read] = run_to_end(send_much(octets));
  EXPECT_TRUE(written);
  EXPECT_TRUE(read == octets);
}

// What the client reads after `act` was done to the other end.
using Act = void (*)(Stream&);
asio::awaitable<Event> event_after(Act act, std::chrono::milliseconds timeout) {
  Ends ends = co_await connected();
  act(*ends.sut);
  Event event = co_await ends.client->read(timeout);
  co_return event;
}

TEST(StreamRead, TimesOutWhenThePeerIsSilent) {
  EXPECT_EQ(shown(run_to_end(event_after([](Stream&) {}, kShort))), "timed out");
}

TEST(StreamRead, SeesAClosedConnectionAsClosed) {
  EXPECT_EQ(shown(run_to_end(event_after([](Stream& sut) { sut.close(); }, kLong))), "closed");
}

TEST(StreamRead, SeesAResetAsFailed) {
  const Event event = run_to_end(event_after([](Stream& sut) { sut.reset(); }, kLong));
  ASSERT_NE(as<Failed>(event), nullptr) << shown(event);
  EXPECT_NE(as<Failed>(event)->reason.find("reset"), std::string::npos)
      << as<Failed>(event)->reason;
}

asio::awaitable<std::vector<std::string>> time_out_then_read() {
  Ends ends = co_await connected();
  std::vector<std::string> out;
  out.push_back(shown(co_await ends.client->read(kShort)));
  Bytes late = "late";
  (void)co_await ends.sut->write(late);
  ends.sut->close();
  out.push_back(shown(co_await ends.client->read(kLong)));
  out.push_back(shown(co_await ends.client->read(kLong)));
  co_return out;
}

TEST(StreamRead, LosesNothingByATimeout) {
  EXPECT_EQ(run_to_end(time_out_then_read()),
            (std::vector<std::string>{"timed out", "bytes late", "closed"}));
}

asio::awaitable<void> cancel(Stream& stream) {
  stream.cancel();
  co_return;
}

asio::awaitable<std::vector<std::string>> cancel_then_read() {
  Ends ends = co_await connected();
  std::vector<std::string> out;
  out.push_back(shown(co_await (ends.client->read(kLong) && cancel(*ends.client))));
  Bytes late = "late";
  (void)co_await ends.sut->write(late);
  out.push_back(shown(co_await ends.client->read(kLong)));
  co_return out;
}

TEST(StreamCancel, EndsAReadAndLosesNothing) {
  EXPECT_EQ(run_to_end(cancel_then_read()), (std::vector<std::string>{"failed", "bytes late"}));
}

asio::awaitable<void> close(Stream& stream) {
  stream.close();
  co_return;
}

asio::awaitable<std::vector<std::string>> close_own_end() {
  Ends ends = co_await connected();
  std::vector<std::string> out;
  out.push_back(shown(co_await (ends.client->read(kLong) && close(*ends.client))));
  out.push_back(shown(co_await ends.client->read(kLong)));
  Bytes octets = "x";
  const auto written = co_await ends.client->write(octets);
  out.emplace_back(written ? "written" : to_string(written.error().code));
  ends.client->close();
  ends.client->reset();
  co_return out;
}

TEST(StreamClose, EndsAReadUnderWayAndRefusesWhatFollows) {
  EXPECT_EQ(run_to_end(close_own_end()),
            (std::vector<std::string>{"failed", "failed", std::string(to_string(Errc::io))}));
}

asio::awaitable<Errc> connect_error(Address to) {
  const auto stream = co_await Stream::connect(std::move(to), kLong);
  co_return stream ? Errc::not_found : stream.error().code;
}

asio::awaitable<Errc> connect_to_nobody() {
  auto listener = Listener::open(co_await asio::this_coro::executor);
  const Address address = (*listener)->address();
  (*listener)->close();
  co_return co_await connect_error(address);
}

TEST(StreamConnect, FailsWhereNobodyListens) {
  EXPECT_EQ(run_to_end(connect_to_nobody()), Errc::io);
}

// A harness that may be pointed at the world would attack it.
TEST(StreamConnect, RefusesWhatIsNotLoopback) {
  for (const auto* host : {"192.0.2.1", "10.0.0.1", "0.0.0.0", "2001:db8::1", "::"}) {
    EXPECT_EQ(run_to_end(connect_error({.host = host, .port = 5222})), Errc::refused) << host;
  }
}

TEST(StreamConnect, ResolvesNoNames) {
  for (const auto* host : {"example.org", "", "127.0.0.1.example.org", "0x7f000001"}) {
    EXPECT_EQ(run_to_end(connect_error({.host = host, .port = 5222})), Errc::malformed) << host;
  }
}

asio::awaitable<bool> connect_by_name() {
  auto listener = Listener::open(co_await asio::this_coro::executor);
  Address address{.host = "localhost", .port = (*listener)->address().port};
  const auto stream = co_await Stream::connect(std::move(address), kLong);
  co_return stream.has_value();
}

TEST(StreamConnect, KnowsLocalhost) { EXPECT_TRUE(run_to_end(connect_by_name())); }

asio::awaitable<bool> accept_nobody() {
  auto listener = Listener::open(co_await asio::this_coro::executor);
  co_return co_await (*listener)->accept(kShort) == nullptr;
}

asio::awaitable<void> close_listener(Listener& listener) {
  listener.close();
  co_return;
}

asio::awaitable<bool> accept_on_a_closed_one() {
  auto listener = Listener::open(co_await asio::this_coro::executor);
  co_return co_await ((*listener)->accept(kLong) && close_listener(**listener)) == nullptr;
}

TEST(ListenerAccept, GivesNullAfterItsTimeoutOrClosing) {
  EXPECT_TRUE(run_to_end(accept_nobody()));
  EXPECT_TRUE(run_to_end(accept_on_a_closed_one()));
}

asio::awaitable<Errc> listen_twice() {
  const auto executor = co_await asio::this_coro::executor;
  auto first = Listener::open(executor);
  auto second = Listener::open(executor, (*first)->address().port);
  co_return second ? Errc::not_found : second.error().code;
}

TEST(ListenerOpen, FailsOnAPortInUse) { EXPECT_EQ(run_to_end(listen_twice()), Errc::io); }

TEST(ParseAddress, ReadsWhatToStringWrites) {
  for (const Address& address :
       {Address{.host = "127.0.0.1", .port = 5222}, Address{.host = "::1", .port = 1},
        Address{.host = "localhost", .port = 65535}}) {
    EXPECT_EQ(parse_address(to_string(address)), address) << to_string(address);
  }
  EXPECT_EQ(to_string({.host = "::1", .port = 80}), "[::1]:80");
}

TEST(ParseAddress, RejectsWrongOnes) {
  for (const auto* text : {"", "127.0.0.1", ":5222", "a:", "a:0", "a:65536", "a:-1", "a:1x", "a: 1",
                           "a:99999999999999999999"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, Errc::malformed) << text;
  }
}

// Both ends' view of one TLS handshake, and what came through afterwards.
struct Handshake {
  Result<TlsSession> client;
  Result<TlsSession> sut;
  Bytes through;
  std::string at_the_end;
};

constexpr const char* kHost = "a.example";

struct Setting {
  LeafKind kind = LeafKind::valid;
  TlsClientOptions client = {};
  TlsServerOptions sut = {};
};

// Fills in CA and leaf. Certificates are made for today: OpenSSL verifies against the real clock.
Setting with_certificates(Setting setting) {
  const auto authority = crypto::CertificateAuthority::make(Rng(1), std::time(nullptr));
  const auto leaf = authority->issue(kHost, setting.kind);
  setting.client.ca_pem = authority->pem();
  setting.client.host = kHost;
  setting.sut.chain_pem = leaf->chain_pem;
  setting.sut.key_pem = leaf->key_pem;
  return setting;
}

asio::awaitable<Handshake> shake_hands(Setting setting) {
  Ends ends = co_await connected();
  TlsContexts contexts;
  auto [client, sut] = co_await (ends.client->start_tls(contexts, setting.client, kLong) &&
                                 ends.sut->start_tls(contexts, setting.sut, kLong));
  Handshake out{
      .client = std::move(client), .sut = std::move(sut), .through = {}, .at_the_end = {}};
  if (!out.client || !out.sut) {
    co_return out;
  }
  Bytes octets(100'000, 'x');
  auto [written, through] =
      co_await (ends.client->write(octets) && read_all(*ends.sut, octets.size()));
  out.through = std::move(through);
  ends.sut->close();
  out.at_the_end = shown(co_await ends.client->read(kLong));
  co_return out;
}

TEST(Tls, CarriesOctetsAndSeesTheEnd) {
  const auto done = run_to_end(shake_hands(with_certificates({})));
  ASSERT_TRUE(done.client) << done.client.error();
  ASSERT_TRUE(done.sut) << done.sut.error();
  EXPECT_EQ(done.client->version, TlsVersion::tls1_3);
  EXPECT_NE(done.client->peer_subject.find(kHost), std::string::npos) << done.client->peer_subject;
  EXPECT_EQ(done.sut->peer_subject, "");
  EXPECT_EQ(done.client->cipher, done.sut->cipher);
  EXPECT_EQ(done.through, Bytes(100'000, 'x'));
  EXPECT_EQ(done.at_the_end, "closed");
}

asio::awaitable<std::vector<std::string>> read_under_tls(Act last) {
  Ends ends = co_await connected();
  TlsContexts contexts;
  const Setting setting = with_certificates({});
  auto [client, sut] = co_await (ends.client->start_tls(contexts, setting.client, kLong) &&
                                 ends.sut->start_tls(contexts, setting.sut, kLong));
  std::vector<std::string> out;
  out.emplace_back(client && sut && ends.client->secure() && ends.sut->secure() ? "secure" : "");
  out.push_back(shown(co_await ends.client->read(kShort)));
  Bytes late = "late";
  (void)co_await ends.sut->write(late);
  out.push_back(shown(co_await ends.client->read(kLong)));
  last(*ends.sut);
  out.push_back(shown(co_await ends.client->read(kLong)));
  co_return out;
}

TEST(Tls, LosesNothingByATimeout) {
  EXPECT_EQ(run_to_end(read_under_tls([](Stream& sut) { sut.close(); })),
            (std::vector<std::string>{"secure", "timed out", "bytes late", "closed"}));
}

TEST(Tls, SeesAResetAsFailed) {
  EXPECT_EQ(run_to_end(read_under_tls([](Stream& sut) { sut.reset(); })),
            (std::vector<std::string>{"secure", "timed out", "bytes late", "failed"}));
}

struct WrongLeaf {
  const char* name;
  LeafKind kind;
};
class VerifyingClient : public testing::TestWithParam<WrongLeaf> {};

TEST_P(VerifyingClient, RefusesTheLeaf) {
  const auto done = run_to_end(shake_hands(with_certificates({.kind = GetParam().kind})));
  ASSERT_FALSE(done.client);
  EXPECT_EQ(done.client.error().code, Errc::refused) << done.client.error();
}

TEST_P(VerifyingClient, TakesTheLeafWhenVerificationIsOff) {
  Setting setting = with_certificates({.kind = GetParam().kind});
  setting.client.verify = false;
  const auto done = run_to_end(shake_hands(std::move(setting)));
  EXPECT_TRUE(done.client) << done.client.error();
}

INSTANTIATE_TEST_SUITE_P(Leaves, VerifyingClient,
                         testing::Values(WrongLeaf{"Expired", LeafKind::expired},
                                         WrongLeaf{"NotYetValid", LeafKind::not_yet_valid},
                                         WrongLeaf{"OtherHost", LeafKind::other_host},
                                         WrongLeaf{"SelfSigned", LeafKind::self_signed},
                                         WrongLeaf{"UnknownCa", LeafKind::unknown_ca}),
                         [](const auto& row) { return row.param.name; });

struct Versions {
  const char* name;
  TlsVersion sut_max;
  TlsVersion client_min;
  bool agree;
};
class TlsVersions : public testing::TestWithParam<Versions> {};

TEST_P(TlsVersions, AgreeOrNot) {
  Setting setting = with_certificates({});
  setting.sut.min_version = GetParam().sut_max;
  setting.sut.max_version = GetParam().sut_max;
  setting.client.min_version = GetParam().client_min;
  const auto done = run_to_end(shake_hands(std::move(setting)));
  ASSERT_EQ(done.client.has_value(), GetParam().agree);
  if (GetParam().agree) {
    EXPECT_EQ(done.client->version, GetParam().sut_max);
    EXPECT_EQ(done.through, Bytes(100'000, 'x'));
  } else {
    EXPECT_EQ(done.client.error().code, Errc::refused) << done.client.error();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Offers, TlsVersions,
    testing::Values(Versions{"Tls10ByDefault", TlsVersion::tls1_0, TlsVersion::tls1_2, false},
                    Versions{"Tls11ByDefault", TlsVersion::tls1_1, TlsVersion::tls1_2, false},
                    Versions{"Tls10WhenLowered", TlsVersion::tls1_0, TlsVersion::tls1_0, true},
                    Versions{"Tls11WhenLowered", TlsVersion::tls1_1, TlsVersion::tls1_1, true},
                    Versions{"Tls12ByDefault", TlsVersion::tls1_2, TlsVersion::tls1_2, true},
                    Versions{"Tls12WhenRaised", TlsVersion::tls1_2, TlsVersion::tls1_3, false}),
    [](const auto& row) { return row.param.name; });

asio::awaitable<Result<TlsSession>> shake_with(Act act, Setting setting,
                                               std::chrono::milliseconds timeout) {
  Ends ends = co_await connected();
  TlsContexts contexts;
  act(*ends.sut);
  co_return co_await ends.client->start_tls(contexts, setting.client, timeout);
}

TEST(TlsHandshake, TimesOutWhenThePeerIsSilent) {
  const auto session = run_to_end(shake_with([](Stream&) {}, with_certificates({}), kShort));
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, Errc::io) << session.error();
}

TEST(TlsHandshake, FailsWhenThePeerResets) {
  const auto session =
      run_to_end(shake_with([](Stream& sut) { sut.reset(); }, with_certificates({}), kLong));
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, Errc::io) << session.error();
}

TEST(TlsHandshake, FailsWhenThePeerClosesAndIsNotCalledARefusal) {
  const auto session =
      run_to_end(shake_with([](Stream& sut) { sut.close(); }, with_certificates({}), kLong));
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, Errc::io) << session.error();
}

TEST(TlsHandshake, RejectsWhatIsNotPem) {
  Setting setting = with_certificates({});
  setting.client.ca_pem = "not a certificate";
  const auto wrong_ca = run_to_end(shake_with([](Stream&) {}, setting, kLong));
  ASSERT_FALSE(wrong_ca);
  EXPECT_EQ(wrong_ca.error().code, Errc::malformed) << wrong_ca.error();
}

asio::awaitable<std::vector<Errc>> serve_with(std::vector<TlsServerOptions> all) {
  Ends ends = co_await connected();
  TlsContexts contexts;
  std::vector<Errc> out;
  for (const TlsServerOptions& options : all) {
    const auto session = co_await ends.sut->start_tls(contexts, options, kLong);
    out.push_back(session ? Errc::not_found : session.error().code);
  }
  co_return out;
}

TEST(TlsHandshake, RejectsACertificateWithoutItsKey) {
  const TlsServerOptions right = with_certificates({}).sut;
  const TlsServerOptions other = with_certificates({.kind = LeafKind::expired}).sut;
  const auto errors =
      run_to_end(serve_with({{.chain_pem = right.chain_pem, .key_pem = ""},
                             {.chain_pem = "", .key_pem = right.key_pem},
                             {.chain_pem = right.chain_pem, .key_pem = other.key_pem}}));
  EXPECT_EQ(errors, (std::vector<Errc>{Errc::malformed, Errc::malformed, Errc::malformed}));
}

// Wrong options must not be remembered as good ones.
TEST(TlsHandshake, RejectsWrongPemAgainOnTheSecondTime) {
  const TlsServerOptions wrong{.chain_pem = "x", .key_pem = "x"};
  EXPECT_EQ(run_to_end(serve_with({wrong, wrong})),
            (std::vector<Errc>{Errc::malformed, Errc::malformed}));
}

}  // namespace
}  // namespace parley::net
