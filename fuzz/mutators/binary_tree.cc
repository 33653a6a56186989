// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/binary_tree.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "fuzz/mutators/octets.h"

namespace parley::mutators {
namespace {

using namespace std::string_view_literals;  // for octets with a zero among them

constexpr std::size_t kDeepest = 24;
constexpr std::size_t kMostItems = 400;

// A string as it is written, or a list of items.
struct Item {
  std::string octets;
  std::vector<Item> items;
  bool list = false;
  std::optional<std::size_t> claimed;  // the size that is written, where it is not the right one
  bool wide = false;                   // with a size of two octets, whatever it is
};

struct Reader {
  std::string_view left;
  std::size_t budget = kMostItems;

  std::optional<std::string> take(std::size_t count) {
    if (count > left.size()) {
      return std::nullopt;
    }
    const std::string out(left.substr(0, count));
    left.remove_prefix(count);
    return out;
  }
  std::size_t number_at(std::size_t at, std::size_t width) const {
    std::size_t out = 0;
    for (std::size_t i = 0; i < width && at + i < left.size(); ++i) {
      out = (out << 8U) | static_cast<std::uint8_t>(left[at + i]);
    }
    return out;
  }

  std::optional<Item> item(std::size_t depth) {
    if (left.empty() || budget == 0) {
      return std::nullopt;
    }
    --budget;
    const auto tag = static_cast<std::uint8_t>(left[0]);
    if (tag == 248 || tag == 249) {
      return depth < kDeepest ? list(tag, depth) : std::nullopt;
    }
    const auto octets = take(is_jid(tag) ? jid_octets(tag) : string_octets(tag));
    return octets ? std::optional(Item{.octets = *octets, .items = {}, .claimed = {}})
                  : std::nullopt;
  }

 private:
  std::size_t string_octets(std::uint8_t tag) const {
    switch (tag) {
      case 236:
      case 237:
      case 238:
      case 239:
        return 2;  // a token of two octets
      case 251:
      case 255:
        return 2 + (number_at(1, 1) & 0x7FU);
      case 252:
        return 2 + number_at(1, 1);
      case 253:
        return 4 + (number_at(1, 3) & 0xFFFFFU);
      case 254:
        return 5 + number_at(1, 4);
      default:
        return 1;  // a token
    }
  }

  static bool is_jid(std::uint8_t tag) {
    return tag == 244 || tag == 245 || tag == 246 || tag == 247 || tag == 250;
  }

  // A JID and its parts are one string. Whether a server follows that of interop is not known.
  std::size_t jid_octets(std::uint8_t tag) const {
    Reader ahead{.left = left.substr(1)};
    const auto skip_string = [&] {
      const auto part = static_cast<std::uint8_t>(ahead.number_at(0, 1));
      ahead.take(ahead.string_octets(part));
    };
    if (tag == 247) {
      ahead.take(2);
    }
    skip_string();
    if (tag == 244 || tag == 245) {
      ahead.take(tag == 244 ? 5 : 4);
    } else if (tag == 246) {
      ahead.take(2);
    }
    if (tag == 246 || tag == 250) {
      skip_string();
    }
    return left.size() - ahead.left.size();
  }

