// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/monitor_push.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/text.h"
#include "harness/engine/cast.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

constexpr std::string_view kName = "pushes-tell-little";
constexpr std::string_view kBounded = "bounded-pushes";
constexpr std::string_view kService = "partner";
constexpr std::size_t kShortestSecret = 6;  // what is shorter may stand anywhere by chance

std::string setting(const Watched& watched, const std::string& name) {
  const auto& settings = watched.run.profile->settings;
  const auto at = settings.find(name);
  return at == settings.end() ? "" : at->second.value;
}

// What no push may tell: what messages hold, and who sends them.
std::vector<std::string> secrets(const Watched& watched) {
  std::vector<std::string> out;
  for (const auto& said : watched.sent) {
    const auto* enc = said.element.name == "message" ? said.element.child("enc") : nullptr;
    if (enc != nullptr) {
      out.push_back(enc->text());
    }
  }
  for (const auto& [actor, party] : watched.run.flow->actors) {
    const auto user = watched.record.values.find(actor + ".user");
    if (party == model::Party::gatekeeper_client && user != watched.record.values.end()) {
      out.push_back(user->second);
    }
  }
  std::erase_if(out, [](const std::string& one) { return one.size() < kShortestSecret; });
  return out;
}

bool is_push(const Seen& seen, const std::string& path) {
  const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
  return !path.empty() && stanza != nullptr && service_of(seen.link) == kService &&
         stanza->element.name == wire::kHttpRequest && stanza->element.get("target") == path;
}

}  // namespace

// SRV-003: whom to wake, by which name, and nothing else.
std::optional<Finding> pushes_tell_little(const Watched& watched) {
  const auto path = setting(watched, "push-path");
  const auto allowed = split(setting(watched, "push-members"), ' ');
  const auto telling = secrets(watched);
  for (const auto& seen : watched.seen) {
    if (!is_push(seen, path)) {
      continue;
    }
    const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
    const auto* content = stanza->element.child(wire::kHttpJson);
    for (const auto* member :
         content == nullptr ? std::vector<const xml::Element*>() : content->elements()) {
      if (std::ranges::count(allowed, member->name) == 0) {
        return found(kName, fmt::format("a push tells '{}' too", printable(member->name, 60)),
                     stanza->raw);
      }
    }
    for (const auto& secret : telling) {
      if (stanza->raw.find(secret) != std::string::npos) {
        return found(kName, "a push tells what waits, or from whom", stanza->raw);
      }
    }
  }
  return std::nullopt;
}

// SRV-006: a push that fails is made again, and not for ever. What has no id is one and the same.
std::optional<Finding> bounded_pushes(const Watched& watched) {
  const auto text = setting(watched, "push-retries-most");
  std::size_t most = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), most);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  std::map<std::string, std::size_t> made;
  for (const auto& seen : watched.seen) {
    if (!watched.run.serves(seen.link) || !is_push(seen, setting(watched, "push-path"))) {
      continue;
    }
    const auto& element = std::get<xml::Stanza>(seen.item).element;
    const auto* content = element.child(wire::kHttpJson);
    const auto* id = content == nullptr ? nullptr : content->child("id");
    if (++made[id == nullptr ? "" : id->text()] > most + 1) {
      return found(kBounded, "a push is made again more often than there is reason to",
                   fmt::format("{} times after the first, at most {}", most + 1, most));
    }
  }
  return std::nullopt;
}

}  // namespace parley::engine
