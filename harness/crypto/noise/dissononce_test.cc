// SPDX-License-Identifier: GPL-3.0-or-later
// A second opinion on the handshakes: each side played by dissononce, another's Noise library
// (ci/peers/dissononce/peer.py), over pipes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <tuple>

#include "harness/crypto/noise/two_sides.h"

namespace parley::crypto::noise {
namespace {

constexpr int kDeadlineMs = 30'000;

// A child process that speaks lines of hex.
class Peer {
 public:
  explicit Peer(std::array<std::string, 3> arguments) {
    std::signal(SIGPIPE, SIG_IGN);  // a peer that died is seen at the next read
    std::array<int, 2> down{};
    std::array<int, 2> up{};
    if (pipe2(down.data(), O_CLOEXEC) != 0 || pipe2(up.data(), O_CLOEXEC) != 0) {
      return;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, down[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, up[1], STDOUT_FILENO);
    std::string python = "/usr/bin/python3";  // Debian's: another does not see its packages
    std::string script = PARLEY_SOURCE_DIR "/ci/peers/dissononce/peer.py";
    std::array<char*, 6> argv{python.data(),       script.data(),       arguments[0].data(),
                              arguments[1].data(), arguments[2].data(), nullptr};
    if (posix_spawn(&pid_, python.c_str(), &actions, nullptr, argv.data(), environ) != 0) {
      pid_ = -1;
    }
    posix_spawn_file_actions_destroy(&actions);
    close(down[0]);
    close(up[1]);
    in_ = down[1];
    out_ = up[0];
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    close(in_);
    close(out_);
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  bool send(std::string_view octets) const {
    const std::string line = to_hex(octets) + "\n";
    return write(in_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  }

  // The octets of the next line. Errors: io when there is none within the deadline; malformed.
  Result<Bytes> next() const {
    std::string line;
    char octet = 0;
    pollfd waiting{.fd = out_, .events = POLLIN, .revents = 0};
    while (octet != '\n') {
      if (poll(&waiting, 1, kDeadlineMs) != 1 || read(out_, &octet, 1) != 1) {
        return fail(Errc::io, "dissononce said nothing more after '" + line + "'");
      }
      line += octet;
    }
    return from_hex(line);
  }

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
};

const char* name_of(Pattern pattern) {
  switch (pattern) {
    case Pattern::xx:
      return "XX";
    case Pattern::ik:
      return "IK";
    case Pattern::xx_fallback:
      return "XXfallback";
  }
  return "";
}

Result<void> play(HandshakeState& own, const Peer& peer) {
  Rng rng(1);
  while (!own.finished()) {
    if (own.writes_next()) {
      const auto message = own.write_message("from parley", rng);
      if (!message || !peer.send(*message)) {
        return fail(Errc::io, "the message was not written");
      }
      continue;
    }
    const auto message = peer.next();
    if (!message) {
      return std::unexpected(message.error());
    }
    const auto payload = own.read_message(*message);
    if (!payload || *payload != "from dissononce") {
      return fail(Errc::refused, payload ? "another payload" : payload.error().detail);
    }
  }
  return {};
}

using Row = std::tuple<Pattern, Role, PayloadHashing>;
class Dissononce : public testing::TestWithParam<Row> {};

TEST_P(Dissononce, AgreesOnTheHandshakeAndOnBothKeys) {
  const auto [pattern, role, hashing] = GetParam();
  const bool whatsapp = hashing == PayloadHashing::only_when_keyed;
  const bool client = role == Role::initiator;
  const auto& dialect = whatsapp ? kWhatsApp : kSpecification;
  auto own = HandshakeState::make(client ? client_config(pattern, dialect)
                                         : server_config(pattern, dialect));
  ASSERT_TRUE(own) << own.error();
  const Peer peer({name_of(pattern), client ? "responder" : "initiator",
                   whatsapp ? "whatsapp" : "specification"});
  const auto played = play(*own, peer);
  ASSERT_TRUE(played) << played.error() << "; install what ci/packages lists";
  EXPECT_EQ(own->remote_static(), fixed_pair(client ? 4 : 2).public_key);
  auto keys = own->split();
  ASSERT_TRUE(keys);
  EXPECT_EQ(peer.next(), keys->handshake_hash);
  ASSERT_TRUE(peer.send(keys->send.encrypt_with_ad("", "frame").value_or("")));
  const auto answer = peer.next();
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ(keys->receive.decrypt_with_ad("", *answer), "frame");
}

INSTANTIATE_TEST_SUITE_P(
    Handshakes, Dissononce,
    testing::Combine(testing::Values(Pattern::xx, Pattern::ik, Pattern::xx_fallback),
                     testing::Values(Role::initiator, Role::responder),
                     testing::Values(PayloadHashing::always, PayloadHashing::only_when_keyed)),
    [](const auto& row) {
      return std::string(name_of(std::get<0>(row.param))) +
             (std::get<1>(row.param) == Role::initiator ? "_as_client_" : "_as_server_") +
             (std::get<2>(row.param) == PayloadHashing::always ? "specification" : "whatsapp");
    });

}  // namespace
}  // namespace parley::crypto::noise
