// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/binary_reader.h"

#include <algorithm>
#include <utility>

#include "harness/base/text.h"
#include "harness/wire/deflate.h"
#include "harness/wire/item_reader.h"

namespace parley::wire {
namespace {

using xml::Element;

constexpr std::size_t kSmallestNodeOctets = 3;  // list tag, size, name

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    char32_t ignored = 0;
    const std::size_t length = utf8_sequence(text, i, ignored);
    if (length == 0) {
      return false;
    }
    i += length;
  }
  return true;
}

bool is_plain_string(FormKind kind) {
  return kind == FormKind::literal || kind == FormKind::literal20 || kind == FormKind::literal32 ||
         kind == FormKind::nibble || kind == FormKind::hex;
}

// Reads nodes; recursive, to the depth that the limits and kDeepestStanza allow.
class NodeReader {
 public:
  NodeReader(std::string_view body, const ReadOptions& options, Decoded& out)
      : options_(options), out_(out), items_(body, options, out) {}

  Result<Element> node(std::size_t depth);
  ItemReader& items() { return items_; }

 private:
  Result<std::size_t> header();
  Result<std::string> text(Part part);
  Result<void> attributes(Element& into, std::size_t count);
  Result<void> content(Element& into, std::size_t depth);
  Result<void> children(Element& into, std::size_t count, std::size_t depth);
  Result<void> count_item(std::size_t offset);
  void keep(Form form) { out_.encoding.forms.emplace(items_.place, form); }

  const ReadOptions& options_;
  Decoded& out_;
  ItemReader items_;
  std::size_t nodes_ = 0;
  std::size_t item_count_ = 0;
};

Result<void> NodeReader::count_item(std::size_t offset) {
  if (++item_count_ > options_.limits.max_items) {
    return fail(Errc::too_large, "more names, keys, values and contents than the limit", offset);
  }
  return {};
}

// The size of the node's own list.
Result<std::size_t> NodeReader::header() {
  const std::size_t begin = items_.offset();
  items_.place.part = Part::header;
  const auto tag = items_.tag();
  if (!tag) {
    return std::unexpected(tag.error());
  }
  if (!ItemReader::is_list(*tag)) {
    return fail(Errc::malformed, "tag " + std::to_string(*tag) + " does not begin a node", begin);
  }
  const auto list = items_.list(*tag);
  if (!list) {
    return std::unexpected(list.error());
  }
  if (list->size == 0) {
    return fail(Errc::malformed, "a node of size 0", begin);
  }
  if ((list->size - 1) / 2 > options_.limits.max_attributes) {
    return fail(Errc::too_large, "more attributes than the limit", begin);
  }
  if (list->size > items_.left()) {
    return fail(Errc::truncated, "the node's size is more than what is left", begin);
  }
  if (++nodes_ > options_.limits.max_nodes) {
    return fail(Errc::too_large, "more nodes than the limit", begin);
  }
  if (list->form.kind != automatic_list(list->size)) {
    keep(list->form);
  }
  return list->size;
}

// A name, key or value.
Result<std::string> NodeReader::text(Part part) {
  const std::size_t begin = items_.offset();
  items_.place.part = part;
  if (const auto counted = count_item(begin); !counted) {
    return std::unexpected(counted.error());
  }
  const auto tag = items_.tag();
  if (!tag) {
    return std::unexpected(tag.error());
  }
  auto item = items_.item(*tag, part == Part::value ? JidsAre::read : JidsAre::refused);
  if (!item) {
    return std::unexpected(item.error());
  }
  if (part != Part::value && item->text.empty()) {
    return fail(Errc::malformed, "a name is empty", begin);
  }
  if (!is_utf8(item->text)) {
    items_.note(OddityKind::not_utf8, begin);
  }
  if (is_plain_string(item->form.kind) && options_.tokens != nullptr &&
      options_.tokens->number_of(item->text)) {
    items_.note(OddityKind::literal_has_token, begin);
  }
  if (item->form != automatic_form(item->text, part, {.tokens = options_.tokens})) {
    keep(item->form);
  }
  return std::move(item->text);
}

Result<void> NodeReader::attributes(Element& into, std::size_t count) {
  into.attributes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    items_.place.attribute = static_cast<std::uint32_t>(i);
    const std::size_t begin = items_.offset();
    auto key = text(Part::key);
    if (!key) {
      return std::unexpected(key.error());
    }
    if (std::ranges::any_of(into.attributes, [&](const auto& a) { return a.name == *key; })) {
      items_.note(OddityKind::duplicate_key, begin);
    }
    auto value = text(Part::value);
    if (!value) {
      return std::unexpected(value.error());
    }
    into.attributes.push_back({"", std::move(*key), std::move(*value)});
  }
  items_.place.attribute = 0;
  return {};
}

Result<void> NodeReader::content(Element& into, std::size_t depth) {
  const std::size_t begin = items_.offset();
  items_.place.part = Part::content;
  if (const auto counted = count_item(begin); !counted) {
    return counted;
  }
  const auto tag = items_.tag();
  if (!tag) {
    return std::unexpected(tag.error());
  }
  if (ItemReader::is_list(*tag)) {
    const auto list = items_.list(*tag);
    if (!list) {
      return std::unexpected(list.error());
    }
    if (list->size == 0 || list->form.kind != automatic_list(list->size)) {
      keep(list->form);
    }
    if (list->size > options_.limits.max_children) {
      return fail(Errc::too_large, "more child nodes than the limit", begin);
    }
    return children(into, list->size, depth);
  }
  auto item = items_.item(*tag, JidsAre::read);
  if (!item) {
    return std::unexpected(item.error());
  }
  if (item->text.empty() || item->form.kind != FormKind::literal) {
    keep(item->form);
  }
  if (!item->text.empty()) {
    into.children.emplace_back(std::move(item->text));
  }
  return {};
}

