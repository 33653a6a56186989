// SPDX-License-Identifier: GPL-3.0-or-later
// Under which name a client saves a file: what its sender says of name and type is not to be
// trusted (MED-019). Pure.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/media_file.h"

namespace parley::reference::whatsapp {

inline constexpr std::size_t kMostNameOctets = 120;

// What a message says of a file.
struct SaidOfFile {
  FileKind kind = FileKind::document;
  std::string_view name;  // any octets; empty: none
  std::string_view mimetype;
};

// One path component that no system takes for anything else, and that is not among `taken`, unless
// a fault says otherwise.
std::string saved_name(const SaidOfFile& said, const std::set<std::string>& taken,
                       const FaultSet& faults);

}  // namespace parley::reference::whatsapp
