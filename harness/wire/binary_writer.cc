// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/binary_writer.h"

#include <algorithm>
#include <utility>

#include "harness/wire/binary_reader.h"
#include "harness/wire/deflate.h"
#include "harness/wire/jid.h"

namespace parley::wire {
namespace {

using xml::Element;

constexpr std::size_t kMaxListSize = 65'535;
constexpr std::size_t kMaxPackable = 254;  // a length octet of 127, two characters each
constexpr std::uint8_t kFiller = 15;

std::optional<std::uint8_t> half_octet(FormKind kind, char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (kind == FormKind::hex) {
    return c >= 'A' && c <= 'F' ? std::optional<std::uint8_t>(c - 'A' + 10) : std::nullopt;
  }
  switch (c) {
    case '-':
      return 10;
    case '.':
      return 11;
    case '\0':
      return kFiller;
    default:
      return std::nullopt;
  }
}

class Writer {
 public:
  Writer(const Element& root, const WriteOptions& options, const Encoding& encoding)
      : root_(root), options_(options), encoding_(encoding) {}

  // The flags, the node and what trails it, not deflated.
  Result<Bytes> stanza();

 private:
  Result<void> node(const Element& element);
  Result<void> check(const Element& element) const;
  Result<void> text(std::string_view text, Part part);
  Result<void> content(const Element& element);
  Result<void> write(std::string_view text, Form form);
  Result<void> list(std::size_t size, FormKind kind);
  Result<void> token(std::string_view text, TokenNumber number);
  Result<void> packed(std::string_view text, FormKind kind);
  Result<void> literal(std::string_view text, FormKind kind);
  Result<void> jid_pair(std::string_view text);
  Result<void> ad_jid(std::string_view text);
  Result<void> fb_jid(std::string_view text);
  Result<void> interop_jid(std::string_view text, FormKind kind);
  // A string inside a JID.
  Result<void> inner(std::string_view text);

  const Form* chosen() const;
  std::unexpected<Error> refuse(Errc code, std::string_view detail) const;
  void number(std::size_t value, int octets);

  const Element& root_;
  const WriteOptions& options_;
  const Encoding& encoding_;
  Place place_{};
  Bytes out_;
};

const Form* Writer::chosen() const {
  const auto at = encoding_.forms.find(place_);
  return at == encoding_.forms.end() ? nullptr : &at->second;
}

std::unexpected<Error> Writer::refuse(Errc code, std::string_view detail) const {
  return fail(code, describe(place_, root_) + ": " + std::string(detail));
}

void Writer::number(std::size_t value, int octets) {
  for (int i = octets - 1; i >= 0; --i) {
    out_ += static_cast<char>((value >> (8 * i)) & 0xFF);
  }
}

Result<void> Writer::list(std::size_t size, FormKind kind) {
  const bool fits = kind == FormKind::list_empty ? size == 0
                    : kind == FormKind::list8    ? size <= UINT8_MAX
                                                 : size <= kMaxListSize;
  if (!fits) {
    return refuse(Errc::too_large, "the list does not fit its size field");
  }
  switch (kind) {
    case FormKind::list_empty:
      number(tag::list_empty, 1);
      return {};
    case FormKind::list8:
      number(tag::list8, 1);
      number(size, 1);
      return {};
    case FormKind::list16:
      number(tag::list16, 1);
      number(size, 2);
      return {};
    default:
      return refuse(Errc::unsupported, "a list cannot have the form of a string");
  }
}

Result<void> Writer::token(std::string_view text, TokenNumber wanted) {
  const auto own = options_.tokens == nullptr ? std::nullopt : options_.tokens->number_of(text);
  if (wanted == 0 && !own) {
    return refuse(Errc::unsupported, "the dictionary does not have this token");
  }
  const TokenNumber value = wanted == 0 ? *own : wanted;
  number(value, value <= UINT8_MAX ? 1 : 2);
  return {};
}

Result<void> Writer::packed(std::string_view text, FormKind kind) {
  if (text.size() > kMaxPackable) {
    return refuse(Errc::too_large, "the string is longer than packing can say");
  }
  const bool is_odd = text.size() % 2 != 0;
  number(kind == FormKind::hex ? tag::hex8 : tag::nibble8, 1);
  number((text.size() + 1) / 2 | (is_odd ? 0x80 : 0), 1);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = half_octet(kind, text[i]);
    const auto low = i + 1 < text.size() ? half_octet(kind, text[i + 1]) : kFiller;
    if (!high || !low) {
      return refuse(Errc::unsupported, "a character cannot be packed");
    }
    number(*high << 4 | *low, 1);
  }
  return {};
}

Result<void> Writer::literal(std::string_view text, FormKind kind) {
  const bool fits20 = text.size() >> 20 == 0;
  if (text.size() > UINT32_MAX || (kind == FormKind::literal20 && !fits20)) {
    return refuse(Errc::too_large, "the string does not fit its length field");
  }
  if (kind == FormKind::literal && text.size() <= UINT8_MAX) {
    number(tag::binary8, 1);
    number(text.size(), 1);
  } else if (kind != FormKind::literal32 && fits20) {
    number(tag::binary20, 1);
    number(text.size(), 3);
  } else {
    number(tag::binary32, 1);
    number(text.size(), 4);
  }
  out_ += text;
  return {};
}

Result<void> Writer::inner(std::string_view text) {
  if (text.empty()) {
    number(tag::list_empty, 1);
    return {};
  }
  return write(text, automatic_form(text, Part::name, options_));
}

Result<void> Writer::jid_pair(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || at + 1 == text.size()) {
    return refuse(Errc::unsupported, "a JID pair needs a server");
  }
  number(tag::jid_pair, 1);
  if (const auto user = inner(text.substr(0, at)); !user) {
    return user;
  }
  return inner(text.substr(at + 1));
}

