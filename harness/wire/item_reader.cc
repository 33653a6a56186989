// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/item_reader.h"

#include <algorithm>
#include <utility>

#include "harness/wire/jid.h"

namespace parley::wire {
namespace {

constexpr std::uint8_t kFiller = 15;

std::string shown_token(TokenNumber number) {
  return number <= UINT8_MAX
             ? "#" + std::to_string(number)
             : "#" + std::to_string(number >> 8) + "." + std::to_string(number & 0xFF);
}

// The character of a half octet; '\0' for the filler; nothing when it has none.
std::optional<char> unpacked(std::uint8_t tag, std::uint8_t half) {
  if (half <= 9) {
    return static_cast<char>('0' + half);
  }
  if (tag == tag::hex8) {
    return static_cast<char>('A' + half - 10);
  }
  switch (half) {
    case 10:
      return '-';
    case 11:
      return '.';
    case kFiller:
      return '\0';
    default:
      return std::nullopt;
  }
}

}  // namespace

ItemReader::ItemReader(std::string_view body, const ReadOptions& options, Decoded& out)
    : body_(body), options_(options), out_(out) {}

void ItemReader::note(OddityKind kind, std::size_t offset) {
  if (out_.oddities.size() < kMaxOddities) {
    out_.oddities.push_back({.kind = kind, .offset = offset, .place = place});
  } else {
    ++out_.oddities_beyond;
  }
}

bool ItemReader::is_list(std::uint8_t tag) {
  return tag == tag::list_empty || tag == tag::list8 || tag == tag::list16;
}

Result<std::uint8_t> ItemReader::octet() {
  if (left() == 0) {
    return fail(Errc::truncated, "the stanza ends where an octet must follow", offset());
  }
  return static_cast<std::uint8_t>(body_[at_++]);
}

Result<std::uint32_t> ItemReader::number(int octets) {
  std::uint32_t value = 0;
  for (int i = 0; i < octets; ++i) {
    const auto next = octet();
    if (!next) {
      return std::unexpected(next.error());
    }
    value = value << 8 | *next;
  }
  return value;
}

Result<std::string_view> ItemReader::take(std::size_t count, std::size_t offset) {
  if (count > left()) {
    return fail(Errc::truncated, "the claimed length is more than what is left", offset);
  }
  const auto out = body_.substr(at_, count);
  at_ += count;
  return out;
}

Result<ListHeader> ItemReader::list(std::uint8_t tag) {
  const std::size_t begin = offset() - 1;
  ListHeader out{.size = 0, .form = {FormKind::list_empty}};
  if (tag != tag::list_empty) {
    const auto size = number(tag == tag::list8 ? 1 : 2);
    if (!size) {
      return std::unexpected(size.error());
    }
    out = {.size = *size, .form = {tag == tag::list8 ? FormKind::list8 : FormKind::list16}};
  }
  if (out.form.kind != automatic_list(out.size)) {
    note(OddityKind::list_size, begin);
  }
  return out;
}

Result<Item> ItemReader::item(std::uint8_t tag, JidsAre jids) {
  const std::size_t begin = offset() - 1;
  Result<Item> out = Item{};
  if (tag == tag::list_empty) {
    note(OddityKind::empty_string, begin);
    out->form = {FormKind::list_empty};
  } else if (tag <= kLastDictionary) {
    out = token(tag);
  } else if (tag == tag::hex8 || tag == tag::nibble8) {
    out = packed(tag);
  } else if (tag >= tag::binary8) {
    out = literal(tag);
  } else if (tag == tag::list8 || tag == tag::list16 || tag < tag::interop_tuple) {
    return fail(Errc::malformed, "tag " + std::to_string(tag) + " does not begin a string", begin);
  } else if (jids == JidsAre::refused) {
    return fail(Errc::malformed, "a JID where a plain string belongs", begin);
  } else {
    out = jid(tag);
  }
  if (!out) {
    return out;
  }
  text_octets_ += out->text.size();
  if (text_octets_ > options_.limits.max_text_octets) {
    return fail(Errc::too_large, "the strings together are longer than the limit", begin);
  }
  return out;
}

Result<Item> ItemReader::token(std::uint8_t tag) {
  const std::size_t begin = offset() - 1;
  TokenNumber number = tag;
  if (tag >= kFirstDictionary) {
    const auto index = octet();
    if (!index) {
      return std::unexpected(index.error());
    }
    number = static_cast<TokenNumber>(tag << 8 | *index);
  }
  const auto* text = options_.tokens == nullptr ? nullptr : options_.tokens->find(number);
  if (text != nullptr) {
    const bool is_own = options_.tokens->number_of(*text) == number;
    return Item{*text, {FormKind::token, is_own ? TokenNumber{0} : number}};
  }
  if (options_.unknown_token == UnknownToken::refused) {
    return fail(Errc::malformed, "token " + shown_token(number) + " is not assigned", begin);
  }
  note(OddityKind::unknown_token, begin);
  return Item{shown_token(number), {FormKind::token, number}};
}

Result<Item> ItemReader::literal(std::uint8_t tag) {
  const std::size_t begin = offset() - 1;
  auto length = number(tag == tag::binary8 ? 1 : tag == tag::binary20 ? 3 : 4);
  if (!length) {
    return std::unexpected(length.error());
  }
  Form form{FormKind::literal};
  if (tag == tag::binary20) {
    if (*length >> 20 != 0) {
      note(OddityKind::masked_bits, begin);
      *length &= 0xFFFFF;
    }
    form.kind = *length < 256 ? FormKind::literal20 : FormKind::literal;
  } else if (tag == tag::binary32) {
    form.kind = *length >> 20 == 0 ? FormKind::literal32 : FormKind::literal;
  }
  if (form.kind != FormKind::literal) {
    note(OddityKind::literal_length, begin);
  }
  if (*length > options_.limits.max_string_octets && *length <= left()) {
    return fail(Errc::too_large, "the string is longer than the limit", begin);
  }
  const auto octets = take(*length, begin);
  if (!octets) {
    return std::unexpected(octets.error());
  }
  return Item{std::string(*octets), form};
}

// A length octet, whose high bit drops the last half octet, then two characters an octet.
Result<Item> ItemReader::packed(std::uint8_t tag) {
  const std::size_t begin = offset() - 1;
  const auto length = octet();
  if (!length) {
    return std::unexpected(length.error());
  }
  const bool is_odd = (*length & 0x80) != 0;
  const auto octets = take(*length & 0x7F, begin);
  if (!octets) {
    return std::unexpected(octets.error());
  }
  Item out{{}, {tag == tag::hex8 ? FormKind::hex : FormKind::nibble}};
  const std::size_t count = octets->size() * 2 - (is_odd && !octets->empty() ? 1 : 0);
  for (std::size_t i = 0; i < octets->size() * 2; ++i) {
    const auto pair = static_cast<std::uint8_t>((*octets)[i / 2]);
    const auto half = static_cast<std::uint8_t>(i % 2 == 0 ? pair >> 4 : pair & 15);
    const auto character = unpacked(tag, half);
    const std::size_t where = begin + 2 + i / 2;
    if (!character) {
      return fail(Errc::malformed, "half octet " + std::to_string(half) + " stands for nothing",
                  where);
    }
    if (i == count) {
      if (half != kFiller) {
        note(OddityKind::packed_filler, where);
      }
      break;
    }
    if (*character == '\0') {
      note(OddityKind::packed_inside, where);
    }
    out.text += *character;
  }
  if (octets->empty() || out.text.size() > kMaxPackedCharacters) {
    note(octets->empty() ? OddityKind::packed_empty : OddityKind::packed_long, begin);
  }
  return out;
}

// A string inside a JID: never another JID, so nothing nests here.
Result<std::string> ItemReader::inner_string() {
  const auto lead = octet();
  if (!lead) {
    return std::unexpected(lead.error());
  }
  if (*lead == tag::list_empty) {
    return std::string();
  }
  auto out = item(*lead, JidsAre::refused);
  if (!out) {
    return std::unexpected(out.error());
  }
  return std::move(out->text);
}

Result<Item> ItemReader::jid(std::uint8_t tag) {
  switch (tag) {
    case tag::jid_pair:
      return jid_pair();
    case tag::ad_jid:
      return ad_jid();
    case tag::fb_jid:
      return fb_jid();
    case tag::interop_jid:
      return interop_jid();
    default:
      return interop_tuple();
  }
}

Result<Item> ItemReader::jid_pair() {
  const std::size_t begin = offset() - 1;
  auto user = inner_string();
  if (!user) {
    return std::unexpected(user.error());
  }
  const auto server = inner_string();
  if (!server) {
    return std::unexpected(server.error());
  }
  // The last '@' separates: behind one at the end no server is left.
  if (server->empty() || server->ends_with('@')) {
    return fail(Errc::malformed, "a JID without a server", begin);
  }
  return Item{to_string(Jid{.user = std::move(*user), .server = *server}), {FormKind::jid_pair}};
}

Result<Item> ItemReader::ad_jid() {
  const std::size_t begin = offset() - 1;
  const auto both = number(2);
  if (!both) {
    return std::unexpected(both.error());
  }
  const auto domain = static_cast<std::uint8_t>(*both >> 8);
  const auto server = server_of_domain(domain);
  if (!server) {
    return fail(Errc::malformed, "domain " + std::to_string(domain) + " of a JID is not known",
                begin + 1);
  }
  auto user = inner_string();
  if (!user) {
    return std::unexpected(user.error());
  }
  const Jid jid{.user = std::move(*user),
                .device = static_cast<std::uint16_t>(*both & 0xFF),
                .server = std::string(*server)};
  return Item{to_string(jid), {FormKind::ad_jid}};
}

Result<Item> ItemReader::fb_jid() {
  auto user = inner_string();
  if (!user) {
    return std::unexpected(user.error());
  }
  const auto device = number(2);
  if (!device) {
    return std::unexpected(device.error());
  }
  const std::size_t begin = offset();
  const auto server = inner_string();
  if (!server) {
    return std::unexpected(server.error());
  }
  if (*server != kMessengerServer) {
    return fail(Errc::malformed, "the server of this JID must be msgr", begin);
  }
  const Jid jid{.user = std::move(*user),
                .device = static_cast<std::uint16_t>(*device),
                .server = std::string(kMessengerServer)};
  return Item{to_string(jid), {FormKind::fb_jid}};
}

// Clients disagree on whether the server string follows (tag 245).
Result<Item> ItemReader::interop_jid() {
  const std::size_t begin = offset() - 1;
  auto user = inner_string();
  if (!user) {
    return std::unexpected(user.error());
  }
  const auto both = number(4);
  if (!both) {
    return std::unexpected(both.error());
  }
  const Jid jid{.user = std::move(*user),
                .device = static_cast<std::uint16_t>(*both >> 16),
                .integrator = static_cast<std::uint16_t>(*both & 0xFFFF),
                .server = std::string(kInteropServer)};
  const auto rule = options_.interop_server;
  const bool has_server = rule == InteropServer::always ||
                          (rule == InteropServer::if_present && next_is(kInteropServer));
  if (has_server) {
    const std::size_t at = offset();
    const auto server = inner_string();
    if (!server) {
      return std::unexpected(server.error());
    }
    if (*server != kInteropServer) {
      return fail(Errc::malformed, "the server of this JID must be interop", at);
    }
  }
  note(has_server ? OddityKind::interop_server : OddityKind::interop_bare, begin);
  return Item{to_string(jid), {has_server ? FormKind::interop_server : FormKind::interop_bare}};
}

Result<Item> ItemReader::interop_tuple() {
  const std::size_t begin = offset() - 1;
  auto user = inner_string();
  if (!user) {
    return std::unexpected(user.error());
  }
  const auto both = number(4);
  if (!both) {
    return std::unexpected(both.error());
  }
  const auto domain = octet();
  if (!domain) {
    return std::unexpected(domain.error());
  }
  if (*domain != 0) {
    return fail(Errc::malformed, "the domain of this JID must be 0", offset() - 1);
  }
  note(OddityKind::interop_tuple, begin);
  const Jid jid{.user = std::move(*user),
                .device = static_cast<std::uint16_t>(*both >> 16),
                .integrator = static_cast<std::uint16_t>(*both & 0xFFFF),
                .server = std::string(kInteropServer)};
  return Item{to_string(jid), {FormKind::interop_tuple}};
}

// Whether the next string is `text`, which no packed string can be; nothing is taken or noted.
bool ItemReader::next_is(std::string_view text) const {
  ReadOptions options = options_;
  options.unknown_token = UnknownToken::refused;
  options.limits.max_string_octets = text.size();
  Decoded ignored{};
  ItemReader ahead(rest(), options, ignored);
  const auto lead = ahead.octet();
  if (!lead || *lead == tag::list_empty) {
    return false;
  }
  const auto next = ahead.item(*lead, JidsAre::refused);
  return next && next->text == text;
}

}  // namespace parley::wire
