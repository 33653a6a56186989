// SPDX-License-Identifier: GPL-3.0-or-later
// Who is under test in a run: what the declarations given with --sut say, and which cases that
// leaves. Says on the standard error what is wrong.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/cli/options.h"
#include "harness/model/library.h"

namespace parley::cli {

struct Casting {
  std::map<model::Party, model::Declaration> declarations;  // none: the embedded reference
  std::vector<model::Party> suts;                           // see engine::Job
  std::string name = "embedded reference";                  // of the SUT, for reports
};

// Nullopt for a declaration that is wrong, that is not what the other options say, or that does not
// go with the other one.
std::optional<Casting> casting_of(const RunArguments& arguments, const model::Library& library);

// Leaves of `cases` those that `casting` can carry out.
void keep_castable(std::vector<const model::Case*>& cases, const Casting& casting,
                   const model::Library& library);

}  // namespace parley::cli
