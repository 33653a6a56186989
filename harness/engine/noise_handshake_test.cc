// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/noise_handshake.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "harness/engine/cast.h"
#include "harness/engine/monitor_secrets.h"
#include "harness/engine/noise_channel.h"
#include "harness/model/shipped_suites.h"
#include "harness/wire/frame.h"

namespace parley::engine {
namespace {

using xml::Element;

constexpr const char* kNow = "1700000000";
constexpr const char* kLogin =
    "<payload product='2'><interop-data account-id='4915112345678' token='a-token'/></payload>";

Element parsed(const std::string& text) { return *xml::parse(text); }

// Both ends of one connection, of runs of their own.
struct Ends {
  model::Profile profile{};
  Scope server_scope{.values = {{"noise.now", kNow}}, .rng = Rng(1)};
  Scope client_scope{
      .values = {{"noise.now", kNow}, {"noise.root", played_root(server_scope).value_or("")}},
      .rng = Rng(2)};
  NoiseHandshake server{profile, Side::server, "a", server_scope};
  NoiseHandshake client{profile, Side::client, "a", client_scope};

  Ends() {
    server.on_intro("WA\x06\x03");
    client.on_intro("WA\x06\x03");
  }

  // What the other end reads of a message; nullopt when it cannot.
  static std::optional<Element> pass(NoiseHandshake& from, NoiseHandshake& to,
                                     const std::string& message, const Edits& edits = {}) {
    const auto octets = from.write(parsed(message), edits);
    EXPECT_TRUE(octets) << octets.error();
    from.sent();
    auto read = to.read(octets.value_or(""));
    return read ? *read : std::nullopt;
  }
  std::optional<Element> to_server(const std::string& message, const Edits& edits = {}) {
    return pass(client, server, message, edits);
  }
  std::optional<Element> to_client(const std::string& message, const Edits& edits = {}) {
    return pass(server, client, message, edits);
  }
  std::string known_key() const { return played_static(server_scope).value_or(""); }
  // Whether what the client says under its keys is what the server hears.
  bool agree() const {
    auto sends = client.transport();
    auto receives = server.transport();
    const auto sealed =
        sends ? sends->send.encrypt_with_ad("", "text") : Result<Bytes>(fail(Errc::refused, ""));
    return sealed && receives && receives->receive.decrypt_with_ad("", *sealed) == "text";
  }
};

std::string hello_to(const std::string& key) {
  return "<client-hello server-static='" + key + "'>" + kLogin + "</client-hello>";
}

std::string token_of(const Element& message) {
  const auto* payload = message.child("payload");
  const auto* data = payload == nullptr ? nullptr : payload->child("interop-data");
  return data == nullptr ? "" : data->get("token");
}

TEST(NoiseHandshake, ShowsTheKeyByXxThatIkOpensWith) {
  Ends first;
  ASSERT_TRUE(first.to_server("<client-hello/>"));
  const auto hello = first.to_client("<server-hello/>");
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->get("pattern"), "xx");
  EXPECT_EQ(hello->child("chain")->get("state"), "valid");
  Ends second;
  const auto opened = second.to_server(hello_to(hello->get("server-static")));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->get("server-static"), hello->get("server-static"));
  EXPECT_EQ(token_of(*opened), "a-token");
  const auto answer = second.to_client("<server-hello pattern='ik'/>");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->get("pattern"), "ik");
  EXPECT_EQ(answer->child("chain")->get("state"), "valid");
  EXPECT_TRUE(second.agree());
}

class FallsBack : public testing::TestWithParam<bool> {};

TEST_P(FallsBack, WhereTheServerCannotOrWillNotTakeIk) {
  Ends ends;
  const bool right_key = GetParam();
  const auto opened =
      ends.to_server(hello_to(right_key ? ends.known_key() : "09" + std::string(62, '0')));
  ASSERT_TRUE(opened);
  EXPECT_EQ(token_of(*opened), right_key ? "a-token" : "");
  const auto answer = ends.to_client("<server-hello pattern='xx-fallback'/>");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->get("pattern"), "xx-fallback");
  EXPECT_EQ(answer->get("server-static"), ends.known_key());
  EXPECT_FALSE(ends.client.transport());
  const auto finish = ends.to_server(std::string("<client-finish>") + kLogin + "</client-finish>");
  ASSERT_TRUE(finish);
  EXPECT_EQ(token_of(*finish), "a-token");
  EXPECT_TRUE(ends.agree());
}
INSTANTIATE_TEST_SUITE_P(Keys, FallsBack, testing::Bool());

