// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/refusal.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "harness/wire/http_tree.h"
#include "harness/wire/pretty.h"

namespace parley::engine {
namespace {

using model::RefusalKind;

constexpr std::string_view kSasl = "urn:ietf:params:xml:ns:xmpp-sasl";
constexpr std::string_view kTls = "urn:ietf:params:xml:ns:xmpp-tls";

std::string first_child(const xml::Element& element) {
  const auto children = element.elements();
  return children.empty() ? "" : children.front()->name;
}

// Who asks whether a token holds is refused with status 200 (RFC 7662 section 2.2).
bool is_inactive(const xml::Element& response) {
  const auto* content = response.child(wire::kHttpJson);
  const auto* active = content == nullptr ? nullptr : content->child("active");
  return active != nullptr && active->text() == "false";
}

}  // namespace

std::optional<Refusal> refusal_of(const xml::Item& item, const std::string& link,
                                  std::size_t event) {
  Refusal out{.kind = RefusalKind::close,
              .condition = "",
              .link = link,
              .id = "",
              .event = event,
              .shown = shown(item)};
  if (std::holds_alternative<xml::StreamClosed>(item)) {
    return out;
  }
  const auto* stanza = std::get_if<xml::Stanza>(&item);
  if (stanza == nullptr) {
    return std::nullopt;
  }
  const auto& element = stanza->element;
  if (element.ns == xml::kStreamsNamespace && element.name == "error") {
    out.kind = RefusalKind::stream_error;
    out.condition = first_child(element);
    return out;
  }
  if (element.ns == kSasl && element.name == "failure") {
    out.kind = RefusalKind::sasl_failure;
    out.condition = first_child(element);
    return out;
  }
  if (element.ns == kTls && element.name == "failure") {
    out.kind = RefusalKind::tls_failure;
    return out;
  }
  if (element.ns.empty() && element.name == "stream:error") {
    out.kind = RefusalKind::stream_error;
    out.condition = element.find("code") != nullptr ? element.get("code") : first_child(element);
    return out;
  }
  if (element.ns.empty() && element.name == "failure") {
    out.kind = RefusalKind::login_failure;
    out.condition = element.get("reason");
    return out;
  }
  if (element.ns.empty() && element.name == "ack" && element.find("error") != nullptr) {
    out.kind = RefusalKind::nack;
    out.id = element.get("id");
    out.condition = element.get("error");
    return out;
  }
  if (element.name == wire::kHttpResponse) {
    const auto status = element.get("status");
    if (status == "200" && is_inactive(element)) {
      out.kind = RefusalKind::http_error;
      out.id = element.get("id");
      out.condition = "inactive";
      return out;
    }
    if (status.size() != 3 || (status[0] != '4' && status[0] != '5')) {
      return std::nullopt;
    }
    out.kind = RefusalKind::http_error;
    out.id = element.get("id");
    out.condition = status;
    return out;
  }
  if (element.get("type") == "error") {
    out.kind = RefusalKind::stanza_error;
    out.id = element.get("id");
    if (const auto* error = element.child("error")) {
      out.condition = error->find("code") != nullptr ? error->get("code") : first_child(*error);
    }
    return out;
  }
  return std::nullopt;
}

bool accepts(const model::Outcome& outcome, const std::vector<RefusalKind>& otherwise,
             const Refusal& refusal) {
  if (outcome.kind != model::Outcome::Kind::refused) {
    return false;
  }
  const auto& kinds = outcome.by.empty() ? otherwise : outcome.by;
  if (std::ranges::count(kinds, refusal.kind) == 0) {
    return false;
  }
  // A closed connection and a failed handshake have no condition; an error must have one.
  if (outcome.conditions.empty() || refusal.kind == RefusalKind::close ||
      refusal.kind == RefusalKind::tls_failure) {
    return true;
  }
  return std::ranges::count(outcome.conditions, refusal.condition) > 0;
}

std::string shown(const xml::Item& item) {
  if (const auto* stanza = std::get_if<xml::Stanza>(&item)) {
    const bool text = wire::is_text(stanza->raw);
    return printable(text ? stanza->raw : xml::print(stanza->element), kShownOctets);
  }
  if (const auto* header = std::get_if<xml::StreamOpened>(&item)) {
    return printable(xml::print(header->element), kShownOctets);
  }
  if (const auto* refused = std::get_if<xml::Refused>(&item)) {
    return fmt::format("what must be refused: {} ({})", refused->detail, refused->condition);
  }
  return "</stream:stream>";
}

std::string shown_end(const Event& event) {
  if (event.kind == Event::Kind::closed) {
    return "the connection was closed";
  }
  const bool dialling = event.kind == Event::Kind::unreachable;
  return (dialling ? "" : "the connection broke: ") + printable(event.text, 200);
}

}  // namespace parley::engine
