// SPDX-License-Identifier: GPL-3.0-or-later
// The vectors of another implementation, from the Debian package golang-github-flynn-noise-dev:
// XX and IK in the specification's form, with and without prologue and payloads. It has none for
// XXfallback; dissononce_test.cc answers for that.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "harness/crypto/noise/handshake_state.h"

namespace parley::crypto::noise {
namespace {

constexpr const char* kFile = "/usr/share/gocode/src/github.com/flynn/noise/vectors.txt";

using Vector = std::map<std::string, std::string>;

// Blocks of name=value lines, separated by empty lines.
std::vector<Vector> vectors_of(Pattern pattern) {
  std::ifstream file(kFile);
  std::vector<Vector> out;
  Vector block;
  std::string line;
  const auto keep = [&] {
    if (block["handshake"] == protocol_name(pattern)) {
      out.push_back(block);
    }
    block.clear();
  };
  while (std::getline(file, line)) {
    if (line.empty()) {
      keep();
    } else if (const auto equals = line.find('='); equals != std::string::npos) {
      block[line.substr(0, equals)] = line.substr(equals + 1);
    }
  }
  keep();
  return out;
}

Bytes octets(const Vector& vector, const std::string& name) {
  const auto at = vector.find(name);
  return at == vector.end() ? Bytes() : from_hex(at->second).value_or("not hex");
}

X25519KeyPair key_pair(const Vector& vector, const std::string& name) {
  return x25519_key_pair(octets(vector, name)).value_or(X25519KeyPair{});
}

Config config_of(const Vector& vector, Pattern pattern, Role role) {
  const bool initiator = role == Role::initiator;
  Config out{
      .pattern = pattern,
      .role = role,
      .prologue = octets(vector, "prologue"),
      .dialect = kSpecification,
      .local_static = key_pair(vector, initiator ? "init_static" : "resp_static"),
      .local_ephemeral = key_pair(vector, initiator ? "gen_init_ephemeral" : "gen_resp_ephemeral"),
      .remote_static = {},
      .remote_ephemeral = {}};
  if (initiator && pattern == Pattern::ik) {
    out.remote_static = key_pair(vector, "resp_static").public_key;
  }
  return out;
}

std::string message_name(std::size_t index, std::string_view part) {
  return "msg_" + std::to_string(index) + "_" + std::string(part);
}

// The handshake's messages; how many there were.
std::size_t play_handshake(const Vector& vector, HandshakeState& first, HandshakeState& second) {
  Rng rng(1);
  std::size_t at = 0;
  for (; !first.finished(); ++at) {
    auto& writer = first.writes_next() ? first : second;
    auto& reader = first.writes_next() ? second : first;
    const auto payload = octets(vector, message_name(at, "payload"));
    const auto message = writer.write_message(payload, rng);
    if (!message) {
      ADD_FAILURE() << message.error();
      break;
    }
    EXPECT_EQ(to_hex(*message), vector.at(message_name(at, "ciphertext"))) << at;
    EXPECT_EQ(reader.read_message(*message), payload) << at;
  }
  return at;
}

// The transport's messages alternate, beginning with the initiator.
std::size_t play_transport(const Vector& vector, std::size_t at, Transport& client,
                           Transport& server) {
  std::size_t count = 0;
  for (; vector.contains(message_name(at, "ciphertext")); ++at, ++count) {
    auto& writer = count % 2 == 0 ? client : server;
    auto& reader = count % 2 == 0 ? server : client;
    const auto payload = octets(vector, message_name(at, "payload"));
    const auto sealed = writer.send.encrypt_with_ad("", payload);
    if (!sealed) {
      ADD_FAILURE() << sealed.error();
      break;
    }
    EXPECT_EQ(to_hex(*sealed), vector.at(message_name(at, "ciphertext"))) << at;
    EXPECT_EQ(reader.receive.decrypt_with_ad("", *sealed), payload) << at;
  }
  return count;
}

constexpr std::size_t kOfAPattern = 4;

class NoiseVectors : public testing::TestWithParam<std::tuple<Pattern, std::size_t>> {};

TEST_P(NoiseVectors, AreMetOctetByOctet) {
  const auto [pattern, number] = GetParam();
  const auto vectors = vectors_of(pattern);
  ASSERT_EQ(vectors.size(), kOfAPattern) << "install what ci/packages lists: " << kFile;
  const auto& vector = vectors[number];
  auto client = HandshakeState::make(config_of(vector, pattern, Role::initiator));
  auto server = HandshakeState::make(config_of(vector, pattern, Role::responder));
  ASSERT_TRUE(client && server);
  const auto played = play_handshake(vector, *client, *server);
  auto client_keys = client->split();
  auto server_keys = server->split();
  ASSERT_TRUE(client_keys && server_keys);
  EXPECT_GE(play_transport(vector, played, *client_keys, *server_keys), 2U);
}

INSTANTIATE_TEST_SUITE_P(Patterns, NoiseVectors,
                         testing::Combine(testing::Values(Pattern::xx, Pattern::ik),
                                          testing::Range(std::size_t{0}, kOfAPattern)),
                         [](const auto& row) {
                           return (std::get<0>(row.param) == Pattern::xx ? "Xx" : "Ik") +
                                  std::to_string(std::get<1>(row.param));
                         });

}  // namespace
}  // namespace parley::crypto::noise
