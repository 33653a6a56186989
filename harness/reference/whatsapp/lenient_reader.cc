// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/lenient_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "harness/wire/form.h"
#include "harness/wire/jid.h"

namespace parley::reference::whatsapp {
namespace {

namespace tag = wire::tag;

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxAttributes = 64;

bool begins_jid(std::size_t lead) {
  return (lead >= tag::interop_tuple && lead <= tag::ad_jid) || lead == tag::jid_pair;
}

class Reader {
 public:
  Reader(std::string_view body, const Leniency& leniency) : rest_(body), leniency_(leniency) {}

  Result<void> node(xml::Element& into, std::size_t depth);
  bool at_end() const { return rest_.empty(); }

 private:
  Result<std::size_t> number(std::size_t octets);
  Result<std::string> take(std::size_t count);
  Result<std::string> text(bool jids);
  Result<std::string> packed(bool is_hex);
  Result<std::string> jid(std::size_t lead);
  Result<std::string> jid_elsewhere(std::size_t lead);
  Result<void> name(std::string& into);
  Result<void> attributes(xml::Element& into, std::size_t count);
  Result<void> content(xml::Element& into, std::size_t depth);
  // Whether the end came too early and that is forgiven.
  bool ends_here(const Error& error) const {
    return leniency_.partial && error.code == Errc::truncated;
  }

  std::string_view rest_;
  const Leniency& leniency_;
};

Result<std::size_t> Reader::number(std::size_t octets) {
  if (octets > rest_.size()) {
    return fail(Errc::truncated, "the stanza ends inside a number");
  }
  std::size_t value = 0;
  for (std::size_t i = 0; i < octets; ++i) {
    value = value << 8 | static_cast<std::uint8_t>(rest_[i]);
  }
  rest_.remove_prefix(octets);
  return value;
}

Result<std::string> Reader::take(std::size_t count) {
  if (count > rest_.size() && !leniency_.length_beyond && !leniency_.partial) {
    return fail(Errc::truncated, "the claimed length is more than what is left");
  }
  std::string out(rest_.substr(0, count));
  rest_.remove_prefix(out.size());
  return out;
}

Result<std::string> Reader::packed(bool is_hex) {
  const auto length = number(1);
  if (!length) {
    return std::unexpected(length.error());
  }
  const auto octets = take(*length & 0x7F);
  if (!octets) {
    return octets;
  }
  std::string out;
  for (const char c : *octets) {
    for (const int shift : {4, 0}) {
      const auto half = (static_cast<std::uint8_t>(c) >> shift) & 15U;
      if (!is_hex && half > 11 && half < 15 && !leniency_.bad_nibble) {
        return fail(Errc::malformed, "a half octet that stands for nothing");
      }
      out += is_hex ? "0123456789ABCDEF"[half] : "0123456789-.000"[std::min(half, 14U)];
    }
  }
  if ((*length & 0x80) != 0 && !out.empty()) {
    out.pop_back();
  }
  return out;
}

// A JID whose server is an octet, or is told by its tag: whatever that says.
Result<std::string> Reader::jid_elsewhere(std::size_t lead) {
  const auto domain = number(lead == tag::ad_jid ? 2 : 0);
  auto user = text(false);
  const auto rest = number(lead == tag::interop_tuple ? 5 : lead == tag::fb_jid ? 2 : 0);
  if (!domain || !user || !rest) {
    return fail(Errc::truncated, "the stanza ends inside a JID");
  }
  if (lead == tag::fb_jid) {
    const auto server = text(false);
    return server ? Result<std::string>(*user + "@" + *server) : server;
  }
  return *user + "@?";
}

Result<std::string> Reader::jid(std::size_t lead) {
  if (lead != tag::jid_pair && lead != tag::interop_jid) {
    return leniency_.other_server ? jid_elsewhere(lead)
                                  : fail(Errc::malformed, "a JID that is not read here");
  }
  wire::Jid out;
  auto user = text(false);
  if (!user) {
    return user;
  }
  out.user = std::move(*user);
  if (lead == tag::jid_pair) {
    auto server = text(false);
    return server ? Result<std::string>(out.user + "@" + *server) : server;
  }
  const auto device = number(2);
  const auto integrator = number(2);
  const auto server = text(false);
  if (!device || !integrator || !server) {
    return fail(Errc::truncated, "the stanza ends inside a JID");
  }
  if (*server != wire::kInteropServer && !leniency_.other_server) {
    return fail(Errc::malformed, "the server of this JID must be interop");
  }
  out.device = static_cast<std::uint16_t>(*device);
  out.integrator = static_cast<std::uint16_t>(*integrator);
  out.server = std::string(wire::kInteropServer);
  return wire::to_string(out);
}

Result<std::string> Reader::text(bool jids) {
  const auto lead = number(1);
  if (!lead) {
    return std::unexpected(lead.error());
  }
  switch (*lead) {
    case tag::list_empty:
      return std::string();
    case tag::hex8:
    case tag::nibble8:
      return packed(*lead == tag::hex8);
    case tag::binary8:
    case tag::binary20:
    case tag::binary32: {
      const auto length = number(*lead == tag::binary8 ? 1 : *lead == tag::binary20 ? 3 : 4);
      if (!length) {
        return std::unexpected(length.error());
      }
      return take(*lead == tag::binary20 ? *length & 0xFFFFF : *length);
    }
    default:
      if (leniency_.unknown_tag && !begins_jid(*lead)) {
        return std::string("?");
      }
      return jids ? jid(*lead) : fail(Errc::malformed, "no string begins here");
  }
}

Result<void> Reader::name(std::string& into) {
  auto read = text(false);
  if (!read) {
    return std::unexpected(read.error());
  }
  if (read->empty() && !leniency_.empty_tag) {
    return fail(Errc::malformed, "a name is empty");
  }
  into = std::move(*read);
  return {};
}

Result<void> Reader::attributes(xml::Element& into, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    std::string key;
    if (const auto read = name(key); !read) {
      return read;
    }
    auto value = text(true);
    if (!value) {
      return std::unexpected(value.error());
    }
    into.attributes.push_back({"", std::move(key), std::move(*value)});
  }
  return {};
}

Result<void> Reader::content(xml::Element& into, std::size_t depth) {
  if (rest_.empty() && leniency_.missing_content) {
    return {};
  }
  const auto lead = rest_.empty() ? 0U : static_cast<std::uint8_t>(rest_.front());
  if (lead != tag::list8 && lead != tag::list16) {
    auto read = text(true);
    if (read && !read->empty()) {
      into.children.emplace_back(std::move(*read));
    }
    return read ? Result<void>() : std::unexpected(read.error());
  }
  rest_.remove_prefix(1);
  const auto count = number(lead == tag::list8 ? 1 : 2);
  if (!count) {
    return std::unexpected(count.error());
  }
  for (std::size_t i = 0; i < *count; ++i) {
    xml::Element child;
    const auto read = node(child, depth + 1);
    if (!read && !ends_here(read.error())) {
      return read;
    }
    if (!child.name.empty() || !child.attributes.empty()) {
      into.children.emplace_back(std::move(child));
    }
    if (!read) {
      return read;
    }
  }
  return {};
}

Result<void> Reader::node(xml::Element& into, std::size_t depth) {
  const auto whole = rest_;
  const auto lead = number(1);
  if (!lead) {
    return std::unexpected(lead.error());
  }
  if (*lead != tag::list_empty && *lead != tag::list8 && *lead != tag::list16) {
    rest_ = whole;
    return leniency_.unknown_tag ? name(into.name) : fail(Errc::malformed, "no node begins here");
  }
  const auto size = number(*lead == tag::list_empty ? 0 : *lead == tag::list8 ? 1 : 2);
  if (!size) {
    return std::unexpected(size.error());
  }
  if (*size == 0) {
    return leniency_.size_zero ? Result<void>() : fail(Errc::malformed, "a node of size 0");
  }
  if ((*size - 1) / 2 > kMaxAttributes || depth > kMaxDepth) {
    return fail(Errc::too_large, "more attributes or deeper than the limit");
  }
  if (const auto read = name(into.name); !read) {
    return read;
  }
  if (const auto read = attributes(into, (*size - 1) / 2); !read) {
    return read;
  }
  return *size % 2 == 0 ? content(into, depth) : Result<void>();
}

}  // namespace

