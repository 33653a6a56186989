// SPDX-License-Identifier: GPL-3.0-or-later
// Notifications of drivers that Parley cannot use: why, counted, and the first of them in the log
// of the drivers. Safe from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>

namespace parley::sut {

// Why `notice` (a whole JSON-RPC message) is of no use by DRIVER.md, whoever its user is; empty
// when it is of use.
std::string wrong_with_notice(const nlohmann::json& notice);

class NoticeLog {
 public:
  static constexpr std::size_t kMostLogged = 100;  // a driver may not fill the disk

  // `file` is appended to; nothing is written when it is empty or cannot be opened.
  explicit NoticeLog(std::string file) : file_(std::move(file)) {}

  void add(const std::string& why, const nlohmann::json& notice);
  std::size_t count() const { return count_; }

 private:
  std::string file_;
  std::atomic<std::size_t> count_{0};
  std::mutex guard_;
};

}  // namespace parley::sut
