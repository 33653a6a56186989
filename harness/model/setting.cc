// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/setting.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "harness/base/text.h"
#include "harness/model/carry.h"

namespace parley::model {
namespace {

constexpr std::string_view kPrefix = "setting.";
constexpr char kAlternative = '|';
constexpr std::size_t kShownOctets = 60;
constexpr std::size_t kMostDigits = 10;  // of a time
// By what lies between octets and stanzas, by monitors and by changes of cases.
constexpr std::string_view kReadByEngine[] = {"noise-hashing",       "noise-ik",
                                              "interop-jid-form",    "websocket-path",
                                              "websocket-origin",    "token-issuer",
                                              "token-audience",      "token-type",
                                              "token-lifetime",      "jwks-refreshes-most",
                                              "token-lifetime-most", "token-leeway",
                                              "token-algorithms",    "gatekeeper-name",
                                              "enlistment-carrier",  "region-inside",
                                              "region-outside",      "second-device",
                                              "token-claims",        "token-header-keys",
                                              "push-retries-most",   "jwks-octets-beyond",
                                              "jwks-headers-beyond", "identity-change",
                                              kTokenDictionary};
// By `within` of flows, in seconds.
constexpr std::string_view kWaits[] = {"authentication-seconds-most", "key-fetch-seconds-most",
                                       "media-seconds-most", "push-wake-seconds"};
constexpr std::uint64_t kMostWait = 120;
constexpr std::string_view kTimes[] = {"token-lifetime", "token-lifetime-most", "token-leeway"};
constexpr std::string_view kRanges[] = {"region-inside", "region-outside"};

// What a setting takes, where not every text can stand in a message.
struct Takes {
  std::string_view name;
  std::string_view words;  // separated by commas; empty: a number
  std::uint64_t most = 0;  // of a number
};
constexpr std::uint64_t kMostOctet = 255;
constexpr std::uint64_t kMostEnum = 2'147'483'647;  // of protobuf
constexpr std::uint64_t kMostBeyond = 10'000'000;   // of what is sent to be refused
constexpr Takes kTakes[] = {{"intro-magic", "", kMostOctet},
                            {"intro-dictionary", "", kMostOctet},
                            {"noise-hashing", "whatsapp,specification"},
                            {"noise-ik", "where-declared,off"},
                            {"interop-jid-form", "with-server,without-server,tuple"},
                            {"server-authentication", "signature,bearer,mutual-tls"},
                            {"enlistment-carrier", "https,stanzas"},
                            {"second-device", "replaced,refused"},
                            {"token-header-keys", "refused,ignored"},
                            {"identity-change", "held,told"},
                            {"product", "", kMostEnum},
                            {"native-product", "", kMostEnum},
                            {"device", "", kMostOctet},
                            {"login-refusal", "", kMostEnum},
                            {"integrator", "", kMostEnum},
                            {"jwks-refreshes-most", "", kMostEnum},
                            {"push-retries-most", "", kMostEnum},
                            {"jwks-octets-beyond", "", kMostBeyond},
                            {"jwks-headers-beyond", "", kMostBeyond}};
constexpr std::string_view kNameLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";

class Gatherer {
 public:
  explicit Gatherer(const Profile& profile) : profile_(profile) {}

  void text(std::string_view text) {
    for (auto& name : settings_in(text)) {
      names_.insert(std::move(name));
    }
  }
  void need(std::string_view need) {
    if (auto needed = setting_needed(need)) {
      names_.insert(std::move(needed->first));
    }
  }
  void step(const Step& step) {
    for (const auto& [field, alternatives] : step.with) {
      for (const auto& alternative : alternatives) {
        text(alternative);
      }
    }
    if (!step.within_setting.empty()) {
      names_.insert(step.within_setting);
    }
    if (step.kind == Step::Kind::does) {
      const auto method = std::string(kDoes) + step.form;
      forms_.insert(method);
      for (const auto& [parameter, unused] : step.with) {
        forms_.insert(method + "/" + parameter);
      }
    }
    if (step.kind == Step::Kind::wire || step.kind == Step::Kind::answers) {
      message(step.form, step.with);
      message(step.asked, step.asked_with);
      for (const auto& [field, alternatives] : step.asked_with) {
        text(alternatives.front());
      }
    }
  }
  void message(const std::string& name, const Fields& with) {
    const auto form = profile_.forms.find(name);
    if (form == profile_.forms.end()) {
      return;
    }
    for (const auto& [field, value] : form->second.defaults) {
      if (!with.contains(field)) {
        text(value);
      }
    }
    text(xml::print(form->second.pattern));
    forms_.insert(name);
  }
  std::vector<std::string> names() && {
    for (const auto& [name, setting] : profile_.settings) {
      if (std::ranges::any_of(setting.bears_on,
                              [&](const auto& form) { return forms_.contains(form); })) {
        names_.insert(name);
      }
    }
    return {names_.begin(), names_.end()};
  }

