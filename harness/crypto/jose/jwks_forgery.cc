// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/jwks_forgery.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "harness/base/text.h"
#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/jwk.h"

namespace parley::crypto::jose {
namespace {

struct SetDraft {
  Json::Array keys;
  const PrivateKey& first;
  std::string_view argument;
};

using SetMaker = Result<std::string> (*)(SetDraft draft);

struct Row {
  JwksForgery forgery;
  SetMaker make;
  std::string_view argument = "";
};

std::string written(const SetDraft& draft) {
  return write_json({Json::Object{{.name = "keys", .value = {draft.keys}}}});
}

std::unexpected<Error> unfit() {
  return fail(Errc::unsupported, "a key of that type cannot be wrong in that way");
}

// "use=\"enc\"": the member and its JSON.
Result<std::string> member_set(SetDraft draft) {
  const auto equals = draft.argument.find('=');
  const auto value = read_json(draft.argument.substr(equals + 1));
  if (!value) {
    return fail(Errc::malformed, "the row's argument is no JSON");
  }
  set_member(draft.keys[0], draft.argument.substr(0, equals), *value);
  return written(draft);
}

Result<std::string> member_removed(SetDraft draft) {
  remove_member(draft.keys[0], draft.argument);
  return written(draft);
}

// "verify sign"
Result<std::string> operations(SetDraft draft) {
  Json::Array names;
  for (const auto& name : split(std::string(draft.argument), ' ')) {
    names.push_back(json_of(name));
  }
  remove_member(draft.keys[0], "use");
  set_member(draft.keys[0], "key_ops", {std::move(names)});
  return written(draft);
}

Result<std::string> private_members(SetDraft draft) {
  draft.keys[0] = private_jwk_of(draft.first);
  return written(draft);
}

// Beside the honest ones; 32 octets that everybody knows.
Result<std::string> symmetric_key(SetDraft draft) {
  draft.keys.push_back(
      {Json::Object{{.name = "kty", .value = json_of(std::string("oct"))},
                    {.name = "kid", .value = json_of(std::string("shared"))},
                    {.name = "k", .value = json_of(to_base64url(Bytes(32, '\0')))}}});
  return written(draft);
}

// Another key under the first one's name, before or behind it.
Result<std::string> name_twice(SetDraft draft) {
  const PublicKey& own = draft.first.public_key;
  Json other{Json::Object{{.name = "kty", .value = json_of(std::string("OKP"))},
                          {.name = "crv", .value = json_of(std::string("Ed25519"))},
                          {.name = "x", .value = json_of(to_base64url(Bytes(32, '\x01')))},
                          {.name = "kid", .value = json_of(own.kid)}}};
  draft.keys.insert(draft.argument == "first" ? draft.keys.begin() : draft.keys.end(),
                    std::move(other));
  return written(draft);
}

// Another key of the same type under the first one's name, before or behind it: the one whose
// secret is 1 and whose point is therefore the curve's generator (FIPS 186-5 by way of SEC 2
// section 2.4.2).
Result<std::string> twin(SetDraft draft) {
  const PublicKey& own = draft.first.public_key;
  if (own.curve != Curve::p256) {
    return unfit();
  }
  PublicKey other = own;
  other.x = *from_hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
  other.y = *from_hex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
  draft.keys.insert(draft.argument == "first" ? draft.keys.begin() : draft.keys.end(),
                    jwk_of(other));
  return written(draft);
}

Result<std::string> same_key_twice(SetDraft draft) {
  Json again = draft.keys[0];
  set_member(again, "kid", json_of(std::string("again")));
  draft.keys.push_back(std::move(again));
  return written(draft);
}

// The member that holds the key's first number.
const char* number_of(const PublicKey& key) { return key.type == KeyType::rsa ? "n" : "x"; }

Result<std::string> number_respelled(SetDraft draft) {
  const char* name = number_of(draft.first.public_key);
  std::string text = *draft.keys[0].find(name)->text();
  if (draft.argument == "padded") {
    text += std::string((4 - text.size() % 4) % 4, '=');
  } else if (draft.argument == "standard") {
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
  } else {
    text.insert(text.size() / 2, "\n");
  }
  if (text == *draft.keys[0].find(name)->text()) {
    return unfit();
  }
  set_member(draft.keys[0], name, json_of(std::move(text)));
  return written(draft);
}

Result<std::string> off_the_curve(SetDraft draft) {
  if (draft.first.public_key.type != KeyType::ec) {
    return unfit();
  }
  set_member(draft.keys[0], "y", *draft.keys[0].find("x"));
  return written(draft);
}

Result<std::string> coordinate_of_other_length(SetDraft draft) {
  const PublicKey& key = draft.first.public_key;
  if (key.type == KeyType::rsa) {
    return unfit();
  }
  const Bytes x = draft.argument == "short" ? key.x.substr(1) : Bytes(1, '\0') + key.x;
  set_member(draft.keys[0], "x", json_of(to_base64url(x)));
  return written(draft);
}

Result<std::string> curve(SetDraft draft) {
  if (draft.first.public_key.type == KeyType::rsa) {
    return unfit();
  }
  set_member(draft.keys[0], "crv", json_of(std::string(draft.argument)));
  return written(draft);
}

// The first 1024 bits of the modulus, made odd; a zero in front; an even one.
Result<std::string> modulus(SetDraft draft) {
  const PublicKey& key = draft.first.public_key;
  if (key.type != KeyType::rsa) {
    return unfit();
  }
  Bytes n = key.n;
  if (draft.argument == "short") {
    n = n.substr(0, 128);
    n.back() = static_cast<char>(n.back() | 1);
  } else if (draft.argument == "zero") {
    n.insert(0, 1, '\0');
  } else {
    n.back() = static_cast<char>(n.back() & ~1);
  }
  set_member(draft.keys[0], "n", json_of(to_base64url(n)));
  return written(draft);
}

Result<std::string> exponent(SetDraft draft) {
  if (draft.first.public_key.type != KeyType::rsa) {
    return unfit();
  }
  set_member(draft.keys[0], "e", json_of(std::string(draft.argument)));
  return written(draft);
}

Result<std::string> text(SetDraft draft) { return std::string(draft.argument); }

Result<std::string> prefixed(SetDraft draft) {
  return std::string(draft.argument) + written(draft);
}

Result<std::string> cut_off(SetDraft draft) {
  const auto whole = written(draft);
  return whole.substr(0, whole.size() / 2);
}

Result<std::string> keys_twice(SetDraft draft) {
  const auto whole = written(draft);
  return R"({"keys":[],)" + whole.substr(1);
}

Result<std::string> kid_twice(SetDraft draft) {
  std::get<Json::Object>(draft.keys[0].value)
      .push_back({.name = "kid", .value = json_of(std::string("other"))});
  return written(draft);
}

Result<std::string> many_keys(SetDraft draft) {
  Json copy = draft.keys[0];
  for (int i = 0; i < 200; ++i) {
    set_member(copy, "kid", json_of(std::to_string(i)));
    draft.keys.insert(draft.keys.begin(), copy);
  }
  return written(draft);
}

Result<std::string> nested(SetDraft draft) {
  const std::string whole = written(draft);
  return R"({"x":)" + std::string(100'000, '[') + std::string(100'000, ']') + "," + whole.substr(1);
}

constexpr std::array kRows{
    Row{{"private-members", "the private key is published", Defect::private_member},
        private_members},
    Row{{"symmetric-key", "a shared secret is published", Defect::symmetric_key}, symmetric_key},
    Row{{"kty-missing", "a key without type", Defect::kty_missing}, member_removed, "kty"},
    Row{{"kty-unknown", "a type of key that readers ignore", Defect::kty_unknown},
        member_set,
        R"(kty="LWE")"},
    Row{{"kid-missing", "a key without name", Defect::kid_missing}, member_removed, "kid"},
    Row{{"kid-number", "a name that is a number", Defect::member_wrong_type}, member_set, "kid=7"},
    Row{{"kid-twice-in-key", "a key with two names", Defect::duplicate_member}, kid_twice},
    Row{{"kid-shared-first", "another key of the same name before it", Defect::kid_duplicate},
        name_twice,
        "first"},
    Row{{"kid-shared-last", "another key of the same name behind it", Defect::kid_duplicate},
        name_twice,
        "last"},
    Row{{"kid-twin-first", "another key of the same name and type before it",
         Defect::kid_duplicate},
        twin,
        "first"},
    Row{{"kid-twin-last", "another key of the same name and type behind it", Defect::kid_duplicate},
        twin,
        "last"},
    Row{{"same-key-twice", "one key under two names", Defect::same_key_twice}, same_key_twice},
    Row{{"use-encryption", "a key that is not for signatures", Defect::use_wrong},
        member_set,
        R"(use="enc")"},
    Row{{"alg-none", "a key for alg none", Defect::alg_wrong}, member_set, R"(alg="none")"},
    Row{{"alg-hmac", "a public key for HS256", Defect::alg_wrong}, member_set, R"(alg="HS256")"},
    Row{{"operations-of-signing", "key_ops lists sign", Defect::key_ops_wrong},
        operations,
        "verify sign"},
    Row{{"operations-of-encryption", "key_ops lists no verify", Defect::key_ops_wrong},
        operations,
        "encrypt decrypt"},
    Row{{"curve-unknown", "a curve that JWS does not sign on", Defect::curve_unknown},
        curve,
        "secp256k1"},
    Row{{"off-curve", "a point that is not on its curve", Defect::off_curve}, off_the_curve},
    Row{{"coordinate-short", "a coordinate without its first octet", Defect::coordinate_length},
        coordinate_of_other_length,
        "short"},
    Row{{"coordinate-long", "a coordinate with a zero in front", Defect::coordinate_length},
        coordinate_of_other_length,
        "long"},
    Row{{"rsa-weak", "a modulus of 1024 bits", Defect::weak_rsa}, modulus, "short"},
    Row{{"rsa-leading-zero", "a modulus with a zero in front", Defect::leading_zero},
        modulus,
        "zero"},
    Row{{"rsa-even", "an even modulus", Defect::rsa_modulus}, modulus, "even"},
    Row{{"rsa-exponent-one", "exponent 1: every text is its own signature", Defect::rsa_exponent},
        exponent,
        "AQ"},
    Row{{"padded", "a number padded with '='", Defect::base64_padding}, number_respelled, "padded"},
    Row{{"standard-alphabet", "a number in the standard alphabet",
         Defect::base64_standard_alphabet},
        number_respelled,
        "standard"},
    Row{{"line-break", "a number with a line break", Defect::base64_other},
        number_respelled,
        "broken"},
    Row{{"empty-set", "no keys", Defect::empty_set}, text, R"({"keys":[]})"},
    Row{{"no-keys", "an object without keys", Defect::no_keys}, text, "{}"},
    Row{{"keys-object", "keys is an object", Defect::no_keys}, text, R"({"keys":{}})"},
    Row{{"keys-twice", "an empty list of keys, then the honest one", Defect::duplicate_member},
        keys_twice},
    Row{{"key-text", "a key that is a text", Defect::key_not_object}, text, R"({"keys":["key"]})"},
    Row{{"html", "a page instead of a set", Defect::not_json},
        text,
        "<!DOCTYPE html><html><body>Not found</body></html>"},
    Row{{"nothing", "no octet", Defect::not_json}, text, ""},
    Row{{"cut-off", "the first half of the set", Defect::not_json}, cut_off},
    Row{{"byte-order-mark", "a byte order mark before the set", Defect::not_json},
        prefixed,
        "\xEF\xBB\xBF"},
    Row{{"not-utf8", "an octet that is no UTF-8 before the set", Defect::not_json},
        prefixed,
        "\xFF"},
    Row{{"many-keys", "two hundred keys, the honest ones last", Defect::too_many_keys}, many_keys},
    Row{{"deep", "100,000 levels of nesting before the keys", Defect::not_json}, nested},
};

}  // namespace

std::span<const JwksForgery> jwks_forgeries() {
  static const std::vector<JwksForgery> list = [] {
    std::vector<JwksForgery> out;
    for (const auto& row : kRows) {
      out.push_back(row.forgery);
    }
    return out;
  }();
  return list;
}

Result<std::string> forge_jwks(std::string_view name, std::span<const PrivateKey> keys) {
  const auto* row =
      std::ranges::find(kRows, name, [](const Row& each) { return each.forgery.name; });
  if (row == kRows.end()) {
    std::vector<std::string> known;
    for (const auto& forgery : jwks_forgeries()) {
      known.emplace_back(forgery.name);
    }
    return fail(Errc::not_found, unknown_name("forged key set", name, known));
  }
  if (keys.empty() || keys.front().public_key.type == KeyType::oct) {
    return fail(Errc::unsupported, "a set needs a key that has something public");
  }
  SetDraft draft{.keys = {}, .first = keys.front(), .argument = row->argument};
  for (const auto& key : keys) {
    draft.keys.push_back(jwk_of(key.public_key));
  }
  return row->make(std::move(draft));
}

}  // namespace parley::crypto::jose
