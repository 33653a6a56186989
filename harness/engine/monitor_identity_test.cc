// SPDX-License-Identifier: GPL-3.0-or-later
// A rotation as a conforming service carries it out, and what the monitors say of one that does
// not.
#include "harness/engine/monitor_identity.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/text.h"
#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/signature.h"
#include "harness/engine/judge.h"
#include "harness/model/shipped_suites.h"
#include "harness/wire/http_message.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

namespace jose = crypto::jose;
using nlohmann::json;

constexpr std::int64_t kNow = 1'800'000'000;
constexpr const char* kIssuer = "https://issuer.test";
constexpr const char* kUser = "4912";

const model::Library& library() { return model::shipped_suites().library; }

using Settings = std::map<std::string, std::string>;

// The run of a rotation, under a profile with other settings.
const CastRun& rotation(const Settings& settings) {
  struct Cast {
    model::Library library;
    Result<std::vector<CastRun>> runs = std::vector<CastRun>();
  };
  static std::map<Settings, std::unique_ptr<Cast>> all;
  auto& cast = all[settings];
  if (cast == nullptr) {
    cast = std::make_unique<Cast>(library());
    for (const auto& [name, value] : settings) {
      cast->library.profiles.at("whatsapp").settings.at(name).value = value;
    }
    cast->runs = cast_case(*cast->library.find_case("identity/partner-rotation"), cast->library);
  }
  return cast->runs->front();
}

jose::PrivateKey key_of(std::uint64_t seed) {
  Rng rng(seed);
  return *jose::make_key(jose::KeyKind::ec_p256, rng);
}

// What the service says and does, of which a test changes something.
struct Service {
  std::array<jose::PrivateKey, 2> keys{key_of(1), key_of(2)};
  // Which are published, and which one signs, before and after each stage.
  std::array<std::vector<int>, 4> published{{{0}, {0, 1}, {0, 1}, {1}}};
  std::array<int, 4> signs{0, 0, 1, 1};
  std::string media_type = "application/json";
  std::string keys_at = "https://issuer.test/jwks";
  json header{{"typ", "JWT"}};
  json claims{{"iss", kIssuer},
              {"sub", kUser},
              {"aud", "https://gatekeeper.parley.test"},
              {"iat", kNow},
              {"exp", kNow + 300}};
  std::function<std::string(std::string)> token = [](std::string honest) { return honest; };
  std::function<std::string(std::string)> set = [](std::string honest) { return honest; };
  Settings settings{};  // of the profile under which it is judged
};

// The run that such a service makes.
class Story {
 public:
  explicit Story(const Service& service)
      : service_(service),
        run_(rotation(service.settings)),
        tracker_(run_, {}, Rng(1)),
        record_{.name = "plain",
                .values = {{"partner.issuer", kIssuer}, {"noise.now", std::to_string(kNow)}},
                .events = {}} {
    constexpr std::array kTimes{"old", "published", "overlap", "new"};
    constexpr std::array kStages{"publish", "sign", "withdraw"};
    for (std::size_t i = 0; i < kTimes.size(); ++i) {
      answers("document", kTimes[i], json{{"jwks_uri", service.keys_at}}.dump());
      publishes(i, kTimes[i]);
      issues(i, kTimes[i]);
      if (i < kStages.size()) {
        calls(kStages[i], "rotate", {{"stage", kStages[i]}});
      }
    }
  }

  // The names of those that find something.
  std::vector<std::string> findings() {
    const std::set<std::string> none;
    const Watched watched{.run = run_,
                          .tracker = tracker_,
                          .record = record_,
                          .sut = model::Party::third_party_server,
                          .seen = seen_,
                          .sent = {},
                          .ephemerals = none};
    std::vector<std::string> out;
    for (const auto& monitor : monitors()) {
      if (const auto finding = monitor.check(watched)) {
        EXPECT_EQ(finding->monitor, monitor.name);
        out.push_back(finding->monitor);
      }
    }
    return out;
  }