 private:
  const Profile& profile_;
  std::set<std::string> names_;
  std::set<std::string> forms_;
};

// Flows make addresses of its first three numbers.
bool is_range(std::string_view value) {
  const auto slash = value.find('/');
  const auto length = value.substr(std::min(value.size(), slash + 1));
  const auto network = split(value.substr(0, slash), '.');
  const auto is_octet = [](const std::string& part) {
    return !part.empty() && part.size() <= 3 && part.find_first_not_of("0123456789") == part.npos &&
           std::stoi(part) <= 255;
  };
  return network.size() == 4 && std::ranges::all_of(network, is_octet) && network[3] == "0" &&
         length.size() == 2 && length >= "10" && length <= "24";
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

// What the setting takes instead of `value`; empty when it takes that.
std::string wanted_of(std::string_view name, std::string_view value) {
  if (name.ends_with("-path") && !value.starts_with('/')) {
    return "a path that begins with '/'";
  }
  if (std::ranges::count(kWaits, name) > 0) {
    const auto seconds = number_of(value);
    return seconds && *seconds >= 1 && *seconds <= kMostWait
               ? ""
               : fmt::format("seconds, from 1 to {}", kMostWait);
  }
  if (std::ranges::count(kTimes, name) > 0) {
    const auto digits = value.substr(0, value.size() - 1);
    const bool right = !digits.empty() && digits.size() < kMostDigits &&
                       digits.find_first_not_of("0123456789") == digits.npos &&
                       std::string_view("smhdy").find(value.back()) != std::string_view::npos;
    return right ? "" : "a time as '90s', '5m', '1h', '30d' or '1y'";
  }
  if (std::ranges::count(kRanges, name) > 0) {
    return is_range(value) ? "" : "IPv4 addresses as '192.0.2.0/24'";
  }
  const bool plain =
      std::ranges::all_of(value, [](char c) { return c >= ' ' && c != '\x7f' && c != '<'; });
  if (!plain) {
    return "text without control characters and '<'";
  }
  const auto* known = std::ranges::find(kTakes, name, &Takes::name);
  if (known == std::end(kTakes)) {
    return "";
  }
  if (!known->words.empty()) {
    const auto words = split(known->words, ',');
    return std::ranges::count(words, value) > 0 ? "" : "one of " + join(words, ", ");
  }
  const auto number = number_of(value);
  return number && *number <= known->most ? "" : fmt::format("a number from 0 to {}", known->most);
}

}  // namespace

std::vector<std::string> settings_in(std::string_view text) {
  std::vector<std::string> out;
  for (auto at = text.find(kPrefix); at != std::string_view::npos; at = text.find(kPrefix, at)) {
    const auto begin = at + kPrefix.size();
    const auto end = std::min(text.find_first_not_of(kNameLetters, begin), text.size());
    const auto open = text.rfind("${", at);
    const bool inside = open != std::string_view::npos &&
                        text.substr(open, at - open).find('}') == std::string_view::npos;
    if (inside && end > begin) {
      out.emplace_back(text.substr(begin, end - begin));
    }
    at = end;
  }
  return out;
}

std::vector<std::string> settings_of(const Case& one, const Library& library) {
  const auto profile = library.profiles.find(one.profile);
  const auto* flow = library.flow(one.profile, one.flow);
  if (profile == library.profiles.end() || profile->second.settings.empty() || flow == nullptr) {
    return {};
  }
  Gatherer out(profile->second);
  for (const auto& [actor, party] : flow->actors) {
    if (const auto at = profile->second.addresses.find(party);
        at != profile->second.addresses.end()) {
      out.text(at->second);
    }
  }
  for (const auto& [actor, kind] : flow->accounts) {
    if (const auto at = profile->second.account_kinds.find(kind);
        at != profile->second.account_kinds.end()) {
      for (const auto& [field, value] : at->second) {
        out.text(value);
      }
    }
  }
  for (const auto& step : flow->steps) {
    out.step(step);
  }
  for (const auto& need : one.needs) {
    out.need(need);
  }
  return std::move(out).names();
}

std::vector<std::string> assumed_settings(const Case& one, const Library& library) {
  auto out = settings_of(one, library);
  std::erase_if(out, [&](const std::string& name) {
    const auto& settings = library.profiles.at(one.profile).settings;
    const auto at = settings.find(name);
    return at == settings.end() || at->second.basis != "assumed";
  });
  return out;
}

std::optional<std::pair<std::string, std::string>> setting_needed(std::string_view need) {
  const auto at = need.find('=');
  return at == std::string_view::npos ? std::nullopt
                                      : std::optional(std::pair(std::string(need.substr(0, at)),
                                                                std::string(need.substr(at + 1))));
}

std::string other_dialect(const Case& one, const Profile& profile) {
  for (const auto& need : one.needs) {
    const auto wanted = setting_needed(need);
    const auto have = wanted ? profile.settings.find(wanted->first) : profile.settings.end();
    if (!wanted) {
      continue;
    }
    const auto any = split(wanted->second, kAlternative);
    if (have == profile.settings.end() || std::ranges::count(any, have->second.value) == 0) {
      return fmt::format("the profile has {} {}, the case is about {}", wanted->first,
                         have == profile.settings.end() ? "none" : have->second.value,
                         join(any, " or "));
    }
  }
  return "";
}

void add_settings(std::map<std::string, std::string>& values, const Profile& profile) {
  for (const auto& [name, setting] : profile.settings) {
    values[std::string(kPrefix) + name] = setting.value;
  }
}

std::string with_settings(std::string text, const Profile& profile) {
  for (const auto& [name, setting] : profile.settings) {
    text = replace_all(std::move(text), fmt::format("${{{}{}}}", kPrefix, name), setting.value);
  }
  return text;
}

std::chrono::milliseconds within_of(const Step& step, const Profile& profile) {
  const auto setting = profile.settings.find(step.within_setting);
  return setting == profile.settings.end()
             ? step.within
             : std::chrono::seconds(number_of(setting->second.value).value_or(0));
}

bool can_be_given(const Profile& profile, const std::string& name) {
  const auto refers = [&](std::string_view text) {
    return std::ranges::count(settings_in(text), name) > 0;
  };
  return std::ranges::count(kReadByEngine, name) > 0 || std::ranges::count(kWaits, name) > 0 ||
         std::ranges::any_of(profile.addresses,
                             [&](const auto& one) { return refers(one.second); }) ||
         std::ranges::any_of(profile.account_kinds,
                             [&](const auto& kind) {
                               return std::ranges::any_of(kind.second, [&](const auto& field) {
                                 return refers(field.second);
                               });
                             }) ||
         std::ranges::any_of(profile.forms, [&](const auto& one) {
           return refers(xml::print(one.second.pattern)) ||
                  std::ranges::any_of(one.second.defaults,
                                      [&](const auto& field) { return refers(field.second); });
         });
}

std::string give_settings(Library& library, const std::string& name, const GivenSettings& given) {
  auto& profile = library.profiles.at(name);
  std::vector<std::string> known;
  for (const auto& [setting, unused] : profile.settings) {
    known.push_back(setting);
  }
  for (const auto& [setting, value] : given) {
    const auto at = profile.settings.find(setting);
    if (at == profile.settings.end()) {
      return fmt::format("profile '{}': {}", name, unknown_name("setting", setting, known));
    }
    if (!can_be_given(profile, setting)) {
      return fmt::format("nothing reads the setting '{}' yet: another value would change nothing",
                         setting);
    }
    if (value.empty()) {
      return fmt::format("the setting '{}' has no value; write {}=VALUE", setting, setting);
    }
    if (const auto wanted = wanted_of(setting, value); !wanted.empty()) {
      return fmt::format("the setting '{}' takes {}, not '{}'", setting, wanted,
                         printable(value, kShownOctets));
    }
    at->second.value = value;
    at->second.basis = "given";
  }
  carry_as_stanzas(library, name);
  return "";
}

Result<void> load_tokens(Profile& profile) {
  const auto setting = profile.settings.find(kTokenDictionary);
  if (setting == profile.settings.end() || setting->second.value.empty()) {
    return {};
  }
  auto tokens = wire::Tokens::load(setting->second.value);
  if (!tokens) {
    return std::unexpected(tokens.error());
  }
  profile.tokens = std::move(*tokens);
  return {};
}

}  // namespace parley::model