bool Leniency::any() const {
  return size_zero || empty_tag || missing_content || length_beyond || bad_nibble || unknown_tag ||
         other_server || partial;
}

Result<xml::Element> read_leniently(std::string_view body, const Leniency& leniency) {
  Reader reader(body, leniency);
  xml::Element out;
  const auto read = reader.node(out, 1);
  if (!read && !(leniency.partial && read.error().code == Errc::truncated && !out.name.empty())) {
    return std::unexpected(read.error());
  }
  if (!reader.at_end()) {
    return fail(Errc::malformed, "octets after the stanza");
  }
  return out;
}

std::string inflate_carelessly(std::string_view octets) {
  constexpr std::size_t kHeaderOctets = 2;
  constexpr std::size_t kBlockOctets = 5;  // its kind, its length twice
  std::string out;
  octets.remove_prefix(std::min(kHeaderOctets, octets.size()));
  while (octets.size() >= kBlockOctets && static_cast<std::uint8_t>(octets[0]) <= 1) {
    const bool is_last = octets[0] == 1;
    const std::size_t length =
        static_cast<std::uint8_t>(octets[1]) | static_cast<std::uint8_t>(octets[2]) << 8;
    octets.remove_prefix(kBlockOctets);
    out += octets.substr(0, length);
    octets.remove_prefix(std::min(length, octets.size()));
    if (is_last) {
      break;
    }
  }
  return out;
}

}  // namespace parley::reference::whatsapp
