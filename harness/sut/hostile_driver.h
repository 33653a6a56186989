// SPDX-License-Identifier: GPL-3.0-or-later
// For tests: a driver that introduces itself, refuses the canary as it must, and means harm then.
#pragma once

#include <boost/asio/this_coro.hpp>
#include <string>
#include <utility>
#include <vector>

#include "harness/sut/attachment.h"
#include "harness/sut/hostile_judging.h"
#include "harness/sut/script_folder.h"
#include "harness/testkit/run_to_end.h"

namespace parley::sut {

class HostileDriver {
 public:
  // `body`, in Python, has `request`, its `method` and `params`, and `dial(params)`, the connection
  // that was asked for.
  HostileDriver(const std::string& profile, const std::string& body) {
    declaration_.name = "hostile";
    declaration_.profile = profile;
    declaration_.party = model::Party::third_party_client;
    declaration_.driver = folder_.driver(kIntroduction + std::string(body) + "\n");
    declaration_.folder = folder_.path();
    folder_.write("ca.pem", authority().pem());
  }

  Verdicts judged_by(std::vector<std::string> cases) const {
    Attaching attaching = [this] { return attached(declaration_, folder_.file("driver.log")); };
    return testkit::run_to_end(
        judged(std::move(attaching), std::move(cases), folder_.file("ca.pem")));
  }

 private:
  static asio::awaitable<Result<std::unique_ptr<engine::Attachment>>> attached(
      model::Declaration declaration, std::string log_file) {
    AttachOptions options;
    options.log_file = std::move(log_file);
    co_return co_await attach(co_await asio::this_coro::executor, std::move(declaration),
                              std::move(options));
  }

  static constexpr const char* kIntroduction = R"(
import socket, threading
kept = []
def dial(params):
    kept.append(socket.create_connection((params["host"], params["port"])))
    return kept[-1]
# Octets over and over on a connection of its own thread.
def speak(params, begin, unit, times):
    def run():
        peer = dial(params)
        try:
            peer.sendall(begin)
            for i in range(times):
                peer.sendall(unit)
        except OSError:
            pass
    threading.Thread(target=run, daemon=True).start()
for request in requests():
    method = request["method"]
    params = request["params"]
    if method == "describe":
        answer(request, {"name": "hostile", "version": "1", "party": "third-party.client",
                         "features": []})
        continue
    if method.startswith("canary-"):
        refuse(request, -32601)
        continue
    if method == "reset":
        answer(request, {})
        continue
    )";

  ScriptFolder folder_;
  model::Declaration declaration_;
};

}  // namespace parley::sut
