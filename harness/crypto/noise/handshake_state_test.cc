// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/noise/handshake_state.h"

#include <gtest/gtest.h>

#include <vector>

#include "harness/crypto/noise/two_sides.h"

namespace parley::crypto::noise {
namespace {

// Sides and messages of the known answers: responder payload "cert", initiator payload "payload".
struct Played {
  TwoSides sides;
  std::vector<MessageParts> wire;
};
Result<Played> known_answer(const Dialect& dialect) {
  auto sides = two_sides(Pattern::xx, dialect);
  if (!sides) {
    return std::unexpected(sides.error());
  }
  auto wire = play(*sides, {"", "cert", "payload"});
  return Played{.sides = std::move(*sides), .wire = std::move(wire)};
}

struct FirstHash {
  const char* name;
  Pattern pattern;
  const char* hash;
};
class PrologueHash : public testing::TestWithParam<FirstHash> {};

// h after the name and the prologue; IK and XXfallback go on with their pre-message.
TEST_P(PrologueHash, IsTheKnownAnswer) {
  SymmetricState state(protocol_name(GetParam().pattern), kWhatsApp);
  state.mix_hash(kIntro);
  EXPECT_EQ(to_hex(state.handshake_hash()), GetParam().hash);
}

INSTANTIATE_TEST_SUITE_P(
    Patterns, PrologueHash,
    testing::Values(FirstHash{"Xx", Pattern::xx,
                              "ffff0c9267310966f1311170c04b38c79504285bf5edf763e5c946492a50a755"},
                    FirstHash{"Ik", Pattern::ik,
                              "79eca0f8a583e558e3219b22fb5483c3f82f82ef2d5aa21bb1828021c3780501"},
                    FirstHash{"XxFallback", Pattern::xx_fallback,
                              "413766ac503c04676506bebddd691cfd5fe1087956a1150b2d235c16bd23512c"}),
    [](const auto& row) { return row.param.name; });

constexpr const char* kClientToServer =
    "f10d8344bf33545050601629f58c5b0fe21b913641d2eeb1f5b49d07a5a6cffe";
constexpr const char* kServerToClient =
    "d18c191f5a5bbf1a8f8b5d4713aebc66fb7335f082e1131687d8354d196d8b85";

TEST(HandshakeXx, GivesTheKnownAnswerInWhatsAppsForm) {
  const auto played = known_answer(kWhatsApp);
  ASSERT_TRUE(played && played->wire.size() == 3);
  EXPECT_EQ(to_hex(played->wire[1].static_key),
            "fad351e77ceb11c0a3c7a310c84044831d305ad1677bb5b736eff6f6392eee8c"
            "dc9e71ab200c437245ad235dd9ed1694");
  const auto client = played->sides.client.split();
  const auto server = played->sides.server.split();
  ASSERT_TRUE(client && server);
  EXPECT_EQ(to_hex(client->handshake_hash),
            "31679b279ab4643e922ff61d3232d7335d5fcd92eb3a815acadc041afb449acf");
  EXPECT_EQ(client->handshake_hash, server->handshake_hash);
  EXPECT_EQ(to_hex(client->send.key().reveal()), kClientToServer);
  EXPECT_EQ(to_hex(server->receive.key().reveal()), kClientToServer);
  EXPECT_EQ(to_hex(client->receive.key().reveal()), kServerToClient);
  EXPECT_EQ(to_hex(server->send.key().reveal()), kServerToClient);
}

TEST(HandshakeXx, GivesTheKnownAnswerInTheSpecificationsForm) {
  const auto played = known_answer(kSpecification);
  ASSERT_TRUE(played && played->wire.size() == 3);
  EXPECT_TRUE(to_hex(played->wire[1].static_key).ends_with("b4e596c437ae469d122a03cd9c9cd002"));
  const auto client = played->sides.client.split();
  ASSERT_TRUE(client);
  EXPECT_EQ(to_hex(client->handshake_hash),
            "a933781c754cf9206b156abfa8ac695723cd1eb63e892a9fe8e9411d7ce51386");
  EXPECT_EQ(to_hex(client->send.key().reveal()), kClientToServer);
  EXPECT_EQ(to_hex(client->receive.key().reveal()), kServerToClient);
}

struct Run {
  const char* name;
  Pattern pattern;
  Dialect dialect;
  std::vector<Bytes> payloads;
};
class Handshake : public testing::TestWithParam<Run> {
 protected:
  Result<TwoSides> sides() const { return two_sides(GetParam().pattern, GetParam().dialect); }
};

TEST_P(Handshake, AgreesAndCarriesFramesBothWays) {
  auto both = sides();
  ASSERT_TRUE(both) << both.error();
  ASSERT_FALSE(both->client.split()) << "not before the end";
  ASSERT_EQ(play(*both, GetParam().payloads).size(), GetParam().payloads.size());
  ASSERT_TRUE(both->client.finished() && both->server.finished());
  EXPECT_EQ(both->client.remote_static(), fixed_pair(4).public_key);
  EXPECT_EQ(both->server.remote_static(), fixed_pair(2).public_key);
  auto client = both->client.split();
  auto server = both->server.split();
  ASSERT_TRUE(client && server);
  for (const Bytes frame : {"one", "", "three"}) {
    const auto up = client->send.encrypt_with_ad("", frame);
    const auto down = server->send.encrypt_with_ad("", frame);
    ASSERT_TRUE(up && down);
    EXPECT_NE(*up, *down);
    EXPECT_EQ(server->receive.decrypt_with_ad("", *up), frame);
    EXPECT_EQ(client->receive.decrypt_with_ad("", *down), frame);
  }
  Rng rng(1);
  EXPECT_FALSE(both->client.write("more", rng));
  EXPECT_FALSE(both->server.read({}));
}

// Whatever is cut off, the reader refuses, stays as it was and then takes the whole message.
TEST_P(Handshake, RefusesEveryTruncationAndStaysAsItWas) {
  auto both = sides();
  ASSERT_TRUE(both);
  Rng rng(1);
  for (const auto& payload : GetParam().payloads) {
    const auto [writer, reader] = next_turn(*both);
    const auto message = writer->write_message(payload, rng);
    ASSERT_TRUE(message);
    const Bytes before = reader->handshake_hash();
    const bool clear = message->size() == kX25519Octets + payload.size();
    for (std::size_t size = 0; size < message->size(); ++size) {
      if (clear && size >= kX25519Octets) {
        continue;  // message 1 of XX is not authenticated: its payload may be shorter
      }
      ASSERT_FALSE(reader->read_message(message->substr(0, size))) << size;
      ASSERT_EQ(reader->handshake_hash(), before);
    }
    ASSERT_EQ(reader->read_message(*message), payload);
  }
}

// A changed bit is noticed at once, or, in the clear ephemeral of message 1, by the next message.
TEST_P(Handshake, RefusesEveryFlippedBit) {
  auto both = sides();
  ASSERT_TRUE(both);
  Rng rng(1);
  for (std::size_t at = 0; at < GetParam().payloads.size(); ++at) {
    const auto [writer, reader] = next_turn(*both);
    const auto message = writer->write_message(GetParam().payloads[at], rng);
    ASSERT_TRUE(message);
    const bool unauthenticated = at == 0 && GetParam().pattern == Pattern::xx;
    for (std::size_t bit = 0; !unauthenticated && bit < message->size() * 8; ++bit) {
      // Bit 255 of a coordinate is masked (RFC 7748 section 5), but h covers it.
      Bytes wrong = *message;
      wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ 1 << bit % 8);
      ASSERT_FALSE(reader->read_message(wrong)) << "message " << at + 1 << " bit " << bit;
    }
    ASSERT_EQ(reader->read_message(*message), GetParam().payloads[at]);
  }
}

TEST_P(Handshake, RefusesAnotherPrologue) {
  auto client = client_config(GetParam().pattern, GetParam().dialect);
  client.prologue = "WA\x05\x02";
  auto both = two_sides(client, server_config(GetParam().pattern, GetParam().dialect));
  ASSERT_TRUE(both);
  EXPECT_TRUE(play(*both, GetParam().payloads).empty());
}

TEST_P(Handshake, RefusesItsPeersTurn) {
  auto both = sides();
  ASSERT_TRUE(both);
  const auto [writer, reader] = next_turn(*both);
  Rng rng(1);
  const auto written = reader->write("", rng);
  const auto read = writer->read({});
  ASSERT_FALSE(written || read);
  EXPECT_EQ(written.error().code, Errc::refused);
  EXPECT_EQ(read.error().code, Errc::refused);
}

INSTANTIATE_TEST_SUITE_P(
    Runs, Handshake,
    testing::Values(Run{"XxWhatsApp", Pattern::xx, kWhatsApp, {"", "cert", "payload"}},
                    Run{"XxSpecification", Pattern::xx, kSpecification, {"", "cert", "payload"}},
                    Run{"XxWithPayloadInMessage1", Pattern::xx, kWhatsApp, {"a", "b", ""}},
                    Run{"Ik", Pattern::ik, kWhatsApp, {"login", ""}},
                    Run{"XxFallback", Pattern::xx_fallback, kWhatsApp, {"cert", "payload"}}),
    [](const auto& row) { return row.param.name; });

TEST(HandshakeIk, RefusesAClientThatKnowsAnotherServerKey) {
  auto client = client_config(Pattern::ik, kWhatsApp);
  client.remote_static = fixed_pair(9).public_key;
  auto sides = two_sides(client, server_config(Pattern::ik, kWhatsApp));
  ASSERT_TRUE(sides);
  EXPECT_TRUE(play(*sides, {"login", ""}).empty());
}

// TRN-015: the server cannot read message 1, both sides go on with XXfallback.
TEST(HandshakeIk, FallsBackWithTheEphemeralOfItsFirstMessage) {
  auto setup = client_config(Pattern::ik, kWhatsApp);
  setup.remote_static = fixed_pair(9).public_key;
  setup.local_ephemeral.reset();
  auto ik = two_sides(setup, server_config(Pattern::ik, kWhatsApp));
  ASSERT_TRUE(ik);
  EXPECT_FALSE(ik->client.fall_back(fixed_pair(1).public_key)) << "nothing was written yet";
  Rng rng(1);
  const auto hello = ik->client.write("login", rng);
  ASSERT_TRUE(hello);
  ASSERT_FALSE(ik->server.read(*hello));
  auto client = ik->client.fall_back(hello->ephemeral);
  auto server = ik->server.fall_back(hello->ephemeral);
  ASSERT_TRUE(client && server);
  TwoSides sides{.client = std::move(*client), .server = std::move(*server)};
  ASSERT_TRUE(sides.server.writes_next());
  ASSERT_EQ(play(sides, {"cert", "login"}).size(), 2U);
  EXPECT_EQ(sides.client.remote_static(), fixed_pair(4).public_key);
  EXPECT_EQ(sides.client.handshake_hash(), sides.server.handshake_hash());
  EXPECT_FALSE(sides.client.fall_back(hello->ephemeral)) << "only IK falls back";
}

struct BadParts {
  const char* name;
  std::size_t ephemeral;
  std::size_t static_key;
  Errc code;
};
class ServerHelloPieces : public testing::TestWithParam<BadParts> {};

// TRN-008. The sizes are those of the pieces that the client is given.
TEST_P(ServerHelloPieces, AreRefusedInAnotherSize) {
  auto sides = two_sides(Pattern::xx, kWhatsApp);
  ASSERT_TRUE(sides);
  Rng rng(1);
  ASSERT_TRUE(sides->server.read(sides->client.write("", rng).value_or(MessageParts{})));
  auto parts = sides->server.write("cert", rng);
  ASSERT_TRUE(parts);
  const MessageParts right = *parts;
  parts->ephemeral.resize(GetParam().ephemeral);
  parts->static_key.resize(GetParam().static_key);
  const auto read = sides->client.read(*parts);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, GetParam().code) << read.error();
  EXPECT_EQ(sides->client.read(right), "cert");
}