Result<void> Writer::ad_jid(std::string_view text) {
  const auto jid = parse_jid(text, UINT8_MAX);
  const auto domain = jid ? domain_of_server(jid->server) : std::nullopt;
  if (!domain) {
    return refuse(Errc::unsupported, "no AD JID has this server");
  }
  number(tag::ad_jid, 1);
  number(*domain, 1);
  number(jid->device, 1);
  return inner(jid->user);
}

Result<void> Writer::fb_jid(std::string_view text) {
  const auto jid = parse_jid(text);
  if (!jid || jid->server != kMessengerServer) {
    return refuse(Errc::unsupported, "the server of an FB JID is msgr");
  }
  number(tag::fb_jid, 1);
  if (const auto user = inner(jid->user); !user) {
    return user;
  }
  number(jid->device, 2);
  return inner(jid->server);
}

Result<void> Writer::interop_jid(std::string_view text, FormKind kind) {
  const auto jid = parse_jid(text);
  if (!jid || !jid->integrator) {
    return refuse(Errc::unsupported, "an interop JID is <integrator>-<user>[:<device>]@interop");
  }
  const bool is_tuple = kind == FormKind::interop_tuple;
  number(is_tuple ? tag::interop_tuple : tag::interop_jid, 1);
  if (const auto user = inner(jid->user); !user) {
    return user;
  }
  number(jid->device, 2);
  number(*jid->integrator, 2);
  if (is_tuple) {
    number(0, 1);
  }
  return kind == FormKind::interop_server ? inner(kInteropServer) : Result<void>();
}

Result<void> Writer::write(std::string_view text, Form form) {
  switch (form.kind) {
    case FormKind::token:
      return token(text, form.number);
    case FormKind::nibble:
    case FormKind::hex:
      return packed(text, form.kind);
    case FormKind::literal:
    case FormKind::literal20:
    case FormKind::literal32:
      return literal(text, form.kind);
    case FormKind::jid_pair:
      return jid_pair(text);
    case FormKind::ad_jid:
      return ad_jid(text);
    case FormKind::fb_jid:
      return fb_jid(text);
    case FormKind::interop_server:
    case FormKind::interop_bare:
    case FormKind::interop_tuple:
      return interop_jid(text, form.kind);
    case FormKind::list_empty:
    case FormKind::list8:
    case FormKind::list16:
      break;
  }
  if (form.kind == FormKind::list_empty && text.empty()) {
    number(tag::list_empty, 1);
    return {};
  }
  return refuse(Errc::unsupported, "a string cannot have the form of a list");
}

