// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/shared_runs.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
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

std::string shared_name(const CastRun& run, const std::map<std::string, std::string>& row) {
  std::string out = run.name + " of " + run.profile->name + "/" + run.flow->name + " for " +
                    model::names_of(run.suts);
  for (const auto& [name, value] : row) {
    out += uses(run, name) ? "; " + name + "=" + value : "";
  }
  return out;
}

SharedRuns::Claim::Claim(Claim&& other) noexcept
    : runs_(std::exchange(other.runs_, nullptr)), name_(std::move(other.name_)) {}

SharedRuns::Claim& SharedRuns::Claim::operator=(Claim&& other) noexcept {
  std::swap(runs_, other.runs_);
  std::swap(name_, other.name_);
  return *this;
}

SharedRuns::Claim::~Claim() {
  if (runs_ != nullptr) {
    runs_->settle(name_, nullptr);
  }
}

void SharedRuns::Claim::done(const RunRecord& record, const std::string& origin) {
  if (runs_ == nullptr) {
    return;
  }
  auto shared = std::make_shared<RunRecord>(record);
  shared->origin = origin;
  std::exchange(runs_, nullptr)->settle(name_, std::move(shared));
}

void SharedRuns::settle(const std::string& name, std::shared_ptr<const RunRecord> record) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) {
    return;
  }
  const auto under_way = std::exchange(at->second.under_way, nullptr);
  at->second.ended = Clock::now();
  at->second.record = std::move(record);
  if (under_way != nullptr) {
    under_way->cancel();
  }
}

asio::awaitable<SharedRuns::Taken> SharedRuns::take(std::string name, When when) {
  auto& entry = entries_[name];
  const auto call = ++calls_;
  while (const auto under_way = entry.under_way) {
    const bool ours = when == When::recently || entry.began > call;
    boost::system::error_code ignored;
    co_await under_way->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (ours) {
      // When it failed each has to see for itself: one after the other would take for ever.
      co_return Taken{.record = entry.record};
    }
  }
  const bool recent = entry.record != nullptr && Clock::now() - entry.ended < kRecent;
  if (recent && (when == When::recently || entry.began > call)) {
    co_return Taken{.record = entry.record};
  }
  entry.record.reset();
  entry.began = ++calls_;
  entry.under_way = std::make_shared<asio::steady_timer>(executor_, Clock::time_point::max());
  co_return Taken{.record = nullptr, .claim = Claim(*this, std::move(name))};
}

}  // namespace parley::engine
