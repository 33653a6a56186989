// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/protobuf.h"

#include <algorithm>
#include <optional>

#include "fuzz/mutators/octets.h"

namespace parley::mutators {
namespace protobuf {
namespace {

constexpr std::size_t kDeepest = 12;  // messages of messengers nest eight deep
constexpr std::size_t kMostFields = 200;

std::optional<std::uint64_t> take_varint(std::string_view& text) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(text.size(), 10); ++i) {
    const auto octet = static_cast<std::uint8_t>(text[i]);
    out |= static_cast<std::uint64_t>(octet & 0x7FU) << (7 * i);
    if (octet < 0x80) {
      text.remove_prefix(i + 1);
      return out;
    }
  }
  return std::nullopt;
}

std::optional<Field> take_field(std::string_view& text) {
  const auto key = take_varint(text);
  if (!key) {
    return std::nullopt;
  }
  Field out{.number = *key >> 3U, .type = static_cast<unsigned>(*key & 7U), .octets = {}};
  std::size_t size = 0;
  switch (out.type) {
    case 0: {
      const auto value = take_varint(text);
      out.value = value.value_or(0);
      return value ? std::optional(out) : std::nullopt;
    }
    case 1:
      size = 8;
      break;
    case 5:
      size = 4;
      break;
    case 2: {
      const auto length = take_varint(text);
      if (!length) {
        return std::nullopt;
      }
      size = static_cast<std::size_t>(*length);
      break;
    }
    default:
      return std::nullopt;
  }
  if (size > text.size()) {
    return std::nullopt;
  }
  out.octets = text.substr(0, size);
  text.remove_prefix(size);
  return out;
}

std::uint64_t some_number(Random& random) {
  constexpr std::uint64_t kEnds[] = {0,
                                     1,
                                     2,
                                     127,
                                     128,
                                     255,
                                     256,
                                     0x7FFFFFFF,
                                     0x80000000,
                                     0xFFFFFFFF,
                                     0x100000000,
                                     0x7FFFFFFFFFFFFFFF,
                                     0x8000000000000000,
                                     0xFFFFFFFFFFFFFFFF};
  return random.one_in(2) ? random.pick(kEnds) : random.next() >> random.below(64);
}

Field some_field(Random& random) {
  constexpr unsigned kTypes[] = {0, 2, 0, 2, 1, 5, 3, 4, 6, 7};
  Field out{.number = random.one_in(8)   ? some_number(random) >> 3U
                      : random.one_in(3) ? random.between(1, 64)
                                         : random.small(40),
            .type = random.pick(kTypes),
            .octets = {}};
  out.value = some_number(random);
  const std::size_t size = out.type == 1 ? 8 : out.type == 5 ? 4 : random.small(40);
  out.octets = out.type == 2 && random.one_in(4) ? "" : some_octets(size, random);
  return out;
}

// Of what may be a message within; false: none was found.
bool edit_inside(std::vector<Field>& fields, Random& random, std::size_t depth) {
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    auto& field = fields[random.below(fields.size())];
    std::string_view rest;
    auto inner = fields_of(field.octets, rest);
    if (field.type == 2 && rest.empty() && !inner.empty()) {
      edit(inner, random, depth + 1);
      field.octets = written(inner);
      return true;
    }
  }
  return false;
}

void edit_value(Field& field, Random& random) {
  if (field.type == 0) {
    field.value = random.one_in(2) ? some_number(random) : field.value + random.between(0, 4) - 2;
  } else if (field.type == 2 && random.one_in(5)) {
    field.octets.clear();
  } else {
    edit_octets(field.octets, random);
  }
}

void edit_form(Field& field, Random& random) {
  switch (random.below(4)) {
    case 0:
      field.padding = random.between(1, 10);
      break;
    case 1:
      field.claimed = random.one_in(2) ? static_cast<std::size_t>(some_number(random))
                                       : field.octets.size() + random.between(1, 3);
      break;
    case 2:
      field.type = static_cast<unsigned>(random.below(8));
      break;
    default:
      field.number = random.one_in(3) ? some_number(random) >> 3U : random.below(50);
      break;
  }
}

}  // namespace

std::vector<Field> fields_of(std::string_view octets, std::string_view& rest) {
  std::vector<Field> out;
  rest = octets;
  while (!rest.empty() && out.size() < kMostFields) {
    auto left = rest;
    auto field = take_field(left);
    if (!field) {
      break;
    }
    rest = left;
    out.push_back(std::move(*field));
  }
  return out;
}

void append_varint(std::string& out, std::uint64_t value, std::size_t padding) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80U);
    value >>= 7U;
  }
  if (padding == 0) {
    out += static_cast<char>(value);
    return;
  }
  out += static_cast<char>(value | 0x80U);
  out.append(padding - 1, '\x80');
  out += '\0';
}

std::string written(const std::vector<Field>& fields) {
  std::string out;
  for (const auto& field : fields) {
    append_varint(out, (field.number << 3U) | field.type);
    if (field.type == 0) {
      append_varint(out, field.value, field.padding);
    } else if (field.type == 2) {
      append_varint(out, field.claimed > 0 ? field.claimed : field.octets.size(), field.padding);
      out += field.octets;
    } else if (field.type == 1 || field.type == 5) {
      out += field.octets;
    }
  }
  return out;
}

void edit(std::vector<Field>& fields, Random& random, std::size_t depth) {
  // Two of three edits go one deeper where they can.
  if (!fields.empty() && depth < kDeepest && !random.one_in(3) &&
      edit_inside(fields, random, depth)) {
    return;
  }
  const auto kind = fields.empty() ? 0 : random.below(12);
  const auto at = random.below(fields.size());
  switch (kind) {
    case 0:
      fields.insert(fields.begin() + static_cast<std::ptrdiff_t>(random.below(fields.size() + 1)),
                    some_field(random));
      break;
    case 1:
      fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 2: {
      const auto copy = fields[at];
      fields.insert(fields.begin() + static_cast<std::ptrdiff_t>(random.below(fields.size() + 1)),
                    copy);
      break;
    }
    case 3:
      std::swap(fields[at], fields[random.below(fields.size())]);
      break;
    case 4:
    case 5:
      edit_form(fields[at], random);
      break;
    case 6:
      // One message within another, as deep as the room allows.
      fields[at].type = 2;
      fields[at].octets = written(fields);
      break;
    default:
      edit_value(fields[at], random);
      break;
  }
}

}  // namespace protobuf

std::string mutate_protobuf(std::string_view input, std::size_t room, std::uint64_t seed) {
  Random random(seed);
  if (random.one_in(8)) {
    return mutate_octets(input, room, random.next());
  }
  std::string_view rest;
  auto fields = protobuf::fields_of(input, rest);
  for (auto count = random.small(4); count > 0; --count) {
    protobuf::edit(fields, random);
  }
  auto out = protobuf::written(fields);
  return fitted(random.one_in(8) ? out : out + std::string(rest), room);
}

std::string cross_protobuf(std::string_view one, std::string_view other, std::size_t room,
                           std::uint64_t seed) {
  Random random(seed);
  std::string_view rest;
  std::string_view ignored;
  auto fields = protobuf::fields_of(one, rest);
  for (auto& field : protobuf::fields_of(other, ignored)) {
    const auto same = std::ranges::find(fields, field.number, &protobuf::Field::number);
    if (random.one_in(2)) {
      continue;
    }
    if (same != fields.end() && random.one_in(2)) {
      *same = std::move(field);
    } else {
      fields.push_back(std::move(field));
    }
  }
  return fitted(protobuf::written(fields) + std::string(rest), room);
}

}  // namespace parley::mutators
