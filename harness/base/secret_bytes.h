// SPDX-License-Identifier: GPL-3.0-or-later
// Key bytes. Wiped when they are destroyed or replaced; there is no operator<< and no comparison,
// so that neither a log nor a test prints them unasked. Not thread-safe: one owner a value.
#pragma once

#include <string_view>
#include <vector>

namespace parley {

class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::string_view octets) : octets_(octets.begin(), octets.end()) {}
  SecretBytes(const SecretBytes&) = default;
  SecretBytes(SecretBytes&& other) noexcept = default;  // leaves `other` empty
  SecretBytes& operator=(SecretBytes other) noexcept {
    octets_.swap(other.octets_);  // the old octets are wiped with `other`
    return *this;
  }
  ~SecretBytes();

  bool empty() const { return octets_.empty(); }
  std::size_t size() const { return octets_.size(); }
  // Valid as long as this value; the caller makes no copy that outlives its use.
  std::string_view reveal() const { return {octets_.data(), octets_.size()}; }

 private:
  std::vector<char> octets_;  // not a string: a moved short string keeps its octets
};

}  // namespace parley
