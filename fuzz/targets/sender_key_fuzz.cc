// SPDX-License-Identifier: GPL-3.0-or-later
// Target: libsignal-protocol-c, group messages. Input: a letter, then octets: 'd' what distributes
// a sender key, 'm' a message (given to a receiver who has the key), 'a' pairs of octets, an action
// and its argument (see Group::act()): a sender makes keys and sends, a receiver takes what comes
// in any order. Oracles: what was not touched is decrypted to what was sent, exactly once, while
// its key is the newest but four; what was is refused.
#include <signal/group_cipher.h>
#include <signal/group_session_builder.h>
#include <signal/protocol.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/oracle.h"
#include "fuzz/signal_library.h"

namespace {

using namespace parley;
using namespace parley::crypto::signal;

constexpr std::size_t kMostActions = 40;
constexpr std::size_t kKeptKeys = 5;  // states of one sender that a record has

struct CipherEnd {
  void operator()(group_cipher* cipher) const noexcept { group_cipher_free(cipher); }
};
struct BuilderEnd {
  void operator()(group_session_builder* builder) const noexcept {
    group_session_builder_free(builder);
  }
};

signal_protocol_sender_key_name name() {
  return {.group_id = "group",
          .group_id_len = 5,
          .sender = {.name = "alice", .name_len = 5, .device_id = 1}};
}

// One member's store: there is one group and one sender in it.
class Member {
 public:
  Member() {
    signal_protocol_store_context* made = nullptr;
    PARLEY_ORACLE(signal_protocol_store_context_create(&made, fuzz::library_context()) == 0);
    stores_.reset(made);
    const signal_protocol_sender_key_store store{.store_sender_key = save,
                                                 .load_sender_key = load,
                                                 .destroy_func = nullptr,
                                                 .user_data = &record_};
    PARLEY_ORACLE(signal_protocol_store_context_set_sender_key_store(made, &store) == 0);
    name_ = name();
    group_session_builder* builder = nullptr;
    PARLEY_ORACLE(group_session_builder_create(&builder, made, fuzz::library_context()) == 0);
    builder_.reset(builder);
    group_cipher* cipher = nullptr;
    PARLEY_ORACLE(group_cipher_create(&cipher, made, &name_, fuzz::library_context()) == 0);
    cipher_.reset(cipher);
  }
  Member(const Member&) = delete;  // the library points into it
  Member& operator=(const Member&) = delete;

  // What distributes the sender's key: the one it has, or its first.
  Bytes distribute() {
    sender_key_distribution_message* made = nullptr;
    PARLEY_ORACLE(group_session_builder_create_session(builder_.get(), &made, &name_) == 0);
    const SignalPtr<sender_key_distribution_message> owned(made);
    return Bytes(view_of(
        ciphertext_message_get_serialized(reinterpret_cast<const ciphertext_message*>(made))));
  }
  void forget() { record_.reset(); }

  bool take_key(std::string_view octets) {
    sender_key_distribution_message* made = nullptr;
    if (sender_key_distribution_message_deserialize(&made, unsigned_of(octets), octets.size(),
                                                    fuzz::library_context()) < 0) {
      return false;
    }
    const SignalPtr<sender_key_distribution_message> owned(made);
    return group_session_builder_process_session(builder_.get(), &name_, made) == 0;
  }

  // Null without a key of one's own.
  std::optional<Bytes> encrypt(std::string_view text) {
    ciphertext_message* made = nullptr;
    if (group_cipher_encrypt(cipher_.get(), unsigned_of(text), text.size(), &made) < 0) {
      return std::nullopt;
    }
    const SignalPtr<ciphertext_message> owned(made);
    return Bytes(view_of(ciphertext_message_get_serialized(made)));
  }

  std::optional<Bytes> decrypt(std::string_view octets) {
    sender_key_message* made = nullptr;
    if (sender_key_message_deserialize(&made, unsigned_of(octets), octets.size(),
                                       fuzz::library_context()) < 0) {
      return std::nullopt;
    }
    const SignalPtr<sender_key_message> owned(made);
    if (sender_key_message_get_iteration(made) > kFarAhead) {
      return std::nullopt;  // up to 2,000 steps cost milliseconds
    }
    signal_buffer* text = nullptr;
    if (group_cipher_decrypt(cipher_.get(), made, nullptr, &text) < 0) {
      return std::nullopt;
    }
    const BufferPtr out(text);
    return Bytes(view_of(text));
  }

 private:
  static constexpr std::uint32_t kFarAhead = 200;

