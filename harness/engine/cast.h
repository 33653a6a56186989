// SPDX-License-Identifier: GPL-3.0-or-later
// Casting and projection: a flow as one run of a case will carry it out, given the party under
// test. Pure: live runs and replays compute the same.
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/model/library.h"
#include "harness/model/model.h"

namespace parley::engine {

enum class Role { send, expect, done, inferred };

struct CastStep {
  model::Step step;
  Role role = Role::done;
  std::string link;    // the client actor whose connection carries it
  int connection = 0;  // which of its link's, from 1; 0 before the first
  bool changed =
      false;  // carries the case's change (or is the first thing sent after a left-out one)
  bool consequence = false;  // comes after the change and is not a fence: not carried out unless
                             // the flow may complete; an expected one is then prohibited
};

struct CastRun {
  std::string name;  // "twin", "changed", "after", "plain"
  const model::Profile* profile = nullptr;
  const model::Flow* flow = nullptr;
  model::Party sut = model::Party::gatekeeper_server;
  std::vector<CastStep> steps;
  const model::Change* change = nullptr;  // of the changed run
  std::vector<model::Outcome> outcomes;   // any of them must hold
  std::vector<CastStep> never;            // what must not happen, after the change if there is one

  bool may_complete() const;
  bool played(const std::string& actor) const;
};

// The runs of `one`, in order. Errors: not_found or unsupported with what does not fit (a change on
// a step that the SUT sends).
Result<std::vector<CastRun>> cast_case(const model::Case& one, const model::Library& library);

}  // namespace parley::engine
