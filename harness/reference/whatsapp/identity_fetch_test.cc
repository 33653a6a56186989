// SPDX-License-Identifier: GPL-3.0-or-later
// Partners whose keys are fetched, and the gatekeeper that lets their users in.
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "harness/crypto/jose/signature.h"
#include "harness/reference/whatsapp/gatekeeper_house.h"
#include "harness/reference/whatsapp/identity.h"
#include "harness/reference/whatsapp/key_service.h"
#include "harness/testkit/run_to_end.h"

namespace parley::reference::whatsapp {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testkit::run_to_end;
using Faults = std::vector<std::string>;

constexpr std::uint16_t kPartner = 1234;
constexpr const char* kAudience = "https://gatekeeper.test";

// A file that is gone with the object.
class CaFile {
 public:
  explicit CaFile(const std::string& pem)
      : path_(std::filesystem::temp_directory_path() /
              ("parley-ca-" + std::to_string(getpid()) + ".pem")) {
    std::ofstream(path_) << pem;
  }
  CaFile(const CaFile&) = delete;
  CaFile& operator=(const CaFile&) = delete;
  ~CaFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string token_for(const std::string& issuer, const std::string& subject,
                      const std::string& key) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())
                       .time_since_epoch()
                       .count();
  const json header{{"alg", "ES256"}, {"typ", "JWT"}, {"kid", key}};
  const json claims{
      {"iss", issuer}, {"aud", kAudience}, {"sub", subject}, {"iat", now}, {"exp", now + 60}};
  return *jose::sign_token(header.dump(), claims.dump(), jose::Algorithm::es256, key_named(key));
}

json partner_at(const std::string& issuer, const std::string& ca, int integrator = kPartner) {
  return {{"integrator", integrator}, {"issuer", issuer}, {"audience", kAudience}, {"ca", ca}};
}

// Long enough for a machine that does much else.
constexpr FetchBounds kPatient{.patience = 20s, .idle_patience = 10s};
constexpr FetchBounds kHasty{.patience = 300ms, .idle_patience = 150ms};

KeyKeeping keeping(const asio::any_io_executor& executor, std::vector<std::function<void()>>& ends,
                   FetchBounds bounds = kPatient) {
  return {.executor = executor,
          .run =
              [executor, &ends](asio::awaitable<void> task, std::function<void()> end) {
                ends.push_back(std::move(end));
                asio::co_spawn(executor, std::move(task), [](std::exception_ptr thrown) {
                  if (thrown) {
                    std::rethrow_exception(thrown);
                  }
                });
              },
          .times = {.bounds = bounds}};
}

// A service, who knows it, and what it is about to be asked.
struct Office {
  KeyService service;
  CaFile ca;
  std::vector<std::function<void()>> ends;
  Partners partners;
  FaultSet faults;

  Office(const asio::any_io_executor& executor, const Faults& names, FetchBounds bounds = kPatient,
         crypto::LeafKind leaf = crypto::LeafKind::valid)
      : service(executor, leaf),
        ca(service.ca_pem),
        partners(keeping(executor, ends, bounds)),
        faults(*fault_set(names)) {
    if (!partners.set(partner_at(service.issuer(), ca.path()))) {
      throw std::runtime_error("the partner is refused");
    }
  }

  asio::awaitable<bool> takes(std::string token) {
    co_await partners.prepare(kPartner, token, faults);
    co_return partners.proves(kPartner, "49", token, faults);
  }
};

using Story = asio::awaitable<bool> (*)(Office& office);

asio::awaitable<bool> told(Story story, Faults faults) {
  Office office(co_await asio::this_coro::executor, faults);
  co_return co_await office.service.during(story(office));
}

bool tell(Story story, Faults faults = {}) { return run_to_end(told(story, std::move(faults))); }

asio::awaitable<bool> good_token(Office& office) {
  return office.takes(token_for(office.service.issuer(), "49", "a"));
}

TEST(FetchedPartners, TakeATokenByAPublishedKey) {
  EXPECT_TRUE(tell(good_token));
  EXPECT_FALSE(tell(good_token, {"wg-token-refuses-all"}));
}

asio::awaitable<bool> unpublished_key(Office& office) {
  return office.takes(token_for(office.service.issuer(), "49", "z"));
}

TEST(FetchedPartners, RefuseATokenByAnotherKey) { EXPECT_FALSE(tell(unpublished_key)); }

asio::awaitable<bool> other_issuer(Office& office) {
  const bool taken = co_await office.takes(token_for("https://other.test", "49", "a"));
  co_return taken || office.service.fetches > 0;
}

TEST(FetchedPartners, AreNotAskedForAnotherIssuersToken) { EXPECT_FALSE(tell(other_issuer)); }

// Its key is known as that of the partner who says which keys it has.
asio::awaitable<bool> key_of_another(Office& office) {
  const auto set = office.partners.set({{"integrator", 12},
                                        {"issuer", "https://twelve.test"},
                                        {"audience", kAudience},
                                        {"jwks", set_of({"z"})}});
  if (!set) {
    throw std::runtime_error(set.error().detail);
  }
  co_return co_await office.takes(token_for(office.service.issuer(), "49", "z"));
}

TEST(FetchedPartners, RefuseATokenByAnotherPartnersKey) {
  EXPECT_FALSE(tell(key_of_another));
  EXPECT_TRUE(tell(key_of_another, {"wg-keys-shared"}));
}

asio::awaitable<void> silence(net::Stream& stream) { (void)co_await stream.read(0ms); }

