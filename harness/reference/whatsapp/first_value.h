// SPDX-License-Identifier: GPL-3.0-or-later
// How a careless reader takes JSON: it stops where the first object ends (RFC 8259 section 2).
#pragma once

#include <string>

namespace parley::reference::whatsapp {

// `text` without the object that stands directly behind the first one.
inline std::string first_value(const std::string& text) {
  const auto end = text.find("}{");
  return end == std::string::npos ? text : text.substr(0, end + 1);
}

}  // namespace parley::reference::whatsapp
