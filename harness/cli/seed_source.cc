// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/seed_source.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "harness/crypto/omemo/stanza_form.h"
#include "harness/engine/handshake_tree.h"
#include "harness/engine/judge.h"
#include "harness/engine/tracker.h"
#include "harness/wire/http_tree.h"

namespace parley::cli {
namespace {

using Kind = engine::Event::Kind;

bool is_http(std::string_view octets) {
  constexpr std::string_view kMethods[] = {"GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS "};
  return octets.starts_with("HTTP/1.") ||
         std::ranges::any_of(kMethods, [&](auto method) { return octets.starts_with(method); });
}

// Only what every file system takes, and no separator of folders.
std::string file_name(std::string text) {
  std::ranges::replace_if(
      text,
      [](char c) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        return !plain;
      },
      '-');
  return text;
}

// What goes before stanzas has no binary form of its own, and HTTP has another.
bool has_binary_form(std::string_view name) {
  return name != "intro" && name != "routing" && name != wire::kHttpRequest &&
         name != wire::kHttpResponse && !engine::is_handshake_message(name);
}

void add_sealed(std::vector<Seed>& out, const std::string& where, const xml::Element& element) {
  if (element.ns == crypto::omemo::kNamespace &&
      (element.name == "list" || element.name == "bundle" || element.name == "encrypted")) {
    out.push_back({"omemo_stanza", where + "_" + element.name, xml::print(element)});
    return;
  }
  const auto type = element.get("type");
  if (element.name == "enc" && (type == "msg" || type == "pkmsg")) {
    // 'r': the whole message follows.
    out.push_back({type == "msg" ? "signal_message" : "prekey_message", where + "_" + type,
                   "r" + element.text()});
  }
  for (const auto* child : element.elements()) {
    add_sealed(out, where, *child);
  }
}

// The two directions of a link's present connection.
class Streams {
 public:
  Streams(std::string where, model::Wire wire) : where_(std::move(where)), wire_(wire) {}

  void feed(const engine::Event& event) {
    if (event.kind == Kind::dialled || event.kind == Kind::accepted) {
      end(event.link, true);
      end(event.link, false);
    } else if (event.kind == Kind::sent || event.kind == Kind::received) {
      const bool sent = event.kind == Kind::sent;
      // After STARTTLS and SASL a stream begins anew.
      if (event.octets.starts_with("<?xml") || event.octets.starts_with("<stream:stream")) {
        end(event.link, sent);
      }
      octets_[{event.link, sent}] += event.octets;
    }
  }
  std::vector<Seed> finish() && {
    while (!octets_.empty()) {
      end(octets_.begin()->first.first, octets_.begin()->first.second);
    }
    return std::move(out_);
  }

 private:
  void end(const std::string& link, bool sent) {
    const auto ended = octets_.extract({link, sent});
    if (!ended.empty()) {
      std::ranges::move(
          seeds_of_stream(where_ + (sent ? "_to_" : "_from_") + link, ended.mapped(), wire_),
          std::back_inserter(out_));
    }
  }

  std::string where_;
  model::Wire wire_;
  std::map<std::pair<std::string, bool>, Bytes> octets_;
  std::vector<Seed> out_;
};

std::vector<Seed> seeds_of_run(const engine::CastRun& run, const engine::RunRecord& record,
                               const std::string& where, Rng rng) {
  const auto wire = run.profile->wire;
  engine::Tracker tracker(run, record.values, rng);
  engine::EventReader reader(record);
  Streams streams(where, wire);
  for (const auto& event : record.events) {
    const auto& whole = reader.whole(event);
    tracker.feed(whole);
    streams.feed(whole);
  }
  auto out = std::move(streams).finish();
  for (const auto& seen : tracker.seen()) {
    if (const auto* stanza = std::get_if<xml::Stanza>(&seen.item)) {
      const auto& what = seen.step.empty() ? stanza->element.name : seen.step;
      std::ranges::move(seeds_of_stanza(where + "_" + what, *stanza, wire),
                        std::back_inserter(out));
    }
  }
  for (const auto& said : tracker.sent()) {
    add_sealed(out, where + "_to_" + said.link, said.element);
  }
  return out;
}

// Each octets once, and each name: the second becomes NAME_2.
std::vector<Seed> distinct(std::vector<Seed> seeds) {
  std::set<std::pair<std::string, Bytes>> seen;
  std::map<std::pair<std::string, std::string>, int> named;
  std::vector<Seed> out;
  for (auto& seed : seeds) {
    if (seed.octets.size() > kMostSeedOctets || !seen.emplace(seed.target, seed.octets).second) {
      continue;
    }
    seed.name = file_name(std::move(seed.name));
    if (const auto count = ++named[{seed.target, seed.name}]; count > 1) {
      seed.name += "_" + std::to_string(count);
    }
    out.push_back(std::move(seed));
  }
  return out;
}

}  // namespace

std::vector<Seed> seeds_of_stream(const std::string& where, const Bytes& octets, model::Wire wire) {
  if (octets.empty()) {
    return {};
  }
  if (octets.starts_with('<')) {
    return {{"xml_reader", where, octets}};
  }
  if (is_http(octets)) {
    return {{"http_reader", where, octets}};
  }
  if (wire != model::Wire::xml) {
    return {{"frame", where, octets}};
  }
  return {};
}

std::vector<Seed> seeds_of_stanza(const std::string& where, const xml::Stanza& stanza,
                                  model::Wire wire) {
  std::vector<Seed> out;
  if (wire == model::Wire::xml) {
    out.push_back({"stanza", where, stanza.raw});
  } else if (has_binary_form(stanza.element.name)) {
    out.push_back({"binary_xml", where, stanza.raw});
  }
  add_sealed(out, where, stanza.element);
  return out;
}

std::vector<Seed> seeds_of(const model::Case& one, const model::Library& library,
                           const engine::Transcript& transcript) {
  const auto runs = engine::cast_case(one, library, transcript.suts);
  std::vector<Seed> out;
  for (std::size_t i = 0; runs && i < transcript.runs.size(); ++i) {
    const auto& record = transcript.runs[i];
    const auto run = std::ranges::find(*runs, record.name, &engine::CastRun::name);
    if (run != runs->end()) {
      const auto& origin = record.origin.empty() ? one.id : record.origin;
      std::ranges::move(seeds_of_run(*run, record, one.id + "_" + record.name,
                                     engine::run_rng(transcript.seed, origin, record.name)),
                        std::back_inserter(out));
    }
  }
  return distinct(std::move(out));
}

}  // namespace parley::cli
