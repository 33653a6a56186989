// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/gatekeeper.h"

#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "harness/reference/whatsapp/faults_gatekeeper.h"
#include "harness/reference/whatsapp/gatekeeper_house.h"
#include "harness/testkit/run_to_end.h"

namespace parley::reference::whatsapp {
namespace {

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string message(const std::string& id, const std::string& to, const std::string& body) {
  return "<message id='" + id + "' to='" + to + "' type='text'><enc v='2' type='msg'>" + body +
         "</enc></message>";
}

asio::awaitable<std::string> talk() {
  House house(co_await asio::this_coro::executor);
  Phone juliet = co_await house.login("juliet", native(200, "nurse"));
  wire::ClientPayload payload = third_party(100, "rosaline");
  payload.push_name = "Romeo";
  Phone romeo = co_await house.login("romeo", payload);
  const std::string chain = house.verify(romeo) ? "right chain\n" : "wrong chain\n";
  co_await romeo.say_text(message("m1", "200@s.whatsapp.net", "hello"));
  co_await romeo.until("<ack");
  co_await juliet.until("<message");
  co_await juliet.acknowledge();
  co_await juliet.say_text("<receipt id='m1' to='12-100@interop'/>");
  co_await juliet.until("<ack class='receipt'");
  co_await romeo.until("<receipt");
  co_await romeo.fence("p1");
  co_await house.keeper->stop();
  co_return chain + romeo.all + juliet.all;
}

TEST(WhatsAppGatekeeper, CarriesAMessageAndItsReceipt) {
  const std::string heard = testkit::run_to_end(talk());
  EXPECT_TRUE(holds(heard, "right chain")) << heard;
  EXPECT_TRUE(holds(heard, "romeo: <ack class='message' id='m1' from='200@s.whatsapp.net' t='"))
      << heard;
  EXPECT_TRUE(holds(heard, "juliet: <message id='m1' from='12-100@interop' type='text' t='"))
      << heard;
  EXPECT_TRUE(holds(heard, "display_name='Romeo'><enc v='2' type='msg'>hello</enc>")) << heard;
  EXPECT_TRUE(holds(heard, "juliet: <ack class='receipt' id='m1' from='12-100@interop'")) << heard;
  EXPECT_TRUE(holds(heard, "romeo: <receipt id='m1' from='200@s.whatsapp.net' t='")) << heard;
  EXPECT_TRUE(holds(heard, "romeo: <iq id='p1' type='result' from='s.whatsapp.net'/>")) << heard;
}

// Two messages to somebody who is away; three logins, of which only the second acknowledges.
asio::awaitable<std::string> away() {
  House house(co_await asio::this_coro::executor);
  Phone romeo = co_await house.login("romeo", third_party(100, "rosaline"));
  co_await romeo.say_text(message("m1", "12-300@interop", "one"));
  co_await romeo.say_text(message("m2", "12-300@interop", "two"));
  co_await romeo.fence("p1");
  std::string out = "acks " + romeo.acks + ";";
  for (const char* round : {"p2", "p3", "p4"}) {
    Phone tybalt = co_await house.login("tybalt", third_party(300, "cat"));
    co_await tybalt.fence(round);
    out += tybalt.bodies + ";";
    if (std::string_view(round) == "p3") {
      out += holds(tybalt.all, "offline='0'") ? "offline " : "";
      co_await tybalt.acknowledge();
      co_await tybalt.fence("done");
    }
    tybalt.stream->close();
  }
  co_await house.keeper->stop();
  co_return out;
}

TEST(WhatsAppGatekeeper, KeepsMessagesUntilTheyAreAcknowledged) {
  EXPECT_EQ(testkit::run_to_end(away()), "acks m1 m2 ;one two ;one two ;offline ;");
}

// Romeo and tybalt use one id; juliet acknowledges tybalt's message and logs in again. Tybalt then
// acknowledges what waits for juliet, in a way that is none of his.
asio::awaitable<std::string> one_id_of_two(std::vector<std::string> faults, std::string forged) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Phone romeo = co_await house.login("romeo", third_party(100, "rosaline"));
  Phone tybalt = co_await house.login("tybalt", third_party(300, "cat"));
  Phone juliet = co_await house.login("juliet", native(200, "nurse"));
  co_await romeo.say_text(message("m1", "200@s.whatsapp.net", "love"));
  co_await romeo.fence("p1");
  co_await tybalt.say_text(message("m1", "200@s.whatsapp.net", "hate"));
  co_await tybalt.fence("p2");
  co_await juliet.say_text("<ack class='message' id='m1' to='12-300@interop'/>");
  co_await juliet.fence("p3");
  juliet.stream->close();
  co_await tybalt.say_text(forged);
  co_await tybalt.fence("p4");
  Phone again = co_await house.login("again", native(200, "nurse"));
  co_await again.fence("p5");
  co_await house.keeper->stop();
  co_return juliet.bodies + ";" + again.bodies;
}

TEST(WhatsAppGatekeeper, TellsIdsAndAcknowledgementsOfTwoUsersApart) {
  const std::string ack = "<ack class='message' id='m1' to='12-100@interop'/>";
  const std::string receipt = "<receipt id='m1' to='12-100@interop' from='200@s.whatsapp.net'/>";
  for (const auto& forged : {ack, receipt}) {
    EXPECT_EQ(testkit::run_to_end(one_id_of_two({}, forged)), "love hate ;love ");
    EXPECT_EQ(testkit::run_to_end(one_id_of_two({"wg-acks-of-anybody"}, forged)), "love hate ;");
  }
  EXPECT_EQ(testkit::run_to_end(one_id_of_two({"wg-ids-of-all-senders"}, "<presence/>")),
            "love ;love ");
  EXPECT_EQ(testkit::run_to_end(one_id_of_two({"wg-acks-by-id-alone"}, "<presence/>")),
            "love hate ;hate ");
}

asio::awaitable<std::string> passive() {
  House house(co_await asio::this_coro::executor);
  Phone romeo = co_await house.login("romeo", third_party(100, "rosaline"));
  co_await romeo.say_text(message("m1", "12-300@interop", "one"));
  co_await romeo.fence("p1");
  wire::ClientPayload payload = third_party(300, "cat");
  payload.passive = true;
  Phone tybalt = co_await house.login("tybalt", payload);
  co_await tybalt.fence("p2");
  std::string out = tybalt.bodies + ";";
  co_await tybalt.say_text(
      "<iq id='a' type='set' xmlns='passive' to='s.whatsapp.net'><active/></iq>");
  co_await tybalt.fence("p3");
  out += tybalt.bodies + ";";
  co_await house.keeper->stop();
  co_return out + (holds(tybalt.all, "<iq id='a' type='result'") ? "answered" : tybalt.all);
}

TEST(WhatsAppGatekeeper, HoldsMessagesBackFromAPassiveClient) {
  EXPECT_EQ(testkit::run_to_end(passive()), ";one ;answered");
}

asio::awaitable<std::string> log_in(wire::ClientPayload payload) {
  House house(co_await asio::this_coro::executor);
  Phone phone = co_await house.login("who", std::move(payload));
  co_await house.keeper->stop();
  co_return phone.all + (phone.ended ? "ended" : "");
}

struct Login {
  const char* name;
  wire::ClientPayload payload;
  std::string outcome;
};
void PrintTo(const Login& login, std::ostream* out) { *out << login.name; }
class JudgesLogin : public testing::TestWithParam<Login> {};

TEST_P(JudgesLogin, ByItsPayload) {
  const std::string heard = testkit::run_to_end(log_in(GetParam().payload));
  EXPECT_TRUE(holds(heard, GetParam().outcome)) << heard;
}

wire::ClientPayload with_product(std::uint64_t product) {
  auto out = third_party(100, "rosaline");
  out.product = product;
  return out;
}

wire::ClientPayload with_device(std::uint64_t device) {
  auto out = third_party(100, "rosaline");
  out.device = device;
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    WhatsAppGatekeeper, JudgesLogin,
    testing::Values(
        Login{"ThirdParty", third_party(100, "rosaline"), "<success t='"},
        Login{"Namesake", third_party(100, "rosalind"), "<success t='"},
        Login{"Native", native(200, "nurse"), "<success t='"},
        Login{"DeviceZero", with_device(0), "<success t='"},
        Login{"WrongToken", third_party(100, "juliet"), "<failure reason='401'/>\nended"},
        Login{"EmptyToken", third_party(100, ""), "<failure reason='401'/>\nended"},
        Login{"Unknown", third_party(999, "rosaline"), "<failure reason='401'/>\nended"},
        Login{"NativeWithTokenOfNamesake", native(100, "rosalind"), "<failure reason='401'/>"},
        Login{"Messenger", with_product(wire::kProductInteropMessenger),
              "<failure reason='405'/>\nended"},
        Login{"OtherDevice", with_device(1), "<failure reason='400'/>\nended"},
        Login{"Nothing", {}, "<failure reason='400'/>\nended"}),
    [](const auto& row) { return std::string(row.param.name); });

asio::awaitable<std::string> replace() {
  House house(co_await asio::this_coro::executor);
  Phone first = co_await house.login("first", third_party(100, "rosaline"));
  Phone namesake = co_await house.login("namesake", third_party(100, "rosalind"));
  Phone second = co_await house.login("second", third_party(100, "rosaline"));
  co_await first.until("never");
  co_await namesake.fence("p1");
  co_await second.fence("p2");
  co_await house.keeper->stop();
  co_return first.all + (first.ended ? "ended\n" : "") + namesake.all + second.all;
}

TEST(WhatsAppGatekeeper, EndsTheEarlierSessionOfAUserAndNotItsNamesakes) {
  const std::string heard = testkit::run_to_end(replace());
  EXPECT_TRUE(
      holds(heard, "first: <stream:error><conflict type='replaced'/></stream:error>\nended"))
      << heard;
  EXPECT_TRUE(holds(heard, "namesake: <iq id='p1' type='result'")) << heard;
  EXPECT_TRUE(holds(heard, "second: <iq id='p2' type='result'")) << heard;
}

asio::awaitable<std::string> drive() {
  House house(co_await asio::this_coro::executor);
  std::string out;
  const auto call = [&](const std::string& method, const nlohmann::json& params) {
    const RpcResult result = house.keeper->handle(method, params);
    out += result ? result->dump() : std::to_string(result.error().code);
    out += '\n';
  };
  call("enlist", {{"user", "700"}, {"password", "x"}, {"faults", {"wg-no-ack"}}});
  call("enlist", {{"user", "700"}, {"password", "x"}, {"integrator", 60001}});
  call("enlist", {{"user", "seven"}, {"password", "x"}});
  call("enlist", {{"user", "700"}, {"password", "x"}, {"faults", {"wg-unheard-of"}}});
  Phone phone = co_await house.login("who", third_party(700, "x"));
  call("reset", {{"user", "700"}});
  co_await phone.until("never");
  out += phone.ended ? "ended\n" : "open\n";
  call("connect", nlohmann::json::object());
  call("canary-x", nlohmann::json::object());
  co_await house.keeper->stop();
  const auto described = house.keeper->describe();
  co_return out + described["party"].get<std::string>() + " " +
      described["endpoints"]["domain"].get<std::string>();
}

TEST(WhatsAppGatekeeper, SpeaksTheDriverProtocol) {
  EXPECT_EQ(testkit::run_to_end(drive()),
            "{}\n-32602\n-32602\n-32602\n{}\nended\n-32001\n-32601\n"
            "gatekeeper.server s.whatsapp.net");
}

asio::awaitable<std::string> meet(NullMode mode) {
  House house(co_await asio::this_coro::executor, {}, mode);
  Phone phone = co_await house.connect("who");
  if (co_await phone.greet()) {
    phone.finish(third_party(999, "nobody"));
    co_await phone.write(phone.finish_frame);
    co_await phone.hear();
    if (!phone.ended) {
      co_await phone.say_text("<iq id='q' type='get' xmlns='urn:x' to='s.whatsapp.net'/>");
      co_await phone.hear();
    }
  }
  co_await house.keeper->stop();
  co_return phone.all + (phone.ended ? "ended" : "open");
}

TEST(WhatsAppNullGatekeeper, ImplementsNothing) {
  EXPECT_EQ(testkit::run_to_end(meet(NullMode::silent)), "open");
  EXPECT_EQ(testkit::run_to_end(meet(NullMode::hang_up)), "ended");
  EXPECT_EQ(testkit::run_to_end(meet(NullMode::refuse_all)), "who: <failure reason='401'/>\nended");
  const std::string accepted = testkit::run_to_end(meet(NullMode::accept_all));
  EXPECT_TRUE(holds(accepted, "<success t='")) << accepted;
  EXPECT_TRUE(holds(accepted, "<iq id='q' type='result' from='s.whatsapp.net'/>")) << accepted;
}

// The table is right when the name of the first and the last row are those of their enumerators.
TEST(WhatsAppGatekeeperFaults, HaveEachTheNameOfTheirEnumerator) {
  EXPECT_EQ(to_string(Fault::wg_reuses_ephemeral), "wg-reuses-ephemeral");
  EXPECT_EQ(to_string(Fault::wg_chatstate_without_child), "wg-chatstate-without-child");
  std::set<std::string_view> names;
  for (const FaultEntry& entry : gatekeeper_faults()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_TRUE(entry.name.starts_with("wg-")) << entry.name;
    EXPECT_EQ(entry.party, "gatekeeper.server") << entry.name;
    EXPECT_EQ(entry.profile, "whatsapp") << entry.name;
    EXPECT_TRUE(std::regex_search(std::string(entry.breaks),
                                  std::regex("[(; ][A-Z]{3}-[0-9]{3}|observed client behaviour")))
        << entry.name;
  }
  EXPECT_GE(names.size(), 55U);
}

}  // namespace
}  // namespace parley::reference::whatsapp
