// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/attachment.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <optional>
#include <utility>

#include "harness/sut/driver.h"
#include "harness/sut/introduction.h"
#include "harness/sut/pool.h"

namespace parley::sut {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kCallTimeout{5'000};
constexpr std::chrono::seconds kPoolPatience{60};  // for an account that another case has
constexpr std::size_t kMaxCaOctets = 1024 * 1024;
constexpr std::size_t kCanaryOctets = 12;
constexpr std::string_view kTcp = "tcp";      // the address of the binary dialect's servers
constexpr std::string_view kKeys = "keys";    // of a third party's server: where its keys are
constexpr std::string_view kMedia = "media";  // of one that does nothing but host media

// What must be known of a server to judge it.
std::vector<std::string> endpoints_needed(const model::Declaration& declaration) {
  const std::string_view address = address_name(declaration);
  // Without TLS the key that signs the certificates is what says who the server is.
  if (address == kMedia) {
    return {std::string(address)};
  }
  const auto* who = address == kTcp ? "root" : address == kKeys ? "issuer" : "domain";
  return {who, std::string(address)};
}

// How a third party's server has its client of the enlisted user woken, as its driver answers.
std::string wake_in(const json& answer) {
  const auto found = answer.is_object() ? answer.find("wake") : answer.end();
  return answer.is_object() && found != answer.end() && found->is_string()
             ? found->get<std::string>()
             : "";
}

// Where that client uploads what its user sends.
std::map<std::string, std::string> media_in(const json& answer) {
  const auto found = answer.is_object() ? answer.find("media") : answer.end();
  std::map<std::string, std::string> out;
  if (answer.is_object() && found != answer.end() && found->is_object()) {
    for (const auto& [name, value] : found->items()) {
      if (value.is_string()) {
        out[name] = value.get<std::string>();
      }
    }
  }
  return out;
}

class AttachedSut final : public engine::Attachment {
 public:
  AttachedSut(model::Declaration declaration, AttachOptions options)
      : declaration_(std::move(declaration)), options_(std::move(options)) {}

  // Errors: see attach().
  asio::awaitable<Result<void>> open(asio::any_io_executor executor);

  const model::Declaration& declaration() const override { return declaration_; }
  std::string endpoint(const std::string& name) const override {
    const auto found = endpoints_.find(name);
    return found == endpoints_.end() ? "" : found->second;
  }
  const std::string& ca_pem() const override { return ca_pem_; }
  std::string client_ca_pem() const override { return client_ca_pem_; }
  asio::awaitable<Result<engine::Identity>> lease(engine::Identity fresh) override;
  void give_back(engine::Identity identity, bool soiled) override;
  asio::awaitable<Result<json>> call(std::string method, json params,
                                     std::chrono::milliseconds timeout) override;
  void on_notice(const std::string& user, NoticeHandler handler) override;
  std::string driver_trouble() const { return driver_ == nullptr ? "" : driver_->trouble(); }

 private:
  bool pooled() const { return !declaration_.pool_file.empty(); }
  Result<void> read_pool();
  // Of an endpoint that names a file; nothing where there is none.
  Result<void> read_pem(const char* name, std::string& into);
  asio::awaitable<Result<void>> meet_driver(asio::any_io_executor executor);
  asio::awaitable<Result<void>> listen_with_faults();
  asio::awaitable<Result<engine::Identity>> enlist(engine::Identity identity);
  asio::awaitable<Result<engine::Identity>> lease_from_pool();
  std::string nothing_left() const;
  void wake_next();

  // A place in the line of those that wait for an account. Who leaves it wakes the next.
  class Place {
   public:
    Place(AttachedSut& sut, asio::steady_timer& timer) : sut_(sut), timer_(timer) {
      sut_.waiting_.push_back(&timer_);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      std::erase(sut_.waiting_, &timer_);
      sut_.wake_next();
    }

   private:
    AttachedSut& sut_;
    asio::steady_timer& timer_;
  };

