// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/notice_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "harness/base/text.h"

namespace parley::sut {
namespace {

using nlohmann::json;

constexpr std::size_t kShownOctets = 200;

// DRIVER.md, notifications; every one names its user too.
struct Notice {
  std::string_view method;
  std::array<std::string_view, 3> needs;
};
constexpr std::array kNotices{
    Notice{"connected", {"jid"}},  Notice{"received", {"from", "type", "text"}},
    Notice{"presence", {"from"}},  Notice{"answered", {"id", "from", "type"}},
    Notice{"refused", {"reason"}}, Notice{"closed", {"reason"}},
    Notice{"pushed", {"id"}},
};

bool has_text(const json& object, std::string_view name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string();
}

}  // namespace

std::string wrong_with_notice(const json& notice) {
  if (!has_text(notice, "method")) {
    return "the method is no text";
  }
  const auto method = notice["method"].get<std::string>();
  const auto known = std::ranges::find(kNotices, method, &Notice::method);
  if (known == kNotices.end()) {
    return fmt::format("unknown method '{}'", printable(method, kShownOctets));
  }
  if (!notice.contains("params") || !notice["params"].is_object()) {
    return "the params are no object";
  }
  if (!has_text(notice["params"], "user")) {
    return fmt::format("'{}' without the text 'user'", method);
  }
  for (const auto need : known->needs) {
    if (!need.empty() && !has_text(notice["params"], need)) {
      return fmt::format("'{}' without the text '{}'", method, need);
    }
  }
  return "";
}

void NoticeLog::add(const std::string& why, const json& notice) {
  const auto number = ++count_;
  if (file_.empty() || number > kMostLogged) {
    return;
  }
  const auto text = notice.dump(-1, ' ', false, json::error_handler_t::replace);
  const std::lock_guard lock(guard_);
  std::ofstream(file_, std::ios::app)
      << fmt::format("parley: a notification of no use: {}: {}\n", why,
                     printable(text, kShownOctets))
      << (number == kMostLogged ? "parley: further ones are only counted\n" : "");
}

}  // namespace parley::sut
