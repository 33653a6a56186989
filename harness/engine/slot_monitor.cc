// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/slot_monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "harness/engine/cast.h"
#include "harness/wire/content_security_policy.h"
#include "harness/wire/http_message.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

constexpr std::string_view kUploadNs = "urn:xmpp:http:upload:0";
constexpr std::string_view kServedAt = "download";
constexpr std::string_view kPolicy = "content-security-policy";

bool is_allowed(std::string_view name) {
  constexpr std::string_view kAllowed[] = {"Authorization", "Cookie", "Expires"};
  return std::ranges::any_of(kAllowed,
                             [&](std::string_view one) { return wire::same_name(one, name); });
}

// Nothing where it may stand there.
std::string wrong_with(const xml::Element& header) {
  if (!is_allowed(header.get("name"))) {
    return fmt::format("a slot names the header '{}'", header.get("name"));
  }
  return header.text().find_first_of("\r\n") == std::string::npos
             ? ""
             : "a slot has a header with a line end in it";
}

// All that stands in fields of that name, as one (RFC 9110 section 5.3).
std::string joined(const xml::Element& message, std::string_view name) {
  std::string out;
  const auto* headers = message.child(wire::kHttpHeaders);
  for (const auto* field :
       headers == nullptr ? std::vector<const xml::Element*>() : headers->elements()) {
    if (field->name == name) {
      out += (out.empty() ? "" : ",") + field->text();
    }
  }
  return out;
}

}  // namespace

// XUP-043
std::optional<Finding> slot_headers(const Watched& watched) {
  for (const auto& seen : watched.seen) {
    const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
    const auto* slot = stanza == nullptr ? nullptr : stanza->element.child("slot", kUploadNs);
    const auto* put = slot == nullptr ? nullptr : slot->child("put", kUploadNs);
    for (const auto* header :
         put == nullptr ? std::vector<const xml::Element*>() : put->elements()) {
      const auto wrong = header->name == "header" ? wrong_with(*header) : "";
      if (!wrong.empty()) {
        return found("slot-headers", wrong, stanza->raw);
      }
    }
  }
  return std::nullopt;
}

// XUP-040
std::optional<Finding> served_under_policy(const Watched& watched) {
  for (const auto& seen : watched.seen) {
    const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
    const bool served = stanza != nullptr && service_of(seen.link) == kServedAt &&
                        stanza->element.name == wire::kHttpResponse &&
                        stanza->element.get("status") == "200";
    if (!served) {
      continue;
    }
    const auto policy = joined(stanza->element, kPolicy);
    if (!wire::lets_no_script_run(policy)) {
      return found("served-under-policy",
                   policy.empty() ? "a page is served under no policy"
                                  : "the policy of a page lets scripts run",
                   policy);
    }
  }
  return std::nullopt;
}

}  // namespace parley::engine
