// SPDX-License-Identifier: GPL-3.0-or-later
// Session set-ups and messages a second through the interface, beside libsignal-protocol-c called
// by itself on the same kind of store and the same OpenSSL.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <utility>

#include "harness/crypto/signal/library_crypto.h"
#include "harness/crypto/signal/library_handles.h"
#include "harness/crypto/signal/library_stores.h"
#include "harness/crypto/signal/two_devices.h"

namespace parley::crypto::signal {
namespace {

constexpr std::string_view kText = "a message of some forty octets, as people do";

// A device on the library alone: its stores write straight through.
struct BareDevice {
  MemoryStore store;
  Device device;
  Rng rng;
  StoresView view;
  ContextPtr context;
  StoresPtr stores;

  explicit BareDevice(std::uint64_t seed) : rng(seed) {
    device = *make_device(store, 0, kMadeMs, rng);
    view = {.store = &store, .identity = &device.identity};
    signal_context* made = nullptr;
    signal_context_create(&made, nullptr);
    context.reset(made);
    const auto table = crypto_on_openssl(rng);
    signal_context_set_crypto_provider(made, &table);
    stores = stores_on(view, made);
  }
  PrekeyBundle bundle() const {
    return bundle_of(device.identity, DeviceId(0), device.signed_prekey, nullptr);
  }
};

signal_protocol_address address_of(const std::string& name) {
  return {.name = name.c_str(), .name_len = name.size(), .device_id = 0};
}

SignalPtr<ec_public_key> point(std::string_view key, signal_context* context) {
  const auto serialized = serialized_key(key);
  ec_public_key* out = nullptr;
  curve_decode_point(&out, unsigned_of(serialized), serialized.size(), context);
  return SignalPtr<ec_public_key>(out);
}

bool bare_start(BareDevice& device, const std::string& peer, const PrekeyBundle& bundle) {
  const auto identity = point(bundle.identity_key, device.context.get());
  const auto signed_prekey = point(bundle.signed_prekey, device.context.get());
  session_pre_key_bundle* made = nullptr;
  session_pre_key_bundle_create(&made, 1, 0, 0, nullptr, 1, signed_prekey.get(),
                                unsigned_of(bundle.signature), bundle.signature.size(),
                                identity.get());
  const SignalPtr<session_pre_key_bundle> offered(made);
  const auto address = address_of(peer);
  session_builder* builder = nullptr;
  session_builder_create(&builder, device.stores.get(), &address, device.context.get());
  const BuilderPtr owned(builder);
  return session_builder_process_pre_key_bundle(builder, made) == 0;
}

Message bare_encrypt(BareDevice& device, const std::string& peer) {
  const auto address = address_of(peer);
  session_cipher* cipher = nullptr;
  session_cipher_create(&cipher, device.stores.get(), &address, device.context.get());
  const CipherPtr owned(cipher);
  ciphertext_message* message = nullptr;
  if (session_cipher_encrypt(cipher, unsigned_of(kText), kText.size(), &message) < 0) {
    return {};
  }
  const SignalPtr<ciphertext_message> held(message);
  return {.kind = ciphertext_message_get_type(message) == CIPHERTEXT_PREKEY_TYPE
                      ? MessageKind::pkmsg
                      : MessageKind::msg,
          .octets = Bytes(view_of(ciphertext_message_get_serialized(message)))};
}

bool bare_decrypt(BareDevice& device, const std::string& peer, const Message& message) {
  const auto address = address_of(peer);
  session_cipher* cipher = nullptr;
  session_cipher_create(&cipher, device.stores.get(), &address, device.context.get());
  const CipherPtr owned(cipher);
  const auto* data = unsigned_of(message.octets);
  signal_buffer* text = nullptr;
  int code = 0;
  if (message.kind == MessageKind::pkmsg) {
    pre_key_signal_message* read = nullptr;
    pre_key_signal_message_deserialize(&read, data, message.octets.size(), device.context.get());
    const SignalPtr<pre_key_signal_message> held(read);
    code = session_cipher_decrypt_pre_key_signal_message(cipher, read, nullptr, &text);
  } else {
    signal_message* read = nullptr;
    signal_message_deserialize(&read, data, message.octets.size(), device.context.get());
    const SignalPtr<signal_message> held(read);
    code = session_cipher_decrypt_signal_message(cipher, read, nullptr, &text);
  }
  const BufferPtr plaintext(text);
  return code == 0;
}

// A session from the bundle to the first message read, each with a peer that is new.
void session_set_ups(benchmark::State& state) {
  TestDevice alice("alice", 1, 0);
  const TestDevice bob("bob", 2, 0);
  const auto bundle = bob.bundle();
  std::uint32_t device = 0;
  for (auto _ : state) {
    const Address to{.name = "bob", .device = DeviceId(++device)};
    const Address from{.name = "alice", .device = DeviceId(device)};
    const bool begun = alice.provider->start_session(to, bundle).has_value();
    const auto message = alice.provider->encrypt(to, kText);
    if (!begun || !message || !bob.provider->decrypt(from, *message)) {
      state.SkipWithError("no session");
      return;
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(session_set_ups);

void session_set_ups_bare(benchmark::State& state) {
  BareDevice alice(1);
  BareDevice bob(2);
  const auto bundle = bob.bundle();
  std::size_t count = 0;
  for (auto _ : state) {
    const auto name = std::to_string(++count);
    if (!bare_start(alice, name, bundle) || !bare_decrypt(bob, name, bare_encrypt(alice, name))) {
      state.SkipWithError("no session");
      return;
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(session_set_ups_bare);

// Messages encrypted and decrypted, all in one direction: no turn of the ratchet.
void messages(benchmark::State& state) {
  TestDevice alice("alice", 1, 0);
  const TestDevice bob("bob", 2, 0);
  bool right = alice.provider->start_session(bob.address, bob.bundle()).has_value();
  right =
      right && bob.provider->decrypt(alice.address, *alice.provider->encrypt(bob.address, kText));
  right =
      right && alice.provider->decrypt(bob.address, *bob.provider->encrypt(alice.address, kText));
  for (auto _ : state) {
    const auto message = alice.provider->encrypt(bob.address, kText);
    if (!right || !message || !bob.provider->decrypt(alice.address, *message)) {
      state.SkipWithError("not read");
      return;
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(messages);

void messages_bare(benchmark::State& state) {
  BareDevice alice(1);
  BareDevice bob(2);
  bool right = bare_start(alice, "bob", bob.bundle());
  right = right && bare_decrypt(bob, "alice", bare_encrypt(alice, "bob"));
  right = right && bare_decrypt(alice, "bob", bare_encrypt(bob, "alice"));
  for (auto _ : state) {
    if (!right || !bare_decrypt(bob, "alice", bare_encrypt(alice, "bob"))) {
      state.SkipWithError("not read");
      return;
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(messages_bare);

// Messages that take turns: each turns the ratchet, at two agreements and a new key.
void messages_by_turns(benchmark::State& state) {
  TestDevice alice("alice", 1, 0);
  const TestDevice bob("bob", 2, 0);
  const bool right = alice.provider->start_session(bob.address, bob.bundle()).has_value();
  for (auto _ : state) {
    const auto there = alice.provider->encrypt(bob.address, kText);
    const bool read = right && there && bob.provider->decrypt(alice.address, *there);
    const auto back = bob.provider->encrypt(alice.address, kText);
    if (!read || !back || !alice.provider->decrypt(bob.address, *back)) {
      state.SkipWithError("not read");
      return;
    }
  }
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(messages_by_turns);

void messages_by_turns_bare(benchmark::State& state) {
  BareDevice alice(1);
  BareDevice bob(2);
  const bool right = bare_start(alice, "bob", bob.bundle());
  for (auto _ : state) {
    if (!right || !bare_decrypt(bob, "alice", bare_encrypt(alice, "bob")) ||
        !bare_decrypt(alice, "bob", bare_encrypt(bob, "alice"))) {
      state.SkipWithError("not read");
      return;
    }
  }
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(messages_by_turns_bare);

}  // namespace
}  // namespace parley::crypto::signal
