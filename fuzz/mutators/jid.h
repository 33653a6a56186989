// SPDX-License-Identifier: Apache-2.0
// The text of addresses: [integrator-]user[:device]@server, as wire/jid.h has it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace parley::mutators {

std::string mutate_jid(std::string_view input, std::size_t room, std::uint64_t seed);
// Parts of both.
std::string cross_jid(std::string_view one, std::string_view other, std::size_t room,
                      std::uint64_t seed);

}  // namespace parley::mutators
