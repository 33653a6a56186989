// SPDX-License-Identifier: GPL-3.0-or-later
// Octets too many to be held, in a file that nobody else sees: one without a name, which is gone
// with its last owner, or a run's own, which is only read. Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"

namespace parley::engine {

class Spool {
 public:
  // Empty. Errors: io.
  static Result<std::shared_ptr<Spool>> make();
  // What a file holds. Errors: io.
  static Result<std::shared_ptr<Spool>> open(const std::filesystem::path& file);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Behind all that is there. Errors: io (a full disk), from then on for good: what was gathered is
  // lost, and nothing behind a gap is where it was said to be.
  Result<void> append(std::string_view octets);
  // From there on, as many as there are but no more than `most`; fewer where the disk fails, none
  // once an append has failed.
  Bytes read(std::uint64_t from, std::size_t most) const;
  std::uint64_t size() const { return written_ + gathered_.size(); }
  bool failed() const { return failed_; }

 private:
  Spool(int descriptor, std::uint64_t size) : descriptor_(descriptor), written_(size) {}
  Result<void> write_gathered();
  int descriptor_;
  std::uint64_t written_;
  Bytes gathered_;  // behind that, until it is worth a write
  bool failed_ = false;
};

// Into a file of its owner's alone. Errors: io.
Result<void> write_spool(const Spool& spool, const std::filesystem::path& file);

}  // namespace parley::engine
