// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/monitor_encryption.h"

#include <map>

#include "harness/engine/conversations.h"

namespace parley::engine {
std::optional<Finding> sealed_content(const Watched& watched) {
  return noted(watched, "sealed-content");
}

std::optional<Finding> message_keys_once(const Watched& watched) {
  return noted(watched, "message-keys-once");
}

std::optional<Finding> prekeys_once(const Watched& watched) {
  return noted(watched, "prekeys-once");
}

std::optional<Finding> prekey_form(const Watched& watched) { return noted(watched, "prekey-form"); }

std::optional<Finding> bundles_published(const Watched& watched) {
  return noted(watched, "bundles-published");
}

std::optional<Finding> prekeys_handed_once(const Watched& watched) {
  return noted(watched, "prekeys-handed-once");
}

std::optional<Finding> sealed_relayed(const Watched& watched) {
  return noted(watched, "sealed-relayed");
}

std::optional<Finding> enc_kept(const Watched& watched) { return noted(watched, "enc-kept"); }

std::optional<Finding> sealed_once(const Watched& watched) { return noted(watched, "sealed-once"); }

std::optional<Finding> retries_relayed(const Watched& watched) {
  return noted(watched, "retries-relayed");
}

std::optional<Finding> sealed_shown_once(const Watched& watched) {
  const auto* conversations = watched.tracker.conversations();
  if (conversations == nullptr) {
    return std::nullopt;
  }
  const auto& texts = conversations->sealed_texts();
  std::map<std::string, int> shown;
  for (const auto& event : watched.record.events) {
    if (event.kind != Event::Kind::notice || event.text != "received" || !event.data.is_object() ||
        !watched.about(event)) {
      continue;
    }
    // That a file cannot be had may be said before it can, and whatever it was sent with.
    const auto file = event.data.value("media", nlohmann::json());
    const bool unavailable =
        file.is_object() && file.value("unavailable", nlohmann::json()) == true;
    const auto field = event.data.value("text", nlohmann::json());
    if (unavailable && (field == "" || field.is_null())) {
      continue;
    }
    const auto text = field.is_string() ? field.get<std::string>() : std::string();
    const auto data = event.data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (!conversations->was_written(text)) {
      return found("sealed-shown-once", "shown, but nobody wrote it", data);
    }
    const auto sealed = texts.find(text);
    if (sealed != texts.end() && !unavailable && ++shown[text] > sealed->second) {
      return found("sealed-shown-once", "one message was shown twice", data);
    }
  }
  return std::nullopt;
}

}  // namespace parley::engine
