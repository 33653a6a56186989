// SPDX-License-Identifier: GPL-3.0-or-later
// The reference client of profile `whatsapp` against a small server: what it does without faults,
// and the null clients.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "harness/reference/whatsapp/client_observe.h"
#include "harness/reference/whatsapp/client_reader.h"
#include "harness/reference/whatsapp/null_client.h"

namespace parley::reference::whatsapp {
namespace {

const std::string kFinish = "[finish ";
const Bytes kRestart = node("<stream-error code='515'/>");
const std::string kHello = "<message id='s1' to='13-5@interop' type='text'>";

TEST(WhatsAppClient, LogsInAnswersAPingAndShowsAMessage) {
  const std::string log =
      observe({.then = {node(message_text("m1", "15550123@s.whatsapp.net", "shown"))}}, {});
  EXPECT_TRUE(shows(log, "[intro 57410603][hello ")) << log;
  EXPECT_TRUE(shows(log, "[finish product=2 account=5550100 token=secret-token][success]")) << log;
  EXPECT_TRUE(shows(log, "[connected {\"jid\":\"12-5550100@interop\",\"user\":\"5550100\"}]"));
  EXPECT_TRUE(shows(log,
                    "[received {\"from\":\"15550123@s.whatsapp.net\",\"id\":\"m1\","
                    "\"text\":\"shown\",\"type\":\"text\",\"user\":\"5550100\"}]"))
      << log;
  EXPECT_TRUE(shows(log,
                    "<ack class='message' id='m1' to='15550123@s.whatsapp.net'/>"
                    "<receipt id='m1' to='15550123@s.whatsapp.net'/>"))
      << log;
  EXPECT_TRUE(shows(log, kFenceAnswer)) << log;
  EXPECT_TRUE(shows(log, "[closed ")) << log;
}

TEST(WhatsAppClient, OfTheGatekeepersOwnLogsInByItsNumberAndIsCalledByIt) {
  const std::string log = observe({.then = {node(message_text("m1", "12-5@interop", "shown"))}}, {},
                                  {}, false, kWhatsAppDialect, Side::gatekeeper);
  EXPECT_TRUE(shows(log, "[finish product=0 username=5550100 fb-cat=secret-token][success]"))
      << log;
  EXPECT_TRUE(shows(log, "[connected {\"jid\":\"5550100@s.whatsapp.net\"")) << log;
  EXPECT_TRUE(shows(log, "[received {\"from\":\"12-5@interop\"")) << log;
  EXPECT_EQ(describe_client("a client", Side::gatekeeper)["party"], "gatekeeper.client");
}

TEST(WhatsAppClient, SpeaksTheSpecificationsFormWhereItIsTold) {
  noise::Dialect dialect = noise::kWhatsApp;
  dialect.hashing = noise::PayloadHashing::always;
  const Server server{.dialect = dialect, .connect = {{"spec_hashing", true}}};
  EXPECT_TRUE(shows(observe(server, {}), kFenceAnswer));
}

TEST(WhatsAppClient, SendsItsRoutingBeforeTheIntroAndAsksToBeActive) {
  const std::string log =
      observe({.connect = {{"routing", "6162"}, {"passive", true}, {"integrator", 13}}}, {});
  EXPECT_TRUE(shows(log, "[routing ab][intro 57410603]")) << log;
  EXPECT_TRUE(shows(log, "xmlns='passive' to='s.whatsapp.net'")) << log;
  EXPECT_TRUE(shows(log, "\"jid\":\"13-5550100@interop\"")) << log;
}

TEST(WhatsAppClient, EndsItsStreamBeforeItsConnection) {
  const std::string log = observe({}, {}, [](ClientDriver& driver) {
    EXPECT_TRUE(driver.handle("close", {{"user", "5550100"}}).has_value());
  });
  EXPECT_TRUE(shows(log, "<presence type='unavailable'/><xmlstreamend/>")) << log;
  EXPECT_TRUE(shows(log, "[closed {\"reason\":\"closed\"")) << log;
}

TEST(WhatsAppClient, TellsOfTheAckToAMessage) {
  const Press press = [](ClientDriver& driver) {
    (void)driver.handle(
        "send", {{"user", "5550100"}, {"to", "12-5@interop"}, {"text", "hello"}, {"id", "s1"}});
  };
  EXPECT_TRUE(shows(observe({.ack_from = "12-5@interop"}, {}, press), "\"id\":\"s1\""));
  EXPECT_FALSE(shows(observe({.ack_from = "12-6@interop"}, {}, press), "\"id\":\"s1\""));
}

TEST(WhatsAppClient, RefusesUnknownMethodsAndWrongMembers) {
  asio::io_context context(1);
  ClientDriver driver(context.get_executor(), {}, [](const std::string&, nlohmann::json) {});
  EXPECT_EQ(driver.handle("canary-1", nlohmann::json::object()).error().code, -32601);
  const nlohmann::json named = {
      {"user", "alice"}, {"host", "127.0.0.1"}, {"port", 1}, {"ca", std::string(64, '0')}};
  EXPECT_EQ(driver.handle("connect", named).error().code, kInvalidParams);
  EXPECT_EQ(driver.handle("send", {{"user", "1"}}).error().code, -32000);
}

struct JidRow {
  const char* text;
  bool right;
};

TEST(WhatsAppClient, TakesUserJidsOnly) {
  for (const JidRow& row : std::initializer_list<JidRow>{{"12-5@interop", true},
                                                         {"999-5:2@interop", true},
                                                         {"5@s.whatsapp.net", true},
                                                         {"5:1@s.whatsapp.net", true},
                                                         {"5@interop", false},
                                                         {"12-5-6@interop", false},
                                                         {"0-5@interop", false},
                                                         {"1000-5@interop", false},
                                                         {"012-5@interop", false},
                                                         {"+12-5@interop", false},
                                                         {"12- 5@interop", false},
                                                         {"12-5:0@interop", false},
                                                         {"s.whatsapp.net", false},
                                                         {"", false}}) {
    EXPECT_EQ(is_user_jid(row.text), row.right) << row.text;
  }
}

// Sends on the first connection only.
Press sends_once() {
  return [first = true](ClientDriver& driver) mutable {
    if (std::exchange(first, false)) {
      (void)driver.handle(
          "send", {{"user", "5550100"}, {"to", "13-5@interop"}, {"text", "hello"}, {"id", "s1"}});
    }
  };
}

// What a client does on its second connection.
std::string again(const std::string& log) {
  return log.substr(std::min(log.find("[again]"), log.size()));
}

TEST(WhatsAppClient, ReconnectsWithTheSameIdForWhatWasNotAcknowledged) {
  const Server server{.then = {kRestart}, .connections = 2, .connect = {{"reconnect", true}}};
  EXPECT_TRUE(shows(again(observe(server, {}, sends_once())), kHello));
  const std::string lost = again(observe(server, with("wt-never-resends"), sends_once()));
  EXPECT_TRUE(shows(lost, "[hello ") && !shows(lost, ">hello<")) << lost;
  const std::string renamed = again(observe(server, with("wt-resends-under-new-id"), sends_once()));
  EXPECT_TRUE(shows(renamed, ">hello<") && !shows(renamed, kHello)) << renamed;
}

TEST(WhatsAppClient, SendsNothingAgainThatWasAcknowledged) {
  const Server server{
      .ack_from = "13-5@interop", .connections = 2, .connect = {{"reconnect", true}}};
  const std::string right = again(observe(server, {}, sends_once()));
  EXPECT_TRUE(shows(right, "[hello ") && !shows(right, ">hello<")) << right;
  EXPECT_TRUE(shows(again(observe(server, with("wt-resends-acked"), sends_once())), kHello));
}

TEST(WhatsAppClient, ShowsNothingAgainThatComesOnItsNextConnection) {
  const Server server{.then = {node(message_text("m1", "13-5@interop", "shown"))},
                      .connections = 2,
                      .connect = {{"reconnect", true}}};
  const std::string right = again(observe(server, {}));
  EXPECT_TRUE(shows(right, "<ack class='message' id='m1'") && !shows(right, "[received")) << right;
  EXPECT_TRUE(shows(again(observe(server, with("wt-forgets-shown"))), "[received"));
}

TEST(WhatsAppClient, DrawsAFreshEphemeralKeyForEachHandshake) {
  const Server server{.then = {kRestart}, .connections = 2, .connect = {{"reconnect", true}}};
  const auto same = [](const std::string& log) {
    const auto first = log.find("[hello ");
    const auto second = log.rfind("[hello ");
    return first != second && log.substr(first, 71) == log.substr(second, 71);
  };
  EXPECT_FALSE(same(observe(server, {})));
  EXPECT_TRUE(same(observe(server, with("wt-same-ephemeral"))));
}

TEST(WhatsAppClient, UsesOneOfTwoEphemeralKeysWhereAFaultHasThem) {
  const Server server{.then = {kRestart}, .connections = 3, .connect = {{"reconnect", true}}};
  const auto keys = [](const std::string& log) {
    std::set<std::string> out;
    for (auto at = log.find("[hello "); at != std::string::npos; at = log.find("[hello ", at + 1)) {
      out.insert(log.substr(at, 71));
    }
    return out.size();
  };
  EXPECT_EQ(keys(observe(server, {})), 3U);
  EXPECT_LE(keys(observe(server, with("wt-two-ephemerals"))), 2U);
}

TEST(WhatsAppClient, OpensWithIkAndFallsBackOnTheSameConnection) {
  const Server taken{.connect = known_until("4102444800")};
  EXPECT_TRUE(shows(observe(taken, {}), "[early][finish product=2 account=5550100"));
  const Server refused{.refuses_ik = true, .connect = known_until("4102444800")};
  const auto log = observe(refused, {});
  EXPECT_TRUE(shows(log, "[finish product=2") && shows(log, "[connected")) << log;
  EXPECT_FALSE(shows(log, "[early]") || shows(log, "[again]")) << log;
}

TEST(WhatsAppClient, GivesEachStanzaItsOwnIdUnlessAFaultRepeatsIt) {
  bool repeats = false;
  const Press press = [&repeats](ClientDriver& driver) {
    const auto first = driver.handle("ping", {{"user", "5550100"}});
    const auto second = driver.handle("ping", {{"user", "5550100"}});
    repeats = first && second && (*first)["id"] == (*second)["id"];
  };
  observe({}, {}, press);
  EXPECT_FALSE(repeats);
  observe({}, with("wt-ids-repeat"), press);
  EXPECT_TRUE(repeats);
}

// What a null client sends to a server and tells its user, through the driver protocol.
std::string observe_null(NullMode mode, const Server& server) {
  std::string log;
  asio::io_context context(1);
  auto listener = net::Listener::open(context.get_executor());
  Script script(server, log);
  int requests[2] = {-1, -1};
  int answers[2] = {-1, -1};
  EXPECT_EQ(pipe(requests) + pipe(answers), 0);
  const nlohmann::json request = {{"jsonrpc", "2.0"},
                                  {"id", 1},
                                  {"method", "connect"},
                                  {"params", connect_params(**listener, server)}};
  const std::string line = request.dump() + "\n";
  EXPECT_EQ(write(requests[1], line.data(), line.size()), static_cast<ssize_t>(line.size()));
  {
    JsonRpcPeer peer(context.get_executor(), requests[0], answers[1]);
    const auto ignore = [](std::exception_ptr failure) { EXPECT_EQ(failure, nullptr); };
    asio::co_spawn(context, run_null_client(mode, Side::third_party, peer), ignore);
    asio::co_spawn(context, script.run(**listener), ignore);
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

TEST(WhatsAppNullClient, SilentDoesNotConnect) {
  const std::string log = observe_null(NullMode::silent, {});
  EXPECT_TRUE(shows(log, "\"result\"")) << log;
  EXPECT_FALSE(shows(log, "[end]") || shows(log, "[intro")) << log;
}

TEST(WhatsAppNullClient, HangUpSaysNothing) {
  const std::string log = observe_null(NullMode::hang_up, {});
  EXPECT_TRUE(shows(log, "[end]")) << log;
  EXPECT_FALSE(shows(log, "[intro")) << log;
}

TEST(WhatsAppNullClient, RefuseAllLeavesAfterTheServersHello) {
  const std::string log = observe_null(NullMode::refuse_all, {});
  EXPECT_TRUE(shows(log, "[hello ") && shows(log, "\"refused\"")) << log;
  EXPECT_FALSE(shows(log, kFinish)) << log;
}

TEST(WhatsAppNullClient, AcceptAllTrustsAnybodyAndShowsWhatIsNoStanza) {
  const Server server{.chain = ChainKind::unknown_root,
                      .before_success = {node(message_text("m1", "13-5@interop", "shown")) + "x"}};
  const std::string log = observe_null(NullMode::accept_all, server);
  EXPECT_TRUE(shows(log, "\"connected\"")) << log;
  EXPECT_TRUE(shows(log, "\"text\":\"shown\"")) << log;
}

}  // namespace
}  // namespace parley::reference::whatsapp
