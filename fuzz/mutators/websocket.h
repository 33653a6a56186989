// SPDX-License-Identifier: Apache-2.0
// Streams of WebSocket frames, with or without a mask. Source: RFC 6455 sections 5.2 to 5.5 and
// 7.4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace parley::mutators {

std::string mutate_websocket(std::string_view input, std::size_t room, std::uint64_t seed);
// Frames of both.
std::string cross_websocket(std::string_view one, std::string_view other, std::size_t room,
                            std::uint64_t seed);

}  // namespace parley::mutators
