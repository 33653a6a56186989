// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/profile_loader.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/text.h"
#include "harness/model/keys.h"
#include "harness/model/setting.h"
#include "harness/wire/binary_reader.h"
#include "harness/wire/http_tree.h"
#include "harness/wire/json_tree.h"

namespace parley::model {
namespace {

using nlohmann::json;

class ProfileLoader {
 public:
  ProfileLoader(const std::vector<Document>& documents, Problems& problems) : problems_(problems) {
    for (const auto& document : documents) {
      const auto name = string_at(document.root(), "profile");
      if (!sources_.emplace(name, &document).second) {
        problems_.push_back(document.problem("/profile",
                                             fmt::format("the profile '{}' stands twice", name),
                                             "give it another name"));
      }
    }
  }

  std::map<std::string, Profile> load() {
    for (const auto& [name, document] : sources_) {
      load(name);
    }
    return std::move(done_);
  }

 private:
  // Null, and a problem, where it cannot be.
  const Profile* load(const std::string& name) {
    if (const auto at = done_.find(name); at != done_.end()) {
      return &at->second;
    }
    const Document& document = *sources_.at(name);
    if (!loading_.insert(name).second) {
      return nullptr;
    }
    const auto base = string_at(document.root(), "extends");
    Profile profile;
    if (!base.empty()) {
      const bool known = sources_.contains(base);
      const bool circle = loading_.contains(base);
      const auto* extended = known && !circle ? load(base) : nullptr;
      if (extended == nullptr) {
        if (!known || circle) {
          problems_.push_back(
              document.problem("/extends",
                               circle ? "the profiles extend each other in a circle"
                                      : unknown_name("profile", base, keys_of(sources_)),
                               circle ? "break the circle" : "name one of suites/profiles/"));
        }
        return nullptr;
      }
      profile = *extended;
      profile.bases.insert(profile.bases.begin(), base);
      profile.excludes.clear();
    }
    fill(profile, document);
    loading_.erase(name);
    return &(done_[name] = std::move(profile));
  }

  void fill(Profile& profile, const Document& document) {
    const auto& root = document.root();
    const auto take = [&](std::string& member, const char* key) {
      if (root.contains(key)) {
        member = string_at(root, key);
      }
    };
    take(profile.name, "profile");
    take(profile.title, "title");
    take(profile.status, "status");
    take(profile.content_ns, "content-namespace");
    take(profile.probe, "probe");
    take(profile.bystander, "bystander");
    take(profile.survival, "survival");
    take(profile.farewell, "farewell");
    if (root.contains("wire")) {
      profile.wire = string_at(root, "wire") == "noise" ? Wire::noise : Wire::xml;
    }
    if (root.contains("accounts")) {
      profile.numbered_accounts = string_at(root, "accounts") == "numbers";
    }
    fill_tables(profile, root);
    fill_tokens(profile, document);
    if (root.contains("messages")) {
      for (const auto& [name, value] : root["messages"].items()) {
        add_form(profile, document, name, value);
      }
    }
    check(profile, document);
  }

  static void fill_tables(Profile& profile, const json& root) {
    profile.excludes = strings_at(root, "excludes");
    if (root.contains("addresses")) {
      for (const auto& [party, address] : root["addresses"].items()) {
        if (const auto known = party_from(party)) {
          profile.addresses[*known] = text_of(address);
        }
      }
    }
    if (root.contains("services")) {
      for (const auto& [name, party] : root["services"].items()) {
        if (const auto known = party_from(text_of(party))) {
          profile.services[name] = *known;
        }
      }
    }
    if (root.contains("carriers")) {
      for (const auto& [service, value] : root["carriers"].items()) {
        profile.carriers[service] = {.setting = string_at(value, "setting"),
                                     .login = string_at(value, "login"),
                                     .user = string_at(value, "user"),
                                     .actor = string_at(value, "as")};
      }
    }
    if (root.contains("probes")) {
      for (const auto& [party, flow] : root["probes"].items()) {
        if (const auto known = party_from(party)) {
          profile.probes[*known] = text_of(flow);
        }
      }
    }
    if (root.contains("account-kinds")) {
      for (const auto& [kind, fields] : root["account-kinds"].items()) {
        auto& kept = profile.account_kinds[kind];
        kept.clear();
        for (const auto& [field, value] : fields.items()) {
          kept[field] = text_of(value);
        }
      }
    }
    if (root.contains("refusals")) {
      profile.refusals.clear();
      for (const auto& name : strings_at(root, "refusals")) {
        if (const auto kind = refusal_from(name)) {
          profile.refusals.push_back(*kind);
        }
      }
    }
    if (root.contains("settings")) {
      for (const auto& [name, value] : root["settings"].items()) {
        profile.settings[name] = {string_at(value, "value"), string_at(value, "basis"),
                                  string_at(value, "source"), strings_at(value, "bears-on")};
      }
    }
  }

