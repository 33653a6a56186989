// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/wake_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace parley::reference::whatsapp {

using nlohmann::json;

Bytes line_with(const Wake& wake) {
  const json value{{"id", wake.id}, {"alert", wake.alert}};
  return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<Wake> wake_in(std::string_view line) {
  const auto value = json::parse(line, nullptr, false);
  const auto text = [&](const char* name) {
    const auto found = value.find(name);
    return found != value.end() && found->is_string() ? found->get<std::string>() : "";
  };
  return value.is_object() ? std::optional(Wake{.id = text("id"), .alert = text("alert")})
                           : std::nullopt;
}

void WakeLines::add(std::string_view octets) {
  if (!over_) {
    held_ += octets;
  }
}

// Whether a line is too long depends on its octets alone, never on those that came with its last.
std::optional<std::string> WakeLines::next() {
  const auto end = held_.find('\n');
  if (std::min(end, held_.size()) >= most_octets_) {
    over_ = true;
    held_.clear();
  }
  if (over_ || end == Bytes::npos) {
    return std::nullopt;
  }
  auto line = held_.substr(0, end);
  held_.erase(0, end + 1);
  return line;
}

}  // namespace parley::reference::whatsapp
