// SPDX-License-Identifier: Apache-2.0
// The mutator of binary stanzas: an octet of flags, then a node, which is a list of name, keys,
// values and content. Source: observed client behaviour. What is no node is taken as far as it
// goes, the rest as octets.
#pragma once

#include <string>
#include <string_view>

namespace parley::mutators {

std::string mutate_binary_tree(std::string_view input, std::size_t room, std::uint64_t seed);
// A node of the other among the children of one, or in the place of one of them.
std::string cross_binary_tree(std::string_view one, std::string_view other, std::size_t room,
                              std::uint64_t seed);

}  // namespace parley::mutators
