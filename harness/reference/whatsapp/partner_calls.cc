// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/partner_calls.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "harness/crypto/httpsig/message_signature.h"
#include "harness/crypto/jose/base64url.h"
#include "harness/reference/whatsapp/json_answer.h"

namespace parley::reference::whatsapp {
namespace {

namespace jose = crypto::jose;
namespace httpsig = crypto::httpsig;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kKeyName = "gatekeeper";
constexpr std::size_t kMostOctets = std::size_t{64} << 10U;
constexpr std::size_t kUnboundedOctets = std::size_t{16} << 20U;
constexpr std::size_t kMostDepth = 8;
constexpr std::size_t kUnboundedDepth = 5000;
constexpr std::size_t kLongestText = 16 * 1024;
constexpr std::chrono::seconds kWindow{60};
constexpr std::chrono::seconds kNonceLife{2 * kWindow};  // the caller's clock may be ahead

enum Status {
  kOk = 200,
  kAccepted = 202,
  kNoContent = 204,
  kBadRequest = 400,
  kUnauthorized = 401,
  kForbidden = 403,
  kNotFound = 404,
  kMethodNotAllowed = 405,
  kConflict = 409,
  kGone = 410,
  kContentTooLarge = 413,
  kUnsupportedMediaType = 415,
  kUnprocessable = 422,
  kUnavailable = 503,
};

net::HttpAnswer refusal(int status, const std::string& error) {
  auto out = json_refusal(status, error);
  if (status == kMethodNotAllowed) {  // RFC 9110 section 15.5.6
    out.message.headers.push_back({"Allow", "POST"});
  }
  return out;
}

// RFC 9110 section 15.5.2, RFC 6750 section 3.
net::HttpAnswer unproved(CallerProof wanted) {
  auto out = refusal(kUnauthorized, "caller");
  const auto* challenge = wanted == CallerProof::bearer ? "Bearer" : "Signature";
  out.message.headers.push_back({"WWW-Authenticate", challenge});
  return out;
}

// What a careless service does not look for.
constexpr auto kOverlooked = std::to_array<std::pair<Fault, httpsig::SignatureFault>>({
    {Fault::wp_call_any_signature, httpsig::SignatureFault::signature_wrong},
    {Fault::wp_call_any_key_name, httpsig::SignatureFault::key_unknown},
    {Fault::wp_call_any_algorithm, httpsig::SignatureFault::algorithm_wrong},
    {Fault::wp_call_digest_unchecked, httpsig::SignatureFault::digest_wrong},
    {Fault::wp_call_stale, httpsig::SignatureFault::stale},
    {Fault::wp_call_from_future, httpsig::SignatureFault::created_in_future},
    {Fault::wp_call_undated, httpsig::SignatureFault::created_missing},
    {Fault::wp_call_expired, httpsig::SignatureFault::expired},
    {Fault::wp_call_without_nonce, httpsig::SignatureFault::nonce_missing},
});
bool is_unreadable(httpsig::SignatureFault fault) {
  return fault <= httpsig::SignatureFault::not_components;
}
constexpr auto kUncovered = std::to_array<std::pair<Fault, std::string_view>>({
    {Fault::wp_call_method_uncovered, "@method"},
    {Fault::wp_call_path_uncovered, "@path"},
    {Fault::wp_call_digest_uncovered, "content-digest"},
});

httpsig::SignaturePolicy policy_under(const FaultSet& faults) {
  httpsig::SignaturePolicy out{.key_id = std::string(kKeyName), .window = kWindow};
  for (const auto& [fault, overlooked] : kOverlooked) {
    if (faults.has(fault)) {
      out.overlooked.push_back(overlooked);
    }
  }
  for (const auto& [fault, component] : kUncovered) {
    if (faults.has(fault)) {
      std::erase(out.covered, component);
    }
  }
  return out;
}

httpsig::SignedRequest request_of(const wire::HttpMessage& message) {
  httpsig::SignedRequest out{.method = message.request()->method,
                             .authority = wire::value_of(message.headers, "host"),
                             .target = message.request()->target,
                             .body = message.body};
  for (const auto& [name, value] : message.headers) {
    out.fields.push_back({name, value});
  }
  return out;
}

// As this project's own gatekeeper signs: wp-call-usual-signature-only.
bool is_usual(const httpsig::SignatureParameters& parameters) {
  return parameters.components == httpsig::SignaturePolicy().covered && parameters.alg &&
         !parameters.expires;
}

std::string media_type(const wire::HttpMessage& request) {
  auto type = wire::value_of(request.headers, "content-type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) {
    type.pop_back();
  }
  return type;
}

// Up to the end of the first value: wp-call-more-behind.
std::string_view first_object(std::string_view text) {
  return text.substr(0, text.rfind('}') == std::string_view::npos ? 0 : text.rfind('}') + 1);
}

// What the claims say, whoever has signed them: wp-call-vouches-forged.
std::optional<std::string> subject_claimed(const std::string& token) {
  const auto begin = token.find('.');
  const auto end = token.find('.', begin + 1);
  if (begin == std::string::npos || end == std::string::npos) {
    return std::nullopt;
  }
  const auto octets = jose::from_base64url(token.substr(begin + 1, end - begin - 1));
  const auto claims = octets ? jose::read_json(*octets) : jose::read_json("");
  const auto* subject = claims ? claims->find("sub") : nullptr;
  const auto* text = subject == nullptr ? nullptr : subject->text();
  return text == nullptr ? std::nullopt : std::optional(*text);
}

}  // namespace

net::HttpAnswer PartnerCalls::answer(const wire::HttpMessage& request, const net::HttpPeer& peer,
                                     const KnownGatekeeper& known, std::chrono::sys_seconds now) {
  if (std::exchange(refuses_next_, false)) {
    return refusal(kForbidden, "forbidden");
  }
  net::HttpAnswer out;
  if (request.request()->method != "POST" && !has(Fault::wp_call_any_method)) {
    out = refusal(kMethodNotAllowed, "method-not-allowed");
  } else if (!proves(request, peer, known, now)) {
    if (has(Fault::wp_push_wakes_unverified)) {
      (void)take(request);
    }
    // No header field would prove more (RFC 9110 section 15.5.4).
    const bool forbidden =
        known.proof == CallerProof::certificate || has(Fault::wp_may_say_forbidden);
    out = forbidden ? refusal(kForbidden, "caller") : unproved(known.proof);
  } else {
    out = take(request);
  }
  refuses_next_ = has(Fault::wp_call_next_refused) && out.message.response()->status >= kBadRequest;
  return out;
}

// SRV-002, SRV-010.
bool PartnerCalls::proves(const wire::HttpMessage& request, const net::HttpPeer& peer,
                          const KnownGatekeeper& known, std::chrono::sys_seconds now) {
  switch (known.proof) {
    case CallerProof::signature:
      return overlooks(request, known.secret) || signs(request, known.secret, now);
    case CallerProof::bearer:
      return overlooks(request, known.secret) || bears(request, known.secret);
    case CallerProof::certificate:
      return has(Fault::wp_call_certificate_and_signature)
                 ? signs(request, known.secret, now)
                 : certifies(peer, known.certificate_name);
  }
  return false;
}

// What a careless service takes for the secret, be it in place of a signature.
bool PartnerCalls::overlooks(const wire::HttpMessage& request, const SecretBytes& secret) const {
  if (wire::find_field(request.headers, "signature-input") != nullptr) {
    return false;
  }
  const auto field = wire::value_of(request.headers, "authorization");
  const auto wanted = borne(secret);
  const auto credential = bearer_credential(field).value_or("");
  const auto parameter = request.request()->target.find("access_token=");
  const bool in_query = parameter != std::string::npos;
  return (has(Fault::wp_call_bearer_too) && (!field.empty() || in_query)) ||
         (has(Fault::wp_call_secret_beginning) && !credential.empty() &&
          wanted.starts_with(credential)) ||
         (has(Fault::wp_call_secret_and_more) && credential.starts_with(wanted)) ||
         (has(Fault::wp_call_secret_any_scheme) && field.ends_with(wanted)) ||
         (has(Fault::wp_call_secret_in_url) && in_query);
}

// RFC 6750 section 2.1.
bool PartnerCalls::bears(const wire::HttpMessage& request, const SecretBytes& secret) const {
  const auto field = wire::value_of(request.headers, "authorization");
  if (has(Fault::wp_call_scheme_to_the_letter) && !field.starts_with("Bearer ")) {
    return false;
  }
  if (field.empty()) {
    return has(Fault::wp_call_unsigned);
  }
  const auto credential = bearer_credential(field);
  return credential && is_secret(*credential, secret);
}

// RFC 9421 section 3.2.
bool PartnerCalls::signs(const wire::HttpMessage& request, const SecretBytes& secret,
                         std::chrono::sys_seconds now) {
  const auto bearer = wire::value_of(request.headers, "authorization");
  const bool is_signed = wire::find_field(request.headers, "signature-input") != nullptr;
  if (secret.empty() || (!is_signed && !bearer.empty())) {
    return false;
  }
  const auto verified = httpsig::verify(request_of(request), secret, policy_under(faults_), now);
  if (!verified) {
    return has(Fault::wp_call_unsigned) && is_unreadable(verified.error());
  }
  if (has(Fault::wp_call_usual_signature_only) && !is_usual(*verified)) {
    return false;
  }
  return !is_replayed(verified->nonce.value_or(""), now);
}

// SRV-002: a certificate of the gatekeeper's CA, for a client and for the gatekeeper's name.
bool PartnerCalls::certifies(const net::HttpPeer& peer, const std::string& name) const {
  if (!peer.tls || peer.tls->peer_subject.empty()) {
    return has(Fault::wp_call_without_certificate);
  }
  switch (peer.tls->peer_fault) {
    case net::CertificateFault::none:
      break;
    case net::CertificateFault::untrusted:
      return has(Fault::wp_call_certificate_any_ca);
    case net::CertificateFault::expired:
      return has(Fault::wp_call_certificate_any_time);
    case net::CertificateFault::other_purpose:
      return has(Fault::wp_call_certificate_any_purpose);
    case net::CertificateFault::other_name:  // not what the handshake looks at
      return false;
  }
  if (has(Fault::wp_call_certificate_for_clients_alone) && !peer.tls->peer_is_client_alone) {
    return false;
  }
  return is_named(*peer.tls, name) || has(Fault::wp_call_certificate_any_name);
}

// RFC 6125 section 6.4: a whole name in subjectAltName is the gatekeeper's, whatever the subject
// says beside it.
bool PartnerCalls::is_named(const net::TlsSession& session, const std::string& name) const {
  if (has(Fault::wp_call_certificate_subject_alone)) {
    return session.peer_subject == "/CN=" + name;
  }
  const auto parent = name.substr(std::min(name.find('.'), name.size()));
  return std::ranges::any_of(session.peer_names, [&](const std::string& one) {
    return one == name || (has(Fault::wp_call_certificate_name_begins) && one.starts_with(name)) ||
           (has(Fault::wp_call_certificate_name_ends) && one.ends_with(name)) ||
           (has(Fault::wp_call_certificate_same_parent) && one.ends_with(parent));
  });
}

bool PartnerCalls::is_replayed(const std::string& nonce, std::chrono::sys_seconds now) {
  std::erase_if(nonces_, [&](const auto& one) { return one.second + kNonceLife < now; });
  if (has(Fault::wp_call_replayed_later) && !nonces_.contains(nonce)) {
    nonces_.clear();
  }
  return !nonce.empty() && !nonces_.emplace(nonce, now).second && !has(Fault::wp_call_replayed);
}

std::optional<std::string> PartnerCalls::text_of(const Json& content,
                                                 std::string_view member) const {
  const auto* value = content.find(member);
  const auto* text = value == nullptr ? nullptr : value->text();
  if (value != nullptr && text == nullptr && has(Fault::wp_call_other_types)) {
    return jose::write_json(*value);
  }
  const bool right = text != nullptr && !text->empty() && text->size() <= kLongestText;
  return right ? std::optional(*text) : std::nullopt;
}

// SRV-009.
net::HttpAnswer PartnerCalls::take(const wire::HttpMessage& request) {
  const int invalid = has(Fault::wp_may_say_unprocessable) ? kUnprocessable : kBadRequest;
  const bool is_json = has(Fault::wp_call_to_the_letter)
                           ? wire::value_of(request.headers, "content-type") == kJson
                           : wire::same_name(media_type(request), kJson);
  if (!is_json && !has(Fault::wp_call_any_media_type)) {
    if (has(Fault::wp_push_wakes_refused)) {
      wake_unasked(request);
    }
    return refusal(kUnsupportedMediaType, "unsupported-media-type");
  }
  const jose::JsonLimits limits{
      .max_octets = has(Fault::wp_call_large) ? kUnboundedOctets : kMostOctets,
      .max_depth = has(Fault::wp_call_deep) ? kUnboundedDepth : kMostDepth};
  if (request.body.size() > limits.max_octets) {
    return refusal(kContentTooLarge, "content-too-large");
  }
  const auto body = has(Fault::wp_call_more_behind) ? first_object(request.body) : request.body;
  const auto content = jose::read_json(
      body, limits,
      has(Fault::wp_call_members_twice) ? jose::Repeats::kept : jose::Repeats::refused);
  deaf_ = deaf_ || (!content && has(Fault::wp_deaf_after_repeated_member) &&
                    jose::read_json(body, limits, jose::Repeats::kept));
  if (!content || content->object() == nullptr) {
    return has(Fault::wp_call_any_content) ? accepted() : refusal(invalid, "bad-request");
  }
  const bool pushes = request.request()->target.starts_with(kPushPath);
  const auto first = text_of(*content, pushes ? "user" : "token");
  const auto second = text_of(*content, pushes ? "id" : "identifier");
  const bool foreign = content->object()->size() > 2;
  if (!first || !second || (foreign && has(Fault::wp_call_unknown_member_refused))) {
    if (has(Fault::wp_call_any_content)) {
      return accepted();
    }
    return refusal(invalid, "bad-request");
  }
  const auto alert = has(Fault::wp_wake_shows_text) ? text_of(*content, "text") : std::nullopt;
  return pushes ? push(*first, *second, alert.value_or("")) : authenticate(*first, *second);
}

// SRV-008: what the service says agrees with the tokens that it issues.
net::HttpAnswer PartnerCalls::authenticate(const std::string& token,
                                           const std::string& identifier) const {
  const bool active = vouches(token, identifier) && !has(Fault::wp_call_denies);
  if (!active && has(Fault::wp_may_deny_by_status)) {
    return refusal(kForbidden, "inactive");
  }
  jose::Json content{jose::Json::Object()};
  jose::set_member(content, "active", jose::Json{active});
  if (active) {
    const bool other = has(Fault::wp_call_other_subject);
    jose::set_member(content, "sub", jose::json_of(other ? identifier + "0" : identifier));
  }
  return json_answer(kOk, content);
}

bool PartnerCalls::vouches(const std::string& token, const std::string& identifier) const {
  const auto user = service_.find(identifier);
  const auto subject =
      has(Fault::wp_call_vouches_forged) ? subject_claimed(token) : service_.subject_of(token);
  if (!user) {
    return subject && has(Fault::wp_call_vouches_unknown);
  }
  if (has(Fault::wp_call_vouches_any_token)) {
    return true;
  }
  return (user->opted_in || has(Fault::wp_call_vouches_opted_out)) &&
         (!user->suspended || has(Fault::wp_call_vouches_suspended)) &&
         (!user->away || has(Fault::wp_region_vouches_outside)) && subject &&
         (*subject == identifier || has(Fault::wp_call_vouches_other));
}

// SRV-005, SRV-007.
net::HttpAnswer PartnerCalls::push(const std::string& identifier, const std::string& id,
                                   const std::string& alert) {
  const auto user = service_.find(identifier);
  const bool left =
      std::ranges::any_of(pushes_, [&](const auto& one) { return one.first == identifier; });
  const bool taken =
      user || has(Fault::wp_push_unknown_taken) || (left && has(Fault::wp_push_leaver_taken));
  if (!taken) {
    wake_wrongly(identifier, id);
    const int status = has(Fault::wp_push_unknown_unsure) ? kUnavailable
                       : has(Fault::wp_may_say_gone)      ? kGone
                                                          : kNotFound;
    return refusal(status, "unknown-user");
  }
  const bool repeated = !pushes_.emplace(identifier, id).second;
  if (repeated && has(Fault::wp_push_repeat_refused)) {
    return refusal(kConflict, "repeated");
  }
  if (user && (!repeated || has(Fault::wp_push_wakes_again))) {
    wake({.user = user->user, .id = id, .alert = alert});
  }
  return accepted();
}

net::HttpAnswer PartnerCalls::accepted() const {
  const bool no_content = has(Fault::wp_may_answer_no_content);
  return {.message = wire::http_response(no_content ? kNoContent : kAccepted)};
}

// wp-push-wakes-refused
void PartnerCalls::wake_unasked(const wire::HttpMessage& request) const {
  const auto content = jose::read_json(request.body);
  const auto user = content ? text_of(*content, "user") : std::nullopt;
  const auto id = content ? text_of(*content, "id") : std::nullopt;
  if (user && id) {
    wake({.user = *user, .id = *id});
  }
}

// At a push for somebody who is not known.
void PartnerCalls::wake_wrongly(const std::string& identifier, const std::string& id) const {
  if (has(Fault::wp_wake_leaver)) {
    service_.wake({.user = identifier, .id = id});
  }
  const auto user = service_.find(identifier.substr(0, identifier.size() - 1));
  if (user && has(Fault::wp_wake_similar)) {
    service_.wake({.user = user->user, .id = id});
  }
}

void PartnerCalls::wake(Wake wake) const {
  if (has(Fault::wp_push_wakes_nobody)) {
    return;
  }
  if (has(Fault::wp_push_wakes_for_another)) {
    wake.id += '0';
  }
  service_.wake(wake);
}

}  // namespace parley::reference::whatsapp
