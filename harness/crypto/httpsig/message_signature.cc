// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/httpsig/message_signature.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/crypto/digest.h"
#include "harness/crypto/httpsig/structured_field.h"

namespace parley::crypto::httpsig {
namespace {

using Verdict = std::optional<SignatureFault>;

constexpr std::string_view kDigest = "content-digest";
constexpr std::string_view kSha256 = "sha-256";

constexpr std::array<std::string_view, kSignatureFaults> kNames{"signature-missing",
                                                                "input-malformed",
                                                                "signature-malformed",
                                                                "label-missing",
                                                                "several",
                                                                "not-components",
                                                                "component-unknown",
                                                                "component-parameter",
                                                                "component-repeated",
                                                                "component-absent",
                                                                "not-covered",
                                                                "parameter-type",
                                                                "algorithm-wrong",
                                                                "key-unknown",
                                                                "created-missing",
                                                                "created-in-future",
                                                                "stale",
                                                                "expired",
                                                                "nonce-missing",
                                                                "signature-wrong",
                                                                "digest-missing",
                                                                "digest-malformed",
                                                                "digest-algorithm",
                                                                "digest-wrong"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const auto begin = text.find_first_not_of(kBlanks);
  return begin == std::string_view::npos
             ? std::string_view()
             : text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// RFC 9421 section 2.1: all of that name, joined.
std::optional<std::string> field_of(const SignedRequest& request, std::string_view name) {
  std::optional<std::string> out;
  for (const auto& field : request.fields) {
    if (lower(field.name) == name) {
      out = (out ? *out + ", " : std::string()) + std::string(trimmed(field.value));
    }
  }
  return out;
}

// RFC 9421 section 2.2.3: in lower case, the scheme's own port left off.
std::string authority_of(const SignedRequest& request) {
  auto out = lower(request.authority);
  const std::string_view port = lower(request.scheme) == "https" ? ":443" : ":80";
  if (out.ends_with(port)) {
    out.resize(out.size() - port.size());
  }
  return out;
}

std::string path_of(const SignedRequest& request) {
  auto out = request.target.substr(0, request.target.find('?'));
  return out.empty() ? "/" : out;
}

std::string query_of(const SignedRequest& request) {
  const auto at = request.target.find('?');
  return at == std::string::npos ? "?" : request.target.substr(at);
}

// RFC 9421 section 2.2, those of a request without parameters.
std::optional<std::string> derived(const SignedRequest& request, std::string_view name) {
  if (name == "@method") {
    return request.method;
  }
  if (name == "@authority") {
    return authority_of(request);
  }
  if (name == "@scheme") {
    return lower(request.scheme);
  }
  if (name == "@target-uri") {
    return lower(request.scheme) + "://" + authority_of(request) + request.target;
  }
  if (name == "@request-target") {
    return request.target;
  }
  if (name == "@path") {
    return path_of(request);
  }
  return name == "@query" ? std::optional(query_of(request)) : std::nullopt;
}

// A field's name, in lower case as section 2.1 has it.
bool is_field_name(std::string_view name) {
  return !name.empty() && lower(name) == name && std::ranges::all_of(name, [](char c) {
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || kOthers.contains(c);
  });
}

Result<std::string> component(const SignedRequest& request, std::string_view name) {
  auto value = name.starts_with('@') ? derived(request, name) : field_of(request, name);
  if (value && value->find_first_of("\r\n") != std::string::npos) {
    return fail(Errc::malformed, fmt::format("the component {} has more than one line", name));
  }
  if (value) {
    return std::move(*value);
  }
  return is_field_name(name) ? fail(Errc::not_found, fmt::format("the request has no {}", name))
                             : fail(Errc::unsupported, "a component is not known");
}

InnerList list_of(const SignatureParameters& parameters) {
  InnerList out;
  for (const auto& name : parameters.components) {
    out.items.push_back({.value = name});
  }
  const auto add = [&](const char* name, const auto& value) {
    if (value) {
      out.parameters.push_back({.name = name, .value = *value});
    }
  };
  add("created", parameters.created);
  add("expires", parameters.expires);
  add("nonce", parameters.nonce);
  add("alg", parameters.alg);
  add("keyid", parameters.keyid);
  return out;
}

// The lines of the components and that of the parameters, which are `list` as it was written.
Result<std::string> base_of(const SignedRequest& request,
                            const std::vector<std::string>& components, const InnerList& list) {
  std::string out;
  for (auto at = components.begin(); at != components.end(); ++at) {
    if (std::find(components.begin(), at, *at) != at) {
      return fail(Errc::malformed, "a component stands twice");
    }
    auto value = component(request, *at);
    if (!value) {
      return std::unexpected(value.error());
    }
    out += fmt::format("\"{}\": {}\n", *at, *value);
  }
  return out + "\"@signature-params\": " + write(list);
}

bool writable(const SignatureParameters& parameters) {
  const auto holds = [](const std::optional<std::string>& text) {
    return !text || is_field_string(*text);
  };
  return holds(parameters.nonce) && holds(parameters.alg) && holds(parameters.keyid);
}

// What a request says of its signature, as far as that can be read.
struct Claimed {
  InnerList list;
  SignatureParameters parameters;
  Bytes signature;
};

// One verification: each step says what is wrong, or goes on.
class Verifier {
 public:
  Verifier(const SignedRequest& request, const SignaturePolicy& policy)
      : request_(request), policy_(policy) {}

  Verdict read();
  Verdict check_components() const;
  Verdict check_parameters(std::chrono::sys_seconds now) const;
  Verdict check_signature(const SecretBytes& key) const;
  Verdict check_digest() const;
  const SignatureParameters& parameters() const { return claimed_.parameters; }

 private:
  Verdict found(bool wrong, SignatureFault fault) const {
    return wrong && std::ranges::find(policy_.overlooked, fault) == policy_.overlooked.end()
               ? Verdict(fault)
               : std::nullopt;
  }
  Verdict read_components();
  Verdict read_parameters();
  Verdict check_times(std::chrono::sys_seconds now) const;

  const SignedRequest& request_;
  const SignaturePolicy& policy_;
  Claimed claimed_;
};

Verdict Verifier::read() {
  using enum SignatureFault;
  const auto input_text = field_of(request_, "signature-input");
  const auto signature_text = field_of(request_, "signature");
  if (!input_text || !signature_text) {
    return signature_missing;
  }
  const auto input = read_dictionary(*input_text);
  const auto signature = read_dictionary(*signature_text);
  if (!input || !signature) {
    return input ? signature_malformed : input_malformed;
  }
  if (input->empty() || signature->empty()) {
    return label_missing;
  }
  if (const auto several =
          found(input->size() > 1 || signature->size() > 1, SignatureFault::several)) {
    return several;
  }
  const auto* member = find_member(*signature, input->front().name);
  if (member == nullptr) {
    return label_missing;
  }
  const auto* list = std::get_if<InnerList>(&input->front().value);
  const auto* item = std::get_if<FieldItem>(&member->value);
  const auto* octets = item == nullptr ? nullptr : std::get_if<FieldOctets>(&item->value);
  if (list == nullptr || octets == nullptr) {
    return list == nullptr ? not_components : signature_malformed;
  }
  claimed_.list = *list;
  claimed_.signature = octets->octets;
  const auto wrong = read_components();
  return wrong ? wrong : read_parameters();
}

Verdict Verifier::read_components() {
  for (const auto& item : claimed_.list.items) {
    const auto* name = std::get_if<std::string>(&item.value);
    if (name == nullptr) {
      return SignatureFault::not_components;
    }
    if (!item.parameters.empty()) {
      return SignatureFault::component_parameter;
    }
    claimed_.parameters.components.push_back(*name);
  }
  return std::nullopt;
}

// RFC 9421 section 2.3; those that nobody knows are signed and passed over.
Verdict Verifier::read_parameters() {
  auto& out = claimed_.parameters;
  const auto number = [&](const char* name, std::optional<std::int64_t>& into) {
    const auto* value = find_parameter(claimed_.list.parameters, name);
    const auto* typed = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
    into = typed == nullptr ? std::nullopt : std::optional(*typed);
    return value == nullptr || typed != nullptr;
  };
  const auto text = [&](const char* name, std::optional<std::string>& into) {
    const auto* value = find_parameter(claimed_.list.parameters, name);
    const auto* typed = value == nullptr ? nullptr : std::get_if<std::string>(value);
    into = typed == nullptr ? std::nullopt : std::optional(*typed);
    return value == nullptr || typed != nullptr;
  };
  const bool right = number("created", out.created) && number("expires", out.expires) &&
                     text("nonce", out.nonce) && text("alg", out.alg) && text("keyid", out.keyid);
  return right ? std::nullopt : Verdict(SignatureFault::parameter_type);
}

Verdict Verifier::check_components() const {
  using enum SignatureFault;
  const auto& components = claimed_.parameters.components;
  for (auto at = components.begin(); at != components.end(); ++at) {
    if (std::find(components.begin(), at, *at) != at) {
      return component_repeated;
    }
    if (const auto value = component(request_, *at); !value) {
      return value.error().code == Errc::not_found ? component_absent : component_unknown;
    }
  }
  for (const auto& wanted : policy_.covered) {
    const bool left_out = std::ranges::find(components, wanted) == components.end();
    if (const auto wrong = found(left_out, not_covered)) {
      return wrong;
    }
  }
  return std::nullopt;
}

Verdict Verifier::check_parameters(std::chrono::sys_seconds now) const {
  using enum SignatureFault;
  const auto& parameters = claimed_.parameters;
  // The key decides on the algorithm; "alg" may be left out (RFC 9421 section 3.2, step 6).
  if (const auto wrong = found(parameters.alg && *parameters.alg != kAlgorithm, algorithm_wrong)) {
    return wrong;
  }
  if (const auto wrong = found(parameters.keyid != policy_.key_id, key_unknown)) {
    return wrong;
  }
  if (const auto wrong = check_times(now)) {
    return wrong;
  }
  return found(!parameters.nonce || parameters.nonce->empty(), nonce_missing);
}

Verdict Verifier::check_times(std::chrono::sys_seconds now) const {
  using enum SignatureFault;
  const auto& [components, created, expires, nonce, alg, keyid] = claimed_.parameters;
  const std::int64_t seconds = now.time_since_epoch().count();
  if (const auto wrong = found(!created, created_missing)) {
    return wrong;
  }
  if (const auto wrong =
          found(created && *created > seconds + policy_.leeway.count(), created_in_future)) {
    return wrong;
  }
  if (const auto wrong = found(created && *created < seconds - policy_.window.count(), stale)) {
    return wrong;
  }
  return found(expires && *expires <= seconds, SignatureFault::expired);
}

Verdict Verifier::check_signature(const SecretBytes& key) const {
  const auto base = base_of(request_, claimed_.parameters.components, claimed_.list);
  const auto wanted = base ? hmac_sha256(key.reveal(), *base) : Bytes();
  const auto& had = claimed_.signature;
  const bool same = base && had.size() == wanted.size() &&
                    CRYPTO_memcmp(had.data(), wanted.data(), wanted.size()) == 0;
  return found(!same, SignatureFault::signature_wrong);
}

// RFC 9530 section 2: of several digests the one that is known counts.
Verdict Verifier::check_digest() const {
  using enum SignatureFault;
  const auto text = field_of(request_, kDigest);
  const bool wanted = !request_.body.empty() || std::ranges::count(policy_.covered, kDigest) > 0;
  if (!text) {
    return found(wanted, digest_missing);
  }
  const auto digests = read_dictionary(*text);
  if (!digests) {
    return digest_malformed;
  }
  const auto* member = find_member(*digests, kSha256);
  if (member == nullptr) {
    return digest_algorithm;
  }
  const auto* item = std::get_if<FieldItem>(&member->value);
  const auto* octets = item == nullptr ? nullptr : std::get_if<FieldOctets>(&item->value);
  if (octets == nullptr) {
    return digest_malformed;
  }
  return found(octets->octets != sha256(request_.body), digest_wrong);
}

}  // namespace

std::string content_digest(std::string_view body) {
  return write(FieldDictionary{
      {.name = std::string(kSha256), .value = FieldItem{.value = FieldOctets{sha256(body)}}}});
}

Result<std::string> signature_base(const SignedRequest& request,
                                   const SignatureParameters& parameters) {
  if (!writable(parameters)) {
    return fail(Errc::malformed, "a parameter holds what no field can hold");
  }
  return base_of(request, parameters.components, list_of(parameters));
}

Result<SignatureFields> sign(const SignedRequest& request, const SignatureParameters& parameters,
                             const SecretBytes& key, const std::string& label) {
  const auto base = signature_base(request, parameters);
  if (!base) {
    return std::unexpected(base.error());
  }
  const FieldOctets signature{hmac_sha256(key.reveal(), *base)};
  return SignatureFields{
      .input = write(FieldDictionary{{.name = label, .value = list_of(parameters)}}),
      .signature = write(FieldDictionary{{.name = label, .value = FieldItem{.value = signature}}})};
}

std::string_view to_string(SignatureFault fault) {
  return kNames.at(static_cast<std::size_t>(fault));
}

std::expected<SignatureParameters, SignatureFault> verify(const SignedRequest& request,
                                                          const SecretBytes& key,
                                                          const SignaturePolicy& policy,
                                                          std::chrono::sys_seconds now) {
  Verifier verifier(request, policy);
  auto wrong = verifier.read();
  wrong = wrong ? wrong : verifier.check_components();
  wrong = wrong ? wrong : verifier.check_parameters(now);
  wrong = wrong ? wrong : verifier.check_signature(key);
  wrong = wrong ? wrong : verifier.check_digest();
  if (wrong) {
    return std::unexpected(*wrong);
  }
  return verifier.parameters();
}

}  // namespace parley::crypto::httpsig
