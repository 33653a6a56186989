// SPDX-License-Identifier: GPL-3.0-or-later
// Target: crypto::signal, a PreKeySignalMessage. Input: a letter, then octets: 'r' the whole
// message, 'f' what follows the version, 'm' the message within an honest envelope, 'x' octets laid
// over an honest message (xor), delivered to the library. Oracles: our reader and
// libsignal-protocol-c's agree on whether it can be read and on its fields; what the library takes
// of a message laid over, it takes with the text of the honest one.
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

Bytes octets_of(const ec_public_key* key) {
  signal_buffer* out = nullptr;
  PARLEY_ORACLE(ec_public_key_serialize(&out, key) == 0);
  const BufferPtr owned(out);
  return Bytes(view_of(out));
}

void check_fields(const PrekeyMessage& ours, const pre_key_signal_message* theirs) {
  PARLEY_ORACLE(octets_of(pre_key_signal_message_get_base_key(theirs)) ==
                serialized_key(ours.base_key));
  PARLEY_ORACLE(octets_of(pre_key_signal_message_get_identity_key(theirs)) ==
                serialized_key(ours.identity_key));
  PARLEY_ORACLE((pre_key_signal_message_has_pre_key_id(theirs) != 0) == ours.prekey_id.has_value());
  PARLEY_ORACLE(!ours.prekey_id ||
                pre_key_signal_message_get_pre_key_id(theirs) == *ours.prekey_id);
  PARLEY_ORACLE(pre_key_signal_message_get_signed_pre_key_id(theirs) == ours.signed_prekey_id);
  PARLEY_ORACLE(pre_key_signal_message_get_registration_id(theirs) == ours.registration_id);
  const auto* inner = reinterpret_cast<const ciphertext_message*>(
      pre_key_signal_message_get_signal_message(theirs));
  PARLEY_ORACLE(view_of(ciphertext_message_get_serialized(inner)) == ours.message);
}

void check_readers(std::string_view octets) {
  const auto ours = read_prekey_message(octets);
  pre_key_signal_message* made = nullptr;
  const int code = pre_key_signal_message_deserialize(&made, unsigned_of(octets), octets.size(),
                                                      fuzz::library_context());
  const SignalPtr<pre_key_signal_message> theirs(code < 0 ? nullptr : made);
  if (ours) {
    if (!theirs) {
      PARLEY_ORACLE(fuzz::has_long_prefix(octets) ||
                    fuzz::has_long_prefix(fuzz::without_mac(ours->message)));
      return;
    }
    check_fields(*ours, theirs.get());
    return;
  }
  PARLEY_ORACLE(!theirs || fuzz::is_leniency(ours.error()));
}

struct Sides {
  TestDevice bob{"bob", 2};
  Address alice{.name = "alice", .device = DeviceId(0)};
  Session session;
  Bytes sealed;
  Bytes honest;

  Sides() {
    Rng rng(7);
    const auto identity = make_identity(rng);
    PARLEY_ORACLE(identity);
    auto begun = initiate(*identity, bob.bundle(), rng);
    PARLEY_ORACLE(begun);
    session = std::move(*begun);
    const auto draft = draft_message(session, "text");
    PARLEY_ORACLE(draft);
    sealed = seal(*draft);
    honest = write(draft_prekey_message(session, sealed));
  }
};

const Sides& sides() {
  static const Sides out;
  return out;
}

// Nothing protects the version's lower half, the registration id and what is unknown; whatever else
// was touched is refused. So a text that comes out is the honest one.
void check_tampered(std::string_view over) {
  Bytes octets = sides().honest;
  for (std::size_t i = 0; i < std::min(octets.size(), over.size()); ++i) {
    octets[i] = static_cast<char>(octets[i] ^ over[i]);
  }
  auto& stored = const_cast<MemoryStore&>(sides().bob.store);  // read only, below a transaction
  Transaction kept_back(stored);
  const auto provider = make_library_provider(kept_back, Rng(3));
  PARLEY_ORACLE(provider);
  const auto text =
      (*provider)->decrypt(sides().alice, {.kind = MessageKind::pkmsg, .octets = octets});
  PARLEY_ORACLE(text.has_value() || octets != sides().honest);
  PARLEY_ORACLE(!text || *text == "text");
  PARLEY_ORACLE(text || *kept_back.names("session/") == std::vector<std::string>());
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
      check_readers("\x33" + Bytes(rest));
      break;
    case 'm':
      check_readers(write(draft_prekey_message(sides().session, rest)));
      break;
    case 'x':
      check_tampered(rest);
      break;
    default:
      check_readers(rest);
      break;
  }
  return 0;
}
