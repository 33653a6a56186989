// SPDX-License-Identifier: GPL-3.0-or-later
// What is peculiar to a run in which a SUT has only to live through a strike. Pure.
#pragma once

#include <string_view>

#include "harness/engine/cast.h"
#include "harness/model/model.h"

namespace parley::engine {

// Whether what is struck is a message of a cryptographic handshake: what a SUT that has taken it
// says next we cannot read.
bool strikes_handshake(const CastRun& run);

// Why a SUT has not survived that says nothing any more: to who struck, to anybody, or when the
// flow is carried out once more.
inline constexpr std::string_view kSilentToStriker =
    "the SUT neither answers afterwards nor ends the connection";
inline constexpr std::string_view kSilentToOthers =
    "the SUT does not answer another user afterwards";
inline constexpr std::string_view kWorksNoMore = "the SUT does not work any more after it";
// What came where nothing did that was due until the deadline.
inline constexpr std::string_view kCameNothing = "nothing";
inline constexpr std::string_view kCameNoRequest = "no such request";
// Why a driver has failed that does not answer.
inline constexpr std::string_view kDriverSilent = "the driver has not answered";
// Whether a case did not pass for the only reason that something did not come, and nothing came
// instead: a SUT or machine that has too much to do brings that about too.
bool rests_on_silence(const model::Verdict& verdict);
// Whether a verdict is for one of the three above, and nothing came. Which one it is hangs on what
// a SUT has read together with the strike.
bool is_silence(const model::Verdict& verdict);

}  // namespace parley::engine
