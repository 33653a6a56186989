// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "harness/base/text.h"
#include "harness/cli/casting.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/session.h"

namespace parley::cli {
namespace {

nlohmann::json json_of(const sut::Check& check, const model::Declaration& declaration) {
  return {{"party", model::to_string(declaration.party)},
          {"check", check.what},
          {"passed", check.passed},
          {"detail", check.detail},
          {"mend", check.mend}};
}

}  // namespace

ExitCode doctor(const RunArguments& arguments) {
  const auto library = library_of(arguments);
  if (!library) {
    return ExitCode::usage;
  }
  const auto casting = casting_of(arguments, *library);
  if (!casting) {
    return ExitCode::usage;
  }
  const auto workers = scheduler_options(arguments).workers;
  bool clean = true;
  auto rows = nlohmann::json::array();
  for (const auto& [party, declaration] : casting->declarations) {
    if (casting->declarations.size() > 1 && !arguments.json) {
      put(stdout, "{} ({}), {}\n", printable(declaration.name), model::to_string(party),
          declaration.file);
    }
    const auto checks =
        preflight_of(declaration, library->profiles.at(declaration.profile), workers);
    if (!checks) {
      return print_no_checks(declaration, checks.error());
    }
    clean = clean && !checks->empty();
    for (const auto& check : *checks) {
      clean = clean && check.passed;
      rows.push_back(json_of(check, declaration));
      if (!arguments.json) {
        print_check(stdout, check);
      }
    }
  }
  if (arguments.json) {
    put(stdout, "{}\n", rows.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  return clean ? ExitCode::ok : ExitCode::preflight;
}

}  // namespace parley::cli
