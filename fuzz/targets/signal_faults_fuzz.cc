// SPDX-License-Identifier: GPL-3.0-or-later
// Target: libsignal-protocol-c, when what it stands on fails. Input: three octets: what is done
// (0 a session is begun, 1 a message is encrypted, 2 a first one is decrypted, 3 a later one), the
// how manieth call of the cryptography fails, the how manieth of the store; 0: none does.
// Oracles: what met a failure is refused, and what did not is not; afterwards the same succeeds on
// the store as it was, and every object was given back (the leak check sees the rest).
#include <cstdint>
#include <memory>
#include <string>

#include "fuzz/oracle.h"
#include "harness/crypto/signal/library_crypto.h"
#include "harness/crypto/signal/library_handles.h"
#include "harness/crypto/signal/library_stores.h"
#include "harness/crypto/signal/two_devices.h"

namespace {

using namespace parley;
using namespace parley::crypto::signal;

// Counts calls down to the one that fails.
struct Countdown {
  unsigned left = 0;  // 0: nothing fails
  bool met = false;

  bool now() {
    const bool fails = left == 1;
    left -= left > 0 ? 1 : 0;
    met = met || fails;
    return fails;
  }
};

Rng rng(1);
Countdown crypto_calls;
signal_crypto_provider honest_crypto;

int random_octets(std::uint8_t* data, std::size_t size, void* user) {
  return crypto_calls.now() ? SG_ERR_UNKNOWN : honest_crypto.random_func(data, size, user);
}
int hmac_init(void** context, const std::uint8_t* key, std::size_t size, void* user) {
  if (crypto_calls.now()) {
    *context = nullptr;  // the library gives back what it never had (FINDINGS.md)
    return SG_ERR_NOMEM;
  }
  return honest_crypto.hmac_sha256_init_func(context, key, size, user);
}
int hmac_update(void* context, const std::uint8_t* data, std::size_t size, void* user) {
  return crypto_calls.now() ? SG_ERR_UNKNOWN
                            : honest_crypto.hmac_sha256_update_func(context, data, size, user);
}
int hmac_final(void* context, signal_buffer** out, void* user) {
  return crypto_calls.now() ? SG_ERR_UNKNOWN
                            : honest_crypto.hmac_sha256_final_func(context, out, user);
}
int encrypt(signal_buffer** out, int cipher, const std::uint8_t* key, std::size_t key_size,
            const std::uint8_t* iv, std::size_t iv_size, const std::uint8_t* text,
            std::size_t text_size, void* user) {
  return crypto_calls.now() ? SG_ERR_UNKNOWN
                            : honest_crypto.encrypt_func(out, cipher, key, key_size, iv, iv_size,
                                                         text, text_size, user);
}
int decrypt(signal_buffer** out, int cipher, const std::uint8_t* key, std::size_t key_size,
            const std::uint8_t* iv, std::size_t iv_size, const std::uint8_t* text,
            std::size_t text_size, void* user) {
  return crypto_calls.now() ? SG_ERR_UNKNOWN
                            : honest_crypto.decrypt_func(out, cipher, key, key_size, iv, iv_size,
                                                         text, text_size, user);
}

signal_context* failing_context() {
  static const ContextPtr made = [] {
    signal_context* out = nullptr;
    PARLEY_ORACLE(signal_context_create(&out, nullptr) == 0);
    honest_crypto = crypto_on_openssl(rng);
    auto table = honest_crypto;
    table.random_func = random_octets;
    table.hmac_sha256_init_func = hmac_init;
    table.hmac_sha256_update_func = hmac_update;
    table.hmac_sha256_final_func = hmac_final;
    table.encrypt_func = encrypt;
    table.decrypt_func = decrypt;
    PARLEY_ORACLE(signal_context_set_crypto_provider(out, &table) == 0);
    return ContextPtr(out);
  }();
  return made.get();
}

class FailingStore final : public Store {
 public:
  FailingStore(Store& below, unsigned which) : below_(below) { calls_.left = which; }
  bool met() const { return calls_.met; }

  Result<std::optional<SecretBytes>> load(const std::string& name) const override {
    return calls_.now() ? fail(Errc::io, "a fault") : below_.load(name);
  }
  Result<void> save(const std::string& name, const SecretBytes& record) override {
    return calls_.now() ? fail(Errc::io, "a fault") : below_.save(name, record);
  }
  Result<void> remove(const std::string& name) override {
    return calls_.now() ? fail(Errc::io, "a fault") : below_.remove(name);
  }
  Result<std::vector<std::string>> names(std::string_view prefix) const override {
    return below_.names(prefix);
  }

 private:
  Store& below_;
  mutable Countdown calls_;
};

// Bob's three states, and what Alice sent for each.
struct Sides {
  TestDevice alice{"alice", 1};
  TestDevice bob{"bob", 2};
  Message first;
  Transaction begun{bob.store};  // after the first
  Message later;

