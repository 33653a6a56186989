// SPDX-License-Identifier: GPL-3.0-or-later
// Where the users of the reference third party's service are, by the addresses that they ask from:
// who is not inside of the region is not served (ENL-010), and who leaves it no longer (ENL-011).
// An address that nobody has placed is not inside. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/reference/faults.h"

namespace parley::reference::whatsapp {

// "192.0.2.0/24"
struct AddressRange {
  std::uint32_t first = 0;
  std::uint32_t mask = 0;

  bool holds(std::uint32_t address) const { return (address & mask) == first; }
};
// Errors: malformed.
Result<AddressRange> read_range(std::string_view text);

class Whereabouts {
 public:
  // The ranges whose addresses are inside of the region and outside. Errors: malformed.
  Result<void> set(std::string_view inside, std::string_view outside);
  // Notes that the user asks from `address`, as text; from inside when it is empty.
  void see(const std::string& user, const std::string& address, const FaultSet& faults);
  // Whether the user was outside when it was last seen.
  bool is_away(const std::string& user) const;
  void forget(const std::string& user) { away_.erase(user); }

 private:
  bool is_inside(const std::string& address, const FaultSet& faults) const;

  std::optional<AddressRange> inside_;
  std::optional<AddressRange> outside_;
  std::map<std::string, bool> away_;  // by user
  std::optional<bool> first_away_;    // wp-region-of-first-user
};

}  // namespace parley::reference::whatsapp