INSTANTIATE_TEST_SUITE_P(Sizes, ServerHelloPieces,
                         testing::Values(BadParts{"NoEphemeral", 0, 48, Errc::malformed},
                                         BadParts{"Ephemeral31", 31, 48, Errc::malformed},
                                         BadParts{"Ephemeral33", 33, 48, Errc::malformed},
                                         BadParts{"NoStatic", 32, 0, Errc::malformed},
                                         BadParts{"StaticInTheClear", 32, 32, Errc::malformed},
                                         BadParts{"Static49", 32, 49, Errc::malformed}),
                         [](const auto& row) { return row.param.name; });

TEST(HandshakeIk, RefusesAStaticKeyInItsAnswer) {
  auto sides = two_sides(Pattern::ik, kWhatsApp);
  ASSERT_TRUE(sides);
  Rng rng(1);
  ASSERT_TRUE(sides->server.read(sides->client.write("login", rng).value_or(MessageParts{})));
  auto parts = sides->server.write("", rng);
  ASSERT_TRUE(parts);
  parts->static_key = Bytes(48, 'x');
  const auto read = sides->client.read(*parts);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::malformed);
}

TEST(HandshakeXx, RefusesAnEphemeralOfSmallOrderUnlessItIsTolerated) {
  for (const auto low_order : {LowOrder::refuse, LowOrder::tolerate}) {
    Dialect dialect = kWhatsApp;
    dialect.low_order = low_order;
    auto server = HandshakeState::make(server_config(Pattern::xx, dialect));
    ASSERT_TRUE(server);
    ASSERT_TRUE(server->read({.ephemeral = Bytes(32, '\0'), .static_key = {}, .payload = {}}));
    Rng rng(1);
    const auto answer = server->write("cert", rng);
    ASSERT_EQ(answer.has_value(), low_order == LowOrder::tolerate);
    if (!answer) {
      EXPECT_EQ(answer.error().code, Errc::refused);
      EXPECT_TRUE(server->writes_next()) << "stays as it was";
    }
  }
}

