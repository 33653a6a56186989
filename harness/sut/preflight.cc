// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/preflight.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "harness/base/text.h"
#include "harness/sut/driver.h"
#include "harness/sut/introduction.h"
#include "harness/sut/pool.h"
#include "harness/sut/probe.h"
#include "harness/sut/process.h"

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

bool offers(const xml::Element& features, std::string_view name) {
  const auto* mechanisms = features.child("mechanisms", kSaslNs);
  if (mechanisms == nullptr) {
    return false;
  }
  return std::ranges::any_of(mechanisms->elements(), [name](const xml::Element* mechanism) {
    return mechanism->text() == name;
  });
}

constexpr std::size_t kFewestAccounts = 3;  // a case may need them at once
constexpr std::size_t kManyAccounts = 100;
constexpr std::size_t kMaxLogOctets = 1024 * 1024;
constexpr std::size_t kLastLines = 5;
constexpr std::size_t kNonceOctets = 24;

struct Promise {
  std::string_view feature;
  std::string_view mechanism;
};
constexpr std::array kPromises{Promise{"sasl-plain", "PLAIN"},
                               Promise{"scram-sha-256", "SCRAM-SHA-256"}};

// A file for the driver's standard error that goes with its owner; no name when there is none.
class LogFile {
 public:
  LogFile() {
    std::error_code error;
    auto pattern = (std::filesystem::temp_directory_path(error) / "parley-doctor-XXXXXX").string();
    const Descriptor made(mkstemp(pattern.data()));
    name_ = made.get() < 0 ? "" : pattern;
  }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile() {
    std::error_code ignored;
    std::filesystem::remove(name_, ignored);
  }
  const std::string& name() const { return name_; }
  // "; its standard error ends: …", or nothing when nothing was written.
  std::string last_lines() const {
    const auto text = name_.empty() ? Result<std::string>("") : read_file(name_, kMaxLogOctets);
    if (!text) {
      return "";
    }
    auto lines = split(*text, '\n');
    std::erase(lines, "");
    if (lines.empty()) {
      return "";
    }
    if (lines.size() > kLastLines) {
      lines.erase(lines.begin(), lines.end() - kLastLines);
    }
    for (auto& line : lines) {
      line = printable(line, 200);
    }
    return "; its standard error ends: " + join(lines, " | ");
  }

 private:
  std::string name_;
};

