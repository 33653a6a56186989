// SPDX-License-Identifier: GPL-3.0-or-later
// Full Noise XX handshakes in WhatsApp's form, both sides counted, the certificate chain verified;
// and what they are made of, beside X25519 as OpenSSL alone does it.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <chrono>
#include <utility>

#include "harness/crypto/noise/certificate_authority.h"
#include "harness/crypto/noise/handshake_message.h"
#include "harness/crypto/noise/two_sides.h"
#include "harness/crypto/xeddsa.h"

namespace parley::crypto::noise {
namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};

const ChainAuthority& authority() {
  static const auto made = ChainAuthority::make(Rng(1), kNow);
  return *made;
}
const Bytes& server_static() {
  static const Bytes key = fixed_pair(4).public_key;
  return key;
}
const Bytes& chain() {
  static const Bytes made = authority().issue(server_static(), ChainKind::valid).value_or("");
  return made;
}
ChainExpectation expected() {
  return {.root_key = authority().root_key(), .server_static = server_static(), .now = kNow};
}

Config fresh(Config config) {
  config.local_ephemeral.reset();
  return config;
}

// False when a side refuses.
bool shake_hands(const Config& client_side, const Config& server_side, Rng& rng) {
  auto sides = two_sides(client_side, server_side);
  if (!sides) {
    return false;
  }
  auto& [client, server] = *sides;
  const auto hello = parse_handshake_message(write(client_hello(*client.write("", rng))));
  if (!hello || !server.read(to_parts(*hello->client_hello))) {
    return false;
  }
  const auto answer = parse_handshake_message(write(server_hello(*server.write(chain(), rng))));
  const auto certificates =
      answer ? client.read(to_parts(*answer->server_hello)) : Result<Bytes>(Bytes());
  if (!certificates || !verify_chain(*certificates, expected())) {
    return false;
  }
  const auto finish =
      parse_handshake_message(write(client_finish(*client.write(Bytes(100, 'p'), rng))));
  return finish && server.read(to_parts(*finish->client_finish)) && client.split() &&
         server.split();
}

void xx_handshakes(benchmark::State& state) {
  const auto client = fresh(client_config(Pattern::xx, kWhatsApp));
  const auto server = fresh(server_config(Pattern::xx, kWhatsApp));
  Rng rng(1);
  for (auto _ : state) {
    if (!shake_hands(client, server, rng)) {
      state.SkipWithError("the handshake was refused");
      return;
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(xx_handshakes);

void x25519_of_openssl(benchmark::State& state) {
  const Bytes own_octets(kX25519Octets, 1);
  const Bytes peer_octets = fixed_pair(2).public_key;
  const auto raw = [](const Bytes& octets) {
    return reinterpret_cast<const unsigned char*>(octets.data());
  };
  EVP_PKEY* own =
      EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, raw(own_octets), kX25519Octets);
  EVP_PKEY* peer =
      EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, raw(peer_octets), kX25519Octets);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(own, nullptr);
  EVP_PKEY_derive_init(context);
  EVP_PKEY_derive_set_peer(context, peer);
  unsigned char secret[kX25519Octets];
  for (auto _ : state) {
    std::size_t size = sizeof secret;
    benchmark::DoNotOptimize(EVP_PKEY_derive(context, secret, &size));
  }
  state.SetItemsProcessed(state.iterations());
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(peer);
  EVP_PKEY_free(own);
}
BENCHMARK(x25519_of_openssl);

void x25519_agreements(benchmark::State& state) {
  const auto own = fixed_pair(1);
  const auto peer = fixed_pair(2).public_key;
  for (auto _ : state) {
    benchmark::DoNotOptimize(x25519(own.private_key, peer, LowOrder::refuse));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(x25519_agreements);

void x25519_key_pairs(benchmark::State& state) {
  Rng rng(1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(x25519_key_pair(rng));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(x25519_key_pairs);

void chains_verified(benchmark::State& state) {
  const auto wanted = expected();
  for (auto _ : state) {
    benchmark::DoNotOptimize(verify_chain(chain(), wanted));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(chains_verified);

void chains_issued(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(authority().issue(server_static(), ChainKind::valid));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(chains_issued);

void transport_frames(benchmark::State& state) {
  Rng rng(1);
  CipherState cipher(kWhatsApp);
  cipher.initialize_key(SecretBytes(Bytes(32, 1)));
  const Bytes text = rng.octets(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(cipher.encrypt_with_ad("", text));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(transport_frames)->Arg(300)->Arg(64 * 1024);

}  // namespace
}  // namespace parley::crypto::noise
