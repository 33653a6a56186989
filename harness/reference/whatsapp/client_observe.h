// SPDX-License-Identifier: GPL-3.0-or-later
// For the tests of the reference client: what one client says to a scripted server and to its user,
// as one text. Not part of any library.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <string>
#include <utility>

#include "harness/reference/whatsapp/client.h"
#include "harness/reference/whatsapp/client_script.h"

namespace parley::reference::whatsapp {

inline FaultSet with(const std::string& name) {
  FaultSet out;
  if (const auto fault = find_fault(name)) {
    out.add(*fault);
  }
  return out;
}

inline nlohmann::json connect_params(const net::Listener& listener, const Server& server) {
  nlohmann::json out = {{"user", "5550100"},
                        {"password", "secret-token"},
                        {"domain", "s.whatsapp.net"},
                        {"host", "127.0.0.1"},
                        {"port", listener.address().port},
                        {"ca", to_hex(authority().root_key())}};
  out.update(server.connect.is_null() ? nlohmann::json::object() : server.connect);
  return out;
}

using Press = std::function<void(ClientDriver&)>;

// What a client with the faults sends to such a server and tells its user. `connect_again`: the
// driver connects a second time when the first connection is closed.
inline std::string observe(const Server& server, const FaultSet& faults,
                           const Press& when_connected = {}, bool connect_again = false,
                           const Dialect& dialect = kWhatsAppDialect,
                           Side side = Side::third_party) {
  std::string log;
  asio::io_context context(1);
  auto listener = net::Listener::open(context.get_executor());
  ClientDriver* pressed = nullptr;
  const nlohmann::json params = connect_params(**listener, server);
  auto notify = [&](const std::string& method, nlohmann::json told) {
    log += "[" + method + " " + told.dump() + "]";
    if (method == "connected" && when_connected) {
      asio::post(context, [&] { when_connected(*pressed); });
    }
    if (method == "closed" && std::exchange(connect_again, false)) {
      asio::post(context, [&] { (void)pressed->handle("connect", params); });
    }
  };
  ClientDriver driver(context.get_executor(), faults, notify, dialect, side);
  pressed = &driver;
  Script script(server, log);
  const auto ignore = [](std::exception_ptr failure) { EXPECT_EQ(failure, nullptr); };
  asio::co_spawn(context, script.run(**listener), ignore);
  EXPECT_TRUE(driver.handle("connect", params).has_value());
  context.run_for(std::chrono::seconds(10));
  context.restart();
  asio::co_spawn(context, driver.stop(), ignore);
  context.run_for(std::chrono::seconds(5));
  return log;
}

inline bool shows(const std::string& log, const std::string& sign) {
  return log.find(sign) != std::string::npos;
}

inline const std::string kFenceAnswer = "<iq type='result' to='s.whatsapp.net' id='fence'/>";

inline std::string message_text(const std::string& id, const std::string& from,
                                const std::string& text) {
  return "<message id='" + id + "' from='" + from +
         "' type='text' t='1700000000'><enc v='2' type='msg'>" + text + "</enc></message>";
}

}  // namespace parley::reference::whatsapp
