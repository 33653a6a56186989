// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/report/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "harness/base/text.h"
#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/noise/handshake_message.h"
#include "harness/engine/cast.h"
#include "harness/engine/handshake_tree.h"
#include "harness/engine/judge.h"
#include "harness/engine/omemo_talk.h"
#include "harness/engine/tracker.h"
#include "harness/report/mask.h"
#include "harness/wire/binary_reader.h"
#include "harness/wire/frame.h"
#include "harness/wire/http_tree.h"
#include "harness/wire/pretty.h"

namespace parley::report {
namespace {

constexpr std::size_t kMaxContentOctets = 1024;  // of one stanza's content
constexpr std::size_t kMaxValueOctets = 64;      // of an attribute of the outermost element
constexpr std::size_t kMaxLines = 200;           // of one event

using Lines = std::vector<std::string>;

// Keys stay whole; ciphertexts, which are hex, stand in the event's octets already.
xml::Element shortened(xml::Element element) {
  for (auto& attribute : element.attributes) {
    if (attribute.value.size() > kMaxValueOctets) {
      attribute.value = attribute.value.substr(0, kMaxValueOctets) + "…";
    }
  }
  return element;
}

void add_element(Lines& out, const xml::Element& element) {
  auto lines = split(masked(wire::pretty(shortened(element), kMaxContentOctets)), '\n');
  while (!lines.empty() && lines.back().empty()) {
    lines.pop_back();
  }
  for (const auto& line : lines) {
    out.push_back(printable(line));
  }
}

// What is decrypted of a stanza in text (omemo_talk.h): the stanza itself stands there already.
void add_opened(Lines& out, const xml::Element& element) {
  for (const auto* child : element.elements()) {
    if (child->ns == engine::kOpenedNamespace) {
      add_element(out, *child);
    } else {
      add_opened(out, *child);
    }
  }
}

void add_oddities(Lines& out, const Bytes& octets, const wire::Tokens& tokens) {
  const auto decoded = wire::decode(octets, {.tokens = &tokens});
  if (!decoded) {
    return;
  }
  for (const auto& oddity : decoded->oddities) {
    out.push_back(fmt::format("odd: {} at octet {}",
                              replace_all(std::string(wire::to_string(oddity.kind)), "_", " "),
                              oddity.offset));
  }
  if (decoded->oddities_beyond > 0) {
    out.push_back(fmt::format("odd: {} more", decoded->oddities_beyond));
  }
}

// What goes before the stanzas has no binary form of its own, and HTTP has another.
bool has_binary_form(const xml::Element& element) {
  return element.name != "intro" && element.name != "routing" &&
         element.name != wire::kHttpRequest && element.name != wire::kHttpResponse &&
         !engine::is_handshake_message(element.name);
}

void add_item(Lines& out, const xml::Item& item, const model::Profile& profile) {
  if (const auto* refused = std::get_if<xml::Refused>(&item)) {
    out.push_back(printable(fmt::format("cannot be read: {}: {} (octet {})", refused->condition,
                                        refused->detail, refused->offset)));
  }
  if (profile.wire == model::Wire::xml) {
    if (const auto* stanza = std::get_if<xml::Stanza>(&item)) {
      add_opened(out, stanza->element);
    }
    return;
  }
  if (std::holds_alternative<xml::StreamClosed>(item)) {
    out.emplace_back("<xmlstreamend/>");
  } else if (const auto* stanza = std::get_if<xml::Stanza>(&item)) {
    add_element(out, stanza->element);
    if (has_binary_form(stanza->element)) {
      add_oddities(out, stanza->raw, profile.tokens);
    }
  }
}

// What we sent before there were keys; nothing of what a change has broken.
void add_clear(Lines& out, wire::FrameReader& reader, const Bytes& octets) {
  for (const auto& item : reader.feed(octets)) {
    if (const auto* intro = std::get_if<wire::Intro>(&item)) {
      out.push_back(
          fmt::format("<intro dictionary='{}' magic='{}'/>", intro->dictionary, intro->magic));
    } else if (const auto* frame = std::get_if<wire::Frame>(&item)) {
      if (const auto message = crypto::noise::parse_handshake_message(frame->payload)) {
        add_element(out, engine::tree_of(*message));
      }
    }
  }
}

// What a token says that a driver has answered with: without its signature it proves nothing.
void add_token(Lines& out, const engine::Event& event) {
  const bool has = event.kind == engine::Event::Kind::answer && event.data.is_object() &&
                   event.data.contains("token") && event.data["token"].is_string();
  if (!has) {
    return;
  }
  const auto parts = split(event.data["token"].get<std::string>(), '.');
  for (std::size_t i = 0; i < 2 && i < parts.size(); ++i) {
    if (const auto octets = crypto::jose::from_base64url(parts[i])) {
      out.push_back(fmt::format("{} {}", i == 0 ? "header" : "claims",
                                printable(*octets, kMaxContentOctets)));
    }
  }
}

std::map<std::size_t, Lines> lines_of(const engine::CastRun& run, const engine::Tracker& tracker,
                                      const engine::RunRecord& record) {
  std::map<std::size_t, Lines> out;
  const bool binary = run.profile->wire != model::Wire::xml;
  const auto changed = std::ranges::find_if(run.steps, &engine::CastStep::changed);
  for (std::size_t i = 0; i < record.events.size(); ++i) {
    if (record.events[i].kind == engine::Event::Kind::answer) {
      add_token(out[i], record.events[i]);
    }
    if (run.change != nullptr && changed != run.steps.end() &&
        record.events[i].kind == engine::Event::Kind::sent &&
        record.events[i].step == changed->step.id) {
      out[i].push_back("changed: " + printable(masked(model::describe(*run.change))));
    }
  }
  std::set<std::size_t> said;
  for (const auto& one : tracker.sent()) {
    if (binary) {
      add_element(out[one.event], one.element);
      said.insert(one.event);
    } else {
      add_opened(out[one.event], one.element);
    }
  }
  std::map<std::string, wire::FrameReader> clear;
  for (std::size_t i = 0; binary && i < record.events.size(); ++i) {
    const auto& event = record.events[i];
    if (event.kind == engine::Event::Kind::dialled || event.kind == engine::Event::Kind::accepted) {
      const bool ours = event.kind == engine::Event::Kind::dialled;
      clear.insert_or_assign(event.link,
                             wire::FrameReader(ours ? wire::Opening::intro : wire::Opening::none));
    }
    const auto reader = clear.find(event.link);
    if (event.kind == engine::Event::Kind::sent && !said.contains(i) && reader != clear.end()) {
      add_clear(out[i], reader->second, event.octets);
    }
  }
  for (const auto& seen : tracker.seen()) {
    add_item(out[seen.event], seen.item, *run.profile);
  }
  for (auto& [event, lines] : out) {
    if (lines.size() > kMaxLines) {
      lines.resize(kMaxLines);
      lines.emplace_back("…");
    }
  }
  return out;
}

}  // namespace

Reading reading_of(const model::Case& one, const model::Library& library,
                   const engine::Transcript& transcript) {
  Reading out{.binary = library.profiles.at(one.profile).wire != model::Wire::xml, .runs = {}};
  out.runs.resize(transcript.runs.size());
  const auto runs = engine::cast_case(one, library, transcript.suts);
  for (std::size_t i = 0; runs && i < transcript.runs.size(); ++i) {
    const auto& record = transcript.runs[i];
    const auto run = std::ranges::find(*runs, record.name, &engine::CastRun::name);
    if (run == runs->end()) {
      continue;
    }
    const auto& origin = record.origin.empty() ? one.id : record.origin;
    engine::Tracker tracker(*run, record.values,
                            engine::run_rng(transcript.seed, origin, record.name));
    engine::EventReader reader(record);
    for (const auto& event : record.events) {
      tracker.feed(reader.whole(event));
    }
    out.runs[i] = lines_of(*run, tracker, record);
  }
  return out;
}

}  // namespace parley::report
