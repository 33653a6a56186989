// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/driver.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "harness/sut/script_folder.h"
#include "harness/testkit/run_to_end.h"

namespace parley::sut {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testkit::run_to_end;

constexpr auto kPatience = 10'000ms;

struct Launch {
  std::vector<std::string> command;
  std::string folder;
  std::string log_file;
};

// Starts the driver and makes the calls one after another; the driver ends with it.
asio::awaitable<std::vector<Result<json>>> calls(Launch launch, std::vector<std::string> methods,
                                                 std::chrono::milliseconds timeout, json params) {
  std::vector<Result<json>> out;
  auto driver = Driver::start(co_await asio::this_coro::executor, launch.command, launch.folder,
                              launch.log_file);
  if (!driver) {
    out.emplace_back(std::unexpected(driver.error()));
    co_return out;
  }
  for (const auto& method : methods) {
    auto answer = co_await (*driver)->call(method, params, timeout);
    out.push_back(std::move(answer));
  }
  co_return out;
}

class DriverTest : public testing::Test {
 protected:
  Result<json> one_call(const std::string& body, const std::string& method,
                        std::chrono::milliseconds timeout = kPatience,
                        json params = json::object()) {
    return run_to_end(calls(launch(body), {method}, timeout, std::move(params))).front();
  }
  Launch launch(const std::string& body) {
    return {.command = folder_.driver(body),
            .folder = folder_.path(),
            .log_file = folder_.file("driver.log")};
  }
  ScriptFolder folder_;
};

TEST_F(DriverTest, ReturnsTheResult) {
  const auto answer = one_call(kGoodDriver, "echo", kPatience, {{"a", 1}});
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ(*answer, json({{"a", 1}}));
}

TEST_F(DriverTest, RunsInTheFolderAndLogsStandardError) {
  const auto answers = run_to_end(calls(launch(kGoodDriver), {"folder", "log"}, kPatience, {}));
  ASSERT_TRUE(answers[0]) << answers[0].error();
  EXPECT_EQ(*answers[0], json(std::filesystem::canonical(folder_.path()).string()));
  ASSERT_TRUE(answers[1]) << answers[1].error();
  std::ifstream log(folder_.file("driver.log"));
  const std::string text((std::istreambuf_iterator<char>(log)), {});
  EXPECT_EQ(text, "logged\n");
}

struct Refusal {
  const char* name;
  std::string method;
  Errc code;
};
class DriverRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(DriverRefusal, BecomesAnErrorOfTheCall) {
  const ScriptFolder folder;
  const Launch launch{
      .command = folder.driver(kGoodDriver), .folder = folder.path(), .log_file = ""};
  const auto answer = run_to_end(calls(launch, {GetParam().method}, kPatience, {})).front();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, GetParam().code) << answer.error();
}
INSTANTIATE_TEST_SUITE_P(Codes, DriverRefusal,
                         testing::Values(Refusal{"Unsupported", "cannot", Errc::unsupported},
                                         Refusal{"SaidInTheResult", "cannot-either",
                                                 Errc::unsupported},
                                         Refusal{"UnknownMethod", "nonsense", Errc::unsupported},
                                         Refusal{"OtherError", "sorry", Errc::refused}),
                         [](const auto& row) { return std::string(row.param.name); });

struct Breakage {
  const char* name;
  std::string body;
  std::string detail;  // part of it
};
class DriverBreakage : public testing::TestWithParam<Breakage> {};

