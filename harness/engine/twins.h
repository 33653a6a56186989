// SPDX-License-Identifier: GPL-3.0-or-later
// Unchanged runs that the cases of one worker share: that a flow succeeds with this SUT need not be
// shown anew for every change of it. A twin that failed is never shared, and none that is old.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "harness/engine/cast.h"
#include "harness/engine/transcript.h"

namespace parley::engine {

// Names what a twin depends on: dialect, flow, party under test and the values of the row that the
// flow uses. Two cases with the same name could not tell their twins apart.
std::string twin_name(const CastRun& twin, const std::map<std::string, std::string>& row);
// The values of `row` that `run`'s steps use.
std::map<std::string, std::string> row_of(const CastRun& run,
                                          const std::map<std::string, std::string>& row);

class Twins {
 public:
  explicit Twins(boost::asio::any_io_executor executor) : executor_(executor) {}

  // The promise to carry out a twin for all who wait for it; kept by `done`, else withdrawn.
  class Claim {
   public:
    Claim() = default;
    Claim(Twins& twins, std::string name) : twins_(&twins), name_(std::move(name)) {}
    Claim(Claim&& other) noexcept;
    Claim& operator=(Claim&& other) noexcept;
    ~Claim();
    void done(const RunRecord& record);

   private:
    Twins* twins_ = nullptr;
    std::string name_;
  };
  struct Taken {
    std::shared_ptr<const RunRecord> record;  // null: carry one out
    Claim claim{};
  };
  // Waits while somebody carries it out.
  boost::asio::awaitable<Taken> take(std::string name);

 private:
  using Clock = std::chrono::steady_clock;
  // So long ago the SUT is taken to have been as it is now.
  static constexpr std::chrono::seconds kFresh{10};

  struct Entry {
    std::shared_ptr<const RunRecord> record;
    Clock::time_point since;
    std::shared_ptr<boost::asio::steady_timer> under_way;  // null when nobody carries it out
  };
  void settle(const std::string& name, std::shared_ptr<const RunRecord> record);

  boost::asio::any_io_executor executor_;
  std::map<std::string, Entry> entries_;
};

}  // namespace parley::engine
