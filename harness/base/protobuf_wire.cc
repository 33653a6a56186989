// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/protobuf_wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace parley::protobuf {
namespace {

constexpr std::uint8_t kMoreFollows = 0x80;

std::size_t shortest_width(std::uint64_t value) {
  std::size_t width = 1;
  while ((value >>= 7U) != 0) {
    ++width;
  }
  return width;
}

// What a field keeps of a width: only where it differs from the shortest.
std::uint8_t kept_width(std::size_t width, std::uint64_t value) {
  return width == shortest_width(value) ? std::uint8_t{0} : static_cast<std::uint8_t>(width);
}

struct Varint {
  std::uint64_t value;
  std::size_t width;
};

// Reads forward over one message.
class Cursor {
 public:
  explicit Cursor(std::string_view octets) : octets_(octets) {}
  std::size_t at() const { return at_; }
  bool ended() const { return at_ == octets_.size(); }

  Result<Varint> varint() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kMaxVarintOctets; ++i) {
      if (at_ + i == octets_.size()) {
        return fail(Errc::truncated, "a varint is cut off", octets_.size());
      }
      const auto octet = static_cast<std::uint8_t>(octets_[at_ + i]);
      // The tenth octet holds the 64th bit alone.
      if (i + 1 == kMaxVarintOctets && octet > 1) {
        return fail(Errc::malformed, "a varint has more than 64 bits", at_);
      }
      value |= static_cast<std::uint64_t>(octet & 0x7FU) << (7 * i);
      if ((octet & kMoreFollows) == 0) {
        at_ += i + 1;
        return Varint{.value = value, .width = i + 1};
      }
    }
    return fail(Errc::malformed, "a varint has more than ten octets", at_);
  }

  Result<std::string_view> octets(std::uint64_t count) {
    if (count > octets_.size() - at_) {
      return fail(Errc::truncated,
                  fmt::format("{} octets are announced, {} follow", count, octets_.size() - at_),
                  at_);
    }
    const auto out = octets_.substr(at_, static_cast<std::size_t>(count));
    at_ += out.size();
    return out;
  }

 private:
  std::string_view octets_;
  std::size_t at_ = 0;
};

std::uint64_t little_endian(std::string_view octets) {
  std::uint64_t out = 0;
  for (std::size_t i = octets.size(); i-- > 0;) {
    out = out << 8U | static_cast<std::uint8_t>(octets[i]);
  }
  return out;
}

void append_little_endian(Bytes& out, std::uint64_t value, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    out += static_cast<char>(value >> (8 * i) & 0xFFU);
  }
}

Result<Field> read_key(Cursor& cursor) {
  const auto offset = cursor.at();
  const auto key = cursor.varint();
  if (!key) {
    return std::unexpected(key.error());
  }
  const auto number = key->value >> 3U;
  const auto type = static_cast<unsigned>(key->value & 7U);
  if (number == 0 || number > kMaxFieldNumber) {
    return fail(Errc::malformed, fmt::format("field number {} is out of range", number), offset);
  }
  if (type == 3 || type == 4) {
    return fail(Errc::unsupported, "groups are not read", offset);
  }
  if (type > 5) {
    return fail(Errc::malformed, fmt::format("wire type {} does not exist", type), offset);
  }
  return Field{.number = static_cast<std::uint32_t>(number),
               .type = static_cast<WireType>(type),
               .octets = {},
               .key_octets = kept_width(key->width, key->value),
               .offset = offset};
}

Result<void> read_fixed(Cursor& cursor, std::size_t count, Field& field) {
  const auto octets = cursor.octets(count);
  if (!octets) {
    return std::unexpected(octets.error());
  }
  field.value = little_endian(*octets);
  return {};
}

Result<void> read_value(Cursor& cursor, Field& field) {
  if (field.type == WireType::fixed32 || field.type == WireType::fixed64) {
    return read_fixed(cursor, field.type == WireType::fixed32 ? 4 : 8, field);
  }
  const auto varint = cursor.varint();
  if (!varint) {
    return std::unexpected(varint.error());
  }
  field.varint_octets = kept_width(varint->width, varint->value);
  if (field.type == WireType::varint) {
    field.value = varint->value;
    return {};
  }
  const auto octets = cursor.octets(varint->value);
  if (!octets) {
    return std::unexpected(octets.error());
  }
  field.octets = Bytes(*octets);
  return {};
}

}  // namespace

