// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/key_fetch.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "harness/reference/whatsapp/key_service.h"
#include "harness/testkit/run_to_end.h"

namespace parley::reference::whatsapp {
namespace {

using namespace std::chrono_literals;
using testkit::run_to_end;
using Faults = std::vector<std::string>;
using crypto::LeafKind;

// Long enough for a machine that does much else, but for those that wait on purpose.
constexpr FetchBounds kPatient{.patience = 20s, .idle_patience = 10s};
constexpr FetchBounds kHasty{.patience = 300ms, .idle_patience = 150ms};

// What is wrong with a service.
struct Wrong {
  const char* name;
  void (*bend)(KeyService& service);
  Outage outage;
  const char* fault;  // that takes its keys all the same
  LeafKind leaf = LeafKind::valid;
  net::TlsVersion newest = net::TlsVersion::tls1_3;
};

void nothing(KeyService&) {}

void metadata_of(KeyService& service, const std::string& issuer) {
  service.metadata.content =
      fmt::format(R"({{"issuer":"{}","jwks_uri":"{}/keys"}})", issuer, service.issuer());
}

void keys_at(KeyService& service, const std::string& place) {
  service.metadata.content =
      fmt::format(R"({{"issuer":"{}","jwks_uri":"{}"}})", service.issuer(), place);
}

// The keys are behind a redirect; every other place publishes them.
void redirect(KeyService& service, const std::string& where) {
  service.others = service.keys;
  service.keys.status = 302;
  service.keys.headers = {{"Location", where}};
}

// 0 where there are none.
asio::awaitable<std::size_t> fetch_from(Wrong wrong, FetchBounds bounds, Faults faults,
                                        std::optional<Outage>& outage) {
  KeyService service(co_await asio::this_coro::executor, wrong.leaf, wrong.newest);
  wrong.bend(service);
  const auto keys = co_await service.during(
      [](KeySource source, FetchBounds within, FaultSet bent) -> asio::awaitable<FetchedKeys> {
        co_return co_await fetch_keys(std::move(source), within, bent);
      }(service.source(), bounds, *fault_set(faults)));
  if (!keys) {
    outage = keys.error();
  }
  co_return keys ? keys->size() : 0;
}

std::size_t keys_from(const Wrong& wrong, const Faults& faults, std::optional<Outage>& outage,
                      FetchBounds bounds = kPatient) {
  return run_to_end(fetch_from(wrong, bounds, faults, outage));
}

TEST(FetchKeys, TakesThoseOfAnHonestService) {
  std::optional<Outage> outage;
  const Wrong honest{"Honest", nothing, Outage::refused, ""};
  EXPECT_EQ(keys_from(honest, {}, outage), 1U);
  EXPECT_FALSE(outage);
}

class WrongService : public testing::TestWithParam<Wrong> {};

TEST_P(WrongService, IsRefused) {
  std::optional<Outage> outage;
  EXPECT_EQ(keys_from(GetParam(), {}, outage), 0U);
  EXPECT_EQ(outage, GetParam().outage);
}

TEST_P(WrongService, IsTakenByTheGatekeeperWithTheFault) {
  std::optional<Outage> outage;
  EXPECT_EQ(keys_from(GetParam(), {GetParam().fault}, outage), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Tls, WrongService,
    testing::Values(
        Wrong{"UnknownCa", nothing, Outage::unreachable, "wg-keys-any-ca", LeafKind::unknown_ca},
        Wrong{"SelfSigned", nothing, Outage::unreachable, "wg-keys-any-ca", LeafKind::self_signed},
        Wrong{"OtherHost", nothing, Outage::unreachable, "wg-keys-any-host", LeafKind::other_host},
        Wrong{"Expired", nothing, Outage::unreachable, "wg-keys-expired-certificate",
              LeafKind::expired},
        Wrong{"OldTls", nothing, Outage::unreachable, "wg-keys-old-tls", LeafKind::valid,
              net::TlsVersion::tls1_1}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Metadata, WrongService,
    testing::Values(
        Wrong{"OtherIssuer", [](KeyService& s) { metadata_of(s, "https://other.test"); },
              Outage::refused, "wg-keys-any-issuer"},
        Wrong{"Slash", [](KeyService& s) { metadata_of(s, s.issuer() + "/"); }, Outage::refused,
              "wg-keys-issuer-slash"},
        Wrong{"Case", [](KeyService& s) { metadata_of(s, "HTTPS" + s.issuer().substr(5)); },
              Outage::refused, "wg-keys-issuer-case"},
        Wrong{"Longer", [](KeyService& s) { metadata_of(s, s.issuer() + "/a"); }, Outage::refused,
              "wg-keys-issuer-prefix"},
        Wrong{"SameHost", [](KeyService& s) { metadata_of(s, s.elsewhere()); }, Outage::refused,
              "wg-keys-issuer-host"},
        Wrong{"NoIssuer",
              [](KeyService& s) {
                s.metadata.content = fmt::format(R"({{"jwks_uri":"{}/keys"}})", s.issuer());
              },
              Outage::unreadable, "wg-keys-issuer-missing"},
        Wrong{"NoJson", [](KeyService& s) { s.metadata.type = "text/html"; }, Outage::media_type,
              "wg-keys-any-metadata-type"},
        Wrong{"ClearPlace", [](KeyService& s) { keys_at(s, s.in_the_clear() + "/keys"); },
              Outage::refused, "wg-keys-http-place"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Answers, WrongService,
    testing::Values(Wrong{"Redirect", [](KeyService& s) { redirect(s, "/moved"); }, Outage::refused,
                          "wg-may-follow-redirects"},
                    Wrong{"RedirectToHttp",
                          [](KeyService& s) { redirect(s, s.in_the_clear() + "/moved"); },
                          Outage::refused, "wg-keys-follow-to-http"},
                    Wrong{"NotFound", [](KeyService& s) { s.keys.status = 404; }, Outage::status,
                          "wg-keys-any-status"},
                    Wrong{"Html", [](KeyService& s) { s.keys.type = "text/html"; },
                          Outage::media_type, "wg-keys-any-media-type"},
                    Wrong{"TooLarge",
                          [](KeyService& s) { s.keys.content += std::string(1 << 20, ' '); },
                          Outage::unreadable, "wg-keys-any-size"},
                    Wrong{"ManyHeaders",
                          [](KeyService& s) { s.keys.headers.resize(100'000, {"X-Filler", "1"}); },
                          Outage::unreadable, "wg-keys-any-headers"}),
    [](const auto& info) { return info.param.name; });

// What an honest service may do as well.
class OtherManner : public testing::TestWithParam<Wrong> {};

TEST_P(OtherManner, IsTaken) {
  std::optional<Outage> outage;
  EXPECT_EQ(keys_from(GetParam(), {}, outage), 1U);
}

TEST_P(OtherManner, IsRefusedByTheGatekeeperWithTheFault) {
  std::optional<Outage> outage;
  EXPECT_EQ(keys_from(GetParam(), {GetParam().fault}, outage), 0U);
  EXPECT_EQ(outage, GetParam().outage);
}

INSTANTIATE_TEST_SUITE_P(
    All, OtherManner,
    testing::Values(
        Wrong{"Tls12", nothing, Outage::unreachable, "wg-keys-newest-tls-alone", LeafKind::valid,
              net::TlsVersion::tls1_2},
        Wrong{"SetType", [](KeyService& s) { s.keys.type = "application/jwk-set+json"; },
              Outage::media_type, "wg-keys-type-to-the-letter"},
        Wrong{"Charset", [](KeyService& s) { s.metadata.type = "application/json; charset=utf-8"; },
              Outage::media_type, "wg-keys-type-to-the-letter"},
        Wrong{"MoreMetadata",
              [](KeyService& s) {
                s.metadata.content.insert(1, R"("a":1,"b":2,"c":3,"d":4,"e":5,)");
              },
              Outage::unreadable, "wg-keys-strict"},
        Wrong{"MoreThanKeys", [](KeyService& s) { s.keys.content.insert(1, R"("a":1,)"); },
              Outage::unreadable, "wg-keys-strict"}),
    [](const auto& info) { return info.param.name; });

class BrokenAnswer : public testing::TestWithParam<Wrong> {};

TEST_P(BrokenAnswer, IsAnOutage) {
  std::optional<Outage> outage;
  EXPECT_EQ(keys_from(GetParam(), {}, outage), 0U);
  EXPECT_EQ(outage, GetParam().outage);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, BrokenAnswer,
    testing::Values(
        Wrong{"OtherPlace", [](KeyService& s) { keys_at(s, s.elsewhere() + "/keys"); },
              Outage::refused, ""},
        Wrong{"RedirectElsewhere", [](KeyService& s) { redirect(s, s.elsewhere() + "/moved"); },
              Outage::refused, ""},
        Wrong{"Error", [](KeyService& s) { s.keys.status = 500; }, Outage::status, ""},
        Wrong{"NoContent", [](KeyService& s) { s.metadata.status = 204; }, Outage::status, ""},
        Wrong{"EmptySet", [](KeyService& s) { s.keys.content = R"({"keys":[]})"; }, Outage::empty,
              ""},
        Wrong{"CutOff", [](KeyService& s) { s.keys.content.resize(20); }, Outage::unreadable, ""},
        Wrong{"ShortOfItsLength", [](KeyService& s) { s.keys.form.content_length = "100000"; },
              Outage::unreadable, ""},
        Wrong{"RedirectNowhere", [](KeyService& s) { s.keys.status = 302; }, Outage::refused, ""},
        Wrong{"NotModified", [](KeyService& s) { s.keys.status = 304; }, Outage::refused, ""},
        Wrong{"PlaceWithPort0", [](KeyService& s) { keys_at(s, "https://localhost:0/keys"); },
              Outage::refused, ""},
        Wrong{"FilePlace", [](KeyService& s) { keys_at(s, "file:///etc/passwd"); }, Outage::refused,
              ""},
        Wrong{"PlaceOfUser",
              [](KeyService& s) { keys_at(s, "https://u@" + s.issuer().substr(8) + "/keys"); },
              Outage::refused, ""}),
    [](const auto& info) { return info.param.name; });

TEST(FetchKeys, EndsALoopOfRedirectsEvenWhenItFollowsThem) {
  std::optional<Outage> outage;
  const Wrong loop{"Loop", [](KeyService& s) { redirect(s, "/keys"); }, Outage::refused, ""};
  EXPECT_EQ(keys_from(loop, {"wg-may-follow-redirects"}, outage), 0U);
  EXPECT_EQ(outage, Outage::refused);
  EXPECT_EQ(keys_from(loop, {"wg-keys-follow-loops"}, outage, kHasty), 0U);
  EXPECT_EQ(outage, Outage::silent);
}

asio::awaitable<void> drip(net::Stream& stream) {
  auto written = co_await stream.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
  while (written) {
    written = co_await stream.write(" ");
    (void)co_await stream.read(5ms);
  }
}

asio::awaitable<void> silence(net::Stream& stream) { (void)co_await stream.read(0ms); }

asio::awaitable<void> flood(net::Stream& stream) {
  auto written = co_await stream.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
  while (written) {
    written = co_await stream.write(Bytes(16'384, ' '));
  }
}

TEST(FetchKeys, EndsWithItsPatience) {
  std::optional<Outage> outage;
  const Wrong drips{"Drip", [](KeyService& s) { s.keys.takeover = drip; }, Outage::silent, ""};
  EXPECT_EQ(keys_from(drips, {}, outage, kHasty), 0U);
  EXPECT_EQ(outage, Outage::silent);
  const Wrong silent{"Silent", [](KeyService& s) { s.metadata.takeover = silence; }, Outage::silent,
                     ""};
  EXPECT_EQ(keys_from(silent, {}, outage, kHasty), 0U);
  EXPECT_EQ(outage, Outage::silent);
}

TEST(FetchKeys, EndsWithItsBounds) {
  std::optional<Outage> outage;
  const Wrong endless{"Flood", [](KeyService& s) { s.keys.takeover = flood; }, Outage::unreadable,
                      ""};
  EXPECT_EQ(keys_from(endless, {}, outage), 0U);
  EXPECT_EQ(outage, Outage::unreadable);
}

// Both the issuer and what it publishes in the clear.
asio::awaitable<FetchedKeys> fetch_in_the_clear() {
  KeyService service(co_await asio::this_coro::executor);
  auto source = service.source();
  source.issuer = service.in_the_clear();
  service.metadata.content =
      fmt::format(R"({{"issuer":"{0}","jwks_uri":"{0}/keys"}})", source.issuer);
  co_return co_await service.during(fetch_keys(std::move(source), kPatient, FaultSet()));
}

TEST(FetchKeys, NeverInTheClear) {
  const auto refused = run_to_end(fetch_in_the_clear());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Outage::refused);
}

}  // namespace
}  // namespace parley::reference::whatsapp
