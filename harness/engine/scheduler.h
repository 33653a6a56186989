// SPDX-License-Identifier: GPL-3.0-or-later
// Carries out a plan: one thread and one attachment a worker, many cases at once on each, verdicts
// into the journal as they come.
#pragma once

#include <functional>
#include <map>

#include "harness/engine/conductor.h"
#include "harness/engine/journal.h"
#include "harness/engine/ports.h"

namespace parley::engine {

struct SchedulerOptions {
  std::size_t workers = 2;
  std::size_t jobs = 16;  // cases at once, over all workers
  std::chrono::milliseconds least_patience{5'000};
  std::chrono::milliseconds most_patience{30'000};
};

// Attaches a worker to the SUT of one declaration.
using Attach = std::function<boost::asio::awaitable<Result<std::unique_ptr<Attachment>>>(
    boost::asio::any_io_executor executor, const model::Declaration& declaration,
    std::size_t worker, std::size_t workers)>;

// Called after each verdict, from any worker, never from two at once.
using Watcher = std::function<void(const CaseResult& result, std::size_t done, std::size_t total)>;

struct Job {
  const model::Library& library;
  std::map<model::Party, model::Declaration> declarations;  // by party under test
  Attach attach;
  Responder respond;
  Watcher watch;
};

// Judges what the journal's plan holds and its lines do not. The results are those of the whole
// plan, earlier ones included, in order of id and repetition. Errors: refused with the reason when
// a SUT cannot be attached; io when the journal cannot be written.
Result<std::vector<CaseResult>> carry_out(const Job& job, Journal& journal,
                                          const SchedulerOptions& options);

}  // namespace parley::engine