 private:
  void answers(const std::string& step, const std::string& time, const std::string& body,
               const std::string& type = "application/json") {
    const auto message = wire::http_response(200, {{"Content-Type", type}}, body);
    seen_.push_back({.event = record_.events.size(),
                     .link = "server/keys",
                     .connection = 1,
                     .item = xml::Stanza{wire::tree_of(message), wire::write(message)},
                     .step = time + "/" + step});
    record_.events.push_back({.kind = Event::Kind::received, .link = "server/keys"});
  }

  void publishes(std::size_t at, const std::string& time) {
    std::vector<jose::PublicKey> keys;
    for (const int key : service_.published[at]) {
      keys.push_back(service_.keys[static_cast<std::size_t>(key)].public_key);
    }
    answers("keys", time, service_.set(jose::write_jwks(keys)), service_.media_type);
  }

  void issues(std::size_t at, const std::string& time) {
    const auto step = time + "/token";
    const auto& key = service_.keys[static_cast<std::size_t>(service_.signs[at])];
    auto header = service_.header;
    header["alg"] = "ES256";
    header["kid"] = key.public_key.kid;
    const auto honest =
        *jose::sign_token(header.dump(), service_.claims.dump(), jose::Algorithm::es256, key);
    calls(step, "token", {{"user", kUser}});
    record_.events.push_back({.kind = Event::Kind::answer,
                              .link = "partner",
                              .step = step,
                              .text = "token",
                              .data = {{"token", service_.token(honest)}}});
  }

  void calls(const std::string& step, const std::string& method, json params) {
    record_.events.push_back({.kind = Event::Kind::call,
                              .link = "partner",
                              .step = step,
                              .text = method,
                              .data = std::move(params)});
  }

  const Service& service_;
  const CastRun& run_;
  Tracker tracker_;
  RunRecord record_;
  std::vector<Seen> seen_;
};

TEST(IdentityMonitors, FindNothingInASoundService) {
  EXPECT_EQ(Story(Service()).findings(), std::vector<std::string>());
}

struct Unsound {
  const char* name;
  std::function<void(Service&)> change;
  std::vector<std::string> found;
};
class FindsUnsound : public testing::TestWithParam<Unsound> {};

TEST_P(FindsUnsound, AndNamesTheMonitor) {
  Service service;
  GetParam().change(service);
  EXPECT_EQ(Story(service).findings(), GetParam().found);
}

