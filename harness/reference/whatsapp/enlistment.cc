// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/enlistment.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "harness/crypto/jose/json.h"
#include "harness/reference/whatsapp/first_value.h"
#include "harness/reference/whatsapp/gatekeeper.h"
#include "harness/reference/whatsapp/json_answer.h"
#include "harness/reference/whatsapp/session.h"

namespace parley::reference::whatsapp {
namespace {

namespace jose = crypto::jose;

constexpr std::string_view kPath = "/v1/enlistments";
constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kJson = "application/json";
constexpr std::size_t kAnyDepth = 5000;          // wg-enlist-deep
constexpr std::size_t kLongestIdentifier = 320;  // of an e-mail address, RFC 3696 section 3

enum Status {
  kOk = 200,
  kCreated = 201,
  kAccepted = 202,
  kNoContent = 204,
  kBadRequest = 400,
  kUnauthorized = 401,
  kNotFound = 404,
  kMethodNotAllowed = 405,
  kConflict = 409,
  kUnsupportedMediaType = 415,
};

net::HttpAnswer refusal(int status, const std::string& error) {
  auto out = json_refusal(status, error);
  if (status == kUnauthorized) {  // RFC 9110 section 11.6.1
    out.message.headers.push_back({"WWW-Authenticate", "Bearer"});
  }
  return out;
}

net::HttpAnswer enlisted(int status, const Account& account) {
  jose::Json content{jose::Json::Object()};
  jose::set_member(content, "id", jose::json_of(account.address.number));
  jose::set_member(content, "identifier", jose::json_of(account.identifier));
  return json_answer(status, content);
}

struct StanzaMethod {
  std::string_view payload;
  std::string_view type;  // of the iq
  std::string_view method;
};
constexpr StanzaMethod kStanzaMethods[] = {{"enlist", "set", "POST"},
                                           {"show", "get", "GET"},
                                           {"rename", "set", "PUT"},
                                           {"take_back", "set", "DELETE"}};
// Attributes that are members of the content over HTTP.
constexpr std::string_view kMembers[] = {"identifier_type", "identifier", "proof"};

std::string media_type(const wire::HttpMessage& request) {
  auto type = wire::value_of(request.headers, "content-type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) {
    type.pop_back();
  }
  return type;
}

// What stands behind the scheme; empty for another scheme.
std::string bearer_of(const std::string& authorization) {
  const auto scheme = authorization.substr(0, kBearer.size());
  return wire::same_name(scheme, kBearer) ? authorization.substr(kBearer.size()) : "";
}

bool is_identifier_type(std::string_view type) {
  return type == "email" || type == "pn" || type == "username";
}

// Nothing when it is not as it must be.
std::optional<WantedIdentifier> wanted_of(const jose::Json& content) {
  const auto* type = content.find("identifier_type");
  const auto* identifier = content.find("identifier");
  if (type == nullptr || identifier == nullptr || type->text() == nullptr ||
      identifier->text() == nullptr) {
    return std::nullopt;
  }
  const auto* proof = content.find("proof");
  return WantedIdentifier{
      .type = *type->text(),
      .identifier = *identifier->text(),
      .proof = proof == nullptr || proof->text() == nullptr ? "" : *proof->text()};
}

// ENL-007: letters of the domain of an address count without regard to case.
std::string normalised(const WantedIdentifier& wanted) {
  auto out = wanted.identifier;
  if (wanted.type == "email") {
    for (auto at = out.rfind('@'); at < out.size(); ++at) {
      out[at] = out[at] >= 'A' && out[at] <= 'Z' ? static_cast<char>(out[at] + 32) : out[at];
    }
  }
  return out;
}

}  // namespace

net::HttpAnswer Enlistment::answer(const wire::HttpMessage& request) {
  const auto& [method, target] = *request.request();
  const std::string_view path = target;
  if (path == kPath) {
    return method == "POST" ? enlist(request) : refusal(kMethodNotAllowed, "method-not-allowed");
  }
  if (!path.starts_with(kPath) || path[kPath.size()] != '/') {
    return refusal(kNotFound, "not-found");
  }
  const std::string id(path.substr(kPath.size() + 1));
  if (method == "GET") {
    return show(request, id);
  }
  if (method == "PUT") {
    return rename(request, id);
  }
  return method == "DELETE" ? take_back(request, id)
                            : refusal(kMethodNotAllowed, "method-not-allowed");
}

wire::HttpMessage Enlistment::request_of(const xml::Element& iq) const {
  const auto payloads = iq.elements();
  const auto* payload = payloads.size() == 1 ? payloads.front() : nullptr;
  const auto* known = std::ranges::find_if(kStanzaMethods, [&](const StanzaMethod& one) {
    return payload != nullptr && payload->name == one.payload && iq.get("type") == one.type;
  });
  if (known == std::end(kStanzaMethods)) {
    return wire::http_request("", std::string(kPath));
  }
  jose::Json content{jose::Json::Object()};
  for (const auto member : kMembers) {
    if (const auto* value = payload->find(member)) {
      jose::set_member(content, member, jose::json_of(*value));
    }
  }
  const auto* at = payload->find("at");
  auto out =
      wire::http_request(std::string(known->method), at == nullptr ? std::string(kPath) : *at,
                         {{"Content-Type", std::string(kJson)}}, jose::write_json(content));
  if (const auto* token = payload->find("token")) {
    out.headers.push_back({"Authorization", std::string(kBearer) + *token});
  }
  return out;
}

xml::Element Enlistment::payload_of(const net::HttpAnswer& answer) {
  auto out = make_element("enlistment");
  out.set("status", std::to_string(answer.message.response()->status));
  const auto content = jose::read_json(answer.message.body);
  for (const char* member : {"id", "identifier"}) {
    const auto* value = content ? content->find(member) : nullptr;
    if (value != nullptr && value->text() != nullptr) {
      out.set(member, *value->text());
    }
  }
  return out;
}

std::expected<WantedIdentifier, net::HttpAnswer> Enlistment::read(
    const wire::HttpMessage& request) const {
  const bool to_the_letter = wire::value_of(request.headers, "content-type") == kJson;
  const bool is_json = has(Fault::wg_enlist_to_the_letter)
                           ? to_the_letter
                           : wire::same_name(media_type(request), kJson);
  if (!is_json && !has(Fault::wg_enlist_any_media_type)) {
    return std::unexpected(refusal(kUnsupportedMediaType, "unsupported-media-type"));
  }
  const auto content = jose::read_json(
      has(Fault::wg_enlist_more_behind) ? first_value(request.body) : request.body,
      {.max_depth = has(Fault::wg_enlist_deep) ? kAnyDepth : jose::JsonLimits().max_depth},
      has(Fault::wg_enlist_members_twice) ? jose::Repeats::kept : jose::Repeats::refused);
  if (!content && has(Fault::wg_deaf_after_repeated_member) &&
      jose::read_json(request.body, {}, jose::Repeats::kept)) {
    keeper_.fall_deaf();
  }
  auto wanted = content ? wanted_of(*content) : std::nullopt;
  if (!wanted && has(Fault::wg_enlist_any_content)) {
    return std::unexpected(
        enlisted(kCreated, keeper_.enlist_identifier("somebody", kDefaultIntegrator, faults_)));
  }
  if (!wanted || wanted->identifier.empty() || wanted->identifier.size() > kLongestIdentifier) {
    return std::unexpected(refusal(kBadRequest, "bad-request"));
  }
  if (!is_identifier_type(wanted->type) && !has(Fault::wg_enlist_any_type)) {
    return std::unexpected(refusal(kBadRequest, "identifier-type"));
  }
  const bool foreign = content->object()->size() > (wanted->proof.empty() ? 2 : 3);
  if (foreign && has(Fault::wg_enlist_unknown_member_refused)) {
    return std::unexpected(refusal(kBadRequest, "bad-request"));
  }
  if (!has(Fault::wg_enlist_not_normalised)) {
    wanted->identifier = normalised(*wanted);
  }
  return std::move(*wanted);
}

net::HttpAnswer Enlistment::enlist(const wire::HttpMessage& request) {
  const auto wanted = read(request);
  if (!wanted) {
    return wanted.error();
  }
  const auto& identifier = wanted->identifier;
  const auto integrator = integrator_of(request);
  if (!proves(request, integrator, identifier)) {
    return refusal(kUnauthorized, "invalid-token");
  }
  Account* known = keeper_.of_identifier(identifier, integrator);
  if (known != nullptr && !has(Fault::wg_enlist_new_id)) {
    return enlisted(kOk, *known);
  }
  const Account& account = keeper_.enlist_identifier(identifier, integrator, faults_);
  auto out = enlisted(kCreated, account);
  auto location = std::string(kPath) + "/" + account.address.number;  // RFC 9110 section 15.3.2
  if (has(Fault::wg_enlist_token_in_location)) {
    location += "?token=" + token_of(request);
  }
  out.message.headers.push_back({"Location", std::move(location)});
  return out;
}

std::string Enlistment::token_of(const wire::HttpMessage& request) const {
  const auto value = wire::value_of(request.headers, "authorization");
  const bool unread = has(Fault::wg_enlist_to_the_letter) && !value.starts_with(kBearer);
  return unread ? std::string() : bearer_of(value);
}

std::uint16_t Enlistment::integrator_of(const wire::HttpMessage& request) const {
  return keeper_.partners().named_by(token_of(request)).value_or(kDefaultIntegrator);
}

asio::awaitable<void> Enlistment::prepare(const wire::HttpMessage& request) {
  co_await keeper_.partners().prepare(integrator_of(request), token_of(request), faults_);
}

bool Enlistment::proves(const wire::HttpMessage& request, std::uint16_t integrator,
                        const std::string& identifier) const {
  const auto token = token_of(request);
  if (token.empty()) {
    return has(Fault::wg_enlist_without_proof);
  }
  return has(Fault::wg_enlist_any_proof) ||
         keeper_.partners().proves(integrator, identifier, token, faults_);
}

Account* Enlistment::own(const wire::HttpMessage& request, const std::string& id) {
  Account* account = keeper_.of_internal_id(id);
  const bool may =
      account != nullptr &&
      (has(Fault::wg_enlist_anybody_else_too) ||
       proves(request, *account->address.integrator, account->identifier) ||
       (has(Fault::wg_enlist_any_partner) &&
        keeper_.partners().any_proves(account->identifier, token_of(request), faults_)));
  return may ? account : nullptr;
}

net::HttpAnswer Enlistment::show(const wire::HttpMessage& request, const std::string& id) {
  const Account* account = own(request, id);
  return account == nullptr ? refusal(kNotFound, "not-found") : enlisted(kOk, *account);
}

// ENL-012: whoever is taken back is gone for everybody.
net::HttpAnswer Enlistment::take_back(const wire::HttpMessage& request, const std::string& id) {
  Account* account = own(request, id);
  if (account == nullptr) {
    return refusal(kNotFound, "not-found");
  }
  if (has(Fault::wg_enlist_leaver_resolvable) || has(Fault::wg_enlist_leaver_keys_stay) ||
      has(Fault::wg_enlist_leaver_connected)) {
    keep_part_of(*account);
  } else if (!has(Fault::wg_enlist_leaver_stays)) {
    keeper_.reset(account->address.number);
  }
  return {.message =
              wire::http_response(has(Fault::wg_may_take_back_later) ? kAccepted : kNoContent)};
}

// What careless servers forget to take back.
void Enlistment::keep_part_of(Account& account) const {
  if (!has(Fault::wg_enlist_leaver_resolvable)) {
    account.identifier.clear();
  }
  if (has(Fault::wg_enlist_leaver_connected)) {
    account.bundle.reset();
    return;
  }
  const auto bound = account.bound;  // each takes itself out
  for (Session* session : bound) {
    session->drop();
  }
}

// ENL-013: the new identifier is proven too, and the old one counts for nothing.
net::HttpAnswer Enlistment::rename(const wire::HttpMessage& request, const std::string& id) {
  const auto wanted = read(request);
  if (!wanted) {
    return wanted.error();
  }
  Account* account =
      has(Fault::wg_rename_anybody_else_too) ? keeper_.of_internal_id(id) : own(request, id);
  if (account == nullptr) {
    return refusal(kNotFound, "not-found");
  }
  const auto integrator = *account->address.integrator;
  const bool unproven = wanted->proof.empty() && has(Fault::wg_rename_without_proof);
  const bool taken = !wanted->proof.empty() && has(Fault::wg_rename_any_proof);
  if (!unproven && !taken &&
      !keeper_.partners().proves(integrator, wanted->identifier, wanted->proof, faults_)) {
    return refusal(kUnauthorized, "invalid-token");
  }
  const Account* holder = keeper_.of_identifier(wanted->identifier, integrator);
  if (holder != nullptr && holder != account && !has(Fault::wg_rename_takes_over)) {
    return refusal(kConflict, "identifier-taken");
  }
  if (has(Fault::wg_rename_new_id)) {
    return enlisted(kOk, keeper_.enlist_identifier(wanted->identifier, integrator, faults_));
  }
  const auto before = std::exchange(account->identifier, wanted->identifier);
  account->former = before;
  auto out = enlisted(kOk, *account);
  if (has(Fault::wg_rename_in_vain)) {
    account->identifier = before;
  }
  return out;
}

}  // namespace parley::reference::whatsapp
