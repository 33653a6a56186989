// SPDX-License-Identifier: GPL-3.0-or-later
// The two forms of message 1 of XX (TRN-007).
#include <gtest/gtest.h>

#include <utility>

#include "harness/crypto/digest.h"
#include "harness/crypto/noise/handshake_state.h"
#include "harness/crypto/noise/two_sides.h"

namespace parley::crypto::noise {
namespace {

TEST(PayloadHashing, RefusesTheOtherFormOfMessage1) {
  for (const auto& [client, server] :
       {std::pair(kWhatsApp, kSpecification), std::pair(kSpecification, kWhatsApp)}) {
    auto sides = two_sides(client_config(Pattern::xx, client), server_config(Pattern::xx, server));
    ASSERT_TRUE(sides);
    Rng rng(1);
    ASSERT_TRUE(sides->server.read(sides->client.write("", rng).value_or(MessageParts{})));
    const auto answer = sides->server.write("cert", rng);
    ASSERT_TRUE(answer);
    const auto read = sides->client.read(*answer);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::bad_signature);
  }
}

// What leaving the payload out of h costs: somebody on the way can add one, and neither side
// notices. In the specification's form the client does.
TEST(PayloadHashing, DoesNotNoticeAPayloadAddedToMessage1InWhatsAppsForm) {
  for (const auto& dialect : {kWhatsApp, kSpecification}) {
    auto sides = two_sides(Pattern::xx, dialect);
    ASSERT_TRUE(sides);
    Rng rng(1);
    const auto hello = sides->client.write_message("", rng);
    ASSERT_TRUE(hello);
    EXPECT_EQ(sides->server.read_message(*hello + "added"), "added");
    const auto answer = sides->server.write("cert", rng);
    ASSERT_TRUE(answer);
    EXPECT_EQ(sides->client.read(*answer).has_value(),
              dialect.hashing == PayloadHashing::only_when_keyed);
  }
}

// A client that tries both finds its server's form in message 2.
TEST(PayloadHashing, TellsTheServersForm) {
  Dialect either = kWhatsApp;
  either.else_try = PayloadHashing::always;
  for (const auto& server : {kWhatsApp, kSpecification}) {
    auto sides = two_sides(client_config(Pattern::xx, either), server_config(Pattern::xx, server));
    ASSERT_TRUE(sides);
    EXPECT_FALSE(sides->client.hashing_seen());
    ASSERT_EQ(play(*sides, {"", "cert", "payload"}).size(), 3U);
    EXPECT_EQ(sides->client.hashing_seen(), server.hashing);
    EXPECT_EQ(sides->client.handshake_hash(), sides->server.handshake_hash());
  }
}

TEST(PayloadHashing, TellsTheFormOfAClientThatGoesOn) {
  Dialect either = kWhatsApp;
  either.else_try = PayloadHashing::always;
  auto sides = two_sides(client_config(Pattern::xx, kWhatsApp), server_config(Pattern::xx, either));
  ASSERT_TRUE(sides);
  ASSERT_EQ(play(*sides, {"", "cert", "payload"}).size(), 3U);
  EXPECT_EQ(sides->server.hashing_seen(), PayloadHashing::only_when_keyed);
}

// A client in the specification's form that hashes message 2 without checking its tags.
class BlindClient {
 public:
  void mix_hash(std::string_view text) { hash_ = sha256(hash_ + Bytes(text)); }
  void mix_key(const X25519KeyPair& own, const Bytes& peer) {
    const auto secret = x25519(own.private_key, peer, LowOrder::refuse).value_or(SecretBytes());
    const auto keys = hkdf_sha256({.salt = chaining_key_.reveal(),
                                   .key_material = secret.reveal(),
                                   .info = "",
                                   .octets = 64});
    chaining_key_ = SecretBytes(keys.reveal().substr(0, 32));
    cipher_.initialize_key(SecretBytes(keys.reveal().substr(32)));
  }
  void step_over() { cipher_.set_nonce(cipher_.nonce() + 1); }
  Bytes seal(std::string_view text) {
    const Bytes sealed = cipher_.encrypt_with_ad(hash_, text).value_or("");
    mix_hash(sealed);
    return sealed;
  }

 private:
  static Bytes first_hash() {
    Bytes out(protocol_name(Pattern::xx));
    out.resize(32, '\0');
    return out;
  }
  Bytes hash_ = first_hash();
  SecretBytes chaining_key_{first_hash()};
  CipherState cipher_{kSpecification};
};

// Its message 3 is authentic under its own form only, and the server finds it there.
TEST(PayloadHashing, TellsTheFormOfAClientThatIgnoredTheTagsOfMessage2) {
  Dialect either = kWhatsApp;
  either.else_try = PayloadHashing::always;
  auto server = HandshakeState::make(server_config(Pattern::xx, either));
  ASSERT_TRUE(server);
  const auto ephemeral = fixed_pair(1);
  Rng rng(1);
  ASSERT_TRUE(server->read({.ephemeral = ephemeral.public_key, .static_key = {}, .payload = {}}));
  const auto answer = server->write("cert", rng);
  ASSERT_TRUE(answer);

  BlindClient client;
  client.mix_hash(kIntro);
  client.mix_hash(ephemeral.public_key);
  client.mix_hash("");  // what only the specification's form does
  client.mix_hash(answer->ephemeral);
  client.mix_key(ephemeral, answer->ephemeral);
  client.mix_hash(answer->static_key);
  client.mix_key(ephemeral, fixed_pair(4).public_key);
  client.mix_hash(answer->payload);
  client.step_over();
  MessageParts finish{
      .ephemeral = {}, .static_key = client.seal(fixed_pair(2).public_key), .payload = {}};
  client.mix_key(fixed_pair(2), answer->ephemeral);
  finish.payload = client.seal("login");

  EXPECT_EQ(server->read(finish), "login");
  EXPECT_EQ(server->hashing_seen(), PayloadHashing::always);
}

TEST(PayloadHashing, IsNotToldWhereTheFormsDoNotDiffer) {
  auto sides = two_sides(Pattern::ik, kWhatsApp);
  ASSERT_TRUE(sides);
  ASSERT_EQ(play(*sides, {"login", ""}).size(), 2U);
  EXPECT_FALSE(sides->client.hashing_seen());
}

}  // namespace
}  // namespace parley::crypto::noise
