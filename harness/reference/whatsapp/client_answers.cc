// SPDX-License-Identifier: GPL-3.0-or-later
// What the client answers, and what it makes of the answers that it gets.
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/reference/whatsapp/address.h"
#include "harness/reference/whatsapp/client_session.h"

namespace parley::reference::whatsapp {
namespace {

// Whether `text` names the server itself: a JID without a user prints with its '@'.
bool names_server(std::string_view text) {
  return text == kServer || (text.starts_with('@') && text.substr(1) == kServer);
}

bool same_peer(const std::string& a, const std::string& b) {
  return a == b || (names_server(a) && names_server(b));
}

}  // namespace

std::string condition_of(const xml::Element& answer) {
  const auto* error = answer.child("error");
  if (error == nullptr) {
    return "undefined-condition";
  }
  const std::string text = error->get("text");
  return text.empty() ? error->get("code") : text;
}

std::optional<ClientSession::Ending> ClientSession::take_iq(const xml::Element& iq) {
  const std::string type = iq.get("type");
  if (iq.get("id").empty()) {
    return Ending{.reason = "an iq without id", .farewell = Farewell::stream_error};
  }
  if (type == "result" || type == "error") {
    take_answer(iq);
  } else if (type != "get" && type != "set") {
    answer_error(iq, "400", "bad-request");
  } else if (!faults_.has(Fault::wt_iq_unanswered)) {
    take_request(iq);
  }
  return std::nullopt;
}

void ClientSession::take_request(const xml::Element& iq) {
  const auto payloads = iq.elements();
  const bool ping = iq.get("xmlns") == "w:p";
  // STZ-015: exactly one payload, but for the ping, which may have none.
  const bool too_many = payloads.size() > 1;
  const bool too_few = payloads.empty() && !ping;
  if (too_many || too_few) {
    const bool taken =
        faults_.has(too_many ? Fault::wt_accepts_two_payloads : Fault::wt_accepts_empty_iq);
    taken ? answer_result(iq) : answer_error(iq, "400", "bad-request");
    return;
  }
  if (ping && iq.get("type") == "get") {
    answer_result(iq);
  } else if (faults_.has(Fault::wt_unknown_xmlns_result)) {
    answer_result(iq);
  } else if (!faults_.has(Fault::wt_unknown_xmlns_unanswered)) {
    answer_error(iq, "501", "feature-not-implemented");
  }
}

// STZ-017: an answer counts from the one who was asked.
bool ClientSession::is_answer_of(const xml::Element& iq, const Request& request) const {
  if (faults_.has(Fault::wt_forged_result_taken)) {
    return true;
  }
  const std::string* from = iq.find("from");
  if (from != nullptr && faults_.has(Fault::wt_similar_server_taken) && names_server(request.to) &&
      from->find(kServer) != std::string::npos) {
    return true;
  }
  return from == nullptr ? names_server(request.to) : same_peer(*from, request.to);
}

void ClientSession::take_answer(const xml::Element& iq) {
  const std::string type = iq.get("type");
  const bool answers = (type == "result" && faults_.has(Fault::wt_answers_results)) ||
                       (type == "error" && faults_.has(Fault::wt_answers_errors));
  if (answers) {
    answer_error(iq, "501", "feature-not-implemented");
  }
  const std::string id = iq.get("id");
  const auto found = requests_.find(id);
  const bool known = found != requests_.end() && is_answer_of(iq, found->second);
  const bool taken =
      known || (found == requests_.end() && faults_.has(Fault::wt_unknown_id_result_taken));
  if (!taken) {
    return;
  }
  const Request asked = known ? found->second : Request();
  if (known) {
    requests_.erase(found);
  }
  if (asked.kind == RequestKind::bundle) {
    take_bundle(asked.peer, iq);
    return;  // what its user is told of is the message
  }
  if (asked.kind == RequestKind::upload && type == "result") {
    memory_->uploaded = true;
  }
  if (id == keepalive_id_) {
    keepalive_id_.clear();
  }
  const std::string* from = iq.find("from");
  nlohmann::json params = {
      {"id", id}, {"from", from == nullptr ? std::string(kServer) : *from}, {"type", type}};
  if (type == "error") {
    params["condition"] = condition_of(iq);
  }
  tell("answered", std::move(params));
}

void ClientSession::answer_result(const xml::Element& iq) {
  xml::Element reply = stanza_element("iq");
  reply.set("type", "result");
  answer(iq, std::move(reply));
}

void ClientSession::answer_error(const xml::Element& iq, std::string_view code,
                                 std::string_view text) {
  xml::Element reply = stanza_element("iq");
  reply.set("type", "error");
  xml::Element error = stanza_element("error");
  error.set("code", std::string(code));
  error.set("text", std::string(text));
  reply.children.emplace_back(std::move(error));
  answer(iq, std::move(reply));
}

void ClientSession::answer(const xml::Element& request, xml::Element reply) {
  const std::string* from = request.find("from");
  reply.set("to", from == nullptr ? std::string(kServer) : *from);
  reply.set("id", request.get("id") + (faults_.has(Fault::wt_iq_wrong_id) ? "x" : ""));
  send(reply);
  if (faults_.has(Fault::wt_iq_answered_twice)) {
    send(reply);
  }
}

// STZ-021: a message is delivered to the server once it says so.
void ClientSession::take_ack(const xml::Element& ack) {
  if (ack.get("class") != "message" && !faults_.has(Fault::wt_forged_result_taken)) {
    return;
  }
  const std::string id = ack.get("id");
  const std::string* from = ack.find("from");
  for (auto at = memory_->outbox.begin(); at != memory_->outbox.end(); ++at) {
    const bool of_peer = from == nullptr || *from == at->to || names_server(*from) ||
                         faults_.has(Fault::wt_forged_result_taken);
    if (at->id != id || !of_peer) {
      continue;
    }
    nlohmann::json params = {{"id", id}, {"from", at->to}, {"type", "result"}};
    if (const std::string* error = ack.find("error")) {
      params["type"] = "error";
      params["condition"] = *error;
    }
    if (!faults_.has(Fault::wt_resends_acked)) {
      memory_->outbox.erase(at);
    }
    tell("answered", std::move(params));
    return;
  }
}

void ClientSession::acknowledge(const xml::Element& stanza, std::string_view error) {
  xml::Element ack = stanza_element("ack");
  ack.set("class", faults_.has(Fault::wt_ack_wrong_class) ? "unknown" : stanza.name);
  ack.set("id", stanza.get("id") + (faults_.has(Fault::wt_ack_wrong_id) ? "x" : ""));
  const std::string* from = stanza.find("from");
  std::string to = from == nullptr ? std::string(kServer) : *from;
  if (faults_.has(Fault::wt_integrator_lost_in_answers)) {
    to = with_own_integrator(to);
  }
  ack.set("to", faults_.has(Fault::wt_ack_wrong_to) ? jid_of(account_) : to);
  if (const std::string* participant = stanza.find("participant")) {
    ack.set("participant", *participant);
  }
  const std::string* type = stanza.find("type");
  if (type != nullptr && stanza.name != "message") {
    ack.set("type", *type);
  }
  if (!error.empty() && !faults_.has(Fault::wt_nack_without_error)) {
    ack.set("error", std::string(error));
  }
  send(ack);
}

void ClientSession::ask_again(const xml::Element& message) {
  xml::Element receipt = stanza_element("receipt");
  receipt.set("id", message.get("id"));
  receipt.set("to", message.get("from"));
  receipt.set("type", "retry");
  xml::Element retry = stanza_element("retry");
  retry.set("count", "1");
  retry.set("id", message.get("id"));
  retry.set("v", "1");
  receipt.children.emplace_back(std::move(retry));
  send(receipt);
}

void ClientSession::send_receipt(const xml::Element& message) {
  xml::Element receipt = stanza_element("receipt");
  receipt.set("id", message.get("id"));
  const std::string from = message.get("from");
  receipt.set("to",
              faults_.has(Fault::wt_integrator_lost_in_answers) ? with_own_integrator(from) : from);
  if (faults_.has(Fault::wt_receipt_of_other_type)) {
    receipt.set("type", "retry");
  }
  send(receipt);
}

}  // namespace parley::reference::whatsapp
