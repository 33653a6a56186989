// SPDX-License-Identifier: GPL-3.0-or-later
// Target: libsignal-protocol-c, what it loads from a store. Input: a letter, then the octets of 'r'
// a session record, 's' a session's state, 'k' a sender key's record, 't' its state, 'p' a prekey,
// 'q' a signed prekey, 'i' an identity key pair; 'u' a session record with which a message is then
// sent and one read. Oracles: what is read is written to what is written the same again, and so is
// a copy; a prekey that our reader and the library's both take is the same key; why ours takes none
// says nothing of it.
#include <signal/ratchet.h>
#include <signal/sender_key_record.h>
#include <signal/sender_key_state.h>
#include <signal/session_cipher.h>
#include <signal/session_record.h>
#include <signal/session_state.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/oracle.h"
#include "fuzz/oracles/secrets.h"
#include "fuzz/signal_library.h"
#include "harness/base/protobuf_wire.h"
#include "harness/crypto/signal/library_handles.h"
#include "harness/crypto/signal/library_stores.h"
#include "harness/crypto/signal/two_devices.h"

namespace {

using namespace parley;
using namespace parley::crypto::signal;

// A chain in a session whose version is neither 2 nor 3: the library gives an object back twice
// (FINDINGS.md). SessionStructure { sessionVersion = 1; … }
bool has_unknown_version(std::string_view state) {
  const auto fields = protobuf::read_fields(state);
  bool known = false;
  bool unknown = false;
  for (const auto& field : fields.value_or(std::vector<protobuf::Field>())) {
    const bool right = static_cast<std::uint32_t>(field.value) == 2 ||
                       static_cast<std::uint32_t>(field.value) == 3;
    known = known || (field.number == 1 && right);
    unknown = unknown || (field.number == 1 && !right);
  }
  return unknown || !known;
}

// RecordStructure { currentSession = 1; previousSessions = 2 }
bool record_has_unknown_version(std::string_view record) {
  const auto fields = protobuf::read_fields(record);
  return !fields || std::ranges::any_of(*fields, [](const protobuf::Field& field) {
    return field.number <= 2 && has_unknown_version(field.octets);
  });
}

// A signature of no octets, by which the library ends the process (FINDINGS.md).
// SignedPreKeyRecordStructure { signature = 4; … }
bool may_have_empty_signature(std::string_view record) {
  const auto fields = protobuf::read_fields(record);
  return !fields || std::ranges::any_of(*fields, [](const protobuf::Field& field) {
    return field.number == 4 && field.octets.empty();
  });
}

// `read` and `write` are the library's functions for a T.
template <class T, class Read>
SignalPtr<T> read_with(Read read, std::string_view octets) {
  T* made = nullptr;
  const int code = read(&made, unsigned_of(octets), octets.size(), fuzz::library_context());
  return SignalPtr<T>(code < 0 ? nullptr : made);
}

template <class T, class Write>
std::optional<Bytes> written_with(Write write, T* object) {
  signal_buffer* made = nullptr;
  if (write(&made, object) < 0) {
    return std::nullopt;
  }
  const BufferPtr owned(made);
  return Bytes(view_of(made));
}

template <class T, class Read, class Write>
void check_round_trip(Read read, Write write, std::string_view octets) {
  const auto object = read_with<T>(read, octets);
  if (!object) {
    return;
  }
  const auto once = written_with<T>(write, object.get());
  if (!once) {
    return;  // what lacks a key is read and not written
  }
  const auto again = read_with<T>(read, *once);
  PARLEY_ORACLE(again);
  PARLEY_ORACLE(written_with<T>(write, again.get()) == *once);
}

Bytes public_half(ec_key_pair* pair) {
  signal_buffer* out = nullptr;
  PARLEY_ORACLE(ec_public_key_serialize(&out, ec_key_pair_get_public(pair)) == 0);
  const BufferPtr owned(out);
  return Bytes(view_of(out));
}

void check_prekey(std::string_view octets) {
  MemoryStore store;
  PARLEY_ORACLE(store.save(prekey_record(PrekeyId(1)), SecretBytes(Bytes(octets))));
  const auto ours = load_prekey(store, PrekeyId(1));
  PARLEY_ORACLE(ours || !fuzz::says(ours.error().detail, octets));
  const auto theirs = read_with<session_pre_key>(session_pre_key_deserialize, octets);
  PARLEY_ORACLE(!ours || !theirs ||
                public_half(session_pre_key_get_key_pair(theirs.get())) ==
                    serialized_key(ours->keys.public_key));
  check_round_trip<session_pre_key>(session_pre_key_deserialize, session_pre_key_serialize, octets);
}

void check_signed_prekey(std::string_view octets) {
  MemoryStore store;
  PARLEY_ORACLE(store.save(signed_prekey_record(SignedPrekeyId(1)), SecretBytes(Bytes(octets))));
  const auto ours = load_signed_prekey(store, SignedPrekeyId(1));
  PARLEY_ORACLE(ours || !fuzz::says(ours.error().detail, octets));
  if (may_have_empty_signature(octets)) {
    return;
  }
  const auto theirs = read_with<session_signed_pre_key>(session_signed_pre_key_deserialize, octets);
  PARLEY_ORACLE(!ours || !theirs ||
                public_half(session_signed_pre_key_get_key_pair(theirs.get())) ==
                    serialized_key(ours->keys.public_key));
  check_round_trip<session_signed_pre_key>(session_signed_pre_key_deserialize,
                                           session_signed_pre_key_serialize, octets);
}

// A copy is written as what it is a copy of.
template <class T, class Read, class Write, class Copy>
void check_copy(Read read, Write write, Copy copy, std::string_view octets) {
  const auto object = read_with<T>(read, octets);
  const auto written = object ? written_with<T>(write, object.get()) : std::nullopt;
  if (!written) {
    return;
  }
  T* made = nullptr;
  PARLEY_ORACLE(copy(&made, object.get(), fuzz::library_context()) == 0);
  const SignalPtr<T> owned(made);
  PARLEY_ORACLE(written_with<T>(write, made) == *written);
}

const Address kAlice{.name = "alice", .device = DeviceId(0)};

const TestDevice& bob() {
  static const TestDevice made("bob", 2);
  return made;
}

// The exchange that a state has pending, told to a copy, is written the same.
void check_key_exchange(std::string_view octets) {
  const auto state = read_with<session_state>(session_state_deserialize, octets);
  if (!state || session_state_has_pending_key_exchange(state.get()) == 0) {
    return;
  }
  auto* base = session_state_get_pending_key_exchange_base_key(state.get());
  auto* ratchet = session_state_get_pending_key_exchange_ratchet_key(state.get());
  auto* identity = session_state_get_pending_key_exchange_identity_key(state.get());
  session_state* made = nullptr;
  if (base == nullptr || ratchet == nullptr || identity == nullptr ||
      session_state_copy(&made, state.get(), fuzz::library_context()) < 0) {
    return;
  }
  const SignalPtr<session_state> copy(made);
  session_state_set_pending_key_exchange(
      made, session_state_get_pending_key_exchange_sequence(state.get()), base, ratchet, identity);
  PARLEY_ORACLE(written_with<session_state>(session_state_serialize, made) ==
                written_with<session_state>(session_state_serialize, state.get()));
}

// Within the callback that is shown a text nothing else may be done with the cipher.
int use_within(session_cipher* cipher, signal_buffer* text, void* data) {
  PARLEY_ORACLE(session_cipher_get_user_data(cipher) == data && view_of(text) == "text");
  ciphertext_message* made = nullptr;
  PARLEY_ORACLE(session_cipher_encrypt(cipher, unsigned_of("x"), 1, &made) == SG_ERR_INVAL);
  signal_buffer* out = nullptr;
  PARLEY_ORACLE(session_cipher_decrypt_signal_message(cipher, nullptr, nullptr, &out) ==
                SG_ERR_INVAL);
  PARLEY_ORACLE(session_cipher_decrypt_pre_key_signal_message(cipher, nullptr, nullptr, &out) ==
                SG_ERR_INVAL);
  return SG_ERR_UNKNOWN;  // and so it was not decrypted
}

// What the library says of the session, and a text that its user refuses.
void check_questions(Store& store, const Message& message) {
  StoresView view{.store = &store, .identity = &bob().device.identity};
  const auto stores = stores_on(view, fuzz::library_context());
  PARLEY_ORACLE(stores);
  const signal_protocol_address address{
      .name = kAlice.name.c_str(), .name_len = kAlice.name.size(), .device_id = 0};
  session_cipher* made = nullptr;
  PARLEY_ORACLE(session_cipher_create(&made, stores.get(), &address, fuzz::library_context()) == 0);
  const CipherPtr cipher(made);
  std::uint32_t registration = 0;
  std::uint32_t version = 0;
  const int known = session_cipher_get_remote_registration_id(made, &registration);
  PARLEY_ORACLE((session_cipher_get_session_version(made, &version) == 0) == (known == 0));
  pre_key_signal_message* read = nullptr;
  PARLEY_ORACLE(pre_key_signal_message_deserialize(&read, unsigned_of(message.octets),
                                                   message.octets.size(),
                                                   fuzz::library_context()) == 0);
  const SignalPtr<pre_key_signal_message> owned(read);
  session_cipher_set_user_data(made, &view);
  session_cipher_set_decryption_callback(made, use_within);
  signal_buffer* text = nullptr;
  PARLEY_ORACLE(session_cipher_decrypt_pre_key_signal_message(made, read, &view, &text) < 0);
}

// A device whose session was overwritten; the peer's next message is honest.
void check_use(std::string_view octets) {
  static const auto message = [] {
    TestDevice alice("alice", 1);
    PARLEY_ORACLE(alice.provider->start_session(bob().address, bob().bundle()));
    auto out = alice.provider->encrypt(bob().address, "text");
    PARLEY_ORACLE(out);
    return *out;
  }();
  Transaction store(const_cast<MemoryStore&>(bob().store));
  PARLEY_ORACLE(store.save(session_record_of(kAlice), SecretBytes(Bytes(octets))));
  Transaction kept_back(static_cast<Store&>(store));
  check_questions(kept_back, message);
  const auto provider = make_library_provider(store, Rng(3));
  PARLEY_ORACLE(provider);
  (void)(*provider)->encrypt(kAlice, "text");
  const auto text = (*provider)->decrypt(kAlice, message);
  PARLEY_ORACLE(!text || *text == "text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) {
    return 0;
  }
  const auto rest = input.substr(1);
  const bool is_other = std::string_view("ktpqi").contains(input[0]);
  if (!is_other &&
      (input[0] == 's' ? has_unknown_version(rest) : record_has_unknown_version(rest))) {
    return 0;
  }
  switch (input[0]) {
    case 's':
      check_round_trip<session_state>(session_state_deserialize, session_state_serialize, rest);
      check_copy<session_state>(session_state_deserialize, session_state_serialize,
                                session_state_copy, rest);
      check_key_exchange(rest);
      break;
    case 'k':
      check_round_trip<sender_key_record>(sender_key_record_deserialize,
                                          sender_key_record_serialize, rest);
      check_copy<sender_key_record>(sender_key_record_deserialize, sender_key_record_serialize,
                                    sender_key_record_copy, rest);
      break;
    case 't':
      check_round_trip<sender_key_state>(sender_key_state_deserialize, sender_key_state_serialize,
                                         rest);
      check_copy<sender_key_state>(sender_key_state_deserialize, sender_key_state_serialize,
                                   sender_key_state_copy, rest);
      break;
    case 'p':
      check_prekey(rest);
      break;
    case 'q':
      check_signed_prekey(rest);
      break;
    case 'i':
      check_round_trip<ratchet_identity_key_pair>(ratchet_identity_key_pair_deserialize,
                                                  ratchet_identity_key_pair_serialize, rest);
      break;
    case 'u':
      check_use(rest);
      break;
    default:
      check_round_trip<session_record>(session_record_deserialize, session_record_serialize, rest);
      check_copy<session_record>(session_record_deserialize, session_record_serialize,
                                 session_record_copy, rest);
      break;
  }
  return 0;
}
