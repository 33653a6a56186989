// SPDX-License-Identifier: GPL-3.0-or-later
// The file through which a fuzz target says what it is doing (fuzz/sdk/record.h), seen from
// outside. Its octets are allotted when it is made: a full disk cannot take the last input away.
#pragma once

#include <cstdint>
#include <string>

#include "fuzz/sdk/record.h"
#include "harness/base/encoding.h"
#include "harness/base/result.h"

namespace parley::fuzz {

enum class Doing { nothing, target, mutator };

struct Moment {
  std::uint64_t begun = 0;
  std::uint64_t ended = 0;
  Doing doing = Doing::nothing;
};

// One thread owns it; the target writes from another process meanwhile, so an input is read once
// that has ended or stands still.
class RecordFile {
 public:
  // Makes `path`, or empties what is there. Errors: io.
  static Result<RecordFile> create(const std::string& path);
  RecordFile(RecordFile&& other) noexcept;
  RecordFile& operator=(RecordFile&&) = delete;
  ~RecordFile();

  const std::string& path() const { return path_; }
  Moment now() const;
  // The input of the last call, of the target or of the mutator; its first MiB.
  Bytes last_input() const;
  // How the mutator was called last.
  std::uint64_t seed() const;
  std::uint64_t most() const;
  void clear();

 private:
  RecordFile(std::string path, parley_record* mapped) : path_(std::move(path)), mapped_(mapped) {}

  std::string path_;
  parley_record* mapped_;
};

}  // namespace parley::fuzz
