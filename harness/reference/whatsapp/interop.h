// SPDX-License-Identifier: GPL-3.0-or-later
// The third parties that the gatekeeper works with, what their users are called there, and what a
// user of the gatekeeper's own has agreed to. Sources: the OPT and ENL requirements; observed
// client behaviour. Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/address.h"
#include "harness/xml/tree.h"

namespace parley::reference::whatsapp {

inline constexpr std::string_view kTermsNotice = "20240306";
inline constexpr std::string_view kTermsShown = "105";
inline constexpr std::string_view kTermsAccepted = "160";
inline constexpr std::size_t kMostResolved = 256;
inline constexpr std::size_t kMostReachability = 999;

struct Partner {
  std::uint16_t id;
  std::string_view name;
  std::string_view status;           // active, onboarding, removed
  std::string_view identifier_type;  // email, pn, username
};

// In order of id.
const std::vector<Partner>& partners();

// `id` as a stanza writes it: decimal digits and nothing else. Null for anybody else.
const Partner* find_partner(std::string_view id);

// The number of the partner's user who is called `identifier` there: an e-mail address
// u<number>@parley.invalid, a telephone number +<number> or a name u<number>, in any of the
// spellings that mean the same.
struct Identified {
  std::string number;
  std::string normalised;
};
std::optional<Identified> identified(std::string_view identifier, const Partner& partner,
                                     const FaultSet& faults);

// Of a user of the gatekeeper's own.
struct Consent {
  std::set<std::uint16_t> partners;  // opted in to
  bool terms_shown = false;
  bool terms_accepted = false;
  bool reachable = true;
  std::set<std::string> welcome;  // bare addresses that reach it all the same
  std::set<std::string> blocked;  // likewise
  std::set<std::string> trusted;
  std::set<std::uint16_t> leaving;   // wg-opt-out-late
  std::deque<xml::Element> refused;  // wg-opt-in-replays
};

// Of a user who has accepted the terms and opted in to every active partner.
Consent prepared_consent();

}  // namespace parley::reference::whatsapp
