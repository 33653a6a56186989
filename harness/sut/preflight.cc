// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/preflight.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "harness/base/text.h"
#include "harness/sut/diagnosis.h"
#include "harness/sut/driver.h"
#include "harness/sut/introduction.h"
#include "harness/sut/log_file.h"
#include "harness/sut/noise_checks.h"
#include "harness/sut/pool.h"
#include "harness/sut/server_checks.h"
#include "harness/sut/service_checks.h"

namespace parley::sut {
namespace {

constexpr std::size_t kMaxCaOctets = 1024 * 1024;
constexpr std::size_t kFewestAccounts = 3;  // a flow may need them at once
constexpr std::size_t kManyAccounts = 100;
constexpr std::string_view kIssuer =
    "name the PEM file of the CA that issued the SUT's certificate";
constexpr std::string_view kHolds = "identities/pool: holds accounts";

// One preflight: what the driver and the files of the declaration say, then the server itself.
class Preflight {
 public:
  Preflight(asio::any_io_executor executor, model::Declaration declaration,
            const model::Profile& profile, std::size_t workers)
      : executor_(std::move(executor)),
        declaration_(std::move(declaration)),
        profile_(profile),
        workers_(workers) {
    server_.endpoints = declaration_.endpoints;
    server_.features = declaration_.features;
  }

  asio::awaitable<std::vector<Check>> run();

 private:
  bool serves_tls();
  asio::awaitable<void> check_driver();
  void check_party(const Introduction& introduction);
  std::string checked_ca(const std::string& name, const std::string& mend);
  bool shows_certificate() const;
  void check_profile(const Introduction& introduction);
  void check_pool();
  std::size_t fewest_accounts() const;
  void check_pool_size(std::size_t count);

