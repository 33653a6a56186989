// SPDX-License-Identifier: GPL-3.0-or-later
// The values of a run and the ${…} expressions over them: names, 'literals', numbers and calls of
// a fixed set of functions. Pure: the same scope and text give the same value.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/rng.h"

namespace parley::engine {

// Values by name: "alice.jid", "message.id" (a field of a step), vary values by their plain name.
struct Scope {
  std::map<std::string, std::string> values;
  Rng rng{0};
};

// How many tokens `unassigned-token(1)` and so on name, as values "unassigned-token.1" and so on.
inline constexpr std::size_t kUnassignedTokens = 3;

// Replaces every ${…} in `text`. `label` names the place, so that ${fresh} differs from place to
// place and is the same in every replay. Errors: not_found for an unknown name or function;
// malformed for bad syntax; whatever a function refuses.
Result<std::string> evaluate(std::string_view text, const Scope& scope, std::string_view label);

// The same, of what a case writes where a row of `vary` may stand: the row's value, which has a
// plain name, may hold ${…} of its own. No other value is looked into.
Result<std::string> evaluate_row(std::string_view text, const Scope& scope, std::string_view label);

// Turns \xNN, \n, \r, \t and \\ into octets. Errors: malformed.
Result<std::string> unescape(std::string_view text);

// The functions, for `parley list functions` and for complaints.
std::vector<std::string> function_names();

}  // namespace parley::engine
