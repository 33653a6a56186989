// SPDX-License-Identifier: Apache-2.0
// The mutator of XML documents and of XMPP streams.
#pragma once

#include <string>
#include <string_view>

namespace parley::mutators {

std::string mutate_xml(std::string_view input, std::size_t room, std::uint64_t seed);
// Splices two documents where their markup begins, or puts one into the other.
std::string cross_xml(std::string_view one, std::string_view other, std::size_t room,
                      std::uint64_t seed);

}  // namespace parley::mutators
