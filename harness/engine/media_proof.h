// SPDX-License-Identifier: GPL-3.0-or-later
// Whether a file is what a message says of it, however large it is. Source: observed clients
// (crypto/media). Pure functions of the message and the octets.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/engine/spool.h"
#include "harness/wire/content.h"

namespace parley::engine {

// A file as it lies there: its octets, or, of one too large to be held, its name (large_body.h),
// whose hash is theirs, and where they are; null where they are gone.
struct LyingFile {
  Bytes octets;
  std::string name{};
  std::shared_ptr<const Spool> spool{};

  friend bool operator==(const LyingFile& left, const LyingFile& right) {
    return left.octets == right.octets && left.name == right.name;
  }
  bool empty() const { return octets.empty() && name.empty(); }
};

// What a message has to say of a file, and does not; empty where it says all of it.
std::string_view missing(const wire::MediaMessage& message);

struct Proof {
  std::string verdict;  // "yes", or why the file is not what the message says
  std::string sha256;   // of its plaintext, in hex
  bool lost = false;    // its octets are gone or cannot be read again: nothing is known of the file
};
Proof proof_of(const wire::MediaMessage& message, const LyingFile& file);

}  // namespace parley::engine
