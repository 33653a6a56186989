// SPDX-License-Identifier: GPL-3.0-or-later
// Target: crypto::httpsig::verify and read_dictionary. Input: a letter for what the rest stands
// for, then octets: 'd' a dictionary, 'i' and 's' the values of Signature-Input and Signature, 'g'
// that of Content-Digest, 'b' the content, 'n' a nonce that is then signed honestly, 'x' octets
// laid over the honest fields (xor). Oracles: what was read is written to what reads the same; an
// honest signature is taken, whatever its nonce; of what is tampered with only the honest values
// are; what is taken says what the policy asks, and is refused with another key.
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/oracle.h"
#include "harness/crypto/httpsig/message_signature.h"
#include "harness/crypto/httpsig/structured_field.h"

namespace {

using namespace parley;
using namespace parley::crypto::httpsig;

constexpr std::int64_t kSeconds = 1'800'000'000;
constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(kSeconds)};
constexpr std::size_t kDigest = 0;
constexpr std::size_t kInput = 1;
constexpr std::size_t kSignature = 2;

const SignaturePolicy& policy() {
  static const SignaturePolicy made{.key_id = "gatekeeper"};
  return made;
}
const SecretBytes& secret() {
  static const SecretBytes made("secret");
  return made;
}

SignedRequest signed_request(const std::string& nonce) {
  SignedRequest out{.method = "POST",
                    .authority = "localhost:8443",
                    .target = "/v1/pushes",
                    .fields = {{"content-digest", content_digest("{}")}},
                    .body = "{}"};
  const auto made = sign(out,
                         {.components = policy().covered,
                          .created = kSeconds,
                          .nonce = nonce,
                          .alg = std::string(kAlgorithm),
                          .keyid = policy().key_id},
                         secret());
  PARLEY_ORACLE(made.has_value() == is_field_string(nonce));
  if (made) {
    out.fields.push_back({"signature-input", made->input});
    out.fields.push_back({"signature", made->signature});
  }
  return out;
}

// Made once: no input changes it.
const SignedRequest& honest() {
  static const SignedRequest made = signed_request("n1");
  return made;
}

void check_dictionary(std::string_view text) {
  const auto read = read_dictionary(text);
  if (read) {
    const auto written = write(*read);
    PARLEY_ORACLE(read_dictionary(written) == read);
    PARLEY_ORACLE(write(*read_dictionary(written)) == written);
  }
}

bool taken(const SignedRequest& request) {
  const auto verified = verify(request, secret(), policy(), kNow);
  PARLEY_ORACLE(verify(request, SecretBytes("other"), policy(), kNow).has_value() == false);
  if (verified) {
    PARLEY_ORACLE(verified->keyid == policy().key_id);
    PARLEY_ORACLE(verified->nonce && !verified->nonce->empty());
    PARLEY_ORACLE(verified->created && *verified->created <= kSeconds + 5 &&
                  *verified->created >= kSeconds - 60);
  }
  return verified.has_value();
}

// A value of the honest request replaced: what is taken is the same, however it is spelt.
void check_replaced(std::size_t field, std::string_view value) {
  auto request = honest();
  request.fields[field].value = value;
  check_dictionary(value);
  if (taken(request)) {
    const auto& was = honest().fields[field].value;
    PARLEY_ORACLE(write(*read_dictionary(value)) == was || field == kSignature);
    const auto* member = find_member(*read_dictionary(value), "sig1");
    PARLEY_ORACLE(field != kSignature ||
                  std::get<FieldItem>(member->value).value ==
                      std::get<FieldItem>(find_member(*read_dictionary(was), "sig1")->value).value);
  }
}

void check_tampered(std::string_view octets) {
  auto request = honest();
  bool changed = false;
  std::size_t at = 0;
  for (auto& field : request.fields) {
    for (auto& c : field.value) {
      const char laid = at < octets.size() ? octets[at++] : '\0';
      changed = changed || laid != '\0';
      c = static_cast<char>(c ^ laid);
    }
  }
  // Blanks at the end are no part of a value, and a parameter of a signature is nobody's.
  PARLEY_ORACLE(changed || taken(request));
  if (taken(request)) {
    PARLEY_ORACLE(content_digest(request.body) == write(*read_dictionary(request.fields[0].value)));
  }
}

// Any nonce that is a string and fits into the field with its escapes.
void check_nonce(const std::string& nonce) {
  const auto request = signed_request(nonce);
  const bool fits =
      is_field_string(nonce) && request.fields[kInput].value.size() <= FieldLimits().max_octets;
  PARLEY_ORACLE(taken(request) == (fits && !nonce.empty()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) {
    return 0;
  }
  const auto rest = input.substr(1);
  switch (input[0]) {
    case 'i':
      check_replaced(kInput, rest);
      break;
    case 's':
      check_replaced(kSignature, rest);
      break;
    case 'g':
      check_replaced(kDigest, rest);
      break;
    case 'b': {
      auto request = honest();
      request.body = rest;
      PARLEY_ORACLE(taken(request) == (rest == "{}"));
      break;
    }
    case 'n':
      check_nonce(std::string(rest));
      break;
    case 'x':
      check_tampered(rest);
      break;
    default:
      check_dictionary(rest);
      break;
  }
  return 0;
}
