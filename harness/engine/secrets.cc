// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/secrets.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

namespace parley::engine {
namespace {

constexpr std::size_t kShortest = 8;
constexpr std::string_view kKinds[] = {".password", ".token",        ".secret",        ".proof",
                                       ".wake",     ".upload-token", ".download-token"};
constexpr std::string_view kCut = "… (";  // how printable() ends what it has cut

// How many octets before `end` are the beginning of `secret`.
std::size_t begun(std::string_view text, std::size_t end, std::string_view secret) {
  for (auto size = std::min(secret.size() - 1, end); size >= kShortest; --size) {
    if (text.substr(end - size, size) == secret.substr(0, size)) {
      return size;
    }
  }
  return 0;
}

}  // namespace

std::set<std::string> secrets_of(const std::map<std::string, std::string>& values) {
  std::set<std::string> out;
  for (const auto& [name, value] : values) {
    if (value.size() >= kShortest &&
        std::ranges::any_of(kKinds, [&](std::string_view kind) { return name.ends_with(kind); })) {
      out.insert(value);
    }
  }
  return out;
}

bool holds_any(const std::string& text, const std::set<std::string>& secrets) {
  return std::ranges::any_of(
      secrets, [&](const std::string& secret) { return text.find(secret) != std::string::npos; });
}

std::string without_secrets(std::string text, const std::set<std::string>& secrets) {
  // One may begin another: the longest first.
  std::vector<std::string_view> longest(secrets.begin(), secrets.end());
  std::ranges::sort(longest, std::ranges::greater(), &std::string_view::size);
  for (const auto secret : longest) {
    for (auto at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + secret.size())) {
      text.replace(at, secret.size(), secret.size(), '*');
    }
    for (auto at = text.find(kCut); at != std::string::npos; at = text.find(kCut, at + 1)) {
      const auto size = begun(text, at, secret);
      text.replace(at - size, size, size, '*');
    }
  }
  return text;
}

model::Verdict without_secrets(model::Verdict verdict, const std::set<std::string>& secrets) {
  for (auto* text :
       {&verdict.reason, &verdict.sent, &verdict.expected, &verdict.came, &verdict.difference}) {
    *text = without_secrets(std::move(*text), secrets);
  }
  return verdict;
}

}  // namespace parley::engine
