// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_name.h"

#include <algorithm>
#include <array>
#include <utility>

#include "harness/base/text.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::size_t kMostExtensionOctets = 12;
constexpr std::string_view kReserved = "<>:\"|?*";  // by one file system or another

// The types that a client opens by itself, by the kind under which they may come.
struct KnownType {
  std::string_view mimetype;
  std::string_view extension;
};
constexpr std::array kKnownTypes{
    KnownType{"image/jpeg", ".jpg"},  KnownType{"image/png", ".png"},
    KnownType{"image/webp", ".webp"}, KnownType{"video/mp4", ".mp4"},
    KnownType{"audio/mp4", ".m4a"},   KnownType{"audio/mpeg", ".mp3"},
    KnownType{"audio/ogg", ".ogg"},   KnownType{"application/pdf", ".pdf"},
};

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

// UAX 9 section 2, and what is not seen at all.
bool is_direction(char32_t c) {
  return c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

// The characters of it that a name may have; octets that belong to none are left out.
std::string clean(std::string_view text, const FaultSet& faults) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    char32_t c = 0;
    const auto length = utf8_sequence(text, at, c);
    if (length == 0) {
      ++at;
      continue;
    }
    if (c < 0x80 && kReserved.contains(static_cast<char>(c))) {
      out += '_';
    } else if ((!is_control(c) || faults.has(Fault::wt_media_name_with_controls)) &&
               (!is_direction(c) || faults.has(Fault::wt_media_name_with_directions))) {
      out += text.substr(at, length);
    }
    at += length;
  }
  return out;
}

std::string_view last_component(std::string_view text, const FaultSet& faults) {
  const auto* ends = faults.has(Fault::wt_media_name_cut_at_slash) ? "/" : "/\\";
  const auto cut = text.find_last_of(ends);
  return cut == std::string_view::npos ? text : text.substr(cut + 1);
}

// No hidden file, no name of the folder's own, nothing that a system cuts off by itself.
std::string trimmed(std::string text, const FaultSet& faults) {
  if (faults.has(Fault::wt_media_name_of_dots)) {
    return text;
  }
  const auto first = text.find_first_not_of(". ");
  const auto last = text.find_last_not_of(". ");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

// Its beginning of at most so many octets, of whole characters.
std::string cut(std::string text, std::size_t most) {
  if (text.size() > most) {
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) {
      --most;
    }
    text.resize(most);
  }
  return text;
}

struct Split {
  std::string stem;
  std::string extension;  // with its dot; may be empty
};
Split split_name(const std::string& name) {
  const auto dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0 || name.size() - dot > kMostExtensionOctets) {
    return {.stem = name, .extension = ""};
  }
  return {.stem = name.substr(0, dot), .extension = name.substr(dot)};
}

// Names of devices are such with any extension, and with spaces before that.
bool is_device(std::string stem) {
  stem.resize(stem.find_last_not_of(' ') + 1);
  std::ranges::transform(stem, stem.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  static constexpr std::array<std::string_view, 4> kNames{"CON", "PRN", "AUX", "NUL"};
  const bool numbered = stem.size() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")) &&
                        stem[3] >= '0' && stem[3] <= '9';
  return numbered || std::ranges::count(kNames, stem) > 0;
}

// The sender's type counts where it is one of those that belong to the kind.
std::string_view extension_of(const SaidOfFile& said) {
  const auto type = said.mimetype.substr(0, said.mimetype.find(';'));
  const auto* known = std::ranges::find(kKnownTypes, type, &KnownType::mimetype);
  const auto family = crypto::media::to_string(keys_of(said.kind));  // "image" of "image/png"
  const bool fits =
      known != kKnownTypes.end() && (said.kind == FileKind::document || type.starts_with(family));
  return fits ? known->extension : ".bin";
}

Split base_name(const SaidOfFile& said, const FaultSet& faults) {
  auto name = trimmed(clean(last_component(said.name, faults), faults), faults);
  if (faults.has(Fault::wt_media_name_by_type)) {
    const auto slash = said.mimetype.find('/');
    const auto stem = name.empty() ? std::string(to_string(said.kind)) : split_name(name).stem;
    return {.stem = stem, .extension = "." + std::string(said.mimetype.substr(slash + 1))};
  }
  if (name.empty()) {
    return {.stem = std::string(to_string(said.kind)),
            .extension = std::string(extension_of(said))};
  }
  return split_name(name);
}

}  // namespace

std::string saved_name(const SaidOfFile& said, const std::set<std::string>& taken,
                       const FaultSet& faults) {
  if (faults.has(Fault::wt_media_name_as_it_is) && !said.name.empty()) {
    return std::string(said.name);
  }
  if (faults.has(Fault::wt_may_media_numbers_names)) {
    return "file-" + std::to_string(taken.size() + 1);
  }
  auto [stem, extension] = base_name(said, faults);
  if (is_device(stem.substr(0, stem.find('.')))) {
    stem.insert(0, "_");
  }
  for (std::size_t number = 0;; ++number) {
    const auto suffix = (number == 0 ? "" : " (" + std::to_string(number) + ")") + extension;
    const auto most = faults.has(Fault::wt_media_name_of_any_length)
                          ? stem.size()
                          : kMostNameOctets - std::min(kMostNameOctets, suffix.size());
    auto name = trimmed(cut(stem, most), faults) + suffix;
    if (!taken.contains(name) || faults.has(Fault::wt_media_name_overwrites)) {
      return name;
    }
  }
}

}  // namespace parley::reference::whatsapp
