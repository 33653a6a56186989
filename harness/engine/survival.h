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
// Whether a verdict is for one of them, and nothing came. Which one it is hangs on what a SUT has
// read together with the strike.
bool is_silence(const model::Verdict& verdict);

}  // namespace parley::engine
