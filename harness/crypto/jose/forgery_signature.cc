// SPDX-License-Identifier: GPL-3.0-or-later
// Forged signatures: missing, of other lengths and forms, of other texts and keys.
#include <algorithm>
#include <array>
#include <utility>

#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/forgery_table.h"
#include "harness/crypto/jose/openssl_key.h"
#include "harness/crypto/jose/signature.h"

namespace parley::crypto::jose {
namespace {

Bytes joined(const SignedParts& parts) { return parts.text + "." + to_base64url(parts.signature); }

Result<Bytes> missing(Draft draft) {
  auto parts = honest_parts(draft);
  if (!parts) {
    return std::unexpected(parts.error());
  }
  parts->signature.clear();
  return joined(*parts);
}

// The last octet off, or one more.
Result<Bytes> of_other_length(Draft draft) {
  auto parts = honest_parts(draft);
  if (!parts) {
    return std::unexpected(parts.error());
  }
  if (draft.argument == "truncated") {
    parts->signature.pop_back();
  } else if (draft.argument == "half") {
    parts->signature.resize(parts->signature.size() / 2);
  } else {
    parts->signature += '\0';
  }
  return joined(*parts);
}

// One bit of the part that the argument names.
Result<Bytes> with_a_flipped_bit(Draft draft) {
  auto parts = honest_parts(draft);
  if (!parts) {
    return std::unexpected(parts.error());
  }
  if (draft.argument == "signature") {
    parts->signature.back() = static_cast<char>(parts->signature.back() ^ 1);
    return joined(*parts);
  }
  // A member more leaves both parts well-formed.
  Json& changed = draft.argument == "header" ? draft.header : draft.claims;
  set_member(changed, "x", json_of(std::int64_t{1}));
  parts->text =
      to_base64url(write_json(draft.header)) + "." + to_base64url(write_json(draft.claims));
  return joined(*parts);
}

Result<Bytes> of_another_token(Draft draft) {
  const auto parts = honest_parts(draft);
  set_member(draft.claims, "jti", json_of(std::string("another")));
  const auto other = honest_parts(draft);
  if (!parts || !other) {
    return std::unexpected(parts ? other.error() : parts.error());
  }
  return joined({.text = parts->text, .signature = other->signature});
}

Result<Bytes> of_a_stranger(Draft draft) { return signed_by_stranger(draft); }

// Over the decoded texts instead of the encoded ones.
Result<Bytes> over_decoded(Draft draft) {
  auto parts = honest_parts(draft);
  if (!parts) {
    return std::unexpected(parts.error());
  }
  const auto& key = draft.input.signer;
  auto signature = sign(usual_algorithm(key.public_key), key,
                        write_json(draft.header) + "." + write_json(draft.claims));
  if (!signature) {
    return std::unexpected(signature.error());
  }
  parts->signature = std::move(*signature);
  return joined(*parts);
}

// --- ECDSA: R || S ---

struct Halves {
  SignedParts parts;
  Bytes r;
  Bytes s;
  BigNumber order;
};

Result<Halves> halves_of(const Draft& draft) {
  if (draft.input.signer.public_key.type != KeyType::ec) {
    return fail(Errc::unsupported, "only ECDSA signatures have two halves");
  }
  auto parts = honest_parts(draft);
  if (!parts) {
    return std::unexpected(parts.error());
  }
  const auto half = parts->signature.size() / 2;
  Halves out{.parts = std::move(*parts), .r = {}, .s = {}, .order = nullptr};
  out.r = out.parts.signature.substr(0, half);
  out.s = out.parts.signature.substr(half);
  out.order = number_of(order_of(draft.input.signer.public_key.curve));
  return out;
}

Result<Bytes> as_der(Draft draft) {
  auto halves = halves_of(draft);
  if (!halves) {
    return std::unexpected(halves.error());
  }
  halves->parts.signature = ecdsa_to_der(halves->parts.signature);
  return joined(halves->parts);
}

// r and s as the argument names them.
Result<Bytes> with_halves(Draft draft) {
  auto halves = halves_of(draft);
  if (!halves) {
    return std::unexpected(halves.error());
  }
  auto& [parts, r, s, order] = *halves;
  const Bytes zero(r.size(), '\0');
  const Bytes full = octets_of(order.get(), r.size());
  if (draft.argument == "zeros") {
    r = zero;
    s = zero;
  } else if (draft.argument == "r-zero") {
    r = zero;
  } else if (draft.argument == "s-zero") {
    s = zero;
  } else if (draft.argument == "r-order") {
    r = full;
  } else if (draft.argument == "s-order") {
    s = full;
  } else if (draft.argument == "order-and-zero") {
    r = full;
    s = zero;
  } else {
    std::swap(r, s);
  }
  parts.signature = r + s;
  return joined(parts);
}

// n - s, which verifies as s does; n + r or n + s, an octet longer where the curve's width has no
// room for it.
Result<Bytes> with_other_number(Draft draft) {
  auto halves = halves_of(draft);
  if (!halves) {
    return std::unexpected(halves.error());
  }
  auto& [parts, r, s, order] = *halves;
  Bytes& changed = draft.argument == "r-added" ? r : s;
  const BigNumber number = number_of(changed);
  const BigNumber out(BN_new());
  if (draft.argument == "s-negated") {
    BN_sub(out.get(), order.get(), number.get());
  } else {
    BN_add(out.get(), order.get(), number.get());
  }
  const auto width = std::max(static_cast<std::size_t>(BN_num_bytes(out.get())), r.size());
  changed = octets_of(out.get(), width);
  const auto widened = [&](const Bytes& octets) {
    return Bytes(width - octets.size(), '\0') + octets;
  };
  parts.signature = widened(r) + widened(s);
  return joined(parts);
}

constexpr std::string_view kVerify = "RFC 7515 section 5.2";
constexpr std::string_view kEcdsa = "RFC 7518 section 3.4";
constexpr std::string_view kEvery = "RFC 8725 section 3.3";

constexpr std::array kRows{
    ForgeryRow{{"signature-missing", kVerify, "alg of the key, nothing behind the second dot",
                Refusal::signature_missing},
               missing},
    ForgeryRow{
        {"signature-truncated", kVerify, "the last octet is cut off", Refusal::signature_length},
        of_other_length,
        "truncated"},
    ForgeryRow{{"signature-half", kVerify, "the second half is cut off", Refusal::signature_length},
               of_other_length,
               "half"},
    ForgeryRow{{"signature-extended", kVerify, "an octet more", Refusal::signature_length},
               of_other_length,
               "extended"},
    ForgeryRow{{"signature-bit", kEvery, "the last bit is flipped", Refusal::signature_wrong},
               with_a_flipped_bit,
               "signature"},
    ForgeryRow{{"header-changed", kEvery, "a member more in the header, the signature as it was",
                Refusal::signature_wrong},
               with_a_flipped_bit,
               "header"},
    ForgeryRow{{"claims-changed", kEvery, "a claim more, the signature as it was",
                Refusal::signature_wrong},
               with_a_flipped_bit,
               "claims"},
    ForgeryRow{{"signature-of-another-token", kVerify, "the honest key signed, but other claims",
                Refusal::signature_wrong},
               of_another_token},
    ForgeryRow{
        {"signature-of-a-stranger", kVerify,
         "the attacker's key signed, the header names the honest one", Refusal::signature_wrong},
        of_a_stranger},
    ForgeryRow{
        {"signature-over-decoded", "RFC 7515 section 5.1",
         "the honest key signed the texts before they were encoded", Refusal::signature_wrong},
        over_decoded},
    ForgeryRow{{"signature-zeros", kEcdsa,
                "all octets zero: r = s = 0 verifies for any text where nobody checks the range",
                Refusal::signature_range},
               with_halves,
               "zeros"},
    ForgeryRow{{"signature-der", kEcdsa, "the SEQUENCE of X.509 instead of R || S",
                Refusal::signature_length},
               as_der},
    ForgeryRow{
        {"signature-r-zero", kEcdsa, "r = 0", Refusal::signature_range}, with_halves, "r-zero"},
    ForgeryRow{
        {"signature-s-zero", kEcdsa, "s = 0", Refusal::signature_range}, with_halves, "s-zero"},
    ForgeryRow{
        {"signature-r-order", kEcdsa, "r = n", Refusal::signature_range}, with_halves, "r-order"},
    ForgeryRow{
        {"signature-s-order", kEcdsa, "s = n", Refusal::signature_range}, with_halves, "s-order"},
    ForgeryRow{{"signature-order-zero", kEcdsa, "r = n, s = 0: both are 0 modulo n",
                Refusal::signature_range},
               with_halves,
               "order-and-zero"},
    ForgeryRow{{"signature-swapped", kEcdsa, "s before r", Refusal::signature_wrong},
               with_halves,
               "swapped"},
    ForgeryRow{{"signature-r-plus-order", kEcdsa,
                "r + n, the same modulo n; each half an octet longer but on P-521",
                Refusal::signature_length},
               with_other_number,
               "r-added"},
    ForgeryRow{{"signature-s-plus-order", kEcdsa,
                "s + n, the same modulo n; each half an octet longer but on P-521",
                Refusal::signature_length},
               with_other_number,
               "s-added"},
    ForgeryRow{{"signature-s-negated", "FIPS 186-5 section 6.4.2",
                "n - s, which verifies as s does: who knows one signature knows two",
                Refusal::signature_wrong, Acceptance::legal},
               with_other_number,
               "s-negated"},
};

}  // namespace

std::span<const ForgeryRow> signature_forgeries() { return kRows; }

}  // namespace parley::crypto::jose
