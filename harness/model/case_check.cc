// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/case_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/mutators/mutator.h"
#include "harness/base/text.h"
#include "harness/crypto/jose/forgery.h"
#include "harness/crypto/media/large_media.h"
#include "harness/crypto/omemo/payload_forgery.h"
#include "harness/crypto/signal/forgery.h"
#include "harness/model/case_rows.h"

namespace parley::model {
namespace {

using nlohmann::json;

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
constexpr std::array<std::string_view, 14> kCertificates{
    "valid", "expired", "not-yet-valid", "other-host", "self-signed", "unknown-ca",
    // A client's too.
    "none", "client-only", "server-only", "both-purposes", "longer-name", "prefixed-name",
    "sibling-name", "subject-only"};
constexpr std::array<std::string_view, 4> kTlsVersions{"1.0", "1.1", "1.2", "1.3"};
constexpr std::array<std::string_view, 5> kTlsOrNone{"none", "1.0", "1.1", "1.2", "1.3"};
// Keys beside `cases:` that no case would inherit.
constexpr std::array kOwnKeys{"case", "change", "vary", "expect", "never", "soils", "alone"};

// What a layer's change may hold, and which of these do something by themselves.
struct LayerKeys {
  std::string_view layer;  // empty: the flow itself
  std::vector<std::string_view> keys;
  std::vector<std::string_view> deeds;
};
const std::array<LayerKeys, 11>& layers() {
  static const std::array<LayerKeys, 11> all{
      LayerKeys{"stanza",
                {"set", "remove", "add", "into", "rename", "ns", "proof"},
                {"set", "remove", "add", "rename", "ns"}},
      LayerKeys{"bytes",
                {"find", "replace", "at", "take", "prepend", "append", "cut-after", "flip", "keep",
                 "times", "mutate"},
                {"replace", "prepend", "append", "cut-after", "flip", "keep", "times", "mutate"}},
      LayerKeys{"handshake",
                {"set", "remove", "add", "into", "rename"},
                {"set", "remove", "add", "rename"}},
      LayerKeys{"frame",
                {"find", "replace", "at", "take", "prepend", "append", "cut-after", "flip", "keep",
                 "times", "mutate", "counter"},
                {"replace", "prepend", "append", "cut-after", "flip", "keep", "times", "mutate",
                 "counter"}},
      LayerKeys{"token",
                {"set", "header", "remove", "sign", "forge"},
                {"set", "header", "remove", "sign", "forge"}},
      LayerKeys{"content",
                {"set", "remove", "find", "replace", "prepend", "append", "flip", "keep", "mutate",
                 "padding", "filler"},
                {"set", "remove", "replace", "prepend", "append", "flip", "keep", "mutate",
                 "padding", "filler"}},
      LayerKeys{"encryption",
                {"forge", "replay", "ahead", "version", "find", "replace", "prepend", "append",
                 "flip", "keep", "mutate"},
                {"forge", "replay", "ahead", "version", "replace", "prepend", "append", "flip",
                 "keep", "mutate"}},
      LayerKeys{"media", {"forge"}, {"forge"}},
      LayerKeys{"stream",
                {"segment", "pause-ms", "stall-after", "join", "websocket"},
                {"segment", "stall-after", "join", "websocket"}},
      LayerKeys{"connection",
                {"tls-min", "tls-max", "certificate", "end", "upgrade"},
                {"tls-min", "tls-max", "certificate", "end", "upgrade"}},
      LayerKeys{"", {"drop", "before", "insert"}, {"drop", "before", "insert"}}};
  return all;
}

template <class Forgeries>
std::vector<std::string> names_of(const Forgeries& forgeries) {
  std::vector<std::string> out;
  for (const auto& forgery : forgeries) {
    out.emplace_back(forgery.name);
  }
  return out;
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

// Of a binary stanza's error or an HTTP response; "inactive" as RFC 7662 section 2.2 answers.
bool is_code(std::string_view condition) {
  if (condition == "inactive") {
    return true;
  }
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
    if (value.contains("at") && (value.contains("find") || !value.contains("replace"))) {
      complain("/change/at", "'at' says where 'replace' stands, without 'find'",
               "add 'replace', and leave out 'find'");
    }
    if (value.contains("take") && !value.contains("at")) {
      complain("/change/take", "'take' without 'at' takes nothing", "add 'at'");
    }
    if (value.contains("pause-ms") && !value.contains("segment")) {
      complain("/change/pause-ms", "a pause without segments to stand between", "add 'segment'");
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

  // What nothing odd was sent to has lived through nothing.
  void survival(const json& value) const {
    const auto change = value.value("change", json::object());
    const auto layer = string_at(change, "layer");
    const bool whole = !layer.empty() && layer != "stream" && layer != "connection";
    if (string_at(value, "expect") == "survives" && (!whole || change.contains("cut-after"))) {
      complain("/expect", "'survives' is about octets that are sent whole",
               "change some: layer: bytes, without 'cut-after'");
    }
  }

  // `row` is the one of `vary` that `place` names; both are empty without one.
  void numbers(const json& change, const Row& row, const std::string& place) const {
    for (const char* key :
         {"flip", "keep", "at", "counter", "padding", "filler", "ahead", "version"}) {
      if (change.contains(key) && !number_in(change, key, row)) {
        complain(place.empty() ? fmt::format("/change/{}", key) : place,
                 fmt::format("'{}' is no number", text_in(change, key, row)),
                 fmt::format("'{}' is a whole number, or ${{name}} of one in each row", key));
      }
    }
  }

  void mutation(const json& change, const Row& row, const std::string& place) const {
    if (!change.contains("mutate")) {
      return;
    }
    const auto& mutate = change["mutate"];
    const auto by = string_at(mutate, "by");
    if (mutators::mutator_named(by) == nullptr) {
      complain("/change/mutate/by", unknown_name("mutator", by, names_of(mutators::mutators())),
               "name one of fuzz/mutators");
    }
    if (!seed_in(mutate, row)) {
      complain(place.empty() ? "/change/mutate/seed" : place,
               fmt::format("'{}' is no seed", text_in(mutate, "seed", row)),
               "'seed' is a whole number from 0 on, or ${name} of one in each row");
    }
  }

  void connection(const json& change, const Row& row, const std::string& place) const {
    word(change, "certificate", {row, place, strings_of(kCertificates)});
    word(change, "tls-min", {row, place, strings_of(kTlsVersions)});
    word(change, "tls-max", {row, place, strings_of(kTlsOrNone)});
  }

  void token(const json& change, const Row& row, const std::string& place) const {
    forgery(change, row, place, names_of(crypto::jose::forgeries()));
  }

  void encryption(const json& change, const Row& row, const std::string& place) const {
    auto known = names_of(crypto::signal::forgeries());
    const auto payloads = names_of(crypto::omemo::payload_forgeries());
    known.insert(known.end(), payloads.begin(), payloads.end());
    forgery(change, row, place, known);
  }

  void media(const json& change, const Row& row, const std::string& place) const {
    auto known = names_of(crypto::media::media_forgeries());
    const auto large = names_of(crypto::media::large_media_forgeries());
    known.insert(known.end(), large.begin(), large.end());
    forgery(change, row, place, known);
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

  void forgery(const json& change, const Row& row, const std::string& place,
               const std::vector<std::string>& known) const {
    const auto forge = text_in(change, "forge", row);
    if (!forge.empty() && !holds(known, forge)) {
      const bool varied = forge != string_at(change, "forge");
      complain(varied ? place : "/change/forge", unknown_name("forgery", forge, known),
               "name one of 'parley list forgeries'");
    }
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

}  // namespace

void check_case(const Document& document, const std::string& pointer, const json& value,
                Problems& problems) {
  const CaseCheck check(document, pointer, problems);
  if (value.contains("change")) {
    check.change(value["change"]);
  }
  if (value.contains("expect")) {
    check.expect(value["expect"]);
    check.survival(value);
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
    check.mutation(change, row, place);
    const auto layer = string_at(change, "layer");
    if (layer == "connection") {
      check.connection(change, row, place);
    } else if (layer == "token") {
      check.token(change, row, place);
    } else if (layer == "encryption") {
      check.encryption(change, row, place);
    } else if (layer == "media") {
      check.media(change, row, place);
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

}  // namespace parley::model
