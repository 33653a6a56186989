// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/partner_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/jwks_forgery.h"

namespace parley::reference::whatsapp {
namespace {

namespace jose = crypto::jose;

// A set that is wrong in one way; `of` is the type of key that can be.
struct WrongSet {
  Fault fault;
  std::string_view forgery;
  jose::KeyType of = jose::KeyType::ec;
};
constexpr auto kWrongSets = std::to_array<WrongSet>({
    {Fault::wp_jwks_private_members, "private-members"},
    {Fault::wp_jwks_symmetric_key, "symmetric-key"},
    {Fault::wp_jwks_key_without_type, "kty-missing"},
    {Fault::wp_jwks_key_without_name, "kid-missing"},
    {Fault::wp_jwks_name_a_number, "kid-number"},
    {Fault::wp_jwks_name_shared, "kid-shared-last"},
    {Fault::wp_jwks_key_twice, "same-key-twice"},
    {Fault::wp_jwks_key_for_encryption, "use-encryption"},
    {Fault::wp_jwks_key_for_hmac, "alg-hmac"},
    {Fault::wp_jwks_key_operations, "operations-of-signing"},
    {Fault::wp_jwks_off_curve, "off-curve"},
    {Fault::wp_jwks_short_coordinate, "coordinate-short"},
    {Fault::wp_jwks_weak_rsa, "rsa-weak", jose::KeyType::rsa},
    {Fault::wp_jwks_leading_zero, "rsa-leading-zero", jose::KeyType::rsa},
    {Fault::wp_jwks_exponent_one, "rsa-exponent-one", jose::KeyType::rsa},
    {Fault::wp_jwks_padded, "padded"},
    {Fault::wp_jwks_standard_alphabet, "standard-alphabet"},
    {Fault::wp_jwks_empty, "empty-set"},
    {Fault::wp_jwks_members_twice, "keys-twice"},
    {Fault::wp_jwks_cut_off, "cut-off"},
    {Fault::wp_jwks_byte_order_mark, "byte-order-mark"},
    {Fault::wp_may_publish_unknown_types, "kty-unknown", jose::KeyType::okp},
});

constexpr std::array kOtherKinds{jose::KeyKind::ec_p384, jose::KeyKind::ec_p521,
                                 jose::KeyKind::ed25519};

// Published in RFC 7515 appendix A.2: to draw RSA primes takes longer than all else that is done
// here.
constexpr std::string_view kRsaKey =
    R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4)"
    R"(qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OM)"
    R"(g0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3)"
    R"(qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4F)"
    R"(RWyuXpoQ","e":"AQAB","d":"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7)"
    R"(_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJf)"
    R"(FNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XC)"
    R"(LQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU)"
    R"(91p1DhOVRuOopznQ","p":"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss)"
    R"(1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgt)"
    R"(ldC-KDV5z-y2XDwGUc","q":"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgH)"
    R"(AjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBByp)"
    R"(eeF6689rjcJIDEz9RWdc"})";

Result<jose::PrivateKey> rsa_key() {
  const auto jwk = jose::read_json(kRsaKey);
  auto key = jwk ? jose::read_private_jwk(*jwk) : fail(Errc::malformed, "this is no JWK");
  if (key) {
    key->public_key.kid = jose::thumbprint(key->public_key);
    key->public_key.use = "sig";
  }
  return key;
}

}  // namespace

Result<ServiceKeys> ServiceKeys::make(Rng rng) {
  ServiceKeys out(std::move(rng));
  auto signing = jose::make_key(jose::KeyKind::ec_p256, out.rng_);
  auto stranger = jose::make_key(jose::KeyKind::ec_p256, out.rng_);
  auto encryption = jose::make_key(jose::KeyKind::ec_p256, out.rng_);
  auto rsa = rsa_key();
  for (const auto* key : {&signing, &stranger, &encryption, &rsa}) {
    if (!*key) {
      return std::unexpected(key->error());
    }
  }
  out.signing_ = std::move(*signing);
  out.stranger_ = std::move(*stranger);
  out.encryption_ = std::move(*encryption);
  out.encryption_.public_key.use = "enc";
  out.others_.push_back(std::move(*rsa));
  for (const auto kind : kOtherKinds) {
    auto key = jose::make_key(kind, out.rng_);
    if (!key) {
      return std::unexpected(key.error());
    }
    out.others_.push_back(std::move(*key));
  }
  return out;
}

Result<void> ServiceKeys::rotate(std::string_view stage, const FaultSet& faults) {
  if (stage == "publish") {
    auto key = jose::make_key(jose::KeyKind::ec_p256, rng_);
    if (!key) {
      return std::unexpected(key.error());
    }
    if (faults.has(Fault::wp_rotation_same_name)) {
      key->public_key.kid = signing_.public_key.kid;
    }
    if (next_) {
      old_.push_back(std::move(*next_));
    }
    next_ = std::move(*key);
    return {};
  }
  if (stage == "sign") {
    if (!next_ || faults.has(Fault::wp_rotation_never_signs)) {
      return {};
    }
    if (!faults.has(Fault::wp_rotation_withdraws_early)) {
      old_.push_back(signing_);
    }
    signing_ = std::move(*std::exchange(next_, std::nullopt));
    return {};
  }
  if (stage == "withdraw") {
    if (!old_.empty() && !faults.has(Fault::wp_rotation_never_withdraws)) {
      withdrawn_ = old_.back();
      old_.clear();
    }
    return {};
  }
  return fail(Errc::not_found, fmt::format("there is no stage '{}'", stage));
}

std::vector<jose::PrivateKey> ServiceKeys::all(const FaultSet& faults) const {
  std::vector<jose::PrivateKey> out{signing_};
  // A verifier that meets the same name twice may take either key: the new one hides the old.
  if (next_ && faults.has(Fault::wp_rotation_same_name)) {
    out.front() = *next_;
  } else if (next_ && !faults.has(Fault::wp_rotation_unpublished)) {
    out.push_back(*next_);
  }
  out.insert(out.end(), old_.begin(), old_.end());
  out.insert(out.end(), others_.begin(), others_.end());
  return out;
}

Result<std::string> ServiceKeys::published(const FaultSet& faults) const {
  auto keys = all(faults);
  for (const auto& wrong : kWrongSets) {
    if (!faults.has(wrong.fault)) {
      continue;
    }
    const auto first = std::ranges::find_if(
        keys, [&](const auto& key) { return key.public_key.type == wrong.of; });
    std::rotate(keys.begin(), first, keys.end());
    return jose::forge_jwks(wrong.forgery, keys);
  }
  std::vector<jose::PublicKey> out;
  for (const auto& key : keys) {
    out.push_back(key.public_key);
  }
  if (faults.has(Fault::wp_may_publish_encryption_key)) {
    out.push_back(encryption_.public_key);
  }
  return jose::write_jwks(out);
}

const jose::PrivateKey* ServiceKeys::signer(std::optional<jose::Algorithm> algorithm,
                                            const FaultSet& faults) const {
  const auto* own = withdrawn_ && faults.has(Fault::wp_rotation_signs_withdrawn) ? &*withdrawn_
                    : next_ && faults.has(Fault::wp_rotation_signs_at_once)      ? &*next_
                                                                                 : &signing_;
  if (!algorithm || jose::fits(*algorithm, own->public_key)) {
    return own;
  }
  const auto other = std::ranges::find_if(
      others_, [&](const auto& key) { return jose::fits(*algorithm, key.public_key); });
  return other == others_.end() ? nullptr : &*other;
}

}  // namespace parley::reference::whatsapp
