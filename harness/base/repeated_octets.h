// SPDX-License-Identifier: GPL-3.0-or-later
// Octets that come so often one after the other, read in pieces, in memory that does not grow with
// them. One owner.
#pragma once

#include <cstdint>

#include "harness/base/encoding.h"

namespace parley {

class RepeatedOctets {
 public:
  RepeatedOctets(const Bytes& octets, std::uint64_t times);
  std::uint64_t size() const { return size_; }
  Bytes next();  // up to 64 KiB; nothing at the end

 private:
  Bytes block_;  // the octets, so often that a piece is made of few
  std::uint64_t size_;
  std::uint64_t at_ = 0;
};

}  // namespace parley