  Sides() {
    PARLEY_ORACLE(alice.provider->start_session(bob.address, bob.bundle()));
    auto sent = alice.provider->encrypt(bob.address, "first");
    PARLEY_ORACLE(sent);
    first = *sent;
    const auto reader = make_library_provider(begun, Rng(3));
    PARLEY_ORACLE(reader && (*reader)->decrypt(alice.address, first));
    // An answer turns Alice's ratchet, so that her next message makes Bob begin a chain.
    const auto answer = (*reader)->encrypt(alice.address, "answer");
    PARLEY_ORACLE(answer && alice.provider->decrypt(bob.address, *answer));
    sent = alice.provider->encrypt(bob.address, "later");
    PARLEY_ORACLE(sent && sent->kind == MessageKind::msg);
    later = *sent;
  }
};

Sides& sides() {
  static Sides out;
  return out;
}

int begin(signal_protocol_store_context* stores, const signal_protocol_address& address) {
  const auto bundle = sides().alice.bundle();
  const auto point = [](std::string_view key) {
    ec_public_key* out = nullptr;
    const auto octets = serialized_key(key);
    PARLEY_ORACLE(curve_decode_point(&out, unsigned_of(octets), octets.size(), failing_context()) ==
                  0);
    return SignalPtr<ec_public_key>(out);
  };
  const auto identity = point(bundle.identity_key);
  const auto signed_prekey = point(bundle.signed_prekey);
  const auto one_time = point(bundle.one_time->key);
  session_pre_key_bundle* made = nullptr;
  PARLEY_ORACLE(session_pre_key_bundle_create(
                    &made, static_cast<std::uint32_t>(bundle.registration), 0,
                    static_cast<std::uint32_t>(bundle.one_time->id), one_time.get(),
                    static_cast<std::uint32_t>(bundle.signed_prekey_id), signed_prekey.get(),
                    unsigned_of(bundle.signature), bundle.signature.size(), identity.get()) == 0);
  const SignalPtr<session_pre_key_bundle> offered(made);
  session_builder* builder = nullptr;
  PARLEY_ORACLE(session_builder_create(&builder, stores, &address, failing_context()) == 0);
  const BuilderPtr owned(builder);
  return session_builder_process_pre_key_bundle(builder, made);
}

int send(session_cipher* cipher) {
  ciphertext_message* made = nullptr;
  const int code = session_cipher_encrypt(cipher, unsigned_of("text"), 4, &made);
  const SignalPtr<ciphertext_message> owned(code < 0 ? nullptr : made);
  return code;
}

int read_first(session_cipher* cipher) {
  const auto& octets = sides().first.octets;
  pre_key_signal_message* made = nullptr;
  int code = pre_key_signal_message_deserialize(&made, unsigned_of(octets), octets.size(),
                                                failing_context());
  PARLEY_ORACLE(code == 0);
  const SignalPtr<pre_key_signal_message> message(made);
  signal_buffer* text = nullptr;
  code = session_cipher_decrypt_pre_key_signal_message(cipher, made, nullptr, &text);
  const BufferPtr owned(code < 0 ? nullptr : text);
  PARLEY_ORACLE(code < 0 || view_of(text) == "first");
  return code;
}

int read_later(session_cipher* cipher) {
  const auto& octets = sides().later.octets;
  signal_message* made = nullptr;
  int code =
      signal_message_deserialize(&made, unsigned_of(octets), octets.size(), failing_context());
  PARLEY_ORACLE(code == 0);
  const SignalPtr<signal_message> message(made);
  signal_buffer* text = nullptr;
  code = session_cipher_decrypt_signal_message(cipher, made, nullptr, &text);
  const BufferPtr owned(code < 0 ? nullptr : text);
  PARLEY_ORACLE(code < 0 || view_of(text) == "later");
  return code;
}

// Bob does it on `store`.
int done(unsigned what, Store& store) {
  StoresView view{.store = &store, .identity = &sides().bob.device.identity};
  const auto stores = stores_on(view, failing_context());
  const auto& name = sides().alice.address.name;
  const signal_protocol_address address{
      .name = name.c_str(), .name_len = name.size(), .device_id = 0};
  if (what == 0) {
    return begin(stores.get(), address);
  }
  session_cipher* made = nullptr;
  PARLEY_ORACLE(session_cipher_create(&made, stores.get(), &address, failing_context()) == 0);
  const CipherPtr cipher(made);
  return what == 1 ? send(made) : what == 2 ? read_first(made) : read_later(made);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) {
    return 0;
  }
  const unsigned what = data[0] % 4;
  Store& below = what == 1 || what == 3 ? static_cast<Store&>(sides().begun) : sides().bob.store;
  rng = Rng(1);
  Transaction lost(below);
  FailingStore store(lost, data[2]);
  crypto_calls = {.left = data[1]};
  const int code = done(what, store);
  const bool met = store.met() || crypto_calls.met;
  crypto_calls = {};
  PARLEY_ORACLE(met == (code < 0));
  Transaction again(below);
  PARLEY_ORACLE(done(what, again) >= 0);
  return 0;
}
