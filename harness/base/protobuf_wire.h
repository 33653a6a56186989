// SPDX-License-Identifier: GPL-3.0-or-later
// The fields of one protobuf message as they lie on the wire, without a schema. Source: the
// protobuf encoding guide (key = number << 3 | type; types 0, 1, 2 and 5).
// Order, unknown fields, repeats and overlong varints are kept, so that what was read is written
// again octet by octet; a nested message is the octets of its field, read by another call.
// Offsets and sizes are octets. Pure functions: safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/result.h"

namespace parley::protobuf {

inline constexpr std::uint32_t kMaxFieldNumber = (1U << 29U) - 1;
inline constexpr std::size_t kMaxVarintOctets = 10;

// Groups (3 and 4) are not read: no message of the field uses them.
enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, octets = 2, fixed32 = 5 };

struct Field {
  std::uint32_t number = 0;
  WireType type = WireType::varint;
  std::uint64_t value = 0;         // of varint, fixed64 and fixed32
  Bytes octets;                    // of WireType::octets
  std::uint8_t key_octets = 0;     // width of the key's varint; 0 is the shortest
  std::uint8_t varint_octets = 0;  // width of the value's or the length's varint; 0 is the shortest
  std::size_t offset = 0;          // of the key, where it was read; not part of the value

  friend bool operator==(const Field& a, const Field& b);
};

struct Limits {
  std::size_t max_octets = std::size_t{1} << 24U;
  std::size_t max_fields = 4096;
};

// Errors, with the offset of the field or of the octet that is wrong: too_large beyond `limits`;
// truncated; malformed for field number 0, a number above kMaxFieldNumber or a varint of more than
// 64 bits; unsupported for a group.
Result<std::vector<Field>> read_fields(std::string_view octets, const Limits& limits = {});
// Writes what it is given, right or wrong.
Bytes write_fields(const std::vector<Field>& fields);

// `width` octets at least, the surplus as overlong zero groups. For messages broken on purpose.
void append_varint(Bytes& out, std::uint64_t value, std::size_t width = 0);
Field varint_field(std::uint32_t number, std::uint64_t value);
Field octets_field(std::uint32_t number, std::string_view octets);

// Takes a schema's fields out of what was read; the rest is what the schema does not know.
class FieldTaker {
 public:
  explicit FieldTaker(std::vector<Field> fields) : fields_(std::move(fields)) {}

  // Of a repeated field the last counts, as protobuf prescribes; one of another type is not taken.
  std::optional<std::uint64_t> take_varint(std::uint32_t number);
  std::optional<Bytes> take_octets(std::uint32_t number);
  // Repeats of a message are merged, which is what the concatenation of their octets parses to.
  std::optional<Bytes> take_message(std::uint32_t number);
  std::vector<Field> rest() && { return std::move(fields_); }

 private:
  std::vector<Field> take(std::uint32_t number, WireType type);
  std::vector<Field> fields_;
};

// Its counterpart: a schema's fields in the order of the calls; an absent one is left out.
class FieldWriter {
 public:
  void add_varint(std::uint32_t number, std::optional<std::uint64_t> value);
  void add_octets(std::uint32_t number, const std::optional<Bytes>& octets);
  // What the schema does not know goes last.
  Bytes finish(const std::vector<Field>& unknown) &&;

 private:
  std::vector<Field> fields_;
};

}  // namespace parley::protobuf
