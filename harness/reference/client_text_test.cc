// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/client_text.h"

#include <gtest/gtest.h>

namespace parley::reference {
namespace {

struct BentText {
  Fault fault;
  std::string text;
  std::string bent;
};
class BendsText : public testing::TestWithParam<BentText> {};

TEST_P(BendsText, ShownAndSentUnderItsFaultOnly) {
  const auto& [fault, text, bent] = GetParam();
  FaultSet faults;
  faults.add(fault);
  EXPECT_EQ(shown_text(text, faults), bent);
  EXPECT_EQ(sent_text(text, faults), bent);
  EXPECT_EQ(shown_text(text, {}), text);
  EXPECT_EQ(sent_text(text, {}), text);
}

// clang-format off: one fault is one row
INSTANTIATE_TEST_SUITE_P(ClientText, BendsText, testing::Values(
    BentText{Fault::tp_collapses_white_space, "a  b\t\nc d", "a b c d"},
    BentText{Fault::tp_ascii_only, "na\u00EFve \u6F22", "na?ve ?"},
    BentText{Fault::tp_astral_lost, "a\U0001F600\u6F22", "a\u6F22"},
    BentText{Fault::tp_combining_lost, "e\u0301 \u00E9", "e \u00E9"},
    BentText{Fault::tp_private_use_lost, "\uE000a\uFFFD", "a\uFFFD"},
    BentText{Fault::tp_delete_lost, "a\x7F" "b", "ab"},
    BentText{Fault::tp_strips_markup, "a <b>c</b> < d", "a c < d"},
    BentText{Fault::tp_backslash_escapes, "a\\nb\\", "a\nb"}));
// clang-format on

TEST(ClientText, IsDecodedTwiceWhenShownAndEscapedTwiceWhenSent) {
  FaultSet faults;
  faults.add(Fault::tp_escapes_wrongly);
  EXPECT_EQ(shown_text("&lt;", faults), "<");
  EXPECT_EQ(sent_text("&lt;", faults), "&lt;");
  faults = {};
  faults.add(Fault::tp_escapes_twice);
  EXPECT_EQ(shown_text("<", faults), "<");
  EXPECT_EQ(sent_text("<", faults), "&lt;");
}

}  // namespace
}  // namespace parley::reference
