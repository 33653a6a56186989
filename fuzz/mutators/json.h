// SPDX-License-Identifier: Apache-2.0
// The mutators of JSON texts and of JOSE tokens. Sources: RFC 8259; RFC 7515 section 7.1. They work
// on the text, by token: what no reader should take is as near as what every reader takes. They
// have no keys: a target that wants what was mutated signed signs it itself.
#pragma once

#include <string>
#include <string_view>

namespace parley::mutators {

std::string mutate_json(std::string_view input, std::size_t room, std::uint64_t seed);
std::string cross_json(std::string_view one, std::string_view other, std::size_t room,
                       std::uint64_t seed);

// A compact token: the parts are decoded, mutated as JSON and encoded again.
std::string mutate_jose(std::string_view input, std::size_t room, std::uint64_t seed);
// Header, claims and signature of one or the other.
std::string cross_jose(std::string_view one, std::string_view other, std::size_t room,
                       std::uint64_t seed);

}  // namespace parley::mutators
