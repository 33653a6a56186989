// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/monitor_media.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/engine/asking_gatekeeper.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

struct Named {
  const char* test;
  std::string name;
  std::string wrong;
  bool document = true;
};
class WrongWithName : public testing::TestWithParam<Named> {};

TEST_P(WrongWithName, SaysWhy) {
  EXPECT_EQ(wrong_with_name(GetParam().name, GetParam().document), GetParam().wrong);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, WrongWithName,
    testing::Values(Named{"Plain", "report.pdf", ""}, Named{"WithDots", "..report..pdf", ""},
                    Named{"InOtherLetters", "b\xC3\xA9ret.pdf", ""},
                    Named{"Empty", "", "it names no file"}, Named{"Dot", ".", "it names no file"},
                    Named{"DotDot", "..", "it names no file"},
                    Named{"Path", "../a", "it leads to another place"},
                    Named{"Backslash", "..\\a", "it leads to another place"},
                    Named{"Longest", std::string(255, 'a'), ""},
                    Named{"TooLong", std::string(256, 'a'), "it is longer than a name may be"},
                    Named{"Nul", std::string("a\0b", 3), "it holds controls"},
                    Named{"LineFeed", "a\nb", "it holds controls"},
                    Named{"Delete", "a\x7F", "it holds controls"},
                    Named{"RightToLeft",
                          "a\xE2\x80\xAE"
                          "b",
                          "it holds controls"},
                    Named{"NoUtf8", "a\xFF", "it holds controls"}, Named{"Program", "a.exe", ""},
                    Named{"PictureAsPage", "a.HTML", "its end says that it is to be carried out",
                          false},
                    Named{"Picture", "a.jpg", "", false}),
    [](const auto& row) { return row.param.test; });

constexpr const char* kFiles = R"(
flow: one
profile: whatsapp
content: signal
title: A user sends a file to another
actors: { alice: third-party.client, bob: gatekeeper.client, server: gatekeeper.server }
steps:
  - { id: say, does: send, at: alice, with: { to: "${bob.bare}", text: "a note for bob" } }
)";

struct Asked {
  const char* test;
  const char* link;
  int times;
  bool found;
  int redirects = 0;
  int files = 0;
};
class BoundedMedia : public testing::TestWithParam<Asked> {};

// Of a client that may ask twice for what it does not get.
TEST_P(BoundedMedia, CountsWhatIsAskedAgain) {
  const auto& row = GetParam();
  const auto library = with_flow(kFiles);
  const auto one = case_with("");
  auto runs = cast_case(one, library, {model::Party::third_party_client});
  ASSERT_TRUE(runs) << runs.error();
  auto& run = runs->front();
  auto profile = *run.profile;
  profile.settings["media-retries-most"].value = "1";
  run.profile = &profile;
  const Tracker tracker(run, {{"alice.bare", "12-491@interop"}}, Rng(1));
  RunRecord record;
  record.events.assign(static_cast<std::size_t>(row.files),
                       {.kind = Event::Kind::call,
                        .link = "alice",
                        .text = "send",
                        .data = {{"media", {{"kind", "image"}, {"file", "00"}}}}});
  std::vector<Seen> seen;
  for (int i = 0; i < row.times; ++i) {
    auto request = wire::http_request_tree("GET", "/media/a");
    xml::Element body{.ns = "", .name = "octets", .attributes = {}, .children = {}};
    body.set_text(fmt::format("{:02}", i));
    request.children.emplace_back(std::move(body));
    seen.push_back({.link = row.link, .item = xml::Stanza{std::move(request), {}}, .step = {}});
  }
  const std::vector<Said> sent(static_cast<std::size_t>(row.redirects),
                               {.link = row.link, .element = wire::http_response_tree("302")});
  const Watched watched{.run = run,
                        .tracker = tracker,
                        .record = record,
                        .sut = model::Party::third_party_client,
                        .seen = seen,
                        .sent = sent,
                        .ephemerals = {}};
  EXPECT_EQ(bounded_media(watched).has_value(), row.found);
}

INSTANTIATE_TEST_SUITE_P(Rows, BoundedMedia,
                         testing::Values(Asked{"Retry", "alice/files", 2, false},
                                         Asked{"Again", "alice/files", 3, true},
                                         Asked{"Hops", "alice/files", 12, false, 10},
                                         Asked{"Circle", "alice/files", 43, true, 42},
                                         Asked{"Upload", "alice/media", 2, false, 0, 1},
                                         Asked{"Uploads", "alice/media", 3, true, 0, 1},
                                         Asked{"OfTwoFiles", "alice/media", 4, false, 0, 2}),
                         [](const auto& row) { return row.param.test; });

struct Ended {
  const char* test;
  Event::Kind kind;
  std::uint64_t taken;
  bool found;
  const char* link = "alice/files";
};
class BoundedDownloads : public testing::TestWithParam<Ended> {};

// Of a file of which 1000 octets were announced.
TEST_P(BoundedDownloads, CountsWhatIsTakenWhoeverEndsIt) {
  const auto& row = GetParam();
  const auto library = with_flow(kFiles);
  const auto one = case_with("");
  auto runs = cast_case(one, library, {model::Party::third_party_client});
  ASSERT_TRUE(runs) << runs.error();
  const auto& run = runs->front();
  const Tracker tracker(run, {{"alice.bare", "12-491@interop"}}, Rng(1));
  RunRecord record;
  record.events.push_back({.kind = Event::Kind::closed, .link = "alice/files"});
  record.events.push_back({.kind = row.kind, .link = row.link, .data = {{"taken", row.taken}}});
  const auto message = xml::parse("<message><enc media-length='1000'/></message>", "");
  const std::vector<Said> sent{{.link = "alice", .element = *message}};
  const Watched watched{.run = run,
                        .tracker = tracker,
                        .record = record,
                        .sut = model::Party::third_party_client,
                        .seen = {},
                        .sent = sent,
                        .ephemerals = {}};
  EXPECT_EQ(bounded_downloads(watched).has_value(), row.found);
}

constexpr std::uint64_t kMiB = 1024 * 1024;
INSTANTIATE_TEST_SUITE_P(Rows, BoundedDownloads,
                         testing::Values(Ended{"AllOfIt", Event::Kind::ended, 64 * kMiB, true},
                                         Ended{"MostOfIt", Event::Kind::closed, 60 * kMiB, true},
                                         Ended{"BrokenOffLate", Event::Kind::failed, 60 * kMiB,
                                               true},
                                         Ended{"LeftLying", Event::Kind::gave_up, 60 * kMiB, true},
                                         Ended{"OnItsWay", Event::Kind::closed, 15 * kMiB, false},
                                         Ended{"OfAnotherService", Event::Kind::closed, 60 * kMiB,
                                               false, "alice/proxy"}),
                         [](const auto& row) { return row.param.test; });

}  // namespace
}  // namespace parley::engine
