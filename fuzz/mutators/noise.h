// SPDX-License-Identifier: Apache-2.0
// Streams of frames with a Noise handshake in them: the routing pre-intro and the intro, lengths of
// three octets, the protobufs of hellos with their keys of 32 octets and sealed pieces of 48; what
// has no frames is one Noise message, whose pieces end at 32, 80 and 96. Source: observed client
// behaviour; Noise Protocol Framework, revision 34, sections 5.3 and 7.5 (patterns XX and IK).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace parley::mutators {

std::string mutate_noise(std::string_view input, std::size_t room, std::uint64_t seed);
std::string cross_noise(std::string_view one, std::string_view other, std::size_t room,
                        std::uint64_t seed);

}  // namespace parley::mutators
