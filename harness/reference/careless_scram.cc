// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/careless_scram.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "harness/base/encoding.h"

namespace parley::reference {
namespace {

constexpr std::string_view kProof = ",p=";

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Bytes hmac(std::string_view key, std::string_view text) {
  Bytes out(SHA256_DIGEST_LENGTH, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets_of(text), text.size(),
       reinterpret_cast<unsigned char*>(out.data()), nullptr);
  return out;
}

Bytes sha256(std::string_view text) {
  Bytes out(SHA256_DIGEST_LENGTH, '\0');
  SHA256(octets_of(text), text.size(), reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

}  // namespace

std::string scram_answer_to_proof(const crypto::ScramCredentials& credentials,
                                  std::string_view first_bare, std::string_view server_first,
                                  std::string_view client_final) {
  const auto at = client_final.rfind(kProof);
  if (at == std::string_view::npos) {
    return {};
  }
  auto key = from_base64(client_final.substr(at + kProof.size()));
  if (!key || key->size() != SHA256_DIGEST_LENGTH) {
    return {};
  }
  Bytes message(first_bare);
  message.append(",").append(server_first).append(",").append(client_final.substr(0, at));
  const Bytes signature = hmac(credentials.stored_key, message);
  for (std::size_t i = 0; i < key->size(); ++i) {
    (*key)[i] = static_cast<char>((*key)[i] ^ signature[i]);
  }
  return sha256(*key) == credentials.stored_key
             ? "v=" + to_base64(hmac(credentials.server_key, message))
             : std::string();
}

}  // namespace parley::reference
