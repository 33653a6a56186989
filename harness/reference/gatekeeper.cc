// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/gatekeeper.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "harness/reference/gatekeeper_session.h"

namespace parley::reference {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int kUnknownMethod = -32601;
constexpr std::string_view kClientMethods[] = {"connect",  "send",  "ping",
                                               "presence", "close", "sync"};

std::uint64_t true_random() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

// Errors: kInvalidParams for what is not a list of known faults.
std::expected<FaultSet, RpcError> faults_of(const json& params) {
  const auto found = params.find("faults");
  if (found == params.end()) {
    return FaultSet();
  }
  std::vector<std::string> names;
  if (!found->is_array()) {
    return std::unexpected(RpcError{kInvalidParams, "faults is a list of names"});
  }
  for (const json& name : *found) {
    if (!name.is_string()) {
      return std::unexpected(RpcError{kInvalidParams, "faults is a list of names"});
    }
    names.push_back(name.get<std::string>());
  }
  auto faults = fault_set(names);
  if (!faults) {
    return std::unexpected(RpcError{kInvalidParams, faults.error().detail});
  }
  return *faults;
}

std::optional<std::string> text_of(const json& params, const char* name) {
  const auto found = params.find(name);
  return found != params.end() && found->is_string() ? std::optional(found->get<std::string>())
                                                     : std::nullopt;
}

}  // namespace

Gatekeeper::Gatekeeper(asio::any_io_executor executor, Options options)
    : executor_(executor),
      options_(std::move(options)),
      rng_(true_random()),
      idle_(executor, asio::steady_timer::time_point::max()) {}

Gatekeeper::~Gatekeeper() = default;

Result<std::unique_ptr<Gatekeeper>> Gatekeeper::open(asio::any_io_executor executor,
                                                     const Options& options) {
  std::unique_ptr<Gatekeeper> out(new Gatekeeper(std::move(executor), options));
  const auto faults = fault_set(options.faults);
  if (!faults) {
    return std::unexpected(faults.error());
  }
  out->faults_ = *faults;
  auto certificate = CertificateFolder::make(out->rng_, out->domain(), options.state_dir);
  if (!certificate) {
    return std::unexpected(certificate.error());
  }
  out->certificate_ = std::move(*certificate);
  if (const auto serves = out->open_uploads(); !serves) {
    return std::unexpected(serves.error());
  }
  const auto endpoints = out->listen(FaultSet(), options.port);
  if (!endpoints) {
    return std::unexpected(endpoints.error());
  }
  out->endpoints_ = *endpoints;
  for (const auto& [user, password] : options.accounts) {
    out->enlist(user, password, FaultSet());
  }
  return out;
}

Result<void> Gatekeeper::open_uploads() {
  const auto leaf = certificate_.issue("localhost", crypto::LeafKind::valid);
  if (!leaf) {
    return std::unexpected(leaf.error());
  }
  auto uploads = GatekeeperUploads::open(executor_, contexts_, *leaf, rng_.child("uploads"));
  if (!uploads) {
    return std::unexpected(uploads.error());
  }
  uploads_ = std::move(*uploads);
  run(uploads_->run(), [this] { uploads_->stop(); });
  run(uploads_->run_downloads(), [this] { uploads_->stop_downloads(); });
  return {};
}

