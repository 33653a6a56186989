// SPDX-License-Identifier: GPL-3.0-or-later
// Target: sessions of the Signal protocol over sequences. Input: pairs of octets, an action and its
// argument (see act()): two users take bundles, send, and what they sent is delivered in any order,
// dropped, repeated, tampered with, cut or given to the wrong one.
// Oracles: what was not touched is decrypted to what was sent, exactly once; what was is refused,
// or says the same where only unprotected octets were touched; a refusal leaves the store as it
// was; libsignal-protocol-c and our own sessions agree at each step.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/oracle.h"
#include "fuzz/oracles/secrets.h"
#include "harness/crypto/signal/two_devices.h"

namespace {

using namespace parley;
using namespace parley::crypto::signal;

constexpr std::size_t kMostActions = 40;  // fewer than the old sessions that are kept
constexpr std::size_t kMostTurns = 8;     // of both, in all
constexpr std::size_t kPrekeys = 4;
// A receiver keeps five chains, and each delivery may begin one.
constexpr std::size_t kKeptDeliveries = 4;

enum Side : std::size_t { alice, bob };
constexpr Side other_of(Side side) { return side == alice ? bob : alice; }

// Made once: what happens in a run goes into transactions above them.
const TestDevice& device_of(Side side) {
  static const TestDevice made[2] = {TestDevice("alice", 1, kPrekeys),
                                     TestDevice("bob", 2, kPrekeys)};
  return made[side];
}
Store& store_of(Side side) { return const_cast<MemoryStore&>(device_of(side).store); }

struct InFlight {
  Side to = bob;
  Message message;
  Bytes text;
  std::size_t delivered_before = 0;
  bool delivered = false;
};

std::map<std::string, Bytes> records_of(const Store& store) {
  std::map<std::string, Bytes> out;
  const auto names = store.names("");
  PARLEY_ORACLE(names);
  for (const auto& name : *names) {
    const auto record = store.load(name);
    PARLEY_ORACLE(record && *record);
    out[name] = (*record)->reveal();
  }
  return out;
}

// Two users whose sessions are one implementation's.
class World {
 public:
  explicit World(ProviderMaker make) : make_(make) {
    for (const auto side : {alice, bob}) {
      stores_.push_back(std::make_unique<Transaction>(store_of(side)));
      auto provider = make(*stores_.back(), Rng(side + 1));
      PARLEY_ORACLE(provider);
      providers_.push_back(std::move(*provider));
    }
  }

  bool start(Side side) {
    const auto& peer = device_of(other_of(side));
    return providers_[side]->start_session(peer.address, peer.bundle(bundles_[side]++)).has_value();
  }

  bool send(Side side) {
    const auto text = "text " + std::to_string(sent_++);
    auto message = providers_[side]->encrypt(device_of(other_of(side)).address, text);
    if (message) {
      wire_.push_back({.to = other_of(side),
                       .message = std::move(*message),
                       .text = text,
                       .delivered_before = delivered_});
    }
    return message.has_value();
  }

  bool deliver(std::size_t at) {
    auto& one = wire_[at];
    const auto text = read(*providers_[one.to], one.to, one.message);
    const auto& keys = device_of(one.to).device.identity.keys;
    PARLEY_ORACLE(text || !fuzz::says(text.error().detail, keys.private_key.reveal()));
    PARLEY_ORACLE(!text || *text == one.text);
    PARLEY_ORACLE(!text || !one.delivered);
    const bool due = !one.delivered && delivered_ - one.delivered_before <= kKeptDeliveries;
    PARLEY_ORACLE(text || !due);
    one.delivered = one.delivered || text.has_value();
    delivered_ += text ? 1 : 0;
    return text.has_value();
  }

  // Nothing of it is kept, so that the two worlds go on alike.
  void deliver_bent(std::size_t at, Side to, const Bytes& octets) const {
    const auto& one = wire_[at];
    Store& below = *stores_[to];
    Transaction kept_back(below);
    const auto before = records_of(kept_back);
    const auto provider = make_(kept_back, Rng(3));
    PARLEY_ORACLE(provider);
    const auto text = read(**provider, to, {.kind = one.message.kind, .octets = octets});
    if (!text) {
      PARLEY_ORACLE(records_of(kept_back) == before);
      return;
    }
    // Nothing protects what surrounds a first message.
    PARLEY_ORACLE(one.message.kind == MessageKind::pkmsg && to == one.to && *text == one.text);
    PARLEY_ORACLE(!one.delivered);
  }