  model::Declaration declaration_;
  AttachOptions options_;
  Endpoints endpoints_;
  std::string ca_pem_;
  std::string client_ca_pem_;
  std::deque<engine::Identity> pool_;
  std::size_t pool_size_ = 0;                // this worker's share, soiled accounts included
  std::size_t out_ = 0;                      // accounts that cases have
  std::deque<asio::steady_timer*> waiting_;  // cancelled when an account is there for the first
  std::unique_ptr<Driver> driver_;
};

asio::awaitable<Result<void>> AttachedSut::open(asio::any_io_executor executor) {
  endpoints_ = declaration_.endpoints;
  if (auto pool = read_pool(); !pool) {
    co_return pool;
  }
  if (!declaration_.driver.empty()) {
    if (auto met = co_await meet_driver(std::move(executor)); !met) {
      co_return met;
    }
  }
  if (!model::is_server(declaration_.party)) {
    co_return Result<void>();
  }
  if (const auto media = endpoints_.find(std::string(kMedia)); media != endpoints_.end()) {
    endpoints_.try_emplace("download", media->second);  // files are got where they are put
  }
  for (const auto& needed : endpoints_needed(declaration_)) {
    if (endpoint(needed).empty()) {
      co_return fail(
          Errc::not_found,
          fmt::format("endpoints/{} is neither declared nor described by the driver", needed));
    }
  }
  auto read = read_pem("ca", ca_pem_);
  co_return read ? read_pem("client-ca", client_ca_pem_) : read;
}

Result<void> AttachedSut::read_pool() {
  if (!pooled()) {
    return {};
  }
  const auto form = declaration_.profile == "xmpp" ? AccountForm::user : AccountForm::number;
  auto all = load_pool(resolve(declaration_, declaration_.pool_file), form);
  if (!all) {
    return std::unexpected(all.error());
  }
  const std::size_t stride = options_.workers == 0 ? 1 : options_.workers;
  for (std::size_t i = options_.worker; i < all->size(); i += stride) {
    pool_.push_back(std::move((*all)[i]));
  }
  pool_size_ = pool_.size();
  return {};
}

Result<void> AttachedSut::read_pem(const char* name, std::string& into) {
  const auto path = endpoint(name);
  if (path.empty()) {
    return {};
  }
  auto pem = read_file(resolve(declaration_, path), kMaxCaOctets);
  if (!pem) {
    return fail(pem.error().code, fmt::format("endpoints/{}: {}", name, pem.error().detail));
  }
  into = std::move(*pem);
  return {};
}

asio::awaitable<Result<void>> AttachedSut::meet_driver(asio::any_io_executor executor) {
  auto started = Driver::start(std::move(executor), declaration_.driver, declaration_.folder,
                               options_.log_file, options_.notices);
  if (!started) {
    co_return fail(started.error().code, "driver/command: " + started.error().detail);
  }
  driver_ = std::move(*started);
  const auto introduction = co_await introduce(*driver_);
  if (!introduction) {
    co_return std::unexpected(introduction.error());
  }
  endpoints_.insert(introduction->endpoints.begin(), introduction->endpoints.end());
  const Rng rng(options_.worker);
  if (auto passed = co_await try_canary(*driver_, rng.child("canary").token(kCanaryOctets));
      !passed) {
    co_return passed;
  }
  if (!options_.faults.empty() && model::is_server(declaration_.party)) {
    co_return co_await listen_with_faults();
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> AttachedSut::listen_with_faults() {
  const json params{{"faults", options_.faults}};
  const auto answer = co_await driver_->call("listen", params, kCallTimeout);
  if (!answer) {
    co_return std::unexpected(answer.error());
  }
  for (auto& [name, value] : endpoints_of(*answer)) {
    endpoints_[name] = value;
  }
  co_return Result<void>();
}

asio::awaitable<Result<engine::Identity>> AttachedSut::lease(engine::Identity fresh) {
  const bool special = !fresh.kind.empty();  // a pool's accounts are ordinary ones
  if (pooled() && !special) {
    co_return co_await lease_from_pool();
  }
  if (!model::is_server(declaration_.party)) {
    co_return fresh;
  }
  if (driver_ == nullptr && special) {
    co_return fail(Errc::not_found,
                   fmt::format("the case needs an account of the kind '{}': declare a driver that "
                               "enlists it",
                               fresh.kind));
  }
  if (driver_ == nullptr) {
    co_return fail(Errc::not_found,
                   "the pool of accounts is empty: declare identities/pool or a driver that "
                   "enlists them");
  }
  co_return co_await enlist(std::move(fresh));
}

// Whoever waits already comes first. A soiled account never comes back, so that the wait ends when
// no account is out any more.
asio::awaitable<Result<engine::Identity>> AttachedSut::lease_from_pool() {
  const auto until = std::chrono::steady_clock::now() + kPoolPatience;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  std::optional<Place> place;
  const bool others = !waiting_.empty();
  while ((pool_.empty() || (others && !place)) && out_ > 0 &&
         std::chrono::steady_clock::now() < until) {
    if (!place) {
      place.emplace(*this, timer);
    }
    timer.expires_at(until);
    (void)co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      co_return fail(Errc::io, "the wait for an account was cancelled");
    }
  }
  if (pool_.empty()) {
    co_return fail(Errc::not_found, nothing_left());
  }
  auto identity = std::move(pool_.front());
  pool_.pop_front();
  ++out_;
  co_return identity;
}

std::string AttachedSut::nothing_left() const {
  if (out_ == 0) {
    return fmt::format(
        "the pool of accounts is empty: none of this worker's {} accounts is left; add accounts "
        "to {} or run with fewer workers",
        pool_size_, declaration_.pool_file);
  }
  return fmt::format(
      "the pool holds {} accounts for this worker and this case needs more at once; add accounts "
      "to {}",
      pool_size_, declaration_.pool_file);
}

void AttachedSut::wake_next() {
  if (!waiting_.empty() && (!pool_.empty() || out_ == 0)) {
    waiting_.front()->cancel();
  }
}

asio::awaitable<Result<engine::Identity>> AttachedSut::enlist(engine::Identity identity) {
  json params{{"user", identity.user}, {"password", identity.password}};
  for (const auto& [field, value] : identity.terms) {
    const auto number = json::parse(value, nullptr, false);
    params[field] = number.is_number_unsigned() ? number : json(value);
  }
  const auto done = co_await driver_->call("enlist", params, kCallTimeout);
  if (done) {
    identity.wake = wake_in(*done);
    identity.media = media_in(*done);
    co_return identity;
  }
  if (done.error().code == Errc::unsupported && identity.kind.empty()) {
    co_return fail(Errc::not_found,
                   "the pool of accounts is empty: declare identities/pool, for the driver does "
                   "not enlist accounts");
  }
  co_return std::unexpected(done.error());
}

void AttachedSut::give_back(engine::Identity identity, bool soiled) {
  if (!pooled() || !identity.kind.empty()) {
    return;
  }
  --out_;
  if (!soiled) {
    pool_.push_back(std::move(identity));
  }
  wake_next();
}

asio::awaitable<Result<json>> AttachedSut::call(std::string method, json params,
                                                std::chrono::milliseconds timeout) {
  if (driver_ == nullptr) {
    co_return fail(Errc::unsupported, fmt::format("'{}' needs a driver", method));
  }
  const bool client = !model::is_server(declaration_.party);
  const bool account = method == "connect" || method == "await";
  if (client && account && !options_.faults.empty()) {
    params["faults"] = options_.faults;
  }
  co_return co_await driver_->call(std::move(method), std::move(params), timeout);
}

void AttachedSut::on_notice(const std::string& user, NoticeHandler handler) {
  if (driver_ != nullptr) {
    driver_->on_notice(user, std::move(handler));
  }
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<engine::Attachment>>> attach(asio::any_io_executor executor,
                                                                    model::Declaration declaration,
                                                                    AttachOptions options) {
  auto sut = std::make_unique<AttachedSut>(std::move(declaration), std::move(options));
  if (const auto opened = co_await sut->open(std::move(executor)); !opened) {
    co_return std::unexpected(opened.error());
  }
  std::unique_ptr<engine::Attachment> out = std::move(sut);
  co_return out;
}

std::string driver_trouble(const engine::Attachment& attachment) {
  const auto* sut = dynamic_cast<const AttachedSut*>(&attachment);
  return sut == nullptr ? "" : sut->driver_trouble();
}

const char* address_name(const model::Declaration& declaration) {
  if (declaration.party == model::Party::third_party_server) {
    const auto has = [&](const char* feature) {
      return std::ranges::count(declaration.features, feature) > 0;
    };
    return has("media-hosting") && !has("published-keys") ? kMedia.data() : kKeys.data();
  }
  return declaration.profile == "xmpp" ? "starttls" : kTcp.data();
}

Result<model::Declaration> reference_declaration(std::string program, model::Party party,
                                                 const std::string& profile) {
  const bool server = party == model::Party::gatekeeper_server;
  const bool partner = party == model::Party::third_party_server;
  const bool native = party == model::Party::gatekeeper_client;
  if ((!server && !partner && !native && party != model::Party::third_party_client) ||
      ((partner || native) && profile == "xmpp")) {
    return fail(Errc::unsupported,
                fmt::format("there is no embedded reference for {}", model::to_string(party)));
  }
  model::Declaration out;
  out.name = "embedded reference";
  out.profile = profile;
  out.party = party;
  out.driver = {std::move(program), "reference", "--party", std::string(model::to_string(party)),
                "--driver"};
  if (profile != "xmpp") {
    out.driver.insert(out.driver.end(), {"--profile", profile});
  }
  if (partner) {
    out.features = {"published-keys",      "key-rotation",      "key-algorithms", "opt-in",
                    "suspension",          "email-identifiers", "renaming",       "pushes",
                    "user-authentication", "user-location",     "media-hosting",  "media-ranges",
                    "media-large"};
    return out;
  }
  if (profile != "xmpp") {
    out.features = {"noise-xx",
                    "noise-ik",
                    "noise-xxfallback",
                    "deflate",
                    "routing",
                    "passive",
                    "offline",
                    "receipts",
                    "presence",
                    "chatstate",
                    "websocket",
                    "keepalive",
                    "reconnect",
                    "prekeys",
                    "prekey-notices",
                    "identity-notices",
                    "encryption",
                    "last-tokens-unassigned",
                    "no-namesakes",
                    "identity-proof",
                    "enlistment-api",
                    "key-fetch",
                    "key-refresh",
                    "partner-calls",
                    "media-proxy",
                    "media-large",
                    "pushes",
                    "user-authentication",
                    "email-identifiers",
                    "opt-in",
                    "terms",
                    "resolve",
                    "reachability",
                    "blocks",
                    "trust",
                    "second-partner",
                    "blank-accounts"};
    if (!server) {
      for (const char* of_a_client :
           {"media-send", "media-receive", "media-sidecar", "media-stickers"}) {
        out.features.emplace_back(of_a_client);
      }
    }
    if (party == model::Party::third_party_client) {
      out.features.emplace_back("push-wake");
    }
    return out;
  }
  out.features = {"sasl-plain", "scram-sha-256", "starttls", "direct-tls", "roster"};
  out.features.emplace_back(server ? "xep-0198" : "omemo");
  if (!server) {
    out.features.emplace_back("media-receive");
  }
  out.features.insert(out.features.end(), {"xep-0199", "http-upload"});
  if (server) {
    out.features.insert(out.features.end(), {"upload-credential", "upload-limit"});
  } else {
    out.features.emplace_back("upload-type");
  }
  return out;
}

}  // namespace parley::sut
