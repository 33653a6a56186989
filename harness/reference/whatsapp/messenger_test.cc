// SPDX-License-Identifier: GPL-3.0-or-later
// What the dialect of `messenger` changes: products, addresses, reasons; and that each of its
// faults shows, while what it breaks holds without it.
#include <gtest/gtest.h>

#include <regex>

#include "harness/reference/whatsapp/client_observe.h"
#include "harness/reference/whatsapp/client_reader.h"
#include "harness/reference/whatsapp/faults_messenger.h"
#include "harness/reference/whatsapp/gatekeeper_house.h"
#include "harness/testkit/run_to_end.h"

namespace parley::reference::whatsapp {
namespace {

using Faults = std::vector<std::string>;

TEST(MessengerDialect, HasItsOwnServerForNativeUsers) {
  const auto native = parse_address("200@msgr", {}, kMessengerDialect);
  ASSERT_TRUE(native);
  EXPECT_EQ(native->bare(), "200@msgr");
  EXPECT_TRUE(parse_address("12-100@interop", {}, kMessengerDialect));
  EXPECT_FALSE(parse_address("200@s.whatsapp.net", {}, kMessengerDialect));
  EXPECT_FALSE(parse_address("200@msgr", {}));
}

TEST(MessengerDialect, ShowsNobodyOnTheOtherServer) {
  EXPECT_TRUE(is_user_jid("5:1@msgr", kMessengerDialect));
  EXPECT_TRUE(is_user_jid("12-5@interop", kMessengerDialect));
  EXPECT_FALSE(is_user_jid("x@msgr", kMessengerDialect));
  EXPECT_FALSE(is_user_jid("5@s.whatsapp.net", kMessengerDialect));
}

TEST(MessengerDialect, IsNamedByItsProfile) {
  EXPECT_EQ(dialect_of("messenger"), &kMessengerDialect);
  EXPECT_EQ(dialect_of("whatsapp"), &kWhatsAppDialect);
  EXPECT_EQ(dialect_of("xmpp"), nullptr);
}

wire::ClientPayload as_product(wire::ClientPayload payload, std::uint64_t product) {
  payload.product = product;
  return payload;
}
wire::ClientPayload romeos(const Bytes& token) {
  return as_product(third_party(100, token), wire::kProductInteropMessenger);
}

asio::awaitable<std::string> log_in(Faults faults, wire::ClientPayload payload) {
  House house(co_await asio::this_coro::executor, std::move(faults), NullMode::none,
              kMessengerDialect);
  Phone phone = co_await house.login("who", std::move(payload));
  co_await house.keeper->stop();
  co_return phone.all;
}

// Romeo writes to that address, juliet to him; what both hear.
asio::awaitable<std::string> exchange(Faults faults, std::string to) {
  House house(co_await asio::this_coro::executor, std::move(faults), NullMode::none,
              kMessengerDialect);
  Phone romeo = co_await house.login("romeo", romeos("rosaline"));
  Phone juliet =
      co_await house.login("juliet", as_product(native(200, "nurse"), wire::kProductMessenger));
  const auto say = [](const std::string& id, const std::string& whom) {
    return "<message id='" + id + "' to='" + whom + "'><enc v='3' type='msg'>hello</enc></message>";
  };
  co_await romeo.say_text(say("m1", to));
  co_await romeo.fence("f1");
  co_await juliet.say_text(say("m2", "12-100@interop"));
  co_await juliet.fence("f2");
  co_await romeo.fence("f3");
  co_await house.keeper->stop();
  co_return romeo.all + juliet.all;
}

asio::awaitable<std::string> own_product(Faults faults) {
  return log_in(std::move(faults), romeos("rosaline"));
}
asio::awaitable<std::string> other_product(Faults faults) {
  return log_in(std::move(faults), third_party(100, "rosaline"));
}
asio::awaitable<std::string> wrong_token(Faults faults) {
  return log_in(std::move(faults), romeos("capulet"));
}
asio::awaitable<std::string> to_own_server(Faults faults) {
  return exchange(std::move(faults), "200@msgr");
}
asio::awaitable<std::string> to_other_server(Faults faults) {
  return exchange(std::move(faults), "200@s.whatsapp.net");
}

TEST(MessengerGatekeeper, LogsItsThirdPartiesInAndPassesMessages) {
  EXPECT_NE(testkit::run_to_end(own_product({})).find("<success"), std::string::npos);
  const auto heard = testkit::run_to_end(to_own_server({}));
  EXPECT_NE(heard.find("juliet: <message id='m1' from='12-100@interop'"), std::string::npos)
      << heard;
}

struct Bent {
  const char* fault;
  asio::awaitable<std::string> (*act)(Faults);
  const char* right;
  const char* wrong;
};
std::ostream& operator<<(std::ostream& out, const Bent& bent) { return out << bent.fault; }

class MessengerFaultShows : public testing::TestWithParam<Bent> {};

TEST_P(MessengerFaultShows, OnTheWire) {
  const Bent& bent = GetParam();
  const auto right = testkit::run_to_end(bent.act({}));
  const auto wrong = testkit::run_to_end(bent.act({bent.fault}));
  EXPECT_NE(right.find(bent.right), std::string::npos) << right;
  EXPECT_EQ(right.find(bent.wrong), std::string::npos) << right;
  EXPECT_NE(wrong.find(bent.wrong), std::string::npos) << wrong;
}

INSTANTIATE_TEST_SUITE_P(Gatekeeper, MessengerFaultShows,
                         testing::Values(Bent{"mg-accepts-foreign-product", other_product,
                                              "<failure reason='405'", "<success"},
                                         Bent{"mg-foreign-failure-reason", wrong_token,
                                              "<failure reason='414'", "<failure reason='401'"},
                                         Bent{"mg-accepts-foreign-server", to_other_server,
                                              "error='404'", "juliet: <message id='m1'"},
                                         Bent{
                                             "mg-shows-foreign-server", to_own_server,
                                             "romeo: <message id='m2' from='200@msgr'",
                                             "romeo: <message id='m2' from='200@s.whatsapp.net'"}));

Server foreign_message() {
  return {.then = {octets_of("<message id='m1' from='5@s.whatsapp.net' type='text'>"
                             "<enc v='3' type='msg'>hello</enc></message>")}};
}
std::string observed(const Server& server, const FaultSet& faults) {
  return observe(server, faults, {}, false, kMessengerDialect);
}

TEST(MessengerClient, LogsInAsItsProductUnlessBent) {
  EXPECT_TRUE(shows(observed({}, {}), "[finish product=3"));
  EXPECT_TRUE(shows(observed({}, with("mt-foreign-product")), "[finish product=2"));
}

TEST(MessengerClient, ShowsNoMessageOfTheOtherServerUnlessBent) {
  EXPECT_FALSE(shows(observed(foreign_message(), {}), "[received"));
  EXPECT_TRUE(shows(observed(foreign_message(), with("mt-accepts-foreign-server")), "[received"));
}

TEST(MessengerFaults, NameTheirRequirementAndProfile) {
  EXPECT_EQ(to_string(Fault::mg_foreign_failure_reason), messenger_faults().back().name);
  for (const FaultEntry& entry : messenger_faults()) {
    EXPECT_EQ(entry.profile, "messenger") << entry.name;
    EXPECT_TRUE(std::regex_search(std::string(entry.breaks), std::regex("MSR-[0-9]{3}")))
        << entry.name;
  }
}

}  // namespace
}  // namespace parley::reference::whatsapp
