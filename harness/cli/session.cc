// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/session.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>
#include <thread>

#include "harness/base/text.h"
#include "harness/cli/output.h"
#include "harness/model/setting.h"
#include "harness/parties/registry.h"
#include "harness/sut/attachment.h"

namespace parley::cli {

std::map<model::Party, model::Declaration> reference_declarations(
    const RunArguments& arguments, const model::Library& library,
    const std::vector<const model::Case*>& cases) {
  std::map<model::Party, model::Declaration> out;
  const auto& settings = library.profiles.at(arguments.profile).settings;
  const auto tokens = settings.find(model::kTokenDictionary);
  std::set<model::Party> parties;
  for (const auto* one : cases) {
    std::ranges::copy(one->suts(), std::inserter(parties, parties.end()));
  }
  for (const auto party : parties) {
    auto declaration = sut::reference_declaration(arguments.program, party, arguments.profile);
    if (declaration) {
      declaration->profile = arguments.profile;
      if (!arguments.null_mode.empty()) {
        declaration->driver.push_back("--null");
        declaration->driver.push_back(arguments.null_mode);
        declaration->name = "null SUT: " + arguments.null_mode;
      }
      if (tokens != settings.end() && !tokens->second.value.empty()) {
        declaration->driver.insert(declaration->driver.end(), {"--tokens", tokens->second.value});
      }
      const auto second = settings.find("second-device");
      if (party == model::Party::gatekeeper_server && second != settings.end() &&
          second->second.value == "refused") {
        declaration->driver.insert(declaration->driver.end(),
                                   {"--fault", "wg-may-refuse-second-device"});
      }
      out[party] = std::move(*declaration);
    }
  }
  return out;
}

Result<JudgedSession> judge_session(const Session& session, engine::Journal& journal) {
  const auto log_file = (journal.folder() / "driver.log").string();
  sut::NoticeLog notices(log_file);
  const engine::Job job{
      .library = session.library,
      .declarations = session.declarations,
      .suts = session.suts,
      .attach =
          [&](boost::asio::any_io_executor executor, const model::Declaration& declaration,
              std::size_t worker, std::size_t workers) {
            const sut::AttachOptions options{.worker = worker,
                                             .workers = workers,
                                             .log_file = log_file,
                                             .faults = session.faults,
                                             .notices = &notices};
            return sut::attach(executor, declaration, options);
          },
      .manners = parties::manners_for(journal.plan().profile),
      .watch = session.watch,
      .reach = sut::reach,
      .stop = session.stop};
  auto outcome = engine::carry_out(job, journal, session.options);
  if (!outcome) {
    return std::unexpected(outcome.error());
  }
  return JudgedSession{.outcome = std::move(*outcome), .useless_notices = notices.count()};
}

engine::SchedulerOptions scheduler_options(const RunArguments& arguments) {
  engine::SchedulerOptions options;
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  options.workers = arguments.workers == 0 ? cores : arguments.workers;
  options.jobs = std::max<std::size_t>(1, arguments.jobs);
  options.workers = std::min(options.workers, options.jobs);
  if (arguments.patience.count() > 0) {
    options.least_patience = arguments.patience;
  }
  return options;
}

namespace {

// Silent beside other cases and not by itself.
bool is_flaky(const engine::CaseResult& result) {
  return result.verdict.kind == model::VerdictKind::pass && result.silent_beside &&
         !result.silent_beside->machine_busy;
}

}  // namespace

std::vector<std::string> mark_flaky(std::vector<engine::CaseResult>& results) {
  std::map<std::string, std::set<model::VerdictKind>> kinds;
  for (auto& result : results) {
    if (is_flaky(result)) {
      result.verdict.kind = model::VerdictKind::flaky;
      result.verdict.blame = model::Blame::sut;
      result.verdict.reason =
          "it passes with the SUT for itself; beside other cases, though the machine was not "
          "busy: " +
          result.silent_beside->reason;
    }
    kinds[result.id].insert(result.verdict.kind);
  }
  std::erase_if(kinds, [](const auto& one) { return one.second.size() == 1; });
  for (auto& result : results) {
    if (result.verdict.kind == model::VerdictKind::pass && kinds.contains(result.id)) {
      result.verdict.kind = model::VerdictKind::flaky;
      result.verdict.reason = "another repetition of the case did not pass";
    }
  }
  std::vector<std::string> out;
  for (const auto& [id, seen] : kinds) {
    out.push_back(id);
  }
  return out;
}

void warn_of_silence(const std::string& sut, const std::vector<engine::CaseResult>& results) {
  constexpr std::size_t kNamed = 10;
  std::vector<std::string> ids;
  for (const auto& result : results) {
    if (result.silent_beside) {
      ids.push_back(result.id);
    }
  }
  if (ids.empty()) {
    return;
  }
  const auto more = ids.size() > kNamed ? fmt::format(" and {} more", ids.size() - kNamed) : "";
  ids.resize(std::min(ids.size(), kNamed));
  put(stderr,
      "parley: {} fell silent beside other cases and was judged again by itself: {}{} (--jobs sets "
      "how many run at once, --patience-ms how long is waited)\n",
      sut, join(ids, ", "), more);
}

ExitCode exit_code_of(const engine::RunSummary& summary) {
  const auto counts = engine::totals(summary);
  const auto count = [&](model::VerdictKind kind) {
    const auto at = counts.find(kind);
    return at == counts.end() ? 0 : at->second;
  };
  if (summary.results.size() != summary.planned) {
    put(stderr, "parley: {} cases were planned, {} judged\n", summary.planned,
        summary.results.size());
    return ExitCode::harness_error;
  }
  if (summary.results.size() == count(model::VerdictKind::not_applicable)) {
    put(stderr, "parley: nothing was judged: the declaration excludes every selected case\n");
    return ExitCode::nothing_judged;
  }
  if (count(model::VerdictKind::error) > 0) {
    return ExitCode::harness_error;
  }
  const bool clean = count(model::VerdictKind::fail) + count(model::VerdictKind::inconclusive) +
                         count(model::VerdictKind::flaky) ==
                     0;
  return clean ? ExitCode::ok : ExitCode::findings;
}

bool can_write(const std::string& file) {
  errno = 0;
  if (std::ofstream(file, std::ios::app)) {
    return true;
  }
  put(stderr, "parley: {} cannot be written: {}\n", file, std::strerror(errno));
  return false;
}

Result<void> write_text(const std::filesystem::path& file, const std::string& text) {
  errno = 0;
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) {
    return fail(Errc::io,
                fmt::format("{} cannot be written: {}", file.string(), std::strerror(errno)));
  }
  return {};
}

