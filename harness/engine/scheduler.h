// SPDX-License-Identifier: GPL-3.0-or-later
// Carries out a plan: one thread and one attachment a worker, many cases at once on each, verdicts
// into the journal as they come.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/engine/conductor.h"
#include "harness/engine/journal.h"
#include "harness/engine/ports.h"

namespace parley::engine {

struct SchedulerOptions {
  std::size_t workers = 2;
  std::size_t jobs = 16;  // cases at once, over all workers
  std::chrono::milliseconds least_patience{5'000};
  std::chrono::milliseconds most_patience{30'000};
  // Whether cases whose verdict rests on the SUT's silence while others were under way are judged
  // again once these are over. A second verdict that decides counts.
  bool again = false;
};

// Attaches a worker to the SUT of one declaration.
using Attach = std::function<boost::asio::awaitable<Result<std::unique_ptr<Attachment>>>(
    boost::asio::any_io_executor executor, const model::Declaration& declaration,
    std::size_t worker, std::size_t workers)>;

// Called after each verdict, from any worker, never from two at once.
using Watcher = std::function<void(const CaseResult& result, std::size_t done, std::size_t total)>;

// Asked when a case lost contact with the SUT: waits until the SUT can be reached, for at most
// `limit`. Empty when it can; else what is dead, "endpoints/starttls: 127.0.0.1:5222: …". Asked
// before each case too, with a limit of 0: then only what is known without a packet is said.
using Reach = std::function<boost::asio::awaitable<std::string>(Attachment& attachment,
                                                                std::chrono::milliseconds limit)>;

struct Job {
  const model::Library& library;
  std::map<model::Party, model::Declaration> declarations;  // by party under test
  // Cast as SUT together, the server first; empty: each case's own.
  std::vector<model::Party> suts{};
  Attach attach;
  Manners manners;
  Watcher watch;
  Reach reach{};                 // null: a SUT never counts as dead
  std::function<bool()> stop{};  // whether to begin no further case; from any worker
};

enum class RunEnding { whole, stopped, lost_sut };

struct Outcome {
  std::vector<CaseResult> results;      // earlier ones included, in order of id and repetition
  RunEnding ending = RunEnding::whole;  // else cases of the plan are left without a verdict
  std::string lost{};                   // lost_sut: what is dead
  // lost_sut: the cases that were in contact with the SUT when it died, one of which may have
  // killed it. A verdict they have only where nothing else was under way.
  std::vector<std::string> suspects{};
};

// Judges what the journal's plan holds and its lines do not. A SUT that cannot be reached for as
// long as patience lasts ends the run: what it was not there for is left without a verdict, so that
// the run can go on later. Errors: refused with the reason when a SUT cannot be attached; io when
// the journal cannot be written.
Result<Outcome> carry_out(const Job& job, Journal& journal, const SchedulerOptions& options);

}  // namespace parley::engine