Result<void> NodeReader::children(Element& into, std::size_t count, std::size_t depth) {
  if (count > items_.left() / kSmallestNodeOctets) {
    return fail(Errc::truncated, "the list's size is more than what is left", items_.offset());
  }
  into.children.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    items_.place.path.push_back(static_cast<std::uint32_t>(i));
    auto child = node(depth + 1);
    if (!child) {
      return std::unexpected(child.error());
    }
    items_.place.path.pop_back();
    into.children.emplace_back(std::move(*child));
  }
  return {};
}

Result<Element> NodeReader::node(std::size_t depth) {
  if (depth > std::min(options_.limits.max_depth, kDeepestStanza)) {
    return fail(Errc::too_large, "nodes are nested deeper than the limit", items_.offset());
  }
  const auto size = header();
  if (!size) {
    return std::unexpected(size.error());
  }
  Element out;
  auto name = text(Part::name);
  if (!name) {
    return std::unexpected(name.error());
  }
  out.name = std::move(*name);
  if (const auto read = attributes(out, (*size - 1) / 2); !read) {
    return std::unexpected(read.error());
  }
  if (*size % 2 == 0) {
    if (const auto read = content(out, depth); !read) {
      return std::unexpected(read.error());
    }
  }
  return out;
}

Result<Decoded> decode_body(std::string_view body, const ReadOptions& options, Decoded out) {
  if (body.size() > options.limits.max_octets) {
    return fail(Errc::too_large, "the stanza is longer than the limit", 0);
  }
  out.body_octets = body.size();
  NodeReader reader(body, options, out);
  auto root = reader.node(1);
  if (!root) {
    return std::unexpected(root.error());
  }
  out.root = std::move(*root);
  if (reader.items().left() != 0) {
    reader.items().place = {};
    reader.items().note(OddityKind::trailing_octets, reader.items().offset());
    out.encoding.trailing = reader.items().rest();
  }
  return out;
}

}  // namespace

std::string_view to_string(OddityKind kind) {
  switch (kind) {
    case OddityKind::compressed:
      return "compressed";
    case OddityKind::unknown_flags:
      return "unknown_flags";
    case OddityKind::trailing_octets:
      return "trailing_octets";
    case OddityKind::list_size:
      return "list_size";
    case OddityKind::literal_length:
      return "literal_length";
    case OddityKind::masked_bits:
      return "masked_bits";
    case OddityKind::literal_has_token:
      return "literal_has_token";
    case OddityKind::unknown_token:
      return "unknown_token";
    case OddityKind::packed_filler:
      return "packed_filler";
    case OddityKind::packed_inside:
      return "packed_inside";
    case OddityKind::packed_empty:
      return "packed_empty";
    case OddityKind::packed_long:
      return "packed_long";
    case OddityKind::empty_string:
      return "empty_string";
    case OddityKind::not_utf8:
      return "not_utf8";
    case OddityKind::duplicate_key:
      return "duplicate_key";
    case OddityKind::interop_server:
      return "interop_server";
    case OddityKind::interop_bare:
      return "interop_bare";
    case OddityKind::interop_tuple:
      return "interop_tuple";
  }
  return "";
}

bool Decoded::has(OddityKind kind) const {
  return std::ranges::any_of(oddities, [&](const Oddity& each) { return each.kind == kind; });
}

Result<Decoded> decode(std::string_view octets, const ReadOptions& options) {
  if (octets.empty()) {
    return fail(Errc::truncated, "a stanza without its flags octet", 0);
  }
  Decoded out;
  const auto note = [&](OddityKind kind, std::size_t offset) {
    out.oddities.push_back({.kind = kind, .offset = offset, .place = {}});
  };
  out.encoding.flags = static_cast<std::uint8_t>(octets[0]);
  if ((out.encoding.flags & ~kCompressedFlag) != 0) {
    note(OddityKind::unknown_flags, 0);
  }
  const auto body = octets.substr(1);
  if ((out.encoding.flags & kCompressedFlag) == 0) {
    return decode_body(body, options, std::move(out));
  }
  note(OddityKind::compressed, 0);
  auto inflated = inflate(body, options.limits.max_octets);
  if (!inflated) {
    auto error = std::move(inflated.error());
    error.offset = error.offset.value_or(0) + 1;
    return std::unexpected(std::move(error));
  }
  if (inflated->used != body.size()) {
    note(OddityKind::trailing_octets, 1 + inflated->used);
  }
  return decode_body(inflated->octets, options, std::move(out));
}

Result<Element> plain_namespaces(const Element& element, std::string_view around) {
  Element out{.ns = {}, .name = element.name, .attributes = {}, .children = {}};
  if (element.ns != around) {
    out.attributes.push_back({"", "xmlns", element.ns});
  }
  for (const auto& attribute : element.attributes) {
    if (!attribute.ns.empty() && attribute.ns != xml::kXmlNamespace) {
      return fail(Errc::unsupported,
                  "the binary form has no attribute of namespace " + printable(attribute.ns));
    }
    out.attributes.push_back(
        {"", (attribute.ns.empty() ? "" : "xml:") + attribute.name, attribute.value});
  }
  for (const auto& node : element.children) {
    if (const auto* text = std::get_if<std::string>(&node)) {
      out.children.emplace_back(*text);
      continue;
    }
    auto child = plain_namespaces(std::get<Element>(node), element.ns);
    if (!child) {
      return child;
    }
    out.children.emplace_back(std::move(*child));
  }
  return out;
}

}  // namespace parley::wire
