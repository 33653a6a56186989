// SPDX-License-Identifier: GPL-3.0-or-later
// Target: pugixml as XMPP code uses it: a stanza is parsed, walked, edited and saved raw. Input: a
// document; one of an even size is read as a stanza, as UTF-8, one of an odd size with all that
// pugixml knows. Oracles: what is saved is read again and saved as the same octets; an attribute, a
// text and an element that are set are read back; what was removed is gone.
#include <cstdint>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "fuzz/oracle.h"

namespace {

constexpr int kDeepest = 200;  // what saves and searches goes down by recursion

struct TextWriter final : pugi::xml_writer {
  std::string text;
  void write(const void* data, std::size_t size) override {
    text.append(static_cast<const char*>(data), size);
  }
};

std::string saved(const pugi::xml_node& node) {
  TextWriter out;
  node.print(out, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
  return std::move(out.text);
}

struct Walker final : pugi::xml_tree_walker {
  int deepest = 0;
  std::size_t attributes = 0;
  bool for_each(pugi::xml_node& node) override {
    deepest = std::max(deepest, depth());
    for (const auto attribute : node.attributes()) {
      attributes += std::string_view(attribute.name()).empty() ? 0 : 1;
    }
    return depth() < kDeepest;
  }
};

void check_saved_again(const pugi::xml_document& document, unsigned flags) {
  const auto once = saved(document);
  pugi::xml_document again;
  if (!again.load_buffer(once.data(), once.size(), flags, pugi::encoding_utf8)) {
    return;  // what it takes leniently it may save as what it does not take
  }
  const auto twice = saved(again);
  if (twice == once) {
    return;
  }
  pugi::xml_document third;
  PARLEY_ORACLE(third.load_buffer(twice.data(), twice.size(), flags, pugi::encoding_utf8));
  PARLEY_ORACLE(saved(third) == twice);
}

void check_edits(pugi::xml_document& document) {
  auto root = document.document_element();
  if (!root) {
    return;
  }
  const auto first = root.first_child();
  auto added = root.prepend_child("body");
  added.append_child(pugi::node_pcdata).set_value("text & <text>");
  added.append_attribute("id").set_value("1");
  auto copy = root.append_copy(added);
  copy.append_move(added.first_child());
  PARLEY_ORACLE(root.last_child() == copy && std::string_view(copy.attribute("id").value()) == "1");
  PARLEY_ORACLE(root.remove_child(added));
  PARLEY_ORACLE(root.first_child() == first || !first);
  root.remove_attribute("to");
  root.append_attribute("to").set_value("b@b.example/\"'");
  const auto text = saved(root);
  pugi::xml_document again;
  if (again.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8)) {
    const auto same = again.document_element();
    PARLEY_ORACLE(std::string_view(same.attribute("to").value()) == "b@b.example/\"'" ||
                  same.attribute("to") != same.last_attribute());
  }
}

void check_search(const pugi::xml_document& document) {
  static const pugi::xpath_query kQueries[] = {
      pugi::xpath_query("//*[@to or @from]"),
      pugi::xpath_query("/*/*[namespace-uri()='jabber:client']/@*")};
  for (const auto& query : kQueries) {
    const auto found = query.evaluate_node_set(document);
    PARLEY_ORACLE(query.evaluate_boolean(document) == !found.empty());
  }
}

void check(std::string_view octets, unsigned flags, pugi::xml_encoding encoding) {
  pugi::xml_document document;
  const auto result = document.load_buffer(octets.data(), octets.size(), flags, encoding);
  PARLEY_ORACLE(result.offset >= 0);
  if (!result) {
    return;
  }
  Walker walker;
  document.traverse(walker);
  if (walker.deepest >= kDeepest) {
    return;
  }
  check_saved_again(document, flags);
  check_search(document);
  check_edits(document);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  // Half of all inputs each: both for all would halve the rate.
  if (size % 2 == 0) {
    check(octets, pugi::parse_default | pugi::parse_ws_pcdata, pugi::encoding_utf8);
  } else {
    check(octets, pugi::parse_full, pugi::encoding_auto);
  }
  return 0;
}
