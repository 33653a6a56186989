// SPDX-License-Identifier: GPL-3.0-or-later
// Our half of ci/peers/baileys/check. Arguments: a token file. Standard input: a stanza in the
// binary form a line, as hex. Standard output, a line each: its tree as peer.js writes trees, a
// space, the stanza that we encode from the tree alone as hex; or "error" and what was wrong.
// Exit codes: 0, or 2 for a token file that cannot be read.
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <variant>

#include "harness/wire/binary_reader.h"
#include "harness/wire/binary_writer.h"

namespace {

using namespace parley;

std::string shown(const xml::Element& element) {
  std::string out = to_hex(element.name) + "{";
  for (const auto& attribute : element.attributes) {
    out += to_hex(attribute.name) + "=" + to_hex(attribute.value) + ",";
  }
  out += "}";
  for (const auto& node : element.children) {
    if (const auto* child = std::get_if<xml::Element>(&node)) {
      out += "(" + shown(*child) + ")";
    } else {
      out += ":" + to_hex(std::get<std::string>(node));
    }
  }
  return out;
}

std::string answer(const std::string& line, const wire::Tokens& tokens) {
  const auto octets = from_hex(line);
  if (!octets) {
    return "error " + octets.error().detail;
  }
  // The peer has no limits; this many attributes make its lists long ones.
  const auto decoded =
      wire::decode(*octets, {.tokens = &tokens, .limits = {.max_attributes = 200}});
  if (!decoded) {
    return "error " + decoded.error().detail;
  }
  const auto again = wire::encode(decoded->root, {.tokens = &tokens});
  return again ? shown(decoded->root) + " " + to_hex(*again) : "error " + again.error().detail;
}

}  // namespace

int main(int argc, char** argv) {
  std::ifstream file(argc > 1 ? argv[1] : "", std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto tokens = wire::Tokens::parse(text);
  if (!file || !tokens) {
    std::cerr << "the token file cannot be read\n";
    return 2;
  }
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer(line, *tokens) << "\n";
  }
  return 0;
}
