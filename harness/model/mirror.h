// SPDX-License-Identifier: GPL-3.0-or-later
// Mirrors: flows are written from nobody's side, so that what a client of a third party's user is
// asked a client of the gatekeeper's own user can be asked too, with the two sides' clients
// exchanged. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "harness/model/model.h"

namespace parley::model {

// The client of the other side; any other party is itself.
Party mirrored(Party party);

// What the mirror of a flow or case is called in which `party` is the one that was the other side's
// client: "signal-turns@gatekeeper.client".
std::string mirror_name(const std::string& name, Party party);

// `flow` with the two sides' clients exchanged: its actors stay who they are and are clients of the
// other side, and a message that the profile has another of for these (`mirrors`) is that one.
Flow mirrored(const Flow& flow, Party party, const Profile& profile);

// `one` as a case of the party that its `mirror` names, on the mirror of its flow.
Case mirrored(const Case& one, const Profile& profile);

// Why `one` has no mirror on that flow, under that requirement.
struct NoMirror {
  std::string message;
  std::string mend;
};
std::vector<NoMirror> wrong_with_mirror(const Case& one, const Flow& flow,
                                        const Requirement& requirement);

}  // namespace parley::model
