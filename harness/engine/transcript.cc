// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/transcript.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/base/text.h"

namespace parley::engine {
namespace {

using nlohmann::json;
using Kind = Event::Kind;

constexpr std::array<std::pair<Kind, std::string_view>, 20> kKinds{{
    {Kind::dialled, "dialled"},   {Kind::unreachable, "unreachable"}, {Kind::accepted, "accepted"},
    {Kind::sent, "sent"},         {Kind::received, "received"},       {Kind::control, "control"},
    {Kind::tls, "tls"},           {Kind::tls_failed, "tls-failed"},   {Kind::closed, "closed"},
    {Kind::failed, "failed"},     {Kind::gave_up, "gave-up"},         {Kind::ended, "ended"},
    {Kind::serves, "serves"},     {Kind::parting, "parting"},         {Kind::call, "call"},
    {Kind::answer, "answer"},     {Kind::unsupported, "unsupported"}, {Kind::notice, "notice"},
    {Kind::deadline, "deadline"}, {Kind::broken, "broken"},
}};

bool is_plain_text(const std::string& octets) {
  for (std::size_t i = 0; i < octets.size();) {
    char32_t c = 0;
    const auto length = utf8_sequence(octets, i, c);
    if (length == 0) {
      return false;
    }
    i += length;
  }
  return true;
}

// Octets stand as text where they are UTF-8, as base64 otherwise.
void put_octets(json& out, const std::string& octets) {
  if (octets.empty()) {
    return;
  }
  if (is_plain_text(octets)) {
    out["octets"] = octets;
  } else {
    out["base64"] = to_base64(octets);
  }
}

json event_json(const Event& event) {
  json out{{"kind", to_string(event.kind)}, {"at_us", event.at_us}, {"link", event.link}};
  if (!event.step.empty()) {
    out["step"] = event.step;
  }
  put_octets(out, event.octets);
  if (event.spooled > 0) {
    out["spooled"] = event.spooled;
  }
  if (!event.text.empty()) {
    out["text"] = is_plain_text(event.text) ? event.text : printable(event.text);
  }
  if (!event.data.is_null()) {
    out["data"] = event.data;
  }
  return out;
}

std::string string_at(const json& value, const char* key) {
  return value.contains(key) && value[key].is_string() ? value[key].get<std::string>() : "";
}

Result<Event> event_from(const json& value) {
  Event event;
  const auto name = string_at(value, "kind");
  bool known = false;
  for (const auto& [kind, text] : kKinds) {
    if (text == name) {
      event.kind = kind;
      known = true;
    }
  }
  if (!known || !value.contains("at_us") || !value["at_us"].is_number_integer()) {
    return fail(Errc::malformed, fmt::format("an event of kind '{}'", printable(name, 60)));
  }
  event.at_us = value["at_us"].get<std::int64_t>();
  event.link = string_at(value, "link");
  event.step = string_at(value, "step");
  event.text = string_at(value, "text");
  event.octets = string_at(value, "octets");
  if (value.contains("base64")) {
    auto octets = from_base64(string_at(value, "base64"));
    if (!octets) {
      return std::unexpected(octets.error());
    }
    event.octets = std::move(*octets);
  }
  if (value.contains("data")) {
    event.data = value["data"];
  }
  if (value.contains("spooled") && value["spooled"].is_number_unsigned()) {
    event.spooled = value["spooled"].get<std::uint64_t>();
  }
  return event;
}

}  // namespace

std::string_view to_string(Event::Kind kind) {
  for (const auto& [known, name] : kKinds) {
    if (known == kind) {
      return name;
    }
  }
  return "?";
}

const Event& EventReader::whole(const Event& event) {
  if (event.spooled == 0) {
    return event;
  }
  const auto from = std::exchange(at_, at_ + event.spooled);
  whole_ = event;
  whole_.octets = record_.spool == nullptr ? Bytes() : record_.spool->read(from, event.spooled);
  lost_ = lost_ || whole_.octets.size() < event.spooled;
  return whole_;
}

bool EventReader::lacks_octets(const RunRecord& record) {
  std::uint64_t spooled = 0;
  for (const auto& event : record.events) {
    spooled += event.spooled;
  }
  const bool kept = record.spool != nullptr && !record.spool->failed();
  return spooled > (kept ? record.spool->size() : 0);
}

json to_json(const std::vector<model::Party>& parties) {
  json out = json::array();
  for (const auto party : parties) {
    out.push_back(model::to_string(party));
  }
  return out;
}

Result<std::vector<model::Party>> parties_from(const json& names) {
  std::vector<model::Party> out;
  for (const auto& name : names) {
    const auto party = name.is_string() ? model::party_from(name.get<std::string>()) : std::nullopt;
    if (!party) {
      return fail(Errc::malformed, "'suts' names no party");
    }
    out.push_back(*party);
  }
  return out;
}

json to_json(const Transcript& transcript) {
  json runs = json::array();
  for (const auto& run : transcript.runs) {
    json events = json::array();
    for (const auto& event : run.events) {
      events.push_back(event_json(event));
    }
    runs.push_back({{"name", run.name}, {"values", run.values}, {"events", std::move(events)}});
    if (!run.origin.empty()) {
      runs.back()["origin"] = run.origin;
    }
  }
  json out{{"format", 1},
           {"case", transcript.case_id},
           {"seed", transcript.seed},
           {"runs", std::move(runs)}};
  if (!transcript.suts.empty()) {
    out["suts"] = to_json(transcript.suts);
  }
  return out;
}

Result<Transcript> transcript_from(const json& value) {
  if (!value.is_object() || !value.contains("runs") || !value["runs"].is_array()) {
    return fail(Errc::malformed, "a transcript is an object with 'runs'");
  }
  Transcript out;
  out.case_id = string_at(value, "case");
  out.seed = value.contains("seed") && value["seed"].is_number_unsigned()
                 ? value["seed"].get<std::uint64_t>()
                 : 0;
  auto suts = parties_from(value.value("suts", json::array()));
  if (!suts) {
    return std::unexpected(suts.error());
  }
  out.suts = std::move(*suts);
  for (const auto& run : value["runs"]) {
    if (!run.is_object() || !run.contains("events") || !run["events"].is_array()) {
      return fail(Errc::malformed, "a run is an object with 'events'");
    }
    RunRecord record{.name = string_at(run, "name"),
                     .origin = string_at(run, "origin"),
                     .values = {},
                     .events = {}};
    if (run.contains("values") && run["values"].is_object()) {
      for (const auto& [name, text] : run["values"].items()) {
        record.values[name] = text.is_string() ? text.get<std::string>() : "";
      }
    }
    for (const auto& one : run["events"]) {
      auto event = event_from(one);
      if (!event) {
        return std::unexpected(event.error());
      }
      record.events.push_back(std::move(*event));
    }
    out.runs.push_back(std::move(record));
  }
  return out;
}

}  // namespace parley::engine
