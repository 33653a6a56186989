// SPDX-License-Identifier: Apache-2.0
// The mutator of HTTP/1.1 messages, by line. Source: RFC 9112, and the ways in which readers were
// made to disagree on where a message ends.
#pragma once

#include <string>
#include <string_view>

namespace parley::mutators {

std::string mutate_http(std::string_view input, std::size_t room, std::uint64_t seed);
// Lines of both.
std::string cross_http(std::string_view one, std::string_view other, std::size_t room,
                       std::uint64_t seed);

}  // namespace parley::mutators
