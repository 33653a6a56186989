// SPDX-License-Identifier: GPL-3.0-or-later
// SUTs that die in the course of a run: it ends, keeps what was judged and can be gone on with. And
// such that are silent for a while.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <optional>
#include <set>

#include "harness/engine/scheduler.h"
#include "harness/engine/survival.h"
#include "harness/sut/attachment.h"
#include "harness/sut/hostile_judging.h"
#include "harness/sut/hostile_server.h"
#include "harness/sut/script_folder.h"

namespace parley::sut {
namespace {

using namespace std::chrono_literals;

constexpr engine::SchedulerOptions kOptions{
    .workers = 1, .jobs = 1, .least_patience = 300ms, .most_patience = 600ms};

engine::Plan plan_of(const std::vector<std::string>& ids) {
  engine::Plan out;
  out.seed = 1;
  out.profile = "xmpp";
  for (const auto& id : ids) {
    out.cases.push_back({.id = id, .repetition = 0});
  }
  return out;
}

const std::vector<std::string> kServerCases{"stanza/server-ping", "stanza/server-doctype/plain",
                                            "stanza/server-restricted-in-body/comment",
                                            "transport/server-login-plain"};

asio::awaitable<void> leaves(Guest&) { co_return; }

crypto::Leaf no_leaf() { return {.chain_pem = "", .key_pem = ""}; }

// A server that closes every connection, and is gone for good after some verdicts.
class MortalServer {
 public:
  explicit MortalServer(std::size_t verdicts) : left_(verdicts) {
    server_.emplace(tricking(Stage::accept, leaves, no_leaf()));
    address_ = server_->address();
  }
  engine::Job job() {
    model::Declaration declaration;
    declaration.name = "mortal";
    declaration.profile = "xmpp";
    declaration.features = {"sasl-plain", "scram-sha-256", "starttls", "xep-0199"};
    engine::Job out{.library = library(),
                    .declarations = {{model::Party::gatekeeper_server, declaration}},
                    .attach = [this](asio::any_io_executor, const model::Declaration&, std::size_t,
                                     std::size_t) { return attachment(); },
                    .manners = parties::manners_for("xmpp"),
                    .watch =
                        [this](const engine::CaseResult&, std::size_t, std::size_t) {
                          if (--left_ == 0) {
                            server_.reset();
                          }
                        },
                    .reach = reach};
    return out;
  }