// An account that shall log in.
struct Sample {
  std::string place;  // "first", "middle", "last"
  engine::Identity account;
};

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
  asio::awaitable<void> check_login(Probe& probe, std::string name);
  void check_mechanisms(const xml::Element& features);
  asio::awaitable<bool> check_account(Probe& probe, Sample sample, Mechanism mechanism);
  // A new stream under TLS at endpoints/`name`, for the next account.
  asio::awaitable<Result<std::unique_ptr<Probe>>> secure_stream(std::string name);

  asio::any_io_executor executor_;
  model::Declaration declaration_;
  Endpoints endpoints_;
  LogFile log_;                     // outlives the driver
  std::unique_ptr<Driver> driver_;  // lives on: a reference's listeners are the driver's
  std::string ca_pem_;              // empty until it has been found right
  std::vector<Sample> samples_;
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
  } else if (declaration_.driver.empty() && model::is_server(declaration_.party)) {
    complain("identities: accounts are known", "there is neither a pool nor a driver",
             "add a pool or a driver");
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
  auto started = Driver::start(executor_, declaration_.driver, declaration_.folder, log_.name());
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
    complain(describes, introduction.error().detail + log_.last_lines(),
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
    complain(refuses, passed.error().detail + log_.last_lines(),
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
  const auto count = pool->size();
  const auto found = fmt::format("{} in {}", count, declaration_.pool_file);
  if (count < kFewestAccounts) {
    complain(what, fmt::format("{}; a case may need {} at once", found, kFewestAccounts),
             "add accounts");
  } else {
    pass(what,
         count < kManyAccounts
             ? fmt::format("{}; with {} or more no case waits for another's", found, kManyAccounts)
             : found);
  }
  samples_.push_back({.place = "first", .account = pool->front()});
  if (count > 2) {
    samples_.push_back({.place = "middle", .account = (*pool)[count / 2]});
  }
  if (count > 1) {
    samples_.push_back({.place = "last", .account = pool->back()});
  }
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
    co_await check_login(probe, "starttls");
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
    co_await check_login(probe, "direct-tls");
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

asio::awaitable<void> Preflight::check_login(Probe& probe, std::string name) {
  if (std::exchange(login_tried_, true)) {
    co_return;
  }
  const auto features = co_await probe.open_stream();
  if (!features) {
    complain(fmt::format("endpoints/{}: opens a stream under TLS", name), features.error().detail,
             "give the domain that the SUT serves");
    co_return;
  }
  check_mechanisms(*features);
  const bool plain = offers(*features, "PLAIN");
  if (samples_.empty() || (!plain && !offers(*features, "SCRAM-SHA-256"))) {
    co_return;
  }
  const auto mechanism = plain ? Mechanism::plain : Mechanism::scram_sha_256;
  if (!co_await check_account(probe, samples_.front(), mechanism)) {
    co_return;
  }
  for (std::size_t i = 1; i < samples_.size(); ++i) {
    const auto next = co_await secure_stream(name);
    if (!next) {
      complain(fmt::format("endpoints/{}: serves one client after another", name),
               next.error().detail, "compare the SUT's log, and its limit of connections");
      co_return;
    }
    if (!co_await check_account(**next, samples_[i], mechanism)) {
      co_return;
    }
  }
}

void Preflight::check_mechanisms(const xml::Element& features) {
  if (!samples_.empty() && !offers(features, "PLAIN") && !offers(features, "SCRAM-SHA-256")) {
    complain("identities/pool: the first account logs in",
             "the SUT offers neither PLAIN nor SCRAM-SHA-256 under TLS",
             "switch one of them on in the SUT");
  }
  for (const auto& promise : kPromises) {
    const auto name = std::string(promise.feature);
    if (std::ranges::find(declaration_.features, name) == declaration_.features.end()) {
      continue;
    }
    const auto what = fmt::format("features: {} is offered", name);
    if (offers(features, promise.mechanism)) {
      pass(what);
    } else {
      complain(what, fmt::format("the SUT does not offer {} under TLS", promise.mechanism),
               fmt::format("switch it on in the SUT, or take {} out of features", name));
    }
  }
}

asio::awaitable<bool> Preflight::check_account(Probe& probe, Sample sample, Mechanism mechanism) {
  const auto what = fmt::format("identities/pool: the {} account logs in", sample.place);
  auto nonce = Rng(0).child("scram/" + sample.place).token(kNonceOctets);
  const auto done = co_await probe.log_in(sample.account, mechanism, std::move(nonce));
  if (!done) {
    complain(what, fmt::format("'{}': {}", sample.account.user, done.error().detail),
             "create the accounts in the SUT, or correct the passwords in the pool");
    co_return false;
  }
  pass(what, sample.account.user);
  co_return true;
}

asio::awaitable<Result<std::unique_ptr<Probe>>> Preflight::secure_stream(std::string name) {
  const auto address = net::parse_address(endpoint(name));
  if (!address) {
    co_return std::unexpected(address.error());
  }
  auto stream = co_await net::Stream::connect(*address, kLimit);
  if (!stream) {
    co_return std::unexpected(stream.error());
  }
  auto probe = std::make_unique<Probe>(std::move(*stream), endpoint("domain"), kLimit);
  if (name == "starttls") {
    if (const auto features = co_await probe->open_stream(); !features) {
      co_return std::unexpected(features.error());
    }
    if (const auto asked = co_await probe->ask_for_tls(); !asked) {
      co_return std::unexpected(asked.error());
    }
  }
  if (const auto session = co_await probe->start_tls(ca_pem_); !session) {
    co_return std::unexpected(session.error());
  }
  if (const auto features = co_await probe->open_stream(); !features) {
    co_return std::unexpected(features.error());
  }
  co_return std::move(probe);
}

}  // namespace

asio::awaitable<std::vector<Check>> preflight(asio::any_io_executor executor,
                                              model::Declaration declaration) {
  Preflight checks(std::move(executor), std::move(declaration));
  co_return co_await checks.run();
}

}  // namespace parley::sut
