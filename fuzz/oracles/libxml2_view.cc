// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/oracles/libxml2_view.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <memory>
#include <string>

namespace parley::fuzz {
namespace {

using xml::Element;

std::string text_of(const xmlChar* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}
std::string ns_of(const xmlNs* ns) { return ns == nullptr ? "" : text_of(ns->href); }

void add_text(Element& element, const std::string& text) {
  if (text.empty()) {
    return;
  }
  if (element.children.empty() || !std::holds_alternative<std::string>(element.children.back())) {
    element.children.emplace_back(std::string());
  }
  std::get<std::string>(element.children.back()) += text;
}

Element element_of(const xmlNode* node) {
  Element out;
  out.ns = ns_of(node->ns);
  out.name = text_of(node->name);
  for (const auto* at = node->properties; at != nullptr; at = at->next) {
    std::string value;
    for (const auto* piece = at->children; piece != nullptr; piece = piece->next) {
      value += text_of(piece->content);
    }
    out.attributes.push_back({ns_of(at->ns), text_of(at->name), std::move(value)});
  }
  for (const auto* child = node->children; child != nullptr; child = child->next) {
    if (child->type == XML_ELEMENT_NODE) {
      out.children.emplace_back(element_of(child));
    } else {
      add_text(out, text_of(child->content));
    }
  }
  return out;
}

}  // namespace

std::optional<Element> tree_by_libxml2(std::string_view document) {
  // NOENT: without it "&amp;" in a namespace name stays "&#38;" (FINDINGS.md). There is no document
  // type that could declare other entities.
  constexpr int kOptions =
      XML_PARSE_NOENT | XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_HUGE;
  const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> read(
      xmlReadMemory(document.data(), static_cast<int>(document.size()), nullptr, "UTF-8", kOptions),
      xmlFreeDoc);
  const auto* root = read ? xmlDocGetRootElement(read.get()) : nullptr;
  if (root == nullptr) {
    return std::nullopt;
  }
  return element_of(root);
}

}  // namespace parley::fuzz
