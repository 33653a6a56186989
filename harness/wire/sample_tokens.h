// SPDX-License-Identifier: GPL-3.0-or-later
// A small dictionary for tests and fuzz targets. The numbers are our own, not any real service's.
#pragma once

#include <cstdlib>
#include <string_view>

#include "harness/wire/tokens.h"

namespace parley::wire {

// 1 message, 2 to, 3 type, 4 interop, 5 s.whatsapp.net, 6 unassigned, 7 id, 8 enc, 9 xmlns;
// 236.0 receipt, 236.1 msgr; 239.0 12345 (which could be packed too), 239.1 message again.
inline constexpr std::string_view kSampleTokens =
    "[single]\nmessage\nto\ntype\ninterop\ns.whatsapp.net\n~\nid\nenc\nxmlns\n"
    "[double 0]\nreceipt\nmsgr\n[double 3]\n12345\nmessage\n";

inline const Tokens& sample_tokens() {
  static const auto tokens = Tokens::parse(kSampleTokens);
  if (!tokens) {
    std::abort();
  }
  return *tokens;
}

}  // namespace parley::wire
