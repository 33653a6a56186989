// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/text_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "harness/base/encoding.h"
#include "harness/crypto/digest.h"
#include "harness/crypto/digest_stream.h"
#include "harness/crypto/omemo/shared_file.h"
#include "harness/engine/large_body.h"

namespace parley::engine {
namespace {

using Arguments = std::vector<std::string>;

Result<std::string> repeat(const Arguments& arguments) {
  const auto count = number_of(arguments[1]);
  if (count > kMaxValueOctets / std::max<std::size_t>(1, arguments[0].size())) {
    return fail(Errc::too_large, "repeat() would make more than 8 MiB");
  }
  std::string out;
  out.reserve(count * arguments[0].size());
  for (std::size_t i = 0; i < count; ++i) {
    out += arguments[0];
  }
  return out;
}

// As often as that, each time with the next number of four digits for '#'.
Result<std::string> numbered(const Arguments& arguments) {
  constexpr std::size_t kMost = 10'000;
  const auto count = number_of(arguments[1]);
  if (count > kMost) {
    return fail(Errc::too_large, "numbered() counts to 10000 at most");
  }
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    const auto number = fmt::format("{:04}", i);
    for (const char c : arguments[0]) {
      c == '#' ? out += number : out += c;
    }
  }
  return out;
}

// Of whatever a SUT gives for a URL: judging that is for a monitor.
Result<std::string> path_of(const Arguments& arguments) {
  const auto& url = arguments[0];
  const auto scheme = url.find("://");
  const auto path = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  return path == std::string::npos ? "/" : url.substr(path, url.find('#', path) - path);
}

Result<std::string> host_of(const Arguments& arguments) {
  const auto& url = arguments[0];
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) {
    return fail(Errc::malformed, "host-of() takes a URL");
  }
  const auto begin = scheme + 3;
  return url.substr(begin, url.find('/', begin) - begin);
}

Result<std::string> part(const Arguments& arguments) {
  const auto& whole = arguments[0];
  const auto from = number_of(arguments[1]) * 2;
  const auto to = number_of(arguments[2]) * 2;
  return from > to || to > whole.size()
             ? fail(Errc::malformed, fmt::format("part() of {} octets from {} to {}",
                                                 whole.size() / 2, arguments[1], arguments[2]))
             : Result<std::string>(whole.substr(from, to - from));
}

Result<std::string> url_encoded(const Arguments& arguments) {
  constexpr std::string_view kUnreserved = "-._~";  // beside letters and digits
  std::string out;
  for (const auto& text : arguments) {
    for (const char c : text) {
      const bool plain =
          std::isalnum(static_cast<unsigned char>(c)) != 0 || kUnreserved.contains(c);
      out += plain ? std::string(1, c) : "%" + to_hex(std::string_view(&c, 1));
    }
  }
  return out;
}

// What stands at a place that somebody would try next who counts.
Result<std::string> next_of(const Arguments& arguments) {
  auto path = arguments[0];
  const auto counted = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  for (auto at = path.size(); at > 0; --at) {
    char& c = path[at - 1];
    if (!counted(c)) {
      continue;
    }
    if (c != '9' && c != 'z' && c != 'Z') {
      ++c;
      return path;
    }
    c = c == '9' ? '0' : c == 'z' ? 'a' : 'A';  // and one more in front of it
  }
  return path;
}

Result<std::string> folder_of(const Arguments& arguments) {
  return arguments[0].substr(0, arguments[0].rfind('/') + 1);
}

Result<std::string> shorter(const Arguments& arguments) {
  const auto& text = arguments[0];
  return text.substr(0, text.size() - std::min(number_of(arguments[1]), text.size()));
}

Result<std::string> upper(const Arguments& arguments) {
  std::string out = arguments[0];
  for (char& c : out) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  return out;
}

Result<std::string> in_the_clear(const Arguments& arguments) {
  constexpr std::string_view kScheme = "https:";
  return arguments[0].starts_with(kScheme)
             ? Result<std::string>("http:" + arguments[0].substr(kScheme.size()))
             : fail(Errc::malformed, "'" + arguments[0] + "' is no https URL");
}

Result<std::string> hex(const Arguments& arguments) { return to_hex(arguments[0]); }

