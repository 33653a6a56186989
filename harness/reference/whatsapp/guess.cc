// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/guess.h"

#include <array>
#include <string>

#include "harness/base/encoding.h"
#include "harness/reference/whatsapp/lenient_reader.h"
#include "harness/wire/deflate.h"
#include "harness/wire/form.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::size_t kMostInflated = 64 * 1024 * 1024;
constexpr std::array<std::string_view, 5> kNames = {"iq", "message", "receipt", "chatstate",
                                                    "presence"};

// As a string with an 8-bit length.
std::string literal(std::string_view text) {
  std::string out(1, static_cast<char>(wire::tag::binary8));
  out += static_cast<char>(text.size());
  return out += text;
}

std::string octets_of(std::string_view plaintext) {
  const bool deflated =
      !plaintext.empty() && (static_cast<std::uint8_t>(plaintext[0]) & wire::kCompressedFlag) != 0;
  if (!deflated) {
    return std::string(plaintext);
  }
  const auto inflated = wire::inflate(plaintext.substr(1), kMostInflated);
  if (inflated) {
    return inflated->octets;
  }
  auto stored = inflate_carelessly(plaintext.substr(1));
  return stored.empty() ? std::string(plaintext) : stored;
}

// The plain string behind `key`, or what there is of it.
std::optional<std::string> value_behind(std::string_view octets, std::string_view key) {
  const std::string begin = literal(key) + static_cast<char>(wire::tag::binary8);
  const auto at = octets.find(begin);
  if (at == std::string_view::npos || at + begin.size() >= octets.size()) {
    return std::nullopt;
  }
  const auto length = static_cast<std::uint8_t>(octets[at + begin.size()]);
  return std::string(octets.substr(at + begin.size() + 1, length));
}

}  // namespace

std::optional<xml::Element> guess_stanza(std::string_view plaintext) {
  const std::string octets = octets_of(plaintext);
  xml::Element out;
  std::size_t first = std::string::npos;
  for (const auto name : kNames) {
    if (const auto at = octets.find(literal(name)); at < first) {
      first = at;
      out.name = std::string(name);
    }
  }
  for (const std::string key : {"id", "from", "to"}) {
    if (auto value = value_behind(octets, key)) {
      out.set(key, std::move(*value));
    }
  }
  return out.name.empty() || out.get("id").empty() ? std::nullopt : std::optional(std::move(out));
}

}  // namespace parley::reference::whatsapp
