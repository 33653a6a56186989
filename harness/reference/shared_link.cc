// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/shared_link.h"

#include <algorithm>
#include <utility>

#include "harness/base/text.h"
#include "harness/crypto/aes_gcm.h"

namespace parley::reference {
namespace {

constexpr std::string_view kAesgcm = "aesgcm://";
constexpr std::string_view kHttps = "https://";
constexpr std::string_view kThumbnail = "data:image/";
constexpr std::size_t kIvOctets = 12;
constexpr std::size_t kLongIvOctets = 16;  // of older clients
constexpr std::size_t kKeyOctets = 32;
constexpr std::size_t kComparedOctets = 4;  // of a tag, by a careless client
constexpr std::size_t kMostLinkOctets = 8 * 1024;
constexpr std::size_t kMostNameOctets = 120;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// What a careless client makes of an anchor that is none: digits that are no hex are zeros, what
// is missing is zeros too, what is too much is left out.
std::string mended(std::string anchor) {
  std::ranges::replace_if(anchor, [](char c) { return !is_hex(c); }, '0');
  anchor.resize(2 * (kIvOctets + kKeyOctets), '0');
  return anchor;
}

std::optional<LinkKey> read_anchor(std::string anchor, const FaultSet& faults) {
  const auto octets_of = [&] { return anchor.size() / 2; };
  const bool fits =
      anchor.size() % 2 == 0 && std::ranges::all_of(anchor, is_hex) &&
      (octets_of() == kIvOctets + kKeyOctets || (octets_of() == kLongIvOctets + kKeyOctets &&
                                                 !faults.has(Fault::tp_shared_long_iv_refused)));
  if (!fits) {
    if (!faults.has(Fault::tp_shared_anchor_mended)) {
      return std::nullopt;
    }
    anchor = mended(std::move(anchor));
  }
  const auto octets = from_hex(anchor).value_or("");
  const auto iv = octets.size() - kKeyOctets;
  return LinkKey{.iv = octets.substr(0, iv), .key = SecretBytes(octets.substr(iv))};
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

bool misleads(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x61C || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF || c == '/' ||
         c == '\\' || c == ':';
}

std::string clean(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size() && out.size() < kMostNameOctets;) {
    char32_t c = 0;
    const auto length = utf8_sequence(text, at, c);
    if (length > 0 && !misleads(c)) {
      out += text.substr(at, length);
    }
    at += std::max<std::size_t>(length, 1);
  }
  return out;
}

// No name whose end says that it is to be carried out keeps that end.
bool is_harmless(std::string_view extension) {
  constexpr std::string_view kHarmless[] = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".mp4",
                                            ".m4a", ".mp3",  ".ogg", ".pdf",  ".txt", ".bin"};
  return std::ranges::count(kHarmless, extension) > 0;
}

}  // namespace

LinkKey make_link_key(Rng& rng, KeptLinkKeys& kept, const FaultSet& faults) {
  LinkKey out{.iv = rng.octets(kIvOctets), .key = SecretBytes(rng.octets(kKeyOctets))};
  if (!kept.first) {
    kept.first = out;
  }
  if (faults.has(Fault::tp_shared_same_key)) {
    out.key = kept.first->key;
  }
  if (faults.has(Fault::tp_shared_same_iv)) {
    out.iv = kept.first->iv;
  }
  return out;
}

Result<Bytes> seal_file(const LinkKey& key, std::string_view file, const FaultSet& faults) {
  auto out = crypto::aes256_gcm_seal({.key = key.key, .nonce = key.iv, .associated = {}}, file);
  if (out && faults.has(Fault::tp_shared_tag_left_out)) {
    out->resize(file.size());
  }
  if (out && faults.has(Fault::tp_shared_tag_in_front)) {
    *out = out->substr(file.size()) + out->substr(0, file.size());
  }
  return out;
}

