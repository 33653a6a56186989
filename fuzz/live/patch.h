// SPDX-License-Identifier: GPL-3.0-or-later
// What a mutation has done to a message, as the change of a case that anybody
// can read: the octets that stand in place of others, with ${…} where a run has
// values of its own. Pure.
#pragma once

#include <map>
#include <string>

#include "harness/base/encoding.h"
#include "harness/model/model.h"

namespace parley::live {

using Values = std::map<std::string, std::string>;  // of a run's scope, by name

// `with` stands in place of the `take` octets at `at`. With `whole` it stands
// in place of all.
struct Patch {
  std::size_t at = 0;
  std::size_t take = 0;
  Bytes with;
  bool whole = false;
};

// The least one that makes `octets` of `honest`; a whole one where little of
// that is left.
Patch patch_of(const Bytes& honest, const Bytes& octets);

// In textual form it is found by what stands there, in binary form, where
// values are packed, by its position.
enum class Form { textual, binary };
model::BytesEdit edit_of(const Patch& patch, const Bytes& honest, const Values& values, Form form);

// `octets` as a case writes them: escaped, with ${name} for the values that
// differ from run to run.
std::string literal(const Bytes& octets, const Values& values);

}  // namespace parley::live