  std::optional<Item> list(std::uint8_t tag, std::size_t depth) {
    const std::size_t width = tag == 248 ? 1 : 2;
    auto count = number_at(1, width);
    if (!take(1 + width)) {
      return std::nullopt;
    }
    Item out{.octets = {}, .items = {}, .list = true, .claimed = {}, .wide = width == 2};
    for (; count > 0; --count) {
      auto one = item(depth + 1);
      if (!one) {
        out.claimed = count + out.items.size();  // as it was, with what there is
        break;
      }
      out.items.push_back(std::move(*one));
    }
    return out;
  }
};

void write(std::string& out, const Item& item) {
  if (!item.list) {
    out += item.octets;
    return;
  }
  const auto size = item.claimed.value_or(item.items.size());
  if (item.wide || size > 255) {
    out += '\xF9';
    out += static_cast<char>(size >> 8U);
  } else {
    out += '\xF8';
  }
  out += static_cast<char>(size);
  for (const auto& inner : item.items) {
    write(out, inner);
  }
}

std::string literal(std::string_view text, Random& random) {
  std::string out;
  const auto width = text.size() > 255 ? std::size_t{2} : random.below(8);
  if (width == 2) {
    out = {'\xFD', static_cast<char>(text.size() >> 16U), static_cast<char>(text.size() >> 8U)};
  } else if (width == 3) {
    out = "\xFE\0\0\0"sv;
    out[3] = static_cast<char>(text.size() >> 8U);
  } else {
    out = "\xFC";
  }
  out += static_cast<char>(text.size());
  return out + std::string(text);
}

Item some_string(Random& random) {
  constexpr std::string_view kForms[] = {
      "\0"sv,    // the empty list, as a string
      "\x01"sv,  // tokens
      "\x05"sv,
      "\xEB"sv,
      "\xEC\x01"sv,
      "\xEF\xFF"sv,
      "\xFF\x02\x12\x34"sv,  // packed digits
      "\xFF\x81\x1F"sv,      // an odd number of them
      "\xFF\x00"sv,
      "\xFF\x81\x2B"sv,      // no filler
      "\xFB\x02\xAB\xCD"sv,  // packed hex
      "\xFA\x00\x03"sv,      // JIDs: a server alone, a user, a device
      "\xFA\xFF\x02\x12\x34\x03"sv,
      "\xF7\x00\x01\xFC\x01x"sv,
      "\xF6\xFC\x01x\x00\x01\xFC\x04msgr"sv,
      "\xF5\xFC\x01x\x00\x01\x00\x02\xFC\x07interop"sv,
      "\xF5\xFC\x01x\x00\x01\x00\x02"sv,
      "\xF7\x00\xFF\xFC\x01x"sv,  // with the numbers at their ends
      "\xF7\x01\x80\xFC\x01x"sv,
      "\xF6\xFC\x01x\x00\x00\xFC\x04msgr"sv,
      "\xF6\xFC\x01x\xFF\xFF\xFC\x04msgr"sv,
      "\xF5\xFC\x01x\xFF\xFF\x00\x00"sv,
      "\xF5\xFC\x01x\x00\x00\xFF\xFF\xFC\x07interop"sv,
      "\xF4\xFC\x01x\x00\x01\xFF\xFF\x00"sv,
      "\xF4\x01\x02"sv,
      "\xFD\x00\x00\x00"sv,
      "\xFD\xF0\x00\x01x"sv,  // bits that no length has
      "\xFE\xFF\xFF\xFF\xFF"sv};
  constexpr std::string_view kTexts[] = {"message"sv,
                                         "to"sv,
                                         "type"sv,
                                         "4915@s.whatsapp.net"sv,
                                         "12-bob@interop"sv,
                                         "enc"sv,
                                         "xmlns"sv,
                                         "\xFF\x00"sv,
                                         "1.5"sv,
                                         "DEADBEEF"sv,
                                         ""sv};
  // The lengths at which a form ends.
  constexpr std::size_t kLengths[] = {127, 128, 254, 255, 256, 257};
  const auto octets = random.one_in(2) ? std::string(random.pick(kForms))
                      : random.one_in(16)
                          ? literal(some_octets(random.pick(kLengths), random), random)
                          : literal(random.pick(kTexts), random);
  return {.octets = octets, .items = {}, .claimed = {}};
}

// Name, pairs of key and value, and half of the time content.
Item some_node(Random& random, std::size_t depth) {
  Item out{.octets = {}, .items = {some_string(random)}, .list = true, .claimed = {}};
  for (auto count = random.below(4); count > 0; --count) {
    out.items.push_back(some_string(random));
    out.items.push_back(some_string(random));
  }
  if (depth > 0 && random.one_in(2)) {
    Item children{.octets = {}, .items = {}, .list = true, .claimed = {}};
    for (auto count = random.small(3); count > 0; --count) {
      children.items.push_back(some_node(random, depth - 1));
    }
    out.items.push_back(std::move(children));
  } else if (random.one_in(2)) {
    out.items.push_back({.octets = literal(some_octets(random.small(20), random), random),
                         .items = {},
                         .claimed = {}});
  }
  return out;
}

// One of the lists below `root`, itself among them.
Item& list_in(Item& root, Random& random) {
  Item* at = &root;
  while (!random.one_in(3)) {
    std::vector<Item*> lists;
    for (auto& inner : at->items) {
      if (inner.list) {
        lists.push_back(&inner);
      }
    }
    if (lists.empty()) {
      break;
    }
    at = lists[random.below(lists.size())];
  }
  return *at;
}

std::ptrdiff_t index(std::size_t at) { return static_cast<std::ptrdiff_t>(at); }

void edit(Item& root, Random& random) {
  auto& list = list_in(root, random);
  auto& items = list.items;
  const auto at = random.below(items.size());
  switch (items.empty() ? 0 : random.below(10)) {
    case 0:
    case 1:
      items.insert(items.begin() + index(random.below(items.size() + 1)),
                   random.one_in(2) ? some_node(random, 2) : some_string(random));
      break;
    case 2:
      items.erase(items.begin() + index(at));
      break;
    case 3: {
      const auto copy = items[at];
      items.insert(items.begin() + index(at), copy);
      break;
    }
    case 4:
      std::swap(items[at], items[random.below(items.size())]);
      break;
    case 5:
      list.claimed = random.one_in(3) ? random.below(70'000)
                                      : items.size() + random.between(0, 3) - (at > 0 ? 1 : 0);
      break;
    case 6:
      list.wide = !list.wide;
      break;
    case 7:
      if (!items[at].list) {
        edit_octets(items[at].octets, random);
      }
      break;
    default:
      items[at] = random.one_in(3) ? some_node(random, 1) : some_string(random);
      break;
  }
}

struct Parts {
  std::string flags;
  Item root;
  std::string_view rest;
};

Parts parts_of(std::string_view input, Random& random) {
  if (input.empty()) {
    return {.flags = std::string(1, '\0'), .root = some_node(random, 3), .rest = {}};
  }
  Reader reader{.left = input.substr(1)};
  auto root = reader.item(0);
  if (!root || !root->list) {
    return {.flags = std::string(input.substr(0, 1)), .root = some_node(random, 3), .rest = {}};
  }
  return {.flags = std::string(input.substr(0, 1)), .root = std::move(*root), .rest = reader.left};
}

std::string joined(const Parts& parts, std::size_t room) {
  auto out = parts.flags;
  write(out, parts.root);
  return fitted(out + std::string(parts.rest), room);
}

}  // namespace

std::string mutate_binary_tree(std::string_view input, std::size_t room, std::uint64_t seed) {
  Random random(seed);
  // What is deflated is no tree to look into.
  const bool deflated = !input.empty() && (input[0] & 2) != 0;
  if (random.one_in(8) || (deflated && !random.one_in(4))) {
    return mutate_octets(input, room, random.next());
  }
  auto parts = parts_of(input, random);
  if (random.one_in(20)) {
    parts.flags[0] = static_cast<char>(random.next());
  }
  for (auto count = random.small(4); count > 0; --count) {
    edit(parts.root, random);
  }
  return joined(parts, room);
}

std::string cross_binary_tree(std::string_view one, std::string_view other, std::size_t room,
                              std::uint64_t seed) {
  Random random(seed);
  auto parts = parts_of(one, random);
  auto others = parts_of(other, random);
  auto& list = list_in(parts.root, random);
  const auto& taken = list_in(others.root, random);
  const auto at = random.below(list.items.size());
  if (list.items.empty() || random.one_in(2)) {
    list.items.push_back(taken);
  } else {
    list.items[at] = taken;
  }
  return joined(parts, room);
}

}  // namespace parley::mutators