const Unsound kUnsound[] = {
    {"PrivateMembers",
     [](Service& s) {
       s.set = [](std::string set) {
         return replace_all(std::move(set), "\"x\"", "\"d\":\"AA\",\"x\"");
       };
     },
     {"published-keys"}},
    {"Page", [](Service& s) { s.media_type = "text/html"; }, {"published-keys"}},
    {"KeysInClear", [](Service& s) { s.keys_at = "http://issuer.test/jwks"; }, {"https-alone"}},
    {"NoKeysNamed", [](Service& s) { s.keys_at = ""; }, {"https-alone"}},
    {"NeverPublished", [](Service& s) { s.published[1] = {0}; }, {"keys-rotate"}},
    {"SignsAtOnce", [](Service& s) { s.signs[1] = 1; }, {"keys-rotate"}},
    {"NeverSigns",
     [](Service& s) {
       s.signs = {0, 0, 0, 0};
       s.published[3] = {0, 1};
     },
     {"keys-rotate"}},
    {"WithdrawnEarly", [](Service& s) { s.published[2] = {1}; }, {"keys-rotate"}},
    {"NeverWithdrawn", [](Service& s) { s.published[3] = {0, 1}; }, {"keys-rotate"}},
    {"SignsWithdrawn", [](Service& s) { s.signs[3] = 0; }, {"keys-rotate", "token-signed"}},
    {"OneName",
     [](Service& s) {
       s.keys[1].public_key.kid = s.keys[0].public_key.kid;
       s.published = {{{0}, {1}, {1}, {1}}};
     },
     {"keys-rotate", "token-signed"}},
    {"OfAnotherKey",
     [](Service& s) {
       s.token = [](std::string token) {
         auto stranger = key_of(3);
         const auto parts = split(token, '.');
         const auto signature =
             *jose::sign(jose::Algorithm::es256, stranger, parts[0] + "." + parts[1]);
         return parts[0] + "." + parts[1] + "." + jose::to_base64url(signature);
       };
     },
     {"token-signed"}},
    {"NoExpiry", [](Service& s) { s.claims.erase("exp"); }, {"token-expires"}},
    {"Expired",
     [](Service& s) {
       s.claims["exp"] = kNow - 61;
       s.claims["iat"] = kNow - 300;
     },
     {"token-expires"}},
    {"Milliseconds",
     [](Service& s) {
       s.claims["iat"] = kNow * 1000;
       s.claims["exp"] = (kNow + 300) * 1000;
     },
     {"token-expires"}},
    {"LongLived", [](Service& s) { s.claims["exp"] = kNow + 86'401; }, {"token-short-lived"}},
    {"Untyped", [](Service& s) { s.header = json::object(); }, {"token-purpose"}},
    {"NoAudience", [](Service& s) { s.claims.erase("aud"); }, {"token-purpose"}},
    {"OfAnotherUser", [](Service& s) { s.claims["sub"] = "49123"; }, {"token-purpose"}},
    {"NoIssueTime", [](Service& s) { s.claims.erase("iat"); }, {"token-purpose"}},
    {"NoIssueTimeWhereNoneIsAskedFor",
     [](Service& s) {
       s.claims.erase("iat");
       s.settings = {{"token-claims", "iss, sub, aud, exp"}};
     },
     {}},
    {"NoExpiryWhereItIsAskedForStill",
     [](Service& s) {
       s.claims.erase("exp");
       s.settings = {{"token-claims", "iss, sub, aud, exp"}};
     },
     {"token-expires"}},
    {"PointsAtItsKey",
     [](Service& s) { s.header["jku"] = "https://issuer.test/jwks"; },
     {"token-signed"}},
    {"PointsAtItsKeyWhereThatIsIgnored",
     [](Service& s) {
       s.header["jku"] = "https://issuer.test/jwks";
       s.settings = {{"token-header-keys", "ignored"}};
     },
     {}},
    {"OtherIssuer", [](Service& s) { s.claims["iss"] = "https://issuer.test/"; }, {"token-issuer"}},
    {"Padded",
     [](Service& s) { s.token = [](std::string token) { return token + "="; }; },
     {"token-encoding"}}};

INSTANTIATE_TEST_SUITE_P(Services, FindsUnsound, testing::ValuesIn(kUnsound),
                         [](const auto& row) { return std::string(row.param.name); });

// A service that publishes a key without a name, judged in a case that fetches the set.
model::Verdict judged(const std::string& id) {
  using Kind = Event::Kind;
  Transcript transcript{.case_id = id, .seed = 1, .runs = {}};
  auto& run = transcript.runs.emplace_back();
  run.name = "plain";
  run.values = {{"partner.issuer", kIssuer}, {"noise.now", std::to_string(kNow)}};
  const auto exchange = [&run](const std::string& step, const std::string& path,
                               const std::string& body) {
    const auto answer = wire::http_response(200, {{"Content-Type", "application/json"}}, body);
    run.events.push_back({.kind = Kind::dialled, .link = "server/keys"});
    run.events.push_back({.kind = Kind::sent,
                          .link = "server/keys",
                          .step = step,
                          .octets = "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n"});
    run.events.push_back(
        {.kind = Kind::received, .link = "server/keys", .octets = wire::write(answer)});
  };
  auto key = key_of(1).public_key;
  key.kid.clear();
  exchange("ask", "/.well-known/openid-configuration",
           json{{"issuer", kIssuer}, {"jwks_uri", "https://issuer.test/jwks"}}.dump());
  exchange("fetch", "/jwks", jose::write_jwks(std::span(&key, 1)));
  return judge(*library().find_case(id), library(), transcript);
}

TEST(IdentityMonitors, CountInTheCasesThatAreAboutWhatTheyFind) {
  const auto sound = judged("identity/partner-keys-sound");
  EXPECT_EQ(sound.kind, model::VerdictKind::fail);
  EXPECT_EQ(sound.monitor, "published-keys");
  EXPECT_NE(sound.reason.find("kid-missing at key 0"), std::string::npos) << sound.reason;
  const auto elsewhere = judged("identity/partner-keys-found");
  EXPECT_EQ(elsewhere.kind, model::VerdictKind::pass) << elsewhere.reason;
}

}  // namespace
}  // namespace parley::engine
