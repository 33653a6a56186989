// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/server_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "harness/base/text.h"
#include "harness/sut/diagnosis.h"

namespace parley::sut {
namespace {

constexpr std::chrono::milliseconds kLimit{5'000};  // for each connection
constexpr std::string_view kTlsNs = "urn:ietf:params:xml:ns:xmpp-tls";
constexpr std::string_view kSaslNs = "urn:ietf:params:xml:ns:xmpp-sasl";
constexpr std::size_t kNonceOctets = 24;
constexpr std::size_t kShownOctets = 120;

// Stream errors of a server that does not serve the domain (RFC 6120 section 4.9.3).
constexpr std::array kDomainErrors{"host-unknown", "host-gone", "improper-addressing"};

struct Promise {
  std::string_view feature;
  std::string_view mechanism;
};
constexpr std::array kPromises{Promise{"sasl-plain", "PLAIN"},
                               Promise{"scram-sha-256", "SCRAM-SHA-256"}};

bool offers_starttls(const xml::Element& features) {
  return features.child("starttls", kTlsNs) != nullptr;
}

bool offers(const xml::Element& features, std::string_view name) {
  const auto* mechanisms = features.child("mechanisms", kSaslNs);
  if (mechanisms == nullptr) {
    return false;
  }
  return std::ranges::any_of(mechanisms->elements(), [name](const xml::Element* mechanism) {
    return mechanism->text() == name;
  });
}

}  // namespace

asio::awaitable<void> ServerChecks::run() {
  const std::string named = "endpoints/domain: is given";
  if (endpoint("domain").empty()) {
    checks_.lack(named, "add endpoints: { domain: example.test }");
  } else {
    checks_.pass(named, endpoint("domain"));
  }
  co_await check_starttls();
  if (!endpoint("direct-tls").empty()) {
    co_await check_direct_tls();
  }
}

asio::awaitable<std::unique_ptr<Probe>> ServerChecks::check_address(std::string name) {
  const auto what = fmt::format("endpoints/{}: accepts connections", name);
  const auto text = endpoint(name);
  const std::string mend = "write an address as 127.0.0.1:5222";
  if (text.empty()) {
    checks_.lack(what, mend);
    co_return nullptr;
  }
  if (const auto address = net::parse_address(text); !address) {
    checks_.complain(
        what, fmt::format("'{}': {}", printable(text, kShownOctets), address.error().detail), mend);
    co_return nullptr;
  }
  auto probe = co_await dial(name);
  if (probe) {
    checks_.pass(what, text);
    co_return std::move(*probe);
  }
  const bool unreachable = probe.error().code == Errc::io;
  checks_.complain(
      what, fmt::format("{}: {}", text, probe.error().detail),
      unreachable ? "start the SUT, or correct the port" : "attach the SUT at a loopback address");
  co_return nullptr;
}

asio::awaitable<void> ServerChecks::check_starttls() {
  const auto probe = co_await check_address("starttls");
  if (probe == nullptr) {
    co_return;
  }
  const std::string what = "endpoints/starttls: offers STARTTLS";
  const auto features = co_await probe->open_stream();
  if (!features) {
    co_await explain_stream(*probe, features.error());
    co_return;
  }
  if (!offers_starttls(*features)) {
    checks_.complain(what, "its features hold no <starttls/>", "switch STARTTLS on in the SUT");
    co_return;
  }
  if (const auto asked = co_await probe->ask_for_tls(); !asked) {
    checks_.complain(what, asked.error().detail, "give the SUT a certificate and a key");
    co_return;
  }
  checks_.pass(what);
  if (co_await check_handshake(*probe, "starttls")) {
    co_await check_login(*probe, "starttls");
  }
}

asio::awaitable<void> ServerChecks::explain_stream(Probe& probe, Error error) {
  const auto served = probe.served();
  probe.close();
  if (std::ranges::any_of(kDomainErrors, [&](const char* condition) {
        return error.detail.find(condition) != std::string::npos;
      })) {
    co_await explain_domain(served, error.detail);
    co_return;
  }
  const std::string what = "endpoints/starttls: offers STARTTLS";
  const auto here = endpoint("starttls");
  const auto there = endpoint("direct-tls");
  if (!co_await speaks_tls("starttls")) {
    checks_.complain(what, error.detail,
                     "give the address where XMPP clients connect, and the domain that it serves");
  } else if (!there.empty() && there != here && co_await speaks_xmpp("direct-tls")) {
    checks_.complain(
        what, fmt::format("{} speaks TLS from the first octet, {} XMPP with STARTTLS", here, there),
        fmt::format("swap the two: endpoints/starttls: {} and endpoints/direct-tls: {}", there,
                    here));
  } else {
    checks_.complain(what, fmt::format("{} speaks TLS from the first octet", here),
                     fmt::format("set endpoints/direct-tls to {}, and endpoints/starttls to the "
                                 "SUT's port for STARTTLS (usually 5222)",
                                 here));
  }
}

// `served`: what the SUT calls itself; may be empty.
asio::awaitable<void> ServerChecks::explain_domain(std::string served, std::string said) {
  const auto domain = endpoint("domain");
  std::vector<std::string> names;
  if (!served.empty() && served != domain) {
    names.push_back(served);
  }
  if (names.empty() && !endpoint("direct-tls").empty()) {
    names = co_await certificate_names("direct-tls");
    std::erase_if(names, [&](const std::string& name) {
      return name == domain || name.starts_with('*') || name.empty();
    });
  }
  checks_.complain(
      "endpoints/domain: is served at endpoints/starttls",
      fmt::format("the SUT does not serve '{}' ({})", printable(domain, kShownOctets), said),
      names.empty()
          ? "set endpoints/domain to the domain of the SUT's accounts"
          : fmt::format("set endpoints/domain to '{}', as the SUT {}",
                        printable(names.front(), kShownOctets),
                        names.front() == served ? "calls itself" : "says in its certificate"));
}

asio::awaitable<void> ServerChecks::check_direct_tls() {
  const auto probe = co_await check_address("direct-tls");
  if (probe != nullptr && co_await check_handshake(*probe, "direct-tls")) {
    co_await check_login(*probe, "direct-tls");
  }
}

asio::awaitable<bool> ServerChecks::check_handshake(Probe& probe, std::string name) {
  if (server_.ca_pem.empty() || endpoint("domain").empty()) {
    co_return false;  // said already
  }
  const auto session = co_await probe.start_tls(server_.ca_pem);
  if (session) {
    checks_.pass(fmt::format("endpoints/{}: TLS with the declared CA and domain", name),
                 fmt::format("TLS {}, {}", net::to_string(session->version),
                             printable(session->peer_subject, kShownOctets)));
    co_return true;
  }
  probe.close();
  co_await explain_handshake(std::move(name), session.error().detail);
  co_return false;
}

asio::awaitable<void> ServerChecks::explain_handshake(std::string name, std::string said) {
  const auto what = fmt::format("endpoints/{}: TLS with the declared CA and domain", name);
  const auto* known = tls_diagnosis(said);
  if (known == nullptr) {
    checks_.complain(what, said, "compare the SUT's log; it must speak TLS 1.2 or 1.3");
    co_return;
  }
  const auto found = fmt::format("{} ({})", known->found, said);
  std::string mend(known->mend);
  if (known->kind == Diagnosis::Kind::other_name) {
    mend = mend_domain(endpoint("domain"), co_await certificate_names(name));
  } else if (known->kind == Diagnosis::Kind::not_tls && name == "direct-tls" &&
             co_await speaks_xmpp(name)) {
    const auto here = endpoint("direct-tls");
    const auto there = endpoint("starttls");
    mend = there != here && co_await speaks_tls("starttls")
               ? fmt::format("swap the two: endpoints/starttls: {} and endpoints/direct-tls: {}",
                             here, there)
               : fmt::format(
                     "{} speaks XMPP with STARTTLS: set endpoints/direct-tls to the SUT's "
                     "port for direct TLS (usually 5223), or leave it out",
                     here);
  }
  checks_.complain(what, found, mend);
}

asio::awaitable<void> ServerChecks::check_login(Probe& probe, std::string name) {
  if (std::exchange(login_tried_, true)) {
    co_return;
  }
  const auto features = co_await probe.open_stream();
  if (!features) {
    checks_.complain(fmt::format("endpoints/{}: opens a stream under TLS", name),
                     features.error().detail, "give the domain that the SUT serves");
    co_return;
  }
  check_mechanisms(*features);
  const bool plain = offers(*features, "PLAIN");
  if (server_.samples.empty() || (!plain && !offers(*features, "SCRAM-SHA-256"))) {
    co_return;
  }
  const auto mechanism = plain ? Mechanism::plain : Mechanism::scram_sha_256;
  if (!co_await check_account(probe, server_.samples.front(), mechanism)) {
    co_return;
  }
  for (std::size_t i = 1; i < server_.samples.size(); ++i) {
    const auto next = co_await secure_stream(name);
    if (!next) {
      checks_.complain(fmt::format("endpoints/{}: serves one client after another", name),
                       next.error().detail, "compare the SUT's log, and its limit of connections");
      co_return;
    }
    if (!co_await check_account(**next, server_.samples[i], mechanism)) {
      co_return;
    }
  }
}

void ServerChecks::check_mechanisms(const xml::Element& features) {
  if (!server_.samples.empty() && !offers(features, "PLAIN") &&
      !offers(features, "SCRAM-SHA-256")) {
    checks_.complain("identities/pool: the first account logs in",
                     "the SUT offers neither PLAIN nor SCRAM-SHA-256 under TLS",
                     "switch one of them on in the SUT");
  }
  for (const auto& promise : kPromises) {
    const auto name = std::string(promise.feature);
    if (std::ranges::find(server_.features, name) == server_.features.end()) {
      continue;
    }
    const auto what = fmt::format("features: {} is offered", name);
    if (offers(features, promise.mechanism)) {
      checks_.pass(what);
    } else {
      checks_.complain(what, fmt::format("the SUT does not offer {} under TLS", promise.mechanism),
                       fmt::format("switch it on in the SUT, or take {} out of features", name));
    }
  }
}

asio::awaitable<bool> ServerChecks::check_account(Probe& probe, Sample sample,
                                                  Mechanism mechanism) {
  const auto what = fmt::format("identities/pool: the {} account logs in", sample.place);
  auto nonce = Rng(0).child("scram/" + sample.place).token(kNonceOctets);
  const auto done = co_await probe.log_in(sample.account, mechanism, std::move(nonce));
  if (!done) {
    checks_.complain(what, fmt::format("'{}': {}", sample.account.user, done.error().detail),
                     "create the accounts in the SUT, or correct the passwords in the pool");
    co_return false;
  }
  checks_.pass(what, sample.account.user);
  co_return true;
}

asio::awaitable<Result<std::unique_ptr<Probe>>> ServerChecks::dial(std::string name) const {
  const auto address = net::parse_address(endpoint(name));
  if (!address) {
    co_return std::unexpected(address.error());
  }
  auto stream = co_await net::Stream::connect(*address, kLimit);
  if (!stream) {
    co_return std::unexpected(stream.error());
  }
  co_return std::make_unique<Probe>(std::move(*stream), endpoint("domain"), kLimit);
}

// Up to the features under TLS.
asio::awaitable<Result<std::unique_ptr<Probe>>> ServerChecks::secure_stream(
    std::string name) const {
  auto probe = co_await dial(name);
  if (!probe) {
    co_return probe;
  }
  if (name == "starttls") {
    if (const auto features = co_await (*probe)->open_stream(); !features) {
      co_return std::unexpected(features.error());
    }
    if (const auto asked = co_await (*probe)->ask_for_tls(); !asked) {
      co_return std::unexpected(asked.error());
    }
  }
  if (const auto session = co_await (*probe)->start_tls(server_.ca_pem); !session) {
    co_return std::unexpected(session.error());
  }
  if (const auto features = co_await (*probe)->open_stream(); !features) {
    co_return std::unexpected(features.error());
  }
  co_return probe;
}

asio::awaitable<bool> ServerChecks::speaks_tls(std::string name) const {
  const auto probe = co_await dial(name);
  co_return probe && (co_await (*probe)->look_at_tls()).has_value();
}

// A stream error is XMPP too.
asio::awaitable<bool> ServerChecks::speaks_xmpp(std::string name) const {
  const auto probe = co_await dial(name);
  if (!probe) {
    co_return false;
  }
  const auto features = co_await (*probe)->open_stream();
  co_return features || features.error().code == Errc::refused;
}

asio::awaitable<std::vector<std::string>> ServerChecks::certificate_names(std::string name) const {
  const auto probe = co_await dial(name);
  if (!probe) {
    co_return std::vector<std::string>();
  }
  if (name == "starttls") {
    if (const auto features = co_await (*probe)->open_stream(); !features) {
      co_return std::vector<std::string>();
    }
    if (const auto asked = co_await (*probe)->ask_for_tls(); !asked) {
      co_return std::vector<std::string>();
    }
  }
  const auto session = co_await (*probe)->look_at_tls();
  co_return session ? session->peer_names : std::vector<std::string>();
}

}  // namespace parley::sut
