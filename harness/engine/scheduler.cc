// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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
#include <set>
#include <thread>

#include "harness/crypto/memo.h"
#include "harness/engine/applicable.h"
#include "harness/engine/begin_order.h"
#include "harness/engine/judge.h"

namespace parley::engine {
namespace {

namespace asio = boost::asio;

constexpr const char* kPlayedDomain = "gatekeeper.test";

// What the workers share beside plan and journal.
struct Board {
  std::vector<PlannedCase> todo;
  // Heavy ones, one after another once nothing else is under way: they slow a SUT down as a whole.
  std::map<model::Party, std::vector<PlannedCase>> alone;
  std::atomic<std::size_t> busy{0};  // workers that still judge `todo`
  std::vector<std::function<void()>> when_quiet;
  std::atomic<std::size_t> next{0};
  std::mutex guard;
  std::vector<CaseResult> results;
  std::size_t earlier = 0;  // verdicts that were there before
  std::size_t total = 0;
  std::optional<Error> trouble;  // ends the run
  std::string lost;              // what of the SUT is dead; ends the run too
  std::vector<std::string> suspects;
  std::atomic<bool> over{false};  // no further case begins

  void fail_run(Error error) {
    const std::lock_guard lock(guard);
    if (!trouble) {
      trouble = std::move(error);
    }
    over = true;
  }

  void lose(const std::string& what) {
    const std::lock_guard lock(guard);
    if (lost.empty()) {
      lost = what;
    }
    over = true;
  }

  void suspect(const std::string& id) {
    const std::lock_guard lock(guard);
    suspects.push_back(id);
  }

  void left() {
    if (--busy == 0) {
      std::ranges::for_each(when_quiet, [](const auto& wake) { wake(); });
    }
  }
};

// Each repetition has identities of its own, and so has what a resumed run begins anew: what an
// earlier one left at the SUT must not count. `earlier`: verdicts that were there before.
std::uint64_t seed_of(std::uint64_t seed, int repetition, std::size_t earlier) {
  const auto resumed =
      earlier == 0 ? seed : Rng(seed).child(fmt::format("resumed/{}", earlier)).next();
  return repetition == 0 ? resumed
                         : Rng(resumed).child(fmt::format("repetition/{}", repetition)).next();
}

// Whether the last run broke where a SUT that died would break it.
bool contact_lost(const Transcript& transcript) {
  using Kind = Event::Kind;
  constexpr std::array kEnds{Kind::unreachable, Kind::closed, Kind::failed, Kind::tls_failed};
  return !transcript.runs.empty() &&
         std::ranges::any_of(transcript.runs.back().events, [&](const Event& event) {
           return std::ranges::count(kEnds, event.kind) > 0 ||
                  (event.kind == Kind::broken &&
                   (event.link == "driver" || event.link == "identities"));
         });
}

// Whether the SUT was there in one of the runs that the case carried out itself.
bool in_contact(const Transcript& transcript) {
  return std::ranges::any_of(transcript.runs, [](const RunRecord& run) {
    return run.origin.empty() && std::ranges::any_of(run.events, [](const Event& event) {
             return event.kind == Event::Kind::dialled || event.kind == Event::Kind::accepted ||
                    event.kind == Event::Kind::call;
           });
  });
}

bool unreachable(const Transcript& transcript) {
  return std::ranges::any_of(transcript.runs.back().events, [](const Event& event) {
    return event.kind == Event::Kind::unreachable;
  });
}

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
        board_.left();
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
          board_.left();
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

  // SUTs of different parties do not mind each other.
  asio::awaitable<void> judge_alone() {
    const auto parties = own_parties();
    if (parties.empty()) {
      co_return;
    }
    while (board_.busy > 0) {
      boost::system::error_code ignored;
      co_await quiet_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
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
  }

  asio::awaitable<void> alone_lane(std::vector<PlannedCase> cases) {
    for (const auto& planned : cases) {
      if (ends()) {
        co_return;
      }
      co_await one_case(planned);
    }
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

  struct Attempt {
    CaseResult result;
    Transcript transcript;
  };

  asio::awaitable<void> one_case(PlannedCase planned) {
    const auto* one = job_.library.find_case(planned.id);
    if (one != nullptr && job_.reach) {
      const auto dead = co_await dead_of(*one, std::chrono::milliseconds(0));
      if (!dead.empty()) {
        board_.lose(dead);
        co_return;
      }
    }
    auto attempt = co_await try_case(planned);
    if (may_be_lost(attempt)) {
      const bool met = in_contact(attempt.transcript);
      if (!co_await reachable(*one)) {
        if (met) {
          board_.suspect(planned.id);
        }
        if (!met || (options_.jobs > 1 && !one->alone)) {
          co_return;  // which of the cases under way killed the SUT cannot be told
        }
      } else if (!met && unreachable(attempt.transcript) && !ends()) {
        attempt = co_await try_case(planned);  // it came while the SUT was away for a moment
      }
    }
    record(attempt);
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

  asio::awaitable<Attempt> try_case(PlannedCase planned) {
    const auto began = std::chrono::steady_clock::now();
    Attempt out{
        .result = {.id = planned.id, .repetition = planned.repetition, .verdict = {}},
        .transcript = {.case_id = planned.id,
                       .seed = seed_of(journal_.plan().seed, planned.repetition, board_.earlier),
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
    try {
      attempt.transcript = co_await conduct(one, workshop);
      attempt.result.verdict = judge(one, job_.library, attempt.transcript);
    } catch (const std::exception& caught) {
      attempt.result.verdict.blame = model::Blame::harness;
      attempt.result.verdict.reason = fmt::format("the harness failed: {}", caught.what());
    }
  }

  void record(const Attempt& attempt) {
    if (auto written = journal_.add(attempt.result, attempt.transcript); !written) {
      board_.fail_run(written.error());
      return;
    }
    const std::lock_guard lock(board_.guard);
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
                 .ending = !board.lost.empty() ? RunEnding::lost_sut
                           : whole             ? RunEnding::whole
                                               : RunEnding::stopped,
                 .lost = std::move(board.lost),
                 .suspects = std::move(board.suspects)};
}

}  // namespace parley::engine
