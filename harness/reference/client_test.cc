// SPDX-License-Identifier: GPL-3.0-or-later
// The reference client against a small server that says what a row of a table says. Every fault is
// shown to make the difference: its sign is there with it and not without it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/reference/client_driver.h"
#include "harness/reference/client_script.h"
#include "harness/reference/null_client.h"

namespace parley::reference {
namespace {

FaultSet with(const std::string& name) {
  FaultSet out;
  if (const auto fault = find_fault(name)) {
    out.add(*fault);
  }
  return out;
}

nlohmann::json connect_params(const net::Listener& listener) {
  return {{"user", "alice"},
          {"password", "secret"},
          {"domain", "parley.test"},
          {"host", "127.0.0.1"},
          {"port", listener.address().port},
          {"ca", certificates().ca_file},
          {"security", "starttls"},
          {"resource", "r"}};
}

// What a client with the faults sends to such a server and tells its user.
std::string observe(const Server& server, const FaultSet& faults,
                    const std::function<void(ClientDriver&)>& when_connected = {}) {
  std::string log;
  asio::io_context context(1);
  auto listener = net::Listener::open(context.get_executor());
  ClientDriver* pressed = nullptr;
  auto notify = [&](const std::string& method, nlohmann::json params) {
    log += "[" + method + " " + params.dump() + "]";
    if (method == "connected" && when_connected) {
      asio::post(context, [&] { when_connected(*pressed); });
    }
  };
  ClientDriver driver(context.get_executor(), faults, notify);
  pressed = &driver;
  net::TlsContexts contexts;
  Script script(server, log);
  const auto ignore = [](std::exception_ptr failure) { EXPECT_EQ(failure, nullptr); };
  asio::co_spawn(context, script.run(**listener, contexts), ignore);
  const auto begun = driver.handle("connect", connect_params(**listener));
  EXPECT_TRUE(begun.has_value());
  context.run_for(std::chrono::seconds(10));
  context.restart();
  asio::co_spawn(context, driver.stop(), ignore);
  context.run_for(std::chrono::seconds(5));
  return log;
}

bool shows(const std::string& log, const std::string& sign) {
  return log.find(sign) != std::string::npos;
}

std::string message(const std::string& inside) {
  return "<message from='bob@parley.test/x' id='m1' type='chat'>" + inside + "</message>";
}

TEST(ReferenceClient, LogsInWithScramBehindTlsAndAnswersAPing) {
  const std::string log = observe({}, {});
  EXPECT_TRUE(shows(log, "[tls]")) << log;
  EXPECT_TRUE(shows(log, "mechanism='SCRAM-SHA-256'")) << log;
  EXPECT_TRUE(shows(log, "[connected {\"jid\":\"alice@parley.test/r\",\"user\":\"alice\"}]"));
  EXPECT_TRUE(shows(log, "<iq type='result' to='parley.test' id='fence'/>")) << log;
  EXPECT_TRUE(shows(log, "[closed ")) << log;
  EXPECT_FALSE(shows(log.substr(0, log.find("[tls]")), "from=")) << log;
}

TEST(ReferenceClient, UsesPlainWhereThereIsNoScram) {
  const std::string log = observe({.mechanisms = "<mechanism>PLAIN</mechanism>"}, {});
  EXPECT_TRUE(shows(log, "[connected ")) << log;
}

TEST(ReferenceClient, ShowsWhatASubscriptionRequestAsksAndDoesNotApproveIt) {
  const std::string log =
      observe({.then = "<presence type='subscribe' from='bob@parley.test'/>"}, {});
  EXPECT_TRUE(shows(log, "\"type\":\"subscribe\"")) << log;
  EXPECT_FALSE(shows(log, "subscribed")) << log;
}

TEST(ReferenceClient, ClosesItsStreamBeforeItsConnection) {
  const std::string log = observe({}, {}, [](ClientDriver& driver) {
    EXPECT_TRUE(driver.handle("close", {{"user", "alice"}}).has_value());
  });
  EXPECT_TRUE(shows(log, "<presence type='unavailable'/></stream:stream>")) << log;
}

TEST(ReferenceClient, RefusesUnknownMethods) {
  asio::io_context context(1);
  ClientDriver driver(context.get_executor(), {}, [](const std::string&, nlohmann::json) {});
  const auto answer = driver.handle("canary-1", nlohmann::json::object());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, -32601);
}

enum class Sign { appears, vanishes };

struct FaultRow {
  const char* fault;
  Server server;
  std::string sign;
  Sign changes = Sign::appears;
};

class ClientFault : public testing::TestWithParam<FaultRow> {};

TEST_P(ClientFault, MakesTheDifference) {
  const FaultRow& row = GetParam();
  const auto press = [](ClientDriver& driver) {
    (void)driver.handle("send", {{"user", "alice"}, {"to", "bob@parley.test"}, {"text", "<&>"}});
  };
  ASSERT_TRUE(find_fault(row.fault)) << row.fault << " is not in the table";
  const std::string conforming = observe(row.server, {}, press);
  const std::string faulty = observe(row.server, with(row.fault), press);
  const bool appears = row.changes == Sign::appears;
  EXPECT_EQ(shows(conforming, row.sign), !appears) << conforming;
  EXPECT_EQ(shows(faulty, row.sign), appears) << faulty;
}

const std::string kFenced = "id='fence'/>";
const std::string kUnknown =
    "<iq type='get' id='u1' from='bob@parley.test/x'><q xmlns='urn:unknown'/></iq>";
const std::string kPing =
    "<iq type='get' id='p1' from='parley.test'><ping xmlns='urn:xmpp:ping'/></iq>";
const std::string kPush =
    "<iq type='set' id='r1'><query xmlns='jabber:iq:roster'>"
    "<item jid='eve@parley.test'/></query></iq>";
const std::string kForgedPush =
    "<iq type='set' id='r1' from='eve@parley.test/x'><query xmlns='jabber:iq:roster'>"
    "<item jid='eve@parley.test'/></query></iq>";
const std::string kErrorMessage =
    "<message type='error' id='e1' from='bob@parley.test'><body>shown</body></message>";
const std::string kRefusal = "<failure" + kSasl + "><not-authorized/></failure>";
const std::string kNoChallenge = "<challenge" + kSasl + ">cGFybGV5</challenge>";
const std::string kSuccess = "<success" + kSasl + "/>";
const std::string kFailure = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

// clang-format off: one fault is one row
const FaultRow kLoginFaults[] = {
    {"tp-header-without-to", {}, "to='parley.test' version", Sign::vanishes},
    {"tp-header-without-version", {}, "version='1.0' xml:lang", Sign::vanishes},
    {"tp-no-starttls", {.starttls = false, .clear_mechanisms = "<mechanism>PLAIN</mechanism>"}, "<auth"},
    {"tp-password-in-clear", {.clear_mechanisms = "<mechanism>PLAIN</mechanism>"}, "[tls]", Sign::vanishes},
    {"tp-no-restart-after-tls", {}, "[tls]<auth"},
    {"tp-no-restart-after-sasl", {}, "</response><iq"},
    {"tp-trusts-self-signed", {.leaf = LeafKind::self_signed}, "[connected"},
    {"tp-trusts-unknown-ca", {.leaf = LeafKind::unknown_ca}, "[connected"},
    {"tp-trusts-expired", {.leaf = LeafKind::expired}, "[connected"},
    {"tp-trusts-other-host", {.leaf = LeafKind::other_host}, "[connected"},
    {"tp-tls-1-0-accepted", {.max_version = net::TlsVersion::tls1_0}, "[connected"},
    {"tp-ignores-starttls-failure", {.proceed = kFailure}, "<auth"},
    {"tp-uses-features-before-tls", {.clear_mechanisms = "<mechanism>PLAIN</mechanism>"}, "mechanism='PLAIN'"},
    {"tp-accepts-wrong-scram-signature", {.wrong_signature = true}, "[connected"},
    {"tp-accepts-foreign-scram-nonce", {.foreign_nonce = true}, "[connected"},
    {"tp-accepts-unasked-success", {.auth_answer = kSuccess}, "[connected"},
    {"tp-stanza-before-success", {}, "</auth><presence"},
    {"tp-presence-before-bind", {}, "<presence/><iq type='set'"},
    {"tp-accepts-low-iterations", {.iterations = 1}, "[connected"},
    {"tp-ignores-server-header", {.header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"}, "[connected"},
    {"tp-proceeds-in-clear-after-tls-injection", {.proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><message><body>shown</body></message>"}, "[connected"},
    {"tp-survives-no-bind-error", {.bind_error = true}, "[connected"},
    {"tp-ignores-sasl-failure", {.auth_answer = kRefusal}, "[connected"},
    {"tp-uses-unoffered-mechanism", {.mechanisms = "<mechanism>UNKNOWN</mechanism>"}, "mechanism='PLAIN'"},
    {"tp-answers-malformed-challenge", {.auth_answer = kNoChallenge}, "<response"},
    {"tp-tls-1-2-refused", {.max_version = net::TlsVersion::tls1_2}, "[connected", Sign::vanishes},
    {"tp-login-segmentation", {.in_pieces = true}, "[connected", Sign::vanishes},
};
const FaultRow kStanzaFaults[] = {
    {"tp-wrong-id", {.then = kPing}, "id='p1x'"},
    {"tp-answers-twice", {.then = kPing}, "id='p1'/><iq type='result' to='parley.test' id='p1'"},
    {"tp-never-answers-iq", {}, kFenced, Sign::vanishes},
    {"tp-answers-results", {.then = "<iq type='result' id='x1' from='parley.test'/>"}, "id='x1'"},
    {"tp-answers-errors", {.then = "<iq type='error' id='x1' from='parley.test'/>"}, "id='x1'"},
    {"tp-unknown-namespace-result", {.then = kUnknown}, "<iq type='result' to='bob@parley.test/x' id='u1'"},
    {"tp-unknown-namespace-ignored", {.then = kUnknown}, "id='u1'", Sign::vanishes},
    {"tp-unknown-children-dropped", {.then = message("<x xmlns='urn:x'/><body>shown</body>")}, "\"shown\"", Sign::vanishes},
    {"tp-acts-on-partial", {.then = "<message from='bob@parley.test/x'><body>shown</body>", .cut = true}, "\"shown\""},
    {"tp-accepts-comment", {.then = message("<body>sho<!-- c -->wn</body>")}, "\"shown\""},
    {"tp-accepts-pi", {.then = message("<body>sho<?pi x?>wn</body>")}, "\"shown\""},
    {"tp-accepts-doctype", {.then = "<!DOCTYPE a [<!ENTITY e 'wn'>]>" + message("<body>sho&e;</body>")}, "\"shown\""},
    {"tp-accepts-invalid-utf8", {.then = message("<body>shown \xC3(</body>")}, "shown"},
    {"tp-accepts-duplicate-attribute", {.then = message("<body a='1' a='2'>shown</body>")}, "\"shown\""},
    {"tp-accepts-unbound-prefix", {.then = message("<p:x/><body>shown</body>")}, "\"shown\""},
    {"tp-accepts-control-characters", {.then = message("<body>sho\x01wn&#2;</body>")}, "\"shown\""},
    {"tp-accepts-undefined-entity", {.then = message("<body>shown &what;</body>")}, "shown"},
    {"tp-accepts-mismatched-tags", {.then = message("<body>shown</bodi>")}, "\"shown\""},
    {"tp-accepts-text-between-stanzas", {.then = "text" + message("<body>shown</body>")}, "\"shown\""},
    {"tp-size-unbounded", {.then = message("<body>shown" + std::string(300'000, 'x') + "</body>")}, "[received"},
    {"tp-smuggle-second-message", {.then = message("<body>\xC3<message from='eve@parley.test'><body>shown</body></message></body>")}, "\"shown\""},
    {"tp-segmentation", {.then = "<message from='b@parley.test'><body>sho", .segment = "wn</body></message>"}, "\"shown\"", Sign::vanishes},
    {"tp-whitespace-breaks", {.then = " "}, kFenced, Sign::vanishes},
    {"tp-ignores-stream-error", {.then = "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"}, "</stream:stream>", Sign::vanishes},
    {"tp-no-close-answer", {.then = "</stream:stream>"}, "</stream:stream>", Sign::vanishes},
    {"tp-reorders", {.then = message("<body>one</body>") + message("<body>two</body>")}, "\"text\":\"two\",\"type\":\"chat\",\"user\":\"alice\"}][received"},
    {"tp-shows-twice", {.then = message("<body>one</body>")}, "\"user\":\"alice\"}][received"},
    {"tp-forged-roster-push-accepted", {.then = kForgedPush}, "<iq type='result' to='eve@parley.test/x' id='r1'"},
    {"tp-unknown-id-result-accepted", {.then = "<iq type='result' id='x1' from='parley.test'/>"}, "[answered"},
    {"tp-escapes-wrongly", {.then = message("<body>&amp;lt;</body>")}, "\"text\":\"<\""},
    {"tp-cdata-dropped", {.then = message("<body>sho<![CDATA[wn]]></body>")}, "\"shown\"", Sign::vanishes},
    {"tp-wrong-from", {}, "from='someone-else@parley.test/other'"},
    {"tp-roster-push-unanswered", {.then = kPush}, "id='r1'", Sign::vanishes},
    {"tp-message-error-answered", {.then = kErrorMessage}, "id='e1'><error"},
    {"tp-shows-error-as-message", {.then = kErrorMessage}, "\"shown\""},
    {"tp-answer-not-reported", {.roster_answer = "<iq type='result' id='${id}'/>"}, "[answered", Sign::vanishes},
    {"tp-shows-wrong-sender", {.then = message("<body>shown</body>")}, "\"from\":\"bob@parley.test/x\"", Sign::vanishes},
    {"tp-shows-foreign-body", {.then = message("<body xmlns='urn:x'>shown</body>")}, "\"shown\""},
    {"tp-prefix-unknown", {.then = message("<c:body xmlns:c='jabber:client'>shown</c:body>")}, "\"shown\"", Sign::vanishes},
    {"tp-double-quotes-unread", {.then = "<message type=\"chat\" from='bob@parley.test/x'><body>shown</body></message>"}, "bob@parley.test/x", Sign::vanishes},
    {"tp-collapses-white-space", {.then = message("<body>a  b</body>")}, "\"a  b\"", Sign::vanishes},
    {"tp-accepts-any-payloads", {.then = "<iq type='get' id='e1' from='parley.test'/>"}, "<iq type='result' to='parley.test' id='e1'"},
    {"tp-presence-not-shown", {.then = "<presence from='bob@parley.test/x'/>"}, "[presence", Sign::vanishes},
    {"tp-escapes-twice", {}, "&amp;lt;"},
    {"tp-adds-signature", {}, "sent with Parley"},
};
// clang-format on

// What a request is answered with: a harness learns the id from the wire, a table cannot know it.
std::string answer_roster_request(const std::string& from, const FaultSet& faults) {
  return observe({.roster_answer = "<iq type='result' id='${id}'" + from + "/>"}, faults);
}

TEST(ReferenceClient, TakesAnAnswerFromTheOneItAskedOnly) {
  const std::string forged = " from='eve@parley.test/x'";
  EXPECT_TRUE(shows(answer_roster_request("", {}), "[answered "));
  EXPECT_TRUE(shows(answer_roster_request(" from='parley.test'", {}), "[answered "));
  EXPECT_TRUE(shows(answer_roster_request(" from='alice@parley.test'", {}), "[answered "));
  EXPECT_FALSE(shows(answer_roster_request(forged, {}), "[answered "));
  EXPECT_TRUE(
      shows(answer_roster_request(forged, with("tp-forged-result-accepted")), "[answered "));
  EXPECT_FALSE(
      shows(answer_roster_request("", with("tp-empty-from-result-refused")), "[answered "));
}

TEST(ReferenceClient, GivesEachStanzaItsOwnIdUnlessAFaultRepeatsIt) {
  const auto press = [](ClientDriver& driver) {
    const auto first = driver.handle("ping", {{"user", "alice"}});
    const auto second = driver.handle("ping", {{"user", "alice"}});
    ASSERT_TRUE(first && second);
    EXPECT_NE((*first)["id"], (*second)["id"]);
  };
  const auto press_repeating = [](ClientDriver& driver) {
    const auto first = driver.handle("ping", {{"user", "alice"}});
    const auto second = driver.handle("ping", {{"user", "alice"}});
    ASSERT_TRUE(first && second);
    EXPECT_EQ((*first)["id"], (*second)["id"]);
  };
  observe({}, {}, press);
  observe({}, with("tp-ids-repeat"), press_repeating);
}

TEST(ReferenceClient, PingsWhomItsUserNamesUnlessAFaultAsksTheServer) {
  const auto press = [](ClientDriver& driver) {
    (void)driver.handle("ping", {{"user", "alice"}, {"to", "bob@parley.test/x"}});
  };
  const std::string sign = "<iq type='get' to='bob@parley.test/x'";
  EXPECT_TRUE(shows(observe({}, {}, press), sign));
  EXPECT_FALSE(shows(observe({}, with("tp-pings-server-only"), press), sign));
}

TEST(ReferenceClient, SendsNothingAfterItsCloseUnlessAFaultDoes) {
  const auto press = [](ClientDriver& driver) {
    (void)driver.handle("close", {{"user", "alice"}});
  };
  const std::string sign = "</stream:stream><presence";
  EXPECT_FALSE(shows(observe({}, {}, press), sign));
  EXPECT_TRUE(shows(observe({}, with("tp-sends-after-close"), press), sign));
}

TEST(ReferenceClient, RefusesDeepMessagesUnlessAFaultShowsThem) {
  std::string deep = "<body>shown</body>";
  for (int i = 0; i < 1'000; ++i) {
    deep += "<x xmlns='urn:x'>";
  }
  for (int i = 0; i < 1'000; ++i) {
    deep += "</x>";
  }
  const std::string refused = observe({.then = message(deep)}, {});
  EXPECT_TRUE(shows(refused, "<policy-violation")) << refused;
  EXPECT_TRUE(shows(observe({.then = message(deep)}, with("tp-depth-unbounded")), "\"shown\""));
}

TEST(ReferenceClient, SaysWhyItRefusesAStream) {
  const std::string log = observe({.then = message("<!-- c --><body>x</body>")}, {});
  EXPECT_TRUE(shows(log,
                    "<stream:error><restricted-xml "
                    "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
                    "</stream:stream>"))
      << log;
}

// What a null client sends to a server and tells its user, through the driver protocol.
std::string observe_null(NullMode mode, const Server& server) {
  std::string log;
  asio::io_context context(1);
  auto listener = net::Listener::open(context.get_executor());
  net::TlsContexts contexts;
  Script script(server, log);
  int requests[2] = {-1, -1};
  int answers[2] = {-1, -1};
  EXPECT_EQ(pipe(requests) + pipe(answers), 0);
  const nlohmann::json request = {
      {"jsonrpc", "2.0"}, {"id", 1}, {"method", "connect"}, {"params", connect_params(**listener)}};
  const std::string line = request.dump() + "\n";
  EXPECT_EQ(write(requests[1], line.data(), line.size()), static_cast<ssize_t>(line.size()));
  {
    JsonRpcPeer peer(context.get_executor(), requests[0], answers[1]);
    const auto ignore = [](std::exception_ptr failure) { EXPECT_EQ(failure, nullptr); };
    asio::co_spawn(context, run_null_client(mode, peer), ignore);
    asio::co_spawn(context, script.run(**listener, contexts), ignore);
    context.run_for(kSilence * 2);
    (*listener)->close();
    close(requests[1]);  // the end of input
    context.run_for(std::chrono::seconds(5));
  }
  std::string told(64 * 1024, '\0');
  const ssize_t count = read(answers[0], told.data(), told.size());
  close(answers[0]);
  return log + told.substr(0, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
}

TEST(NullClient, SilentDoesNotConnect) {
  const std::string log = observe_null(NullMode::silent, {});
  EXPECT_TRUE(shows(log, "\"result\"")) << log;
  EXPECT_FALSE(shows(log, "[end]") || shows(log, "<")) << log;
}

TEST(NullClient, HangUpSaysNothing) {
  const std::string log = observe_null(NullMode::hang_up, {});
  EXPECT_TRUE(shows(log, "[end]")) << log;
  EXPECT_FALSE(shows(log, "<")) << log;
}

TEST(NullClient, RefuseAllAnswersTheHeaderWithAStreamError) {
  EXPECT_TRUE(shows(observe_null(NullMode::refuse_all, {}), "<stream:error>"));
}

TEST(NullClient, AcceptAllTrustsAnybodyAndShowsWhatIsNotXml) {
  const Server server{.leaf = LeafKind::unknown_ca,
                      .then = "<message from='bob@parley.test'><<<body>shown</body>"};
  const std::string log = observe_null(NullMode::accept_all, server);
  EXPECT_TRUE(shows(log, "connected")) << log;
  EXPECT_TRUE(shows(log, "\"shown\"")) << log;
  EXPECT_TRUE(shows(log, "<iq type='result' id='fence'/>")) << log;
}

std::string row_name(const testing::TestParamInfo<FaultRow>& row) {
  std::string name = row.param.fault;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Login, ClientFault, testing::ValuesIn(kLoginFaults), row_name);
INSTANTIATE_TEST_SUITE_P(Stanzas, ClientFault, testing::ValuesIn(kStanzaFaults), row_name);

}  // namespace
}  // namespace parley::reference
