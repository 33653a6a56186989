// SPDX-License-Identifier: GPL-3.0-or-later
// Target: crypto::noise, its handshakes, protobufs and certificate chain. Input: a letter for what
// is attacked (see attack()), 'x' or 'r', then octets that are laid over the honest ones (xor, the
// surplus appended) or stand in their place; after 'h', '2' or '3', the frames of a server's hello
// or of a client's finish.
// Oracles: a handshake message, a frame or a chain that was tampered with is refused and leaves its
// reader as it was; an untouched one is accepted; what the protobuf readers accept is written to
// what reads the same; why something is refused says nothing of a private key.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/oracle.h"
#include "fuzz/oracles/secrets.h"
#include "harness/crypto/noise/certificate_authority.h"
#include "harness/crypto/noise/handshake_message.h"
#include "harness/crypto/noise/two_sides.h"
#include "harness/wire/frame.h"

namespace {

using namespace parley;
using namespace parley::crypto::noise;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};

// One message of an honest run and its reader just before it.
struct Step {
  HandshakeState reader;
  Bytes message;
};

struct Run {
  std::vector<Step> steps;
  Transport server;
  Bytes frame;  // the client's first
};

Run honest_run(Pattern pattern, const Dialect& dialect) {
  auto sides = two_sides(pattern, dialect);
  PARLEY_ORACLE(sides);
  Rng rng(1);
  std::vector<Step> steps;
  while (!sides->client.finished()) {
    const auto [writer, reader] = next_turn(*sides);
    // The payload of message 1 of XX is in the clear and empty.
    const auto message =
        writer->write_message(steps.empty() && pattern == Pattern::xx ? "" : "payload", rng);
    PARLEY_ORACLE(message);
    steps.push_back({.reader = *reader, .message = *message});
    PARLEY_ORACLE(reader->read_message(*message));
  }
  auto client = sides->client.split();
  auto server = sides->server.split();
  PARLEY_ORACLE(client && server);
  const auto frame = client->send.encrypt_with_ad("", "frame");
  PARLEY_ORACLE(frame);
  return {.steps = std::move(steps), .server = std::move(*server), .frame = *frame};
}

struct Honest {
  Run xx = honest_run(Pattern::xx, kWhatsApp);
  Run xx_of_specification = honest_run(Pattern::xx, kSpecification);
  Run ik = honest_run(Pattern::ik, kWhatsApp);
  Run fallback = honest_run(Pattern::xx_fallback, kWhatsApp);
  ChainExpectation expected;
  Bytes chain;

  Honest() {
    const auto authority = ChainAuthority::make(Rng(1), kNow);
    PARLEY_ORACLE(authority);
    const auto server_static = fixed_pair(4).public_key;
    expected = {.root_key = authority->root_key(), .server_static = server_static, .now = kNow};
    chain = authority->issue(server_static, ChainKind::valid).value_or("");
  }
};

// Made once: it costs as much as a thousand inputs, and no input changes it.
const Honest& honest() {
  static const Honest made;
  return made;
}

// What the input makes of honest octets.
Bytes tampered(std::string_view honest_octets, char how, std::string_view octets) {
  if (how == 'r') {
    return Bytes(octets);
  }
  Bytes out(honest_octets);
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (i < honest_octets.size()) {
      out[i] = static_cast<char>(out[i] ^ octets[i]);
    } else {
      out += octets[i];
    }
  }
  return out;
}

void check_step(const Step& step, std::string_view message) {
  HandshakeState reader = step.reader;
  const auto payload = reader.read_message(message);
  PARLEY_ORACLE(payload.has_value() == (message == step.message));
  if (!payload) {
    PARLEY_ORACLE(reader.handshake_hash() == step.reader.handshake_hash());
    for (const char owner : {'\1', '\2', '\3', '\4'}) {
      PARLEY_ORACLE(!fuzz::says(payload.error().detail, Bytes(crypto::kX25519Octets, owner)));
    }
    PARLEY_ORACLE(reader.read_message(step.message));
  }
}

// Message 1 of XX is not authenticated by itself: the client notices in message 2. In WhatsApp's
// form it does not notice a payload that somebody added, since h does not cover it.
void check_first_of_xx(const Run& run, std::string_view message, const Dialect& dialect) {
  HandshakeState server = run.steps[0].reader;
  if (!server.read_message(message)) {
    PARLEY_ORACLE(message.size() < crypto::kX25519Octets ||
                  message.size() > dialect.max_message_octets);
    return;
  }
  Rng rng(1);
  const auto answer = server.write_message("payload", rng);
  if (!answer) {
    return;  // an ephemeral key of small order
  }
  const auto& right = run.steps[0].message;
  const bool untouched = dialect.hashing == PayloadHashing::always
                             ? message == right
                             : message.substr(0, crypto::kX25519Octets) == right;
  HandshakeState client = run.steps[1].reader;
  PARLEY_ORACLE(client.read_message(*answer).has_value() == untouched);
}

