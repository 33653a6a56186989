// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/edwards25519.h"

#include <openssl/bn.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

namespace parley::crypto::edwards {
namespace {

struct NumberFree {
  void operator()(BIGNUM* number) const noexcept { BN_clear_free(number); }
};
struct ContextFree {
  void operator()(BN_CTX* context) const noexcept { BN_CTX_free(context); }
};
using Number = std::unique_ptr<BIGNUM, NumberFree>;

// Only lack of memory fails below; it is answered as the standard library answers it.
template <class T>
T* must(T* pointer) {
  if (pointer == nullptr) {
    throw std::bad_alloc();
  }
  return pointer;
}

void must(int succeeded) {
  if (succeeded != 1) {
    throw std::bad_alloc();
  }
}

Number number() { return Number(must(BN_new())); }

Number from_hex_number(const char* digits) {
  BIGNUM* out = nullptr;
  BN_hex2bn(&out, digits);
  return Number(must(out));
}

Number from_octets(std::string_view octets) {
  return Number(must(BN_lebin2bn(reinterpret_cast<const unsigned char*>(octets.data()),
                                 static_cast<int>(octets.size()), nullptr)));
}

Bytes to_octets(const Number& value) {
  Bytes out(kOctets, '\0');
  BN_bn2lebinpad(value.get(), reinterpret_cast<unsigned char*>(out.data()), kOctets);
  return out;
}

SecretBytes to_secret(const Number& value) {
  Bytes octets = to_octets(value);
  SecretBytes out(octets);
  OPENSSL_cleanse(octets.data(), octets.size());
  return out;
}

// Arithmetic modulo a prime.
class Field {
 public:
  explicit Field(const char* modulus) : modulus_(from_hex_number(modulus)) {}

  const BIGNUM* modulus() const { return modulus_.get(); }
  Number add(const Number& a, const Number& b) const { return apply(BN_mod_add, a, b); }
  Number subtract(const Number& a, const Number& b) const { return apply(BN_mod_sub, a, b); }
  Number multiply(const Number& a, const Number& b) const { return apply(BN_mod_mul, a, b); }
  Number reduce(const Number& a) const {
    Number out = number();
    must(BN_nnmod(out.get(), a.get(), modulus_.get(), context_.get()));
    return out;
  }
  // Of what is not a multiple of the modulus.
  Number invert(const Number& a) const {
    Number out = number();
    must(BN_mod_inverse(out.get(), a.get(), modulus_.get(), context_.get()));
    return out;
  }

 private:
  template <class Operation>
  Number apply(Operation operation, const Number& a, const Number& b) const {
    Number out = number();
    must(operation(out.get(), a.get(), b.get(), modulus_.get(), context_.get()));
    return out;
  }

  Number modulus_;
  std::unique_ptr<BN_CTX, ContextFree> context_{must(BN_CTX_new())};
};

// Constants, but for OpenSSL's scratch memory in them: one of each a thread.
const Field& field() {
  thread_local const Field made("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");
  return made;
}
const Field& order() {
  thread_local const Field made("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
  return made;
}

// The coordinates of the points whose order divides 8, on the curve or on its twist.
bool is_of_small_order(std::string_view u) {
  static const std::array<Bytes, 5> known = {
      Bytes(kOctets, '\0'),              // order 2
      Bytes(1, '\1') + Bytes(31, '\0'),  // order 4
      // -1: order 4, on the twist
      from_hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f").value_or(""),
      // order 8
      from_hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800").value_or(""),
      from_hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157").value_or("")};
  return std::ranges::find(known, u) != known.end();
}

}  // namespace

Result<Bytes> from_montgomery(std::string_view u) {
  if (u.size() != kOctets) {
    return fail(Errc::malformed, "a Montgomery coordinate has 32 octets");
  }
  const Number coordinate = from_octets(u);
  if (BN_cmp(coordinate.get(), field().modulus()) >= 0) {
    return fail(Errc::malformed, "the Montgomery coordinate is not below p");
  }
  if (is_of_small_order(u)) {
    return fail(Errc::refused, "the public key is a point of small order");
  }
  const Number one = from_octets("\1");
  return to_octets(field().multiply(field().subtract(coordinate, one),
                                    field().invert(field().add(coordinate, one))));
}

SecretBytes reduce(std::string_view scalar) {
  return to_secret(order().reduce(from_octets(scalar)));
}

SecretBytes negate(const SecretBytes& scalar) {
  const Number reduced = order().reduce(from_octets(scalar.reveal()));
  return to_secret(order().subtract(number(), reduced));
}

Bytes multiply_add(std::string_view a, const SecretBytes& b, const SecretBytes& c) {
  const Number product = order().multiply(from_octets(a), from_octets(b.reveal()));
  return to_octets(order().add(product, from_octets(c.reveal())));
}

bool is_reduced(std::string_view scalar) {
  return BN_cmp(from_octets(scalar).get(), order().modulus()) < 0;
}

}  // namespace parley::crypto::edwards
