// SPDX-License-Identifier: Apache-2.0
// The mutator of sequences: inputs that are read as pairs of octets, an action and its argument.
// Pairs are kept whole: they are put in, taken out, repeated, moved and turned into others.
#pragma once

#include <string>
#include <string_view>

namespace parley::mutators {

std::string mutate_actions(std::string_view input, std::size_t room, std::uint64_t seed);
// The beginning of one and the end of the other, or actions of both in turn.
std::string cross_actions(std::string_view one, std::string_view other, std::size_t room,
                          std::uint64_t seed);

}  // namespace parley::mutators