  // The file's name is relative to the profile's own folder.
  void fill_tokens(Profile& profile, const Document& document) {
    const auto setting = profile.settings.find(kTokenDictionary);
    if (setting == profile.settings.end() || setting->second.value.empty()) {
      return;
    }
    auto& file = setting->second.value;
    file = (std::filesystem::path(document.file()).parent_path() / file).string();
    if (const auto loaded = load_tokens(profile); !loaded) {
      problems_.push_back(document.problem("/settings/token-dictionary/value",
                                           loaded.error().detail,
                                           "name a readable file of tokens, or none"));
    }
  }

  void check(const Profile& profile, const Document& document) {
    if (!profile.forms.contains(profile.farewell)) {
      problems_.push_back(document.problem(
          "/farewell", unknown_name("message", profile.farewell, keys_of(profile.forms)),
          "name a message of this profile that ends a session, without fields"));
    }
    for (const auto& [name, setting] : profile.settings) {
      for (const auto& form : setting.bears_on) {
        if (!profile.forms.contains(form) && !form.starts_with(kDoes)) {
          problems_.push_back(
              document.problem("/settings/" + name + "/bears-on",
                               unknown_name("message", form, keys_of(profile.forms)),
                               "name a message of this profile"));
        }
      }
    }
    if (profile.services.contains("up")) {  // so is called the half of a link that goes on
      problems_.push_back(document.problem("/services/up", "a service cannot be called 'up'",
                                           "give it another name"));
    }
    for (const auto& [service, carrier] : profile.carriers) {
      if (!profile.services.contains(service)) {
        problems_.push_back(document.problem(
            "/carriers/" + service, unknown_name("service", service, keys_of(profile.services)),
            "name one of the profile's services"));
      }
      if (!profile.settings.contains(carrier.setting)) {
        problems_.push_back(
            document.problem("/carriers/" + service + "/setting",
                             unknown_name("setting", carrier.setting, keys_of(profile.settings)),
                             "name one of the profile's settings"));
      }
    }
    for (const auto& [name, form] : profile.forms) {
      if (!form.service.empty() && !profile.services.contains(form.service)) {
        problems_.push_back(
            document.problem("/messages/" + name + "/service",
                             unknown_name("service", form.service, keys_of(profile.services)),
                             "name one of the profile's services"));
      }
      if (!form.mirrors.empty() && !profile.forms.contains(form.mirrors)) {
        problems_.push_back(
            document.problem("/messages/" + name + "/mirrors",
                             unknown_name("message", form.mirrors, keys_of(profile.forms)),
                             "name a message of this profile"));
      }
    }
    for (const auto& [party, address] : profile.addresses) {
      check_names(profile, document, address, "/addresses/" + std::string(to_string(party)));
    }
    for (const auto& [kind, fields] : profile.account_kinds) {
      for (const auto& [field, value] : fields) {
        check_names(profile, document, value, "/account-kinds/" + kind + "/" + field);
      }
    }
    for (const auto& [name, form] : profile.forms) {
      check_names(profile, document, xml::print(form.pattern), "/messages/" + name + "/xml");
      for (const auto& [field, value] : form.defaults) {
        check_names(profile, document, value, "/messages/" + name + "/fields/" + field);
      }
    }
  }

  void check_names(const Profile& profile, const Document& document, const std::string& text,
                   const std::string& pointer) {
    for (const auto& name : settings_in(text)) {
      if (!profile.settings.contains(name)) {
        problems_.push_back(
            document.problem(pointer, unknown_name("setting", name, keys_of(profile.settings)),
                             "name one of the profile's settings"));
      }
    }
  }

  void add_form(Profile& profile, const Document& document, const std::string& name,
                const json& value) {
    MessageForm form;
    form.name = name;
    form.restarts = value.value("restarts-stream", false);
    form.suspends = value.value("suspends-stream", false);
    form.mirrors = string_at(value, "mirrors");
    if (value.contains("names")) {
      for (const auto& [field, receiver] : value["names"].items()) {
        form.names[field] = receiver.is_string() ? receiver.get<std::string>() : "";
      }
    }
    const auto kind = string_at(value, "kind");
    form.kind = kind == "header"   ? MessageForm::Kind::header
                : kind == "footer" ? MessageForm::Kind::footer
                                   : MessageForm::Kind::element;
    if (value.contains("fields")) {
      for (const auto& [field, expression] : value["fields"].items()) {
        form.defaults[field] =
            expression.is_string() ? expression.get<std::string>() : expression.dump();
      }
    }
    form.service = string_at(value, "service");
    if (!form.service.empty()) {
      auto pattern = http_pattern(document, name, value);
      if (!pattern) {
        return;
      }
      form.pattern = std::move(*pattern);
      if (value.contains("proof")) {
        form.defaults.insert(proof_defaults().begin(), proof_defaults().end());
      }
      if (value.contains("stanza")) {
        form.stanza = stanza_form(profile, document, name, value);
      }
    } else if (form.kind != MessageForm::Kind::footer) {
      auto pattern = stanza_pattern(profile, document, {name, "xml"}, value);
      if (!pattern) {
        return;
      }
      form.pattern = std::move(*pattern);
    }
    profile.forms[name] = std::move(form);
  }

