// SPDX-License-Identifier: GPL-3.0-or-later
// Target: where a client lets others name its files (harness/reference/whatsapp/media_name.h,
// harness/reference/shared_link.h). Input: a letter, then 'm' an octet (the kind of file), the name
// that a message says and, on another line, its type; 'l' a message that may be an aesgcm link.
// Oracles: the name is one short component of visible characters that no system takes for a folder
// or a device, and another one when it is taken; a link is written as what reads the same, and its
// place is https.
#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "fuzz/oracle.h"
#include "harness/base/text.h"
#include "harness/reference/shared_link.h"
#include "harness/reference/whatsapp/media_name.h"

namespace {

using namespace parley;
using namespace parley::reference;

constexpr std::string_view kForbidden = "/\\<>:\"|?*\x7F";

// What turns or hides what is written (UAX 9 section 2), and line ends beyond ASCII.
constexpr std::array<std::string_view, 12> kUnseen{"\u061C", "\u200B", "\u200E", "\u200F",
                                                   "\u2028", "\u202A", "\u202D", "\u202E",
                                                   "\u2066", "\u2069", "\uFEFF", "\u0085"};

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    char32_t character = 0;
    const auto length = utf8_sequence(text, at, character);
    if (length == 0) {
      return false;
    }
    at += length;
  }
  return true;
}

bool is_visible(const std::string& name, std::string_view forbidden) {
  return is_utf8(name) && name.find_first_of(forbidden) == std::string::npos &&
         std::ranges::none_of(name, [](char c) { return c >= 0 && c < ' '; }) &&
         std::ranges::none_of(kUnseen, [&](auto unseen) { return name.contains(unseen); });
}

// With any extension, and spaces before that, which Windows cuts off.
bool names_device(std::string name) {
  name.resize(std::min(name.find('.'), name.size()));
  name.resize(name.find_last_not_of(' ') + 1);
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  constexpr std::array<std::string_view, 4> kNames{"CON", "PRN", "AUX", "NUL"};
  return std::ranges::count(kNames, name) > 0 ||
         (name.size() == 4 && (name.starts_with("COM") || name.starts_with("LPT")) &&
          name[3] >= '0' && name[3] <= '9');
}

void check_name(const std::string& name) {
  PARLEY_ORACLE(!name.empty() && name.size() <= whatsapp::kMostNameOctets);
  PARLEY_ORACLE(is_visible(name, kForbidden));
  PARLEY_ORACLE(name.front() != '.' && name.front() != ' ');
  PARLEY_ORACLE(name.back() != '.' && name.back() != ' ');
  PARLEY_ORACLE(!names_device(name));
}

void check_message(std::uint8_t kind, std::string_view text) {
  using whatsapp::FileKind;
  constexpr std::array kKinds{FileKind::image,  FileKind::video, FileKind::gif,
                              FileKind::voice,  FileKind::audio, FileKind::document,
                              FileKind::sticker};
  const auto end = std::min(text.rfind('\n'), text.size());
  const whatsapp::SaidOfFile said{.kind = kKinds[kind % kKinds.size()],
                                  .name = text.substr(0, end),
                                  .mimetype = text.substr(std::min(end + 1, text.size()))};
  std::set<std::string> taken;
  for (int i = 0; i < 12; ++i) {
    const auto name = whatsapp::saved_name(said, taken, {});
    check_name(name);
    PARLEY_ORACLE(taken.insert(name).second);
  }
}

void check_link(std::string_view text) {
  const auto link = read_aesgcm_link(text, {});
  if (!link) {
    return;
  }
  PARLEY_ORACLE(link->place.scheme == net::HttpUrl::Scheme::https && link->key);
  PARLEY_ORACLE(link->key->key.size() == 32);
  PARLEY_ORACLE(link->key->iv.size() == 12 || link->key->iv.size() == 16);
  const auto written = aesgcm_link(net::to_string(link->place), *link->key, {});
  const auto again = read_aesgcm_link(written.value_or(""), {});
  PARLEY_ORACLE(again && again->place == link->place && again->key->iv == link->key->iv);
  PARLEY_ORACLE(again->key->key.reveal() == link->key->key.reveal());
  const auto name = kept_name(link->place, {});
  PARLEY_ORACLE(name.size() < 140 && is_visible(name, "/\\:\x7F"));
  PARLEY_ORACLE(name.front() != '.' && name.front() != ' ');
  PARLEY_ORACLE(name.contains('.') && !name.ends_with('.'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (size > 1 && input[0] == 'm') {
    check_message(data[1], input.substr(2));
  } else if (size > 0) {
    check_link(input.substr(1));
  }
  return 0;
}
