// SPDX-License-Identifier: GPL-3.0-or-later
// Where the shipped suites let a hunt strike.
#include "fuzz/live/aim.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fuzz/mutators/mutator.h"
#include "harness/model/shipped_suites.h"

namespace parley::live {
namespace {

using model::Party;

struct Row {
  const char* name;
  const char* profile;
  Party party;
  const char* flow;
  const char* step;
  Layer layer;
  const char* mutator;
};
class ShippedAims : public testing::TestWithParam<Row> {};

const model::Library& shipped() { return model::shipped_suites().library; }

std::vector<Aim> aims_at(const std::string& profile, Party party) {
  std::vector<const model::Case*> cases;
  for (const auto& one : shipped().cases) {
    if (one.profile == profile && one.party == party) {
      cases.push_back(&one);
    }
  }
  return aims_of(cases, shipped(), [](const model::Case&) { return true; });
}

TEST_P(ShippedAims, HoldWhatTheRowSays) {
  const auto& row = GetParam();
  const auto all = aims_at(row.profile, row.party);
  EXPECT_TRUE(std::ranges::any_of(all, [&](const Aim& aim) {
    return aim.base->flow == row.flow && aim.step == row.step && aim.layer == row.layer &&
           aim.mutator == row.mutator;
  }));
  for (const auto& aim : all) {
    EXPECT_NE(mutators::mutator_named(aim.mutator), nullptr) << aim.mutator;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ShippedAims,
    testing::Values(
        Row{"stanzas", "xmpp", Party::gatekeeper_server, "send-text", "message", Layer::bytes,
            "xml"},
        Row{"sasl", "xmpp", Party::gatekeeper_server, "connect", "auth", Layer::bytes, "xml"},
        Row{"noise", "whatsapp", Party::gatekeeper_server, "noise-ping-twice", "hello",
            Layer::bytes, "protobuf"},
        Row{"sealed_content", "whatsapp", Party::third_party_client, "signal-receive", "delivered",
            Layer::content, "protobuf"},
        Row{"sealed_messages", "whatsapp", Party::third_party_client, "signal-receive", "delivered",
            Layer::encryption, "signal"},
        Row{"omemo_texts", "xmpp", Party::third_party_client, "omemo-receive", "delivered",
            Layer::content, "xml"},
        Row{"omemo_messages", "xmpp", Party::third_party_client, "omemo-receive", "delivered",
            Layer::encryption, "signal"},
        Row{"other_clients", "whatsapp", Party::gatekeeper_client,
            "signal-receive@gatekeeper.client", "delivered", Layer::content, "protobuf"},
        Row{"enlistment", "whatsapp", Party::gatekeeper_server, "enlist", "enlist", Layer::content,
            "json"},
        Row{"partners", "whatsapp", Party::third_party_server, "partner-push", "push",
            Layer::content, "json"},
        Row{"heads", "whatsapp", Party::third_party_server, "partner-push", "push", Layer::bytes,
            "http"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::live
