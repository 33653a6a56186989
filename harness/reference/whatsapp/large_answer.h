// SPDX-License-Identifier: GPL-3.0-or-later
// Answers whose body is too large to be held, and bodies on their way through: written piece by
// piece, in memory that does not grow with them. One io_context thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>

#include "harness/base/encoding.h"
#include "harness/net/http_server.h"

namespace parley::reference::whatsapp {

struct LargeBody {
  wire::HttpMessage message;  // without it
  std::uint64_t octets = 0;
  std::function<Bytes()> next;  // nothing at the end
};
net::HttpAnswer large_body(LargeBody body);

// A body that came: held as far as it is small, else in a file without a name.
class KeptBody {
 public:
  // False where the disk is full.
  bool add(const Bytes& piece);
  std::uint64_t size() const { return size_; }
  bool small() const { return file_ == nullptr; }
  Bytes take() { return std::move(held_); }  // of a small one
  Bytes next();                              // of another, from its beginning on

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  Bytes held_;
  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t size_ = 0;
  bool reading_ = false;
};

}  // namespace parley::reference::whatsapp
