// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_query.h"

#include "harness/base/encoding.h"
#include "harness/base/text.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kUrl = "url=";

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = text[i] == '%' ? from_hex(text.substr(i + 1, 2)) : Result<Bytes>(Bytes());
    if (octet && octet->size() == 1) {
      out += *octet;
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string> urls_of(std::string_view target) {
  const auto query = target.find('?');
  std::vector<std::string> out;
  for (const auto& parameter :
       query == target.npos ? std::vector<std::string>() : split(target.substr(query + 1), '&')) {
    if (parameter.starts_with(kUrl)) {
      out.push_back(percent_decoded(std::string_view(parameter).substr(kUrl.size())));
    }
  }
  return out;
}

}  // namespace parley::reference::whatsapp
