// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/call_proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/base/secret_bytes.h"
#include "harness/base/text.h"
#include "harness/crypto/httpsig/message_signature.h"
#include "harness/net/stream.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

namespace httpsig = crypto::httpsig;

constexpr std::string_view kSignature = "signature";
constexpr std::string_view kBearer = "bearer";
constexpr std::string_view kMutualTls = "mutual-tls";
constexpr std::string_view kBearerScheme = "Bearer ";
constexpr std::string_view kDigest = "content-digest";
constexpr std::string_view kValid = "valid";
constexpr char kBetweenNames = ' ';
// The scope tells when the run began, and it may last so long.
constexpr std::chrono::minutes kLongestRun{10};

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

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(out)
                                                                  : std::nullopt;
}

// What the element says; an attribute that is empty is not there.
Result<httpsig::SignatureParameters> parameters_of(const xml::Element& proof) {
  const auto text = [&](std::string_view name) {
    auto value = proof.get(name);
    return value.empty() ? std::nullopt : std::optional(std::move(value));
  };
  httpsig::SignatureParameters out{
      .nonce = text("nonce"), .alg = text("alg"), .keyid = text("keyid")};
  for (const auto& name : split(proof.get("covered"), ' ')) {
    if (!name.empty()) {
      out.components.push_back(name);
    }
  }
  const auto time = [&](std::string_view name, std::optional<std::int64_t>& into) {
    const auto value = text(name);
    into = value ? number(*value) : std::nullopt;
    return !value || into;
  };
  if (!time("created", out.created) || !time("expires", out.expires)) {
    return fail(Errc::malformed, "a time of a proof is no number");
  }
  return out;
}

Result<void> sign(xml::Element& request, const xml::Element& proof, const SecretBytes& key) {
  const auto message = wire::http_message_of(request);
  const auto parameters = parameters_of(proof);
  if (!message || !parameters) {
    return std::unexpected(message ? parameters.error() : message.error());
  }
  auto covered = request_of(*message);
  if (wire::http_header(request, kDigest) == nullptr) {
    auto digest = httpsig::content_digest(message->body);
    covered.fields.push_back({std::string(kDigest), digest});
    wire::set_http_header(request, kDigest, std::move(digest));
  }
  auto made = httpsig::sign(covered, *parameters, key);
  if (!made) {
    return std::unexpected(made.error());
  }
  wire::set_http_header(request, "signature-input", std::move(made->input));
  wire::set_http_header(request, "signature", std::move(made->signature));
  return {};
}

xml::Element proof_element(std::string_view by, std::string_view state) {
  xml::Element out{.ns = {}, .name = std::string(kProof), .attributes = {}, .children = {}};
  out.set("by", std::string(by));
  out.set("state", std::string(state));
  return out;
}

xml::Element signature_read(const wire::HttpMessage& message, const SecretBytes& key,
                            std::chrono::sys_seconds now) {
  // Whose key it is says the form: it is in the element.
  const httpsig::SignaturePolicy policy{.leeway = kLongestRun,
                                        .overlooked = {httpsig::SignatureFault::key_unknown}};
  const auto verified = httpsig::verify(request_of(message), key, policy, now);
  auto out = proof_element(kSignature, verified ? kValid : httpsig::to_string(verified.error()));
  if (verified) {
    out.set("keyid", verified->keyid.value_or(""));
    out.set("created", std::to_string(verified->created.value_or(0)));
    out.set("nonce", verified->nonce.value_or(""));
    out.set("covered", join(verified->components, " "));
  }
  return out;
}

std::string certificate_of(const std::string& link) { return link + ".certificate"; }
std::string names_of(const std::string& link) { return link + ".certificate-names"; }

// A certificate that holds proves nothing of another.
std::string certificate_state(const std::string& link, const Scope& scope) {
  const auto state = scope.values.at(certificate_of(link));
  const auto wanted = scope.values.find("partner.client-name");
  const auto names = split(scope.values.at(names_of(link)), kBetweenNames);
  const bool named = wanted == scope.values.end() || wanted->second.empty() ||
                     std::ranges::count(names, wanted->second) > 0;
  return state == kValid && !named ? std::string(net::to_string(net::CertificateFault::other_name))
                                   : state;
}

}  // namespace

std::string caller_proof(const model::Profile& profile) {
  const auto by = profile.settings.find("server-authentication");
  return by == profile.settings.end() ? std::string(kSignature) : by->second.value;
}

bool knows_callers_by_certificate(const model::Profile& profile) {
  return caller_proof(profile) == kMutualTls;
}

Result<void> make_proof(xml::Element& request) {
  const auto* element = request.child(kProof);
  if (element == nullptr) {
    return {};
  }
  const auto proof = *element;
  std::erase_if(request.children, [](const xml::Node& node) {
    const auto* inner = std::get_if<xml::Element>(&node);
    return inner != nullptr && inner->name == kProof;
  });
  const auto by = proof.get("by");
  if (by == kBearer) {
    wire::set_http_header(request, "authorization", std::string(kBearerScheme) + proof.get("key"));
    return {};
  }
  if (by == kMutualTls) {
    return {};  // the handshake has proved it
  }
  const auto key = from_hex(proof.get("key"));
  if (by != kSignature || !key) {
    return fail(Errc::malformed, key ? fmt::format("there is no proof by '{}'", by)
                                     : "the key of a proof is no hex");
  }
  return sign(request, proof, SecretBytes(*key));
}

void note_certificate(const std::string& link, const nlohmann::json& shown, Scope& scope) {
  if (!shown.is_object() || !shown.contains("certificate")) {
    return;
  }
  scope.values[certificate_of(link)] = shown["certificate"].get<std::string>();
  scope.values[names_of(link)] =
      join(shown.value("names", std::vector<std::string>()), std::string(1, kBetweenNames));
}

void read_proof(xml::Element& tree, const ReceivedCall& call, const Scope& scope) {
  const auto& request = call.message;
  if (scope.values.contains(certificate_of(call.link))) {
    auto proof = proof_element(kMutualTls, certificate_state(call.link, scope));
    proof.set("nonce", tree.get("id"));  // each call is proved by a handshake of its own
    tree.children.emplace_back(std::move(proof));
    return;
  }
  const auto secret = scope.values.find("partner.secret");
  const auto now = scope.values.find("noise.now");
  const auto key = secret == scope.values.end() ? Result<Bytes>(Bytes()) : from_hex(secret->second);
  const auto seconds = now == scope.values.end() ? std::nullopt : number(now->second);
  if (!key || key->empty() || !seconds) {
    return;
  }
  const auto bearer = wire::value_of(request.headers, "authorization");
  const auto signature = wire::find_field(request.headers, "signature-input");
  if (!bearer.empty() && signature == nullptr) {
    // RFC 9110 section 11.4: one blank or more.
    const auto begin = std::min(bearer.find_first_not_of(' ', kBearerScheme.size()), bearer.size());
    const bool right = wire::same_name(bearer.substr(0, kBearerScheme.size()), kBearerScheme) &&
                       bearer.substr(begin) == secret->second;
    auto proof = proof_element(kBearer, right ? kValid : "secret-wrong");
    proof.set("nonce", tree.get("id"));  // there is none: each call counts by itself
    tree.children.emplace_back(std::move(proof));
    return;
  }
  tree.children.emplace_back(signature_read(
      request, SecretBytes(*key), std::chrono::sys_seconds(std::chrono::seconds(*seconds))));
}

}  // namespace parley::engine
