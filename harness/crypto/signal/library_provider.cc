// SPDX-License-Identifier: GPL-3.0-or-later
// libsignal-protocol-c 2.3.3 behind provider.h. What it does that the interface must mend: it
// trusts the identity key of a first pkmsg before it has checked the MAC, and its changes come one
// by one. All of them go into a transaction that only success commits.
#include <functional>
#include <utility>

#include "harness/crypto/signal/library_crypto.h"
#include "harness/crypto/signal/library_handles.h"
#include "harness/crypto/signal/library_stores.h"
#include "harness/crypto/signal/message.h"
#include "harness/crypto/signal/peer_identity.h"
#include "harness/crypto/signal/provider.h"
#include "harness/crypto/signal/records.h"
#include "harness/crypto/xeddsa.h"

namespace parley::crypto::signal {
namespace {

// What the library was doing when it failed: a code means another thing at another stage.
enum class Stage { read_message, decrypt, encrypt, bundle };

Refusal reason_of_invalid(Stage stage) {
  return stage == Stage::read_message ? Refusal::encoding : Refusal::message;
}

Refusal reason_of_unknown(Stage stage) {
  switch (stage) {
    case Stage::decrypt:
      return Refusal::padding;  // what the cipher's callback says, and nothing else does
    case Stage::encrypt:
      return Refusal::session;  // a fresh record has no chain to send with
    case Stage::read_message:
    case Stage::bundle:
      return Refusal::other;
  }
  return Refusal::other;
}

Refusal reason_of(int code, Stage stage) {
  switch (code) {
    case SG_ERR_DUPLICATE_MESSAGE:
      return Refusal::duplicate;
    case SG_ERR_INVALID_KEY:
      return stage == Stage::bundle ? Refusal::signature : Refusal::key;
    case SG_ERR_INVALID_KEY_ID:
      return Refusal::prekey;
    case SG_ERR_INVALID_MAC:
    case SG_ERR_INVALID_MESSAGE:
      return reason_of_invalid(stage);
    case SG_ERR_INVALID_VERSION:
    case SG_ERR_LEGACY_MESSAGE:
      return Refusal::version;
    case SG_ERR_NO_SESSION:
      return Refusal::session;
    case SG_ERR_UNTRUSTED_IDENTITY:
      return Refusal::identity;
    case SG_ERR_INVALID_PROTO_BUF:
      return Refusal::encoding;
    case SG_ERR_INVAL:
      return stage == Stage::bundle ? Refusal::signature : Refusal::encoding;
    case SG_ERR_UNKNOWN:
      return reason_of_unknown(stage);
    default:
      return code < SG_ERR_MINIMUM ? Refusal::store : Refusal::other;
  }
}

std::unexpected<Failure> failed(int code, Stage stage) {
  return refuse(reason_of(code, stage), "libsignal-protocol-c: code " + std::to_string(code));
}

std::unexpected<Failure> store_failed(const Error& error) {
  return refuse(Refusal::store, error.detail);
}

// The library has a code of its own for versions 0 and 1 alone.
std::unexpected<Failure> unread(int code, Stage stage, std::string_view octets) {
  auto out = failed(code, stage);
  const auto version =
      octets.empty() ? kMessageVersion : static_cast<std::uint8_t>(octets[0]) >> 4U;
  if (version != kMessageVersion) {
    out.error().reason = Refusal::version;
  }
  return out;
}

struct LibraryAddress {
  explicit LibraryAddress(const Address& peer)
      : name(peer.name),
        value{.name = name.c_str(),
              .name_len = name.size(),
              .device_id = static_cast<std::int32_t>(peer.device)} {}
  LibraryAddress(const LibraryAddress&) = delete;  // `value` points into it
  LibraryAddress& operator=(const LibraryAddress&) = delete;

  std::string name;
  signal_protocol_address value;
};

class LibraryProvider final : public Provider {
 public:
  LibraryProvider(Store& store, Identity identity, Rng rng)
      : store_(store), identity_(std::move(identity)), rng_(rng) {
    view_.identity = &identity_;
  }

