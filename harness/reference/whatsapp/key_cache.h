// SPDX-License-Identifier: GPL-3.0-or-later
// The keys of one third party's service as a gatekeeper has them at hand: fetched when a token
// needs them, once for all that wait, kept for a time, and for a longer one while the service is
// out (IDP-005, IDP-025 to IDP-027). One thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/crypto/jose/key_ring.h"
#include "harness/reference/whatsapp/key_fetch.h"

namespace parley::reference::whatsapp {

struct KeyTimes {
  std::chrono::milliseconds lifetime{600'000};  // of what was fetched
  std::chrono::milliseconds outage{3'600'000};  // how much longer it counts while nothing comes
  std::chrono::milliseconds cool_down{30'000};  // between two refreshes for unknown names
  std::chrono::milliseconds retry{1'000};       // after a fetch that failed
  FetchBounds bounds{};
};

struct KeyKeeping {
  using Now = std::function<std::chrono::steady_clock::time_point()>;
  // Starts a coroutine; the function ends it early. Whoever starts it waits for its end.
  using Run = std::function<void(asio::awaitable<void>, std::function<void()>)>;
  asio::any_io_executor executor;
  Run run;
  KeyTimes times{};
  Now now = std::chrono::steady_clock::now;
};

// Owned by who knows the partner, and by the coroutines that fetch or wait, so that a partner may
// be replaced meanwhile.
class KeyCache : public std::enable_shared_from_this<KeyCache> {
 public:
  KeyCache(KeyKeeping keeping, KeySource source);

  // Waits until it is decided whether there is a key of that name, fetching where that may help;
  // within the bounds of two fetches.
  asio::awaitable<void> prepare(std::string kid, FaultSet faults);
  // Waits for the fetch that is under way, if there is one.
  asio::awaitable<void> settled();
  // What was fetched is stale from now on.
  void refresh();

  // Those that count now.
  const crypto::jose::KeyRing& keys() const;
  // Why the last fetch brought nothing.
  std::optional<Outage> outage() const { return outage_; }
  const std::string& ca_pem() const { return source_.ca_pem; }
  const std::string& issuer() const { return source_.issuer; }
  bool fetching() const { return fetching_; }

 private:
  using Time = std::chrono::steady_clock::time_point;

  bool knows(const std::string& kid) const;
  bool needs_fetch(const std::string& kid, const FaultSet& faults);
  void start(const FaultSet& faults);
  asio::awaitable<void> fetch(std::shared_ptr<KeyCache> self, FaultSet faults);
  void settle(const FetchedKeys& fetched, const FaultSet& faults);

  KeyKeeping keeping_;
  KeySource source_;
  asio::steady_timer settled_;  // cancelled when a fetch has ended
  asio::steady_timer ended_;    // cancelled to end the fetch early
  bool fetching_ = false;
  bool stale_ = false;
  std::vector<crypto::jose::PublicKey> published_;
  crypto::jose::KeyRing ring_;
  std::optional<Time> fetched_at_;  // when it last brought keys
  std::optional<Time> failed_at_;   // none after a fetch that brought keys
  std::optional<Time> forced_at_;   // the last refresh for an unknown name
  std::optional<Outage> outage_;
};

}  // namespace parley::reference::whatsapp
