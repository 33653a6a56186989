// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/noise_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <string_view>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/base/text.h"
#include "harness/crypto/x25519.h"
#include "harness/engine/channel.h"
#include "harness/engine/form.h"
#include "harness/engine/upgrade.h"
#include "harness/model/setting.h"
#include "harness/net/deadline.h"
#include "harness/net/websocket.h"
#include "harness/sut/diagnosis.h"

namespace parley::sut {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLimit{5'000};  // for each connection
constexpr std::size_t kShownOctets = 120;
constexpr std::string_view kTcp = "endpoints/tcp";
constexpr std::string_view kWeb = "endpoints/websocket";
constexpr std::string_view kReaches = "endpoints/tcp: accepts connections";
constexpr std::string_view kCertifies = "endpoints/root: has signed the SUT's certificates";

// What to do about a chain that is not valid, by what verify_chain() says of it.
struct ChainMend {
  std::string_view said;
  std::string_view mend;
};
constexpr ChainMend kChainMends[] = {
    {"has expired", "renew the SUT's certificate or set the clocks right"},
    {"not yet valid", "set the clocks right or renew the SUT's certificate"},
    {"static key", "issue the SUT a certificate for the static key that it uses"},
    {"intermediate", "set endpoints/root to the public key that signs the SUT's intermediate"}};

}  // namespace

// One connection, as a client of the profile.
class NoiseChecks::Session {
 public:
  // `label` is new for each: two connections share no key.
  Session(std::unique_ptr<net::Stream> stream, const model::Profile& profile,
          const std::string& root, const std::string& label)
      : stream_(std::move(stream)), profile_(profile), until_(Clock::now() + kLimit) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    scope_.values = {
        {"noise.now", std::to_string(std::chrono::floor<std::chrono::seconds>(now).count())},
        {"noise.root", root}};
    model::add_settings(scope_.values, profile);
    scope_.rng = Rng(static_cast<std::uint64_t>(now.count())).child("preflight");
    channel_ = engine::make_channel(profile, engine::Side::client, label, scope_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { stream_->close(); }

  // What fields may refer to, as ${name}.
  void know(const std::string& name, std::string value) { scope_.values[name] = std::move(value); }
  // Errors: not_found when the profile has no such form; those of the form and of the connection.
  asio::awaitable<Result<void>> send(std::string form, model::Fields fields) {
    const auto known = profile_.forms.find(form);
    if (known == profile_.forms.end()) {
      co_return fail(Errc::not_found, fmt::format("the profile has no message '{}'", form));
    }
    auto element = engine::render(known->second, form, fields, scope_);
    if (!element) {
      co_return std::unexpected(element.error());
    }
    const auto octets = channel_->write(known->second, std::move(*element), {});
    if (!octets) {
      co_return std::unexpected(octets.error());
    }
    auto done = co_await net::with_deadline(stream_->write(*octets), left());
    if (!done) {
      co_return fail(Errc::io, "the SUT does not read");
    }
    channel_->sent(*octets);
    co_return std::move(*done);
  }

  // The next message. Errors: malformed for what is none; io.
  asio::awaitable<Result<xml::Element>> next() {
    while (items_.empty()) {
      const auto event = co_await stream_->read(left());
      if (std::holds_alternative<net::TimedOut>(event)) {
        co_return fail(Errc::io, "the SUT says nothing");
      }
      if (std::holds_alternative<net::Closed>(event)) {
        co_return fail(Errc::io, "the SUT closed the connection");
      }
      if (const auto* failed = std::get_if<net::Failed>(&event)) {
        co_return fail(Errc::io, failed->reason);
      }
      for (auto& item : channel_->received(std::get<Bytes>(event))) {
        items_.push_back(std::move(item));
      }
      if (items_.empty() && Clock::now() >= until_) {
        co_return fail(Errc::io, "the SUT takes too long");
      }
    }
    const auto item = std::move(items_.front());
    items_.pop_front();
    if (const auto* refused = std::get_if<xml::Refused>(&item)) {
      co_return fail(Errc::malformed, refused->detail);
    }
    const auto* stanza = std::get_if<xml::Stanza>(&item);
    if (stanza == nullptr) {
      co_return fail(Errc::io, "the SUT ended the stream");
    }
    co_return stanza->element;
  }

 private:
  // At least 1 ms: 0 would mean for ever.
  std::chrono::milliseconds left() const {
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - Clock::now());
    return std::max(rest, std::chrono::milliseconds(1));
  }