  const std::vector<InFlight>& wire() const { return wire_; }

 private:
  static Outcome<Bytes> read(Provider& provider, Side to, const Message& message) {
    return provider.decrypt(device_of(other_of(to)).address, message);
  }

  ProviderMaker make_;
  std::vector<std::unique_ptr<Transaction>> stores_;
  std::vector<std::unique_ptr<Provider>> providers_;
  std::vector<InFlight> wire_;
  std::size_t bundles_[2] = {0, 0};
  std::size_t sent_ = 0;
  std::size_t delivered_ = 0;
};

// The places of messages that were delivered, or were not.
std::vector<std::size_t> places(const std::vector<InFlight>& wire, bool delivered) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < wire.size(); ++i) {
    if (wire[i].delivered == delivered) {
      out.push_back(i);
    }
  }
  return out;
}

class Run {
 public:
  void act(std::uint8_t action, std::uint8_t argument) {
    const auto waiting = places(library_.wire(), false);
    const auto read = places(library_.wire(), true);
    switch (action % 12) {
      case 0:
      case 1:
        agree(library_.start(Side(action % 2)), ours_.start(Side(action % 2)));
        break;
      case 2:
      case 3:
        send(Side(action % 2));
        break;
      case 4:
      case 5:
        deliver(waiting, 0);  // in order
        break;
      case 6:
        deliver(waiting, argument);
        break;
      case 7:
        deliver(read, argument);
        break;
      case 8:
        tamper(waiting, argument);
        break;
      case 9:
        misdeliver(waiting, argument);
        break;
      case 10:
        cut(waiting, argument);
        break;
      default:
        take_turns(argument);
        break;
    }
  }

 private:
  static void agree(bool library, bool ours) { PARLEY_ORACLE(library == ours); }

  void deliver(const std::vector<std::size_t>& from, std::size_t which) {
    if (!from.empty()) {
      const auto at = from[which % from.size()];
      agree(library_.deliver(at), ours_.deliver(at));
    }
  }

  void send(Side side) { agree(library_.send(side), ours_.send(side)); }

  // Both answer each other, and so have new ratchet keys; what else is under way waits.
  void take_turns(std::uint8_t argument) {
    for (auto turns = std::min<std::size_t>(1U + argument % 4, turns_left_); turns > 0; --turns) {
      --turns_left_;
      for (const auto side : {bob, alice}) {
        const auto newest = library_.wire().size();
        send(side);
        if (library_.wire().size() > newest) {
          deliver({newest}, 0);
        }
      }
    }
  }

  // One bit of the newest.
  void tamper(const std::vector<std::size_t>& waiting, std::uint8_t argument) {
    for (World* world : {&library_, &ours_}) {
      if (!waiting.empty()) {
        auto octets = world->wire()[waiting.back()].message.octets;
        auto& octet = octets[argument * octets.size() / 256];
        octet = static_cast<char>(octet ^ (1 << argument % 8));
        world->deliver_bent(waiting.back(), world->wire()[waiting.back()].to, octets);
      }
    }
  }

  void misdeliver(const std::vector<std::size_t>& waiting, std::uint8_t argument) {
    for (World* world : {&library_, &ours_}) {
      if (!waiting.empty()) {
        const auto at = waiting[argument % waiting.size()];
        const auto& one = world->wire()[at];
        world->deliver_bent(at, other_of(one.to), one.message.octets);
      }
    }
  }

  void cut(const std::vector<std::size_t>& waiting, std::uint8_t argument) {
    for (World* world : {&library_, &ours_}) {
      if (!waiting.empty()) {
        const auto& one = world->wire()[waiting.back()];
        const auto& octets = one.message.octets;
        const auto kept = octets.size() - std::min<std::size_t>(octets.size(), argument + 1U);
        world->deliver_bent(waiting.back(), one.to, octets.substr(0, kept));
      }
    }
  }

  World library_{make_library_provider};
  World ours_{make_open_provider};
  std::size_t turns_left_ = kMostTurns;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run run;
  for (std::size_t at = 0; at + 1 < std::min(size, 2 * kMostActions); at += 2) {
    run.act(data[at], data[at + 1]);
  }
  return 0;
}
