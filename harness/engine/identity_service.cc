// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/identity_service.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <utility>

#include "harness/base/text.h"
#include "harness/crypto/jose/key_ring.h"
#include "harness/crypto/jose/verify.h"
#include "harness/engine/identity_token.h"
#include "harness/wire/http_reader.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

namespace jose = crypto::jose;
using std::chrono::seconds;

// The forms that say what an answer is.
constexpr std::string_view kSet = "jwks";
constexpr std::string_view kDocument = "discovery";

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return text;
}

std::string form_of(const CastRun& run, const std::string& step) {
  const auto at =
      std::ranges::find(run.steps, step, [](const CastStep& one) { return one.step.id; });
  return at == run.steps.end() ? "" : at->step.form;
}

PublishedSet set_of(std::size_t event, const xml::Stanza& answer) {
  PublishedSet out{.event = event, .media_type = {}, .text = {}, .keys = {}};
  wire::HttpReader reader(wire::HttpRole::response);
  reader.expect("GET");
  for (const auto& item : reader.feed(answer.raw)) {
    if (const auto* read = std::get_if<wire::HttpReceived>(&item)) {
      const auto type = lower(wire::value_of(read->message.headers, "content-type"));
      out.media_type = type.substr(0, type.find_first_of("; \t"));
      out.text = read->message.body;
    }
  }
  if (auto keys = jose::read_jwks(out.text)) {
    out.keys = std::move(keys->keys);
  }
  return out;
}

std::string text_at(const nlohmann::json& data, const char* name) {
  return data.is_object() && data.contains(name) && data[name].is_string()
             ? data[name].get<std::string>()
             : "";
}

// Of the calls to the driver.
class Collector {
 public:
  explicit Collector(IdentityService& out) : out_(out) {}

  void take(std::size_t index, const Event& event) {
    if (event.kind == Event::Kind::call) {
      call(index, event);
    } else if (event.kind == Event::Kind::answer && event.text == "token") {
      answer(index, event);
    }
  }

 private:
  struct Called {
    std::string identifier;
    std::string spelled;
    std::vector<std::string> old;
  };

  void call(std::size_t index, const Event& event) {
    const auto user = text_at(event.data, "user");
    calls_[event.step] = event.data;
    if (event.text == "rotate") {
      out_.rotations.push_back({.event = index, .stage = text_at(event.data, "stage")});
    } else if (event.text == "rename") {
      auto& called = called_[user];
      called.old.push_back(called.identifier.empty() ? user : called.identifier);
      called.spelled = text_at(event.data, "identifier");
      called.identifier = lower(called.spelled);
    }
  }

  void answer(std::size_t index, const Event& event) {
    const auto text = text_at(event.data, "token");
    if (text.empty()) {
      return;
    }
    const auto& asked = calls_[event.step];
    const auto user = text_at(asked, "user");
    const auto called = called_.find(user);
    IssuedToken token{.event = index, .text = text, .subject = user, .spelled = user};
    if (called != called_.end()) {
      token.subject = called->second.identifier;
      token.spelled = called->second.spelled;
      token.old = called->second.old;
    }
    token.own_algorithm = text_at(asked, "algorithm").empty();
    out_.tokens.push_back(std::move(token));
  }

  IdentityService& out_;
  std::map<std::string, nlohmann::json> calls_;  // by step
  std::map<std::string, Called> called_;         // by user, who has another name by now
};

std::string setting(const Watched& watched, const std::string& name) {
  const auto& settings = watched.run.profile->settings;
  const auto at = settings.find(name);
  return at == settings.end() ? "" : at->second.value;
}

std::string value(const Watched& watched, const std::string& name) {
  const auto at = watched.record.values.find(name);
  return at == watched.record.values.end() ? "" : at->second;
}

std::int64_t number(const std::string& text) {
  std::int64_t out = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

// Of a setting like "5m".
seconds duration(const Watched& watched, const std::string& name) {
  const Scope from_zero{.values = {{"noise.now", "0"}}};
  return seconds(number(from_now(from_zero, setting(watched, name)).value_or("0")));
}

// Of a setting like "iss, sub".
std::vector<std::string> listed(const Watched& watched, const std::string& name) {
  auto out = split(replace_all(setting(watched, name), " ", ""), ',');
  std::erase(out, "");
  return out;
}

std::vector<jose::Algorithm> algorithms(const Watched& watched) {
  std::vector<jose::Algorithm> out;
  for (const auto& part : listed(watched, "token-algorithms")) {
    if (const auto known = jose::algorithm_from(part)) {
      out.push_back(*known);
    }
  }
  return out;
}

}  // namespace

IdentityService identity_service_of(const Watched& watched) {
  IdentityService out;
  if (watched.sut != model::Party::third_party_server) {
    return out;
  }
  for (const auto& seen : watched.seen) {
    const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
    const auto form = form_of(watched.run, seen.step);
    if (stanza == nullptr) {
      continue;
    }
    if (form == kSet) {
      out.sets.push_back(set_of(seen.event, *stanza));
    } else if (form == kDocument) {
      const auto* json = stanza->element.child(wire::kHttpJson);
      const auto* at = json == nullptr ? nullptr : json->child("jwks_uri");
      out.documents.push_back({.event = seen.event, .keys_at = at == nullptr ? "" : at->text()});
    }
  }
  Collector collector(out);
  for (std::size_t i = 0; i < watched.record.events.size(); ++i) {
    collector.take(i, watched.record.events[i]);
  }
  return out;
}

std::optional<jose::Refused> refusal_of_token(const Watched& watched, const IssuedToken& token,
                                              const PublishedSet& set) {
  jose::KeyRing ring;
  for (const auto& key : set.keys) {
    if (auto usable = jose::VerificationKey::make(key)) {
      ring.add(std::move(*usable));
    }
  }
  jose::Policy policy;
  policy.algorithms = algorithms(watched);
  policy.type = setting(watched, "token-type");
  policy.issuer = value(watched, "partner.issuer");
  policy.audience = setting(watched, "token-audience");
  policy.subject = token.subject;
  policy.required_claims = listed(watched, "token-claims");
  policy.header_keys = setting(watched, "token-header-keys") == "ignored"
                           ? jose::HeaderKeys::ignored
                           : jose::HeaderKeys::refused;
  policy.leeway = duration(watched, "token-leeway");
  policy.max_lifetime = duration(watched, "token-lifetime-most");
  const auto& events = watched.record.events;
  const auto passed = (events[token.event].at_us - events.front().at_us) / 1'000'000;
  const auto now = std::chrono::sys_seconds(seconds(number(value(watched, "noise.now")) + passed));
  const auto verified = jose::verify(token.text, ring, policy, now);
  return verified ? std::nullopt : std::optional(verified.error());
}

}  // namespace parley::engine
