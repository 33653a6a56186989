// SPDX-License-Identifier: GPL-3.0-or-later
// A SUT attached to one worker: its declaration, its accounts and its driver (design section 5).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/engine/ports.h"
#include "harness/model/model.h"
#include "harness/sut/notice_log.h"

namespace parley::sut {

namespace asio = boost::asio;

struct AttachOptions {
  std::size_t worker = 0;  // below `workers`; takes the accounts worker, worker + workers, …
  std::size_t workers = 1;
  std::string log_file{};             // of the driver; dropped when empty
  std::vector<std::string> faults{};  // for the embedded reference only
  NoticeLog* notices = nullptr;       // of what the driver says in vain; outlives the attachment
};

// Reads the pool, starts the driver and lets it introduce itself. The attachment belongs to
// `executor`'s thread and must not outlive its context.
// Errors: not_found for a program, domain or address that is missing; refused when the driver
// answers a method that cannot exist; io, malformed and too_large for files and the driver.
asio::awaitable<Result<std::unique_ptr<engine::Attachment>>> attach(asio::any_io_executor executor,
                                                                    model::Declaration declaration,
                                                                    AttachOptions options);

// Why the driver of `attachment`, which attach() returned, cannot be called any more; empty when it
// can, or when there is none.
std::string driver_trouble(const engine::Attachment& attachment);

// Waits until the SUT can be reached, for at most `limit`: its driver lives, its STARTTLS address
// accepts a connection. Empty when it can; else the field of the declaration and what is dead
// there. With a limit of 0 no connection is tried.
asio::awaitable<std::string> reach(engine::Attachment& attachment, std::chrono::milliseconds limit);

// The reference inside `program` (this one), as a SUT. Errors: unsupported for a party that it
// does not have.
Result<model::Declaration> reference_declaration(std::string program, model::Party party,
                                                 const std::string& profile);

// The endpoint that Parley dials by default: "starttls", "tcp" in the profiles without TLS, "keys"
// of a third party's server.
const char* address_name(const model::Declaration& declaration);

}  // namespace parley::sut
