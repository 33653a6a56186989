// SPDX-License-Identifier: Apache-2.0
// The mutator of protobuf messages, by field and without a schema. Source: the protobuf encoding
// guide. What is no protobuf is taken as far as it goes, the rest as octets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/mutators/random.h"

namespace parley::mutators {

std::string mutate_protobuf(std::string_view input, std::size_t room, std::uint64_t seed);
// Fields of both, in the order of one.
std::string cross_protobuf(std::string_view one, std::string_view other, std::size_t room,
                           std::uint64_t seed);

namespace protobuf {

struct Field {
  std::uint64_t number = 0;
  unsigned type = 0;        // 0 varint, 1 fixed64, 2 octets, 5 fixed32; 3, 4, 6 and 7 hold nothing
  std::uint64_t value = 0;  // of type 0
  std::string octets;       // of types 1, 2 and 5
  std::size_t padding = 0;  // octets by which the varint is longer than it need be
  std::size_t claimed = 0;  // of type 2: the length that is written, where it is not the right one
};

// The fields at the beginning of `octets`; what is none is in `rest`.
std::vector<Field> fields_of(std::string_view octets, std::string_view& rest);
std::string written(const std::vector<Field>& fields);
void append_varint(std::string& out, std::uint64_t value, std::size_t padding = 0);
// One edit of the fields, or of a message within one of them.
void edit(std::vector<Field>& fields, Random& random, std::size_t depth = 0);

}  // namespace protobuf
}  // namespace parley::mutators