Result<Endpoints> Gatekeeper::listen(const FaultSet& faults, std::uint16_t starttls_port) {
  auto starttls = net::Listener::open(executor_, starttls_port);
  auto direct = net::Listener::open(executor_);
  if (!starttls || !direct) {
    return std::unexpected(starttls ? direct.error() : starttls.error());
  }
  const Endpoints out{.starttls = (*starttls)->address(), .direct_tls = (*direct)->address()};
  FaultSet all = faults_;
  all.add(faults);
  const auto serve = [&](std::unique_ptr<net::Listener> listener, Security security) {
    listeners_.push_back(std::move(listener));
    net::Listener& kept = *listeners_.back();
    run(accept_all(kept, security, all), [&kept] { kept.close(); });
  };
  serve(std::move(*starttls), Security::starttls);
  serve(std::move(*direct), Security::direct_tls);
  return out;
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

asio::awaitable<void> Gatekeeper::accept_all(net::Listener& listener, Security security,
                                             FaultSet faults) {
  asio::steady_timer pause(executor_);
  while (!stopping_) {
    auto stream = co_await listener.accept(0ms);
    if (stream != nullptr) {
      start(std::move(stream), security, faults);
    } else if (!stopping_) {
      // Out of descriptors: those in use come back, and accepting at once again would spin.
      pause.expires_after(10ms);
      boost::system::error_code ignored;
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }
}

void Gatekeeper::start(std::unique_ptr<net::Stream> stream, Security security,
                       const FaultSet& faults) {
  if (options_.null_mode != NullMode::none) {
    const std::shared_ptr<net::Stream> shared = std::move(stream);
    run(run_null_session(shared, options_.null_mode, security, *this),
        [shared] { shared->close(); });
    return;
  }
  const auto session = std::make_shared<Session>(*this, executor_, std::move(stream), faults);
  run(session->run(security), [session] { session->drop(); });
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

std::string Gatekeeper::fresh_id() { return rng_.token(20); }

Account* Gatekeeper::find(const std::string& user) {
  const auto found = accounts_.find(user);
  if (found != accounts_.end()) {
    return &found->second;
  }
  const bool everybody = !options_.driver && options_.accounts.empty();
  return everybody && !user.empty() ? &enlist(user, "pw-" + user, FaultSet()) : nullptr;
}

Account* Gatekeeper::find_bare(const std::string& bare) {
  const auto at = bare.find('@');
  const bool ours = at != std::string::npos && bare.substr(at + 1) == domain();
  return ours ? find(bare.substr(0, at)) : nullptr;
}

std::vector<Session*> Gatekeeper::bound_sessions() const {
  std::vector<Session*> out;
  for (const auto& [user, account] : accounts_) {
    out.insert(out.end(), account.sessions.begin(), account.sessions.end());
  }
  return out;
}

void Gatekeeper::drop_others(const Session& one) {
  for (Session* session : bound_sessions()) {
    if (session != &one) {
      session->drop();
    }
  }
}

Account& Gatekeeper::enlist(const std::string& user, const std::string& password,
                            const FaultSet& faults) {
  Account& account = accounts_[user];
  account.user = user;
  account.password = password;
  account.faults = faults;
  return account;
}

void Gatekeeper::reset(const std::string& user) {
  const auto found = accounts_.find(user);
  if (found == accounts_.end()) {
    return;
  }
  const auto sessions = found->second.sessions;  // each takes itself out
  for (Session* session : sessions) {
    session->drop();
  }
  accounts_.erase(found);
}

json Gatekeeper::endpoints_json(const Endpoints& endpoints, const FaultSet& faults) const {
  json out = {{"domain", domain()},
              {"starttls", net::to_string(endpoints.starttls)},
              {"direct-tls", net::to_string(endpoints.direct_tls)},
              {"upload", upload_domain()},
              {"media", uploads_->url()},
              {"ca", certificate_.ca_path()}};
  if (faults.has(Fault::gk_may_upload_got_elsewhere)) {
    out["download"] = uploads_->download_url();
  }
  return out;
}

json Gatekeeper::describe() const {
  return {{"name", "Parley reference gatekeeper"},
          {"version", "0.1.0"},
          {"party", "gatekeeper.server"},
          {"features",
           {"sasl-plain", "scram-sha-256", "starttls", "direct-tls", "roster", "xep-0198",
            "xep-0199", "http-upload", "upload-credential", "upload-limit"}},
          {"endpoints", endpoints_json(endpoints_, faults_)}};
}

RpcResult Gatekeeper::handle(const std::string& method, const json& params) {
  if (method == "describe") {
    return describe();
  }
  if (method == "enlist") {
    return handle_enlist(params);
  }
  if (method == "listen") {
    return handle_listen(params);
  }
  if (method == "reset") {
    const auto user = text_of(params, "user");
    const auto prepared = user ? prepare_local(*user) : std::nullopt;
    if (!prepared) {
      return std::unexpected(RpcError{kInvalidParams, "reset takes a user"});
    }
    reset(*prepared);
    return json::object();
  }
  if (std::ranges::find(kClientMethods, method) != std::end(kClientMethods)) {
    return std::unexpected(RpcError{kUnsupported, "a gatekeeper's server has no '" + method + "'"});
  }
  return std::unexpected(RpcError{kUnknownMethod, "there is no method '" + method + "'"});
}

RpcResult Gatekeeper::handle_enlist(const json& params) {
  const auto user = text_of(params, "user");
  const auto password = text_of(params, "password");
  const auto prepared = user ? prepare_local(*user) : std::nullopt;
  if (!prepared || !password || password->empty()) {
    return std::unexpected(RpcError{kInvalidParams, "enlist takes a user and a password"});
  }
  const auto faults = faults_of(params);
  if (!faults) {
    return std::unexpected(faults.error());
  }
  enlist(*prepared, *password, *faults);
  return json::object();
}

RpcResult Gatekeeper::handle_listen(const json& params) {
  const auto faults = faults_of(params);
  if (!faults) {
    return std::unexpected(faults.error());
  }
  const auto endpoints = listen(*faults);
  if (!endpoints) {
    return std::unexpected(RpcError{kInvalidParams, endpoints.error().detail});
  }
  return json{{"endpoints", endpoints_json(*endpoints, *faults)}};
}

}  // namespace parley::reference
