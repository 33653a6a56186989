// SPDX-License-Identifier: GPL-3.0-or-later
// For tests: SUTs that mean harm, judged by the real engine. Each must get a verdict that is
// neither pass nor error, and the engine's memory must stay bounded.
#pragma once

#include <gtest/gtest.h>
#include <malloc.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/engine/conductor.h"
#include "harness/engine/judge.h"
#include "harness/model/shipped_suites.h"
#include "harness/parties/registry.h"

namespace parley::sut {

namespace asio = boost::asio;

inline bool memory_counts() {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return false;
#endif
#endif
  return true;
}

// A line of /proc/self/status, in KiB.
inline long status_kib(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) {
      return std::stol(line.substr(name.size() + 1));
    }
  }
  return 0;
}

// How much the resident set's peak grows over its life.
class MemoryWatch {
 public:
  MemoryWatch() {
    malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << 5;  // the peak begins anew (proc(5))
    before_ = status_kib("VmRSS");
  }
  long grown_mib() const { return (status_kib("VmHWM") - before_) / 1024; }

 private:
  long before_ = 0;
};

inline const model::Library& library() { return model::shipped_suites().library; }

inline const crypto::CertificateAuthority& authority() {
  static const auto made = crypto::CertificateAuthority::make(
      Rng(7), std::chrono::duration_cast<std::chrono::seconds>(
                  std::chrono::system_clock::now().time_since_epoch())
                  .count());
  if (!made) {
    throw std::runtime_error(made.error().detail);
  }
  return *made;
}

using Attaching = std::function<asio::awaitable<Result<std::unique_ptr<engine::Attachment>>>()>;
using Verdicts = std::vector<model::Verdict>;

// Judges the cases one after another on one attachment; none when the SUT cannot be attached.
inline asio::awaitable<Verdicts> judged(Attaching attaching, std::vector<std::string> cases,
                                        std::string authority_file) {
  using namespace std::chrono_literals;
  Verdicts out;
  auto attachment = co_await attaching();
  if (!attachment) {
    co_return out;
  }
  net::TlsContexts tls;
  engine::Leaves leaves;
  engine::Patience patience(300ms, 600ms);
  engine::SharedRuns shared(co_await asio::this_coro::executor);
  engine::Turnstile leasing(co_await asio::this_coro::executor);
  std::set<const engine::Attachment*> introduced;
  engine::Workshop workshop{
      .library = library(),
      .attachments = {{(*attachment)->declaration().party, attachment->get()}},
      .suts = {},
      .manners = parties::manners_for((*attachment)->declaration().profile),
      .tls = tls,
      .authority = authority(),
      .leaves = leaves,
      .authority_file = std::move(authority_file),
      .domain = "gatekeeper.test",
      .patience = patience,
      .shared = shared,
      .leasing = leasing,
      .seed = 1,
      .identity_seed = 1,
      .introduced = introduced};
  for (const auto& id : cases) {
    const auto* one = library().find_case(id);
    if (one == nullptr) {
      co_return Verdicts();
    }
    const auto transcript = co_await engine::conduct(*one, workshop);
    out.push_back(engine::judge(*one, library(), transcript));
  }
  co_return out;
}

inline void expect_survived(const Verdicts& verdicts, const MemoryWatch& memory) {
  if (memory_counts()) {
    EXPECT_LT(memory.grown_mib(), 64);
  }
  EXPECT_EQ(verdicts.size(), 2u);
  for (const auto& verdict : verdicts) {
    EXPECT_TRUE(verdict.kind == model::VerdictKind::fail ||
                verdict.kind == model::VerdictKind::inconclusive)
        << to_string(verdict.kind) << ": " << verdict.reason << " / " << verdict.came;
    // The environment's where the machine that runs the test is too busy to tell late from never.
    EXPECT_TRUE(verdict.blame == model::Blame::sut ||
                verdict.blame == model::Blame::configuration ||
                verdict.blame == model::Blame::environment)
        << to_string(verdict.blame) << ": " << verdict.reason << " / " << verdict.came;
  }
}

}  // namespace parley::sut
