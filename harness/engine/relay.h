// SPDX-License-Identifier: GPL-3.0-or-later
// What Parley does between two SUTs. It ends TLS or the Noise handshake on both halves of a
// connection and carries across what each side says: the contents of the login, then each stanza's
// octets as they came. The tracker keeps what has still to be carried (Tracker::carry); nothing is
// altered here. Pure.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/engine/channel.h"
#include "harness/engine/tracker.h"
#include "harness/model/library.h"

namespace parley::engine {

// How a channel writes what came as `item`. `opened`: the half that writes it is past its
// handshake.
struct Carried {
  model::MessageForm form;
  xml::Element element;
  Edits edits;
};
Carried carried(const xml::Item& item, const model::Profile& profile, Opened opened);

// The parties that may be cast as SUT together, in the order of a casting: those between which
// Parley stands, and those that it meets as the gatekeeper of both.
inline constexpr std::array kBetween{model::Party::gatekeeper_server,
                                     model::Party::third_party_client};
inline constexpr std::array kTogether{model::Party::third_party_server,
                                      model::Party::third_party_client};

// Whether the parties `suts` can carry `one` out with Parley between them: nothing is changed, its
// flow says that each side acts by itself, and whatever one of them says to another follows from
// what its user was asked to do, from what it was told, or from a step that it names. Errors:
// unsupported with what or which step does not fit.
Result<void> fits_between(const model::Case& one, const model::Library& library,
                          const std::vector<model::Party>& suts);
// Whether `one` judges just the parties `suts` together. Errors: unsupported, it does not.
Result<void> fits_together(const model::Case& one, const std::vector<model::Party>& suts);

}  // namespace parley::engine
