// SPDX-License-Identifier: Apache-2.0
// The mutator of inputs that are an XPath 1.0 expression, a line end and a document.
#pragma once

#include <string>
#include <string_view>

namespace parley::mutators {

std::string mutate_xpath(std::string_view input, std::size_t room, std::uint64_t seed);
// The expression of one and the document of the other, or two expressions spliced.
std::string cross_xpath(std::string_view one, std::string_view other, std::size_t room,
                        std::uint64_t seed);

}  // namespace parley::mutators
