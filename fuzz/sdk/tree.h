// SPDX-License-Identifier: Apache-2.0
// A document as a list of what came, in an order of its own: the form in which two readers are
// compared.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// The C header names it; nobody outside sees into it.
struct parley_tree {
 public:
  void open(std::string_view ns, std::string_view name);
  void attribute(std::string_view ns, std::string_view name, std::string_view value);
  void text(std::string_view text);
  void close();

  bool empty() const { return parts_.empty() && !opened_; }
  // One line a part: "<{ns}name", " {ns}name=value", "text", ">". Attributes are sorted, pieces of
  // text joined.
  const std::vector<std::string>& parts();

 private:
  void settle();

  std::vector<std::string> parts_;
  std::multimap<std::string, std::string> attributes_;
  std::string text_;
  bool opened_ = false;
};

namespace parley::sdk {

struct Reading {
  bool accepted = false;
  bool comparable = true;  // false: a DOCTYPE, or another encoding than UTF-8
  std::string reason;      // why it is refused
  parley_tree tree;
};
// What expat makes of a document, aware of namespaces.
Reading read_by_expat(std::string_view document);

}  // namespace parley::sdk
