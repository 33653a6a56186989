// SPDX-License-Identifier: GPL-3.0-or-later
// Parley's end of the driver protocol (DRIVER.md): a child process that speaks JSON-RPC 2.0, one
// message a line. Whatever it does becomes an error of the calls. One thread: the executor's.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/engine/ports.h"
#include "harness/sut/notice_log.h"

namespace parley::sut {

namespace asio = boost::asio;

inline constexpr std::size_t kMaxLineOctets = 1024 * 1024;
inline constexpr std::size_t kMaxQueuedOctets = 4 * 1024 * 1024;  // written and not yet taken
inline constexpr std::size_t kMaxJsonDepth = 64;

class Driver {
 public:
  // `notices`, which may be null, outlives the driver. Errors: not_found when the program does not
  // exist or cannot be executed; io.
  static Result<std::unique_ptr<Driver>> start(asio::any_io_executor executor,
                                               std::vector<std::string> command, std::string folder,
                                               std::string log_file, NoticeLog* notices = nullptr);
  // Closes the driver's standard input and ends its process group, in at most a second. Calls that
  // are open end with io as soon as the executor runs.
  ~Driver();

  // The driver's result. Many may be open at once.
  // Errors: unsupported when the driver says so; refused for another error answer; io when it is
  // gone or broken; timed_out when it is silent for `timeout`.
  asio::awaitable<Result<nlohmann::json>> call(std::string method, nlohmann::json params,
                                               std::chrono::milliseconds timeout);
  // Notifications whose params name `user` go to `handler`; null ends that. Others are dropped;
  // what DRIVER.md does not allow, or is about a user that never was, goes to the log of notices.
  void on_notice(const std::string& user, engine::Attachment::NoticeHandler handler);
  // Why no call can succeed any more; empty when one may.
  const std::string& trouble() const;

 private:
  struct State;
  explicit Driver(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;  // shared with the coroutines that read, write and wait
};

}  // namespace parley::sut
