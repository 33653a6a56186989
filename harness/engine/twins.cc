// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/twins.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <iterator>
#include <utility>

namespace parley::engine {

namespace asio = boost::asio;

namespace {

bool uses(const CastRun& run, const std::string& name) {
  return std::ranges::any_of(run.steps, [&](const CastStep& step) {
    return std::ranges::any_of(step.step.with, [&](const auto& field) {
      return std::ranges::any_of(field.second, [&](const std::string& expression) {
        return expression.find("${") != std::string::npos &&
               expression.find(name) != std::string::npos;
      });
    });
  });
}

}  // namespace

std::map<std::string, std::string> row_of(const CastRun& run,
                                          const std::map<std::string, std::string>& row) {
  std::map<std::string, std::string> out;
  std::ranges::copy_if(row, std::inserter(out, out.end()),
                       [&](const auto& entry) { return uses(run, entry.first); });
  return out;
}

std::string twin_name(const CastRun& twin, const std::map<std::string, std::string>& row) {
  std::string out = "twin of " + twin.profile->name + "/" + twin.flow->name + " for " +
                    std::string(model::to_string(twin.sut));
  for (const auto& [name, value] : row_of(twin, row)) {
    out += "; " + name + "=" + value;
  }
  return out;
}

Twins::Claim::Claim(Claim&& other) noexcept
    : twins_(std::exchange(other.twins_, nullptr)), name_(std::move(other.name_)) {}

Twins::Claim& Twins::Claim::operator=(Claim&& other) noexcept {
  std::swap(twins_, other.twins_);
  std::swap(name_, other.name_);
  return *this;
}

Twins::Claim::~Claim() {
  if (twins_ != nullptr) {
    twins_->settle(name_, nullptr);
  }
}

void Twins::Claim::done(const RunRecord& record) {
  if (twins_ != nullptr) {
    std::exchange(twins_, nullptr)->settle(name_, std::make_shared<RunRecord>(record));
  }
}

void Twins::settle(const std::string& name, std::shared_ptr<const RunRecord> record) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) {
    return;
  }
  const auto under_way = std::exchange(at->second.under_way, nullptr);
  at->second.since = Clock::now();
  at->second.record = std::move(record);
  if (under_way != nullptr) {
    under_way->cancel();
  }
}

asio::awaitable<Twins::Taken> Twins::take(std::string name) {
  auto& entry = entries_[name];  // never erased: entries are as few as flows
  if (const auto under_way = entry.under_way; under_way != nullptr) {
    boost::system::error_code ignored;
    co_await under_way->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    // When it failed each has to see for itself: one after the other would take for ever.
    co_return Taken{.record = entry.record};
  }
  if (entry.record != nullptr && Clock::now() - entry.since < kFresh) {
    co_return Taken{.record = entry.record};
  }
  entry.record.reset();
  entry.under_way = std::make_shared<asio::steady_timer>(executor_, Clock::time_point::max());
  co_return Taken{.record = nullptr, .claim = Claim(*this, std::move(name))};
}

}  // namespace parley::engine
