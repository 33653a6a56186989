// SPDX-License-Identifier: GPL-3.0-or-later
// What goes over a wake line (wake_line.h): a line of JSON for each wake. Pure; one owner a buffer.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/encoding.h"

namespace parley::reference::whatsapp {

inline constexpr std::size_t kMostWakeOctets = std::size_t{64} << 10U;  // of a line, with its end

struct Wake {
  std::string user{};   // whose line it is; not in it
  std::string id{};     // the push's
  std::string alert{};  // what the user's device shows of its own accord; empty: nothing
};

// With its end. What is no UTF-8 is replaced.
Bytes line_with(const Wake& wake);
// Of any octets; null for what is no object. A member that is missing or no text is empty.
std::optional<Wake> wake_in(std::string_view line);

// The lines of what comes in, however it is cut. It holds no more than a line and what came last.
class WakeLines {
 public:
  explicit WakeLines(std::size_t most_octets = kMostWakeOctets) : most_octets_(most_octets) {}

  void add(std::string_view octets);
  // Without its end; null until it is there.
  std::optional<std::string> next();
  // A line was longer than a line may be: there is no other.
  bool over() const { return over_; }

 private:
  std::size_t most_octets_;
  Bytes held_;
  bool over_ = false;
};

}  // namespace parley::reference::whatsapp