struct Outrage {
  const char* name;
  void (*bend)(KeyService& service);
  const char* fault;
  FetchBounds bounds = kPatient;
  crypto::LeafKind leaf = crypto::LeafKind::valid;
};
class Outages : public testing::TestWithParam<Outrage> {};

asio::awaitable<bool> while_out(Outrage outage, Faults faults) {
  Office office(co_await asio::this_coro::executor, faults, outage.bounds, outage.leaf);
  outage.bend(office.service);
  co_return co_await office.service.during(good_token(office));
}

TEST_P(Outages, LetNobodyIn) { EXPECT_FALSE(run_to_end(while_out(GetParam(), {}))); }

TEST_P(Outages, LetInWhoeverComesToTheGatekeeperWithTheFault) {
  EXPECT_TRUE(run_to_end(while_out(GetParam(), {GetParam().fault})));
}

INSTANTIATE_TEST_SUITE_P(
    All, Outages,
    testing::Values(Outrage{"Unreachable", [](KeyService&) {}, "wg-keys-open-when-unreachable",
                            kPatient, crypto::LeafKind::expired},
                    Outrage{"Silent", [](KeyService& s) { s.keys.takeover = silence; },
                            "wg-keys-open-when-silent", kHasty},
                    Outrage{"Error", [](KeyService& s) { s.keys.status = 500; },
                            "wg-keys-open-on-status"},
                    Outrage{"Html", [](KeyService& s) { s.keys.type = "text/html"; },
                            "wg-keys-open-on-media-type"},
                    Outrage{"CutOff", [](KeyService& s) { s.keys.content.resize(20); },
                            "wg-keys-open-on-unreadable"},
                    Outrage{"Empty", [](KeyService& s) { s.keys.content = R"({"keys":[]})"; },
                            "wg-keys-open-on-empty"}),
    [](const auto& info) { return info.param.name; });

asio::awaitable<bool> noted(Office& office, std::uint16_t integrator, std::string token, char mark,
                            std::string& order) {
  co_await office.partners.prepare(integrator, std::move(token), office.faults);
  order += mark;
  co_return true;
}

asio::awaitable<bool> another_comes_meanwhile(Office& office) {
  using asio::experimental::awaitable_operators::operator&&;
  const auto set = office.partners.set({{"integrator", 12},
                                        {"issuer", "https://twelve.test"},
                                        {"audience", kAudience},
                                        {"jwks", set_of({"z"})}});
  std::string order;
  co_await (noted(office, kPartner, token_for(office.service.issuer(), "49", "a"), '2', order) &&
            noted(office, 12, token_for("https://twelve.test", "50", "z"), '1', order));
  co_return set&& order == "12";
}

TEST(FetchedPartners, KeepNobodyElseWaiting) {
  EXPECT_TRUE(tell(another_comes_meanwhile));
  EXPECT_FALSE(tell(another_comes_meanwhile, {"wg-keys-block-others"}));
}

asio::awaitable<bool> a_thousand_partners(Office& office) {
  for (int i = 0; i < 1500; ++i) {
    if (!office.partners.set(
            partner_at("https://p" + std::to_string(i) + ".test", office.ca.path(), 2000 + i))) {
      co_return false;
    }
  }
  co_return !office.partners.knows(kPartner) && !office.partners.knows(2000) &&
      office.partners.knows(3499) && office.partners.knows(2500);
}

TEST(FetchedPartners, AreForgottenWhenTooManyCome) { EXPECT_TRUE(tell(a_thousand_partners)); }

TEST(FetchedPartners, AreSaidToBeWrongWhenTheyAre) {
  std::vector<std::function<void()>> ends;
  boost::asio::io_context context;
  Partners partners(keeping(context.get_executor(), ends));
  const auto missing = partners.set(partner_at("https://a.test", "/no/such/file"));
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().detail.find("ca"), std::string::npos);
  EXPECT_FALSE(partners.refresh(kPartner));
}

// Whether the user of the partner is let in; and, while its service is silent, another's.
asio::awaitable<std::string> log_in(Faults faults, void (*bend)(KeyService&)) {
  const auto executor = co_await asio::this_coro::executor;
  House house(executor, faults);
  KeyService service(executor);
  bend(service);
  const CaFile ca(service.ca_pem);
  const auto known = house.keeper->handle("partner", partner_at(service.issuer(), ca.path()));
  house.keeper->enlist("500", kPartner, "romeo", {});
  const auto name = std::to_string(kPartner);
  auto task = [](House& at, std::string token) -> asio::awaitable<std::string> {
    using asio::experimental::awaitable_operators::operator&&;
    Phone out;
    Phone other;
    std::tie(out, other) = co_await (at.login("new", third_party(500, token)) &&
                                     at.login("old", third_party(300, "cat")));
    std::string said = out.ended ? "refused" : "open";
    said += other.ended ? " refused" : " open";
    co_await at.keeper->stop();
    co_return said;
  }(house, token_for(service.issuer(), "500", "a"));
  co_return (known ? "" : "unknown ") + co_await service.during(std::move(task));
}

TEST(FetchedPartners, LetTheirUsersIn) {
  EXPECT_EQ(run_to_end(log_in({}, [](KeyService&) {})), "open open");
}

TEST(FetchedPartners, WhoseServiceIsOutLetNobodyIn) {
  EXPECT_EQ(run_to_end(log_in({}, [](KeyService& s) { s.keys.status = 500; })), "refused open");
  EXPECT_EQ(
      run_to_end(log_in({"wg-keys-open-on-status"}, [](KeyService& s) { s.keys.status = 500; })),
      "open open");
}

}  // namespace
}  // namespace parley::reference::whatsapp
