// SPDX-License-Identifier: GPL-3.0-or-later
// Unchanged runs that the cases of one worker share. That a flow succeeds with this SUT need not be
// shown anew for every change of it (the twin), and one run shows for all that ended before it that
// the SUT still works (after). A run that failed is never shared.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "harness/engine/cast.h"
#include "harness/engine/transcript.h"

namespace parley::engine {

// Names what an unchanged run depends on: its place in a case, dialect, flow, party under test and
// the values of the row that the flow uses. Two cases could not tell runs of one name apart.
std::string shared_name(const CastRun& run, const std::map<std::string, std::string>& row);

class SharedRuns {
 public:
  explicit SharedRuns(boost::asio::any_io_executor executor) : executor_(executor) {}

  // recently: one that ended not long ago will do. from_now_on: it must begin after the call.
  enum class When { recently, from_now_on };

  // The promise to carry out a run for all who wait for it; kept by `done`, else withdrawn.
  class Claim {
   public:
    Claim() = default;
    Claim(SharedRuns& runs, std::string name) : runs_(&runs), name_(std::move(name)) {}
    Claim(Claim&& other) noexcept;
    Claim& operator=(Claim&& other) noexcept;
    ~Claim();
    // `origin`: the case that carried it out.
    void done(const RunRecord& record, const std::string& origin);

   private:
    SharedRuns* runs_ = nullptr;
    std::string name_;
  };
  struct Taken {
    std::shared_ptr<const RunRecord> record;  // null: carry one out
    Claim claim{};
  };
  // Waits while somebody carries it out.
  boost::asio::awaitable<Taken> take(std::string name, When when);

 private:
  using Clock = std::chrono::steady_clock;
  // So long ago the SUT is taken to have been as it is now.
  static constexpr std::chrono::seconds kRecent{10};

  struct Entry {
    std::shared_ptr<const RunRecord> record;
    std::uint64_t began = 0;  // in order of the calls
    Clock::time_point ended;
    std::shared_ptr<boost::asio::steady_timer> under_way;  // null when nobody carries it out
  };
  void settle(const std::string& name, std::shared_ptr<const RunRecord> record);

  boost::asio::any_io_executor executor_;
  std::map<std::string, Entry> entries_;  // never erased: as few as flows
  std::uint64_t calls_ = 0;
};

}  // namespace parley::engine
