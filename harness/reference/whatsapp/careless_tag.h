// SPDX-License-Identifier: GPL-3.0-or-later
// For faults: authentication tags of which a party compares a part only. Source: what TRN-009,
// TRN-018 and TRN-024 forbid. Pure functions.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/reference/faults.h"

namespace parley::reference::whatsapp {

// The octets [from, to) of a tag.
struct TagPart {
  std::size_t from = 0;
  std::size_t to = 0;
};
// What is compared; nullopt where that is all of it.
std::optional<TagPart> compared_part(const FaultSet& faults);

// Encrypts as the peer does, under the counter of the message at hand and each time the same.
using Seal = std::function<Result<Bytes>(std::string_view)>;
// The text of `sealed` when that part of its tag is right, whatever the rest is.
std::optional<Bytes> open_comparing(const TagPart& part, const Seal& seal, std::string_view sealed);

// The same where nothing can be encrypted: `sealed` with each octet of its tag that does not count
// off by a bit in turn, until `read` takes it. Nullopt when it never does.
std::optional<Bytes> read_comparing(const TagPart& part, Bytes sealed,
                                    const std::function<Result<Bytes>(const Bytes&)>& read);

}  // namespace parley::reference::whatsapp
