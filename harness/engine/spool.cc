// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

namespace parley::engine {
namespace {

constexpr std::size_t kPieceOctets = 256 * 1024;

std::unexpected<Error> io_error(const std::string& what) {
  return fail(Errc::io, fmt::format("{}: {}", what, std::generic_category().message(errno)));
}

}  // namespace

Result<std::shared_ptr<Spool>> Spool::make() {
  std::error_code none;
  auto name = (std::filesystem::temp_directory_path(none) / "parley-spool-XXXXXX").string();
  const int descriptor = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) {
    return io_error("a file for what is too large to be held");
  }
  ::unlink(name.c_str());
  return std::shared_ptr<Spool>(new Spool(descriptor, 0));
}

Result<std::shared_ptr<Spool>> Spool::open(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status{};
  if (descriptor < 0 || ::fstat(descriptor, &status) != 0) {
    auto error = io_error(file.string());
    if (descriptor >= 0) {
      ::close(descriptor);
    }
    return error;
  }
  return std::shared_ptr<Spool>(new Spool(descriptor, static_cast<std::uint64_t>(status.st_size)));
}

Spool::~Spool() { ::close(descriptor_); }

Result<void> Spool::append(std::string_view octets) {
  if (failed_) {
    return fail(Errc::io, "a file for what is too large to be held has failed before");
  }
  gathered_ += octets;
  return gathered_.size() < kPieceOctets ? Result<void>() : write_gathered();
}

Result<void> Spool::write_gathered() {
  std::size_t done = 0;
  while (done < gathered_.size()) {
    const auto written = ::pwrite(descriptor_, gathered_.data() + done, gathered_.size() - done,
                                  static_cast<off_t>(written_ + done));
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      failed_ = true;
      gathered_.clear();
      return io_error("a file for what is too large to be held");
    }
    done += static_cast<std::size_t>(written);
  }
  written_ += done;
  gathered_.clear();
  return {};
}

Bytes Spool::read(std::uint64_t from, std::size_t most) const {
  if (failed_) {
    return {};
  }
  Bytes out(from < written_ ? std::min<std::uint64_t>(most, written_ - from) : 0, '\0');
  std::size_t have = 0;
  while (have < out.size()) {
    const auto got =
        ::pread(descriptor_, out.data() + have, out.size() - have, static_cast<off_t>(from + have));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      out.resize(have);
      return out;
    }
    have += static_cast<std::size_t>(got);
  }
  const auto behind = from + have < written_ ? gathered_.size() : from + have - written_;
  if (behind < gathered_.size()) {
    out += gathered_.substr(behind, most - have);
  }
  return out;
}

Result<void> write_spool(const Spool& spool, const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return io_error(file.string());
  }
  Result<void> out;
  for (std::uint64_t at = 0; out && at < spool.size();) {
    const auto piece = spool.read(at, kPieceOctets);
    std::size_t done = 0;
    while (done < piece.size()) {
      const auto written = ::write(descriptor, piece.data() + done, piece.size() - done);
      if (written <= 0 && errno != EINTR) {
        break;
      }
      done += written > 0 ? static_cast<std::size_t>(written) : 0;
    }
    if (piece.empty()) {
      out =
          fail(Errc::io, fmt::format("{}: what belongs there cannot be read again", file.string()));
    } else if (done < piece.size()) {
      out = io_error(file.string());
    }
    at += piece.size();
  }
  ::close(descriptor);
  return out;
}

}  // namespace parley::engine
