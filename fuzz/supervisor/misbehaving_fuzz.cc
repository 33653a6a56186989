// SPDX-License-Identifier: GPL-3.0-or-later
// A fuzz target that misbehaves as PARLEY_MISBEHAVE says, at the input that begins with "BAD"; in
// the modes that end with "-later" after some executions, in those that end with "-after-empty" or
// "-needs-octets" not before an empty input or so many octets have come. For the tests of the
// supervisor.
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "fuzz/oracle.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

constexpr std::size_t kLater = 2000;  // executions
constexpr std::size_t kMany = 40;     // octets
constexpr std::size_t kFew = 3;       // calls of mutator or crossover

std::string_view mode() {
  static const char* named = std::getenv("PARLEY_MISBEHAVE");
  return named == nullptr ? "" : named;
}

void* volatile escaped = nullptr;

__attribute__((noinline)) void hang() {
  for (volatile bool forever = true; forever;) {
  }
}

__attribute__((noinline)) void free_twice() {
  void* block = std::malloc(100);
  escaped = block;
  std::free(escaped);
  std::free(escaped);
}

__attribute__((noinline)) void take_memory() {
  std::vector<std::vector<char>> taken;
  for (int i = 0; i < 4096; ++i) {
    taken.emplace_back(1024 * 1024, 'x');
    escaped = taken.back().data();
  }
}

__attribute__((noinline)) void leak() { escaped = std::malloc(1234); }

__attribute__((noinline)) int recurse(int depth) {
  volatile char room[1024];
  if (depth < 0) {
    return 0;
  }
  room[0] = static_cast<char>(depth);
  return recurse(depth + 1) + room[0];
}

// Two defects that are told by the same words, which the octet behind "BAD" tells apart.
void die_at_two_places(std::uint8_t octet) {
  if (octet == '1') {
    PARLEY_ORACLE(mode() != "two-places");
  }
  PARLEY_ORACLE(mode() != "two-places");
}

void misbehave() {
  if (mode().starts_with("hang")) {
    hang();
  } else if (mode().starts_with("free-twice")) {
    free_twice();
  } else if (mode().starts_with("memory")) {
    take_memory();
  } else if (mode().starts_with("kill")) {
    kill(getpid(), SIGKILL);
  } else if (mode().starts_with("signal")) {
    std::raise(SIGSEGV);
  } else if (mode().starts_with("leak")) {
    leak();
    escaped = nullptr;
  } else if (mode().starts_with("recursion")) {
    recurse(0);
  } else if (mode().starts_with("exit")) {
    std::exit(3);
  } else {
    PARLEY_ORACLE(!mode().starts_with("oracle"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::size_t executions = 0;
  static bool empty_came = false;
  static std::size_t octets_came = 0;
  ++executions;
  empty_came = empty_came || size == 0;
  octets_came += size;
  if ((mode().ends_with("-after-empty") && !empty_came) ||
      (mode().ends_with("-needs-octets") && octets_came < kMany)) {
    return 0;
  }
  if (mode() == "two-places" && size >= 4 && std::memcmp(data, "BAD", 3) == 0) {
    die_at_two_places(data[3]);
  }
  if (mode().ends_with("-later")    ? executions == kLater
      : mode().ends_with("-always") ? size > 0
                                    : size >= 3 && std::memcmp(data, "BAD", 3) == 0) {
    misbehave();
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t one_size,
                                                 const std::uint8_t*, std::size_t,
                                                 std::uint8_t* out, std::size_t most,
                                                 unsigned int) {
  static std::size_t calls = 0;
  if (mode() == "crossover" && ++calls == kFew) {
    std::raise(SIGSEGV);
  }
  const auto size = one_size < most ? one_size : most;
  std::memcpy(out, one, size);
  return size;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned int seed) {
  static std::size_t calls = 0;
  if (mode() == "mutator" && ++calls == kFew) {
    std::raise(SIGSEGV);
  }
  // One in some hundreds: what a mutator that knows the format would come to.
  if (seed % 512 == 0 && most >= 3) {
    std::memcpy(data, "BAD", 3);
    return size < 3 ? 3 : size;
  }
  return LLVMFuzzerMutate(data, size, most);
}
