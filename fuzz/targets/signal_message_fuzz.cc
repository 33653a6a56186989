// SPDX-License-Identifier: GPL-3.0-or-later
// Target: crypto::signal, a SignalMessage. Input: a letter, then octets: 'r' the whole message, 'f'
// what lies between version and MAC, 'd' the same under a right MAC, delivered to a session, 'x'
// octets laid over an honest message (xor).
// Oracles: our reader and libsignal-protocol-c's agree on whether a message can be read and on its
// fields; our session and the library's, with the same keys, agree on its text; one that was
// tampered with is refused by both.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz/oracle.h"
#include "fuzz/signal_library.h"
#include "harness/crypto/signal/library_handles.h"
#include "harness/crypto/signal/session.h"
#include "harness/crypto/signal/two_devices.h"

namespace {

using namespace parley;
using namespace parley::crypto::signal;

void check_fields(const SignalMessage& ours, const signal_message* theirs) {
  signal_buffer* key = nullptr;
  PARLEY_ORACLE(ec_public_key_serialize(&key, signal_message_get_sender_ratchet_key(theirs)) == 0);
  const BufferPtr owned(key);
  PARLEY_ORACLE(view_of(key) == serialized_key(ours.ratchet_key));
  PARLEY_ORACLE(signal_message_get_counter(theirs) == ours.counter);
  PARLEY_ORACLE(signal_message_get_message_version(theirs) == ours.version >> 4U);
  PARLEY_ORACLE(view_of(signal_message_get_body(theirs)) == ours.ciphertext);
}

void check_readers(std::string_view octets) {
  const auto ours = read_signal_message(octets);
  signal_message* made = nullptr;
  const int code = signal_message_deserialize(&made, unsigned_of(octets), octets.size(),
                                              fuzz::library_context());
  const SignalPtr<signal_message> theirs(code < 0 ? nullptr : made);
  if (ours) {
    if (!theirs) {
      PARLEY_ORACLE(fuzz::has_long_prefix(fuzz::without_mac(octets)));
      return;
    }
    check_fields(*ours, theirs.get());
    return;
  }
  PARLEY_ORACLE(!theirs || fuzz::is_leniency(ours.error()));
}

// Alice writes, Bob reads twice: by the library and by our own session, with the same keys.
struct Sides {
  TestDevice bob{"bob", 2};
  Address alice{.name = "alice", .device = DeviceId(0)};
  Session sender;
  Session receiver;
  MessageDraft next;  // Alice's next message
  Bytes honest;       // the same, sealed

  Sides() {
    Rng rng(7);
    const auto identity = make_identity(rng);
    PARLEY_ORACLE(identity);
    auto begun = initiate(*identity, bob.bundle(), rng);
    PARLEY_ORACLE(begun);
    sender = std::move(*begun);
    const auto first = write_message(sender, "first");
    PARLEY_ORACLE(first);
    const auto read = read_prekey_message(first->octets);
    PARLEY_ORACLE(read);
    auto answered = respond({.identity = bob.device.identity,
                             .signed_prekey = bob.device.signed_prekey,
                             .one_time = &bob.device.one_time[0]},
                            *read);
    PARLEY_ORACLE(answered);
    receiver = std::move(*answered);
    PARLEY_ORACLE(read_message(receiver, read->message, rng));
    PARLEY_ORACLE(bob.provider->decrypt(alice, *first));
    auto draft = draft_message(sender, "text");
    PARLEY_ORACLE(draft);
    next = std::move(*draft);
    honest = seal(next);
  }
};

const Sides& sides() {
  static const Sides out;
  return out;
}

// What both make of it; null when both refuse it.
std::optional<Bytes> delivered(std::string_view octets) {
  // What is far ahead but within the limit costs both of them milliseconds; forgery_test.cc has it.
  constexpr std::uint32_t kNear = 32;
  const auto message = read_signal_message(octets);
  if (message && message->counter > kNear && message->counter <= kMaxForwardJump + kNear) {
    return std::nullopt;
  }
  auto& stored = const_cast<MemoryStore&>(sides().bob.store);  // read only, below a transaction
  Transaction kept_back(stored);
  const auto provider = make_library_provider(kept_back, Rng(3));
  PARLEY_ORACLE(provider);
  const auto theirs =
      (*provider)->decrypt(sides().alice, {.kind = MessageKind::msg, .octets = Bytes(octets)});
  Session receiver = sides().receiver;
  Rng rng(3);
  const auto ours = read_message(receiver, octets, rng);
  if (!ours && theirs) {
    PARLEY_ORACLE(fuzz::is_leniency(ours.error()));
    return *theirs;
  }
  PARLEY_ORACLE(ours.has_value() == theirs.has_value() ||
                fuzz::has_long_prefix(fuzz::without_mac(octets)));
  if (!ours || !theirs) {
    return std::nullopt;
  }
  PARLEY_ORACLE(*ours == *theirs);
  return *ours;
}

void check_tampered(std::string_view over) {
  Bytes octets = sides().honest;
  for (std::size_t i = 0; i < std::min(octets.size(), over.size()); ++i) {
    octets[i] = static_cast<char>(octets[i] ^ over[i]);
  }
  const auto text = delivered(octets);
  PARLEY_ORACLE(text.has_value() == (octets == sides().honest));
  PARLEY_ORACLE(!text || *text == "text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) {
    return 0;
  }
  const auto rest = input.substr(1);
  switch (input[0]) {
    case 'f':
      check_readers("\x33" + Bytes(rest) + Bytes(8, 'm'));
      break;
    case 'd': {
      auto draft = sides().next;
      draft.fields.clear();
      draft.tail = rest;
      delivered(seal(draft));
      break;
    }
    case 'x':
      check_tampered(rest);
      break;
    default:
      check_readers(rest);
      break;
  }
  return 0;
}