  asio::any_io_executor executor_;
  model::Declaration declaration_;
  const model::Profile& profile_;
  std::size_t workers_;
  LogFile log_;                     // outlives the driver
  std::unique_ptr<Driver> driver_;  // lives on: a reference's listeners are the driver's
  ServerUnderCheck server_;
  Checks checks_;
};

asio::awaitable<std::vector<Check>> Preflight::run() {
  const bool server = model::is_server(declaration_.party);
  if (!declaration_.driver.empty()) {
    co_await check_driver();
  } else if (!server) {
    checks_.complain("driver/command: a client is driven", "there is none",
                     "add driver: { command: [program, argument] }");
  }
  if (!declaration_.pool_file.empty()) {
    check_pool();
  } else if (declaration_.driver.empty() && server) {
    checks_.complain("identities: accounts are known", "there is neither a pool nor a driver",
                     "add a pool or a driver");
  }
  if (server && profile_.wire == model::Wire::noise) {
    if (serves_tls()) {
      server_.ca_pem = checked_ca("ca", std::string(kIssuer));
    }
    if (shows_certificate()) {
      (void)checked_ca(
          "client-ca",
          "name the PEM file of the CA that issued the certificate which the SUT shows "
          "to third parties' servers");
    }
    if (declaration_.party == model::Party::gatekeeper_server) {
      NoiseChecks checks(server_, profile_, checks_);
      co_await checks.run();
    }
    ServiceChecks services(server_, profile_, driver_.get(), checks_);
    co_await services.run(declaration_.party);
  } else if (server) {
    server_.ca_pem = checked_ca("ca", std::string(kIssuer));
    ServerChecks checks(server_, checks_);
    co_await checks.run();
    ServiceChecks services(server_, profile_, driver_.get(), checks_);
    co_await services.run(declaration_.party);
  }
  co_return checks_.take();
}

bool Preflight::serves_tls() {
  return server_.endpoints["websocket"].starts_with("wss://") ||
         std::ranges::any_of(profile_.services, [&](const auto& service) {
           return server_.endpoints[service.first].starts_with("https://");
         });
}

asio::awaitable<void> Preflight::check_driver() {
  const std::string starts = "driver/command: starts";
  auto started = Driver::start(executor_, declaration_.driver, declaration_.folder, log_.name());
  if (!started) {
    checks_.driver_says_nothing();
    checks_.complain(
        starts, started.error().detail,
        "give a program that exists and may be executed; relative paths start at the folder "
        "of the declaration");
    co_return;
  }
  driver_ = std::move(*started);
  checks_.pass(starts, join(declaration_.driver, " "));
  const std::string describes = "driver/command: describes itself";
  const auto introduction = co_await introduce(*driver_);
  if (!introduction) {
    checks_.driver_says_nothing();
    checks_.complain(
        describes, introduction.error().detail + log_.last_lines(),
        "answer 'describe' with {name, version, party, features} on one line of standard "
        "output (harness/sut/DRIVER.md)");
    co_return;
  }
  checks_.pass(describes, printable(introduction->name + " " + introduction->version, 120));
  server_.endpoints.insert(introduction->endpoints.begin(), introduction->endpoints.end());
  check_party(*introduction);
  check_profile(*introduction);
  const std::string refuses = "driver/command: refuses a method that cannot exist";
  if (const auto passed = co_await try_canary(*driver_, Rng(0).child("preflight").token(12));
      !passed) {
    checks_.complain(refuses, passed.error().detail + log_.last_lines(),
                     "answer a method that the driver does not know with the error code -32601");
    co_return;
  }
  checks_.pass(refuses);
}

void Preflight::check_party(const Introduction& introduction) {
  const std::string what = "party: is the driver's";
  const auto declared = std::string(model::to_string(declaration_.party));
  if (introduction.party.empty() || introduction.party == declared) {
    checks_.pass(what, introduction.party.empty() ? "the driver does not say" : declared);
    return;
  }
  checks_.complain(what,
                   fmt::format("the declaration says {}, the driver {}", declared,
                               printable(introduction.party, 60)),
                   "declare the party that the driver drives");
}

// Empty, and said why, for what is no CA.
std::string Preflight::checked_ca(const std::string& name, const std::string& mend) {
  const auto what = fmt::format("endpoints/{}: is a valid CA", name);
  const auto file = server_.endpoints[name];
  if (file.empty()) {
    checks_.lack(what, mend);
    return "";
  }
  auto pem = read_file(resolve(declaration_, file), kMaxCaOctets);
  if (!pem) {
    checks_.complain(
        what, pem.error().detail,
        "give a file that can be read; relative paths start at the folder of the declaration");
    return "";
  }
  if (const auto wrong = wrong_with_ca(*pem)) {
    checks_.complain(what, fmt::format("{}: {}", file, wrong->found), std::string(wrong->mend));
    return "";
  }
  checks_.pass(what, file);
  return std::move(*pem);
}

// A gatekeeper that third parties know by its certificate has said whose CA that is of.
bool Preflight::shows_certificate() const {
  const auto by = profile_.settings.find("server-authentication");
  return declaration_.party == model::Party::gatekeeper_server && by != profile_.settings.end() &&
         by->second.value == "mutual-tls" &&
         std::ranges::count(declaration_.features, "partner-calls") > 0;
}

void Preflight::check_profile(const Introduction& introduction) {
  const std::string what = "profile: is the driver's";
  if (introduction.profile.empty()) {
    return;  // it need not say
  }
  if (profile_.is(introduction.profile)) {
    checks_.pass(what, introduction.profile);
    return;
  }
  checks_.complain(what,
                   fmt::format("the declaration says {}, the driver {}", profile_.name,
                               printable(introduction.profile, 60)),
                   "declare the profile that the driver speaks, or give the driver of this one");
}

void Preflight::check_pool() {
  const std::string what(kHolds);
  const auto form = account_form(profile_);
  const auto mend = fmt::format("write one '{}' a line", to_string(form));
  auto pool = load_pool(resolve(declaration_, declaration_.pool_file), form);
  if (!pool) {
    checks_.complain(what, pool.error().detail, mend);
    return;
  }
  if (pool->empty()) {
    checks_.complain(what, declaration_.pool_file + " is empty", mend);
    return;
  }
  const auto count = pool->size();
  check_pool_size(count);
  server_.samples.push_back({.place = "first", .account = pool->front()});
  if (count > 2) {
    server_.samples.push_back({.place = "middle", .account = (*pool)[count / 2]});
  }
  if (count > 1) {
    server_.samples.push_back({.place = "last", .account = pool->back()});
  }
}

// Beside the users of a flow of a server's is the bystander of what it has only to live through.
std::size_t Preflight::fewest_accounts() const {
  const bool watched =
      declaration_.party == model::Party::gatekeeper_server && !profile_.bystander.empty();
  return kFewestAccounts + (watched ? 1 : 0);
}

void Preflight::check_pool_size(std::size_t count) {
  const std::string what(kHolds);
  const auto fewest = fewest_accounts();
  const auto found = fmt::format("{} in {}", count, declaration_.pool_file);
  if (count < fewest) {
    checks_.complain(what, fmt::format("{}; a case may need {} at once", found, fewest),
                     "add accounts");
  } else if (count < workers_ * fewest) {
    checks_.advise(what,
                   fmt::format("{}; {} workers share them and a case may need {} at once", found,
                               workers_, fewest),
                   fmt::format("add accounts ({} at least), or give 'parley run' --workers {}",
                               workers_ * fewest, count / fewest));
  } else {
    checks_.pass(what, count < kManyAccounts
                           ? fmt::format("{}; with {} or more no case waits for another's", found,
                                         kManyAccounts)
                           : found);
  }
}

}  // namespace

asio::awaitable<std::vector<Check>> preflight(asio::any_io_executor executor,
                                              model::Declaration declaration,
                                              const model::Profile& profile, std::size_t workers) {
  Preflight checks(std::move(executor), std::move(declaration), profile, workers);
  co_return co_await checks.run();
}

}  // namespace parley::sut
