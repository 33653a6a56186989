// SPDX-License-Identifier: GPL-3.0-or-later
// Stanzas as they come in, and what is asked of the server itself. Sources: RFC 6120 sections 8
// and 10; XEP-0030, XEP-0198, XEP-0199, XEP-0363.
#include <utility>

#include "harness/reference/fragile_xml.h"
#include "harness/reference/gatekeeper_session.h"
#include "harness/reference/upload_slot.h"

namespace parley::reference {
namespace {

bool is_stanza_name(std::string_view name) {
  return name == "message" || name == "presence" || name == "iq";
}

bool is_request(const xml::Element& iq) {
  const std::string type = iq.get("type");
  return type == "get" || type == "set";
}

bool is_answer(const xml::Element& iq) {
  const std::string type = iq.get("type");
  return type == "result" || type == "error";
}

xml::Element feature(std::string_view var) {
  xml::Element out = make_element("feature", kDiscoNs);
  out.set("var", std::string(var));
  return out;
}

xml::Element disco(std::string_view category, std::string_view type) {
  xml::Element query = make_element("query", kDiscoNs);
  xml::Element identity = make_element("identity", kDiscoNs);
  identity.set("category", std::string(category));
  identity.set("type", std::string(type));
  query.children.emplace_back(std::move(identity));
  query.children.emplace_back(feature(kDiscoNs));
  query.children.emplace_back(feature(kPingNs));
  return query;
}

}  // namespace

xml::Element make_element(std::string_view name, std::string_view ns) {
  return {.ns = std::string(ns), .name = std::string(name), .attributes = {}, .children = {}};
}

// Where a fault makes an end of a session, or of all, at a malformed stanza.
bool Session::breaks_at(const xml::Element& stanza) {
  if (has(Fault::gk_deaf_after_nested_stanza) && holds_stanza(stanza)) {
    keeper_.fall_deaf();
    return true;
  }
  if (has(Fault::gk_stuck_after_nested_request) && stanza.name == "iq" && holds_stanza(stanza)) {
    error(stanza, kBadRequest);
    stuck_ = true;
  }
  if (has(Fault::gk_restarts_after_nested_message) && stanza.name == "message" &&
      holds_stanza(stanza)) {
    keeper_.drop_others(*this);
    closing_ = true;
    return true;
  }
  stuck_ = stuck_ || (has(Fault::gk_stuck_after_no_namespace) && holds_no_namespace(stanza));
  const auto broken = has(Fault::gk_answer_breaks_namespace) && stanza.name == "iq"
                          ? namespace_to_escape(stanza)
                          : std::string();
  if (!broken.empty()) {
    send("<iq type='error'><query xmlns='" + broken + "'/></iq>");
  }
  return stuck_ || !broken.empty();
}

void Session::on_stanza(xml::Element stanza) {
  if (breaks_at(stanza)) {
    return;
  }
  if (stanza.ns == kManagementNs && on_management(stanza)) {
    return;
  }
  const bool authenticates = stanza.ns == kSaslNs && has(Fault::gk_second_sasl_accepted);
  if (authenticates) {
    return on_sasl(stanza);
  }
  if (stanza.ns != kClientNs || !is_stanza_name(stanza.name)) {
    if (has(Fault::gk_unknown_stanza_ignored)) {
      return;
    }
    return stream_error(is_stanza_name(stanza.name) ? "invalid-namespace"
                                                    : "unsupported-stanza-type");
  }
  ++handled_;
  if (!stamp(stanza)) {
    if (!has(Fault::gk_delivers_what_it_refuses)) {
      return stream_error("invalid-from");
    }
    error(stanza, {"auth", "forbidden"});
    stanza.set("from", full());
  }
  if (stanza.name != "message") {
    release_held_message();
  }
  const std::string* to_text = stanza.find("to");
  const auto mapping = has(Fault::gk_jid_case_sensitive) ? CaseMapping::kept : CaseMapping::mapped;
  const auto to = to_text == nullptr ? std::nullopt : parse_jid(*to_text, mapping);
  if (to_text != nullptr && !to) {
    const bool silent = has(Fault::gk_malformed_jid_accepted) || stanza.get("type") == "error" ||
                        (stanza.name == "iq" && !is_request(stanza));
    return silent ? void() : error(stanza, {"modify", "jid-malformed"});
  }
  if (stanza.name == "message") {
    on_message(std::move(stanza), to);
  } else if (stanza.name == "iq") {
    on_iq(stanza, to);
  } else {
    on_presence(std::move(stanza), to);
  }
}

// Sets the sender's address; false when the stanza claims another (RFC 6120 section 8.1.2.1).
bool Session::stamp(xml::Element& stanza) {
  const std::string* claimed = stanza.find("from");
  bool kept = false;
  if (claimed != nullptr) {
    const auto from = parse_jid(*claimed);
    const bool foreign = from && from->domain != keeper_.domain();
    const bool own = from && from->bare() == bare() && !has(Fault::gk_own_from_refused);
    const bool right = own && (from->resource.empty() || from->resource == resource_);
    kept = !right && from &&
           has(foreign ? Fault::gk_foreign_domain_from_accepted
               : own   ? Fault::gk_forged_resource_accepted
                       : Fault::gk_forged_from_accepted);
    if (!right && !kept) {
      return false;
    }
  }
  if (!kept) {
    stanza.set("from", full());
  }
  // The stream's language is the stanza's (RFC 6120 section 8.1.5); ours is English.
  if (!lang_.empty() && lang_ != "en" && stanza.find("xml:lang") == nullptr) {
    stanza.attributes.push_back({std::string(xml::kXmlNamespace), "lang", lang_});
  }
  return true;
}

// XEP-0198 without resumption. False for an element that it does not define.
bool Session::on_management(const xml::Element& element) {
  const std::string ns(kManagementNs);
  const auto failed = [&](std::string_view condition) {
    send("<failed xmlns='" + ns + "'><" + std::string(condition) + " xmlns='" +
         std::string(kStanzaErrorNs) + "'/></failed>");
  };
  if (element.name == "enable") {
    if (managed_ || (!bound() && !has(Fault::gk_sm_before_bind))) {
      failed("unexpected-request");
      return true;
    }
    managed_ = true;
    handled_ = has(Fault::gk_sm_wrong_count) ? 1 : 0;
    sent_ = 0;
    send("<enabled xmlns='" + ns + "'/>");
  } else if (element.name == "r") {
    if (managed_ && !has(Fault::gk_sm_unanswered)) {
      send("<a xmlns='" + ns + "' h='" + std::to_string(handled_) + "'/>");
    } else if (!managed_) {
      failed("unexpected-request");
    }
  } else if (element.name == "a") {
    const std::string h = element.get("h");
    if (managed_ && std::strtoull(h.c_str(), nullptr, 10) > sent_) {
      stream_error("undefined-condition");  // section 4: handled-count-too-high
    }
  } else if (element.name == "resume") {
    if (has(Fault::gk_sm_resumed_without_session)) {
      send("<resumed xmlns='" + ns + "' h='0' previd='" +
           xml::escape_attribute(element.get("previd")) + "'/>");
    } else {
      failed("item-not-found");
    }
  } else {
    return false;
  }
  return true;
}

// Whether RFC 6120 section 8.2.3 was broken; the sender is told.
bool Session::malformed_iq(const xml::Element& iq) {
  const std::size_t children = iq.elements().size();
  if (is_answer(iq)) {
    return iq.find("id") == nullptr;  // an answer to nothing is dropped, never answered
  }
  const bool known = is_request(iq) || has(Fault::gk_unknown_type_accepted);
  const bool named = iq.find("id") != nullptr || has(Fault::gk_iq_without_id_accepted);
  const bool filled =
      children == 1 || !is_request(iq) ||
      has(children == 0 ? Fault::gk_accepts_empty_iq : Fault::gk_accepts_two_children);
  if (known && named && filled) {
    return false;
  }
  error(iq, kBadRequest);
  return true;
}

void Session::on_iq(const xml::Element& iq, const std::optional<Jid>& to) {
  if (malformed_iq(iq)) {
    return;
  }
  const Jid self{.local = user_, .domain = keeper_.domain(), .resource = {}};
  const Jid target = to.value_or(self);
  if (target == Jid{.local = {}, .domain = keeper_.upload_domain(), .resource = {}}) {
    return on_upload_iq(iq);
  }
  const bool for_server = target.resource.empty() && target.domain == keeper_.domain();
  if (!for_server) {
    if (not_here(iq, target)) {
      return;
    }
    return route_iq(iq, *keeper_.find_bare(target.bare()), target);
  }
  if (is_answer(iq)) {
    if (has(Fault::gk_answers_results)) {
      error(iq, kServiceUnavailable);
    }
    return;
  }
  answer_request(iq, target);
}

void Session::answer_request(const xml::Element& iq, const Jid& to) {
  // Requests that only a fault lets through are answered at once.
  if (iq.elements().size() != 1 || !is_request(iq) || iq.find("id") == nullptr) {
    return result(iq, std::nullopt);
  }
  if (answer_known(iq, to)) {
    return;
  }
  if (has(Fault::gk_unknown_namespace_result)) {
    return result(iq, std::nullopt);
  }
  error(iq, kServiceUnavailable);
}

bool Session::answer_known(const xml::Element& iq, const Jid& to) {
  const xml::Element& payload = *iq.elements()[0];
  const bool own = to.local == user_;
  const bool server = to.local.empty();
  if (payload.ns == kBindNs && payload.name == "bind" && own) {
    on_bind(iq);
  } else if (payload.ns == kSessionNs && payload.name == "session" && (own || server)) {
    result(iq, std::nullopt);
  } else if (payload.ns == kPingNs && payload.name == "ping" && (own || server) &&
             iq.get("type") == "get") {
    has(Fault::gk_ping_unsupported) ? error(iq, kServiceUnavailable) : result(iq, std::nullopt);
  } else if (payload.ns == kDiscoNs && payload.name == "query" && (own || server) &&
             iq.get("type") == "get" && payload.find("node") == nullptr) {
    result(iq, server ? disco("server", "im") : disco("account", "registered"));
  } else if (payload.ns == kRosterNs && payload.name == "query" && !server) {
    on_roster(iq, to);
  } else if (payload.ns == kDiscoItemsNs && payload.name == "query" && server &&
             iq.get("type") == "get") {
    result(iq, items());
  } else {
    return false;
  }
  return true;
}

// XEP-0030 section 4: what there is beside the users.
xml::Element Session::items() const {
  xml::Element query = make_element("query", kDiscoItemsNs);
  if (!has(Fault::gk_upload_unlisted)) {
    xml::Element item = make_element("item", kDiscoItemsNs);
    item.set("jid", keeper_.upload_domain());
    query.children.emplace_back(std::move(item));
  }
  return query;
}

// What is asked of the upload service (XEP-0363).
void Session::on_upload_iq(const xml::Element& iq) {
  if (!is_request(iq)) {
    return;
  }
  const xml::Element& payload = *iq.elements()[0];
  const bool gets = iq.get("type") == "get";
  if (gets && payload.ns == kDiscoNs && payload.name == "query") {
    xml::Element query = disco("store", "file");
    query.children.emplace_back(feature(kUploadNs));
    query.children.emplace_back(GatekeeperUploads::form(faults_));
    return result(iq, std::move(query));
  }
  if (!gets || payload.ns != kUploadNs || payload.name != "request") {
    return error(iq, kServiceUnavailable);
  }
  auto said = keeper_.uploads().ask(payload, faults_);
  if (said.name == "slot") {
    return result(iq, std::move(said));
  }
  xml::Element out = make_element("iq", kClientNs);
  out.set("type", "error");
  out.set("id", iq.get("id"));
  out.set("from", iq.get("to"));
  out.set("to", full());
  out.children.emplace_back(std::move(said));
  answer(std::move(out));
}

void Session::answer(xml::Element answer) {
  const bool to_request = answer.name == "iq";
  if (to_request && has(Fault::gk_never_answers_iq)) {
    return;
  }
  if (to_request && has(Fault::gk_wrong_id)) {
    answer.set("id", answer.get("id") + "x");
  }
  send(answer);
  if (to_request && has(Fault::gk_answers_twice)) {
    send(answer);
  }
}

void Session::result(const xml::Element& request, std::optional<xml::Element> payload) {
  xml::Element out = make_element("iq", kClientNs);
  out.set("type", "result");
  if (request.find("id") != nullptr) {
    out.set("id", request.get("id"));
  }
  if (request.find("to") != nullptr) {
    out.set("from", request.get("to"));
  }
  out.set("to", full());
  if (payload) {
    out.children.emplace_back(std::move(*payload));
  }
  answer(std::move(out));
}

// Answers `stanza` with an error (RFC 6120 section 8.3.1); the caller knows that it is none itself.
void Session::error(const xml::Element& stanza, const StanzaError& condition) {
  xml::Element out = make_element(stanza.name, kClientNs);
  out.set("type", "error");
  if (stanza.find("id") != nullptr) {
    out.set("id", stanza.get("id"));
  }
  if (has(Fault::gk_error_from_wrong)) {
    out.set("from", keeper_.domain());
  } else if (stanza.find("to") != nullptr) {
    out.set("from", stanza.get("to"));
  }
  if (bound()) {
    out.set("to", full());
  }
  xml::Element inner = make_element("error", kClientNs);
  if (!has(Fault::gk_error_without_type)) {
    inner.set("type", std::string(condition.type));
  }
  inner.children.emplace_back(make_element(condition.condition, kStanzaErrorNs));
  out.children.emplace_back(std::move(inner));
  answer(std::move(out));
}

}  // namespace parley::reference
