// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/client_sasl.h"

#include <charconv>
#include <optional>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/base/text.h"
#include "harness/crypto/scram.h"
#include "harness/reference/client_wire.h"

namespace parley::reference {
namespace {

constexpr int kMinIterations = 4096;  // RFC 7677 section 4
constexpr int kMaxIterations = 1'000'000;

std::string element(std::string_view name, std::string_view attributes, std::string_view text) {
  std::string out = "<";
  out.append(name).append(" xmlns='").append(kSaslNs).append("'").append(attributes);
  if (text.empty()) {
    return out.append("/>");
  }
  return out.append(">").append(text).append("</").append(name).append(">");
}

SaslStep refuse(std::string reason) {
  return {.outcome = SaslOutcome::refused, .reason = std::move(reason)};
}

SaslStep abort(std::string reason) {
  return {.outcome = SaslOutcome::refused,
          .answer = element("abort", "", ""),
          .reason = std::move(reason)};
}

// RFC 6120 section 6.4.2: '=' stands for data of no length.
std::optional<std::string> decode(std::string_view text) {
  if (text.empty() || text == "=") {
    return "";
  }
  auto octets = from_base64(text);
  return octets ? std::optional(std::move(*octets)) : std::nullopt;
}

struct ServerFirst {
  std::string nonce;
  int iterations;
};

// server-first-message = "r=…,s=…,i=…" in that order (RFC 5802 section 7); extensions may follow,
// a mandatory one ("m=") may not be understood.
std::optional<ServerFirst> parse_server_first(std::string_view message) {
  const auto parts = split(message, ',');
  if (parts.size() < 3 || !parts[0].starts_with("r=") || !parts[1].starts_with("s=") ||
      !parts[2].starts_with("i=")) {
    return std::nullopt;
  }
  const auto salt = from_base64(std::string_view(parts[1]).substr(2));
  const std::string_view digits = std::string_view(parts[2]).substr(2);
  int iterations = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), iterations);
  if (!salt || salt->empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return ServerFirst{.nonce = parts[0].substr(2), .iterations = iterations};
}

}  // namespace

ClientSasl::ClientSasl(std::string user, std::string password, const FaultSet& faults,
                       std::string nonce)
    : user_(std::move(user)),
      password_(std::move(password)),
      faults_(faults),
      nonce_(std::move(nonce)) {}

std::string ClientSasl::begin(SaslMechanism mechanism) {
  mechanism_ = mechanism;
  switch (mechanism) {
    case SaslMechanism::none:
      break;
    case SaslMechanism::plain:
      return element("auth", " mechanism='PLAIN'",
                     to_base64(crypto::sasl_plain("", user_, password_)));
    case SaslMechanism::scram_sha_256:
      client_first_ = crypto::scram_client_first(user_, nonce_);
      return element("auth", " mechanism='SCRAM-SHA-256'", to_base64(client_first_));
  }
  return {};
}

SaslStep ClientSasl::take(const xml::Element& element) {
  if (element.ns != kSaslNs) {
    return refuse("<" + element.name + "/> came in place of a SASL answer");
  }
  if (element.name == "challenge") {
    return take_challenge(element.text());
  }
  if (element.name == "success") {
    return take_success(element.text());
  }
  if (element.name == "failure") {
    if (faults_.has(Fault::tp_ignores_sasl_failure)) {
      return {.outcome = SaslOutcome::done};
    }
    return refuse(error_condition(element, kSaslNs));
  }
  return refuse("an unknown SASL element");
}

SaslStep ClientSasl::take_challenge(std::string_view text) {
  auto message = decode(text);
  const bool any = faults_.has(Fault::tp_answers_malformed_challenge);
  if (any && (!message || (server_first_.empty() && !parse_server_first(*message)))) {
    return {.outcome = SaslOutcome::going_on, .answer = element("response", "", "")};
  }
  if (!message) {
    return abort("a challenge is not base64");
  }
  if (mechanism_ != SaslMechanism::scram_sha_256 || verified_) {
    return abort("a challenge that the mechanism does not have");
  }
  if (server_first_.empty()) {
    return take_server_first(std::move(*message));
  }
  // A server without additional data in <success/> sends its signature so (RFC 4422 section 5).
  if (!signature_is_right(*message)) {
    return abort("the server's signature is wrong");
  }
  verified_ = true;
  return {.outcome = SaslOutcome::going_on, .answer = element("response", "", "")};
}

SaslStep ClientSasl::take_server_first(std::string server_first) {
  const auto parsed = parse_server_first(server_first);
  if (!parsed) {
    return abort("the server's first SCRAM message is malformed");
  }
  const bool extends = parsed->nonce.size() > nonce_.size() && parsed->nonce.starts_with(nonce_);
  if (!extends) {
    if (!faults_.has(Fault::tp_accepts_foreign_scram_nonce) || parsed->nonce.empty()) {
      return abort("the server's nonce does not begin with the client's");
    }
    // It goes on as though the foreign nonce were its own, so no signature fits what it said.
    client_first_ = crypto::scram_client_first(
        user_, std::string_view(parsed->nonce).substr(0, parsed->nonce.size() - 1));
    foreign_nonce_ = true;
  }
  if (parsed->iterations < kMinIterations && !faults_.has(Fault::tp_accepts_low_iterations)) {
    return abort("the server asks for too few iterations");
  }
  if (parsed->iterations > kMaxIterations) {
    return abort("the server asks for too many iterations");
  }
  const auto answer = crypto::scram_client_final(password_, client_first_, server_first);
  if (!answer) {
    return abort(answer.error().detail);
  }
  server_first_ = std::move(server_first);
  return {.outcome = SaslOutcome::going_on, .answer = element("response", "", to_base64(*answer))};
}

SaslStep ClientSasl::take_success(std::string_view text) {
  const SaslStep done{.outcome = SaslOutcome::done};
  if (mechanism_ != SaslMechanism::scram_sha_256) {
    return done;
  }
  if (server_first_.empty()) {
    return faults_.has(Fault::tp_accepts_unasked_success)
               ? done
               : refuse("success before the client's proof");
  }
  if (foreign_nonce_ || faults_.has(Fault::tp_accepts_wrong_scram_signature)) {
    return done;
  }
  const auto message = decode(text);
  if (!message) {
    return refuse("the success is not base64");
  }
  const bool right = message->empty() ? verified_ : signature_is_right(*message);
  return right ? done : refuse("the server's signature is wrong or absent");
}

bool ClientSasl::signature_is_right(std::string_view server_final) const {
  if (faults_.has(Fault::tp_accepts_wrong_scram_signature)) {
    return true;
  }
  return crypto::scram_server_final_is_right(password_, client_first_, server_first_, server_final);
}

}  // namespace parley::reference