  static int save(const signal_protocol_sender_key_name*, std::uint8_t* record, std::size_t size,
                  std::uint8_t*, std::size_t, void* data) {
    *static_cast<std::optional<Bytes>*>(data) = Bytes(reinterpret_cast<const char*>(record), size);
    return SG_SUCCESS;
  }
  static int load(signal_buffer** out, signal_buffer**, const signal_protocol_sender_key_name*,
                  void* data) {
    const auto& record = *static_cast<const std::optional<Bytes>*>(data);
    if (!record) {
      return 0;
    }
    *out = signal_buffer_create(unsigned_of(*record), record->size());
    return 1;
  }

  std::optional<Bytes> record_;
  signal_protocol_sender_key_name name_{};
  StoresPtr stores_;
  std::unique_ptr<group_session_builder, BuilderEnd> builder_;
  std::unique_ptr<group_cipher, CipherEnd> cipher_;
};

struct InFlight {
  Bytes octets;
  Bytes text;
  std::size_t key = 0;  // how many keys the receiver had taken
  bool delivered = false;
};

class Group {
 public:
  Group() { renew(); }

  void act(std::uint8_t action, std::uint8_t argument) {
    switch (action % 6) {
      case 0:
        renew();
        break;
      case 1:
        // The key as it is now: what was sent before is behind it.
        PARLEY_ORACLE(receiver_.take_key(sender_.distribute()));
        ++keys_;
        behind_ = wire_.size();
        break;
      case 2:
        send();
        break;
      case 3:
        deliver(argument);
        break;
      case 4:
        bend(argument);
        break;
      default:
        cut(argument);
        break;
    }
  }

 private:
  void renew() {
    sender_.forget();
    PARLEY_ORACLE(receiver_.take_key(sender_.distribute()));
    ++keys_;
  }

  void send() {
    const auto text = "text " + std::to_string(wire_.size());
    const auto octets = sender_.encrypt(text);
    PARLEY_ORACLE(octets);
    wire_.push_back({.octets = *octets, .text = text, .key = keys_});
  }

  void deliver(std::uint8_t argument) {
    if (wire_.empty()) {
      return;
    }
    const auto at = argument % wire_.size();
    auto& one = wire_[at];
    const auto text = receiver_.decrypt(one.octets);
    PARLEY_ORACLE(!text || (*text == one.text && !one.delivered));
    const bool due = !one.delivered && at >= behind_ && keys_ - one.key < kKeptKeys;
    PARLEY_ORACLE(text || !due);
    one.delivered = one.delivered || text.has_value();
  }

  void bend(std::uint8_t argument) {
    if (!wire_.empty()) {
      auto octets = wire_.back().octets;
      auto& octet = octets[argument * octets.size() / 256];
      octet = static_cast<char>(octet ^ (1 << argument % 8));
      PARLEY_ORACLE(!receiver_.decrypt(octets));
    }
  }

  void cut(std::uint8_t argument) {
    if (!wire_.empty()) {
      const auto& octets = wire_.back().octets;
      PARLEY_ORACLE(!receiver_.decrypt(
          octets.substr(0, octets.size() - std::min<std::size_t>(octets.size(), argument + 1U))));
    }
  }

  Member sender_;
  Member receiver_;
  std::vector<InFlight> wire_;
  std::size_t keys_ = 0;    // that the receiver took; one that is given again counts again
  std::size_t behind_ = 0;  // what was sent before a key was given again
};

void check_message(std::string_view octets) {
  Member sender;
  Member receiver;
  PARLEY_ORACLE(receiver.take_key(sender.distribute()));
  const auto honest = sender.encrypt("text");
  PARLEY_ORACLE(honest);
  const auto text = receiver.decrypt(octets);
  PARLEY_ORACLE(!text || octets == *honest);
  PARLEY_ORACLE(text || receiver.decrypt(*honest) == "text");
  // Whoever has no key neither writes nor reads, and who was given one does not write.
  Member nobody;
  PARLEY_ORACLE(!nobody.decrypt(*honest) && !nobody.encrypt("text"));
  PARLEY_ORACLE(!receiver.encrypt("text"));
}

void check_distribution(std::string_view octets) {
  Member receiver;
  if (receiver.take_key(octets)) {
    Member again;
    PARLEY_ORACLE(again.take_key(octets));
    (void)receiver.decrypt(octets);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) {
    return 0;
  }
  fuzz::library_rng() = Rng(1);  // the same input makes the same keys
  const auto rest = input.substr(1);
  if (input[0] == 'd') {
    check_distribution(rest);
  } else if (input[0] == 'm') {
    check_message(rest);
  } else {
    Group group;
    for (std::size_t at = 0; at + 1 < std::min(rest.size(), 2 * kMostActions); at += 2) {
      group.act(static_cast<std::uint8_t>(rest[at]), static_cast<std::uint8_t>(rest[at + 1]));
    }
  }
  return 0;
}
