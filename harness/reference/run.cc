// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <utility>

#include "harness/reference/client.h"
#include "harness/reference/gatekeeper.h"
#include "harness/reference/json_rpc.h"
#include "harness/reference/reference.h"
#include "harness/reference/whatsapp/client.h"
#include "harness/reference/whatsapp/dialect.h"
#include "harness/reference/whatsapp/gatekeeper.h"
#include "harness/reference/whatsapp/partner_server.h"

namespace parley::reference {
namespace {

constexpr int kUsage = 2;
constexpr int kHarnessError = 4;
constexpr std::string_view kPartner = "third-party.server";

// The party that the options describe; `peer` is null without a driver.
asio::awaitable<void> party_of(const Options& options, JsonRpcPeer* peer) {
  const bool binary = whatsapp::dialect_of(options.profile) != nullptr;
  if (options.party == kPartner) {
    return whatsapp::run_partner(options, peer);
  }
  if (options.party == "gatekeeper.server") {
    return binary ? whatsapp::run_gatekeeper(options, peer) : run_gatekeeper(options, peer);
  }
  return binary ? whatsapp::run_client(options, *peer) : run_client(options, *peer);
}

// What is wrong with a fault that bends another dialect's parties; empty: nothing.
std::string foreign_fault(const Options& options) {
  const auto* dialect = whatsapp::dialect_of(options.profile);
  for (const auto& entry : faults()) {
    const bool own = entry.profile == options.profile ||
                     (dialect != nullptr && entry.profile == whatsapp::kWhatsAppDialect.profile);
    if (!own && std::ranges::count(options.faults, entry.name) > 0) {
      return fmt::format(
          "the fault {} bends parties of profile {}, not of {}; see 'parley list faults "
          "--profile {}'",
          entry.name, entry.profile, options.profile, options.profile);
    }
  }
  return "";
}

asio::awaitable<void> until_signalled() {
  asio::signal_set signals(co_await asio::this_coro::executor, SIGINT, SIGTERM);
  boost::system::error_code ignored;
  co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace

asio::awaitable<void> run_gatekeeper(Options options, JsonRpcPeer* peer) {
  const auto executor = co_await asio::this_coro::executor;
  auto opened = Gatekeeper::open(executor, options);
  if (!opened) {
    throw std::runtime_error(opened.error().detail);
  }
  Gatekeeper& keeper = **opened;
  if (peer != nullptr) {
    RpcHandler handler = [&keeper](const std::string& method, const nlohmann::json& params) {
      return keeper.handle(method, params);
    };
    co_await peer->serve(std::move(handler));
  } else {
    fmt::print("{}: STARTTLS on {}, direct TLS on {}, CA in {}\n", options.domain,
               net::to_string(keeper.endpoints().starttls),
               net::to_string(keeper.endpoints().direct_tls), keeper.ca_path());
    std::fflush(stdout);
    co_await until_signalled();
  }
  co_await keeper.stop();
}

int run(const Options& options) {
  const bool binary = whatsapp::dialect_of(options.profile) != nullptr;
  const bool server = options.party == "gatekeeper.server" || (binary && options.party == kPartner);
  const bool client =
      options.party == "third-party.client" || (binary && options.party == kGatekeeperClient);
  if (!server && (!client || !options.driver)) {
    fmt::print(stderr,
               "the reference is a gatekeeper.server, of the binary dialects also a "
               "third-party.server, or with a driver a third-party.client, of the binary dialects "
               "also a gatekeeper.client\n");
    return kUsage;
  }
  if (options.profile != "xmpp" && !binary) {
    fmt::print(stderr, "there is no reference of profile {}\n", options.profile);
    return kUsage;
  }
  if (const auto known = fault_set(options.faults); !known) {
    fmt::print(stderr, "{}\n", known.error().detail);
    return kUsage;
  }
  if (const auto wrong = foreign_fault(options); !wrong.empty()) {
    fmt::print(stderr, "{}\n", wrong);
    return kUsage;
  }
  // A peer that is gone is an error of the write, not the end of the program.
  std::signal(SIGPIPE, SIG_IGN);
  asio::io_context context(1);
  std::unique_ptr<JsonRpcPeer> peer;
  if (options.driver) {
    peer = std::make_unique<JsonRpcPeer>(context.get_executor(), dup(STDIN_FILENO),
                                         dup(STDOUT_FILENO));
  }
  asio::signal_set signals(context);
  if (options.driver) {
    signals.add(SIGINT);
    signals.add(SIGTERM);
    signals.async_wait([&context](boost::system::error_code error, int) {
      if (!error) {
        context.stop();
      }
    });
  }
  std::exception_ptr failure;
  auto task = party_of(options, peer.get());
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr thrown) {
    failure = std::move(thrown);
    signals.cancel();
  });
  context.run();
  if (!failure) {
    return 0;
  }
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& thrown) {
    fmt::print(stderr, "{}\n", thrown.what());
  }
  return kHarnessError;
}

}  // namespace parley::reference
