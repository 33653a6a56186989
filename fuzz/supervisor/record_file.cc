// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/record_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace parley::fuzz {
namespace {

std::string reason(int error) { return std::error_code(error, std::generic_category()).message(); }

}  // namespace

Result<RecordFile> RecordFile::create(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) {
    return fail(Errc::io, fmt::format("'{}': {}", path, reason(errno)));
  }
  const int allotted = posix_fallocate(file, 0, sizeof(parley_record));
  void* mapped = allotted != 0 ? MAP_FAILED
                               : mmap(nullptr, sizeof(parley_record), PROT_READ | PROT_WRITE,
                                      MAP_SHARED, file, 0);
  const int mapping = errno;
  close(file);
  if (mapped == MAP_FAILED) {
    return fail(Errc::io,
                fmt::format("'{}': {}", path, reason(allotted != 0 ? allotted : mapping)));
  }
  return RecordFile(path, static_cast<parley_record*>(mapped));
}

RecordFile::RecordFile(RecordFile&& other) noexcept
    : path_(std::move(other.path_)), mapped_(std::exchange(other.mapped_, nullptr)) {}

RecordFile::~RecordFile() {
  if (mapped_ != nullptr) {
    munmap(mapped_, sizeof(parley_record));
  }
}

Moment RecordFile::now() const {
  Moment out;
  const auto doing = __atomic_load_n(&mapped_->doing, __ATOMIC_ACQUIRE);
  out.begun = __atomic_load_n(&mapped_->begun, __ATOMIC_RELAXED);
  out.ended = __atomic_load_n(&mapped_->ended, __ATOMIC_RELAXED);
  if (doing == PARLEY_DOING_TARGET) {
    out.doing = Doing::target;
  } else if (doing == PARLEY_DOING_MUTATOR || doing == PARLEY_DOING_CROSSOVER) {
    out.doing = Doing::mutator;
  }
  return out;
}

Bytes RecordFile::last_input() const {
  const auto size = std::min<std::uint64_t>(mapped_->size, PARLEY_RECORD_MOST);
  return {reinterpret_cast<const char*>(mapped_->octets), size};
}

std::uint64_t RecordFile::seed() const { return mapped_->seed; }

std::uint64_t RecordFile::most() const { return mapped_->most; }

void RecordFile::clear() { std::memset(mapped_, 0, offsetof(parley_record, octets)); }

}  // namespace parley::fuzz
