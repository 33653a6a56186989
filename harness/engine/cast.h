// SPDX-License-Identifier: GPL-3.0-or-later
// Casting and projection: a flow as one run of a case will carry it out, given the parties under
// test. Pure: live runs and replays compute the same.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/model/library.h"
#include "harness/model/model.h"

namespace parley::engine {

enum class Role { send, expect, done };

// Where both ends of an actor's connection are under test Parley stands between them: its half
// towards the client bears the actor's name, its half towards the server is `upper` of it.
std::string upper(const std::string& actor);  // "alice/up"
bool is_upper(const std::string& link);
// What an actor asks of a service over HTTP goes over a link of its own: "alice/enlistment", where
// alice is the one who asks. It has a connection whenever something is asked.
std::string service_link(const std::string& actor, const std::string& service);
std::string service_of(const std::string& link);  // "" for any other link
std::string actor_of(const std::string& link);    // of either half, or who asks
std::string other_half(const std::string& link);  // "alice" of "alice/up", and the other way round

struct CastStep {
  model::Step step;
  Role role = Role::done;
  std::string link;       // the client actor whose connection carries it; the half that it comes
                          // on; of HTTP the service's link
  int connection = 0;     // which of its link's, from 1; 0 before the first
  bool inferred = false;  // between two SUTs: expected of its sender, then carried across
  bool changed =
      false;  // carries the case's change (or is the first thing sent after a left-out one)
  bool consequence = false;  // comes after the change and is not a fence: not carried out unless
                             // the flow may complete; an expected one is then prohibited
};

// Who is connected to a server that has only to survive what another user does to it.
inline constexpr std::string_view kBystander = "bystander";
bool is_bystander(const CastStep& step);

struct CastRun {
  std::string name;  // "before", "twin", "changed", "after", "plain"
  const model::Profile* profile = nullptr;
  const model::Flow* flow = nullptr;
  std::shared_ptr<const model::Flow> joined{};  // owns `flow` where it is made of two
  std::vector<model::Party> suts;               // under test
  std::vector<CastStep> steps;
  const model::Change* change = nullptr;  // of the changed run
  std::vector<model::Outcome> outcomes;   // any of them must hold
  std::vector<CastStep> never;            // what must not happen, after the change if there is one

  bool may_complete() const;
  bool must_survive() const;  // nothing else is asked of the SUT
  bool played(const std::string& actor) const;
  bool under_test(model::Party party) const;
  bool server_under_test() const;
  // Whether both ends of the actor's connection are under test: a client's server is the
  // gatekeeper's.
  bool between(const std::string& actor) const;
  // Whether Parley is the client on that connection.
  bool dials(const std::string& link) const;
  // Whether Parley plays a service there that the SUT asks.
  bool serves(const std::string& link) const;
  // The changed step when that is a standing answer, from which the SUT learns of the change only
  // when it asks; null otherwise.
  const CastStep* changed_answer() const;
  // The party under test at the far end of a connection, and the one that carries out a step.
  model::Party far_end(const std::string& link) const;
  model::Party sender(const model::Step& step) const;
};

// The runs of `one`, in order. `suts`: the parties under test, when they are others than the case's
// own. Errors: not_found or unsupported with what does not fit (a change on a step that the SUT
// sends).
Result<std::vector<CastRun>> cast_case(const model::Case& one, const model::Library& library,
                                       const std::vector<model::Party>& suts = {});

}  // namespace parley::engine