  std::unique_ptr<net::Stream> stream_;
  const model::Profile& profile_;
  Clock::time_point until_;
  engine::Scope scope_;  // outlives the channel
  std::unique_ptr<engine::Channel> channel_;
  std::deque<xml::Item> items_;
};

std::string NoiseChecks::endpoint(const std::string& name) const {
  const auto found = server_.endpoints.find(name);
  return found == server_.endpoints.end() ? "" : found->second;
}

asio::awaitable<void> NoiseChecks::run() {
  const auto rooted = check_root();
  auto session = co_await check_address();
  if (session && rooted == Rooted::yes && co_await check_handshake(*session, std::string(kTcp))) {
    co_await check_accounts(std::move(session));
  }
  co_await check_web(rooted);
}

asio::awaitable<void> NoiseChecks::check_accounts(std::unique_ptr<Session> session) {
  for (const auto& sample : server_.samples) {
    if (!session) {
      auto next = co_await dial();
      const auto hello =
          next ? co_await shake(**next) : Result<xml::Element>(std::unexpected(next.error()));
      if (!hello) {
        checks_.complain("endpoints/tcp: serves one client after another", hello.error().detail,
                         "compare the SUT's log, and its limit of connections");
        co_return;
      }
      session = std::move(*next);
    }
    if (!co_await check_account(*session, sample)) {
      co_return;
    }
    session.reset();
  }
}

NoiseChecks::Rooted NoiseChecks::check_root() {
  const std::string what = "endpoints/root: is a public key";
  const std::string mend = "write the 64 hex digits of the key that signs the SUT's intermediate";
  const auto text = endpoint("root");
  if (text.empty()) {
    checks_.lack(what, mend);
    return Rooted::no;
  }
  const auto key = from_hex(text);
  if (!key || key->size() != crypto::kX25519Octets) {
    checks_.complain(what,
                     key ? fmt::format("{} octets, not {}", key->size(), crypto::kX25519Octets)
                         : key.error().detail,
                     mend);
    return Rooted::no;
  }
  checks_.pass(what, text);
  return Rooted::yes;
}

asio::awaitable<Result<std::unique_ptr<NoiseChecks::Session>>> NoiseChecks::dial() {
  const auto address = net::parse_address(endpoint("tcp"));
  if (!address) {
    co_return std::unexpected(address.error());
  }
  auto stream = co_await net::Stream::connect(*address, kLimit);
  if (!stream) {
    co_return std::unexpected(stream.error());
  }
  co_return session_on(std::move(*stream));
}

std::unique_ptr<NoiseChecks::Session> NoiseChecks::session_on(std::unique_ptr<net::Stream> stream) {
  return std::make_unique<Session>(std::move(stream), profile_, endpoint("root"),
                                   fmt::format("preflight-{}", ++dialled_));
}

asio::awaitable<std::unique_ptr<NoiseChecks::Session>> NoiseChecks::check_address() {
  const std::string what(kReaches);
  const auto text = endpoint("tcp");
  auto session = co_await dial();
  if (session) {
    checks_.pass(what, text);
    co_return std::move(*session);
  }
  if (text.empty()) {
    checks_.lack(what, "write an address as 127.0.0.1:5222");
    co_return nullptr;
  }
  checks_.complain(what,
                   fmt::format("{}: {}", printable(text, kShownOctets), session.error().detail),
                   session.error().code == Errc::io ? "start the SUT, or correct the port"
                                                    : "write a loopback address as 127.0.0.1:5222");
  co_return nullptr;
}

// Up to the server-hello.
asio::awaitable<Result<xml::Element>> NoiseChecks::shake(Session& session) {
  auto done = co_await session.send("intro", {});
  if (done) {
    done = co_await session.send("client-hello", {});
  }
  auto answer =
      done ? co_await session.next() : Result<xml::Element>(std::unexpected(done.error()));
  if (answer && answer->name != "server-hello") {
    answer = fail(Errc::malformed, fmt::format("<{}/> came instead of a server-hello",
                                               printable(answer->name, kShownOctets)));
  }
  co_return answer;
}

asio::awaitable<bool> NoiseChecks::check_handshake(Session& session, std::string name) {
  const auto what = name + ": answers the handshake";
  const auto answer = co_await shake(session);
  if (!answer) {
    checks_.complain(what, printable(answer.error().detail, kShownOctets),
                     "give the address where clients open with the profile's intro and Noise "
                     "handshake, and compare 'parley list settings'");
    co_return false;
  }
  const auto form = answer->get("hashing");
  const auto setting = profile_.settings.find("noise-hashing");
  if (setting != profile_.settings.end() && form != setting->second.value) {
    checks_.complain(what,
                     fmt::format("the SUT hashes message 1 in the form '{}', the profile in '{}'",
                                 form, setting->second.value),
                     "use a profile whose setting noise-hashing is the SUT's");
    co_return false;
  }
  checks_.pass(what, fmt::format("message 1 in the form '{}'", form));
  co_return check_chain(*answer);
}

bool NoiseChecks::check_chain(const xml::Element& hello) {
  const auto* chain = hello.child("chain");
  const auto state = chain == nullptr ? "there is no chain" : chain->get("state");
  if (state == "valid") {
    checks_.pass(std::string(kCertifies));
    return true;
  }
  const auto* known = std::ranges::find_if(
      kChainMends, [&](const ChainMend& one) { return state.find(one.said) != std::string::npos; });
  checks_.complain(std::string(kCertifies), state,
                   known == std::end(kChainMends)
                       ? "give the SUT a chain of leaf and intermediate under that root"
                       : std::string(known->mend));
  return false;
}

asio::awaitable<bool> NoiseChecks::check_account(Session& session, Sample sample) {
  const auto what = fmt::format("identities/pool: the {} account logs in", sample.place);
  session.know("user", sample.account.user);
  session.know("password", sample.account.password);
  model::Fields fields{{"account", {"${user}"}}, {"token", {"${password}"}}};
  const auto sent = co_await session.send("client-finish", std::move(fields));
  auto answer =
      sent ? co_await session.next() : Result<xml::Element>(std::unexpected(sent.error()));
  if (answer && answer->name != "success") {
    const auto reason = answer->get("reason");
    answer = fail(Errc::refused, answer->name == "failure"
                                     ? fmt::format("failure {}", printable(reason, 20))
                                     : fmt::format("<{}/> came instead of success",
                                                   printable(answer->name, kShownOctets)));
  }
  if (!answer) {
    checks_.complain(what,
                     fmt::format("'{}': {}", sample.account.user, printable(answer.error().detail)),
                     "enlist the accounts at the SUT, or correct the tokens in the pool");
    co_return false;
  }
  checks_.pass(what, sample.account.user);
  co_return true;
}

asio::awaitable<void> NoiseChecks::check_web(Rooted rooted) {
  const auto address = endpoint("websocket");
  if (address.empty()) {
    if (std::ranges::count(server_.features, "websocket") > 0) {
      checks_.lack(fmt::format("{}: is declared, as the feature websocket is", kWeb),
                   "write an address as ws://127.0.0.1:5280/ws/chat, or take out the feature");
    }
    co_return;
  }
  auto session = co_await check_upgrade(address);
  if (session && rooted == Rooted::yes) {
    co_await check_handshake(*session, std::string(kWeb));
  }
}

asio::awaitable<std::unique_ptr<NoiseChecks::Session>> NoiseChecks::check_upgrade(
    std::string address) {
  const auto reaches = fmt::format("{}: accepts connections", kWeb);
  auto way = engine::web_way(profile_, address, {});
  if (!way) {
    checks_.complain(reaches,
                     fmt::format("{}: {}", printable(address, kShownOctets), way.error().detail),
                     "write an address as ws://127.0.0.1:5280/ws/chat");
    co_return nullptr;
  }
  auto stream = co_await net::Stream::connect(way->to, kLimit);
  if (!stream) {
    checks_.complain(reaches,
                     fmt::format("{}: {}", printable(address, kShownOctets), stream.error().detail),
                     stream.error().code == Errc::io ? "start the SUT, or correct the port"
                                                     : "write a loopback address");
    co_return nullptr;
  }
  checks_.pass(reaches, address);
  if (way->tls && !co_await check_web_tls(**stream)) {
    co_return nullptr;
  }
  const auto upgrades = fmt::format("{}: answers the upgrade", kWeb);
  const auto asked = fmt::format("path '{}', Origin '{}'", way->web->path, way->web->origin);
  auto web = net::WebSocket::make(std::move(*stream), wire::WebSocketRole::client,
                                  Rng(0).child("preflight-web"));
  const auto opened = co_await web->open(std::move(*way->web), kLimit);
  if (!opened) {
    checks_.complain(upgrades, fmt::format("{}: {}", asked, opened.error().detail),
                     "give the address and path where the SUT speaks WebSocket; 'parley run --set' "
                     "gives another websocket-origin");
    co_return nullptr;
  }
  checks_.pass(upgrades, asked);
  co_return session_on(std::move(web));
}

asio::awaitable<bool> NoiseChecks::check_web_tls(net::Stream& stream) {
  const auto what = fmt::format("{}: has a valid certificate", kWeb);
  const auto domain = endpoint("domain");
  if (server_.ca_pem.empty()) {
    co_return false;  // endpoints/ca has been complained of
  }
  if (domain.empty()) {
    checks_.complain(what, "endpoints/domain is neither declared nor described by the driver",
                     "write the name in the SUT's certificate into endpoints/domain");
    co_return false;
  }
  net::TlsClientOptions options{.ca_pem = server_.ca_pem, .host = domain};
  const auto session = co_await stream.start_tls(contexts_, std::move(options), kLimit);
  if (session) {
    checks_.pass(what, domain);
    co_return true;
  }
  const auto* known = tls_diagnosis(session.error().detail);
  checks_.complain(what, known == nullptr ? session.error().detail : std::string(known->found),
                   known == nullptr ? "compare the SUT's log" : std::string(known->mend));
  co_return false;
}

}  // namespace parley::sut
