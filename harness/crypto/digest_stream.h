// SPDX-License-Identifier: GPL-3.0-or-later
// SHA-256 and HMAC-SHA-256 of text that comes in pieces. Source: FIPS 180-4, RFC 2104.
// One owner a stream; nothing may follow finish().
#pragma once

#include <memory>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/secret_bytes.h"

struct evp_md_ctx_st;
struct evp_mac_ctx_st;

namespace parley::crypto {

class Sha256Stream {
 public:
  Sha256Stream();
  void update(std::string_view piece);
  Bytes finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

class HmacSha256Stream {
 public:
  explicit HmacSha256Stream(const SecretBytes& key);
  void update(std::string_view piece);
  Bytes finish();

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

}  // namespace parley::crypto