TEST(NoiseHandshake, NamesTheFormThatAServerSpeaks) {
  Ends usual;
  ASSERT_TRUE(usual.to_server("<client-hello/>"));
  EXPECT_EQ(usual.to_client("<server-hello/>")->get("hashing"), "whatsapp");
  Ends other;
  ASSERT_TRUE(other.to_server("<client-hello/>"));
  EXPECT_EQ(other.to_client("<server-hello hashing='other'/>")->get("hashing"), "specification");
}

TEST(NoiseHandshake, ReadsNoAnswerToAHelloThatAChangeReplaced) {
  Ends ends;
  const auto key = ends.known_key();
  Edits replayed;
  replayed.handshake = [](Element& fields) -> Result<void> {
    fields.set("ephemeral", "09" + std::string(62, '0'));
    return {};
  };
  ASSERT_TRUE(ends.to_server(hello_to(key), replayed));
  const auto answer = ends.to_client("<server-hello pattern='xx-fallback'/>");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->find("pattern"), nullptr);
  EXPECT_FALSE(ends.client.transport());
  const auto ciphertext = ends.client.read("\xff not a message");
  ASSERT_TRUE(ciphertext);
  EXPECT_FALSE(*ciphertext);
}

TEST(NoiseHandshake, SaysWhatWentOutUnlessItsOctetsWereChanged) {
  Ends ends;
  ASSERT_TRUE(ends.client.write(parsed("<client-hello/>"), {}));
  const auto said = ends.client.sent();
  ASSERT_TRUE(said);
  EXPECT_EQ(said->get("ephemeral").size(), 64U);
  Ends changed;
  Edits cut;
  cut.bytes = [](Bytes octets) { return Result<Bytes>(octets.substr(1)); };
  ASSERT_TRUE(changed.client.write(parsed("<client-hello/>"), cut));
  EXPECT_FALSE(changed.client.sent());
}

// A run against a server under test as far as its ServerHello.
struct Greeting {
  const model::Library& library;
  CastRun run = cast_case(*library.find_case("transport/server-noise-hashing"), library)->front();
  Ends far{};
  RunRecord record{};
  Tracker tracker{run,
                  {{"noise.now", kNow},
                   {"noise.root", played_root(far.server_scope).value_or("")},
                   {"noise.hashing", "whatsapp"},
                   {"user.user", "4915112345678"},
                   {"user.password", "a-token"}},
                  Rng(3)};

  void play() {
    feed({.kind = Event::Kind::dialled, .link = "user", .step = "dial"});
    for (const std::string step : {"intro", "hello"}) {
      const auto at =
          std::ranges::find(run.steps, step, [](const CastStep& one) { return one.step.id; });
      const auto message = tracker.compose(*at);
      ASSERT_TRUE(message) << message.error();
      feed({.kind = Event::Kind::sent, .link = "user", .step = step, .octets = message->octets});
      wire::FrameReader reader(wire::Opening::none);
      for (const auto& item : reader.feed(step == "hello" ? message->octets : "")) {
        ASSERT_TRUE(far.server.read(std::get<wire::Frame>(item).payload));
      }
    }
    const auto hello = far.server.write(parsed("<server-hello/>"), {});
    feed({.kind = Event::Kind::received, .link = "user", .octets = *wire::write_frame(*hello)});
  }
  void feed(Event event) {
    tracker.feed(event);
    record.events.push_back(std::move(event));
  }
  std::optional<Finding> finding(const std::set<std::string>& earlier) const {
    return fresh_ephemerals({.run = run,
                             .tracker = tracker,
                             .record = record,
                             .sut = model::Party::gatekeeper_server,
                             .seen = tracker.seen(),
                             .sent = tracker.sent(),
                             .ephemerals = earlier});
  }
};

TEST(FreshEphemerals, FindsAKeyOfTheSutThatAnEarlierRunHad) {
  Greeting greeting{model::shipped_suites().library};
  greeting.play();
  const auto keys = ephemerals_of(greeting.tracker);
  EXPECT_EQ(keys.size(), 2U);  // one of each side
  EXPECT_FALSE(greeting.finding({}));
  EXPECT_TRUE(greeting.finding(keys));
  EXPECT_EQ(greeting.tracker.scope().values["hello.ephemeral"].size(), 64U);
}

}  // namespace
}  // namespace parley::engine
