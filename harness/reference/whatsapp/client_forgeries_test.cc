// SPDX-License-Identifier: GPL-3.0-or-later
// The reference client without faults meets each forged Signal message and bundle: it shows none,
// sends with none, and goes on with the honest peer.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "harness/reference/whatsapp/client_correspondent.h"

namespace parley::reference::whatsapp {
namespace {

Scene forging(const signal::Forgery& forgery) {
  const std::string name(forgery.name);
  if (forgery.kind == signal::ForgeryKind::bundle) {
    return {.bundle_forgery = name, .sends = {"one"}};
  }
  if (forgery.kind == signal::ForgeryKind::pkmsg) {
    return {.opening = [name](Correspondent& peer) {
      peer.begin();
      peer.forge(name);
    }};
  }
  return {.opening =
              [](Correspondent& peer) {
                peer.begin();
                const auto first = peer.seal(padded_text("one?"));
                peer.tell("m1", first);
                if (const auto parts = signal::read_prekey_message(first.octets)) {
                  peer.set_delivered({.kind = signal::MessageKind::msg, .octets = parts->message});
                }
              },
          .on_message = [name](Correspondent& peer, const std::string&) { peer.forge(name); }};
}

class WhatsAppClientForgery : public testing::TestWithParam<const signal::Forgery*> {};

TEST_P(WhatsAppClientForgery, IsNotBelieved) {
  const signal::Forgery& forgery = *GetParam();
  const std::string log = converse(forging(forgery), {});
  if (forgery.kind == signal::ForgeryKind::bundle) {
    EXPECT_FALSE(shows(log, "<message")) << log;
    EXPECT_TRUE(shows(log, R"("id":"s1","type":"error")")) << log;
    // A key that is not below the prime is refused before any signature is looked at.
    const std::string told = R"([answered {"condition":")";
    EXPECT_TRUE(shows(log, told + std::string(to_string(forgery.refusal))) ||
                shows(log, told + "key"))
        << log;
  } else {
    EXPECT_FALSE(shows(log, R"("id":"forged")")) << log;
    EXPECT_TRUE(shows(log, "<ack class='message' id='forged' to='13-5@interop'/>")) << log;
    const bool again = forgery.refusal != signal::Refusal::duplicate;
    EXPECT_EQ(shows(log, "<receipt id='forged' to='13-5@interop' type='retry'>"), again) << log;
    EXPECT_TRUE(shows(log, R"("id":"next","text":"next")")) << log;
  }
  EXPECT_TRUE(shows(log, kFenceAnswer)) << log;
}

// Those that must be refused, and those that the client refuses though the library does not.
std::vector<const signal::Forgery*> refused() {
  std::vector<const signal::Forgery*> out;
  for (const auto& forgery : signal::forgeries()) {
    if (forgery.acceptance == signal::Acceptance::never ||
        (forgery.refusal == signal::Refusal::key &&
         !forgery.name.starts_with("ratchet-key-base-point") &&
         forgery.name != "bundle-one-time-substituted") ||
        forgery.name == "bundle-signature-s-plus-order") {
      out.push_back(&forgery);
    }
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Each, WhatsAppClientForgery, testing::ValuesIn(refused()),
                         [](const auto& row) {
                           std::string name(row.param->name);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace parley::reference::whatsapp
