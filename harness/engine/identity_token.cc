// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/identity_token.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "harness/base/text.h"
#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/forgery.h"
#include "harness/crypto/jose/json.h"
#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/jwks_forgery.h"
#include "harness/crypto/jose/key.h"
#include "harness/crypto/jose/signature.h"

namespace parley::engine {
namespace {

namespace jose = crypto::jose;

// Names of keys that are RSA's, of which one is too short.
constexpr std::string_view kRsa = "rsa-2048";
constexpr std::string_view kShortRsa = "rsa-1024";

template <class Number = std::int64_t>
std::optional<Number> number(std::string_view text) {
  Number out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(out)
                                                                  : std::nullopt;
}

Result<std::string> value(const Scope& scope, const std::string& name) {
  const auto at = scope.values.find(name);
  return at != scope.values.end() ? Result<std::string>(at->second)
                                  : fail(Errc::not_found, fmt::format("there is no {}", name));
}

Result<std::string> setting(const Scope& scope, const std::string& name) {
  return value(scope, "setting." + name);
}

jose::KeyKind kind_of(const std::string& name) {
  return name == kRsa        ? jose::KeyKind::rsa_2048
         : name == kShortRsa ? jose::KeyKind::rsa_1024
                             : jose::KeyKind::ec_p256;
}

// An RSA key takes a third of a second, in which its worker does nothing else, and a key is asked
// for by each message that holds or uses it: a worker keeps the last ones that it has drawn.
Result<jose::PrivateKey> drawn_key(std::uint64_t seed, const std::string& name) {
  constexpr std::size_t kMostKept = 32;
  static thread_local std::map<std::pair<std::uint64_t, std::string>, jose::PrivateKey> kept;
  const auto at = kept.find({seed, name});
  if (at != kept.end()) {
    return at->second;
  }
  auto rng = Rng(seed).child("identity/key/" + name);
  auto made = jose::make_key(kind_of(name), rng);
  if (made) {
    if (kept.size() >= kMostKept) {
      kept.clear();
    }
    kept.emplace(std::pair(seed, name), *made);
  }
  return made;
}

Result<jose::PrivateKey> key_of(const Scope& scope, const std::string& name) {
  const auto seed = value(scope, "identity.seed");
  const auto drawn = seed ? number<std::uint64_t>(*seed) : std::nullopt;
  if (!drawn) {
    return fail(Errc::not_found, "there is no identity.seed");
  }
  return drawn_key(*drawn, name);
}

// JSON where the text is JSON, a string otherwise.
jose::Json json_of(const std::string& text) {
  constexpr jose::JsonLimits limits{
      .max_octets = std::size_t{32} << 20U, .max_depth = 2000, .max_values = 1'000'000};
  auto out = jose::read_json(text, limits, jose::Repeats::kept);
  return out ? std::move(*out) : jose::json_of(text);
}

struct Parts {
  jose::Json header;
  jose::Json claims;
};

Result<jose::Json> part_of(const std::string& text) {
  const auto octets = jose::from_base64url(text);
  auto json = octets ? jose::read_json(*octets)
                     : std::expected<jose::Json, jose::JsonError>(
                           std::unexpected(jose::JsonError{jose::JsonFault::syntax, ""}));
  if (!json || json->object() == nullptr) {
    return fail(Errc::malformed, "the step's token is no JWT");
  }
  return std::move(*json);
}

Result<Parts> parts_of(const std::string& token) {
  const auto parts = split(token, '.');
  if (parts.size() != 3) {
    return fail(Errc::malformed, "the step's token is no JWT");
  }
  auto header = part_of(parts[0]);
  auto claims = part_of(parts[1]);
  if (!header || !claims) {
    return std::unexpected(header ? claims.error() : header.error());
  }
  return Parts{.header = std::move(*header), .claims = std::move(*claims)};
}

Result<void> set_all(jose::Json& object, const std::map<std::string, std::string>& values,
                     const Scope& scope) {
  for (const auto& [name, expression] : values) {
    const auto member = evaluate(name, scope, "token");
    const auto text = evaluate_row(expression, scope, "token/" + name);
    if (!member || !text) {
      return std::unexpected(member ? text.error() : member.error());
    }
    jose::set_member(object, *member, json_of(*text));
  }
  return {};
}

Result<void> remove_all(Parts& parts, const std::vector<std::string>& names, const Scope& scope) {
  constexpr std::string_view kHeader = "header/";
  for (const auto& expression : names) {
    const auto name = evaluate(expression, scope, "token");
    if (!name) {
      return std::unexpected(name.error());
    }
    if (name->starts_with(kHeader)) {
      jose::remove_member(parts.header, name->substr(kHeader.size()));
    } else {
      jose::remove_member(parts.claims, *name);
    }
  }
  return {};
}

Result<std::string> forged(const std::string& how, const Parts& parts, const Scope& scope,
                           jose::PrivateKey signer) {
  auto stranger = key_of(scope, "stranger");
  const auto now = from_now(scope, "0s");
  const auto seconds = now ? number(*now) : std::nullopt;
  if (!stranger || !seconds) {
    return fail(Errc::not_found, "there is no key or no time to forge with");
  }
  return jose::forge(how, {.header = jose::write_json(parts.header),
                           .claims = jose::write_json(parts.claims),
                           .signer = std::move(signer),
                           .stranger = std::move(*stranger),
                           .now = std::chrono::sys_seconds(std::chrono::seconds(*seconds))});
}

}  // namespace

Result<nlohmann::json> partner_of(const Scope& scope) {
  const auto key = key_of(scope, "");
  const auto integrator = setting(scope, "integrator");
  const auto issuer = setting(scope, "token-issuer");
  const auto audience = setting(scope, "token-audience");
  for (const auto* part : {&integrator, &issuer, &audience}) {
    if (!*part) {
      return std::unexpected(part->error());
    }
  }
  const auto id = number(*integrator);
  if (!key || !id) {
    return fail(Errc::malformed, key ? "the integrator is no number" : key.error().detail);
  }
  return nlohmann::json{{"integrator", *id},
                        {"issuer", *issuer},
                        {"audience", *audience},
                        {"jwks", jose::write_jwks(std::span(&key->public_key, 1))}};
}

Result<std::string> published_keys(const Scope& scope, const std::string& names,
                                   const std::string& forgery) {
  std::vector<jose::PrivateKey> keys;
  std::vector<jose::PublicKey> published;
  for (const auto& name : split(names, ',')) {
    auto key = key_of(scope, name);
    if (!key) {
      return std::unexpected(key.error());
    }
    published.push_back(key->public_key);
    keys.push_back(std::move(*key));
  }
  return forgery.empty() ? Result<std::string>(jose::write_jwks(published))
                         : jose::forge_jwks(forgery, keys);
}

Result<std::string> from_now(const Scope& scope, std::string_view offset) {
  constexpr std::int64_t kMostUnits = 1'000'000'000;
  static const std::map<char, std::int64_t> units{
      {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}, {'y', 31'556'952}};
  const auto now = value(scope, "noise.now");
  const auto seconds = now ? number(*now) : std::nullopt;
  const auto unit = offset.empty() ? units.end() : units.find(offset.back());
  const auto digits = offset.substr(offset.starts_with('+') ? 1 : 0);
  const auto count =
      unit == units.end() ? std::nullopt : number(digits.substr(0, digits.size() - 1));
  if (!seconds || !count || digits.starts_with("+") || *count > kMostUnits ||
      *count < -kMostUnits || (offset.starts_with('+') && *count < 0)) {
    return fail(
        Errc::malformed,
        fmt::format("'{}' is no time from now, as '-90s', '+5m', '1h', '30d', '10y'", offset));
  }
  return std::to_string(*seconds + *count * unit->second);
}

Result<std::string> honest_token(const Scope& scope, const TokenContents& contents) {
  const auto key = key_of(scope, contents.key);
  const auto now = from_now(scope, "0s");
  const auto end = from_now(scope, contents.lifetime);
  if (!key || !now || !end) {
    return std::unexpected(!key ? key.error() : !now ? now.error() : end.error());
  }
  jose::Json header{jose::Json::Object()};
  const auto algorithm = jose::usual_algorithm(key->public_key);
  jose::set_member(header, "alg", jose::json_of(std::string(to_string(algorithm))));
  jose::set_member(header, "kid", jose::json_of(key->public_key.kid));
  jose::set_member(header, "typ", jose::json_of(contents.type));
  jose::Json claims{jose::Json::Object()};
  jose::set_member(claims, "iss", jose::json_of(contents.issuer));
  jose::set_member(claims, "sub", jose::json_of(contents.subject));
  jose::set_member(claims, "aud", jose::json_of(contents.audience));
  jose::set_member(claims, "iat", jose::number_written(*now));
  jose::set_member(claims, "exp", jose::number_written(*end));
  jose::set_member(claims, "jti",
                   jose::json_of(scope.rng.child("token/" + contents.subject).token(16)));
  return jose::sign_token(jose::write_json(header), jose::write_json(claims), algorithm, *key);
}

Result<std::string> changed_token(const std::string& token, const model::TokenEdit& edit,
                                  const Scope& scope) {
  auto parts = parts_of(token);
  const auto signer = evaluate(edit.sign, scope, "change");
  auto key = signer ? key_of(scope, *signer) : std::unexpected(signer.error());
  if (!parts || !key) {
    return std::unexpected(parts ? key.error() : parts.error());
  }
  if (auto done = set_all(parts->header, edit.header, scope); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = set_all(parts->claims, edit.set, scope); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = remove_all(*parts, edit.remove, scope); !done) {
    return std::unexpected(done.error());
  }
  const auto how = evaluate(edit.forge, scope, "change");
  if (!how) {
    return how;
  }
  if (!how->empty()) {
    return forged(*how, *parts, scope, std::move(*key));
  }
  return jose::sign_token(jose::write_json(parts->header), jose::write_json(parts->claims),
                          jose::usual_algorithm(key->public_key), *key);
}

}  // namespace parley::engine