Result<Bytes> open_file(const LinkKey& key, std::string_view octets, const FaultSet& faults) {
  const crypto::GcmInput input{.key = key.key, .nonce = key.iv, .associated = {}};
  if (octets.empty() && faults.has(Fault::tp_shared_nothing_taken)) {
    return Bytes();
  }
  auto opened = crypto::aes256_gcm_open(input, octets);
  if (opened) {
    return opened;
  }
  // GCM's keystream does not depend on what it encrypts: what is sealed twice is clear again.
  const auto size = octets.size() - std::min(octets.size(), crypto::kGcmTagOctets);
  const auto text = octets.substr(0, size);
  const auto unproven = crypto::aes256_gcm_seal(input, text);
  if (!unproven || text.empty()) {
    return opened;
  }
  const auto clear = unproven->substr(0, size);
  const auto tag = crypto::aes256_gcm_seal(input, clear).value_or("").substr(size);
  const bool begins = tag.starts_with(octets.substr(size, kComparedOctets));
  if (faults.has(Fault::tp_shared_tag_unchecked) ||
      (begins && faults.has(Fault::tp_shared_tag_compared_shortly))) {
    return clear;
  }
  return opened;
}

std::optional<std::string> aesgcm_link(const std::string& get, const LinkKey& key,
                                       const FaultSet& faults) {
  const auto begin = get.find("://");
  const bool secure = get.starts_with(kHttps);
  if (begin == std::string::npos || (!secure && !faults.has(Fault::tp_upload_any_get))) {
    return std::nullopt;
  }
  const auto iv = to_hex(key.iv);
  const auto secret = to_hex(key.key.reveal());
  return std::string(kAesgcm) + get.substr(begin + 3) + "#" +
         (faults.has(Fault::tp_shared_key_first) ? secret + iv : iv + secret);
}

std::optional<SharedLink> read_aesgcm_link(std::string_view text, const FaultSet& faults) {
  if (text.starts_with(kHttps) && faults.has(Fault::tp_shared_https_in_sealed)) {
    const auto plain = net::parse_http_url(text);
    return plain ? std::optional(SharedLink{.place = *plain, .key = std::nullopt}) : std::nullopt;
  }
  const auto line = text.find('\n');
  auto behind = line == std::string_view::npos ? std::string_view() : text.substr(line + 1);
  if (faults.has(Fault::tp_shared_anywhere)) {
    text.remove_prefix(std::min(text.find(kAesgcm), text.size()));
    text = text.substr(0, text.find_first_of(" \n"));
    behind = {};
  } else {
    text = text.substr(0, line);
  }
  const auto anchor = text.find('#');
  const bool alone = line == std::string_view::npos || behind.empty() ||
                     (behind.starts_with(kThumbnail) && behind.find('\n') == behind.npos &&
                      !faults.has(Fault::tp_shared_thumbnail_refused));
  if (!text.starts_with(kAesgcm) || text.size() > kMostLinkOctets || anchor == text.npos ||
      !alone) {
    return std::nullopt;
  }
  auto place = net::parse_http_url(
      std::string(kHttps) + std::string(text.substr(kAesgcm.size(), anchor - kAesgcm.size())));
  auto key = read_anchor(std::string(text.substr(anchor + 1)), faults);
  if (!place || !key) {
    return std::nullopt;
  }
  if (faults.has(Fault::tp_shared_anchor_sent)) {
    place->target += std::string(text.substr(anchor));
  }
  return SharedLink{.place = std::move(*place), .key = std::move(key)};
}

std::optional<SharedLink> read_oob_link(const std::string& body, const std::string* url,
                                        const FaultSet& faults) {
  if (url == nullptr || body.size() > kMostLinkOctets ||
      (*url != body && !faults.has(Fault::tp_shared_oob_alone))) {
    return std::nullopt;
  }
  auto place = net::parse_http_url(*url);
  if (place && faults.has(Fault::tp_shared_any_scheme)) {
    place->scheme = net::HttpUrl::Scheme::https;
  }
  const bool secure = place && place->scheme == net::HttpUrl::Scheme::https;
  return secure ? std::optional(SharedLink{.place = std::move(*place), .key = std::nullopt})
                : std::nullopt;
}

std::string kept_name(const net::HttpUrl& place, const FaultSet& faults) {
  const auto path = place.target.substr(0, place.target.find('?'));
  const auto last = percent_decoded(path.substr(path.rfind('/') + 1));
  if (faults.has(Fault::tp_shared_name_as_it_is)) {
    return last;
  }
  auto name = clean(last);
  const auto first = name.find_first_not_of(". ");
  name = first == std::string::npos ? "" : name.substr(first);
  const auto dot = name.rfind('.');
  const auto extension = dot == std::string::npos ? "" : name.substr(dot);
  return (name.empty() ? "file" : name.substr(0, dot)) +
         (is_harmless(extension) ? extension : ".bin");
}

}  // namespace parley::reference
