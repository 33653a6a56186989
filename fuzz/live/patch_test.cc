// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/live/patch.h"

#include <gtest/gtest.h>

#include "harness/engine/edit.h"

namespace parley::live {
namespace {

const Values kValues{{"bob.jid", "bob@parley.test/r1"},
                     {"bob.bare", "bob@parley.test"},
                     {"domain", "parley.test"},
                     {"setting.way", "some way"},
                     {"step.short", "ab"}};

struct Mutated {
  const char* name;
  Form form;
  Bytes honest;
  Bytes octets;
  std::string find;  // of the change that is made of it
  std::string replace;
};
class WritesDown : public testing::TestWithParam<Mutated> {};

TEST_P(WritesDown, WhatAMutationDid) {
  const auto& row = GetParam();
  const auto edit = edit_of(patch_of(row.honest, row.octets), row.honest, kValues, row.form);
  EXPECT_EQ(edit.find, row.find);
  EXPECT_EQ(edit.replace, row.replace);
}

// The change does to the honest octets what the mutation did.
TEST_P(WritesDown, WhatGivesTheSameOctets) {
  const auto& row = GetParam();
  const auto edit = edit_of(patch_of(row.honest, row.octets), row.honest, kValues, row.form);
  const auto again = engine::edit_bytes(row.honest, edit, {.values = kValues});
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(*again, row.octets);
}

const Bytes kMessage = "<message to='bob@parley.test/r1'><body>hello</body></message>";

INSTANTIATE_TEST_SUITE_P(
    Mutations, WritesDown,
    testing::Values(
        Mutated{"replaces", Form::textual, kMessage,
                "<message to='bob@parley.test/r1'><body>he\xFF\x01o</body></message>", "ll",
                "\\xFF\\x01"},
        Mutated{"inserts_behind_what_stands_there_once", Form::textual, kMessage,
                "<message to='bob@parley.test/r1'><body>hello<a/></body></message>", "o<",
                "o<a/><"},
        Mutated{"inserts_at_the_front", Form::textual, kMessage, "\n" + kMessage, "<", "\\x0A<"},
        Mutated{"cuts_no_value_in_two", Form::textual, kMessage,
                "<message to='bob@parlex.test/r1'><body>hello</body></message>", "${bob.jid}",
                "bob@parlex.test/r1"},
        Mutated{
            "has_values_in_what_it_inserts", Form::textual, kMessage,
            "<message to='bob@parley.test/r1'><body>hi bob@parley.test ${x} \\</body></message>",
            "ello", "i ${bob.bare} \\x24{x} \\x5C"},
        Mutated{"leaves_little", Form::textual, kMessage, "<a>parley.test", "", "<a>${domain}"},
        Mutated{"inserts_by_position",
                Form::binary,
                {"\x00\xF8\x02\xFC\x01"
                 "a\xFC\x01"
                 "b",
                 9},
                {"\x00\xF8\x02\xFC\x01"
                 "a\xFF\xFC\x01"
                 "b",
                 10},
                "",
                "\\xFF"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Patch, IsWholeWhereLittleIsLeft) {
  EXPECT_TRUE(patch_of(kMessage, "<a/>").whole);
  EXPECT_FALSE(patch_of(kMessage, kMessage + "x").whole);
}

}  // namespace
}  // namespace parley::live