 private:
  asio::awaitable<Result<std::unique_ptr<engine::Attachment>>> attachment() {
    std::unique_ptr<engine::Attachment> out = std::make_unique<HostileAttachment>(
        "xmpp",
        std::map<std::string, std::string>{{"domain", kHostileDomain}, {"starttls", address_}}, "");
    co_return out;
  }
  std::optional<HostileServer> server_;
  std::string address_;
  std::size_t left_;
};

std::set<std::string> ids_of(const std::vector<engine::CaseResult>& results) {
  std::set<std::string> out;
  for (const auto& result : results) {
    out.insert(result.id);
  }
  return out;
}

TEST(MortalServerTest, EndsTheRunWhichGoesOnWhenItIsBack) {
  const ScriptFolder folder;
  {
    MortalServer server(2);
    auto journal = engine::Journal::begin(folder.file("run"), plan_of(kServerCases));
    ASSERT_TRUE(journal) << journal.error();
    const auto outcome = engine::carry_out(server.job(), **journal, kOptions);
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_EQ(outcome->ending, engine::RunEnding::lost_sut);
    EXPECT_TRUE(outcome->lost.starts_with("endpoints/starttls: 127.0.0.1:")) << outcome->lost;
    EXPECT_EQ(ids_of(outcome->results), (std::set<std::string>{kServerCases[0], kServerCases[1]}));
    EXPECT_TRUE(outcome->suspects.empty());
  }
  MortalServer server(100);
  auto journal = engine::Journal::resume(folder.file("run"));
  ASSERT_TRUE(journal) << journal.error();
  EXPECT_EQ((*journal)->done().size(), 2u);
  const auto outcome = engine::carry_out(server.job(), **journal, kOptions);
  ASSERT_TRUE(outcome) << outcome.error();
  EXPECT_EQ(outcome->ending, engine::RunEnding::whole);
  EXPECT_EQ(outcome->results.size(), kServerCases.size());
}

TEST(MortalServerTest, CountsAsDeadOnlyWhereSomebodyAsks) {
  const ScriptFolder folder;
  MortalServer server(1);
  auto job = server.job();
  job.reach = {};
  auto journal = engine::Journal::begin(folder.file("run"), plan_of(kServerCases));
  ASSERT_TRUE(journal) << journal.error();
  const auto outcome = engine::carry_out(job, **journal, kOptions);
  ASSERT_TRUE(outcome) << outcome.error();
  EXPECT_EQ(outcome->ending, engine::RunEnding::whole);
  EXPECT_EQ(outcome->results.size(), kServerCases.size());
}

TEST(Stop, LeavesWhatIsNotBegun) {
  const ScriptFolder folder;
  MortalServer server(100);
  auto job = server.job();
  std::size_t judged = 0;
  job.watch = [&judged](const engine::CaseResult&, std::size_t, std::size_t) { ++judged; };
  job.stop = [&judged] { return judged == 3; };
  auto journal = engine::Journal::begin(folder.file("run"), plan_of(kServerCases));
  ASSERT_TRUE(journal) << journal.error();
  const auto outcome = engine::carry_out(job, **journal, kOptions);
  ASSERT_TRUE(outcome) << outcome.error();
  EXPECT_EQ(outcome->ending, engine::RunEnding::stopped);
  EXPECT_EQ(outcome->results.size(), 3u);
}

const std::vector<std::string> kHeaderCases{"transport/server-header", "transport/server-features"};

asio::awaitable<void> hears_out(Guest& guest) { co_await guest.hear_out(); }

// A server that says nothing on its first connections, and offers STARTTLS on the later ones.
class BusyServer {
 public:
  explicit BusyServer(std::size_t silent)
      : silent_(silent), server_([this](net::Stream& stream) { return entertain(stream); }) {}

  engine::Job job() {
    model::Declaration declaration;
    declaration.name = "busy";
    declaration.profile = "xmpp";
    declaration.features = {"starttls"};
    return {.library = library(),
            .declarations = {{model::Party::gatekeeper_server, declaration}},
            .attach = [this](asio::any_io_executor, const model::Declaration&, std::size_t,
                             std::size_t) { return attachment(); },
            .manners = parties::manners_for("xmpp"),
            .watch = {}};
  }
  std::size_t connections() const { return connections_; }

 private:
  asio::awaitable<void> entertain(net::Stream& stream) {
    if (connections_++ < silent_) {
      co_await Talker(stream).hear_out();
    } else {
      co_await tricking(Stage::features, hears_out, no_leaf())(stream);
    }
  }
  asio::awaitable<Result<std::unique_ptr<engine::Attachment>>> attachment() {
    const std::map<std::string, std::string> endpoints{{"domain", kHostileDomain},
                                                       {"starttls", server_.address()}};
    std::unique_ptr<engine::Attachment> out =
        std::make_unique<HostileAttachment>("xmpp", endpoints, "");
    co_return out;
  }
  std::size_t silent_;
  std::atomic<std::size_t> connections_{0};
  HostileServer server_;
};

// Patience enough for a machine that runs other tests too.
constexpr engine::SchedulerOptions kAtOnce{
    .workers = 2, .jobs = 8, .least_patience = 2s, .most_patience = 4s, .again = true};

class BusySut : public testing::Test {
 protected:
  engine::Outcome judge(const engine::Job& job, const engine::Plan& plan,
                        const engine::SchedulerOptions& options) {
    auto journal = engine::Journal::begin(run_, plan);
    return carried_out(job, std::move(journal), options);
  }
  engine::Outcome resume(const engine::Job& job) {
    return carried_out(job, engine::Journal::resume(run_), kAtOnce);
  }
  // Of the journal, by id.
  std::map<std::string, engine::CaseResult> kept() const {
    std::map<std::string, engine::CaseResult> out;
    const auto record = engine::Journal::load(run_);
    EXPECT_TRUE(record) << record.error();
    for (const auto& result : record ? record->done : std::vector<engine::CaseResult>()) {
      EXPECT_TRUE(out.emplace(result.id, result).second) << result.id;
      EXPECT_TRUE(engine::load_transcript(engine::transcript_path(run_, result)));
    }
    return out;
  }
  const std::string& run() const { return run_; }

