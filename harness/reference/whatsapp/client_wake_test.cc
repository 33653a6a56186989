// SPDX-License-Identifier: GPL-3.0-or-later
// The reference client of profile `whatsapp` that waits until its own server wakes it, and the
// faults of that.
#include <gtest/gtest.h>

#include "harness/reference/whatsapp/client_observe.h"
#include "harness/reference/whatsapp/wake_line.h"

namespace parley::reference::whatsapp {
namespace {

const std::string kUser = "5550100";

// What a client with that fault says and tells that awaits a wake, while a message waits for it.
// "[wake]" stands where it is woken.
std::string woken(const std::string& fault, const std::string& alert = "") {
  std::string log;
  asio::io_context context(1);
  const auto listener = std::move(*net::Listener::open(context.get_executor()));
  auto sender = std::move(*WakeSender::open(context.get_executor(), Rng(1)));
  const Server server{.then = {node(message_text("m1", "15550123@s.whatsapp.net", "waited"))}};
  ClientDriver driver(context.get_executor(), with(fault),
                      [&](const std::string& method, const nlohmann::json& told) {
                        log += "[" + method + " " + told.dump() + "]";
                        if (method == "closed" || method == "refused") {
                          context.stop();
                        }
                      });
  Script script(server, log);
  const auto ignore = [](std::exception_ptr failure) { EXPECT_EQ(failure, nullptr); };
  asio::co_spawn(context, script.run(*listener), ignore);
  auto params = connect_params(*listener, server);
  params["wake"] = sender->line_of(kUser);
  EXPECT_TRUE(driver.handle("await", params).has_value());
  context.poll();
  log += "[wake]";
  sender->send({.user = kUser, .id = "1", .alert = alert});
  context.run_for(std::chrono::seconds(10));
  sender.reset();
  context.restart();
  asio::co_spawn(context, driver.stop(), ignore);
  context.run_for(std::chrono::seconds(5));
  return log;
}

TEST(WhatsAppWokenClient, ConnectsAndTakesWhatWaits) {
  const auto log = woken("");
  EXPECT_TRUE(log.starts_with("[wake][intro ")) << log;
  EXPECT_TRUE(shows(log, "account=5550100 token=secret-token]")) << log;
  EXPECT_TRUE(shows(log, "\"text\":\"waited\"")) << log;
  EXPECT_TRUE(shows(log, "<ack class='message' id='m1'")) << log;
}

TEST(WhatsAppWokenClient, SeesItsDeviceShowWhatComesWithAWake) {
  const auto log = woken("", "alert");
  EXPECT_TRUE(log.starts_with("[wake][received ")) << log;
  EXPECT_TRUE(shows(log, "\"text\":\"alert\"")) << log;
}

TEST(WhatsAppWokenClient, OfAFaultIsAnother) {
  EXPECT_FALSE(shows(woken("wt-woken-without-proof"), "token=secret-token]"));
  const auto undrained = woken("wt-woken-drains-nothing");
  EXPECT_TRUE(shows(undrained, kFenceAnswer)) << undrained;
  EXPECT_FALSE(shows(undrained, "waited")) << undrained;
  EXPECT_FALSE(shows(undrained, "<ack ")) << undrained;
  const auto gone = woken("wt-woken-leaves-at-once");
  EXPECT_TRUE(shows(gone, "<xmlstreamend/>")) << gone;
  EXPECT_FALSE(shows(gone, "waited")) << gone;
}

TEST(WhatsAppWokenClient, NeedsALineToWaitOn) {
  asio::io_context context(1);
  ClientDriver driver(context.get_executor(), {}, [](const std::string&, nlohmann::json) {});
  const nlohmann::json params{{"user", kUser},
                              {"password", "p"},
                              {"host", "127.0.0.1"},
                              {"port", 1},
                              {"ca", std::string(64, '0')}};
  EXPECT_EQ(driver.handle("await", params).error().code, kUnsupported);
  EXPECT_EQ(driver.handle("await", nlohmann::json::object()).error().code, kInvalidParams);
}

}  // namespace
}  // namespace parley::reference::whatsapp