void check_frame(const Run& run, std::string_view frame) {
  CipherState receiver = run.server.receive;
  const auto text = receiver.decrypt_with_ad("", frame);
  PARLEY_ORACLE(text.has_value() == (frame == run.frame));
  PARLEY_ORACLE(receiver.nonce() == (text ? 1U : 0U));
}

void check_chain(std::string_view octets) {
  const auto verified = verify_chain(octets, honest().expected);
  if (octets == honest().chain) {
    PARLEY_ORACLE(verified);
    return;
  }
  if (!verified) {
    return;
  }
  // Something beside what is signed was changed, or the same was written in another way.
  const auto parsed = parse_certificate_chain(octets);
  const auto right = parse_certificate_chain(honest().chain);
  PARLEY_ORACLE(parsed && right);
  const auto same = [](const Certificate& one, const Certificate& other) {
    // Nobody but the issuer makes another signature of the same details.
    return one.details == other.details && one.signature == other.signature;
  };
  PARLEY_ORACLE(same(*parsed->leaf, *right->leaf));
  PARLEY_ORACLE(same(*parsed->intermediate, *right->intermediate));
}

void check_protobufs(std::string_view octets) {
  if (const auto fields = protobuf::read_fields(octets)) {
    PARLEY_ORACLE(protobuf::write_fields(*fields) == octets);
  }
  if (const auto message = parse_handshake_message(octets)) {
    PARLEY_ORACLE(parse_handshake_message(write(*message)) == *message);
  }
  if (const auto chain = parse_certificate_chain(octets)) {
    PARLEY_ORACLE(parse_certificate_chain(write(*chain)) == *chain);
  }
  if (const auto details = parse_certificate_details(octets)) {
    PARLEY_ORACLE(parse_certificate_details(write(*details)) == *details);
  }
}

// The pieces of a message that begins with `clear` octets of a key and `sealed` ones of another.
MessageParts parts_of(std::string_view message, std::size_t clear, std::size_t sealed) {
  return {.ephemeral = Bytes(message.substr(0, clear)),
          .static_key = Bytes(message.substr(clear, sealed)),
          .payload = Bytes(message.substr(clear + sealed))};
}

// A server's hello or a client's finish, each in its frame: what else is there is passed over.
void check_framed(char which, std::string_view stream) {
  const bool hello = which == '2';
  const auto& step = honest().xx.steps[hello ? 1 : 2];
  const auto right = parts_of(step.message, hello ? 32 : 0, 48);
  wire::FrameReader reader(wire::Opening::none);
  for (const auto& item : reader.feed(stream)) {
    const auto* frame = std::get_if<wire::Frame>(&item);
    const auto message = parse_handshake_message(frame == nullptr ? "" : frame->payload);
    if (!message ||
        !(hello ? message->server_hello.has_value() : message->client_finish.has_value())) {
      continue;
    }
    const auto parts = hello ? to_parts(*message->server_hello) : to_parts(*message->client_finish);
    HandshakeState state = step.reader;
    PARLEY_ORACLE(state.read(parts).has_value() == (parts == right));
    if (parts != right) {
      PARLEY_ORACLE(state.handshake_hash() == step.reader.handshake_hash());
      PARLEY_ORACLE(state.read(right));
    }
  }
}

void attack_step(const Step& step, char how, std::string_view octets) {
  check_step(step, tampered(step.message, how, octets));
}

void attack(char what, char how, std::string_view octets) {
  const Honest& right = honest();
  switch (what) {
    case '1':
      return check_first_of_xx(right.xx, tampered(right.xx.steps[0].message, how, octets),
                               kWhatsApp);
    case '2':
      return attack_step(right.xx.steps[1], how, octets);
    case '3':
      return attack_step(right.xx.steps[2], how, octets);
    case 's':
      return check_first_of_xx(right.xx_of_specification,
                               tampered(right.xx_of_specification.steps[0].message, how, octets),
                               kSpecification);
    case 'i':
      return attack_step(right.ik.steps[0], how, octets);
    case 'k':
      return attack_step(right.ik.steps[1], how, octets);
    case 'f':
      return attack_step(right.fallback.steps[0], how, octets);
    case 'g':
      return attack_step(right.fallback.steps[1], how, octets);
    case 't':
      return check_frame(right.xx, tampered(right.xx.frame, how, octets));
    case 'c':
      return check_chain(tampered(right.chain, how, octets));
    case 'h':
      return check_framed(how, octets);
    default:
      return check_protobufs(octets);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.size() < 2) {
    return 0;
  }
  attack(input[0], input[1], input.substr(2));
  return 0;
}
