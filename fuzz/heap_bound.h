// SPDX-License-Identifier: GPL-3.0-or-later
// An oracle of readers: what one input makes them take from the heap is bounded by its size,
// however large the lengths that it claims. Counted through the sanitizer's hooks, so C libraries
// are in it, and the same input gives the same numbers on every machine, which a clock would not; a
// build without AddressSanitizer checks nothing. What other threads take (libFuzzer has one that
// watches the memory) does not count.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "fuzz/oracle.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PARLEY_HEAP_IS_COUNTED 1
#include <sanitizer/allocator_interface.h>
#endif
#endif

namespace parley::fuzz {

// What an input of no octets may take, and how much more each of its octets.
struct HeapBound {
  std::size_t octets = 0;  // at once
  std::size_t octets_each = 0;
  std::size_t allocations = 0;
  std::size_t allocations_each = 0;
};

struct HeapUse {
  std::int64_t live = 0;  // octets; of what was there before some may be given back
  std::int64_t peak = 0;
  std::size_t allocations = 0;
};

#ifdef PARLEY_HEAP_IS_COUNTED
// The hooks take no argument of ours, hence a variable, and come in all threads, hence one of each;
// null while nobody counts.
inline constinit thread_local HeapUse* counted_heap = nullptr;

inline void count_allocation(const volatile void* /*object*/, std::size_t octets) {
  if (counted_heap != nullptr) {
    counted_heap->live += static_cast<std::int64_t>(octets);
    counted_heap->peak = std::max(counted_heap->peak, counted_heap->live);
    ++counted_heap->allocations;
  }
}
inline void count_free(const volatile void* object) {
  // The hook comes before the sanitizer looks: what is freed twice is not asked for its size.
  if (counted_heap != nullptr && __sanitizer_get_ownership(object) != 0) {
    counted_heap->live -= static_cast<std::int64_t>(__sanitizer_get_allocated_size(object));
  }
}
#endif

// What the heap was asked for from its making to its end; one at a time.
class HeapCount {
 public:
  HeapCount() {
#ifdef PARLEY_HEAP_IS_COUNTED
    static const bool hooked =
        __sanitizer_install_malloc_and_free_hooks(count_allocation, count_free) > 0;
    PARLEY_ORACLE(hooked && counted_heap == nullptr);
    counted_heap = &use_;
#endif
  }
  ~HeapCount() { end(); }
  HeapCount(const HeapCount&) = delete;
  HeapCount& operator=(const HeapCount&) = delete;

  const HeapUse& end() {
#ifdef PARLEY_HEAP_IS_COUNTED
    counted_heap = nullptr;
#endif
    return use_;
  }

 private:
  HeapUse use_;
};

inline bool is_within(const HeapUse& use, const HeapBound& bound, std::size_t input) {
  const auto octets = bound.octets + bound.octets_each * input;
  const auto allocations = bound.allocations + bound.allocations_each * input;
  if (use.peak <= static_cast<std::int64_t>(octets) && use.allocations <= allocations) {
    return true;
  }
  std::fprintf(stderr,
               "%zu octets of input took %lld of the heap at once (%zu allowed) in %zu allocations "
               "(%zu allowed)\n",
               input, static_cast<long long>(use.peak), octets, use.allocations, allocations);
  return false;
}

// What `run` gives, which has read `input` octets.
template <class Run>
auto bounded(const HeapBound& bound, std::size_t input, Run run) {
  HeapCount count;
  auto out = run();
  PARLEY_ORACLE(is_within(count.end(), bound, input));
  return out;
}

}  // namespace parley::fuzz