  bool begin() {
    signal_context* made = nullptr;
    if (signal_context_create(&made, nullptr) < 0) {
      return false;
    }
    context_.reset(made);
    const auto crypto = crypto_on_openssl(rng_);
    if (signal_context_set_crypto_provider(made, &crypto) < 0) {
      return false;
    }
    stores_ = stores_on(view_, made);
    return stores_ != nullptr;
  }

  Outcome<void> start_session(const Address& peer, const PrekeyBundle& bundle) override;
  Outcome<Message> encrypt(const Address& peer, std::string_view plaintext) override;
  Outcome<Bytes> decrypt(const Address& peer, const Message& message) override;
  Outcome<std::optional<Bytes>> known_identity(const Address& peer) const override {
    return known_identity_in(store_, peer);
  }
  Outcome<void> set_identity(const Address& peer, const std::optional<Bytes>& key) override {
    return set_identity_in(store_, peer, key);
  }

 private:
  Outcome<SignalPtr<ec_public_key>> point(std::string_view key) const;
  Outcome<SignalPtr<session_pre_key_bundle>> bundle_for(const PrekeyBundle& bundle) const;
  Outcome<CipherPtr> cipher_with(const LibraryAddress& peer);
  Outcome<BufferPtr> decrypt_msg(session_cipher* cipher, std::string_view octets);
  Outcome<BufferPtr> decrypt_pkmsg(session_cipher* cipher, std::string_view octets);
  // Runs `call` on a transaction, which is committed when it succeeds.
  template <class T>
  Outcome<T> within_transaction(const std::function<Outcome<T>()>& call);

