// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/memo.h"

#include <openssl/crypto.h>

#include <cstdint>
#include <utility>

#include "harness/crypto/digest.h"

namespace parley::crypto {
namespace {

// As many as the cases that a worker has in hand compute before they are judged.
constexpr std::size_t kGeneration = 8192;

thread_local Memo* current = nullptr;

void append_size(Bytes& out, std::uint64_t size) {
  for (int shift = 0; shift < 64; shift += 8) {
    out.push_back(static_cast<char>((size >> shift) & 0xFF));
  }
}

}  // namespace

Memo::Memo() : outer_(std::exchange(current, this)) {}

Memo::~Memo() { current = outer_; }

Memo* Memo::of_this_thread() { return current; }

const SecretBytes* Memo::find(const Bytes& key) {
  if (const auto at = young_.find(key); at != young_.end()) {
    return &at->second;
  }
  const auto at = old_.find(key);
  return at == old_.end() ? nullptr : &at->second;
}

void Memo::keep(const Bytes& key, SecretBytes value) {
  if (young_.size() >= kGeneration) {
    old_ = std::exchange(young_, {});
  }
  young_.insert_or_assign(key, std::move(value));
}

Bytes memo_key(std::string_view function, std::initializer_list<std::string_view> inputs) {
  Bytes text(function);
  for (const auto input : inputs) {
    append_size(text, input.size());
    text += input;
  }
  Bytes out = sha256(text);
  OPENSSL_cleanse(text.data(), text.size());
  return out;
}

}  // namespace parley::crypto
