// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/fragile_binary.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::size_t kLongList = 1000;
constexpr char kList8 = '\xF8';
constexpr char kList16 = '\xF9';
constexpr char kHex8 = '\xFB';
constexpr char kNibble8 = '\xFF';

std::size_t octet_at(const Bytes& octets, std::size_t at) {
  return static_cast<unsigned char>(octets[at]);
}

}  // namespace

bool has_packed_name(const Bytes& octets) {
  const bool wide = octets.size() > 1 && octets[1] == kList16;
  const std::size_t at = wide ? 4 : 3;  // behind flags, tag and size
  return octets.size() > at && (wide || octets[1] == kList8) &&
         (octets[at] == kHex8 || octets[at] == kNibble8);
}

bool says_long_list(const Bytes& octets) {
  for (std::size_t at = 1; at + 2 < octets.size(); ++at) {
    const auto size = octet_at(octets, at + 1) << 8U | octet_at(octets, at + 2);
    if (octets[at] == kList16 && size >= kLongList && size > octets.size()) {
      return true;
    }
  }
  return false;
}

bool begins_with_group(const Bytes& octets) {
  constexpr std::size_t kWireType = 7;
  constexpr std::size_t kStartGroup = 3;
  return !octets.empty() && (octet_at(octets, 0) & kWireType) == kStartGroup;
}

}  // namespace parley::reference::whatsapp
