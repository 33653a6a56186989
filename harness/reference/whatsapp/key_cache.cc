// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/key_cache.h"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "harness/net/deadline.h"

namespace parley::reference::whatsapp {
namespace {

namespace jose = crypto::jose;

constexpr auto kNever = asio::steady_timer::time_point::max();
constexpr int kMostRounds = 3;
constexpr std::size_t kMostRemembered = 100;  // wg-keys-withdrawn-kept

}  // namespace

KeyCache::KeyCache(KeyKeeping keeping, KeySource source)
    : keeping_(std::move(keeping)),
      source_(std::move(source)),
      settled_(keeping_.executor, kNever),
      ended_(keeping_.executor, kNever) {}

bool KeyCache::knows(const std::string& kid) const {
  return std::ranges::any_of(ring_.keys(), [&](const auto& key) { return key.key().kid == kid; });
}

bool KeyCache::needs_fetch(const std::string& kid, const FaultSet& faults) {
  const auto now = keeping_.now();
  if (faults.has(Fault::wg_keys_not_cached)) {
    return true;
  }
  const bool old = stale_ || (fetched_at_ && now - *fetched_at_ >= keeping_.times.lifetime);
  const bool due = !fetched_at_ || (old && !faults.has(Fault::wg_keys_never_stale));
  if (due) {
    return !failed_at_ || now - *failed_at_ >= keeping_.times.retry;
  }
  if (knows(kid) || faults.has(Fault::wg_may_await_refresh)) {
    return false;
  }
  const bool rested = !forced_at_ || now - *forced_at_ >= keeping_.times.cool_down;
  if (rested) {
    forced_at_ = now;
  }
  return rested || faults.has(Fault::wg_keys_refresh_unbounded);
}

asio::awaitable<void> KeyCache::prepare(std::string kid, FaultSet faults) {
  const auto self = shared_from_this();
  for (int round = 0; round < kMostRounds; ++round) {
    const bool joined = fetching_;
    if (!joined && !needs_fetch(kid, faults)) {
      co_return;
    }
    if (!joined) {
      start(faults);
    }
    co_await settled();
    if (!joined) {
      co_return;
    }
  }
}

asio::awaitable<void> KeyCache::settled() {
  const auto self = shared_from_this();
  while (fetching_) {
    boost::system::error_code cancelled;
    co_await settled_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

void KeyCache::start(const FaultSet& faults) {
  fetching_ = true;
  stale_ = false;  // a refresh() meanwhile makes what comes stale again
  const auto self = shared_from_this();
  keeping_.run(fetch(self, faults), [self] { self->ended_.cancel(); });
}

asio::awaitable<void> KeyCache::fetch(std::shared_ptr<KeyCache> self, FaultSet faults) {
  using asio::experimental::awaitable_operators::operator||;
  const auto over = [](KeyCache* cache) {
    cache->fetching_ = false;
    cache->settled_.cancel();
  };
  const std::unique_ptr<KeyCache, decltype(over)> until_end(self.get(), over);
  boost::system::error_code cancelled;
  auto first = co_await (net::boxed(fetch_keys(source_, keeping_.times.bounds, faults)) ||
                         ended_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled)));
  settle(first.index() == 0 ? *std::get<0>(first) : FetchedKeys(std::unexpected(Outage::silent)),
         faults);
}

void KeyCache::settle(const FetchedKeys& fetched, const FaultSet& faults) {
  if (!fetched) {
    outage_ = fetched.error();
    failed_at_ = keeping_.now();
    stale_ = fetched_at_.has_value();
    if (faults.has(Fault::wg_keys_outage_forgets)) {
      published_.clear();
      ring_ = jose::KeyRing();
      fetched_at_.reset();
    }
    return;
  }
  auto keys = *fetched;
  if (faults.has(Fault::wg_keys_withdrawn_kept)) {
    std::ranges::copy_if(published_, std::back_inserter(keys), [&](const auto& old) {
      return keys.size() < kMostRemembered &&
             std::ranges::find(keys, old.kid, &jose::PublicKey::kid) == keys.end();
    });
  }
  jose::KeyRing ring;
  for (const auto& key : keys) {
    if (auto made = jose::VerificationKey::make(key)) {
      ring.add(std::move(*made));
    }
  }
  published_ = std::move(keys);
  ring_ = std::move(ring);
  fetched_at_ = keeping_.now();
  failed_at_.reset();
  outage_.reset();
}

void KeyCache::refresh() {
  stale_ = true;
  failed_at_.reset();
  forced_at_.reset();
}

const jose::KeyRing& KeyCache::keys() const {
  static const jose::KeyRing none;
  const auto most = keeping_.times.lifetime + keeping_.times.outage;
  return fetched_at_ && keeping_.now() - *fetched_at_ < most ? ring_ : none;
}

}  // namespace parley::reference::whatsapp