Result<void> Writer::text(std::string_view text, Part part) {
  place_.part = part;
  const auto* form = chosen();
  return write(text, form != nullptr ? *form : automatic_form(text, part, options_));
}

Result<void> Writer::check(const Element& element) const {
  const bool has_namespace =
      !element.ns.empty() ||
      std::ranges::any_of(element.attributes, [](const auto& a) { return !a.ns.empty(); });
  if (has_namespace) {
    return refuse(Errc::unsupported, "the binary form has no namespaces: see plain_namespaces");
  }
  const bool has_text = std::ranges::any_of(
      element.children, [](const auto& n) { return std::holds_alternative<std::string>(n); });
  if (has_text && element.children.size() > 1) {
    return refuse(Errc::unsupported, "the binary form has no text beside elements");
  }
  if (place_.path.size() >= kDeepestStanza) {
    return refuse(Errc::too_large, "the tree is deeper than the limit");
  }
  return {};
}

Result<void> Writer::content(const Element& element) {
  place_.part = Part::content;
  const auto* form = chosen();
  const auto& children = element.children;
  if (!children.empty() && std::holds_alternative<std::string>(children[0])) {
    return text(std::get<std::string>(children[0]), Part::content);
  }
  const bool is_list = form == nullptr || form->kind == FormKind::list_empty ||
                       form->kind == FormKind::list8 || form->kind == FormKind::list16;
  if (!is_list) {
    return children.empty() ? write("", *form)
                            : refuse(Errc::unsupported, "child elements need the form of a list");
  }
  const auto kind = form != nullptr ? form->kind : automatic_list(children.size());
  if (const auto done = list(children.size(), kind); !done) {
    return done;
  }
  for (std::size_t i = 0; i < children.size(); ++i) {
    place_.path.push_back(static_cast<std::uint32_t>(i));
    if (const auto done = node(std::get<Element>(children[i])); !done) {
      return done;
    }
    place_.path.pop_back();
  }
  return {};
}

Result<void> Writer::node(const Element& element) {
  place_.part = Part::content;
  const bool has_content = !element.children.empty() || chosen() != nullptr;
  place_.part = Part::header;
  if (const auto checked = check(element); !checked) {
    return checked;
  }
  const std::size_t size = 2 * element.attributes.size() + 1 + (has_content ? 1 : 0);
  const auto* form = chosen();
  if (const auto done = list(size, form != nullptr ? form->kind : automatic_list(size)); !done) {
    return done;
  }
  if (const auto done = text(element.name, Part::name); !done) {
    return done;
  }
  for (std::size_t i = 0; i < element.attributes.size(); ++i) {
    place_.attribute = static_cast<std::uint32_t>(i);
    if (const auto done = text(element.attributes[i].name, Part::key); !done) {
      return done;
    }
    if (const auto done = text(element.attributes[i].value, Part::value); !done) {
      return done;
    }
  }
  place_.attribute = 0;
  return has_content ? content(element) : Result<void>();
}

Result<Bytes> Writer::stanza() {
  number(encoding_.flags, 1);
  if (const auto done = node(root_); !done) {
    return std::unexpected(done.error());
  }
  out_ += encoding_.trailing;
  return std::move(out_);
}

}  // namespace

Result<Bytes> encode(const Element& root, const WriteOptions& options, const Encoding& encoding) {
  auto out = Writer(root, options, encoding).stanza();
  if (out && (encoding.flags & kCompressedFlag) != 0) {
    *out = out->substr(0, 1) + deflate(std::string_view(*out).substr(1));
  }
  return out;
}

}  // namespace parley::wire
