// SPDX-License-Identifier: Apache-2.0
#include "fuzz/sdk/tree.h"

#include <expat.h>

#include <cstring>

#include "fuzz/sdk/parley_fuzz.h"

void parley_tree::open(std::string_view ns, std::string_view name) {
  settle();
  opened_ = true;
  parts_.push_back("<{" + std::string(ns) + "}" + std::string(name));
}

void parley_tree::attribute(std::string_view ns, std::string_view name, std::string_view value) {
  // An attribute twice is a difference, not the last one's doing.
  attributes_.emplace(" {" + std::string(ns) + "}" + std::string(name) + "=", value);
}

void parley_tree::text(std::string_view text) {
  if (opened_) {
    settle();
  }
  text_ += text;
}

void parley_tree::close() {
  settle();
  parts_.emplace_back(">");
}

void parley_tree::settle() {
  for (const auto& [key, value] : attributes_) {
    parts_.push_back(key + value);
  }
  attributes_.clear();
  opened_ = false;
  if (!text_.empty()) {
    parts_.push_back("\"" + text_);
    text_.clear();
  }
}

const std::vector<std::string>& parley_tree::parts() {
  settle();
  return parts_;
}

extern "C" {

void parley_tree_open(parley_tree* tree, const char* ns, const char* name) {
  tree->open(ns == nullptr ? "" : ns, name);
}

void parley_tree_attribute(parley_tree* tree, const char* ns, const char* name, const char* value,
                           std::size_t size) {
  tree->attribute(ns == nullptr ? "" : ns, name, {value, size});
}

void parley_tree_text(parley_tree* tree, const char* text, std::size_t size) {
  tree->text({text, size});
}

void parley_tree_close(parley_tree* tree) { tree->close(); }
}

namespace parley::sdk {
namespace {

constexpr char kBetween = '\x01';  // of namespace and name: no XML holds it

Reading& reading_of(void* data) { return *static_cast<Reading*>(data); }

struct Name {
  std::string_view ns;
  std::string_view name;
};

Name name_of(const char* text) {
  const std::string_view whole(text);
  const auto at = whole.rfind(kBetween);
  return at == std::string_view::npos ? Name{"", whole}
                                      : Name{whole.substr(0, at), whole.substr(at + 1)};
}

void on_open(void* data, const char* name, const char** attributes) {
  auto& tree = reading_of(data).tree;
  const auto element = name_of(name);
  tree.open(element.ns, element.name);
  for (; *attributes != nullptr; attributes += 2) {
    const auto one = name_of(attributes[0]);
    tree.attribute(one.ns, one.name, attributes[1]);
  }
}

void on_close(void* data, const char*) { reading_of(data).tree.close(); }

void on_text(void* data, const char* text, int size) {
  reading_of(data).tree.text({text, static_cast<std::size_t>(size)});
}

void on_doctype(void* data, const char*, const char*, const char*, int) {
  reading_of(data).comparable = false;
}

bool is_utf8(const char* encoding) {
  return encoding == nullptr || strcasecmp(encoding, "utf-8") == 0;
}

void on_declaration(void* data, const char*, const char* encoding, int) {
  reading_of(data).comparable = reading_of(data).comparable && is_utf8(encoding);
}

}  // namespace

Reading read_by_expat(std::string_view document) {
  Reading out;
  // Without a byte order mark it is UTF-8, unless it says otherwise; what expat would guess is not
  // judged.
  out.comparable = document.find("<!DOCTYPE") == std::string_view::npos &&
                   document.find('\0') == std::string_view::npos &&
                   !document.starts_with("\xfe\xff") && !document.starts_with("\xff\xfe");
  auto* parser = XML_ParserCreateNS("UTF-8", kBetween);
  XML_SetUserData(parser, &out);
  XML_SetElementHandler(parser, on_open, on_close);
  XML_SetCharacterDataHandler(parser, on_text);
  XML_SetStartDoctypeDeclHandler(parser, on_doctype);
  XML_SetXmlDeclHandler(parser, on_declaration);
  out.accepted = XML_Parse(parser, document.data(), static_cast<int>(document.size()), XML_TRUE) ==
                 XML_STATUS_OK;
  if (!out.accepted) {
    out.reason = XML_ErrorString(XML_GetErrorCode(parser));
  }
  XML_ParserFree(parser);
  return out;
}

}  // namespace parley::sdk
