// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/service_monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "harness/engine/cast.h"
#include "harness/engine/form.h"
#include "harness/model/setting.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

// What asks for a third party's keys, and for where they are.
constexpr std::array kAsksForKeys{"jwks-get", "discovery-get"};
// What OpenSSL calls a first octet that begins an HTTP request instead of a handshake.
constexpr const char* kInTheClear = "http request";
constexpr std::string_view kMediaService = "media";
constexpr const char* kMost = "jwks-refreshes-most";

// Nothing where the profile does not say.
std::optional<std::size_t> most_of(const model::Profile& profile) {
  const auto setting = profile.settings.find(kMost);
  std::size_t out = 0;
  if (setting == profile.settings.end()) {
    return std::nullopt;
  }
  const auto& text = setting->second.value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(out)
                                                                  : std::nullopt;
}

// How often the SUT sends what is of that form.
std::size_t asked(const Watched& watched, const char* name) {
  const auto& profile = *watched.run.profile;
  const auto form = profile.forms.find(name);
  const auto served = [&](const Seen& seen) { return watched.run.serves(seen.link); };
  if (form == profile.forms.end() || std::ranges::none_of(watched.seen, served)) {
    return 0;
  }
  Scope scope;
  scope.values = watched.record.values;  // the path of a discovery document is of its issuer
  model::add_settings(scope.values, profile);
  const auto asks = [&](const Seen& seen) {
    const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
    return stanza != nullptr && served(seen) &&
           !match(form->second, "monitor", {}, stanza->element, scope);
  };
  return static_cast<std::size_t>(std::ranges::count_if(watched.seen, asks));
}

}  // namespace

std::optional<Finding> bounded_fetches(const Watched& watched) {
  const auto most = most_of(*watched.run.profile);
  for (const char* asks : kAsksForKeys) {
    const auto fetches = asked(watched, asks);
    if (most && fetches > *most) {
      return found("bounded-fetches", "the SUT asks for keys more often than there is reason to",
                   fmt::format("{} times, at most {}", fetches, *most));
    }
  }
  return std::nullopt;
}

std::optional<Finding> https_alone(const Watched& watched) {
  for (const auto& event : watched.record.events) {
    const bool clear =
        event.kind == Event::Kind::tls_failed && event.text.find(kInTheClear) != std::string::npos;
    if (clear && watched.run.serves(event.link)) {
      return found("https-alone", "the SUT asks in the clear where HTTPS is served", event.link);
    }
  }
  return std::nullopt;
}

// MED-008: neither where the user is nor who it is.
std::optional<Finding> proxies_tell_nothing(const Watched& watched) {
  constexpr std::string_view kMonitor = "proxies-tell-nothing";
  constexpr std::string_view kTelling[] = {"authorization",   "client-ip",      "cookie",
                                           "forwarded",       "true-client-ip", "x-client-ip",
                                           "x-forwarded-for", "x-real-ip"};
  constexpr std::size_t kShortest = 6;  // what is shorter may stand anywhere by chance
  if (watched.sut != model::Party::gatekeeper_server) {
    return std::nullopt;  // a third party's client has files hosted there, and says whose they are
  }
  for (const auto& seen : watched.seen) {
    const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
    if (stanza == nullptr || !watched.run.serves(seen.link) ||
        service_of(seen.link) != kMediaService) {
      continue;
    }
    for (const auto name : kTelling) {
      if (wire::http_header(stanza->element, name) != nullptr) {
        return found(kMonitor, fmt::format("a media host is told '{}'", name), stanza->raw);
      }
    }
    for (const auto& [actor, party] : watched.run.flow->actors) {
      for (const auto* what : {".user", ".password"}) {
        const auto value = watched.record.values.find(actor + what);
        if (party == model::Party::gatekeeper_client && value != watched.record.values.end() &&
            value->second.size() >= kShortest &&
            stanza->raw.find(value->second) != std::string::npos) {
          return found(kMonitor, "a media host is told who asks", stanza->raw);
        }
      }
    }
  }
  return std::nullopt;
}

}  // namespace parley::engine
