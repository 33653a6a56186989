// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/jwks_lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/signature.h"

namespace parley::crypto::jose {
namespace {

struct DefectText {
  Defect defect;
  std::string_view name;
  std::string_view clause;
};

constexpr std::array<DefectText, kDefects> kTexts{{
    {Defect::not_json, "not-json", "RFC 7517 section 5"},
    {Defect::duplicate_member, "duplicate-member", "RFC 7517 section 4"},
    {Defect::no_keys, "no-keys", "RFC 7517 section 5.1"},
    {Defect::too_many_keys, "too-many-keys", "RFC 7517 section 5.1"},
    {Defect::empty_set, "empty-set", "OpenID Connect Core section 10.1"},
    {Defect::key_not_object, "key-not-object", "RFC 7517 section 4"},
    {Defect::kty_missing, "kty-missing", "RFC 7517 section 4.1"},
    {Defect::kty_unknown, "kty-unknown", "RFC 7517 section 5"},
    {Defect::member_missing, "member-missing", "RFC 7518 section 6"},
    {Defect::member_wrong_type, "member-wrong-type", "RFC 7517 section 4"},
    {Defect::private_member, "private-member", "RFC 7517 section 9.2"},
    {Defect::symmetric_key, "symmetric-key", "RFC 7517 section 9.2"},
    {Defect::kid_missing, "kid-missing", "OpenID Connect Core section 10.1"},
    {Defect::kid_duplicate, "kid-duplicate", "RFC 7517 section 4.5"},
    {Defect::same_key_twice, "same-key-twice", "RFC 7517 section 4.5"},
    {Defect::use_wrong, "use-wrong", "RFC 7517 section 4.2"},
    {Defect::key_ops_wrong, "key-ops-wrong", "RFC 7517 section 4.3"},
    {Defect::alg_wrong, "alg-wrong", "RFC 7517 section 4.4"},
    {Defect::curve_unknown, "curve-unknown", "RFC 7518 section 6.2.1.1"},
    {Defect::coordinate_length, "coordinate-length", "RFC 7518 section 6.2.1.2"},
    {Defect::off_curve, "off-curve", "RFC 8725 section 3.4"},
    {Defect::leading_zero, "leading-zero", "RFC 7518 section 6.3.1.1"},
    {Defect::weak_rsa, "weak-rsa", "RFC 7518 section 3.3"},
    {Defect::rsa_modulus, "rsa-modulus", "RFC 8017 section 3.1"},
    {Defect::rsa_exponent, "rsa-exponent", "RFC 8017 section 3.1"},
    {Defect::base64_padding, "base64-padding", "RFC 7515 section 2"},
    {Defect::base64_standard_alphabet, "base64-standard-alphabet", "RFC 7515 section 2"},
    {Defect::base64_other, "base64-other", "RFC 7515 section 2"},
}};

constexpr std::array<std::string_view, 8> kPrivate{"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

Defect defect_of(Base64Fault fault) {
  switch (fault) {
    case Base64Fault::padding:
      return Defect::base64_padding;
    case Base64Fault::standard_alphabet:
      return Defect::base64_standard_alphabet;
    case Base64Fault::white_space:
    case Base64Fault::other_octet:
    case Base64Fault::length:
    case Base64Fault::trailing_bits:
      return Defect::base64_other;
  }
  return Defect::base64_other;
}

// '=', '+' and '/' taken back, so that what is encoded can be judged all the same.
std::string respelled(std::string text) {
  while (text.ends_with('=')) {
    text.pop_back();
  }
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

// The findings of one key.
class KeyLint {
 public:
  KeyLint(const Json& key, std::size_t index, const LintRules& rules,
          std::vector<JwksFinding>& found)
      : key_(key), index_(index), rules_(rules), found_(found) {}

  void run() {
    if (key_.object() == nullptr) {
      add(Defect::key_not_object, "", "the key is no object");
      return;
    }
    const auto* type = text_of("kty", Defect::kty_missing);
    check_secrets();
    check_kid();
    if (type == nullptr) {
      return;
    }
    if (*type == "EC") {
      check_ec();
    } else if (*type == "RSA") {
      check_rsa();
    } else if (*type == "OKP") {
      check_okp();
    } else if (*type == "oct") {
      add(Defect::symmetric_key, "kty", "a symmetric key is published");
    } else {
      add(Defect::kty_unknown, "kty", "readers have to ignore the key");
    }
    check_use(*type);
  }

 private:
  void add(Defect defect, std::string_view member, std::string detail) {
    found_.push_back({.defect = defect,
                      .key = index_,
                      .member = std::string(member),
                      .detail = std::move(detail)});
  }

  const std::string* text_of(std::string_view name, Defect missing) {
    const Json* member = key_.find(name);
    if (member == nullptr) {
      add(missing, name, fmt::format("\"{}\" is missing", name));
      return nullptr;
    }
    if (member->text() == nullptr) {
      add(Defect::member_wrong_type, name, fmt::format("\"{}\" is no string", name));
    }
    return member->text();
  }

  // Null for what is not there, no string or beyond repair.
  std::optional<Bytes> octets_of(std::string_view name) {
    const auto* text = text_of(name, Defect::member_missing);
    if (text == nullptr) {
      return std::nullopt;
    }
    const auto octets = from_base64url(*text);
    if (octets) {
      return *octets;
    }
    add(defect_of(octets.error().fault), name,
        fmt::format("{} at letter {}", to_string(octets.error().fault), octets.error().offset));
    const auto repaired = from_base64url(respelled(*text));
    return repaired ? std::optional(*repaired) : std::nullopt;
  }

  void check_secrets() {
    for (const auto name : kPrivate) {
      if (key_.find(name) != nullptr) {
        add(Defect::private_member, name, fmt::format("\"{}\" is published", name));
      }
    }
  }

  void check_kid() {
    const auto* kid = text_of("kid", Defect::kid_missing);
    if (kid != nullptr && kid->empty()) {
      add(Defect::kid_missing, "kid", "\"kid\" is empty");
    }
  }

  // The coordinate, once its length is right.
  std::optional<Bytes> coordinate_of(std::string_view name, Curve curve) {
    auto octets = octets_of(name);
    if (octets && octets->size() != coordinate_octets(curve)) {
      add(Defect::coordinate_length, name,
          fmt::format("{} octets instead of {}", octets->size(), coordinate_octets(curve)));
      return std::nullopt;
    }
    return octets;
  }

  void check_ec() {
    const auto* name = text_of("crv", Defect::member_missing);
    PublicKey key;
    if (name != nullptr) {
      for (const auto curve : {Curve::p256, Curve::p384, Curve::p521}) {
        key.curve = to_string(curve) == *name ? curve : key.curve;
      }
      if (key.curve == Curve::none) {
        add(Defect::curve_unknown, "crv", "no curve that JWS signs on");
      }
    }
    if (key.curve == Curve::none) {
      return;
    }
    const auto x = coordinate_of("x", key.curve);
    const auto y = coordinate_of("y", key.curve);
    if (x && y) {
      key.x = *x;
      key.y = *y;
      if (!check(key)) {
        add(Defect::off_curve, "", "the point is not on its curve");
      }
    }
  }

  void check_okp() {
    const auto* name = text_of("crv", Defect::member_missing);
    if (name == nullptr) {
      return;
    }
    if (*name != to_string(Curve::ed25519)) {
      add(Defect::curve_unknown, "crv", "no curve that JWS signs on");
      return;
    }
    coordinate_of("x", Curve::ed25519);
  }

  void check_rsa() {
    const auto n = octets_of("n");
    const auto e = octets_of("e");
    for (const auto& [name, octets] : {std::pair("n", n), std::pair("e", e)}) {
      if (octets && octets->starts_with('\0')) {
        add(Defect::leading_zero, name, "the integer has a leading zero octet");
      }
    }
    if (n) {
      check_modulus(*n);
    }
    if (e) {
      const auto digit = e->find_first_not_of('\0');
      if (is_even(*e) || (digit == e->size() - 1 && e->back() == '\x01')) {
        add(Defect::rsa_exponent, "e", "no public exponent");
      }
    }
  }

  static bool is_even(const Bytes& number) {
    return number.empty() || (static_cast<unsigned char>(number.back()) & 1U) == 0;
  }

  void check_modulus(const Bytes& n) {
    PublicKey key;
    key.type = KeyType::rsa;
    key.n = n;
    if (const auto bits = rsa_bits(key); bits < rules_.min_rsa_bits) {
      add(Defect::weak_rsa, "n", fmt::format("{} bits of {}", bits, rules_.min_rsa_bits));
    }
    if (is_even(n)) {
      add(Defect::rsa_modulus, "n", "no product of two odd primes");
    }
  }

  void check_use(std::string_view type) {
    const Json* use = key_.find("use");
    if (use != nullptr && (use->text() == nullptr || *use->text() != "sig")) {
      add(Defect::use_wrong, "use", "the key is not for signatures");
    }
    check_operations(use);
    const Json* algorithm = key_.find("alg");
    if (algorithm == nullptr) {
      return;
    }
    if (algorithm->text() == nullptr) {
      add(Defect::member_wrong_type, "alg", "\"alg\" is no string");
      return;
    }
    if (!allows(type, *algorithm->text())) {
      add(Defect::alg_wrong, "alg", "no signature algorithm of that key");
    }
  }

  // By type and curve; the rest of the key may be wrong in its own ways.
  bool allows(std::string_view type, const std::string& name) const {
    const auto algorithm = algorithm_from(name);
    if (!algorithm || is_symmetric(*algorithm)) {
      return false;
    }
    const Json* curve_name = key_.find("crv");
    for (const auto curve : {Curve::none, Curve::p256, Curve::p384, Curve::p521, Curve::ed25519}) {
      PublicKey key;
      key.curve = curve;
      for (const auto known : {KeyType::ec, KeyType::rsa, KeyType::okp}) {
        key.type = known;
        const bool named = curve_name == nullptr || curve_name->text() == nullptr ||
                           *curve_name->text() == to_string(curve) || known == KeyType::rsa;
        if (to_string(known) == type && named && fits(*algorithm, key)) {
          return true;
        }
      }
    }
    return false;
  }

  void check_operations(const Json* use) {
    const Json* operations = key_.find("key_ops");
    if (operations == nullptr) {
      return;
    }
    std::set<std::string> names;
    bool well_formed = operations->array() != nullptr;
    for (const auto& name : well_formed ? *operations->array() : Json::Array()) {
      well_formed = well_formed && name.text() != nullptr && names.insert(*name.text()).second;
    }
    if (!well_formed || !names.contains("verify") || names.contains("sign")) {
      add(Defect::key_ops_wrong, "key_ops", "not exactly what verifying with a public key needs");
    }
    if (use != nullptr) {
      add(Defect::key_ops_wrong, "key_ops", "beside \"use\"");
    }
  }

  const Json& key_;
  std::size_t index_;
  const LintRules& rules_;
  std::vector<JwksFinding>& found_;
};

// What kind of key it is, and what it is for.
bool tells_what_for(Defect defect) {
  constexpr std::array kAll{Defect::kty_unknown, Defect::curve_unknown, Defect::use_wrong,
                            Defect::key_ops_wrong, Defect::alg_wrong};
  return std::ranges::find(kAll, defect) != kAll.end();
}

// Those that stand beside keys for signatures, where each key says what it is for. OpenID Connect
// Discovery section 3, "jwks_uri".
std::set<std::size_t> keys_for_encryption(std::string_view text) {
  const auto set = read_json(text, JsonLimits(), Repeats::kept);
  const Json* keys = set ? set->find("keys") : nullptr;
  std::set<std::size_t> out;
  bool signs = false;
  for (std::size_t i = 0; keys != nullptr && keys->array() != nullptr && i < keys->array()->size();
       ++i) {
    const Json* use = (*keys->array())[i].find("use");
    if (use == nullptr || use->text() == nullptr) {
      return {};
    }
    signs = signs || *use->text() == "sig";
    if (*use->text() == "enc") {
      out.insert(i);
    }
  }
  return signs ? out : std::set<std::size_t>();
}

// Names and keys that two keys of the set share.
void check_repeats(const Json::Array& keys, std::vector<JwksFinding>& found) {
  std::map<std::string, std::size_t> kids;
  std::map<std::string, std::size_t> prints;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Json* kid = keys[i].find("kid");
    if (kid != nullptr && kid->text() != nullptr) {
      const auto [first, fresh] = kids.emplace(*kid->text(), i);
      if (!fresh) {
        found.push_back({.defect = Defect::kid_duplicate,
                         .key = i,
                         .member = "kid",
                         .detail = fmt::format("key {} has it too", first->second)});
      }
    }
    if (const auto key = read_jwk(keys[i])) {
      const auto [first, fresh] = prints.emplace(thumbprint(*key), i);
      if (!fresh) {
        found.push_back({.defect = Defect::same_key_twice,
                         .key = i,
                         .member = {},
                         .detail = fmt::format("key {} is the same", first->second)});
      }
    }
  }
}

}  // namespace

std::string_view to_string(Defect defect) { return kTexts[static_cast<std::size_t>(defect)].name; }

std::string_view clause_of(Defect defect) {
  return kTexts[static_cast<std::size_t>(defect)].clause;
}

std::vector<JwksFinding> lint_jwks(std::string_view text, const LintRules& rules) {
  std::vector<JwksFinding> found;
  const auto add = [&](Defect defect, std::string member, std::string detail) {
    found.push_back(
        {.defect = defect, .key = {}, .member = std::move(member), .detail = std::move(detail)});
  };
  const JsonLimits limits{.max_octets = rules.limits.max_octets,
                          .max_depth = rules.limits.max_depth};
  auto set = read_json(text, limits);
  if (!set && set.error().fault == JsonFault::duplicate) {
    add(Defect::duplicate_member, set.error().member, "readers differ in which one they take");
    set = read_json(text, limits, Repeats::kept);
  }
  if (!set) {
    add(Defect::not_json, "", std::string(to_string(set.error().fault)));
    return found;
  }
  const Json* keys = set->find("keys");
  if (keys == nullptr || keys->array() == nullptr) {
    add(Defect::no_keys, "keys", "a key set is an object with an array \"keys\"");
    return found;
  }
  if (keys->array()->empty()) {
    add(Defect::empty_set, "keys", "no key is published");
  }
  if (keys->array()->size() > rules.limits.max_keys) {
    add(Defect::too_many_keys, "keys", fmt::format("more than {}", rules.limits.max_keys));
    return found;
  }
  for (std::size_t i = 0; i < keys->array()->size(); ++i) {
    KeyLint((*keys->array())[i], i, rules, found).run();
  }
  check_repeats(*keys->array(), found);
  return found;
}

std::vector<JwksFinding> lint_published_jwks(std::string_view text) {
  auto found = lint_jwks(text);
  auto passed_over = keys_for_encryption(text);
  for (const auto& finding : found) {
    if (finding.defect == Defect::kty_unknown || finding.defect == Defect::curve_unknown) {
      passed_over.insert(*finding.key);
    }
  }
  std::erase_if(found, [&](const JwksFinding& finding) {
    return finding.key && passed_over.contains(*finding.key) && tells_what_for(finding.defect);
  });
  return found;
}

}  // namespace parley::crypto::jose
