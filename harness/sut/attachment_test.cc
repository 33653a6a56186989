// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/attachment.h"

#include <gtest/gtest.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/text.h"
#include "harness/sut/pool.h"
#include "harness/sut/script_folder.h"
#include "harness/testkit/run_to_end.h"

namespace parley::sut {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testkit::run_to_end;

// Attaches, and lets `use` look at it before it ends. Returns the error of attaching.
using Use = std::function<asio::awaitable<void>(engine::Attachment&)>;
asio::awaitable<std::optional<Error>> attached(model::Declaration declaration,
                                               AttachOptions options, Use use) {
  auto sut = co_await attach(co_await asio::this_coro::executor, declaration, options);
  if (!sut) {
    co_return sut.error();
  }
  co_await use(**sut);
  co_return std::nullopt;
}

asio::awaitable<void> nothing(engine::Attachment&) { co_return; }

class AttachTest : public testing::Test {
 protected:
  model::Declaration declaration(model::Party party = model::Party::gatekeeper_server) const {
    model::Declaration out;
    out.name = "toy";
    out.profile = "xmpp";
    out.party = party;
    out.folder = folder_.path();
    return out;
  }
  model::Declaration driven(const std::string& body,
                            model::Party party = model::Party::gatekeeper_server) const {
    folder_.write("toy.pem", "the CA");
    auto out = declaration(party);
    out.driver = folder_.driver(body);
    return out;
  }
  model::Declaration pooled(const std::string& accounts) const {
    folder_.write("accounts.csv", accounts);
    auto out = declaration();
    out.endpoints = {{"domain", "a.test"}, {"starttls", "127.0.0.1:1"}};
    out.pool_file = "accounts.csv";
    return out;
  }
  ScriptFolder folder_;
};

struct Leases {
  std::vector<std::string> users;
  std::optional<Error> error;
};

// Leases all that is there, and soils it: what is out would be waited for.
asio::awaitable<void> lease_all(engine::Attachment& sut, Leases& out) {
  while (true) {
    auto identity = co_await sut.lease({.user = "fresh1", .password = "pw"});
    if (!identity) {
      out.error = identity.error();
      co_return;
    }
    out.users.push_back(identity->user + ":" + identity->password);
    sut.give_back(std::move(*identity), true);
  }
}

TEST_F(AttachTest, GivesEachWorkerItsShareOfThePool) {
  const std::vector<std::vector<std::string>> shares{{"a:1", "c:3,x", "e:5"}, {"b:2", "d:4"}};
  for (std::size_t worker = 0; worker < shares.size(); ++worker) {
    Leases leases;
    const auto error = run_to_end(
        attached(pooled("a,1\r\nb,2\n\nc,3,x\nd,4\ne,5"), {.worker = worker, .workers = 2},
                 [&leases](engine::Attachment& sut) { return lease_all(sut, leases); }));
    ASSERT_FALSE(error) << *error;
    EXPECT_EQ(leases.users, shares[worker]);
    ASSERT_TRUE(leases.error);
    EXPECT_EQ(leases.error->code, Errc::not_found);
    EXPECT_TRUE(leases.error->detail.starts_with("the pool of accounts is empty: "));
  }
}

asio::awaitable<void> lease_special(engine::Attachment& sut, Leases& out) {
  auto identity =
      co_await sut.lease({.user = "fresh1", .password = "pw", .kind = "blank", .terms = {}});
  if (!identity) {
    out.error = identity.error();
  } else {
    out.users.push_back(identity->user);
    sut.give_back(std::move(*identity), false);
  }
  if (auto plain = co_await sut.lease({.user = "fresh1", .password = "pw"})) {
    out.users.push_back(plain->user);
    sut.give_back(std::move(*plain), false);
  }
}

TEST_F(AttachTest, TakesNoAccountOfASpecialKindFromThePool) {
  Leases leases;
  const auto error = run_to_end(attached(
      pooled("a,1\n"), {}, [&](engine::Attachment& sut) { return lease_special(sut, leases); }));
  ASSERT_FALSE(error) << *error;
  EXPECT_EQ(leases.users, std::vector<std::string>{"a"});
  ASSERT_TRUE(leases.error);
  EXPECT_EQ(leases.error->detail,
            "the case needs an account of the kind 'blank': declare a driver that enlists it");
}

asio::awaitable<void> soil_the_first(engine::Attachment& sut, Leases& out) {
  auto first = co_await sut.lease({.user = "fresh1", .password = "pw"});
  auto second = co_await sut.lease({.user = "fresh1", .password = "pw"});
  sut.give_back(std::move(*first), true);
  sut.give_back(std::move(*second), false);
  co_await lease_all(sut, out);
}

TEST_F(AttachTest, TakesBackOnlyAccountsThatAreNotSoiled) {
  Leases leases;
  const auto error =
      run_to_end(attached(pooled("a,1\nb,2\nc,3\n"), {}, [&leases](engine::Attachment& sut) {
        return soil_the_first(sut, leases);
      }));
  ASSERT_FALSE(error) << *error;
  EXPECT_EQ(leases.users, (std::vector<std::string>{"c:3", "b:2"}));
}

asio::awaitable<void> take(engine::Attachment& sut, Leases& out) {
  auto identity = co_await sut.lease({.user = "fresh1", .password = "pw"});
  if (!identity) {
    out.error = identity.error();
    co_return;
  }
  out.users.push_back(identity->user);
}

asio::awaitable<void> return_account(engine::Attachment& sut, engine::Identity identity,
                                     bool soiled) {
  sut.give_back(std::move(identity), soiled);
  co_return;
}

// Takes the only account, and gives it back while another waits for it.
asio::awaitable<void> wait_for_the_only(engine::Attachment& sut, bool soiled, Leases& out) {
  using asio::experimental::awaitable_operators::operator&&;
  auto first = co_await sut.lease({.user = "fresh1", .password = "pw"});
  co_await (take(sut, out) && return_account(sut, std::move(*first), soiled));
}

TEST_F(AttachTest, WaitsUntilAnAccountComesBack) {
  Leases leases;
  const auto error = run_to_end(attached(pooled("a,1\n"), {}, [&](engine::Attachment& sut) {
    return wait_for_the_only(sut, false, leases);
  }));
  ASSERT_FALSE(error) << *error;
  EXPECT_EQ(leases.users, (std::vector<std::string>{"a"}));
}

TEST_F(AttachTest, EndsTheWaitWhenTheLastAccountIsSoiled) {
  Leases leases;
  const auto error = run_to_end(attached(pooled("a,1\n"), {}, [&](engine::Attachment& sut) {
    return wait_for_the_only(sut, true, leases);
  }));
  ASSERT_FALSE(error) << *error;
  ASSERT_TRUE(leases.error);
  EXPECT_EQ(leases.error->code, Errc::not_found);
}

struct BadPool {
  const char* name;
  std::string accounts;
  std::string detail;
};
class RejectsPool : public testing::TestWithParam<BadPool> {};

TEST_P(RejectsPool, WithFileAndLine) {
  const ScriptFolder folder;
  folder.write("accounts.csv", GetParam().accounts);
  const auto pool = load_pool(folder.file("accounts.csv"));
  ASSERT_FALSE(pool);
  EXPECT_EQ(pool.error().code, Errc::malformed);
  EXPECT_NE(pool.error().detail.find(GetParam().detail), std::string::npos) << pool.error();
}
INSTANTIATE_TEST_SUITE_P(Lines, RejectsPool,
                         testing::Values(BadPool{"WithoutPassword", "a,1\nb\n", "accounts.csv:2: "},
                                         BadPool{"WithEmptyPassword", "a,", "accounts.csv:1: "},
                                         BadPool{"WithoutUser", "\n\n,x", "accounts.csv:3: "},
                                         BadPool{"WithAJid", "a@b.test,1", "before the '@'"},
                                         BadPool{"WithTheSameUserTwice", "a,1\nb,2\na,3",
                                                 ":3: the user 'a' stands on "
                                                 "line 1"}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_F(AttachTest, NamesAPoolThatIsMissingOrTooLarge) {
  auto missing = pooled("");
  missing.pool_file = "missing.csv";
  auto error = run_to_end(attached(missing, {}, nothing));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Errc::io);
  EXPECT_NE(error->detail.find("missing.csv"), std::string::npos);
  error = run_to_end(attached(pooled(std::string(kMaxPoolOctets + 1, '\n')), {}, nothing));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Errc::too_large);
}

struct Seen {
  std::string domain;
  std::string starttls;
  std::string ca_pem;
  Result<engine::Identity> identity = fail(Errc::io, "not asked");
  Result<json> called = fail(Errc::io, "not called");
};

asio::awaitable<void> look(engine::Attachment& sut, std::string method, Seen& out) {
  out.domain = sut.endpoint("domain");
  out.starttls = sut.endpoint("starttls");
  out.ca_pem = sut.ca_pem();
  out.identity = co_await sut.lease({.user = "fresh7", .password = "pw"});
  const json params{{"a", 1}};
  out.called = co_await sut.call(method, params, 10'000ms);
}

Seen seen(const model::Declaration& declaration, const AttachOptions& options,
          const std::string& method) {
  Seen out;
  const auto error =
      run_to_end(attached(declaration, options, [&out, method](engine::Attachment& sut) {
        return look(sut, method, out);
      }));
  EXPECT_FALSE(error) << *error;
  return out;
}

TEST_F(AttachTest, FillsWhatTheDeclarationLeavesOutFromTheDriver) {
  auto declared = driven(kGoodDriver);
  declared.endpoints = {{"domain", "declared.test"}};
  const auto sut = seen(declared, {}, "echo");
  EXPECT_EQ(sut.domain, "declared.test");
  EXPECT_EQ(sut.starttls, "127.0.0.1:1");
  EXPECT_EQ(sut.ca_pem, "the CA");
  ASSERT_TRUE(sut.identity) << sut.identity.error();
  EXPECT_EQ(sut.identity->user, "fresh7");
  EXPECT_TRUE(sut.called) << sut.called.error();
}

TEST_F(AttachTest, KeepsHowTheDriverHasAClientWoken) {
  const auto wakes =
      replace_all(kGoodDriver, "answer(request, {})", "answer(request, {'wake': 'by a line'})");
  EXPECT_EQ(seen(driven(wakes), {}, "echo").identity->wake, "by a line");
  EXPECT_EQ(seen(driven(kGoodDriver), {}, "echo").identity->wake, "");
}

TEST_F(AttachTest, ListensAnewWhenTheReferenceShallHaveFaults) {
  const auto sut = seen(driven(kGoodDriver), {.faults = {"gk-wrong-id"}}, "echo");
  EXPECT_EQ(sut.starttls, "127.0.0.1:2");
  EXPECT_EQ(sut.domain, "toy.test");
}

TEST_F(AttachTest, HandsFaultsToAClientWithEachConnect) {
  const auto echo =
      "for request in requests():\n"
      "    if request['method'] == 'describe': answer(request, {})\n"
      "    elif request['method'] in ('connect', 'await'): answer(request, request['params'])\n"
      "    else: refuse(request, -32601)\n";
  for (const auto* method : {"connect", "await"}) {
    const auto sut =
        seen(driven(echo, model::Party::third_party_client), {.faults = {"tp-something"}}, method);
    ASSERT_TRUE(sut.called) << sut.called.error();
    EXPECT_EQ(*sut.called, json({{"a", 1}, {"faults", {"tp-something"}}}));
    EXPECT_TRUE(sut.identity);
    EXPECT_TRUE(sut.ca_pem.empty());
  }
}

TEST_F(AttachTest, RefusesADriverThatAnswersEverything) {
  const auto error = run_to_end(
      attached(driven("for request in requests():\n    answer(request, {})\n"), {}, nothing));
  ASSERT_TRUE(error);
  EXPECT_EQ(*error, (Error{Errc::refused, "the driver answers a method that cannot exist"}));
}

TEST_F(AttachTest, NamesTheEndpointThatIsMissing) {
  const auto error = run_to_end(attached(declaration(), {}, nothing));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Errc::not_found);
  EXPECT_NE(error->detail.find("endpoints/domain"), std::string::npos);
}

TEST_F(AttachTest, SaysUnsupportedForAMethodWithoutADriver) {
  const auto sut = seen(pooled("a,1\n"), {}, "send");
  ASSERT_FALSE(sut.called);
  EXPECT_EQ(sut.called.error().code, Errc::unsupported);
}

TEST(ReferenceDeclaration, IsMadeForThePartiesThatThereAre) {
  const auto server = reference_declaration("/bin/parley", model::Party::gatekeeper_server, "xmpp");
  ASSERT_TRUE(server);
  EXPECT_EQ(server->driver, (std::vector<std::string>{"/bin/parley", "reference", "--party",
                                                      "gatekeeper.server", "--driver"}));
  EXPECT_EQ(server->features.size(), 10u);
  const auto client =
      reference_declaration("/bin/parley", model::Party::third_party_client, "xmpp");
  ASSERT_TRUE(client);
  EXPECT_EQ(client->features.size(), 10u);
  EXPECT_FALSE(reference_declaration("/bin/parley", model::Party::intermediary, "xmpp"));
  const auto native = model::Party::gatekeeper_client;
  EXPECT_FALSE(reference_declaration("/bin/parley", native, "xmpp"));
  EXPECT_TRUE(reference_declaration("/bin/parley", native, "whatsapp"));
  const auto binary =
      reference_declaration("/bin/parley", model::Party::third_party_client, "whatsapp");
  ASSERT_TRUE(binary);
  EXPECT_EQ(binary->driver.back(), "whatsapp");
}

}  // namespace
}  // namespace parley::sut
