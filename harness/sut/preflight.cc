// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/preflight.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "harness/base/text.h"
#include "harness/sut/driver.h"
#include "harness/sut/introduction.h"
#include "harness/sut/pool.h"
#include "harness/sut/probe.h"

namespace parley::sut {
namespace {

constexpr std::chrono::milliseconds kLimit{5'000};  // for each connection
constexpr std::size_t kMaxCaOctets = 1024 * 1024;
constexpr std::string_view kTlsNs = "urn:ietf:params:xml:ns:xmpp-tls";
constexpr std::string_view kSaslNs = "urn:ietf:params:xml:ns:xmpp-sasl";

struct Diagnosis {
  std::string_view sign;  // in what OpenSSL or the connection said
  std::string_view found;
  std::string_view mend;
};

// The first that fits; the verification errors stand before the general alerts.
constexpr std::array kTlsDiagnoses{
    Diagnosis{"certificate has expired", "the SUT's certificate has expired",
              "renew the SUT's certificate or set the clock right"},
    Diagnosis{"not yet valid", "the SUT's certificate is not yet valid",
              "set the clocks right or issue a new certificate"},
    Diagnosis{"hostname mismatch", "the SUT's certificate names another host",
              "put the certificate's name into endpoints/domain, or issue a certificate for that "
              "domain"},
    Diagnosis{"self-signed certificate", "the SUT's certificate comes from an unknown CA",
              "name in endpoints/ca the PEM file of the CA that issued the SUT's certificate"},
    Diagnosis{"self signed certificate", "the SUT's certificate comes from an unknown CA",
              "name in endpoints/ca the PEM file of the CA that issued the SUT's certificate"},
    Diagnosis{"unable to get local issuer", "the SUT's certificate comes from an unknown CA",
              "name in endpoints/ca the PEM file of the CA that issued the SUT's certificate"},
    Diagnosis{"unable to verify the first", "the SUT's certificate comes from an unknown CA",
              "name in endpoints/ca the PEM file of the CA that issued the SUT's certificate"},
    Diagnosis{"certificate signature failure", "the SUT's certificate comes from another CA",
              "name in endpoints/ca the PEM file of the CA that issued the SUT's certificate"},
    Diagnosis{"wrong version number", "what answers there is not TLS",
              "give the address where TLS is spoken, or mend the SUT's TLS"},
    Diagnosis{"packet length too long", "what answers there is not TLS",
              "give the address where TLS is spoken, or mend the SUT's TLS"},
    Diagnosis{"timed out", "nothing answers the TLS handshake",
              "give the address where TLS is spoken, or mend the SUT's TLS"},
};

struct X509Free {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
struct BioFree {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};

// Nothing when every certificate in `pem` is one and is valid now.
std::optional<Diagnosis> wrong_with_ca(const std::string& pem) {
  const std::unique_ptr<BIO, BioFree> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::size_t count = 0;
  while (true) {
    const std::unique_ptr<X509, X509Free> certificate(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (certificate == nullptr) {
      break;
    }
    ++count;
    if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
      return Diagnosis{"", "the CA has expired", "make a new CA and issue a new certificate"};
    }
    if (X509_cmp_current_time(X509_get0_notBefore(certificate.get())) > 0) {
      return Diagnosis{"", "the CA is not yet valid", "set the clock right"};
    }
  }
  ERR_clear_error();
  if (count == 0) {
    return Diagnosis{"", "the file holds no PEM certificate",
                     "give the CA as -----BEGIN CERTIFICATE-----"};
  }
  return std::nullopt;
}

bool offers_starttls(const xml::Element& features) {
  return features.child("starttls", kTlsNs) != nullptr;
}

bool offers_plain(const xml::Element& features) {
  const auto* mechanisms = features.child("mechanisms", kSaslNs);
  if (mechanisms == nullptr) {
    return false;
  }
  return std::ranges::any_of(mechanisms->elements(), [](const xml::Element* mechanism) {
    return mechanism->text() == "PLAIN";
  });
}

// One preflight: what is known so far and what was found.
class Preflight {
 public:
  Preflight(asio::any_io_executor executor, model::Declaration declaration)
      : executor_(std::move(executor)),
        declaration_(std::move(declaration)),
        endpoints_(declaration_.endpoints) {}

  asio::awaitable<std::vector<Check>> run();

 private:
  void pass(std::string what, std::string detail = "") {
    checks_.push_back(
        {.what = std::move(what), .passed = true, .detail = std::move(detail), .mend = ""});
  }
  void complain(std::string what, std::string detail, std::string mend) {
    checks_.push_back({.what = std::move(what),
                       .passed = false,
                       .detail = std::move(detail),
                       .mend = std::move(mend)});
  }
  std::string endpoint(const std::string& name) const {
    const auto found = endpoints_.find(name);
    return found == endpoints_.end() ? "" : found->second;
  }

  asio::awaitable<void> check_driver();
  void check_party(const Introduction& introduction);
  void check_ca();
  void check_pool();
  // Null when nothing accepts a connection there.
  asio::awaitable<std::unique_ptr<net::Stream>> check_address(std::string name);
  asio::awaitable<void> check_starttls();
  asio::awaitable<void> check_direct_tls();
  asio::awaitable<bool> check_handshake(Probe& probe, std::string what);
  asio::awaitable<void> check_login(Probe& probe);

  asio::any_io_executor executor_;
  model::Declaration declaration_;
  Endpoints endpoints_;
  std::unique_ptr<Driver> driver_;  // lives on: a reference's listeners are the driver's
  std::string ca_pem_;              // empty until it has been found right
  std::optional<engine::Identity> account_;
  bool login_tried_ = false;
  std::vector<Check> checks_;
};

asio::awaitable<std::vector<Check>> Preflight::run() {
  if (!declaration_.driver.empty()) {
    co_await check_driver();
  } else if (!model::is_server(declaration_.party)) {
    complain("driver/command: a client is driven", "there is none",
             "add driver: { command: [program, argument] }");
  }
  if (!declaration_.pool_file.empty()) {
    check_pool();
  }
  if (!model::is_server(declaration_.party)) {
    co_return std::move(checks_);
  }
  const std::string named = "endpoints/domain: is given";
  if (endpoint("domain").empty()) {
    complain(named, "it is neither declared nor described by the driver",
             "add endpoints: { domain: example.test }");
  } else {
    pass(named, endpoint("domain"));
  }
  check_ca();
  co_await check_starttls();
  if (!endpoint("direct-tls").empty()) {
    co_await check_direct_tls();
  }
  co_return std::move(checks_);
}

asio::awaitable<void> Preflight::check_driver() {
  const std::string starts = "driver/command: starts";
  auto started = Driver::start(executor_, declaration_.driver, declaration_.folder, "");
  if (!started) {
    complain(starts, started.error().detail,
             "give a program that exists and may be executed; relative paths start at the folder "
             "of the declaration");
    co_return;
  }
  driver_ = std::move(*started);
  pass(starts, join(declaration_.driver, " "));
  const std::string describes = "driver/command: describes itself";
  const auto introduction = co_await introduce(*driver_);
  if (!introduction) {
    complain(describes, introduction.error().detail,
             "answer 'describe' with {name, version, party, features} on one line of standard "
             "output (harness/sut/DRIVER.md)");
    co_return;
  }
  pass(describes, printable(introduction->name + " " + introduction->version, 120));
  endpoints_.insert(introduction->endpoints.begin(), introduction->endpoints.end());
  check_party(*introduction);
  const std::string refuses = "driver/command: refuses a method that cannot exist";
  if (const auto passed = co_await try_canary(*driver_, Rng(0).child("preflight").token(12));
      !passed) {
    complain(refuses, passed.error().detail,
             "answer a method that the driver does not know with the error code -32601");
    co_return;
  }
  pass(refuses);
}

void Preflight::check_party(const Introduction& introduction) {
  const std::string what = "party: is the driver's";
  const auto declared = std::string(model::to_string(declaration_.party));
  if (introduction.party.empty() || introduction.party == declared) {
    pass(what, introduction.party.empty() ? "the driver does not say" : declared);
    return;
  }
  complain(what,
           fmt::format("the declaration says {}, the driver {}", declared,
                       printable(introduction.party, 60)),
           "declare the party that the driver drives");
}

void Preflight::check_ca() {
  const std::string what = "endpoints/ca: is a valid CA";
  if (endpoint("ca").empty()) {
    complain(what, "it is neither declared nor described by the driver",
             "name the PEM file of the CA that issued the SUT's certificate");
    return;
  }
  auto pem = read_file(resolve(declaration_, endpoint("ca")), kMaxCaOctets);
  if (!pem) {
    complain(what, pem.error().detail,
             "give a file that can be read; relative paths start at the folder of the declaration");
    return;
  }
  if (const auto wrong = wrong_with_ca(*pem)) {
    complain(what, fmt::format("{}: {}", endpoint("ca"), wrong->found), std::string(wrong->mend));
    return;
  }
  ca_pem_ = std::move(*pem);
  pass(what, endpoint("ca"));
}

void Preflight::check_pool() {
  const std::string what = "identities/pool: holds accounts";
  auto pool = load_pool(resolve(declaration_, declaration_.pool_file));
  if (!pool) {
    complain(what, pool.error().detail, "write one 'user,password' a line");
    return;
  }
  if (pool->empty()) {
    complain(what, declaration_.pool_file + " is empty", "write one 'user,password' a line");
    return;
  }
  pass(what, fmt::format("{} in {}", pool->size(), declaration_.pool_file));
  account_ = std::move(pool->front());
}

asio::awaitable<std::unique_ptr<net::Stream>> Preflight::check_address(std::string name) {
  const auto what = fmt::format("endpoints/{}: accepts connections", name);
  const auto text = endpoint(name);
  const auto address = net::parse_address(text);
  if (!address) {
    complain(what,
             text.empty() ? "it is neither declared nor described by the driver"
                          : fmt::format("'{}': {}", printable(text, 120), address.error().detail),
             "write an address as 127.0.0.1:5222");
    co_return nullptr;
  }
  auto stream = co_await net::Stream::connect(*address, kLimit);
  if (stream) {
    pass(what, text);
    co_return std::move(*stream);
  }
  const bool unreachable = stream.error().code == Errc::io;
  complain(
      what, fmt::format("{}: {}", text, stream.error().detail),
      unreachable ? "start the SUT, or correct the port" : "attach the SUT at a loopback address");
  co_return nullptr;
}

asio::awaitable<void> Preflight::check_starttls() {
  auto stream = co_await check_address("starttls");
  if (stream == nullptr) {
    co_return;
  }
  const std::string what = "endpoints/starttls: offers STARTTLS";
  Probe probe(std::move(stream), endpoint("domain"), kLimit);
  const auto features = co_await probe.open_stream();
  if (!features) {
    complain(what, features.error().detail,
             "give the address where XMPP clients connect, and the domain that it serves");
    co_return;
  }
  if (!offers_starttls(*features)) {
    complain(what, "its features hold no <starttls/>", "switch STARTTLS on in the SUT");
    co_return;
  }
  if (const auto asked = co_await probe.ask_for_tls(); !asked) {
    complain(what, asked.error().detail, "give the SUT a certificate and a key");
    co_return;
  }
  pass(what);
  if (co_await check_handshake(probe, "endpoints/starttls: TLS with the declared CA and domain")) {
    co_await check_login(probe);
  }
}

asio::awaitable<void> Preflight::check_direct_tls() {
  auto stream = co_await check_address("direct-tls");
  if (stream == nullptr) {
    co_return;
  }
  Probe probe(std::move(stream), endpoint("domain"), kLimit);
  if (co_await check_handshake(probe,
                               "endpoints/direct-tls: TLS with the declared CA and domain")) {
    co_await check_login(probe);
  }
}

// True when octets may be exchanged under TLS.
asio::awaitable<bool> Preflight::check_handshake(Probe& probe, std::string what) {
  if (ca_pem_.empty() || endpoint("domain").empty()) {
    co_return false;  // said already
  }
  const auto session = co_await probe.start_tls(ca_pem_);
  if (session) {
    pass(std::move(what), fmt::format("TLS {}, {}", net::to_string(session->version),
                                      printable(session->peer_subject, 120)));
    co_return true;
  }
  const auto& said = session.error().detail;
  const auto known = std::ranges::find_if(kTlsDiagnoses, [&said](const Diagnosis& diagnosis) {
    return said.find(diagnosis.sign) != std::string::npos;
  });
  if (known != kTlsDiagnoses.end()) {
    complain(std::move(what), fmt::format("{} ({})", known->found, said), std::string(known->mend));
  } else {
    complain(std::move(what), said, "compare the SUT's log; it must speak TLS 1.2 or 1.3");
  }
  co_return false;
}

asio::awaitable<void> Preflight::check_login(Probe& probe) {
  if (std::exchange(login_tried_, true)) {
    co_return;
  }
  const auto features = co_await probe.open_stream();
  if (!features) {
    complain("endpoints/starttls: opens a stream under TLS", features.error().detail,
             "give the domain that the SUT serves");
    co_return;
  }
  if (!account_ || !offers_plain(*features)) {
    co_return;
  }
  const std::string what = "identities/pool: the first account logs in";
  const auto done = co_await probe.log_in(*account_);
  if (!done) {
    complain(what, fmt::format("'{}': {}", account_->user, done.error().detail),
             "create the accounts in the SUT, or correct the passwords in the pool");
    co_return;
  }
  pass(what, account_->user);
}

}  // namespace

asio::awaitable<std::vector<Check>> preflight(asio::any_io_executor executor,
                                              model::Declaration declaration) {
  Preflight checks(std::move(executor), std::move(declaration));
  co_return co_await checks.run();
}

}  // namespace parley::sut
