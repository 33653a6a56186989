// SPDX-License-Identifier: GPL-3.0-or-later
// Target: a session begun with somebody's bundle. Input: a letter, then protobuf fields that stand
// in place of those of an honest bundle: 1 registration, 2 device, 3 identity key, 4 signed
// prekey's id, 5 signed prekey, 6 its signature, 7 one-time prekey's id, 8 one-time prekey, 9 no
// one-time prekey. 's': the signed prekey is then signed by the honest identity, field 6 is laid
// over that (xor), and field 10 follows it; 'r': nothing is signed. Oracles: libsignal-protocol-c
// and our own sessions take the same bundles; none whose signature does not hold or has something
// behind it; a refusal leaves the store as it was; after one that was taken a message goes out.
#include <cstdint>
#include <string_view>
#include <vector>

#include "fuzz/oracle.h"
#include "harness/base/protobuf_wire.h"
#include "harness/crypto/signal/session.h"
#include "harness/crypto/signal/two_devices.h"
#include "harness/crypto/xeddsa.h"

namespace {

using namespace parley;
using namespace parley::crypto::signal;

const TestDevice& alice() {
  static const TestDevice made("alice", 1);
  return made;
}
const TestDevice& bob() {
  static const TestDevice made("bob", 2);
  return made;
}

void apply(PrekeyBundle& bundle, const protobuf::Field& field) {
  const auto number = static_cast<std::uint32_t>(field.value);
  switch (field.number) {
    case 1:
      bundle.registration = RegistrationId(number);
      break;
    case 2:
      bundle.device = DeviceId(number);
      break;
    case 3:
      bundle.identity_key = field.octets;
      break;
    case 4:
      bundle.signed_prekey_id = SignedPrekeyId(number);
      break;
    case 5:
      bundle.signed_prekey = field.octets;
      break;
    case 6:
      bundle.signature = field.octets;
      break;
    case 7:
      if (bundle.one_time) {
        bundle.one_time->id = PrekeyId(number);
      }
      break;
    case 8:
      if (bundle.one_time) {
        bundle.one_time->key = field.octets;
      }
      break;
    case 9:
      bundle.one_time.reset();
      break;
    default:
      break;
  }
}

// The right signature of what is in the bundle, and what the input makes of it.
void sign(PrekeyBundle& bundle, const std::vector<protobuf::Field>& fields) {
  Rng rng(5);
  const auto signature = crypto::xeddsa_sign(bob().device.identity.keys.private_key,
                                             serialized_key(bundle.signed_prekey), rng);
  PARLEY_ORACLE(signature);
  bundle.signature = *signature;
  for (const auto& field : fields) {
    for (std::size_t i = 0; field.number == 6 && i < field.octets.size() && i < 64; ++i) {
      bundle.signature[i] = static_cast<char>(bundle.signature[i] ^ field.octets[i]);
    }
    if (field.number == 10) {
      bundle.signature += field.octets;
    }
  }
}

bool taken_by(ProviderMaker make, const PrekeyBundle& bundle) {
  Transaction store(const_cast<MemoryStore&>(alice().store));
  const auto provider = make(store, Rng(3));
  PARLEY_ORACLE(provider);
  const auto& peer = bob().address;
  if (!(*provider)->start_session(peer, bundle)) {
    PARLEY_ORACLE(store.names("")->size() == alice().store.names("")->size());
    return false;
  }
  const auto message = (*provider)->encrypt(peer, "text");
  PARLEY_ORACLE(message && message->kind == MessageKind::pkmsg);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto fields = protobuf::read_fields(input.substr(size > 0 ? 1 : 0));
  if (!fields || size == 0) {
    return 0;
  }
  auto bundle = bob().bundle();
  for (const auto& field : *fields) {
    apply(bundle, field);
  }
  if (input[0] == 's') {
    sign(bundle, *fields);
  }
  const bool taken = taken_by(make_library_provider, bundle);
  PARLEY_ORACLE(taken == taken_by(make_open_provider, bundle));
  PARLEY_ORACLE(!taken || (check_bundle(bundle) && bundle.signature.size() == 64));
  return 0;
}
