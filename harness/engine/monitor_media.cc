// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/monitor_media.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string>

#include "harness/base/text.h"
#include "harness/engine/cast.h"
#include "harness/engine/media_exchange.h"
#include "harness/engine/notice_field.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

constexpr const char* kMost = "media-retries-most";
constexpr std::size_t kMostHops = 20;  // that one try is redirected: Fetch standard, HTTP-redirect

// Controls, and marks that turn the direction of what is read (Unicode 16 section 23.2).
bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || (c >= 0x200E && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

std::string in_lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// What is opened to be carried out; as its type is called too, of which some make the end of a
// name.
bool is_active(std::string_view name) {
  constexpr std::string_view kActive[] = {"apk",
                                          "app",
                                          "bat",
                                          "cmd",
                                          "com",
                                          "desktop",
                                          "exe",
                                          "hta",
                                          "htm",
                                          "html",
                                          "jar",
                                          "javascript",
                                          "js",
                                          "lnk",
                                          "mht",
                                          "msi",
                                          "package-archive",
                                          "php",
                                          "ps1",
                                          "scr",
                                          "sh",
                                          "svg",
                                          "svg+xml",
                                          "vbs",
                                          "x-msdownload",
                                          "x-sh",
                                          "xhtml",
                                          "xml"};
  const auto dot = name.rfind('.');
  return dot != std::string_view::npos &&
         std::ranges::count(kActive, in_lower_case(name.substr(dot + 1))) > 0;
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

bool is_told_of_file(const Watched& watched, const Event& event) {
  const auto file = event.kind == Event::Kind::call && watched.about(event)
                        ? text_in(event.data, "media/file")
                        : std::nullopt;
  return file && !file->empty();
}

}  // namespace

std::string_view wrong_with_name(std::string_view name, bool document) {
  constexpr std::size_t kLongest = 255;  // octets, of a name in a folder
  if (name.empty() || name == "." || name == "..") {
    return "it names no file";
  }
  if (name.find_first_of("/\\") != std::string_view::npos) {
    return "it leads to another place";
  }
  if (name.size() > kLongest) {
    return "it is longer than a name may be";
  }
  for (std::size_t at = 0; at < name.size();) {
    char32_t c = 0;
    const auto size = utf8_sequence(name, at, c);
    if (size == 0 || is_control(c)) {
      return "it holds controls";
    }
    at += size;
  }
  return !document && is_active(name) ? "its end says that it is to be carried out" : "";
}

// MED-006
std::optional<Finding> media_sealed(const Watched& watched) {
  return noted(watched, "media-sealed");
}

// MED-007
std::optional<Finding> media_hosted(const Watched& watched) {
  return noted(watched, "media-hosted");
}

// MED-005
std::optional<Finding> media_keys_fresh(const Watched& watched) {
  return noted(watched, "media-keys-fresh");
}

// MED-010
std::optional<Finding> media_credentials(const Watched& watched) {
  return noted(watched, "media-credentials");
}

// MED-016: of each file, and of all that is uploaded: who draws a key for each upload never
// uploads the same twice.
std::optional<Finding> bounded_media(const Watched& watched) {
  const auto setting = watched.run.profile->settings.find(kMost);
  const auto text = setting == watched.run.profile->settings.end() ? "" : setting->second.value;
  std::size_t most = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), most);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  const auto files = std::ranges::count_if(
      watched.record.events, [&](const Event& event) { return is_told_of_file(watched, event); });
  const auto redirects = std::ranges::count_if(watched.sent, [](const Said& said) {
    return service_of(said.link) == kDownloadService && said.element.get("status").starts_with('3');
  });
  const auto fetches =
      most + 1 + std::min(static_cast<std::size_t>(redirects), kMostHops * (most + 1));
  const auto uploads = (most + 1) * std::max(static_cast<std::size_t>(files), std::size_t{1});
  std::map<std::string, std::size_t> asked;
  for (const auto& seen : watched.seen) {
    const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
    const auto service = service_of(seen.link);
    if (stanza == nullptr || !watched.run.serves(seen.link) || model::is_server(watched.sut) ||
        (service != kDownloadService && service != kUploadService)) {
      continue;
    }
    const auto& element = stanza->element;
    const auto allowed = service == kUploadService ? uploads : fetches;
    if (++asked[element.get("method") + " " + element.get("target")] > allowed) {
      return found("bounded-media", "a file is asked for again more often than there is reason to",
                   fmt::format("{} times, at most {}", allowed + 1, allowed));
    }
  }
  return std::nullopt;
}

