// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/xml/tree.h"

#include <algorithm>
#include <map>
#include <utility>

namespace parley::xml {
namespace {

bool is_named(const Attribute& attribute, std::string_view name) {
  if (name.starts_with("xml:")) {
    return attribute.ns == kXmlNamespace && attribute.name == name.substr(4);
  }
  return attribute.ns.empty() && attribute.name == name;
}

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  out += ' ';
  out += name;
  out += "='";
  out += escape_attribute(value);
  out += '\'';
}

// Where an element is printed: whether a stream header around it has bound 'stream', and the
// default namespace there.
enum class Around { nothing, stream };
struct Scope {
  Around around;
  std::string_view default_ns;
};

Scope outermost(std::string_view default_ns) {
  return {.around = default_ns.empty() ? Around::nothing : Around::stream,
          .default_ns = default_ns};
}

// Elements of the streams namespace carry the header's prefix 'stream' (RFC 6120 section 4.8.5),
// those of the XML namespace 'xml': it must not be the default one (Namespaces in XML 1.0 section
// 3).
std::string_view prefix_of(const Element& element, const Scope& scope) {
  if (element.ns == kXmlNamespace) {
    return "xml:";
  }
  return scope.around == Around::stream && element.ns == kStreamsNamespace ? "stream:" : "";
}

Scope inside(const Element& element, const Scope& scope) {
  return prefix_of(element, scope).empty() ? Scope{.around = scope.around, .default_ns = element.ns}
                                           : scope;
}

std::string tag_name(const Element& element, const Scope& scope) {
  return std::string(prefix_of(element, scope)) + element.name;
}

void open_tag(std::string& out, const Element& element, const Scope& scope, bool sorted) {
  out += '<';
  out += tag_name(element, scope);
  if (element.ns != scope.default_ns && prefix_of(element, scope).empty()) {
    append_attribute(out, "xmlns", element.ns);
  }
  auto attributes = element.attributes;
  if (sorted) {
    std::ranges::sort(attributes, {}, [](const Attribute& a) { return std::pair(a.ns, a.name); });
  }
  int prefix = 0;
  for (const auto& attribute : attributes) {
    if (attribute.ns.empty()) {
      append_attribute(out, attribute.name, attribute.value);
    } else if (attribute.ns == kXmlNamespace) {
      append_attribute(out, "xml:" + attribute.name, attribute.value);
    } else {
      const std::string bound = "ns" + std::to_string(++prefix);
      append_attribute(out, "xmlns:" + bound, attribute.ns);
      append_attribute(out, bound + ":" + attribute.name, attribute.value);
    }
  }
}

void print_into(std::string& out, const Element& element, const Scope& scope) {
  open_tag(out, element, scope, false);
  if (element.children.empty()) {
    out += "/>";
    return;
  }
  out += '>';
  for (const auto& node : element.children) {
    if (const auto* inner = std::get_if<Element>(&node)) {
      print_into(out, *inner, inside(element, scope));
    } else {
      out += escape_text(std::get<std::string>(node));
    }
  }
  out += "</";
  out += tag_name(element, scope);
  out += '>';
}

void pretty_into(std::string& out, const Element& element, const Scope& scope, int depth) {
  out.append(static_cast<std::size_t>(depth) * 2, ' ');
  open_tag(out, element, scope, true);
  if (element.children.empty()) {
    out += "/>\n";
    return;
  }
  const bool only_text =
      element.children.size() == 1 && std::holds_alternative<std::string>(element.children[0]);
  out += '>';
  if (only_text) {
    out += escape_text(std::get<std::string>(element.children[0]));
  } else {
    out += '\n';
    for (const auto& node : element.children) {
      if (const auto* inner = std::get_if<Element>(&node)) {
        pretty_into(out, *inner, inside(element, scope), depth + 1);
      } else {
        out.append(static_cast<std::size_t>(depth) * 2 + 2, ' ');
        out += escape_text(std::get<std::string>(node)) + "\n";
      }
    }
    out.append(static_cast<std::size_t>(depth) * 2, ' ');
  }
  out += "</" + tag_name(element, scope) + ">\n";
}

std::string escape(std::string_view text, bool attribute) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\r':
        out += "&#13;";
        break;
      case '\'':
        out += attribute ? "&apos;" : "'";
        break;
      case '\n':
        out += attribute ? "&#10;" : "\n";
        break;
      case '\t':
        out += attribute ? "&#9;" : "\t";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

const std::string* Element::find(std::string_view attribute) const {
  const auto at =
      std::ranges::find_if(attributes, [&](const Attribute& a) { return is_named(a, attribute); });
  return at == attributes.end() ? nullptr : &at->value;
}

std::string Element::get(std::string_view attribute) const {
  const auto* value = find(attribute);
  return value == nullptr ? std::string() : *value;
}

void Element::set(std::string_view attribute, std::string value) {
  const auto at =
      std::ranges::find_if(attributes, [&](const Attribute& a) { return is_named(a, attribute); });
  if (at != attributes.end()) {
    at->value = std::move(value);
  } else if (attribute.starts_with("xml:")) {
    attributes.push_back({std::string(kXmlNamespace), std::string(attribute.substr(4)), value});
  } else {
    attributes.push_back({"", std::string(attribute), std::move(value)});
  }
}

void Element::erase(std::string_view attribute) {
  std::erase_if(attributes, [&](const Attribute& a) { return is_named(a, attribute); });
}

const Element* Element::child(std::string_view child_name, std::string_view child_ns) const {
  for (const auto& node : children) {
    const auto* element = std::get_if<Element>(&node);
    if (element != nullptr && element->name == child_name &&
        (child_ns.empty() || element->ns == child_ns)) {
      return element;
    }
  }
  return nullptr;
}

Element* Element::child(std::string_view child_name, std::string_view child_ns) {
  return const_cast<Element*>(std::as_const(*this).child(child_name, child_ns));
}

std::vector<const Element*> Element::elements() const {
  std::vector<const Element*> out;
  for (const auto& node : children) {
    if (const auto* element = std::get_if<Element>(&node)) {
      out.push_back(element);
    }
  }
  return out;
}

std::string Element::text() const {
  std::string out;
  for (const auto& node : children) {
    if (const auto* run = std::get_if<std::string>(&node)) {
      out += *run;
    }
  }
  return out;
}

void Element::set_text(std::string value) {
  std::erase_if(children,
                [](const Node& node) { return std::holds_alternative<std::string>(node); });
  if (!value.empty()) {
    children.insert(children.begin(), std::move(value));
  }
}

bool operator==(const Element& a, const Element& b) {
  const auto sorted = [](std::vector<Attribute> attributes) {
    std::ranges::sort(attributes, {}, [](const Attribute& x) { return std::pair(x.ns, x.name); });
    return attributes;
  };
  return a.ns == b.ns && a.name == b.name && sorted(a.attributes) == sorted(b.attributes) &&
         a.children == b.children;
}

std::string print(const Element& element, std::string_view default_ns) {
  std::string out;
  print_into(out, element, outermost(default_ns));
  return out;
}

std::string print_pretty(const Element& element, std::string_view default_ns) {
  std::string out;
  pretty_into(out, element, outermost(default_ns), 0);
  return out;
}

std::string escape_text(std::string_view text) { return escape(text, false); }
std::string escape_attribute(std::string_view text) { return escape(text, true); }

}  // namespace parley::xml
