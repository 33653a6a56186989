// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/form.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "harness/wire/jid.h"

namespace parley::wire {
namespace {

constexpr std::string_view kNibbleCharacters = "0123456789-.";
constexpr std::string_view kHexCharacters = "0123456789ABCDEF";

bool is_packable(std::string_view text, std::string_view characters) {
  return !text.empty() && text.size() <= kMaxPackedCharacters &&
         text.find_first_not_of(characters) == std::string_view::npos;
}

FormKind interop_form(InteropJid form) {
  switch (form) {
    case InteropJid::with_server:
      return FormKind::interop_server;
    case InteropJid::without_server:
      return FormKind::interop_bare;
    case InteropJid::tuple:
      return FormKind::interop_tuple;
  }
  return FormKind::interop_server;
}

std::optional<FormKind> jid_form(std::string_view text, const WriteOptions& options) {
  const auto jid = parse_jid(text);
  if (!jid || !is_jid_server(jid->server)) {
    return std::nullopt;
  }
  if (jid->integrator) {
    return interop_form(options.interop_jid);
  }
  if (jid->server == kMessengerServer) {
    return FormKind::fb_jid;
  }
  const bool has_device = jid->device != 0 && jid->device <= UINT8_MAX;
  return has_device && domain_of_server(jid->server) ? FormKind::ad_jid : FormKind::jid_pair;
}

}  // namespace

std::string_view to_string(FormKind kind) {
  switch (kind) {
    case FormKind::list_empty:
      return "list_empty";
    case FormKind::list8:
      return "list8";
    case FormKind::list16:
      return "list16";
    case FormKind::token:
      return "token";
    case FormKind::nibble:
      return "nibble";
    case FormKind::hex:
      return "hex";
    case FormKind::literal:
      return "literal";
    case FormKind::literal20:
      return "literal20";
    case FormKind::literal32:
      return "literal32";
    case FormKind::jid_pair:
      return "jid_pair";
    case FormKind::ad_jid:
      return "ad_jid";
    case FormKind::fb_jid:
      return "fb_jid";
    case FormKind::interop_server:
      return "interop_server";
    case FormKind::interop_bare:
      return "interop_bare";
    case FormKind::interop_tuple:
      return "interop_tuple";
  }
  return "";
}

std::string describe(const Place& place, const xml::Element& root) {
  std::string out = "/" + root.name;
  const xml::Element* element = &root;
  for (const auto number : place.path) {
    const auto* child = number < element->children.size()
                            ? std::get_if<xml::Element>(&element->children[number])
                            : nullptr;
    out += child == nullptr ? "/?" : "/" + child->name;
    out += number == 0 ? "" : "[" + std::to_string(number) + "]";
    if (child == nullptr) {
      return out;
    }
    element = child;
  }
  const bool is_attribute = place.part == Part::key || place.part == Part::value;
  if (is_attribute) {
    out += "/@";
    out += place.attribute < element->attributes.size() ? element->attributes[place.attribute].name
                                                        : std::to_string(place.attribute);
  } else if (place.part == Part::content) {
    out += "/content()";
  }
  return out;
}

Form automatic_form(std::string_view text, Part part, const WriteOptions& options) {
  if (part == Part::content) {
    return {FormKind::literal};
  }
  if (options.tokens != nullptr && options.tokens->number_of(text)) {
    return {FormKind::token};
  }
  if (part == Part::value) {
    if (const auto jid = jid_form(text, options)) {
      return {*jid};
    }
  }
  if (options.packing == Packing::packed) {
    if (is_packable(text, kNibbleCharacters)) {
      return {FormKind::nibble};
    }
    if (is_packable(text, kHexCharacters)) {
      return {FormKind::hex};
    }
  }
  return {FormKind::literal};
}

FormKind automatic_list(std::size_t size) {
  return size == 0 ? FormKind::list_empty : size < 256 ? FormKind::list8 : FormKind::list16;
}

}  // namespace parley::wire
