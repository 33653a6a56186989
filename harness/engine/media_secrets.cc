// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/media_secrets.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

void add(const xml::Element& element, std::string& out) {
  out += element.name + '\n';
  for (const auto& attribute : element.attributes) {
    out += attribute.name + '\n' + attribute.value + '\n';
  }
  for (const auto& node : element.children) {
    if (const auto* inner = std::get_if<xml::Element>(&node)) {
      add(*inner, out);
    } else if (element.name == wire::kHttpOctets) {
      out += from_hex(std::get<std::string>(node)).value_or("") + '\n';
    } else {
      out += std::get<std::string>(node) + '\n';
    }
  }
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = text[i] == '%' && i + 2 < text.size() ? from_hex(text.substr(i + 1, 2))
                                                             : Result<Bytes>(Bytes());
    if (octet && octet->size() == 1) {
      out += *octet;
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> spellings_of(std::string_view octets) {
  const auto hex = to_hex(octets);
  auto capitals = hex;
  std::ranges::transform(hex, capitals.begin(), [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  auto base64 = to_base64(octets.substr(0, octets.size() - octets.size() % 3));
  auto url = base64;
  std::ranges::replace(url, '+', '-');
  std::ranges::replace(url, '/', '_');
  return {std::string(octets), hex, capitals, std::move(base64), std::move(url)};
}

bool holds_any_of(const std::string& text, const std::vector<std::string>& spellings) {
  return std::ranges::any_of(
      spellings, [&](const std::string& one) { return text.find(one) != std::string::npos; });
}

std::string all_text_of(const xml::Element& element) {
  std::string out;
  add(element, out);
  return out.find('%') == std::string::npos ? out : out + percent_decoded(out);
}

}  // namespace parley::engine
