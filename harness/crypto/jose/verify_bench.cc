// SPDX-License-Identifier: GPL-3.0-or-later
// Tokens verified a second, from their octets to their claims, beside the signature alone as
// OpenSSL verifies it with a key that lies ready; and tokens signed.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/openssl_key.h"
#include "harness/crypto/jose/verify.h"

namespace parley::crypto::jose {
namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};
constexpr std::string_view kClaims =
    R"({"iss":"https://id.tp.example","sub":"alice@tp.example","aud":"https://gk.example",)"
    R"("iat":1800000000,"exp":1800000240,"jti":"one"})";

struct Issued {
  PrivateKey key;
  std::string header;
  std::string token;
};

Issued issue(KeyKind kind) {
  Rng rng(1);
  Issued out{.key = *make_key(kind, rng), .header = {}, .token = {}};
  out.header = R"({"alg":")" + std::string(to_string(usual_algorithm(out.key.public_key))) +
               R"(","kid":")" + out.key.public_key.kid + R"("})";
  out.token = *sign_honestly(out.header, kClaims, out.key);
  return out;
}

void tokens_verified(benchmark::State& state, KeyKind kind) {
  const auto issued = issue(kind);
  const std::vector<PublicKey> keys{issued.key.public_key};
  const auto ring = KeyRing::make(keys);
  Policy policy;
  policy.issuer = "https://id.tp.example";
  policy.audience = "https://gk.example";
  policy.subject = "alice@tp.example";
  for (auto _ : state) {
    if (!verify(issued.token, *ring, policy, kNow)) {
      state.SkipWithError("the token was refused");
      return;
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(tokens_verified, es256, KeyKind::ec_p256);
BENCHMARK_CAPTURE(tokens_verified, rs256, KeyKind::rsa_2048);

void signatures_verified_by_openssl(benchmark::State& state, KeyKind kind) {
  const auto issued = issue(kind);
  const Key key = openssl_key(issued.key.public_key);
  const auto dot = issued.token.rfind('.');
  const std::string text = issued.token.substr(0, dot);
  Bytes signature = from_base64url(issued.token.substr(dot + 1)).value_or("");
  if (kind == KeyKind::ec_p256) {
    signature = ecdsa_to_der(signature);
  }
  for (auto _ : state) {
    const DigestContext context(EVP_MD_CTX_new());
    if (EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
        EVP_DigestVerify(context.get(), unsigned_of(signature), signature.size(), unsigned_of(text),
                         text.size()) != 1) {
      state.SkipWithError("the signature was refused");
      return;
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(signatures_verified_by_openssl, es256, KeyKind::ec_p256);
BENCHMARK_CAPTURE(signatures_verified_by_openssl, rs256, KeyKind::rsa_2048);

void tokens_signed(benchmark::State& state, KeyKind kind) {
  const auto issued = issue(kind);
  for (auto _ : state) {
    benchmark::DoNotOptimize(sign_honestly(issued.header, kClaims, issued.key));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(tokens_signed, es256, KeyKind::ec_p256);
BENCHMARK_CAPTURE(tokens_signed, rs256, KeyKind::rsa_2048);

}  // namespace
}  // namespace parley::crypto::jose
