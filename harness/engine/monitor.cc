// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "harness/base/encoding.h"
#include "harness/base/text.h"
#include "harness/engine/monitor_delivery.h"
#include "harness/engine/monitor_encryption.h"
#include "harness/engine/monitor_identity.h"
#include "harness/engine/monitor_media.h"
#include "harness/engine/monitor_push.h"
#include "harness/engine/monitor_secrets.h"
#include "harness/engine/service_monitor.h"
#include "harness/engine/slot_monitor.h"
#include "harness/engine/web_monitor.h"

namespace parley::engine {
namespace {

const xml::Element* stanza_of(const Seen& seen) {
  const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
  return stanza == nullptr ? nullptr : &stanza->element;
}

// Of one connection of a client actor.
template <class Stanza>
std::string stream_of(const Stanza& one) {
  return fmt::format("{} {}", one.link, one.connection);
}

std::optional<Finding> well_formed(const Watched& watched) {
  for (const auto& [event, refused] : watched.tracker.malformed()) {
    if (watched.about(watched.record.events[event]) && !refused.beyond_limits()) {
      return found("well-formed",
                   fmt::format("the SUT sent what a peer must refuse: {}", refused.detail),
                   refused.condition);
    }
  }
  return std::nullopt;
}

// Each request of ours is answered at most once, and nothing else is answered with a result.
std::optional<Finding> answered_once(const Watched& watched) {
  std::set<std::string> asked;
  for (const auto& sent : watched.sent) {
    asked.insert(sent.link + " " + sent.element.get("id"));
  }
  std::map<std::string, int> answers;
  for (const auto& seen : watched.seen) {
    const auto* stanza = stanza_of(seen);
    if (stanza == nullptr || stanza->name != "iq" || stanza->get("id").empty()) {
      continue;
    }
    const auto type = stanza->get("type");
    const auto id = seen.link + " " + stanza->get("id");
    if (type == "result" && !asked.contains(id)) {
      return found("answered-once", "the SUT answered what nobody had asked",
                   xml::print(*stanza, stanza->ns));
    }
    if ((type == "result" || type == "error") && ++answers[id] > 1) {
      return found("answered-once", "one request was answered twice",
                   xml::print(*stanza, stanza->ns));
    }
  }
  return std::nullopt;
}

std::optional<Finding> typed_iq(const Watched& watched) {
  for (const auto& seen : watched.seen) {
    const auto* stanza = stanza_of(seen);
    if (stanza == nullptr || stanza->name != "iq") {
      continue;
    }
    const auto type = stanza->get("type");
    const bool known = type == "get" || type == "set" || type == "result" || type == "error";
    // An error answers even a request that had no id to copy.
    if (!known || (stanza->get("id").empty() && type != "error")) {
      return found("typed-iq", "an iq of the SUT has no id or no known type",
                   xml::print(*stanza, stanza->ns));
    }
  }
  return std::nullopt;
}

// A client's own requests carry ids that it does not use twice on a stream.
std::optional<Finding> fresh_ids(const Watched& watched) {
  if (model::is_server(watched.sut)) {
    return std::nullopt;
  }
  std::set<std::string> ids;
  for (const auto& seen : watched.seen) {
    const auto* stanza = stanza_of(seen);
    if (stanza == nullptr || stanza->name != "iq" ||
        (stanza->get("type") != "get" && stanza->get("type") != "set")) {
      continue;
    }
    if (!ids.insert(stream_of(seen) + " " + stanza->get("id")).second) {
      return found("fresh-ids", "the SUT used one id for two requests",
                   xml::print(*stanza, stanza->ns));
    }
  }
  return std::nullopt;
}

// A client sends under its own address or none.
std::optional<Finding> own_from(const Watched& watched) {
  if (model::is_server(watched.sut)) {
    return std::nullopt;
  }
  for (const auto& seen : watched.seen) {
    const auto* stanza = stanza_of(seen);
    const auto* from = stanza == nullptr ? nullptr : stanza->find("from");
    const auto bare = watched.record.values.find(seen.link + ".bare");
    if (from != nullptr && !from->empty() && bare != watched.record.values.end() &&
        *from != bare->second && !from->starts_with(bare->second + "/")) {
      return found("own-from", "the client sent a stanza under another address",
                   xml::print(*stanza, stanza->ns));
    }
  }
  return std::nullopt;
}

bool is_bind(const xml::Element& iq) {
  return iq.child("bind", "urn:ietf:params:xml:ns:xmpp-bind") != nullptr;
}

// Before a resource is bound no stanza of the SUT is on its way but those that bind it.
std::optional<Finding> bound_first(const Watched& watched) {
  std::map<std::string, std::size_t> bound;  // by stream, the event that said so
  for (const auto& sent : watched.sent) {
    if (sent.element.get("type") == "result" && is_bind(sent.element)) {
      bound.try_emplace(stream_of(sent), sent.event);
    }
  }
  for (const auto& seen : watched.seen) {
    const auto* stanza = stanza_of(seen);
    if (stanza == nullptr) {
      continue;
    }
    if (stanza->get("type") == "result" && is_bind(*stanza)) {
      bound.try_emplace(stream_of(seen), seen.event);
    }
    const bool routed = stanza->name == "message" || stanza->name == "presence";
    const bool answer = stanza->get("type") == "error";
    const auto at = bound.find(stream_of(seen));
    if (routed && !answer && (at == bound.end() || at->second > seen.event)) {
      return found("bound-first", "a stanza came before a resource was bound",
                   xml::print(*stanza, stanza->ns));
    }
  }
  return std::nullopt;
}

// A server's stream ids are its own and never the same.
std::optional<Finding> fresh_stream_ids(const Watched& watched) {
  if (!model::is_server(watched.sut)) {
    return std::nullopt;
  }
  std::set<std::string> ids;
  for (const auto& seen : watched.seen) {
    const auto* header = std::get_if<xml::StreamOpened>(&seen.item);
    // One that answers no header of ours opens no stream: a server may wrap a stream error in it.
    if (header == nullptr || header->element.get("id").empty() || seen.step.empty()) {
      continue;
    }
    if (!ids.insert(header->element.get("id")).second) {
      return found("fresh-stream-ids", "the server gave two streams the same id",
                   xml::print(header->element));
    }
  }
  return std::nullopt;
}

// Where the octets go on after the first closing stream tag that ends behind `from`.
std::size_t after_closing_tag(const Bytes& octets, std::size_t from) {
  for (auto at = octets.find("</"); at != Bytes::npos; at = octets.find("</", at + 2)) {
    const auto end = octets.find('>', at);
    if (end == Bytes::npos) {
      return end;
    }
    const auto name = octets.substr(at + 2, octets.find_first_of(" \t\r\n>", at) - at - 2);
    if (end >= from && (name == "stream" || name.ends_with(":stream"))) {
      return end + 1;
    }
  }
  return Bytes::npos;
}

// After its closing tag the SUT sends nothing more on that stream.
std::optional<Finding> silent_after_close(const Watched& watched) {
  std::map<std::string, const Seen*> ended;
  for (const auto& seen : watched.seen) {
    if (std::holds_alternative<xml::StreamClosed>(seen.item)) {
      ended.try_emplace(stream_of(seen), &seen);
    }
  }
  for (const auto& [stream, end] : ended) {
    Bytes octets;
    std::size_t from = 0;  // where the event begins in which the stream ended
    for (std::size_t i = 0; i < watched.record.events.size(); ++i) {
      const auto& event = watched.record.events[i];
      if (event.link != end->link) {
        continue;
      }
      if (begins_connection(event) && i > end->event) {
        break;
      }
      if (begins_connection(event)) {
        octets.clear();
      } else if (event.kind == Event::Kind::received) {
        from = i == end->event ? octets.size() : from;
        octets += event.octets;
      }
    }
    const auto after = after_closing_tag(octets, from);
    // A second closing tag does no harm.
    const auto rest =
        after == Bytes::npos ? Bytes() : replace_all(octets.substr(after), "</stream:stream>", "");
    if (rest.find_first_not_of(" \t\r\n") != Bytes::npos) {
      return found("silent-after-close", "the SUT sent more after its closing tag", rest);
    }
  }
  return std::nullopt;
}

// What is sent as an answer answers a request: never a result, an error or nothing at all.
std::optional<Finding> answers_to_answers(const Watched& watched, std::string_view monitor,
                                          bool to_iq) {
  std::map<std::string, std::pair<bool, bool>> sent;  // link and id -> requested, by an iq
  for (const auto& one : watched.sent) {
    const auto type = one.element.get("type");
    const bool iq = one.element.name == "iq";
    const bool answer = type == "error" || (iq && type == "result");
    auto& [requested, by_iq] = sent[one.link + " " + one.element.get("id")];
    requested = requested || !answer;
    by_iq = by_iq || iq;
  }
  for (const auto& seen : watched.seen) {
    const auto* stanza = stanza_of(seen);
    if (stanza == nullptr || stanza->get("id").empty()) {
      continue;
    }
    const auto type = stanza->get("type");
    const bool answer = type == "error" || (stanza->name == "iq" && type == "result");
    const auto at = sent.find(seen.link + " " + stanza->get("id"));
    if (answer && at != sent.end() && !at->second.first && at->second.second == to_iq) {
      return found(monitor, "the SUT answered what was an answer itself",
                   xml::print(*stanza, stanza->ns));
    }
  }
  return std::nullopt;
}

std::optional<Finding> answers_requests(const Watched& watched) {
  return answers_to_answers(watched, "answers-requests", true);
}

std::optional<Finding> answers_no_errors(const Watched& watched) {
  return answers_to_answers(watched, "answers-no-errors", false);
}

// As one SUT asks, and as another says where it is to be asked.
std::optional<Finding> https_throughout(const Watched& watched) {
  auto asked = https_alone(watched);
  return asked ? asked : keys_in_safety(watched);
}

constexpr MonitorEntry kMonitors[] = {
    {"well-formed", "What the SUT sends is XML that RFC 6120 allows", "RFC 6120 §11", true,
     well_formed},
    {"answered-once", "A request is answered once", "RFC 6120 §8.2.3", false, answered_once},
    {"typed-iq", "An iq has an id and one of the four types", "RFC 6120 §8.2.3", false, typed_iq},
    {"fresh-ids", "Requests of one stream carry different ids", "RFC 6120 §8.1.3", false,
     fresh_ids},
    {"stamped-from", "Delivered stanzas name their sender", "RFC 6120 §8.1.2.1", false,
     stamped_from},
    {"delivered-once", "A message is delivered once", "RFC 6120 §10.1; RFC 6121 §8.5", false,
     delivered_once},
    {"delivered-where", "A message comes to no stream that it is not for",
     "RFC 6121 §8.5.2, §8.5.3", false, delivered_where},
    {"own-from", "A client sends under its own address", "RFC 6120 §8.1.2.1", false, own_from},
    {"bound-first", "No stanza comes before a resource is bound", "RFC 6120 §7.1", false,
     bound_first},
    {"shown-once", "A message is shown once", "RFC 6121 §5.2", false, shown_once},
    {"fresh-stream-ids", "Stream ids of a server differ", "RFC 6120 §4.7.3", false,
     fresh_stream_ids},
    {"silent-after-close", "Nothing follows a closing stream tag", "RFC 6120 §4.4", false,
     silent_after_close},
    {"answers-requests", "Of iq stanzas only requests are answered", "RFC 6120 §8.2.3", false,
     answers_requests},
    {"answers-no-errors", "No error is answered", "RFC 6120 §8.3.1", false, answers_no_errors},
    {"sound-challenge", "A SCRAM challenge extends the nonce and is not weak",
     "RFC 5802 §5.1; RFC 7677 §4", true, sound_challenge},
    {"no-clear-password", "A password, and with Noise a number, never crosses the wire in clear",
     "RFC 6120 §13.8.3", false, no_clear_password},
    {"fresh-ephemerals", "Each handshake has an ephemeral key that none had before",
     "Noise revision 34 §14", false, fresh_ephemerals},
    {"secrets-in-urls", "No password, token or shared secret stands in a URL",
     "RFC 9110 §17.9; RFC 6750 §5.3", false, no_secrets_in_urls},
    {"published-keys", "A published key set is sound", "RFC 7517 §4, §5, §9; RFC 7518 §3.3", false,
     published_keys, Reach::own_cases},
    {"keys-rotate", "A key is published before it signs and as long as its tokens live",
     "OpenID Connect Core 1.0 §10.1.1", false, keys_rotate, Reach::own_cases},
    {"token-signed", "A token is signed by its service", "RFC 7515 §5.2; RFC 8725 §3.1", false,
     token_signed},
    {"token-expires", "A token says when it expires, and has not yet", "RFC 7519 §4.1.4", false,
     token_expires},
    {"token-short-lived", "A token lives no longer than the profile lets it", "good practice",
     false, token_short_lived},
    {"token-purpose", "A token is for its user, its gatekeeper and nothing else",
     "RFC 8725 §3.8 to §3.12", false, token_purpose},
    {"token-encoding", "The parts of a token are base64url and nothing else", "RFC 7515 §2", false,
     token_encoding},
    {"token-issuer", "A token names the issuer of the keys", "RFC 8725 §3.8", false, token_issuer},
    {"token-spelling", "A token names an identifier as it is normalised", "RE-apk baron-baileys-v2",
     false, token_spelling},
    {"token-identifier", "No token names an identifier that its user has given up", "good practice",
     false, token_identifier},
    {"pushes-tell-little", "A push tells whom to wake, and nothing of what waits",
     "Regulation (EU) 2022/1925 Art. 7(8)", false, pushes_tell_little},
    {"bounded-pushes", "A push is made again no more often than there is reason to",
     "RFC 9110 §15.6", false, bounded_pushes},
    {"websocket-ping", "A Ping is answered with a Pong", "RFC 6455 §5.5.2", false, ping_answered},
    {"websocket-close", "A Close frame is answered with one", "RFC 6455 §5.5.1", false,
     close_answered},
    {"bounded-fetches", "Keys are asked for no more often than there is reason to",
     "OpenID Connect Core §10.1.1", false, bounded_fetches},
    {"proxies-tell-nothing", "A media host learns nothing of who asks a proxy",
     "Meta engineering post of 2024-03-06", false, proxies_tell_nothing},
    {"sealed-content", "What a user writes goes out encrypted",
     "Regulation (EU) 2022/1925 Art. 7(3)", false, sealed_content},
    {"message-keys-once", "No message key is used twice", "DR section 3.5", false,
     message_keys_once},
    {"prekeys-once", "No one-time prekey is published twice", "X3DH section 3.2", false,
     prekeys_once},
    {"prekey-form", "Published keys have the form and the signature that others need",
     "whatsmeow prekeys.go; X3DH section 3.2", true, prekey_form},
    {"sealed-shown-once", "A sealed message is shown once, as it was written",
     "DR section 3.5; X3DH section 4.2", false, sealed_shown_once},
    {"bundles-published", "A server hands out what a user has published, and nothing else",
     "X3DH section 3.3", false, bundles_published},
    {"prekeys-handed-once", "A server hands out no one-time prekey twice", "X3DH section 3.3",
     false, prekeys_handed_once},
    {"sealed-relayed", "What is sealed is delivered octet for octet", "DR section 3.4", false,
     sealed_relayed},
    {"enc-kept", "What stands beside sealed octets is delivered as it was sent",
     "whatsmeow message.go", false, enc_kept},
    {"sealed-once", "A sealed message is delivered once, and not again once it is acknowledged",
     "whatsmeow receipt.go", false, sealed_once},
    {"retries-relayed", "A request for a message is passed on with all that it says",
     "whatsmeow retry.go", false, retries_relayed},
    {"media-sealed", "No server learns a file, or the key of one",
     "Regulation (EU) 2022/1925 Art. 7(3)", false, media_sealed},
    {"media-hosted", "What is hosted is as the message about it says",
     "Meta engineering post of 2024-03-06", false, media_hosted},
    {"media-keys-fresh", "Each upload has a key of its own", "good practice", false,
     media_keys_fresh},
    {"media-credentials", "What proves a client to one host goes to no other", "good practice",
     false, media_credentials},
    {"bounded-media", "A file is asked for again no more often than there is reason to",
     "whatsmeow download.go", false, bounded_media},
    {"captions-sent", "What is written to a file goes out",
     "Regulation (EU) 2022/1925 Art. 7(2)(a)(ii)", false, captions_sent},
    {"bounded-downloads", "Of a body no more is read than was announced", "good practice", false,
     bounded_downloads},
    {"media-names", "A file is kept under a name that is no path and no command", "good practice",
     false, media_names},
    {"slot-headers", "A slot names Authorization, Cookie and Expires, and no other header",
     "XEP-0363 1.2.0, Requesting a slot", false, slot_headers},
    {"served-under-policy", "A page that was uploaded is served so that no script of it runs",
     "XEP-0363 1.2.0, Security Considerations", false, served_under_policy, Reach::own_cases},
    {"https-alone", "Services over HTTPS are neither asked nor named in the clear",
     "OpenID Connect Discovery §3, §7.1", false, https_throughout},
};

}  // namespace

std::span<const MonitorEntry> monitors() { return kMonitors; }

bool begins_connection(const Event& event) {
  return event.kind == Event::Kind::dialled ||
         (event.kind == Event::Kind::accepted && !event.step.empty());
}

Finding found(std::string_view monitor, std::string reason, std::string came) {
  return {
      .monitor = std::string(monitor), .reason = std::move(reason), .came = printable(came, 400)};
}

bool Watched::about(const Event& event) const { return run.far_end(event.link) == sut; }

std::vector<Finding> watch(const CastRun& run, const Tracker& tracker, const RunRecord& record,
                           const std::set<std::string>& ephemerals) {
  std::vector<Finding> out;
  for (const auto sut : run.suts) {
    // Of several SUTs each is watched on its own links.
    const auto of_others = [&](const auto& one) { return run.far_end(one.link) != sut; };
    std::vector<Seen> seen;
    std::vector<Said> sent;
    if (run.suts.size() > 1) {
      std::ranges::remove_copy_if(tracker.seen(), std::back_inserter(seen), of_others);
      std::ranges::remove_copy_if(tracker.sent(), std::back_inserter(sent), of_others);
    }
    const bool alone = run.suts.size() == 1;
    const Watched watched{.run = run,
                          .tracker = tracker,
                          .record = record,
                          .sut = sut,
                          .seen = alone ? tracker.seen() : seen,
                          .sent = alone ? tracker.sent() : sent,
                          .ephemerals = ephemerals};
    for (const auto& monitor : kMonitors) {
      if (auto finding = monitor.check(watched)) {
        finding->stops = monitor.stops;
        finding->reach = monitor.reach;
        finding->broke = sut;
        out.push_back(std::move(*finding));
      }
    }
  }
  return out;
}

}  // namespace parley::engine