  Store& store_;
  Identity identity_;
  Rng rng_;  // the context draws from it
  StoresView view_;
  ContextPtr context_;
  StoresPtr stores_;  // after the context: it goes first
};

template <class T>
Outcome<T> LibraryProvider::within_transaction(const std::function<Outcome<T>()>& call) {
  Transaction transaction(store_);
  view_.store = &transaction;
  auto out = call();
  view_.store = nullptr;
  if (!out) {
    return out;
  }
  if (const auto committed = transaction.commit(); !committed) {
    return store_failed(committed.error());
  }
  return out;
}

Outcome<SignalPtr<ec_public_key>> LibraryProvider::point(std::string_view key) const {
  const Bytes serialized = serialized_key(key);
  ec_public_key* out = nullptr;
  if (curve_decode_point(&out, unsigned_of(serialized), serialized.size(), context_.get()) < 0) {
    return refuse(Refusal::key, "a public key has " + std::to_string(key.size()) + " octets");
  }
  return SignalPtr<ec_public_key>(out);
}

Outcome<SignalPtr<session_pre_key_bundle>> LibraryProvider::bundle_for(
    const PrekeyBundle& bundle) const {
  // The library would read a signature of no octets through a null pointer.
  if (bundle.signature.size() != kXeddsaOctets) {
    return refuse(Refusal::signature,
                  "a signature has " + std::to_string(bundle.signature.size()) + " octets");
  }
  const auto identity = point(bundle.identity_key);
  const auto signed_prekey = point(bundle.signed_prekey);
  if (!identity || !signed_prekey) {
    return std::unexpected(identity ? signed_prekey.error() : identity.error());
  }
  SignalPtr<ec_public_key> one_time;
  if (bundle.one_time) {
    auto key = point(bundle.one_time->key);
    if (!key) {
      return std::unexpected(key.error());
    }
    one_time = std::move(*key);
  }
  session_pre_key_bundle* out = nullptr;
  const int code = session_pre_key_bundle_create(
      &out, static_cast<std::uint32_t>(bundle.registration), static_cast<int>(bundle.device),
      bundle.one_time ? static_cast<std::uint32_t>(bundle.one_time->id) : 0, one_time.get(),
      static_cast<std::uint32_t>(bundle.signed_prekey_id), signed_prekey->get(),
      unsigned_of(bundle.signature), bundle.signature.size(), identity->get());
  if (code < 0) {
    return failed(code, Stage::bundle);
  }
  return SignalPtr<session_pre_key_bundle>(out);
}

Outcome<void> LibraryProvider::start_session(const Address& peer, const PrekeyBundle& bundle) {
  const auto offered = bundle_for(bundle);
  if (!offered) {
    return std::unexpected(offered.error());
  }
  const LibraryAddress address(peer);
  session_builder* made = nullptr;
  if (session_builder_create(&made, stores_.get(), &address.value, context_.get()) < 0) {
    return refuse(Refusal::other, "no memory");
  }
  const BuilderPtr builder(made);
  return within_transaction<void>([&]() -> Outcome<void> {
    const int code = session_builder_process_pre_key_bundle(builder.get(), offered->get());
    if (code < 0) {
      return failed(code, Stage::bundle);
    }
    return {};
  });
}

Outcome<CipherPtr> LibraryProvider::cipher_with(const LibraryAddress& peer) {
  session_cipher* made = nullptr;
  if (session_cipher_create(&made, stores_.get(), &peer.value, context_.get()) < 0) {
    return refuse(Refusal::other, "no memory");
  }
  return CipherPtr(made);
}

Outcome<Message> LibraryProvider::encrypt(const Address& peer, std::string_view plaintext) {
  const LibraryAddress address(peer);
  const auto cipher = cipher_with(address);
  if (!cipher) {
    return std::unexpected(cipher.error());
  }
  return within_transaction<Message>([&]() -> Outcome<Message> {
    ciphertext_message* made = nullptr;
    const int code =
        session_cipher_encrypt(cipher->get(), unsigned_of(plaintext), plaintext.size(), &made);
    if (code < 0) {
      return failed(code, Stage::encrypt);
    }
    const SignalPtr<ciphertext_message> message(made);
    const bool begins = ciphertext_message_get_type(made) == CIPHERTEXT_PREKEY_TYPE;
    return Message{.kind = begins ? MessageKind::pkmsg : MessageKind::msg,
                   .octets = Bytes(view_of(ciphertext_message_get_serialized(made)))};
  });
}

Outcome<BufferPtr> LibraryProvider::decrypt_msg(session_cipher* cipher, std::string_view octets) {
  signal_message* made = nullptr;
  int code = signal_message_deserialize(&made, unsigned_of(octets), octets.size(), context_.get());
  if (code < 0) {
    return unread(code, Stage::read_message, octets);
  }
  const SignalPtr<signal_message> message(made);
  signal_buffer* plaintext = nullptr;
  code = session_cipher_decrypt_signal_message(cipher, message.get(), nullptr, &plaintext);
  if (code < 0) {
    return unread(code, Stage::decrypt, octets);
  }
  return BufferPtr(plaintext);
}

Outcome<BufferPtr> LibraryProvider::decrypt_pkmsg(session_cipher* cipher, std::string_view octets) {
  pre_key_signal_message* made = nullptr;
  int code =
      pre_key_signal_message_deserialize(&made, unsigned_of(octets), octets.size(), context_.get());
  if (code < 0) {
    return unread(code, Stage::read_message, octets);
  }
  const SignalPtr<pre_key_signal_message> message(made);
  signal_buffer* plaintext = nullptr;
  code = session_cipher_decrypt_pre_key_signal_message(cipher, message.get(), nullptr, &plaintext);
  if (code < 0) {
    return unread(code, Stage::decrypt, octets);
  }
  return BufferPtr(plaintext);
}

Outcome<Bytes> LibraryProvider::decrypt(const Address& peer, const Message& message) {
  const LibraryAddress address(peer);
  const auto cipher = cipher_with(address);
  if (!cipher) {
    return std::unexpected(cipher.error());
  }
  return within_transaction<Bytes>([&]() -> Outcome<Bytes> {
    const auto plaintext = message.kind == MessageKind::pkmsg
                               ? decrypt_pkmsg(cipher->get(), message.octets)
                               : decrypt_msg(cipher->get(), message.octets);
    if (!plaintext) {
      return std::unexpected(plaintext.error());
    }
    return Bytes(view_of(plaintext->get()));
  });
}

}  // namespace

Result<std::unique_ptr<Provider>> make_library_provider(Store& store, Rng rng) {
  auto identity = load_identity(store);
  if (!identity) {
    return std::unexpected(identity.error());
  }
  auto out = std::make_unique<LibraryProvider>(store, std::move(*identity), rng);
  if (!out->begin()) {
    return fail(Errc::unsupported, "libsignal-protocol-c does not start");
  }
  return std::unique_ptr<Provider>(std::move(out));
}

}  // namespace parley::crypto::signal
