// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/case_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "harness/base/text.h"
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
  return edit;
}

using Row = std::map<std::string, std::string>;

// What stands there, `${name}` replaced by what the row of `vary` has under that name.
std::string text_in(const json& value, const char* key, const Row& row) {
  auto text = string_at(value, key);
  for (const auto& [name, one] : row) {
    text = replace_all(std::move(text), "${" + name + "}", one);
  }
  return text;
}

// Nullopt when the key is not there or says no number.
std::optional<int> number_in(const json& value, const char* key, const Row& row) {
  const auto text = text_in(value, key, row);  // empty is no number
  int out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(out)
                                                                  : std::nullopt;
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
                  .join = value.value("join", std::size_t{1})};
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
    outcome.kind = word == "completes" ? Outcome::Kind::completes
                   : word == "ignored" ? Outcome::Kind::ignored
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

// Rows of `vary`: by name, each a mapping of values, or a plain list for one value named "value".
std::vector<std::pair<std::string, Row>> rows_of(const json& value) {
  std::vector<std::pair<std::string, Row>> out;
  for (const auto& [name, row] : value.items()) {
    Row values;
    if (row.is_object()) {
      for (const auto& [key, one] : row.items()) {
        values[key] = text_of(one);
      }
    } else {
      values["value"] = text_of(row);
    }
    out.emplace_back(name, std::move(values));
  }
  return out;
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

// The error conditions that a case may expect. Sources: RFC 6120 sections 4.9.3 (stream), 6.5
// (SASL) and 8.3.3 (stanza); the last three are RFC 3920's (sections 4.7.3 and 9.3.3), which are
// still met.
constexpr std::array<std::string_view, 54> kConditions{
    "bad-format", "bad-namespace-prefix", "conflict", "connection-timeout", "host-gone",
    "host-unknown", "improper-addressing", "internal-server-error", "invalid-from",
    "invalid-namespace", "invalid-xml", "not-authorized", "not-well-formed", "policy-violation",
    "remote-connection-failed", "reset", "resource-constraint", "restricted-xml", "see-other-host",
    "system-shutdown", "undefined-condition", "unsupported-encoding", "unsupported-feature",
    "unsupported-stanza-type", "unsupported-version",
    // SASL
    "aborted", "account-disabled", "credentials-expired", "encryption-required",
    "incorrect-encoding", "invalid-authzid", "invalid-mechanism", "malformed-request",
    "mechanism-too-weak", "temporary-auth-failure",
    // stanza
    "bad-request", "feature-not-implemented", "forbidden", "gone", "item-not-found",
    "jid-malformed", "not-acceptable", "not-allowed", "recipient-unavailable", "redirect",
    "registration-required", "remote-server-not-found", "remote-server-timeout",
    "service-unavailable", "subscription-required", "unexpected-request",
    // RFC 3920
    "invalid-id", "payment-required", "xml-not-well-formed"};
constexpr std::array<std::string_view, 6> kCertificates{
    "valid", "expired", "not-yet-valid", "other-host", "self-signed", "unknown-ca"};
constexpr std::array<std::string_view, 4> kTlsVersions{"1.0", "1.1", "1.2", "1.3"};
// Keys beside `cases:` that no case would inherit.
constexpr std::array kOwnKeys{"case", "change", "vary", "expect", "never", "soils", "alone"};

// What a layer's change may hold, and which of these do something by themselves.
struct LayerKeys {
  std::string_view layer;  // empty: the flow itself
  std::vector<std::string_view> keys;
  std::vector<std::string_view> deeds;
};
const std::array<LayerKeys, 8>& layers() {
  static const std::array<LayerKeys, 8> all{
      LayerKeys{"stanza",
                {"set", "remove", "add", "into", "rename", "ns"},
                {"set", "remove", "add", "rename", "ns"}},
      LayerKeys{"bytes",
                {"find", "replace", "prepend", "append", "cut-after", "flip", "keep", "times"},
                {"replace", "prepend", "append", "cut-after", "flip", "keep", "times"}},
      LayerKeys{"handshake",
                {"set", "remove", "add", "into", "rename"},
                {"set", "remove", "add", "rename"}},
      LayerKeys{
          "frame",
          {"find", "replace", "prepend", "append", "cut-after", "flip", "keep", "times", "counter"},
          {"replace", "prepend", "append", "cut-after", "flip", "keep", "times", "counter"}},
      LayerKeys{"token",
                {"set", "header", "remove", "sign", "forge"},
                {"set", "header", "remove", "sign", "forge"}},
      LayerKeys{"stream", {"segment", "join", "websocket"}, {"segment", "join", "websocket"}},
      LayerKeys{"connection",
                {"tls-min", "tls-max", "certificate", "end", "upgrade"},
                {"tls-min", "tls-max", "certificate", "end", "upgrade"}},
      LayerKeys{"", {"drop", "before", "insert"}, {"drop", "before", "insert"}}};
  return all;
}

template <class Words>
bool holds(const Words& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

template <class Words>
std::vector<std::string> strings_of(const Words& words) {
  return {words.begin(), words.end()};
}

std::string name_of(const LayerKeys& layer) {
  return layer.layer.empty() ? "no layer" : fmt::format("layer '{}'", layer.layer);
}

// `replace: ''` takes octets away; anything else that is empty does nothing.
bool does_something(const std::string& key, const json& value) {
  if (value.is_null()) {
    return false;
  }
  return key == "replace" || !(value.is_string() ? value.get_ref<const std::string&>().empty()
                                                 : value.is_structured() && value.empty());
}

// Of a binary stanza's error or an HTTP response.
bool is_code(std::string_view condition) {
  return condition.size() == 3 && condition.find_first_not_of("0123456789") == condition.npos;
}

// Complains about what the schema cannot say of one case.
class CaseCheck {
 public:
  CaseCheck(const Document& document, std::string pointer, Problems& problems)
      : document_(document), pointer_(std::move(pointer)), problems_(problems) {}

  void change(const json& value) const {
    const auto name = string_at(value, "layer");
    const auto found = std::ranges::find(layers(), std::string_view(name), &LayerKeys::layer);
    if (found == layers().end()) {
      return;  // the schema has complained
    }
    const auto& layer = *found;
    std::size_t deeds = 0;
    for (const auto& [key, inner] : value.items()) {
      if (key == "step" || key == "layer") {
        continue;
      }
      if (!holds(layer.keys, key)) {
        foreign_key(key, layer);
        return;
      }
      deeds += holds(layer.deeds, key) && does_something(key, inner) ? 1 : 0;
    }
    const auto choice = join(strings_of(layer.deeds), ", ");
    if (deeds == 0) {
      complain("/change",
               name.empty() ? "the change says nothing that can be done to the flow"
                            : fmt::format("the change says nothing that layer '{}' can do", name),
               name.empty() ? "give one of: " + choice + "; or a layer" : "give one of: " + choice);
    } else if (name.empty() && deeds > 1) {
      complain("/change", "the change says more than one thing", "keep one of: " + choice);
    }
    if (value.contains("find") && !value.contains("replace")) {
      complain("/change/find", "'find' without 'replace' changes nothing", "add 'replace'");
    }
  }

  void expect(const json& value) const {
    if (!value.is_object()) {
      return;
    }
    conditions(value, "/expect");
    if (value.contains("any-of")) {
      for (std::size_t i = 0; i < value["any-of"].size(); ++i) {
        conditions(value["any-of"][i], fmt::format("/expect/any-of/{}", i));
      }
    }
  }

  // `row` is the one of `vary` that `place` names; both are empty without one.
  void numbers(const json& change, const Row& row, const std::string& place) const {
    for (const char* key : {"flip", "keep", "counter"}) {
      if (change.contains(key) && !number_in(change, key, row)) {
        complain(place.empty() ? fmt::format("/change/{}", key) : place,
                 fmt::format("'{}' is no number", text_in(change, key, row)),
                 fmt::format("'{}' is a whole number, or ${{name}} of one in each row", key));
      }
    }
  }

  void connection(const json& change, const Row& row, const std::string& place) const {
    word(change, "certificate", {row, place, strings_of(kCertificates)});
    word(change, "tls-min", {row, place, strings_of(kTlsVersions)});
    word(change, "tls-max", {row, place, strings_of(kTlsVersions)});
  }

 private:
  struct Words {
    const Row& row;
    const std::string& place;
    std::vector<std::string> known;
  };

  void complain(const std::string& field, std::string message, std::string mend) const {
    problems_.push_back(document_.problem(pointer_ + field, std::move(message), std::move(mend)));
  }

  void foreign_key(const std::string& key, const LayerKeys& layer) const {
    const auto owner = std::ranges::find_if(
        layers(), [&key](const LayerKeys& one) { return holds(one.keys, key); });
    complain("/change/" + key,
             fmt::format("the key '{}' belongs to {}, not to {}", key,
                         owner == layers().end() ? "none" : name_of(*owner), name_of(layer)),
             "use the keys of one layer: " + join(strings_of(layer.keys), ", "));
  }

  void conditions(const json& outcome, const std::string& field) const {
    if (!outcome.is_object() || !outcome.contains("refused")) {
      return;
    }
    const auto words = strings_at(outcome["refused"], "condition");
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (!holds(kConditions, words[i]) && !is_code(words[i])) {
        complain(fmt::format("{}/refused/condition/{}", field, i),
                 unknown_name("condition", words[i], strings_of(kConditions)),
                 "name one of RFC 6120 sections 4.9.3, 6.5 or 8.3.3, or a code of three digits");
      }
    }
  }

  void word(const json& change, const char* key, const Words& words) const {
    if (!change.contains(key)) {
      return;
    }
    const auto written = string_at(change, key);
    const auto text = text_in(change, key, words.row);
    if (!holds(words.known, text)) {
      const bool varied = text != written;
      complain(varied ? words.place : fmt::format("/change/{}", key),
               unknown_name(key, text, words.known), "use one of: " + join(words.known, ", "));
    }
  }

  const Document& document_;
  std::string pointer_;
  Problems& problems_;
};

void check_case(const Document& document, const std::string& pointer, const json& value,
                Problems& problems) {
  const CaseCheck check(document, pointer, problems);
  if (value.contains("change")) {
    check.change(value["change"]);
  }
  if (value.contains("expect")) {
    check.expect(value["expect"]);
  }
  if (!value.contains("change")) {
    return;
  }
  const auto& change = value["change"];
  const auto rows = value.contains("vary") ? rows_of(value["vary"])
                                           : std::vector{std::pair(std::string(), Row())};
  for (const auto& [name, row] : rows) {
    const auto place = name.empty() ? std::string() : "/vary/" + name;
    check.numbers(change, row, place);
    if (string_at(change, "layer") == "connection") {
      check.connection(change, row, place);
    }
  }
}

void check_top(const Document& document, Problems& problems) {
  for (const char* key : kOwnKeys) {
    if (document.root().contains(key)) {
      problems.push_back(document.problem("/" + std::string(key),
                                          fmt::format("no case reads '{}' beside 'cases'", key),
                                          "put it into each case"));
    }
  }
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
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto pointer = list ? fmt::format("/cases/{}", i) : std::string();
    json value = values[i];
    for (const auto* shared : {"profile", "party", "flow", "verifies", "needs"}) {
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