// MED-012: what a user writes to a file goes out with it, or by itself before what is written next.
std::optional<Finding> captions_sent(const Watched& watched) {
  std::vector<std::string> written;  // to files
  std::size_t files = 0;             // that went out
  std::vector<std::string> seen;
  for (const auto& one : watched.seen) {
    const auto* stanza = std::get_if<xml::Stanza>(&one.item);
    const auto* enc = stanza == nullptr ? nullptr : stanza->element.child("enc");
    if (enc != nullptr && stanza->element.name == "message") {
      seen.push_back(enc->text());
      files += enc->get("media").empty() ? 0 : 1;
    }
  }
  const auto went_out = [&](const std::string& text) {
    return std::ranges::find(seen, text) != seen.end();
  };
  for (const auto& event : watched.record.events) {
    const bool sends =
        event.kind == Event::Kind::call && event.text == "send" && watched.about(event);
    const auto text = sends ? text_in(event.data, "text").value_or("") : "";
    if (text.empty()) {
      continue;
    }
    if (is_told_of_file(watched, event)) {
      written.push_back(text);
      continue;
    }
    for (const auto& caption : written) {
      if (written.size() <= files && went_out(text) && !went_out(caption)) {
        return found("captions-sent", "what a user has written to a file does not go out", caption);
      }
    }
  }
  return std::nullopt;
}

// MED-018: what is taken beyond what a message has announced, and what may lie between us and the
// SUT, it has read, whoever ends the connection then.
std::optional<Finding> bounded_downloads(const Watched& watched) {
  constexpr std::uint64_t kOnItsWay = 16 * 1024 * 1024;
  std::uint64_t announced = 0;
  for (const auto& said : watched.sent) {
    const auto* enc = said.element.child("enc");
    announced = std::max(announced, number_in(enc == nullptr ? "" : enc->get("media-length")));
  }
  for (const auto& event : watched.record.events) {
    const bool over = event.kind == Event::Kind::ended || event.kind == Event::Kind::closed ||
                      event.kind == Event::Kind::failed || event.kind == Event::Kind::gave_up;
    const bool download =
        over && event.data.is_object() && service_of(event.link) == kDownloadService;
    const auto taken = download ? event.data.value("taken", std::uint64_t{0}) : 0;
    if (taken > kOnItsWay && taken - kOnItsWay > announced) {
      return found("bounded-downloads", "a body is read on behind the file that was announced",
                   fmt::format("{} octets, of which {} were announced", taken, announced));
    }
  }
  return std::nullopt;
}

// MED-019
std::optional<Finding> media_names(const Watched& watched) {
  for (const auto& event : watched.record.events) {
    const bool shows =
        event.kind == Event::Kind::notice && event.text == "received" && watched.about(event);
    const auto name = shows ? text_in(event.data, "media/name") : std::nullopt;
    if (!name || name->empty()) {
      continue;
    }
    // Where no kind is told a file may be anything, and its name is all that says what it is.
    const bool document = text_in(event.data, "media/kind").value_or("document") == "document";
    if (const auto wrong = wrong_with_name(*name, document); !wrong.empty()) {
      return found("media-names", fmt::format("a file is kept under a name of which {}", wrong),
                   *name);
    }
  }
  return std::nullopt;
}

}  // namespace parley::engine