struct BadConfig {
  const char* name;
  Config config;
  Errc code;
};
class HandshakeConfig : public testing::TestWithParam<BadConfig> {};

TEST_P(HandshakeConfig, IsRefusedWithoutTheKeysThatThePatternNeeds) {
  const auto state = HandshakeState::make(GetParam().config);
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, GetParam().code) << state.error();
}

Config without(Config config, std::optional<Bytes> Config::* key) {
  config.*key = std::nullopt;
  return config;
}

INSTANTIATE_TEST_SUITE_P(Configs, HandshakeConfig,
                         testing::Values(BadConfig{"NoStatic", Config{}, Errc::not_found},
                                         BadConfig{"IkWithoutServerKey",
                                                   without(client_config(Pattern::ik, kWhatsApp),
                                                           &Config::remote_static),
                                                   Errc::not_found},
                                         BadConfig{
                                             "FallbackWithoutClientsEphemeral",
                                             without(server_config(Pattern::xx_fallback, kWhatsApp),
                                                     &Config::remote_ephemeral),
                                             Errc::not_found}),
                         [](const auto& row) { return row.param.name; });

TEST(HandshakeXx, DrawsItsEphemeralFromTheSeed) {
  auto setup = client_config(Pattern::xx, kWhatsApp);
  setup.local_ephemeral.reset();
  std::vector<Bytes> drawn;
  for (const std::uint64_t seed : {1U, 1U, 2U}) {
    auto state = HandshakeState::make(setup);
    ASSERT_TRUE(state);
    Rng rng(seed);
    drawn.push_back(state->write("", rng).value_or(MessageParts{}).ephemeral);
  }
  EXPECT_EQ(drawn[0], drawn[1]);
  EXPECT_NE(drawn[0], drawn[2]);
}

TEST(HandshakeXx, RefusesAPayloadBeyondTheDialectsMessage) {
  auto sides = two_sides(Pattern::xx, kSpecification);
  ASSERT_TRUE(sides);
  Rng rng(1);
  ASSERT_TRUE(sides->server.read(sides->client.write("", rng).value_or(MessageParts{})));
  const auto beyond = sides->server.write(Bytes(65'535 - 32 - 48 - 16 + 1, 'x'), rng);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, Errc::too_large);
  const auto largest = sides->server.write_message(Bytes(65'535 - 32 - 48 - 16, 'x'), rng);
  ASSERT_TRUE(largest);
  EXPECT_EQ(largest->size(), 65'535U);
  EXPECT_TRUE(sides->client.read_message(*largest));
}

}  // namespace
}  // namespace parley::crypto::noise
