// SPDX-License-Identifier: GPL-3.0-or-later
// Counts what operator new gives out, in plain and in sanitized builds alike; what C libraries
// allocate for themselves is not in it. Replaces the operators of the whole program: include it in
// one file of a test program. Any thread.
#pragma once

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace parley::testkit {

inline std::atomic<std::size_t> heap_octets{0};
inline std::atomic<std::size_t> heap_peak{0};

// How much the heap grew over its life, at the most.
class HeapWatch {
 public:
  HeapWatch() : before_(heap_octets) { heap_peak = before_; }
  std::size_t peak_octets() const { return heap_peak - before_; }

 private:
  std::size_t before_;
};

}  // namespace parley::testkit

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  void* out = std::malloc(size == 0 ? 1 : size);
  if (out == nullptr) {
    return nullptr;
  }
  const std::size_t now = parley::testkit::heap_octets += malloc_usable_size(out);
  std::size_t peak = parley::testkit::heap_peak;
  while (now > peak && !parley::testkit::heap_peak.compare_exchange_weak(peak, now)) {
  }
  return out;
}

void* operator new(std::size_t size) {
  void* out = operator new(size, std::nothrow);
  if (out == nullptr) {
    throw std::bad_alloc();
  }
  return out;
}

void operator delete(void* object) noexcept {
  parley::testkit::heap_octets -= object == nullptr ? 0 : malloc_usable_size(object);
  std::free(object);
}

void operator delete(void* object, std::size_t) noexcept { operator delete(object); }
