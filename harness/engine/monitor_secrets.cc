// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/monitor_secrets.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "harness/base/encoding.h"
#include "harness/base/text.h"
#include "harness/engine/cast.h"
#include "harness/engine/secrets.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

// Whether the octets that crossed the wire in clear hold `secret`, as it is or in base64 between
// tags, as SASL PLAIN and the like have it.
bool holds(const Bytes& octets, const std::string& secret) {
  bool out = octets.find(secret) != Bytes::npos;
  for (const auto& part : split(octets, '>')) {
    const auto text = from_base64(part.substr(0, part.find('<')));
    out = out || (text && text->find(secret) != std::string::npos);
  }
  return out;
}

// The key with which a message opens its sender's part of a Noise handshake; empty for another.
std::string ephemeral_of(const xml::Element& element) {
  const bool opens = element.name == "client-hello" || element.name == "server-hello";
  return opens && element.ns.empty() ? element.get("ephemeral") : "";
}

// The value of one attribute of a SCRAM message (RFC 5802 section 7), which stands in base64.
std::string scram_value(const std::string& base64, char name) {
  const auto message = from_base64(base64);
  for (const auto& part : split(message ? *message : "", ',')) {
    if (part.size() > 2 && part[0] == name && part[1] == '=') {
      return part.substr(2);
    }
  }
  return {};
}

// Digits only, as RFC 5802 has it; 0 for anything else, nine digits at most count.
long as_number(const std::string& digits) {
  const bool right =
      digits.size() < 10 &&
      std::ranges::all_of(digits, [](char digit) { return digit >= '0' && digit <= '9'; });
  return right ? std::stol(digits) : 0;
}

}  // namespace

// No password crosses the wire outside TLS; with Noise no token and no number outside ciphertext.
std::optional<Finding> no_clear_password(const Watched& watched) {
  std::map<std::string, Bytes> clear;  // by link, what came before TLS
  std::set<std::string> secure;
  for (const auto& event : watched.record.events) {
    if (event.kind == Event::Kind::tls) {
      secure.insert(event.link);
    } else if (begins_connection(event)) {
      secure.erase(event.link);
    }
    if (event.kind == Event::Kind::received && watched.about(event) &&
        !secure.contains(event.link)) {
      clear[event.link] += event.octets;
    }
  }
  const auto secret = [&](const std::string& name) {
    const auto at = watched.record.values.find(name);
    return at == watched.record.values.end() ? std::string() : at->second;
  };
  for (const auto& [link, octets] : clear) {
    const auto password = secret(link + ".password");
    if (!password.empty() && holds(octets, password)) {
      return found("no-clear-password", "the SUT sent a password outside TLS",
                   "a password in the clear");
    }
    const auto user = secret(link + ".user");
    if (watched.run.profile->wire == model::Wire::noise && !user.empty() && holds(octets, user)) {
      return found("no-clear-password", "the SUT sent its number outside Noise ciphertext",
                   "a number in the clear");
    }
  }
  return std::nullopt;
}

// No ephemeral key of the SUT is one that either side has used before, in this run or in an earlier
// one of the case.
std::optional<Finding> fresh_ephemerals(const Watched& watched) {
  std::set<std::string> used = watched.ephemerals;
  for (const auto& sent : watched.sent) {
    used.insert(ephemeral_of(sent.element));
  }
  for (const auto& seen : watched.seen) {
    const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
    const auto key = stanza == nullptr ? "" : ephemeral_of(stanza->element);
    if (!key.empty() && !used.insert(key).second) {
      return found("fresh-ephemerals", "the SUT used an ephemeral key that was used before", key);
    }
  }
  return std::nullopt;
}

// No password, token or shared secret stands in a URL, which every server and proxy logs: neither
// in one that the SUT asks for nor in one that it sends us to.
std::optional<Finding> no_secrets_in_urls(const Watched& watched) {
  const auto secrets = secrets_of(watched.tracker.scope().values);
  for (const auto& seen : watched.seen) {
    const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
    if (stanza == nullptr || service_of(seen.link).empty()) {
      continue;
    }
    const auto* location = wire::http_header(stanza->element, "location");
    const auto target = stanza->element.get("target");
    if (holds_any(target, secrets) ||
        (location != nullptr && holds_any(location->text(), secrets))) {
      return found("secrets-in-urls", "the SUT put a secret into a URL",
                   target.empty() ? location->text() : target);
    }
  }
  return std::nullopt;
}

std::set<std::string> ephemerals_of(const Tracker& tracker) {
  std::set<std::string> out;
  for (const auto& sent : tracker.sent()) {
    out.insert(ephemeral_of(sent.element));
  }
  for (const auto& seen : tracker.seen()) {
    if (const auto* stanza = std::get_if<xml::Stanza>(&seen.item)) {
      out.insert(ephemeral_of(stanza->element));
    }
  }
  out.erase("");
  return out;
}

// A server's SCRAM challenge extends the client's nonce and asks for 4096 iterations at least.
std::optional<Finding> sound_challenge(const Watched& watched) {
  if (!model::is_server(watched.sut)) {
    return std::nullopt;
  }
  std::map<std::string, std::map<std::size_t, std::string>> nonces;  // by link and event
  for (const auto& one : watched.sent) {
    if (one.element.name == "auth") {
      nonces[one.link][one.event] = scram_value(one.element.text(), 'r');
    }
  }
  for (const auto& seen : watched.seen) {
    const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
    if (stanza == nullptr || stanza->element.name != "challenge") {
      continue;
    }
    const auto nonce = scram_value(stanza->element.text(), 'r');
    const auto iterations = scram_value(stanza->element.text(), 'i');
    // That of the attempt under way: a stream may see several.
    const auto& attempts = nonces[seen.link];
    const auto later = attempts.lower_bound(seen.event);
    const auto ours = later == attempts.begin() ? std::string() : std::prev(later)->second;
    if (!nonce.empty() && !ours.empty() && (!nonce.starts_with(ours) || nonce == ours)) {
      return found("sound-challenge", "the challenge's nonce does not extend the client's", nonce);
    }
    if (!iterations.empty() && as_number(iterations) < 4096) {
      return found("sound-challenge", "the challenge asks for fewer than 4096 iterations",
                   iterations);
    }
  }
  return std::nullopt;
}

}  // namespace parley::engine