  struct Place {
    const std::string& message;
    const char* key;
  };
  // Nullopt, and a problem, for what is no element.
  std::optional<xml::Element> stanza_pattern(const Profile& profile, const Document& document,
                                             const Place& place, const json& value) {
    const auto pointer = fmt::format("/messages/{}/{}", place.message, place.key);
    auto pattern = xml::parse(string_at(value, place.key), profile.content_ns);
    if (!pattern) {
      problems_.push_back(
          document.problem(pointer, pattern.error().detail, "write one well-formed element"));
      return std::nullopt;
    }
    if (profile.wire != Wire::noise) {
      return std::move(*pattern);
    }
    // There `xmlns` is an attribute like any other.
    if (pattern->ns == xml::kStreamsNamespace) {
      pattern->ns.clear();
      pattern->name = "stream:" + pattern->name;
    }
    auto plain = wire::plain_namespaces(*pattern, profile.content_ns);
    if (!plain) {
      problems_.push_back(document.problem(pointer, plain.error().detail, "use no prefixes"));
      return std::nullopt;
    }
    return std::move(*plain);
  }

  // A question has an id of its own, and its answer the same: the field `iq`.
  std::optional<StanzaForm> stanza_form(const Profile& profile, const Document& document,
                                        const std::string& name, const json& value) {
    auto pattern = stanza_pattern(profile, document, {name, "stanza"}, value);
    if (!pattern) {
      return std::nullopt;
    }
    StanzaForm out{.pattern = std::move(*pattern), .defaults = {}, .paths = {}};
    if (value.contains("request")) {
      out.defaults["iq"] = "${fresh}";
    }
    if (value.contains("stanza-paths")) {
      for (const auto& [path, there] : value["stanza-paths"].items()) {
        out.paths[path] = text_of(there);
      }
    }
    return out;
  }

  // How a call is proved: the element that the engine makes header fields of, and adds to what it
  // reads. What an honest call says stands in proof_defaults().
  static xml::Element proof_pattern(const std::string& by) {
    xml::Element out{.ns = {}, .name = "proof", .attributes = {}, .children = {}};
    out.set("by", by);
    out.set("state", "valid");
    for (const auto& [field, value] : proof_defaults()) {
      out.set(field, "${" + field + "?}");
    }
    return out;
  }
  static const std::map<std::string, std::string>& proof_defaults() {
    static const std::map<std::string, std::string> all{
        {"key", "${partner.secret}"},     {"keyid", "${setting.signature-key-id}"},
        {"created", "${from-now('0s')}"}, {"nonce", "${fresh}"},
        {"alg", "hmac-sha256"},           {"covered", "${setting.signature-covers}"}};
    return all;
  }

  // Nullopt, and a problem, for what is no HTTP message.
  std::optional<xml::Element> http_pattern(const Document& document, const std::string& name,
                                           const json& value) {
    const auto request = split(string_at(value, "request"), ' ');
    const bool is_request = value.contains("request");
    if (is_request == value.contains("response") || (is_request && request.size() != 2)) {
      problems_.push_back(
          document.problem("/messages/" + name, "an HTTP message has a request or a response",
                           "write `request: METHOD TARGET`, two words, or `response: STATUS`"));
      return std::nullopt;
    }
    auto out = is_request ? wire::http_request_tree(request[0], request[1])
                          : wire::http_response_tree(string_at(value, "response"));
    if (value.contains("headers")) {
      for (const auto& [field, text] : value["headers"].items()) {
        wire::set_http_header(out, field, text_of(text));
      }
    }
    if (value.contains("proof")) {
      out.children.emplace_back(proof_pattern(text_of(value["proof"])));
    }
    if (value.contains("json")) {
      auto content = wire::read_json_pattern(string_at(value, "json"), wire::kHttpJson);
      if (!content) {
        problems_.push_back(document.problem("/messages/" + name + "/json", content.error().detail,
                                             "write JSON, with ${FIELD} where a value may stand"));
        return std::nullopt;
      }
      out.children.emplace_back(std::move(*content));
    }
    if (value.contains("octets")) {
      xml::Element content{
          .ns = {}, .name = std::string(wire::kHttpOctets), .attributes = {}, .children = {}};
      content.set_text(text_of(value["octets"]));
      out.children.emplace_back(std::move(content));
    }
    return out;
  }

  Problems& problems_;
  std::map<std::string, const Document*> sources_;
  std::map<std::string, Profile> done_;
  std::set<std::string> loading_;  // what is under way, and what failed
};

}  // namespace

std::map<std::string, Profile> load_profiles(const std::vector<Document>& documents,
                                             Problems& problems) {
  return ProfileLoader(documents, problems).load();
}

}  // namespace parley::model