 private:
  static engine::Outcome carried_out(const engine::Job& job,
                                     Result<std::unique_ptr<engine::Journal>> journal,
                                     const engine::SchedulerOptions& options) {
    EXPECT_TRUE(journal) << journal.error();
    auto outcome =
        journal ? engine::carry_out(job, **journal, options) : std::unexpected(journal.error());
    EXPECT_TRUE(outcome) << outcome.error();
    return outcome ? std::move(*outcome) : engine::Outcome();
  }

  const ScriptFolder folder_;
  const std::string run_ = folder_.file("run");
};

TEST_F(BusySut, IsJudgedAgainWhereItFellSilentBesideOthers) {
  BusyServer server(2);
  const auto outcome = judge(server.job(), plan_of(kHeaderCases), kAtOnce);
  EXPECT_EQ(outcome.ending, engine::RunEnding::whole);
  EXPECT_EQ(outcome.results.size(), 2u);
  const auto results = kept();
  ASSERT_TRUE(results.contains(kHeaderCases[0]));
  const auto& result = results.at(kHeaderCases[0]);
  EXPECT_EQ(result.verdict.kind, model::VerdictKind::pass) << result.verdict.reason;
  ASSERT_TRUE(result.silent_beside);
  EXPECT_NE(result.silent_beside->reason, "");
  // The first attempt has its evidence too.
  EXPECT_TRUE(
      engine::load_transcript(engine::transcript_path(run(), result.id, 0, engine::Turn::first)));
}

TEST_F(BusySut, IsNotJudgedAgainWhereNothingElseWasUnderWay) {
  BusyServer server(1);
  const auto outcome = judge(server.job(), plan_of({kHeaderCases[0]}), kAtOnce);
  ASSERT_EQ(outcome.results.size(), 1u);
  EXPECT_TRUE(engine::rests_on_silence(outcome.results[0].verdict));
  EXPECT_FALSE(outcome.results[0].busy_beside);
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(BusySut, IsNotJudgedAgainWhereNobodyWantsIt) {
  BusyServer server(2);
  auto once = kAtOnce;
  once.again = false;
  const auto outcome = judge(server.job(), plan_of(kHeaderCases), once);
  ASSERT_EQ(outcome.results.size(), 2u);
  EXPECT_NE(outcome.results[0].verdict.kind, model::VerdictKind::pass);
  EXPECT_EQ(server.connections(), 2u);
}

// What is silent again and again is not busy: nobody waits for it in all cases twice.
TEST_F(BusySut, IsGivenUpThatIsSilentForever) {
  constexpr int kRepetitions = 5;
  BusyServer server(1'000);
  auto plan = plan_of({});
  for (int i = 0; i < kRepetitions; ++i) {
    plan.cases.push_back({.id = kHeaderCases[0], .repetition = i});
  }
  const auto outcome = judge(server.job(), plan, kAtOnce);
  EXPECT_EQ(outcome.ending, engine::RunEnding::whole);
  ASSERT_EQ(outcome.results.size(), static_cast<std::size_t>(kRepetitions));
  for (const auto& result : outcome.results) {
    EXPECT_NE(result.verdict.kind, model::VerdictKind::pass);
  }
  EXPECT_EQ(server.connections(), kRepetitions + 3u);
}

TEST_F(BusySut, KeepsItsFirstVerdictsWhereTheRunIsStoppedUntilItGoesOn) {
  BusyServer server(2);
  auto job = server.job();
  std::size_t judged = 0;
  job.watch = [&judged](const engine::CaseResult&, std::size_t, std::size_t) { ++judged; };
  job.stop = [&judged] { return judged == 2; };
  const auto stopped = judge(job, plan_of(kHeaderCases), kAtOnce);
  EXPECT_EQ(stopped.ending, engine::RunEnding::stopped);
  EXPECT_EQ(stopped.results.size(), 2u);
  EXPECT_NE(kept().at(kHeaderCases[0]).verdict.kind, model::VerdictKind::pass);
  const auto outcome = resume(server.job());
  EXPECT_EQ(outcome.ending, engine::RunEnding::whole);
  EXPECT_EQ(outcome.results.size(), 2u);
  EXPECT_EQ(kept().at(kHeaderCases[0]).verdict.kind, model::VerdictKind::pass);
}

// Refuses to connect, and dies at the third wish to.
constexpr const char* kMortalDriver = R"(
connects = 0
for request in requests():
    method = request["method"]
    if method == "describe":
        answer(request, {"name": "mortal", "version": "1", "party": "third-party.client",
                         "features": []})
    elif method == "connect":
        connects += 1
        if connects == 3:
            sys.exit(3)
        refuse(request, -32000)
    elif method == "reset":
        answer(request, {})
    else:
        refuse(request, -32601)
)";

const std::vector<std::string> kClientCases{
    "stanza/client-shows", "transport/client-certificate/expired",
    "transport/client-certificate/other-host", "transport/client-certificate/self-signed",
    "transport/client-login-plain"};

engine::Job driven_job(const ScriptFolder& folder, model::Declaration& declaration) {
  declaration.name = "mortal client";
  declaration.profile = "xmpp";
  declaration.party = model::Party::third_party_client;
  declaration.features = {"sasl-plain", "scram-sha-256", "starttls"};
  declaration.driver = folder.driver(kMortalDriver);
  declaration.folder = folder.path();
  return {.library = library(),
          .declarations = {{declaration.party, declaration}},
          .attach =
              [](asio::any_io_executor executor, const model::Declaration& of, std::size_t,
                 std::size_t) {
                AttachOptions options;
                return attach(executor, of, options);
              },
          .manners = parties::manners_for("xmpp"),
          .watch = {},
          .reach = reach};
}

struct Jobs {
  const char* name;
  std::size_t jobs;
  std::size_t least;  // verdicts
  std::size_t most;
};
class MortalDriver : public testing::TestWithParam<Jobs> {};

TEST_P(MortalDriver, EndsTheRunAndSaysHow) {
  const ScriptFolder folder;
  model::Declaration declaration;
  auto options = kOptions;
  options.jobs = GetParam().jobs;
  auto journal = engine::Journal::begin(folder.file("run"), plan_of(kClientCases));
  ASSERT_TRUE(journal) << journal.error();
  const auto outcome = engine::carry_out(driven_job(folder, declaration), **journal, options);
  ASSERT_TRUE(outcome) << outcome.error();
  EXPECT_EQ(outcome->ending, engine::RunEnding::lost_sut);
  EXPECT_EQ(outcome->lost, "driver/command: the driver ended (exit status 3)");
  EXPECT_LE(outcome->results.size(), GetParam().most);
  EXPECT_GE(outcome->results.size(), GetParam().least);
  EXPECT_GE(outcome->suspects.size(), 1u);
}

// Alone, the case that killed it has its verdict, so that the run gets past it.
INSTANTIATE_TEST_SUITE_P(All, MortalDriver,
                         testing::Values(Jobs{"OneAtATime", 1, 3, 3}, Jobs{"TwoAtOnce", 2, 0, 2}),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::sut
