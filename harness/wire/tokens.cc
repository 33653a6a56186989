// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <utility>

namespace parley::wire {
namespace {

constexpr std::string_view kUnassigned = "~";

// The token that a line stands for; "" for a number that is not assigned.
Result<std::string> token_of(std::string_view line, std::size_t offset) {
  if (line == kUnassigned) {
    return std::string();
  }
  if (line.starts_with('\\')) {
    line.remove_prefix(1);
    if (line.empty()) {
      return fail(Errc::malformed, "a backslash without a token", offset);
    }
  }
  if (line.size() > kMaxTokenOctets) {
    return fail(Errc::too_large, "the token is longer than 255 octets", offset);
  }
  return std::string(line);
}

}  // namespace

std::array<Tokens::Section, 5> Tokens::empty_sections() {
  std::array<Section, 5> out;
  out[0] = {.first = 1, .max_tokens = kLastSingleToken, .tokens = {}};
  for (std::size_t i = 1; i < out.size(); ++i) {
    const auto lead = static_cast<unsigned>(kFirstDictionary + i - 1);
    out[i] = {.first = static_cast<TokenNumber>(lead << 8), .max_tokens = 256, .tokens = {}};
  }
  return out;
}

Result<Tokens::Section*> Tokens::open(std::string_view header, std::size_t offset) {
  constexpr std::array<std::string_view, 5> headers = {"[single]", "[double 0]", "[double 1]",
                                                       "[double 2]", "[double 3]"};
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (header == headers[i]) {
      if (sections_[i].is_open) {
        return fail(Errc::malformed, "the section is there twice", offset);
      }
      sections_[i].is_open = true;
      return &sections_[i];
    }
  }
  return fail(Errc::malformed, "not a section: [single] or [double 0] to [double 3]", offset);
}

Result<Tokens> Tokens::parse(std::string_view text) {
  Tokens out;
  out.text_ = text;
  Section* section = nullptr;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    auto line = text.substr(begin, end - begin);
    const std::size_t offset = std::exchange(begin, end + 1);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    if (line.starts_with('[')) {
      const auto opened = out.open(line, offset);
      if (!opened) {
        return std::unexpected(opened.error());
      }
      section = *opened;
      continue;
    }
    if (section == nullptr) {
      return fail(Errc::malformed, "a token before the first section", offset);
    }
    auto token = token_of(line, offset);
    if (!token) {
      return std::unexpected(token.error());
    }
    if (section->tokens.size() == section->max_tokens) {
      return fail(Errc::too_large, "the section has more tokens than numbers", offset);
    }
    section->tokens.push_back(std::move(*token));
  }
  for (const auto& each : out.sections_) {
    for (std::size_t i = 0; i < each.tokens.size(); ++i) {
      if (!each.tokens[i].empty()) {
        out.numbers_.try_emplace(each.tokens[i], static_cast<TokenNumber>(each.first + i));
      }
    }
  }
  return out;
}

Result<Tokens> Tokens::load(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(kMaxTokenFileOctets + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad() || (text.empty() && !in.eof())) {
    return fail(Errc::io, file.string() + ": cannot be read");
  }
  if (text.size() > kMaxTokenFileOctets) {
    return fail(Errc::too_large, file.string() + ": longer than 1 MiB");
  }
  auto out = parse(text);
  if (!out) {
    const auto line = std::ranges::count(text.substr(0, out.error().offset.value_or(0)), '\n') + 1;
    out.error().detail = fmt::format("{}:{}: {}", file.string(), line, out.error().detail);
  }
  return out;
}

const std::string* Tokens::find(TokenNumber number) const {
  for (const auto& section : sections_) {
    if (number >= section.first && number - section.first < section.tokens.size()) {
      const auto& token = section.tokens[number - section.first];
      return token.empty() ? nullptr : &token;
    }
  }
  return nullptr;
}

std::optional<TokenNumber> Tokens::number_of(std::string_view token) const {
  const auto at = numbers_.find(token);
  return at == numbers_.end() ? std::nullopt : std::optional(at->second);
}

std::vector<TokenNumber> Tokens::last_unassigned(std::size_t count) const {
  constexpr unsigned kFirst = kFirstDictionary << 8;
  constexpr unsigned kLast = (kLastDictionary << 8) | 0xFF;
  std::vector<TokenNumber> out;
  for (unsigned number = kLast; number >= kFirst && out.size() < count; --number) {
    if (find(static_cast<TokenNumber>(number)) == nullptr) {
      out.push_back(static_cast<TokenNumber>(number));
    }
  }
  return out;
}

}  // namespace parley::wire
