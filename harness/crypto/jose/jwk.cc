// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/jwk.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "harness/crypto/digest.h"
#include "harness/crypto/jose/base64url.h"

namespace parley::crypto::jose {
namespace {

Member text_member(std::string name, std::string_view text) {
  return {.name = std::move(name), .value = json_of(std::string(text))};
}

Member octets_member(std::string name, std::string_view octets) {
  return {.name = std::move(name), .value = json_of(to_base64url(octets))};
}

Json::Object required_members(const PublicKey& key) {
  Json::Object out{text_member("kty", to_string(key.type))};
  switch (key.type) {
    case KeyType::ec:
    case KeyType::okp:
      out.push_back(text_member("crv", to_string(key.curve)));
      out.push_back(octets_member("x", key.x));
      if (key.type == KeyType::ec) {
        out.push_back(octets_member("y", key.y));
      }
      break;
    case KeyType::rsa:
      out.push_back(octets_member("n", key.n));
      out.push_back(octets_member("e", key.e));
      break;
    case KeyType::oct:
      break;
  }
  return out;
}

// The text of a member; empty when it may be absent and is.
Result<std::string> optional_text(const Json& jwk, std::string_view name) {
  const Json* member = jwk.find(name);
  if (member == nullptr) {
    return std::string();
  }
  if (member->text() == nullptr) {
    return fail(Errc::malformed, fmt::format("\"{}\" is no string", name));
  }
  return *member->text();
}

Result<std::string> required_text(const Json& jwk, std::string_view name) {
  if (jwk.find(name) == nullptr) {
    return fail(Errc::malformed, fmt::format("\"{}\" is missing", name));
  }
  return optional_text(jwk, name);
}

Result<Bytes> required_octets(const Json& jwk, std::string_view name) {
  const auto text = required_text(jwk, name);
  if (!text) {
    return std::unexpected(text.error());
  }
  auto octets = from_base64url(*text);
  if (!octets) {
    return fail(Errc::malformed, fmt::format("\"{}\": {}", name, to_string(octets.error().fault)));
  }
  return std::move(*octets);
}

// Integers have no leading zeros (RFC 7518 section 6.3.1.1), but libraries write one.
Bytes without_zeros(const Bytes& octets) {
  const auto first = octets.find_first_not_of('\0');
  return first == Bytes::npos ? Bytes() : octets.substr(first);
}

// Reads members one by one; the first error stays.
class Members {
 public:
  explicit Members(const Json& jwk) : jwk_(jwk) {}

  std::string text(std::string_view name) { return keep(optional_text(jwk_, name)); }
  std::string needed_text(std::string_view name) { return keep(required_text(jwk_, name)); }
  Bytes octets(std::string_view name) { return keep(required_octets(jwk_, name)); }
  const std::optional<Error>& error() const { return error_; }

 private:
  std::string keep(Result<std::string> read) {
    if (!read) {
      if (!error_) {
        error_ = std::move(read.error());
      }
      return {};
    }
    return std::move(*read);
  }

