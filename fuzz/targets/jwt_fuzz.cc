// SPDX-License-Identifier: GPL-3.0-or-later
// Target: crypto::jose::verify. Input: a letter for what the rest stands for, then octets: 't' a
// token, 'h' a header and 'c' claims that are then signed honestly, 's' a signature, 'x' octets
// laid over the honest token (xor). Oracles: what is signed honestly is never refused for its
// signature, and cjose and OpenSSL agree on every signature of the right length; a text that was
// read is encoded to itself; what is accepted says what the policy asks, prints to what reads the
// same, and nlohmann reads the same in it, member by member; a token that was tampered with is
// refused, but for ECDSA's second s; why it is says nothing of a private key.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/laid_over.h"
#include "fuzz/oracle.h"
#include "fuzz/oracles/secrets.h"
#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/forgery.h"
#include "harness/crypto/jose/verify.h"

namespace {

using namespace parley;
using namespace parley::crypto::jose;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};
constexpr std::string_view kHeader = R"({"alg":"ES256","kid":"k"})";
constexpr std::string_view kClaims =
    R"({"iss":"i","sub":"s","aud":"a","iat":1800000000,"exp":1800000060})";

struct Honest {
  PrivateKey key;
  KeyRing ring;
  Policy policy;
  std::string token;
  std::string negated;  // with n - s for s

  Honest() {
    Rng rng(1);
    auto made = make_key(KeyKind::ec_p256, rng);
    PARLEY_ORACLE(made);
    key = std::move(*made);
    key.public_key.kid = "k";
    const std::vector<PublicKey> keys{key.public_key};
    auto imported = KeyRing::make(keys);
    PARLEY_ORACLE(imported);
    ring = std::move(*imported);
    policy.issuer = "i";
    policy.audience = "a";
    policy.subject = "s";
    token = sign_honestly(kHeader, kClaims, key).value_or("");
    ForgeryInput input;
    input.header = kHeader;
    input.claims = kClaims;
    input.signer = key;
    negated = forge("signature-s-negated", input).value_or("");
    PARLEY_ORACLE(!token.empty() && !negated.empty() && token != negated);
  }
};

// Made once: no input changes it.
const Honest& honest() {
  static const Honest made;
  return made;
}

void check_accepted(const Verified& verified) {
  PARLEY_ORACLE(*verified.claims.find("iss")->text() == "i");
  PARLEY_ORACLE(verified.subject == "s");
  PARLEY_ORACLE(verified.claims.find("exp")->number()->value > 1'799'999'940);
  PARLEY_ORACLE(*verified.header.find("alg")->text() == "ES256");
  PARLEY_ORACLE(verified.header.find("crit") == nullptr);
  PARLEY_ORACLE(verified.header.find("jwk") == nullptr);
  PARLEY_ORACLE(verified.key_id == "k");
  for (const Json* json : {&verified.header, &verified.claims}) {
    const auto text = write_json(*json);
    PARLEY_ORACLE(read_json(text) == *json);
  }
}

bool is_about_signature(Refusal reason) {
  return reason == Refusal::signature_missing || reason == Refusal::signature_length ||
         reason == Refusal::signature_range || reason == Refusal::signature_wrong;
}

std::expected<Verified, Refused> judged(std::string_view text) {
  auto verified = verify(text, honest().ring, honest().policy, kNow);
  if (verified) {
    check_accepted(*verified);
  } else {
    PARLEY_ORACLE(!fuzz::says(verified.error().detail, honest().key.secret.reveal()));
  }
  return verified;
}

// The token as each verifier sees it.
std::expected<Verified, Refused> check_token(std::string_view text) {
  const auto read = read_token(text);
  if (read) {
    PARLEY_ORACLE(std::string(read->signed_text) + "." + to_base64url(read->signature) == text);
    const auto& key = honest().ring.keys()[0];
    if (read->algorithm == "ES256" &&
        read->signature.size() == signature_octets(Algorithm::es256, key.key())) {
      PARLEY_ORACLE(
          key.verify(Algorithm::es256, text).has_value() ==
          verify_with_openssl(Algorithm::es256, key.key(), read->signed_text, read->signature)
              .has_value());
    }
  }
  auto verified = judged(text);
  PARLEY_ORACLE(read || !verified);
  return verified;
}

// nlohmann takes more, but what both take is the same, and so is each member: of repeats it has
// the last, where ours would have the first.
void check_reading(std::string_view octets, const Json& object) {
  const auto other = nlohmann::json::parse(octets, nullptr, false);
  PARLEY_ORACLE(!other.is_discarded());
  PARLEY_ORACLE(other == nlohmann::json::parse(write_json(object), nullptr, false));
  for (const auto& [name, value] : other.items()) {
    const Json* member = object.find(name);
    PARLEY_ORACLE(member && value == nlohmann::json::parse(write_json(*member), nullptr, false));
  }
}

// That the verifiers agree on an honest signature check_tampered() sees: here it would take two
// thirds of the time.
void check_signed(std::string_view header, std::string_view claims) {
  const auto token = sign_token(header, claims, Algorithm::es256, honest().key);
  PARLEY_ORACLE(token);
  const auto verified = judged(*token);
  if (!verified) {
    PARLEY_ORACLE(!is_about_signature(verified.error().reason));
    return;
  }
  check_reading(claims, verified->claims);
  check_reading(header, verified->header);
}

void check_tampered(std::string_view text) {
  const bool known = text == honest().token || text == honest().negated;
  PARLEY_ORACLE(check_token(text).has_value() == known);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) {
    return 0;
  }
  const auto rest = input.substr(1);
  switch (input[0]) {
    case 'h':
      check_signed(rest, kClaims);
      break;
    case 'c':
      check_signed(kHeader, rest);
      break;
    case 's': {
      const auto& token = honest().token;
      check_tampered(token.substr(0, token.rfind('.') + 1) + to_base64url(rest));
      break;
    }
    case 'x':
      check_tampered(fuzz::laid_over(honest().token, rest));
      break;
    default:
      check_token(rest);
      break;
  }
  return 0;
}