TEST_P(DriverBreakage, EndsThisAndEveryLaterCallWithItsReason) {
  const ScriptFolder folder;
  const Launch launch{
      .command = folder.driver(GetParam().body), .folder = folder.path(), .log_file = ""};
  const auto answers = run_to_end(calls(launch, {"one", "two"}, kPatience, {}));
  for (const auto& answer : answers) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::io);
    EXPECT_NE(answer.error().detail.find(GetParam().detail), std::string::npos) << answer.error();
    EXPECT_LT(answer.error().detail.size(), 1'000u);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Kinds, DriverBreakage,
    testing::Values(
        Breakage{"Exits", "sys.exit(3)", "the driver ended (exit status 3)"},
        Breakage{"ExitsOnTheFirstRequest", "next(requests())\nsys.exit(0)",
                 "the driver ended (exit status 0)"},
        Breakage{"IsKilled", "os.kill(os.getpid(), signal.SIGKILL)", "the driver ended (signal 9)"},
        Breakage{"ClosesItsOutput", "os.close(1)\ntime.sleep(60)",
                 "the driver closed its standard output"},
        Breakage{"PrintsGarbage", "print('hello \\x1B[31m', flush=True)\ntime.sleep(60)",
                 "not a JSON object: 'hello \\x1B[31m'"},
        Breakage{"PrintsABatch", "print('[]', flush=True)\ntime.sleep(60)", "not a JSON object"},
        Breakage{"PrintsALongLine",
                 "print('{\"a\":\"' + 'x' * 2097152 + '\"}', flush=True)\ntime.sleep(60)",
                 "a line of more than 1 MiB"},
        Breakage{"PrintsALineWithoutEnd",
                 "sys.stdout.write('x' * 2097152)\nsys.stdout.flush()\ntime.sleep(60)",
                 "a line of more than 1 MiB"},
        Breakage{"NestsDeeply", "print('{\"a\":' + '[' * 100000, flush=True)\ntime.sleep(60)",
                 "levels deep"},
        Breakage{"PrintsInvalidUtf8", "os.write(1, b'{\"a\":\"\\xff\"}\\n')\ntime.sleep(60)",
                 "not a JSON object"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(DriverTest, ReportsSilenceOnlyForTheCallThatWaited) {
  const auto answers = run_to_end(calls(
      launch("r = requests()\nnext(r)\nsecond = next(r)\nanswer(second, 'here')\ntime.sleep(60)"),
      {"one", "two"}, 1'000ms, {}));
  ASSERT_FALSE(answers[0]);
  EXPECT_EQ(answers[0].error().code, Errc::timed_out);
  EXPECT_NE(answers[0].error().detail.find("within 1000 ms"), std::string::npos);
  ASSERT_TRUE(answers[1]) << answers[1].error();
  EXPECT_EQ(*answers[1], json("here"));
}

TEST_F(DriverTest, IgnoresAnswersWithUnknownIds) {
  const auto answer = one_call(R"(
for request in requests():
    for id in (77, -1, "1", None, [1], 1.0):
        put({"jsonrpc": "2.0", "id": id, "result": "wrong"})
    answer(request, "right")
)",
                               "one");
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ(*answer, json("right"));
}

TEST_F(DriverTest, ReportsAnAnswerWithoutResultAsIo) {
  const auto answer =
      one_call("for r in requests():\n    put({'jsonrpc': '2.0', 'id': r['id']})", "one");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::io);
}

TEST_F(DriverTest, ReportsAProgramOrFolderThatDoesNotExist) {
  const std::vector<Launch> launches{
      {.command = {"/nonexistent/driver"}, .folder = folder_.path(), .log_file = ""},
      {.command = {"./missing.py"}, .folder = folder_.path(), .log_file = ""},
      {.command = {folder_.path()}, .folder = "", .log_file = ""},
      {.command = {}, .folder = "", .log_file = ""},
      {.command = {"/bin/true"}, .folder = folder_.file("missing"), .log_file = ""}};
  for (const auto& launch : launches) {
    const auto answer = run_to_end(calls(launch, {"one"}, kPatience, {})).front();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::not_found) << answer.error();
  }
}

TEST_F(DriverTest, FindsAProgramRelativeToTheFolder) {
  folder_.write("run.sh", "#!/bin/sh\nexec /usr/bin/python3 -S -E driver.py\n");
  chmod(folder_.file("run.sh").c_str(), 0755);
  auto relative = launch(kGoodDriver);
  relative.command = {"./run.sh"};
  const auto answer = run_to_end(calls(relative, {"echo"}, kPatience, json::object())).front();
  EXPECT_TRUE(answer) << answer.error();
}

asio::awaitable<std::vector<Result<json>>> two_at_once(Launch launch) {
  using asio::experimental::awaitable_operators::operator&&;
  std::vector<Result<json>> out;
  auto driver =
      Driver::start(co_await asio::this_coro::executor, launch.command, launch.folder, "");
  auto [first, second] = co_await ((*driver)->call("first", json::object(), kPatience) &&
                                   (*driver)->call("second", json::object(), kPatience));
  out.push_back(std::move(first));
  out.push_back(std::move(second));
  co_return out;
}

TEST_F(DriverTest, MatchesAnswersThatComeInAnotherOrder) {
  const auto answers = run_to_end(two_at_once(launch(
      "r = requests()\na = next(r)\nb = next(r)\nanswer(b, b['method'])\nanswer(a, a['method'])")));
  ASSERT_TRUE(answers[0] && answers[1]);
  EXPECT_EQ(*answers[0], json("first"));
  EXPECT_EQ(*answers[1], json("second"));
}

struct Heard {
  std::vector<std::string> methods;
  std::vector<json> params;
};

asio::awaitable<Heard> listen_to_romeo(Launch launch) {
  Heard heard;
  auto driver =
      Driver::start(co_await asio::this_coro::executor, launch.command, launch.folder, "");
  engine::Attachment::NoticeHandler handler = [&heard](const std::string& method,
                                                       const json& params) {
    heard.methods.push_back(method);
    heard.params.push_back(params);
  };
  (*driver)->on_notice("romeo", handler);
  const json to_romeo{{"user", "romeo"}, {"text", "hi"}};
  const json to_juliet{{"user", "juliet"}};
  (void)co_await (*driver)->call("say", to_romeo, kPatience);
  (void)co_await (*driver)->call("say", to_juliet, kPatience);
  (*driver)->on_notice("romeo", nullptr);
  (void)co_await (*driver)->call("say", to_romeo, kPatience);
  co_return heard;
}

TEST_F(DriverTest, RoutesNotificationsToTheUsersHandler) {
  const auto heard = run_to_end(listen_to_romeo(launch(kGoodDriver)));
  ASSERT_EQ(heard.methods, std::vector<std::string>{"received"});
  EXPECT_EQ(heard.params.front()["text"], json("hi"));
}

// Has every notification of `lines` written by the driver while romeo listens, and once more when
// he does not any more.
asio::awaitable<void> listen_twice(Launch launch, std::vector<std::string> lines,
                                   NoticeLog& notices) {
  auto driver = Driver::start(co_await asio::this_coro::executor, launch.command, launch.folder,
                              launch.log_file, &notices);
  const json params{{"lines", lines}};
  (*driver)->on_notice("romeo", [](const std::string&, const json&) {});
  (void)co_await (*driver)->call("print", params, kPatience);
  (*driver)->on_notice("romeo", nullptr);
  (void)co_await (*driver)->call("print", params, kPatience);
}

constexpr const char* kPrinter = R"(
for request in requests():
    for line in request["params"]["lines"]:
        sys.stdout.write(line + "\n")
    answer(request, {})
)";

struct Said {
  const char* name;
  std::string line;
  const char* why;  // what the log says of it; empty: it is of use
};
class DriverNotice : public DriverTest, public testing::WithParamInterface<Said> {};

TEST_P(DriverNotice, IsLoggedWithTheReasonWhereItIsOfNoUse) {
  NoticeLog notices(folder_.file("driver.log"));
  run_to_end(listen_twice(launch(kPrinter), {GetParam().line}, notices));
  const bool useless = std::string(GetParam().why) != "";
  EXPECT_EQ(notices.count(), useless ? 2u : 0u);
  std::ifstream log(folder_.file("driver.log"));
  const std::string text((std::istreambuf_iterator<char>(log)), {});
  EXPECT_EQ(text.empty(), !useless) << text;
  EXPECT_NE(text.find(GetParam().why), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Lines, DriverNotice,
    testing::Values(
        Said{"Right", R"({"method":"connected","params":{"user":"romeo","jid":"romeo@a/b"}})", ""},
        Said{"PresenceWithoutType", R"({"method":"presence","params":{"user":"romeo","from":"a"}})",
             ""},
        Said{"UnknownMethod", R"({"method":"key-changed","params":{"user":"romeo"}})",
             "unknown method 'key-changed'"},
        Said{"UnknownUser", R"({"method":"closed","params":{"user":"tybalt","reason":"x"}})",
             "unknown user 'tybalt'"},
        Said{"NoUser", R"({"method":"closed","params":{"reason":"x"}})",
             "'closed' without the text 'user'"},
        Said{"NoFrom",
             R"({"method":"received","params":{"user":"romeo","text":"hi","type":"chat"}})",
             "'received' without the text 'from'"},
        Said{"JidIsANumber", R"({"method":"connected","params":{"user":"romeo","jid":5}})",
             "'connected' without the text 'jid'"},
        Said{"ParamsAreAList", R"({"method":"closed","params":["romeo"]})",
             "the params are no object"},
        Said{"MethodIsNull", R"({"method":null,"params":{"user":"romeo"}})",
             "the method is no text"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(DriverTest, LogsTheFirstUselessNoticesAndCountsAll) {
  NoticeLog notices(folder_.file("driver.log"));
  run_to_end(
      listen_twice(launch(kPrinter), std::vector<std::string>(300, R"({"method":"x"})"), notices));
  EXPECT_EQ(notices.count(), 600u);
  std::ifstream log(folder_.file("driver.log"));
  const std::string text((std::istreambuf_iterator<char>(log)), {});
  EXPECT_EQ(std::ranges::count(text, '\n'),
            static_cast<std::ptrdiff_t>(NoticeLog::kMostLogged + 1));
}

TEST_F(DriverTest, DoesNotBlockOnADriverThatDoesNotRead) {
  const std::vector<std::string> methods(12, "big");
  const json params{{"text", std::string(500'000, 'x')}};
  const auto answers = run_to_end(calls(launch("time.sleep(60)"), methods, 20ms, params));
  for (const auto& answer : answers) {
    ASSERT_FALSE(answer);
  }
  EXPECT_EQ(answers.back().error().code, Errc::io);
  EXPECT_NE(answers.back().error().detail.find("does not read"), std::string::npos)
      << answers.back().error();
}

TEST_F(DriverTest, RefusesARequestThatDoesNotFitALine) {
  const json params{{"text", std::string(kMaxLineOctets, 'x')}};
  const auto answer = one_call(kGoodDriver, "echo", kPatience, params);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::io);
}

TEST_F(DriverTest, EndsADriverThatIgnoresEverythingAndItsChildren) {
  const auto answer = one_call(R"(
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child == 0:
    time.sleep(60)
request = next(requests())
answer(request, [os.getpid(), child])
time.sleep(60)
)",
                               "pids");
  ASSERT_TRUE(answer) << answer.error();
  // The driver is reaped; its child may stay a zombie where nobody reaps orphans.
  EXPECT_NE(kill((*answer)[0].get<pid_t>(), 0), 0);
  // It has been killed; on a busy machine it takes a moment to be gone.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::string text = "alive";
  while (!text.empty() && text.find(") Z") == std::string::npos &&
         std::chrono::steady_clock::now() < until) {
    std::ifstream status("/proc/" + std::to_string((*answer)[1].get<pid_t>()) + "/stat");
    text.assign(std::istreambuf_iterator<char>(status), {});
  }
  EXPECT_TRUE(text.empty() || text.find(") Z") != std::string::npos) << text;
}

}  // namespace
}  // namespace parley::sut
