// SPDX-License-Identifier: Apache-2.0
// The mutator of the Signal protocol's messages: an octet of versions, a protobuf, and for
// SignalMessages the octets of a MAC. It has no keys: a target that wants a right MAC over what was
// mutated makes it itself. Source: observed (libsignal, message version 3).
#pragma once

#include <string>
#include <string_view>

namespace parley::mutators {

std::string mutate_signal(std::string_view input, std::size_t room, std::uint64_t seed);
std::string cross_signal(std::string_view one, std::string_view other, std::size_t room,
                         std::uint64_t seed);

}  // namespace parley::mutators
