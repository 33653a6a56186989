// SPDX-License-Identifier: GPL-3.0-or-later
// Target: libsignal-protocol-c, a whole decryption. Input: a letter, then octets: 'm' the fields of
// a later message, 'i' those of a first one's inner message, both under a right MAC; 'o' what
// surrounds a first message; 'c' a text that is encrypted, 'w' and 'v' a whole later or first
// message. Oracles: a text that was encrypted comes out; what is refused leaves the store as it
// was.
#include <cstdint>
#include <string_view>

#include "fuzz/oracle.h"
#include "fuzz/oracles/secrets.h"
#include "harness/crypto/signal/session.h"
#include "harness/crypto/signal/two_devices.h"

namespace {

using namespace parley;
using namespace parley::crypto::signal;

// A provider is made once and works on what is below it for the length of an input.
class Switch final : public Store {
 public:
  void put(Store& below) { below_ = &below; }
  Result<std::optional<SecretBytes>> load(const std::string& name) const override {
    return below_->load(name);
  }
  Result<void> save(const std::string& name, const SecretBytes& record) override {
    return below_->save(name, record);
  }
  Result<void> remove(const std::string& name) override { return below_->remove(name); }
  Result<std::vector<std::string>> names(std::string_view prefix) const override {
    return below_->names(prefix);
  }

 private:
  Store* below_ = nullptr;
};

// Bob as he is before a session with Alice, and after her first message.
struct Sides {
  TestDevice bob{"bob", 2};
  Address alice{.name = "alice", .device = DeviceId(0)};
  Session session;  // Alice's, after her first message
  MessageDraft first;
  MessageDraft later;
  Transaction begun{bob.store};
  Switch below;
  std::unique_ptr<Provider> provider;

  Sides() {
    Rng rng(7);
    const auto identity = make_identity(rng);
    PARLEY_ORACLE(identity);
    auto initiated = initiate(*identity, bob.bundle(), rng);
    PARLEY_ORACLE(initiated);
    session = std::move(*initiated);
    auto draft = draft_message(session, "first");
    PARLEY_ORACLE(draft);
    first = std::move(*draft);
    below.put(begun);
    auto made = make_library_provider(below, Rng(3));
    PARLEY_ORACLE(made);
    provider = std::move(*made);
    PARLEY_ORACLE(provider->decrypt(
        alice,
        {.kind = MessageKind::pkmsg, .octets = write(draft_prekey_message(session, seal(first)))}));
    draft = draft_message(session, "later");
    PARLEY_ORACLE(draft);
    later = std::move(*draft);
  }
};

Sides& sides() {
  static Sides out;
  return out;
}

Outcome<Bytes> decrypted(Store& bob, MessageKind kind, const Bytes& octets) {
  Transaction kept_back(bob);
  sides().below.put(kept_back);
  auto text = sides().provider->decrypt(sides().alice, {.kind = kind, .octets = octets});
  if (!text) {
    const auto name = session_record_of(sides().alice);
    const auto before = bob.load(name);
    const auto after = kept_back.load(name);
    PARLEY_ORACLE(before && after && before->has_value() == after->has_value());
    PARLEY_ORACLE(!*before || (*before)->reveal() == (*after)->reveal());
    PARLEY_ORACLE(kept_back.names("")->size() == bob.names("")->size());
    const auto& keys = sides().bob.device.identity.keys;
    PARLEY_ORACLE(!fuzz::says(text.error().detail, keys.private_key.reveal()));
  }
  return text;
}

Bytes sealed_with(MessageDraft draft, std::string_view fields) {
  draft.fields.clear();
  draft.tail = fields;
  return seal(draft);
}

// What is far ahead costs milliseconds; forgery_test.cc has it.
bool is_far_ahead(const Bytes& octets) {
  const auto message = read_signal_message(octets);
  return message && message->counter > 32 && message->counter <= kMaxForwardJump + 32;
}

void check_later(const Bytes& octets) {
  if (!is_far_ahead(octets)) {
    (void)decrypted(sides().begun, MessageKind::msg, octets);
  }
}

void check_first(const Bytes& octets) {
  const auto read = read_prekey_message(octets);
  if (!read || !is_far_ahead(read->message)) {
    (void)decrypted(sides().bob.store, MessageKind::pkmsg, octets);
  }
}

void check_text(std::string_view text) {
  auto session = sides().session;
  const auto draft = draft_message(session, text);
  PARLEY_ORACLE(draft);
  const auto out = decrypted(sides().begun, MessageKind::msg, seal(*draft));
  PARLEY_ORACLE(out && *out == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) {
    return 0;
  }
  const auto rest = input.substr(1);
  switch (input[0]) {
    case 'c':
      check_text(rest);
      break;
    case 'i':
      check_first(write(draft_prekey_message(sides().session, sealed_with(sides().first, rest))));
      break;
    case 'm':
      check_later(sealed_with(sides().later, rest));
      break;
    case 'o':
      check_first("\x33" + Bytes(rest));
      break;
    case 'v':
      check_first(Bytes(rest));
      break;
    default:
      check_later(Bytes(rest));
      break;
  }
  return 0;
}
