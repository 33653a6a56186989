// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/repeated_octets.h"

#include <algorithm>

namespace parley {
namespace {

constexpr std::size_t kPieceOctets = 64 * 1024;

}  // namespace

RepeatedOctets::RepeatedOctets(const Bytes& octets, std::uint64_t times)
    : block_(octets), size_(octets.size() * times) {
  while (!block_.empty() && block_.size() < kPieceOctets && block_.size() < size_) {
    block_ += octets;
  }
}

Bytes RepeatedOctets::next() {
  Bytes out;
  while (out.size() < kPieceOctets && at_ < size_) {
    const auto within = static_cast<std::size_t>(at_ % block_.size());
    const auto left = std::min<std::uint64_t>(size_ - at_, kPieceOctets - out.size());
    const auto count = std::min<std::size_t>(block_.size() - within, left);
    out.append(block_, within, count);
    at_ += count;
  }
  return out;
}

}  // namespace parley