// Of octets in hex, so often one after the other, or of a body that is too large to be held.
Result<LargeName> named(const Arguments& arguments) {
  if (is_large(arguments[0])) {
    return name_of(arguments[0]);
  }
  const auto text = repeated_text(arguments[0], arguments[1]);
  return text ? name_of(*text) : std::unexpected(text.error());
}
bool is_once(const Arguments& arguments) {
  return arguments.size() == 1 && !is_large(arguments[0]);
}

Result<std::string> digest_of(const Arguments& arguments) {
  if (is_once(arguments)) {
    const auto octets = from_hex(arguments[0]);
    return octets ? Result<std::string>(to_hex(crypto::sha256(*octets)))
                  : fail(Errc::malformed, "sha256() takes octets in hex");
  }
  const auto name = named(arguments);
  return name ? Result<std::string>(name->sha256) : std::unexpected(name.error());
}

Result<std::string> octets_in(const Arguments& arguments) {
  if (is_once(arguments)) {
    const auto octets = from_hex(arguments[0]);
    return octets ? Result<std::string>(std::to_string(octets->size()))
                  : fail(Errc::malformed, "octets-in() takes octets in hex");
  }
  const auto name = named(arguments);
  return name ? Result<std::string>(std::to_string(name->length)) : std::unexpected(name.error());
}

Result<std::string> repeated(const Arguments& arguments) {
  return repeated_text(arguments[0], arguments[1]);
}

Result<std::string> padded(const Arguments& arguments) {
  return padded_text(arguments[0], arguments[1]);
}

Result<std::string> large(const Arguments& arguments) {
  const auto name = name_of(arguments[0]);
  return name ? Result<std::string>(to_string(*name)) : std::unexpected(name.error());
}

Result<std::string> b64(const Arguments& arguments) { return to_base64(arguments[0]); }

// One bit of base64 contents wrong.
Result<std::string> flip(const Arguments& arguments) {
  auto octets = from_base64(arguments[0]);
  if (!octets || octets->empty()) {
    return fail(Errc::malformed, "flip() takes base64");
  }
  octets->back() = static_cast<char>(octets->back() ^ 1);
  return to_base64(*octets);
}

// What is uploaded of a file in hex under the anchor of an aesgcm URL.
Result<std::string> aesgcm(const Arguments& arguments) {
  const auto key = crypto::omemo::read_shared_key(arguments[0]);
  const auto file = from_hex(arguments[1]);
  if (!key || !file) {
    return std::unexpected(key ? file.error() : key.error());
  }
  const auto octets = crypto::omemo::seal_shared_file(*key, *file);
  return octets ? Result<std::string>(to_hex(*octets)) : std::unexpected(octets.error());
}

constexpr TextFunction kFunctions[] = {
    {"b64", 1, 1, b64},
    {"repeat", 2, 2, repeat},
    {"numbered", 2, 2, numbered},
    {"flip", 1, 1, flip},
    {"path-of", 1, 1, path_of},  // of a URL, with its query; "/" where it has none
    {"upper", 1, 1, upper},
    {"in-the-clear", 1, 1, in_the_clear},  // an https URL, as one of http
    {"hex", 1, 1, hex},
    {"sha256", 1, 2, digest_of},     // of octets in hex, in hex; of so many times the same
    {"octets-in", 1, 2, octets_in},  // how many those are
    {"repeated", 2, 2, repeated},    // octets in hex so often, as a body too large to be held
    {"padded", 2, 2, padded},        // the same with so many octets of zero behind it
    {"large", 1, 1, large},          // what such a body is called where it comes
    {"part", 3, 3, part},      // of octets in hex: those from one number to another, counted from 0
    {"aesgcm", 2, 2, aesgcm},  // a file in hex, encrypted under an anchor (XEP-0454), in hex
    {"url-encoded", 1, 3, url_encoded},  // RFC 3986 section 2.1; of several, as one text
    {"host-of", 1, 1, host_of},          // of a URL, with its port
    {"folder-of", 1, 1, folder_of},      // of a path: without what is behind its last slash
    {"next-of", 1, 1, next_of},  // of a path: the last digit or letter in it counted up by one
    {"shorter", 2, 2, shorter},  // without so many octets at its end
};

}  // namespace

std::span<const TextFunction> text_functions() { return kFunctions; }

std::size_t number_of(const std::string& text) {
  std::size_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

}  // namespace parley::engine
