// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/scram.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <charconv>
#include <map>
#include <optional>
#include <tuple>

#include "harness/base/text.h"

namespace parley::crypto {
namespace {

constexpr std::size_t kHash = SHA256_DIGEST_LENGTH;

Bytes hmac(std::string_view key, std::string_view text) {
  Bytes out(kHash, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(out.data()), nullptr);
  return out;
}

Bytes sha256(std::string_view text) {
  Bytes out(kHash, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

const Bytes& salted_password(std::string_view password, std::string_view salt, int iterations) {
  using Key = std::tuple<Bytes, Bytes, int>;
  thread_local std::map<Key, Bytes> cache;
  if (cache.size() > 4096) {
    cache.clear();
  }
  auto [at, fresh] = cache.try_emplace(Key(password, salt, iterations));
  if (fresh) {
    at->second.assign(kHash, '\0');
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                      reinterpret_cast<const unsigned char*>(salt.data()),
                      static_cast<int>(salt.size()), iterations, EVP_sha256(), kHash,
                      reinterpret_cast<unsigned char*>(at->second.data()));
  }
  return at->second;
}

Bytes exclusive_or(std::string_view a, std::string_view b) {
  Bytes out(a);
  for (std::size_t i = 0; i < out.size() && i < b.size(); ++i) {
    out[i] = static_cast<char>(out[i] ^ b[i]);
  }
  return out;
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// client-first-message = gs2-header client-first-message-bare (RFC 5802 section 7).
struct ClientFirst {
  std::string gs2_header;
  std::string bare;
};
Result<ClientFirst> split_first(std::string_view message) {
  const auto first = message.find(',');
  const auto second = first == std::string_view::npos ? first : message.find(',', first + 1);
  if (second == std::string_view::npos) {
    return fail(Errc::malformed, "client-first-message has no gs2 header", message.size());
  }
  return ClientFirst{.gs2_header = std::string(message.substr(0, second + 1)),
                     .bare = std::string(message.substr(second + 1))};
}

std::optional<std::string> value_of(std::string_view message, char name) {
  for (const auto& part : split(message, ',')) {
    if (part.size() >= 2 && part[0] == name && part[1] == '=') {
      return part.substr(2);
    }
  }
  return std::nullopt;
}

struct ServerFirst {
  std::string nonce;
  Bytes salt;
  int iterations;
};
Result<ServerFirst> parse_server_first(std::string_view message) {
  const auto nonce = value_of(message, 'r');
  const auto salt = value_of(message, 's');
  const auto count = value_of(message, 'i');
  if (!nonce || !salt || !count) {
    return fail(Errc::malformed, "server-first-message lacks r, s or i");
  }
  auto octets = from_base64(*salt);
  int iterations = 0;
  const auto* const count_end = count->data() + count->size();
  const auto [read_to, error] = std::from_chars(count->data(), count_end, iterations);
  // Each iteration costs the client two hashes: a hostile server must not choose freely.
  if (!octets || error != std::errc() || read_to != count_end || iterations < 1 ||
      iterations > 1'000'000) {
    return fail(Errc::malformed, "server-first-message has a wrong salt or iteration count");
  }
  return ServerFirst{.nonce = *nonce, .salt = std::move(*octets), .iterations = iterations};
}

std::string without_proof(std::string_view client_final) {
  return std::string(client_final.substr(0, client_final.rfind(",p=")));
}

std::string auth_message(std::string_view bare, std::string_view server_first,
                         std::string_view final_without_proof) {
  return fmt::format("{},{},{}", bare, server_first, final_without_proof);
}

}  // namespace

std::string sasl_plain(std::string_view authzid, std::string_view user, std::string_view password) {
  std::string out(authzid);
  out += '\0';
  out += user;
  out += '\0';
  out += password;
  return out;
}

ScramCredentials scram_credentials(std::string_view password, std::string_view salt,
                                   int iterations) {
  const Bytes& salted = salted_password(password, salt, iterations);
  return {.salt = Bytes(salt),
          .iterations = iterations,
          .stored_key = sha256(hmac(salted, "Client Key")),
          .server_key = hmac(salted, "Server Key")};
}

std::string scram_client_first(std::string_view user, std::string_view client_nonce) {
  const auto escaped = replace_all(replace_all(std::string(user), "=", "=3D"), ",", "=2C");
  return fmt::format("n,,n={},r={}", escaped, client_nonce);
}

Result<std::string> scram_server_first(std::string_view client_first, std::string_view server_nonce,
                                       std::string_view salt, int iterations) {
  const auto parts = split_first(client_first);
  if (!parts) {
    return std::unexpected(parts.error());
  }
  const auto nonce = value_of(parts->bare, 'r');
  if (!nonce || nonce->empty()) {
    return fail(Errc::malformed, "client-first-message has no nonce");
  }
  return fmt::format("r={}{},s={},i={}", *nonce, server_nonce, to_base64(salt), iterations);
}

Result<std::string> scram_client_final(std::string_view password, std::string_view client_first,
                                       std::string_view server_first) {
  return scram_client_final(password, client_first, server_first, ScramClaim{});
}

Result<std::string> scram_client_final(std::string_view password, std::string_view client_first,
                                       std::string_view server_first, const ScramClaim& claim) {
  const auto first = split_first(client_first);
  const auto server = parse_server_first(server_first);
  if (!first || !server) {
    return std::unexpected(first ? server.error() : first.error());
  }
  // RFC 5802 section 5.1: the client checks that its own nonce begins the server's.
  const auto own_nonce = value_of(first->bare, 'r').value_or("");
  if (!server->nonce.starts_with(own_nonce) || server->nonce.size() == own_nonce.size()) {
    return fail(Errc::malformed, "the server's nonce does not extend the client's");
  }
  const Bytes& salted = salted_password(password, server->salt, server->iterations);
  const auto binding =
      claim.channel_binding.empty() ? std::string_view(first->gs2_header) : claim.channel_binding;
  const auto nonce = claim.nonce.empty() ? std::string_view(server->nonce) : claim.nonce;
  const auto bare_final = fmt::format("c={},r={}", to_base64(binding), nonce);
  const Bytes client_key = hmac(salted, "Client Key");
  const Bytes signature =
      hmac(sha256(client_key), auth_message(first->bare, server_first, bare_final));
  return fmt::format("{},p={}", bare_final, to_base64(exclusive_or(client_key, signature)));
}

Result<std::string> scram_server_final(const ScramCredentials& credentials,
                                       std::string_view client_first, std::string_view server_first,
                                       std::string_view client_final) {
  const auto first = split_first(client_first);
  if (!first) {
    return std::unexpected(first.error());
  }
  const auto binding = value_of(client_final, 'c');
  const auto nonce = value_of(client_final, 'r');
  const auto proof = value_of(client_final, 'p');
  if (!binding || !nonce || !proof) {
    return fail(Errc::malformed, "client-final-message lacks c, r or p");
  }
  const auto proof_octets = from_base64(*proof);
  const auto bare_final = without_proof(client_final);
  if (!proof_octets || proof_octets->size() != kHash) {
    return fail(Errc::malformed, "the proof is not the base64 of 32 octets");
  }
  // RFC 5802 section 7: extensions stand before the proof, which covers them.
  if (client_final != fmt::format("{},p={}", bare_final, *proof)) {
    return fail(Errc::malformed, "something follows the proof");
  }
  const auto message = auth_message(first->bare, server_first, bare_final);
  const Bytes key = exclusive_or(*proof_octets, hmac(credentials.stored_key, message));
  if (!same(*nonce, value_of(server_first, 'r').value_or("")) ||
      *binding != to_base64(first->gs2_header) || !same(sha256(key), credentials.stored_key)) {
    return fail(Errc::bad_signature, "nonce, channel binding or proof is wrong");
  }
  return "v=" + to_base64(hmac(credentials.server_key, message));
}

Result<std::string> scram_signature(std::string_view password, std::string_view client_first,
                                    std::string_view server_first) {
  const auto final_message = scram_client_final(password, client_first, server_first);
  const auto server = parse_server_first(server_first);
  if (!final_message || !server) {
    return std::unexpected(final_message ? server.error() : final_message.error());
  }
  const auto credentials = scram_credentials(password, server->salt, server->iterations);
  return scram_server_final(credentials, client_first, server_first, *final_message);
}

bool scram_server_final_is_right(std::string_view password, std::string_view client_first,
                                 std::string_view server_first, std::string_view server_final) {
  const auto right = scram_signature(password, client_first, server_first);
  return right && same(*right, server_final);
}

Result<std::string> scram_user(std::string_view client_first) {
  const auto first = split_first(client_first);
  if (!first) {
    return std::unexpected(first.error());
  }
  const auto user = value_of(first->bare, 'n');
  if (!user) {
    return fail(Errc::malformed, "client-first-message has no user name");
  }
  return replace_all(replace_all(*user, "=2C", ","), "=3D", "=");
}

}  // namespace parley::crypto
