// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/slot_monitor.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "harness/engine/played_run.h"
#include "harness/wire/http_tree.h"
#include "harness/xml/tree.h"

namespace parley::engine {
namespace {

// What the monitor says of an item that came on a link; empty: nothing.
template <class Check>
std::string reason(Check check, std::string link, xml::Element element) {
  const CaseRun run("show", "", model::Party::gatekeeper_server);
  const auto tracker = run.tracker();
  const std::vector<Seen> seen{
      {.link = std::move(link), .item = xml::Stanza{std::move(element), {}}, .step = {}}};
  const RunRecord record;
  const std::vector<Said> sent;
  const std::set<std::string> ephemerals;
  const auto found = check(Watched{.run = run.cast,
                                   .tracker = tracker,
                                   .record = record,
                                   .sut = model::Party::gatekeeper_server,
                                   .seen = seen,
                                   .sent = sent,
                                   .ephemerals = ephemerals});
  return found ? found->reason : "";
}

xml::Element slot_with(std::string name, std::string value) {
  constexpr const char* kNs = "urn:xmpp:http:upload:0";
  xml::Element header{.ns = kNs, .name = "header", .attributes = {}, .children = {}};
  header.set("name", std::move(name));
  header.set_text(std::move(value));
  xml::Element put{.ns = kNs, .name = "put", .attributes = {}, .children = {}};
  put.children.emplace_back(std::move(header));
  xml::Element slot{.ns = kNs, .name = "slot", .attributes = {}, .children = {}};
  slot.children.emplace_back(std::move(put));
  xml::Element out{.ns = "jabber:client", .name = "iq", .attributes = {}, .children = {}};
  out.children.emplace_back(std::move(slot));
  return out;
}

TEST(SlotHeaders, AreThoseThatASlotMayName) {
  const auto of = [](std::string name, std::string value) {
    return reason(slot_headers, "user", slot_with(std::move(name), std::move(value)));
  };
  EXPECT_EQ(of("Authorization", "a"), "");
  EXPECT_EQ(of("COOKIE", "a=b"), "");
  EXPECT_EQ(of("expires", "0"), "");
  EXPECT_EQ(of("X-Token", "a"), "a slot names the header 'X-Token'");
  EXPECT_EQ(of("", "a"), "a slot names the header ''");
  EXPECT_EQ(of("Expires", "0\n"), "a slot has a header with a line end in it");
}

TEST(ServedUnderPolicy, LooksAtWhatIsGotWhole) {
  const auto of = [](const char* link, const char* status, std::string policy) {
    auto answer = wire::http_response_tree(status);
    if (!policy.empty()) {
      wire::set_http_header(answer, "content-security-policy", std::move(policy));
    }
    return reason(served_under_policy, link, std::move(answer));
  };
  EXPECT_EQ(of("user/download", "200", "img-src *; default-src 'none'"), "");
  EXPECT_EQ(of("user/download", "200", ""), "a page is served under no policy");
  EXPECT_EQ(of("user/download", "200", "default-src *"), "the policy of a page lets scripts run");
  EXPECT_EQ(of("user/download", "404", ""), "");
  EXPECT_EQ(of("user/media", "200", ""), "");
}

}  // namespace
}  // namespace parley::engine
