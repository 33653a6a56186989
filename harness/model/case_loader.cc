// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/case_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "harness/base/text.h"
#include "harness/model/case_check.h"
#include "harness/model/case_rows.h"
#include "harness/model/flow_loader.h"

namespace parley::model {
namespace {

using nlohmann::json;

StanzaEdit stanza_edit(const json& value) {
  StanzaEdit edit;
  if (value.contains("set")) {
    for (const auto& [path, text] : value["set"].items()) {
      edit.set[path] = text_of(text);
    }
  }
  edit.remove = strings_at(value, "remove");
  edit.add = strings_at(value, "add");
  edit.into = value.contains("into") ? string_at(value, "into") : ".";
  edit.rename = string_at(value, "rename");
  edit.ns = string_at(value, "ns");
  edit.proof =
      string_at(value, "proof") == "after" ? StanzaEdit::Proof::after : StanzaEdit::Proof::before;
  return edit;
}

BytesEdit bytes_edit(const json& value, const Row& row) {
  BytesEdit edit;
  edit.find = string_at(value, "find");
  if (value.contains("replace")) {
    edit.replace = string_at(value, "replace");
  }
  edit.prepend = string_at(value, "prepend");
  edit.append = string_at(value, "append");
  edit.cut_after = string_at(value, "cut-after");
  edit.flip = number_in(value, "flip", row);
  edit.keep = number_in(value, "keep", row);
  edit.times = value.value("times", std::size_t{1});
  edit.at = number_in(value, "at", row);
  edit.take = value.value("take", std::size_t{0});
  if (value.contains("mutate")) {
    edit.mutate = Mutation{.by = string_at(value["mutate"], "by"),
                           .seed = seed_in(value["mutate"], row).value_or(0)};
  }
  return edit;
}

FlowEdit flow_edit(const json& value) {
  FlowEdit edit;
  if (value.contains("before")) {
    edit.kind = FlowEdit::Kind::before;
    edit.step = string_at(value, "before");
  } else if (value.contains("insert")) {
    const auto& insert = value["insert"];
    edit.kind = string_at(insert, "where") == "after" ? FlowEdit::Kind::insert_after
                                                      : FlowEdit::Kind::insert_before;
    edit.form = string_at(insert, "message");
    if (insert.contains("with")) {
      edit.with = fields_of(insert["with"]);
    }
  }
  return edit;
}

StreamEdit stream_edit(const json& value) {
  StreamEdit edit{.segment_octets = value.value("segment", std::size_t{0}),
                  .pause = std::chrono::milliseconds(value.value("pause-ms", 0)),
                  .join = value.value("join", std::size_t{1})};
  if (value.contains("stall-after")) {
    edit.stall_after = value["stall-after"].get<std::size_t>();
  }
  if (value.contains("websocket")) {
    const auto& web = value["websocket"];
    edit.web_socket = WebSocketEdit{.opcode = string_at(web, "opcode"),
                                    .fragment_octets = web.value("fragment", std::size_t{0}),
                                    .control = string_at(web, "control"),
                                    .mask = string_at(web, "mask"),
                                    .reserved = web.value("reserved", 0U),
                                    .length = string_at(web, "length")};
  }
  return edit;
}

std::map<std::string, std::string> texts_of(const json& value, const char* name) {
  std::map<std::string, std::string> out;
  if (value.contains(name)) {
    for (const auto& [key, inner] : value[name].items()) {
      out[key] = inner.is_string() ? inner.get<std::string>() : inner.dump();
    }
  }
  return out;
}

Change change_of(const json& value, const Row& row) {
  Change change;
  change.step = string_at(value, "step");
  const auto layer = string_at(value, "layer");
  if (layer == "stanza") {
    change.edit = stanza_edit(value);
  } else if (layer == "bytes") {
    change.edit = bytes_edit(value, row);
  } else if (layer == "handshake") {
    change.edit = HandshakeEdit{.tree = stanza_edit(value)};
  } else if (layer == "frame") {
    change.edit = FrameEdit{.octets = bytes_edit(value, row),
                            .counter = number_in(value, "counter", row).value_or(0)};
  } else if (layer == "token") {
    change.edit = TokenEdit{.set = texts_of(value, "set"),
                            .header = texts_of(value, "header"),
                            .remove = strings_at(value, "remove"),
                            .sign = string_at(value, "sign"),
                            .forge = string_at(value, "forge")};
  } else if (layer == "content") {
    change.edit = ContentEdit{.set = texts_of(value, "set"),
                              .remove = strings_at(value, "remove"),
                              .octets = bytes_edit(value, row),
                              .padding = number_in(value, "padding", row),
                              .filler = number_in(value, "filler", row)};
  } else if (layer == "encryption") {
    change.edit = EncryptionEdit{.forge = string_at(value, "forge"),
                                 .replay = string_at(value, "replay"),
                                 .ahead = number_in(value, "ahead", row),
                                 .version = number_in(value, "version", row),
                                 .octets = bytes_edit(value, row)};
  } else if (layer == "media") {
    change.edit = MediaEdit{.forge = string_at(value, "forge")};
  } else if (layer == "stream") {
    change.edit = stream_edit(value);
  } else if (layer == "connection") {
    change.edit = ConnectionEdit{.tls_min = string_at(value, "tls-min"),
                                 .tls_max = string_at(value, "tls-max"),
                                 .certificate = string_at(value, "certificate"),
                                 .end = string_at(value, "end"),
                                 .upgrade = texts_of(value, "upgrade")};
  } else {
    change.edit = flow_edit(value);
  }
  return change;
}

Outcome outcome_of(const json& value) {
  Outcome outcome;
  if (value.is_string()) {
    const auto word = value.get<std::string>();
    outcome.kind = word == "completes"  ? Outcome::Kind::completes
                   : word == "ignored"  ? Outcome::Kind::ignored
                   : word == "survives" ? Outcome::Kind::survives
                                        : Outcome::Kind::refused;
    return outcome;
  }
  const auto& refused = value["refused"];
  outcome.kind = Outcome::Kind::refused;
  for (const auto& name : strings_at(refused, "by")) {
    if (const auto kind = refusal_from(name)) {
      outcome.by.push_back(*kind);
    }
  }
  outcome.conditions = strings_at(refused, "condition");
  return outcome;
}

std::vector<Outcome> outcomes_of(const json& value) {
  if (value.is_object() && value.contains("any-of")) {
    std::vector<Outcome> out;
    for (const auto& one : value["any-of"]) {
      out.push_back(outcome_of(one));
    }
    return out;
  }
  return {outcome_of(value)};
}

Case base_case(const json& value, const std::string& suite, const Document& document) {
  Case one;
  one.id = suite + "/" + string_at(value, "case");
  one.title = string_at(value, "title");
  one.suite = suite;
  one.file = document.file();
  one.requirement = string_at(value, "verifies");
  one.profile = string_at(value, "profile");
  one.flow = string_at(value, "flow");
  one.party = party_from(string_at(value, "party")).value_or(Party::gatekeeper_server);
  one.together = party_from(string_at(value, "together"));
  one.mirror = party_from(string_at(value, "mirror"));
  one.needs = strings_at(value, "needs");
  if (value.contains("never")) {
    for (const auto& step : value["never"]) {
      one.never.push_back(step_of(step));
      one.never.back().id = fmt::format("never-{}", one.never.size());
    }
  }
  one.soils = value.value("soils", false);
  one.alone = value.value("alone", false);
  if (value.contains("change")) {
    one.change = change_of(value["change"], {});
  }
  one.any_of = outcomes_of(value.contains("expect") ? value["expect"] : json("completes"));
  return one;
}

// Of all that rows and lists make of what is written once: a file of one megabyte could say much
// more.
constexpr std::size_t kMaxWrittenOut = 16 * 1024 * 1024;

// Octets of the case `value` with each of its rows.
std::size_t octets_written_out(const json& value) {
  std::size_t once = 0;
  for (const auto& [key, part] : value.items()) {
    once += key == "vary" ? 0 : part.dump().size();
  }
  return once * (value.contains("vary") ? value["vary"].size() : 1);
}

}  // namespace

std::vector<Case> cases_of(const Document& document, const std::string& suite, Problems& problems) {
  std::vector<Case> out;
  const bool list = document.root().contains("cases");
  const json single = json::array({document.root()});
  if (list) {
    check_top(document, problems);
  }
  const json& values = list ? document.root()["cases"] : single;
  std::size_t written_out = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto pointer = list ? fmt::format("/cases/{}", i) : std::string();
    json value = values[i];
    for (const auto* shared :
         {"profile", "party", "together", "mirror", "flow", "verifies", "needs"}) {
      if (list && !value.contains(shared) && document.root().contains(shared)) {
        value[shared] = document.root()[shared];
      }
    }
    for (const char* needed : {"party", "flow", "verifies", "profile"}) {
      if (!value.contains(needed)) {
        problems.push_back(document.problem(pointer, fmt::format("the case has no '{}'", needed),
                                            "add it to the case or to the file's top"));
      }
    }
    written_out += octets_written_out(value);
    if (written_out > kMaxWrittenOut) {
      problems.push_back(document.problem(
          pointer + (value.contains("vary") ? "/vary" : ""),
          fmt::format("the cases have more than {} octets once each row and all that they share is "
                      "written out",
                      kMaxWrittenOut),
          "make fewer rows, or shorter cases"));
      return out;
    }
    check_case(document, pointer, value, problems);
    Case base = base_case(value, suite, document);
    if (!value.contains("vary")) {
      out.push_back(std::move(base));
      continue;
    }
    std::set<std::map<std::string, std::string>> seen;
    for (auto& [name, row] : rows_of(value["vary"])) {
      if (!seen.insert(row).second) {
        problems.push_back(document.problem(pointer + "/vary/" + name,
                                            "the row equals an earlier one", "remove it"));
      }
      Case varied = base;
      varied.id += "/" + name;
      if (value.contains("change")) {
        varied.change = change_of(value["change"], row);
      }
      varied.row = std::move(row);
      out.push_back(std::move(varied));
    }
  }
  return out;
}

}  // namespace parley::model