  const Json& jwk_;
  std::optional<Error> error_;
};

std::optional<KeyType> type_from(std::string_view name) {
  for (const auto type : {KeyType::ec, KeyType::rsa, KeyType::okp, KeyType::oct}) {
    if (to_string(type) == name) {
      return type;
    }
  }
  return std::nullopt;
}

Curve curve_from(std::string_view name, KeyType type) {
  for (const auto curve : {Curve::p256, Curve::p384, Curve::p521, Curve::ed25519}) {
    if (to_string(curve) == name && (curve == Curve::ed25519) == (type == KeyType::okp)) {
      return curve;
    }
  }
  return Curve::none;
}

// The members alone, unchecked.
Result<PublicKey> read_members(const Json& jwk) {
  if (jwk.object() == nullptr) {
    return fail(Errc::malformed, "the key is no object");
  }
  Members members(jwk);
  PublicKey key;
  const auto type = members.needed_text("kty");
  if (members.error()) {
    return std::unexpected(*members.error());
  }
  if (!type_from(type)) {
    return fail(Errc::unsupported, "\"kty\" is unknown");
  }
  key.type = *type_from(type);
  if (key.type == KeyType::ec || key.type == KeyType::okp) {
    key.curve = curve_from(members.needed_text("crv"), key.type);
    if (!members.error() && key.curve == Curve::none) {
      return fail(Errc::unsupported, "\"crv\" is unknown");
    }
    key.x = members.octets("x");
    key.y = key.type == KeyType::ec ? members.octets("y") : Bytes();
  } else if (key.type == KeyType::rsa) {
    key.n = without_zeros(members.octets("n"));
    key.e = without_zeros(members.octets("e"));
  }
  key.kid = members.text("kid");
  key.use = members.text("use");
  key.alg = members.text("alg");
  if (members.error()) {
    return std::unexpected(*members.error());
  }
  return key;
}

}  // namespace

Json jwk_of(const PublicKey& key) {
  Json::Object out = required_members(key);
  const std::array<std::pair<const char*, const std::string*>, 3> optional{
      {{"kid", &key.kid}, {"use", &key.use}, {"alg", &key.alg}}};
  for (const auto& [name, text] : optional) {
    if (!text->empty()) {
      out.push_back(text_member(name, *text));
    }
  }
  return {std::move(out)};
}

Json private_jwk_of(const PrivateKey& key) {
  Json out = jwk_of(key.public_key);
  const bool symmetric = key.public_key.type == KeyType::oct;
  set_member(out, symmetric ? "k" : "d", json_of(to_base64url(key.secret.reveal())));
  if (key.public_key.type == KeyType::rsa) {
    set_member(out, "p", json_of(to_base64url(key.p.reveal())));
    set_member(out, "q", json_of(to_base64url(key.q.reveal())));
  }
  return out;
}

std::string write_jwks(std::span<const PublicKey> keys) {
  Json::Array written;
  for (const auto& key : keys) {
    written.push_back(jwk_of(key));
  }
  return write_json({Json::Object{{.name = "keys", .value = {std::move(written)}}}});
}

std::string thumbprint(const PublicKey& key) {
  if (key.type == KeyType::oct) {
    return {};
  }
  auto members = required_members(key);
  std::ranges::sort(members, {}, &Member::name);
  return to_base64url(sha256(write_json({std::move(members)})));
}

Result<Jwks> read_jwks(std::string_view text, const JwksLimits& limits) {
  const auto set =
      read_json(text, {.max_octets = limits.max_octets, .max_depth = limits.max_depth});
  if (!set) {
    const bool bound = set.error().fault == JsonFault::too_large;
    return fail(bound ? Errc::too_large : Errc::malformed,
                fmt::format("{}{}{}", to_string(set.error().fault),
                            set.error().member.empty() ? "" : ": ", set.error().member),
                set.error().offset);
  }
  const Json* keys = set->find("keys");
  if (keys == nullptr || keys->array() == nullptr) {
    return fail(Errc::malformed, "a key set is an object with an array \"keys\"");
  }
  if (keys->array()->size() > limits.max_keys) {
    return fail(Errc::too_large, fmt::format("more than {} keys", limits.max_keys));
  }
  Jwks out;
  for (std::size_t i = 0; i < keys->array()->size(); ++i) {
    if (auto key = read_jwk((*keys->array())[i])) {
      out.keys.push_back(std::move(*key));
    } else {
      out.passed_over.push_back({.index = i, .why = key.error().detail});
    }
  }
  return out;
}

Result<PublicKey> read_jwk(const Json& jwk) {
  auto key = read_members(jwk);
  if (!key) {
    return key;
  }
  if (const auto fit = check(*key); !fit) {
    return std::unexpected(fit.error());
  }
  return key;
}

Result<PrivateKey> read_private_jwk(const Json& jwk) {
  auto key = read_members(jwk);
  if (!key) {
    return std::unexpected(key.error());
  }
  const bool symmetric = key->type == KeyType::oct;
  if (const auto fit = check(*key); !symmetric && !fit) {
    return std::unexpected(fit.error());
  }
  const auto type = key->type;
  Members members(jwk);
  PrivateKey out{.public_key = std::move(*key), .secret = {}, .p = {}, .q = {}};
  out.secret = SecretBytes(members.octets(symmetric ? "k" : "d"));
  if (type == KeyType::rsa) {
    out.p = SecretBytes(members.octets("p"));
    out.q = SecretBytes(members.octets("q"));
  }
  if (members.error()) {
    return std::unexpected(*members.error());
  }
  return out;
}

}  // namespace parley::crypto::jose