std::string quoted(const std::string& word) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("_-./,:=@%+").contains(static_cast<char>(c));
  };
  return !word.empty() && std::ranges::all_of(word, plain)
             ? word
             : "'" + replace_all(word, "'", R"('\'')") + "'";
}

std::string resume_command(const RunArguments& arguments, const std::string& folder) {
  return "parley run" +
         (arguments.given.contains("--suites") ? " --suites " + quoted(arguments.suites_folder)
                                               : "") +
         " --resume " + quoted(folder);
}

std::string run_folder(const RunArguments& arguments) {
  if (!arguments.out.empty()) {
    return arguments.out;
  }
  const auto now = std::chrono::system_clock::now();
  return fmt::format("out/{:%Y%m%d-%H%M%S}-{}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(now)), ::getpid());
}

Result<std::vector<sut::Check>> preflight_of(const model::Declaration& declaration,
                                             const model::Profile& profile, std::size_t workers) {
  boost::asio::io_context io(1);
  std::vector<sut::Check> checks;
  std::string thrown;
  bool stopped = false;
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code error, int) {
    stopped = !error;
    io.stop();
  });
  boost::asio::co_spawn(io, sut::preflight(io.get_executor(), declaration, profile, workers),
                        [&](std::exception_ptr error, std::vector<sut::Check> done) {
                          checks = std::move(done);
                          try {
                            if (error) {
                              std::rethrow_exception(error);
                            }
                          } catch (const std::exception& caught) {
                            thrown = caught.what();
                          }
                          io.stop();
                        });
  io.run();
  if (stopped) {
    return fail(Errc::refused, "stopped by a signal");
  }
  if (!thrown.empty()) {
    return fail(Errc::io, thrown);
  }
  return checks;
}

ExitCode print_no_checks(const model::Declaration& declaration, const Error& error) {
  if (error.code == Errc::refused) {
    put(stderr, "parley: stopped in the preflight of {}; nothing was judged\n",
        printable(declaration.name));
    return ExitCode::stopped;
  }
  put(stderr, "parley: the preflight failed: {}\n", error.detail);
  return ExitCode::harness_error;
}

void print_check(std::FILE* to, const sut::Check& check) {
  put(to, "{}  {}{}{}\n", check.passed ? "ok  " : "FAIL", check.what,
      check.detail.empty() ? "" : ": " + printable(check.detail, 300),
      check.mend.empty() ? "" : "\n      mend: " + check.mend);
}

std::optional<ExitCode> unready(const model::Declaration& declaration,
                                const model::Library& library, std::size_t workers) {
  const auto checks = preflight_of(declaration, library.profiles.at(declaration.profile), workers);
  if (!checks) {
    return print_no_checks(declaration, checks.error());
  }
  bool ready = true;
  for (const auto& check : *checks) {
    if (!check.mend.empty()) {
      print_check(stderr, check);
    }
    ready = ready && check.passed;
  }
  if (ready) {
    return std::nullopt;
  }
  put(stderr,
      "parley: {} is not ready, nothing was judged; --no-preflight judges it all the "
      "same\n",
      printable(declaration.name));
  return ExitCode::preflight;
}

}  // namespace parley::cli