bool operator==(const Field& a, const Field& b) {
  return a.number == b.number && a.type == b.type && a.value == b.value && a.octets == b.octets &&
         a.key_octets == b.key_octets && a.varint_octets == b.varint_octets;
}

Result<std::vector<Field>> read_fields(std::string_view octets, const Limits& limits) {
  if (octets.size() > limits.max_octets) {
    return fail(Errc::too_large,
                fmt::format("a message of {} octets, {} allowed", octets.size(), limits.max_octets),
                limits.max_octets);
  }
  std::vector<Field> out;
  Cursor cursor(octets);
  while (!cursor.ended()) {
    if (out.size() == limits.max_fields) {
      return fail(Errc::too_large, fmt::format("more than {} fields", limits.max_fields),
                  cursor.at());
    }
    auto field = read_key(cursor);
    if (!field) {
      return std::unexpected(field.error());
    }
    if (auto read = read_value(cursor, *field); !read) {
      return std::unexpected(read.error());
    }
    out.push_back(std::move(*field));
  }
  return out;
}

void append_varint(Bytes& out, std::uint64_t value, std::size_t width) {
  const auto octets = std::max(width, shortest_width(value));
  for (std::size_t i = 0; i < octets; ++i) {
    const auto low = static_cast<std::uint8_t>(value & 0x7FU);
    out += static_cast<char>(i + 1 < octets ? low | kMoreFollows : low);
    value >>= 7U;
  }
}

Bytes write_fields(const std::vector<Field>& fields) {
  Bytes out;
  for (const auto& field : fields) {
    const auto key = std::uint64_t{field.number} << 3U | static_cast<unsigned>(field.type);
    append_varint(out, key, field.key_octets);
    switch (field.type) {
      case WireType::varint:
        append_varint(out, field.value, field.varint_octets);
        break;
      case WireType::fixed64:
        append_little_endian(out, field.value, 8);
        break;
      case WireType::fixed32:
        append_little_endian(out, field.value, 4);
        break;
      case WireType::octets:
        append_varint(out, field.octets.size(), field.varint_octets);
        out += field.octets;
        break;
    }
  }
  return out;
}

Field varint_field(std::uint32_t number, std::uint64_t value) {
  return {.number = number, .type = WireType::varint, .value = value, .octets = {}};
}

Field octets_field(std::uint32_t number, std::string_view octets) {
  return {.number = number, .type = WireType::octets, .octets = Bytes(octets)};
}

std::vector<Field> FieldTaker::take(std::uint32_t number, WireType type) {
  const auto wanted = [&](const Field& field) {
    return field.number == number && field.type == type;
  };
  std::vector<Field> taken;
  taken.reserve(static_cast<std::size_t>(std::ranges::count_if(fields_, wanted)));
  std::ranges::copy_if(fields_, std::back_inserter(taken), wanted);
  std::erase_if(fields_, wanted);
  return taken;
}

std::optional<std::uint64_t> FieldTaker::take_varint(std::uint32_t number) {
  const auto taken = take(number, WireType::varint);
  return taken.empty() ? std::nullopt : std::optional(taken.back().value);
}

std::optional<Bytes> FieldTaker::take_octets(std::uint32_t number) {
  const auto taken = take(number, WireType::octets);
  return taken.empty() ? std::nullopt : std::optional(taken.back().octets);
}

std::optional<Bytes> FieldTaker::take_message(std::uint32_t number) {
  const auto taken = take(number, WireType::octets);
  if (taken.empty()) {
    return std::nullopt;
  }
  Bytes merged;
  for (const auto& field : taken) {
    merged += field.octets;
  }
  return merged;
}

void FieldWriter::add_varint(std::uint32_t number, std::optional<std::uint64_t> value) {
  if (value) {
    fields_.push_back(varint_field(number, *value));
  }
}

void FieldWriter::add_octets(std::uint32_t number, const std::optional<Bytes>& octets) {
  if (octets) {
    fields_.push_back(octets_field(number, *octets));
  }
}

Bytes FieldWriter::finish(const std::vector<Field>& unknown) && {
  fields_.insert(fields_.end(), unknown.begin(), unknown.end());
  return write_fields(fields_);
}

}  // namespace parley::protobuf
