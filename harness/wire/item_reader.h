// SPDX-License-Identifier: GPL-3.0-or-later
// Reads single values of the binary stanza form: list headers, strings, JIDs. A part of
// binary_reader.cc, which knows where the values stand. Source: observed client behaviour.
// One reader a stanza; not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/wire/binary_reader.h"

namespace parley::wire {

// A list's size, or a string, with the form it had.
struct ListHeader {
  std::size_t size;
  Form form;
};
struct Item {
  std::string text;
  Form form;
};

enum class JidsAre { refused, read };

class ItemReader {
 public:
  // Borrows all three. Offsets are positions in `body` plus one, for the flags octet.
  ItemReader(std::string_view body, const ReadOptions& options, Decoded& out);

  Result<std::uint8_t> tag() { return octet(); }
  static bool is_list(std::uint8_t tag);
  Result<ListHeader> list(std::uint8_t tag);
  Result<Item> item(std::uint8_t tag, JidsAre jids);

  std::size_t offset() const { return at_ + 1; }
  std::size_t left() const { return body_.size() - at_; }
  std::string_view rest() const { return body_.substr(at_); }

  // Where the value at hand stands; oddities are noted there.
  Place place{};
  void note(OddityKind kind, std::size_t offset);

 private:
  Result<std::uint8_t> octet();
  Result<std::uint32_t> number(int octets);
  Result<std::string_view> take(std::size_t count, std::size_t offset);
  Result<Item> token(std::uint8_t tag);
  Result<Item> literal(std::uint8_t tag);
  Result<Item> packed(std::uint8_t tag);
  Result<std::string> inner_string();
  Result<Item> jid(std::uint8_t tag);
  Result<Item> jid_pair();
  Result<Item> ad_jid();
  Result<Item> fb_jid();
  Result<Item> interop_jid();
  Result<Item> interop_tuple();
  bool next_is(std::string_view text) const;

  std::string_view body_;
  const ReadOptions& options_;
  Decoded& out_;
  std::size_t at_ = 0;
  std::size_t text_octets_ = 0;  // that all strings together have taken
};

}  // namespace parley::wire
