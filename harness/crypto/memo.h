// SPDX-License-Identifier: GPL-3.0-or-later
// What the slow functions of the curve gave a short while ago. A verdict is computed from the
// transcript alone, so a thread that plays a case and then judges it computes most of them twice.
// A thread that has no memo computes each time: reference parties, tests, benchmarks.
#pragma once

#include <initializer_list>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/secret_bytes.h"

namespace parley::crypto {

// While it lives, the thread that made it remembers: in the innermost one, in a few MiB.
class Memo {
 public:
  Memo();
  ~Memo();
  Memo(const Memo&) = delete;
  Memo& operator=(const Memo&) = delete;

  static Memo* of_this_thread();  // null: none

  // Valid until the next keep(); null: not known, or not any more.
  const SecretBytes* find(const Bytes& key);
  void keep(const Bytes& key, SecretBytes value);

 private:
  using Generation = std::unordered_map<Bytes, SecretBytes>;
  Memo* outer_;
  Generation young_;
  Generation old_;
};

// Of a function by its name and all that its result depends on; holds no secret.
Bytes memo_key(std::string_view function, std::initializer_list<std::string_view> inputs);

// What `compute` gives, or gave for the same inputs; a failure is not remembered.
template <class Compute>
Result<SecretBytes> remembered(std::string_view function,
                               std::initializer_list<std::string_view> inputs, Compute compute) {
  Memo* const memo = Memo::of_this_thread();
  if (memo == nullptr) {
    return compute();
  }
  const Bytes key = memo_key(function, inputs);
  if (const auto* known = memo->find(key)) {
    return *known;
  }
  Result<SecretBytes> out = compute();
  if (out) {
    memo->keep(key, *out);
  }
  return out;
}

}  // namespace parley::crypto
