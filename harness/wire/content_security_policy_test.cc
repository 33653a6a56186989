// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/content_security_policy.h"

#include <gtest/gtest.h>

namespace parley::wire {
namespace {

struct PolicyRow {
  const char* name;
  std::string_view policies;
  bool nothing_runs;
};
class Policy : public testing::TestWithParam<PolicyRow> {};

TEST_P(Policy, LetsScriptsRunOrNot) {
  EXPECT_EQ(lets_no_script_run(GetParam().policies), GetParam().nothing_runs);
}

INSTANTIATE_TEST_SUITE_P(
    All, Policy,
    testing::Values(
        PolicyRow{"none", "", false}, PolicyRow{"default_none", "default-src 'none'", true},
        PolicyRow{"another_first", "frame-ancestors 'none'; default-src 'none'", true},
        PolicyRow{"spelled_otherwise", " Default-Src\t'NONE' ;", true},
        PolicyRow{"scripts_alone", "script-src 'none'; img-src *", true},
        PolicyRow{"no_source", "default-src", true}, PolicyRow{"sandbox", "sandbox", true},
        PolicyRow{"sandbox_with_forms", "default-src *; sandbox allow-forms", true},
        PolicyRow{"sandbox_with_scripts", "sandbox allow-scripts", false},
        PolicyRow{"scripts_let_in", "default-src 'none'; script-src *", false},
        PolicyRow{"elements_let_in", "script-src 'none'; script-src-elem 'self'", false},
        PolicyRow{"attributes_let_in", "default-src 'none'; script-src-attr 'unsafe-inline'",
                  false},
        PolicyRow{"self", "default-src 'self'", false},
        PolicyRow{"none_and_more", "default-src 'none' 'self'", false},
        PolicyRow{"frames_alone", "frame-ancestors 'none'", false},
        PolicyRow{"the_first_counts", "default-src *; default-src 'none'", false},
        PolicyRow{"the_stricter_of_two", "img-src *, default-src 'none'", true}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::wire
