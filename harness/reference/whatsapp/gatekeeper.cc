// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/gatekeeper.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <random>
#include <utility>

#include "harness/reference/whatsapp/enlistment.h"
#include "harness/reference/whatsapp/misread.h"
#include "harness/reference/whatsapp/session.h"
#include "harness/reference/whatsapp/web.h"

namespace parley::reference::whatsapp {
namespace {

using namespace std::chrono_literals;

// Of fifteen digits, unlike any number that is enlisted by the driver.
constexpr std::uint64_t kFirstInternalId = 100'000'000'000'000;
constexpr std::uint64_t kInternalIds = 400'000'000'000'000;
constexpr std::uint16_t kOtherIntegrator = 13;

std::uint64_t true_random() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

// The services of one address.
struct Services {
  Enlistment enlistment;
  MediaProxy proxy;
};

asio::awaitable<net::HttpAnswer> answer_service(std::shared_ptr<Services> services,
                                                wire::HttpReceived request, net::HttpPeer) {
  const auto& target = request.message.request()->target;
  if (std::string_view(target).substr(0, target.find('?')) == kProxyPath) {
    co_return co_await services->proxy.answer(std::move(request.message));
  }
  co_await services->enlistment.prepare(request.message);
  co_return services->enlistment.answer(request.message);
}

}  // namespace

Gatekeeper::Gatekeeper(asio::any_io_executor executor, Options options, ServerKeys keys, Rng rng)
    : executor_(executor),
      options_(std::move(options)),
      dialect_(dialect_under(options_)),
      keys_(std::move(keys)),
      partners_(
          {.executor = executor,
           .run = [this](asio::awaitable<void> task,
                         std::function<void()> end) { run(std::move(task), std::move(end)); }}),
      rng_(std::move(rng)),
      callers_({.executor = executor,
                .run = [this](asio::awaitable<void> task,
                              std::function<void()> end) { run(std::move(task), std::move(end)); },
                .certificate = [this](const FaultSet& faults) { return own_certificate(faults); }},
               rng_.child("callers")),
      idle_(executor, asio::steady_timer::time_point::max()) {
  dialect_.more_integrators = &more_integrators_;
}

Gatekeeper::~Gatekeeper() = default;

Result<std::unique_ptr<Gatekeeper>> Gatekeeper::open(asio::any_io_executor executor,
                                                     const Options& options) {
  Rng rng(true_random());
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  auto keys = make_server_keys(rng.child("keys"), now);
  const auto faults = fault_set(options.faults);
  if (!keys || !faults) {
    return std::unexpected(keys ? faults.error() : keys.error());
  }
  std::unique_ptr<Gatekeeper> out(
      new Gatekeeper(std::move(executor), options, std::move(*keys), std::move(rng)));
  out->faults_ = *faults;
  auto certificate =
      CertificateFolder::make(out->rng_.child("https"), std::string(kHttpsHost), options.state_dir);
  if (!certificate) {
    return std::unexpected(certificate.error());
  }
  out->certificate_ = std::move(*certificate);
  const auto doors = out->listen(FaultSet(), options.port);
  if (!doors) {
    return std::unexpected(doors.error());
  }
  out->doors_ = *doors;
  for (const auto& [number, token] : options.accounts) {
    out->enlist(number, kDefaultIntegrator, token, FaultSet());
  }
  return out;
}

// What a third party's server is shown that knows callers by their certificates.
Result<crypto::Leaf> Gatekeeper::own_certificate(const FaultSet& faults) const {
  using crypto::LeafKind;
  const auto kind = faults.has(Fault::wg_call_certificate_expired)       ? LeafKind::expired
                    : faults.has(Fault::wg_call_certificate_unknown_ca)  ? LeafKind::unknown_ca
                    : faults.has(Fault::wg_call_certificate_self_signed) ? LeafKind::self_signed
                    : faults.has(Fault::wg_call_certificate_other_name)  ? LeafKind::other_host
                    : faults.has(Fault::wg_call_certificate_of_server)   ? LeafKind::server_only
                                                                         : LeafKind::client_only;
  return certificate_.issue(std::string(kClientName), kind);
}

Result<Doors> Gatekeeper::listen(const FaultSet& faults, std::uint16_t port) {
  const auto tcp = listen_at(Transport::tcp, faults, port);
  const auto web = tcp ? listen_at(Transport::websocket, faults, 0) : tcp;
  const auto enlistment = web ? listen_for_enlistment(faults) : web;
  if (!enlistment) {
    return std::unexpected(enlistment.error());
  }
  return Doors{.tcp = *tcp, .web = *web, .enlistment = *enlistment};
}

Result<net::Address> Gatekeeper::listen_for_enlistment(const FaultSet& faults) {
  FaultSet all = faults_;
  all.add(faults);
  MediaProxy::KnowsToken knows = [this](const std::string& token) { return asking(token); };
  const auto services = std::make_shared<Services>(
      Services{.enlistment = Enlistment(*this, all),
               .proxy = MediaProxy(tls_, media_hosts_, std::move(knows), all)});
  net::HttpServerOptions options{
      .tls = net::TlsServerOptions{.chain_pem = certificate_.leaf().chain_pem,
                                   .key_pem = certificate_.leaf().key_pem}};
  net::HttpHandler handler = std::bind_front(answer_service, services);
  if (options_.null_mode != NullMode::none) {
    handler = std::bind_front(null_answer, options_.null_mode);
  }
  if (options_.null_mode == NullMode::accept_all) {
    all.add(kGatekeeperMisreads.last_length);
  }
  options.misread = misread_under(all, kGatekeeperMisreads);
  auto server = net::HttpServer::open(executor_, tls_, std::move(options), std::move(handler));
  if (!server) {
    return std::unexpected(server.error());
  }
  http_servers_.push_back(std::move(*server));
  net::HttpServer& kept = *http_servers_.back();
  run(kept.run(), [&kept] { kept.stop(); });
  return kept.address();
}

// A number may be both.
MediaProxy::Asking Gatekeeper::asking(const std::string& token) {
  auto out = MediaProxy::Asking::nobody;
  for (const auto& [bare, account] : accounts_) {
    if (account.token == token && !account.address.integrator) {
      return MediaProxy::Asking::own_user;
    }
    out = account.token == token ? MediaProxy::Asking::third_party : out;
  }
  return out;
}

Result<net::Address> Gatekeeper::listen_at(Transport transport, const FaultSet& faults,
                                           std::uint16_t port) {
  auto listener = net::Listener::open(executor_, port);
  if (!listener) {
    return std::unexpected(listener.error());
  }
  FaultSet all = faults_;
  all.add(faults);
  listeners_.push_back(std::move(*listener));
  net::Listener& kept = *listeners_.back();
  run(accept_all(kept, transport, all), [&kept] { kept.close(); });
  return kept.address();
}

// Runs `task` and remembers how to end it; an exception ends that task alone.
void Gatekeeper::run(asio::awaitable<void> task, std::function<void()> end) {
  const std::uint64_t number = next_running_++;
  running_.emplace(number, std::move(end));
  asio::co_spawn(executor_, std::move(task), [this, number](std::exception_ptr failure) {
    const auto found = running_.find(number);
    if (failure) {
      found->second();
    }
    running_.erase(found);
    if (running_.empty()) {
      idle_.cancel();
    }
  });
}

asio::awaitable<void> Gatekeeper::accept_all(net::Listener& listener, Transport transport,
                                             FaultSet faults) {
  asio::steady_timer pause(executor_);
  while (!stopping_) {
    auto stream = co_await listener.accept(0ms);
    if (stream != nullptr) {
      start(std::move(stream), transport, faults);
    } else if (!stopping_) {
      // Out of descriptors: those in use come back, and accepting at once again would spin.
      pause.expires_after(10ms);
      boost::system::error_code ignored;
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }
}

void Gatekeeper::start(std::unique_ptr<net::Stream> stream, Transport transport,
                       const FaultSet& faults) {
  net::WebSocket* web = nullptr;
  if (transport == Transport::websocket) {
    auto made = options_.null_mode == NullMode::none
                    ? server_socket(std::move(stream), Rng(rng_.next()), faults)
                    : null_socket(std::move(stream), wire::WebSocketRole::server);
    web = made.get();
    stream = std::move(made);
  }
  if (options_.null_mode != NullMode::none) {
    const std::shared_ptr<net::Stream> shared = std::move(stream);
    run(run_null_session(shared, web, options_.null_mode, *this), [shared] { shared->close(); });
    return;
  }
  const auto session = std::make_shared<Session>(*this, executor_, std::move(stream), web, faults);
  run(session->run(), [session] { session->drop(); });
}

asio::awaitable<void> Gatekeeper::stop() {
  stopping_ = true;
  for (const auto& [number, end] : running_) {
    end();
  }
  while (!running_.empty()) {
    boost::system::error_code cancelled;
    co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

void Gatekeeper::add(const Address& address, const Bytes& token, const FaultSet& faults) {
  Account& account = accounts_[address.bare()];
  account.address = address;
  account.token = token;
  account.faults = faults;
  account.consent = prepared_consent();
  addresses_[address.number].insert(address.bare());
}

void Gatekeeper::enlist(const std::string& number, std::uint16_t integrator, const Bytes& token,
                        const FaultSet& faults) {
  const auto server = dialect_.native_server;
  add({.integrator = integrator, .number = number, .native_server = server}, token, faults);
  if (integrator == kDefaultIntegrator) {
    add({.integrator = {}, .number = number, .native_server = server}, token, faults);
  }
}

// Without a driver nobody enlists; without a list of accounts everybody exists.
void Gatekeeper::invent(const std::string& number) {
  const Address native{.integrator = {}, .number = number, .native_server = dialect_.native_server};
  const bool everybody = !options_.driver && options_.accounts.empty();
  if (everybody && !accounts_.contains(native.bare())) {
    enlist(number, kDefaultIntegrator, "pw-" + number, FaultSet());
    enlist(number, kOtherIntegrator, "pw-13-" + number, FaultSet());
  }
}

Account* Gatekeeper::find(const std::string& bare) {
  if (const auto address = parse_address(bare, FaultSet(), dialect_)) {
    invent(address->number);
  }
  const auto found = accounts_.find(bare);
  return found == accounts_.end() ? nullptr : &found->second;
}

std::vector<Account*> Gatekeeper::of_number(const std::string& number) {
  invent(number);
  std::vector<Account*> out;
  const auto bares = addresses_.find(number);
  if (bares != addresses_.end()) {
    for (const auto& bare : bares->second) {
      out.push_back(&accounts_.at(bare));
    }
  }
  return out;
}

std::vector<Account*> Gatekeeper::all() {
  std::vector<Account*> out;
  for (auto& [bare, account] : accounts_) {
    out.push_back(&account);
  }
  return out;
}

void Gatekeeper::reset(const std::string& number) {
  const Account* enlisted = of_identifier(number);
  if (enlisted != nullptr && enlisted->address.number != number) {  // wg-enlist-visible-id
    reset(std::string(enlisted->address.number));
  }
  const auto accounts = of_number(number);
  addresses_.erase(number);  // which may be of one of them
  for (const Account* account : accounts) {
    const std::string bare = account->address.bare();
    const auto bound = account->bound;  // each takes itself out
    for (Session* session : bound) {
      session->drop();
    }
    accounts_.erase(bare);
    for (auto& [ignored, other] : accounts_) {
      other.subscribers.erase(bare);
      other.correspondents.erase(bare);
    }
  }
}

Account* Gatekeeper::of_identifier(const std::string& identifier,
                                   std::optional<std::uint16_t> integrator) {
  const auto found = std::ranges::find_if(accounts_, [&](const auto& one) {
    const Account& account = one.second;
    return account.identifier == identifier &&
           (!integrator || account.address.integrator == integrator);
  });
  return found == accounts_.end() || identifier.empty() ? nullptr : &found->second;
}

Account* Gatekeeper::formerly(const std::string& identifier, std::uint16_t integrator) {
  const auto found = std::ranges::find_if(accounts_, [&](const auto& one) {
    return one.second.former == identifier && one.second.address.integrator == integrator;
  });
  return found == accounts_.end() || identifier.empty() ? nullptr : &found->second;
}

Account* Gatekeeper::of_internal_id(const std::string& number) {
  const auto found = std::ranges::find_if(accounts_, [&](const auto& one) {
    return one.second.address.number == number && !one.second.identifier.empty();
  });
  return found == accounts_.end() ? nullptr : &found->second;
}

Account& Gatekeeper::enlist_identifier(const std::string& identifier, std::uint16_t integrator,
                                       const FaultSet& faults) {
  const Address address{.integrator = integrator,
                        .number = faults.has(Fault::wg_enlist_visible_id) ? identifier
                                  : faults.has(Fault::wg_enlist_same_id)
                                      ? std::to_string(kFirstInternalId)
                                      : std::to_string(kFirstInternalId + rng_.below(kInternalIds)),
                        .native_server = dialect_.native_server};
  add(address, "", faults);
  Account& account = accounts_.at(address.bare());
  account.identifier = identifier;
  return account;
}

}  // namespace parley::reference::whatsapp
