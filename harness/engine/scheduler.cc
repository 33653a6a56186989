// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <tuple>

#include "harness/crypto/memo.h"
#include "harness/engine/applicable.h"
#include "harness/engine/attempt.h"
#include "harness/engine/begin_order.h"
#include "harness/engine/board.h"
#include "harness/engine/judge.h"
#include "harness/engine/processors.h"
#include "harness/engine/survival.h"

namespace parley::engine {
namespace {

namespace asio = boost::asio;

constexpr const char* kPlayedDomain = "gatekeeper.test";
// Of cases that are judged again: so many in a row, or in all, in which the SUT falls silent once
// more, and it is the SUT and not how busy it was.
constexpr std::size_t kSilentInARow = 3;
constexpr std::size_t kSilentInAll = 8;

class Worker {
 public:
  Worker(const Job& job, Journal& journal, const SchedulerOptions& options, Board& board,
         const crypto::CertificateAuthority& authority, std::string authority_file,
         std::size_t number)
      : job_(job),
        journal_(journal),
        options_(options),
        board_(board),
        authority_(authority),
        authority_file_(std::move(authority_file)),
        number_(number),
        io_(1),
        patience_(options.least_patience, options.most_patience),
        quiet_(io_, asio::steady_timer::time_point::max()) {
    board.when_quiet.emplace_back([this] { asio::post(io_, [this] { quiet_.cancel(); }); });
  }

  void run() {
    const crypto::Memo memo;
    asio::co_spawn(io_, start(), [this](std::exception_ptr error) {
      keep(error);
      if (!started_) {
        board_.left(board_.busy);
        board_.left(board_.busy_alone);
        leave();
      }
    });
    io_.run();
    attachments_.clear();
  }

 private:
  void keep(std::exception_ptr error) {
    if (!error) {
      return;
    }
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& caught) {
      board_.fail_run(
          {.code = Errc::io, .detail = fmt::format("a worker stopped: {}", caught.what())});
    }
  }

  asio::awaitable<void> start() {
    for (const auto& [party, declaration] : job_.declarations) {
      auto attached =
          co_await job_.attach(io_.get_executor(), declaration, number_, options_.workers);
      if (!attached) {
        board_.fail_run(
            {.code = Errc::refused,
             .detail = fmt::format("{}: {}", declaration.name, attached.error().detail)});
        co_return;
      }
      attachments_[party] = std::move(*attached);
    }
    started_ = true;
    const std::size_t lanes = std::max<std::size_t>(1, options_.jobs / options_.workers);
    for (std::size_t i = 0; i < lanes; ++i) {
      ++lanes_;
      asio::co_spawn(io_, lane(), [this](std::exception_ptr error) {
        keep(error);
        if (--lanes_ == 0) {
          board_.left(board_.busy);
          asio::co_spawn(io_, judge_alone(), [this](std::exception_ptr trouble) {
            keep(trouble);
            leave();
          });
        }
      });
    }
  }

  // The drivers' readers would keep the loop alive.
  void leave() {
    attachments_.clear();
    io_.stop();
  }

  // The parties of which this worker judges what needs a SUT for itself.
  std::vector<model::Party> own_parties() const {
    std::vector<model::Party> out;
    std::size_t at = 0;
    for (const auto& [party, cases] : board_.alone) {
      if (at++ % options_.workers == number_) {
        out.push_back(party);
      }
    }
    return out;
  }

