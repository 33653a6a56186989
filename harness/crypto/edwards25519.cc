// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/edwards25519.h"

#include <openssl/bn.h>
#include <openssl/err.h>

#include <memory>
#include <new>
#include <optional>
#include <vector>

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
  // Zero for zero, as RFC 7748 section 4.1 and XEdDSA compute with an exponent.
  Number invert(const Number& a) const {
    Number out = number();
    if (!BN_is_zero(a.get())) {
      must(BN_mod_inverse(out.get(), a.get(), modulus_.get(), context_.get()));
    }
    return out;
  }
  std::optional<Number> square_root(const Number& a) const {
    Number out = number();
    if (BN_mod_sqrt(out.get(), a.get(), modulus_.get(), context_.get()) == nullptr) {
      ERR_clear_error();
      return std::nullopt;
    }
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

constexpr const char* kPrime = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";
constexpr const char* kOrder = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";
constexpr int kOrderBits = 253;

// Extended homogeneous coordinates: x = X/Z, y = Y/Z, x * y = T/Z (RFC 8032 section 5.1.4).
struct Point {
  Number x, y, z, t;
};

class Curve {
 public:
  Curve()
      : d_(field_.multiply(field_.subtract(small(0), small(121665)),
                           field_.invert(small(121666)))) {}

  const Field& field() const { return field_; }
  static Number small(unsigned value) {
    Number out = number();
    must(BN_set_word(out.get(), value));
    return out;
  }

  Point neutral() const { return {small(0), small(1), small(1), small(0)}; }

  // The point with this y and an even x; nullopt when there is none.
  std::optional<Point> with_y(const Number& y) const {
    const Number square = field_.multiply(y, y);
    const Number above = field_.subtract(square, small(1));
    const Number below = field_.add(field_.multiply(d_, square), small(1));
    auto x = field_.square_root(field_.multiply(above, field_.invert(below)));
    if (!x) {
      return std::nullopt;
    }
    if (BN_is_odd(x->get())) {
      x = field_.subtract(small(0), *x);
    }
    Number t = field_.multiply(*x, y);
    return Point{std::move(*x), field_.reduce(y), small(1), std::move(t)};
  }

  // y = 4/5 with an even x (RFC 8032 section 5.1).
  Point base() const {
    return must_have(with_y(field_.multiply(small(4), field_.invert(small(5)))));
  }

  // The base point times 2^i at index i, for scalars below the group's order.
  std::vector<Point> base_powers() const {
    std::vector<Point> out;
    out.push_back(base());
    while (out.size() < std::size_t{kOrderBits}) {
      out.push_back(add(out.back(), out.back()));
    }
    return out;
  }

  // Complete: serves for doubling too.
  Point add(const Point& p, const Point& q) const {
    const Number a = field_.multiply(field_.subtract(p.y, p.x), field_.subtract(q.y, q.x));
    const Number b = field_.multiply(field_.add(p.y, p.x), field_.add(q.y, q.x));
    const Number dt = field_.multiply(field_.multiply(p.t, q.t), d_);
    const Number c = field_.add(dt, dt);
    const Number zz = field_.multiply(p.z, q.z);
    const Number d = field_.add(zz, zz);
    const Number e = field_.subtract(b, a);
    const Number f = field_.subtract(d, c);
    const Number g = field_.add(d, c);
    const Number h = field_.add(b, a);
    return {field_.multiply(e, f), field_.multiply(g, h), field_.multiply(f, g),
            field_.multiply(e, h)};
  }

  Point multiply(const Point& point, const Number& scalar) const {
    Point out = neutral();
    for (int bit = BN_num_bits(scalar.get()) - 1; bit >= 0; --bit) {
      out = add(out, out);
      if (BN_is_bit_set(scalar.get(), bit) == 1) {
        out = add(out, point);
      }
    }
    return out;
  }

  bool is_neutral(const Point& point) const {
    return BN_is_zero(point.x.get()) && BN_cmp(point.y.get(), point.z.get()) == 0;
  }

  Bytes encode(const Point& point) const {
    const Number inverse = field_.invert(point.z);
    const Number x = field_.multiply(point.x, inverse);
    Bytes out = to_octets(field_.multiply(point.y, inverse));
    if (BN_is_odd(x.get())) {
      out.back() = static_cast<char>(out.back() | 0x80);
    }
    return out;
  }

 private:
  static Point must_have(std::optional<Point> point) {
    if (!point) {
      throw std::bad_alloc();  // the base point exists: only memory can have failed
    }
    return std::move(*point);
  }

  Field field_{kPrime};
  Number d_;
};

// Constants, but for OpenSSL's scratch memory in them: one of each a thread.
const Curve& the_curve() {
  thread_local const Curve made;
  return made;
}
const Field& order() {
  thread_local const Field made(kOrder);
  return made;
}

}  // namespace

Bytes base_multiple(const SecretBytes& scalar) {
  const Curve& curve = the_curve();
  thread_local const auto powers = curve.base_powers();
  const Number reduced = order().reduce(from_octets(scalar.reveal()));
  Point out = curve.neutral();
  for (int bit = 0; bit < kOrderBits; ++bit) {
    if (BN_is_bit_set(reduced.get(), bit) == 1) {
      out = curve.add(out, powers[static_cast<std::size_t>(bit)]);
    }
  }
  return curve.encode(out);
}

Result<Bytes> from_montgomery(std::string_view u) {
  if (u.size() != kOctets) {
    return fail(Errc::malformed, "a Montgomery coordinate has 32 octets");
  }
  const Curve& curve = the_curve();
  const Field& field = curve.field();
  const Number coordinate = from_octets(u);
  if (BN_cmp(coordinate.get(), field.modulus()) >= 0) {
    return fail(Errc::malformed, "the Montgomery coordinate is not below p");
  }
  const Number one = Curve::small(1);
  const Number y =
      field.multiply(field.subtract(coordinate, one), field.invert(field.add(coordinate, one)));
  const auto point = curve.with_y(y);
  if (!point) {
    return fail(Errc::refused, "no point of edwards25519 has that Montgomery coordinate");
  }
  if (curve.is_neutral(curve.multiply(*point, Curve::small(8)))) {
    return fail(Errc::refused, "the public key is a point of small order");
  }
  return to_octets(y);
}

SecretBytes reduce(std::string_view scalar) {
  return to_secret(order().reduce(from_octets(scalar)));
}

SecretBytes negate(const SecretBytes& scalar) {
  const Number reduced = order().reduce(from_octets(scalar.reveal()));
  return to_secret(order().subtract(Curve::small(0), reduced));
}

Bytes multiply_add(std::string_view a, const SecretBytes& b, const SecretBytes& c) {
  const Number product = order().multiply(from_octets(a), from_octets(b.reveal()));
  return to_octets(order().add(product, from_octets(c.reveal())));
}

bool is_reduced(std::string_view scalar) {
  return BN_cmp(from_octets(scalar).get(), order().modulus()) < 0;
}

}  // namespace parley::crypto::edwards