  asio::awaitable<void> until_none(const std::atomic<std::size_t>& busy) {
    while (busy > 0) {
      boost::system::error_code ignored;
      co_await quiet_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  // What is left once nothing else is under way: first what needs a SUT for itself, where SUTs of
  // different parties do not mind each other; then, really alone, what is judged again.
  asio::awaitable<void> judge_alone() {
    co_await until_none(board_.busy);
    const auto parties = own_parties();
    std::size_t under_way = parties.size();
    asio::steady_timer over(io_, asio::steady_timer::time_point::max());
    for (const auto party : parties) {
      asio::co_spawn(io_, alone_lane(board_.alone.at(party)), [&](std::exception_ptr error) {
        keep(error);
        --under_way;
        over.cancel();
      });
    }
    while (under_way > 0) {
      boost::system::error_code ignored;
      co_await over.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    board_.left(board_.busy_alone);
    if (number_ == 0) {
      co_await until_none(board_.busy_alone);
      co_await judge_again();
    }
  }

  asio::awaitable<void> alone_lane(std::vector<PlannedCase> cases) {
    for (const auto& planned : cases) {
      if (ends()) {
        co_return;
      }
      co_await one_case(planned);
    }
  }

  asio::awaitable<void> judge_again() {
    std::ranges::sort(board_.in_vain, {}, [this](std::size_t at) {
      return std::tie(board_.results[at].id, board_.results[at].repetition);
    });
    std::size_t in_a_row = 0;
    std::size_t in_all = 0;
    for (const auto at : board_.in_vain) {
      if (in_a_row == kSilentInARow || in_all == kSilentInAll) {
        co_return;
      }
      if (ends()) {
        board_.cut_short = true;
        co_return;
      }
      const bool spoke = co_await judged_again(board_.results[at]);
      in_a_row = spoke ? 0 : in_a_row + 1;
      in_all += spoke ? 0 : 1;
    }
  }

  // Makes the second attempt; its verdict counts if it decides. Whether the SUT did not fall
  // silent.
  asio::awaitable<bool> judged_again(CaseResult& result) {
    const PlannedCase planned{.id = result.id, .repetition = result.repetition};
    auto second = co_await attempt(planned, Turn::again);
    if (!second) {
      co_return false;
    }
    const bool decided = is_decided(*second);
    SilentBeside first{
        .reason = result.verdict.reason, .machine_busy = *result.busy_beside, .decided = decided};
    const bool spoke = !rests_on_silence(second->result.verdict);
    if (decided) {
      result = std::move(second->result);
    }
    result.silent_beside = std::move(first);
    if (auto written = journal_.add(result, second->transcript); !written) {
      board_.fail_run(written.error());
    }
    co_return spoke;
  }

  asio::awaitable<void> lane() {
    while (!ends()) {
      const auto at = board_.next.fetch_add(1);
      if (at >= board_.todo.size()) {
        co_return;
      }
      co_await one_case(board_.todo[at]);
    }
  }

  // The parties under test in a case.
  std::vector<model::Party> suts_of(const model::Case& one) const {
    return job_.suts.empty() ? one.suts() : job_.suts;
  }

  bool ends() const { return board_.over || (job_.stop && job_.stop()); }

  asio::awaitable<void> one_case(PlannedCase planned) {
    if (const auto judged = co_await attempt(planned, Turn::first)) {
      record(*judged);
    }
  }

  // Nullopt: the SUT is lost, and the case has no verdict by that.
  asio::awaitable<std::optional<Attempt>> attempt(PlannedCase planned, Turn turn) {
    const auto* one = job_.library.find_case(planned.id);
    if (one != nullptr && job_.reach) {
      const auto dead = co_await dead_of(*one, std::chrono::milliseconds(0));
      if (!dead.empty()) {
        board_.lose(dead);
        co_return std::nullopt;
      }
    }
    auto out = co_await try_case(planned, turn);
    if (may_be_lost(out)) {
      const bool met = in_contact(out.transcript);
      if (!co_await reachable(*one)) {
        if (met) {
          board_.suspect(planned.id);
        }
        const bool alone = options_.jobs == 1 || one->alone || turn == Turn::again;
        if (!met || !alone) {
          co_return std::nullopt;  // which of the cases under way killed the SUT cannot be told
        }
      } else if (!met && unreachable(out.transcript) && !ends()) {
        out = co_await try_case(planned, turn);  // it came while the SUT was away for a moment
      }
    }
    co_return out;
  }

  bool may_be_lost(const Attempt& attempt) const {
    const auto kind = attempt.result.verdict.kind;
    return job_.reach && kind != model::VerdictKind::pass &&
           kind != model::VerdictKind::not_applicable && contact_lost(attempt.transcript);
  }

  // What of the SUTs of a case is dead; see Reach.
  asio::awaitable<std::string> dead_of(const model::Case& one, std::chrono::milliseconds limit) {
    for (const auto party : suts_of(one)) {
      const auto attached = attachments_.find(party);
      if (attached == attachments_.end()) {
        continue;  // the case is not applicable
      }
      auto dead = co_await job_.reach(*attached->second, limit);
      if (!dead.empty()) {
        co_return dead;
      }
    }
    co_return "";
  }

  // One lane asks, the others take its answer where it was asked after they lost contact.
  asio::awaitable<bool> reachable(const model::Case& one) {
    const auto lost = std::chrono::steady_clock::now();
    const auto pass = co_await reaching_.enter();
    if (board_.over) {
      const std::lock_guard lock(board_.guard);
      co_return board_.lost.empty();
    }
    auto& asked = reached_[one.party];
    if (asked > lost) {
      co_return true;
    }
    const auto now = std::chrono::steady_clock::now();
    const auto dead = co_await dead_of(one, options_.least_patience);
    if (dead.empty()) {
      asked = now;
    } else {
      board_.lose(dead);
    }
    co_return dead.empty();
  }

  asio::awaitable<Attempt> try_case(PlannedCase planned, Turn turn) {
    const auto began = std::chrono::steady_clock::now();
    Attempt out{.result = {.id = planned.id, .repetition = planned.repetition, .verdict = {}},
                .transcript = {
                    .case_id = planned.id,
                    .seed = seed_of(journal_.plan().seed, planned.repetition, board_.earlier, turn),
                    .runs = {}}};
    auto& verdict = out.result.verdict;
    if (const auto* one = job_.library.find_case(planned.id); one == nullptr) {
      verdict.reason = "the plan names a case that the suites do not hold";
      verdict.blame = model::Blame::harness;
    } else if (auto why = why_not_applicable(*one, job_.library.profiles.at(one->profile),
                                             suts_of(*one), job_.declarations);
               !why.empty()) {
      verdict.kind = model::VerdictKind::not_applicable;
      verdict.reason = std::move(why);
    } else {
      co_await judge_case(*one, out);
    }
    out.result.took = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - began);
    co_return out;
  }

  // `attempt` holds the seed, and what came of it afterwards.
  asio::awaitable<void> judge_case(const model::Case& one, Attempt& attempt) {
    std::map<model::Party, Attachment*> attachments;
    for (const auto party : suts_of(one)) {
      attachments[party] = attachments_.at(party).get();
    }
    const auto gatekeeper = attachments.find(model::Party::gatekeeper_server);
    auto domain = gatekeeper == attachments.end() ? std::string(kPlayedDomain)
                                                  : gatekeeper->second->endpoint("domain");
    Workshop workshop{.library = job_.library,
                      .attachments = std::move(attachments),
                      .suts = job_.suts,
                      .manners = job_.manners,
                      .tls = tls_,
                      .authority = authority_,
                      .leaves = leaves_,
                      .authority_file = authority_file_,
                      .domain = std::move(domain),
                      .patience = patience_,
                      .shared = shared_,
                      .leasing = leasing_,
                      .seed = attempt.transcript.seed,
                      .identity_seed = journal_.plan().seed,
                      .introduced = introduced_};
    const UnderWay under_way(board_);
    const auto processors = options_.again ? processor_time() : std::nullopt;
    auto& verdict = attempt.result.verdict;
    try {
      attempt.transcript = co_await conduct(one, workshop);
      verdict = judge(one, job_.library, attempt.transcript);
      if (options_.again && under_way.beside_others() && rests_on_silence(verdict)) {
        attempt.result.busy_beside =
            verdict.blame == model::Blame::environment || was_busy(processors, processor_time());
      }
    } catch (const std::exception& caught) {
      verdict.blame = model::Blame::harness;
      verdict.reason = fmt::format("the harness failed: {}", caught.what());
    }
  }

  void record(const Attempt& attempt) {
    if (auto written = journal_.add(attempt.result, attempt.transcript); !written) {
      board_.fail_run(written.error());
      return;
    }
    const std::lock_guard lock(board_.guard);
    if (in_vain(attempt.result)) {
      board_.in_vain.push_back(board_.results.size());
    }
    board_.results.push_back(attempt.result);
    if (job_.watch) {
      job_.watch(attempt.result, board_.results.size(), board_.total);
    }
  }

  const Job& job_;
  Journal& journal_;
  const SchedulerOptions& options_;
  Board& board_;
  std::set<const Attachment*> introduced_;  // which know the third party's service
  const crypto::CertificateAuthority& authority_;
  std::string authority_file_;
  std::size_t number_;
  asio::io_context io_;
  Patience patience_;
  asio::steady_timer quiet_;  // cancelled when no worker judges any more
  SharedRuns shared_{io_.get_executor()};
  Turnstile leasing_{io_.get_executor()};
  Turnstile reaching_{io_.get_executor()};
  std::map<model::Party, std::chrono::steady_clock::time_point>
      reached_;  // asked, and it was there
  net::TlsContexts tls_;
  Leaves leaves_;
  std::map<model::Party, std::unique_ptr<Attachment>> attachments_;
  bool started_ = false;
  std::size_t lanes_ = 0;
};

}  // namespace

Result<Outcome> carry_out(const Job& job, Journal& journal, const SchedulerOptions& options) {
  Board board;
  std::set<PlannedCase> done;
  for (const auto& result : journal.done()) {
    done.insert({result.id, result.repetition});
    if (options.again && in_vain(result)) {
      board.in_vain.push_back(board.results.size());
    }
    board.results.push_back(result);
  }
  board.earlier = board.results.size();
  for (const auto& planned : journal.plan().cases) {
    if (done.contains(planned)) {
      continue;
    }
    const auto* one = job.library.find_case(planned.id);
    (one != nullptr && one->alone ? board.alone[one->party] : board.todo).push_back(planned);
  }
  board.todo = longest_first(std::move(board.todo), job.library);
  board.busy = options.workers;
  board.busy_alone = options.workers;
  board.total = journal.plan().cases.size();
  const auto now_s = std::chrono::duration_cast<std::chrono::seconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
  auto authority =
      crypto::CertificateAuthority::make(Rng(journal.plan().seed).child("authority"), now_s);
  if (!authority) {
    return std::unexpected(authority.error());
  }
  const auto authority_file = std::filesystem::absolute(journal.folder() / "played-ca.pem");
  if (!(std::ofstream(authority_file) << authority->pem() << std::flush)) {
    return fail(Errc::io, fmt::format("{} cannot be written", authority_file.string()));
  }
  {
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < options.workers; ++i) {
      workers.push_back(std::make_unique<Worker>(job, journal, options, board, *authority,
                                                 authority_file.string(), i));
    }
    for (auto& worker : workers) {
      threads.emplace_back([&worker] { worker->run(); });
    }
  }
  if (board.trouble) {
    return std::unexpected(*board.trouble);
  }
  std::ranges::sort(board.results, [](const CaseResult& a, const CaseResult& b) {
    return std::tie(a.id, a.repetition) < std::tie(b.id, b.repetition);
  });
  std::ranges::sort(board.suspects);
  const bool whole = board.results.size() == board.total;
  return Outcome{.results = std::move(board.results),
                 .ending = !board.lost.empty()         ? RunEnding::lost_sut
                           : whole && !board.cut_short ? RunEnding::whole
                                                       : RunEnding::stopped,
                 .lost = std::move(board.lost),
                 .suspects = std::move(board.suspects)};
}

}  // namespace parley::engine
