// SPDX-License-Identifier: GPL-3.0-or-later
// Which frames of a connection are transport messages: the one with the next counter and no other
// (TRN-017, TRN-018), less what faults let through.
#include <algorithm>
#include <utility>

#include "harness/reference/whatsapp/decoder.h"
#include "harness/reference/whatsapp/session.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::uint64_t kWindow = 16;  // how far a fault looks for a counter that fits
constexpr std::uint64_t kFar = 1000;
constexpr std::size_t kTagOctets = 16;

}  // namespace

std::optional<Bytes> Session::open_frame(const Bytes& payload) {
  auto plain = transport_->receive.decrypt_with_ad("", payload);
  if (plain) {
    return std::move(*plain);
  }
  if (has(Fault::wg_accepts_replayed_frame)) {
    if (auto old = open_again(payload)) {
      return old;
    }
  }
  if (has(Fault::wg_accepts_forgotten_frame)) {
    if (auto old = open_forgotten(payload)) {
      return old;
    }
  }
  if (has(Fault::wg_accepts_reordered_frame)) {
    if (auto late = open_unused(payload)) {
      return late;
    }
  }
  if (has(Fault::wg_accepts_skipped_frame) || has(Fault::wg_accepts_reordered_frame)) {
    if (auto ahead = open_ahead(payload, kWindow)) {
      return ahead;
    }
  }
  if (has(Fault::wg_accepts_far_frame)) {
    if (auto ahead = open_ahead(payload, kFar)) {
      return ahead;
    }
  }
  if (const auto part = compared_part(faults_)) {
    return open_partly(*part, payload);
  }
  if (has(Fault::wg_accepts_clear_frame) &&
      decode_stanza(payload, faults_, keeper_.dialect().tokens)) {
    return payload;
  }
  if (has(Fault::wg_accepts_tampered_frame) && payload.size() >= kTagOctets) {
    return open_tampered(payload);
  }
  return std::nullopt;
}

std::optional<Bytes> Session::open_at(std::uint64_t nonce, const Bytes& payload) const {
  auto cipher = transport_->receive;
  cipher.set_nonce(nonce);
  auto plain = cipher.decrypt_with_ad("", payload);
  return plain ? std::optional(std::move(*plain)) : std::nullopt;
}

std::optional<Bytes> Session::open_ahead(const Bytes& payload, std::uint64_t most) {
  const auto next = transport_->receive.nonce();
  for (auto nonce = next + 1; nonce <= next + most; ++nonce) {
    if (auto plain = open_at(nonce, payload)) {
      for (auto skipped = next; skipped < nonce; ++skipped) {
        skipped_.insert(skipped);
      }
      transport_->receive.set_nonce(nonce + 1);
      return plain;
    }
  }
  return std::nullopt;
}

std::optional<Bytes> Session::open_unused(const Bytes& payload) {
  for (const auto nonce : skipped_) {
    if (auto plain = open_at(nonce, payload)) {
      skipped_.erase(nonce);
      return plain;
    }
  }
  return std::nullopt;
}

std::optional<Bytes> Session::open_again(const Bytes& payload) const {
  const auto next = transport_->receive.nonce();
  for (auto nonce = next - std::min(next, kWindow); nonce < next; ++nonce) {
    if (auto plain = open_at(nonce, payload)) {
      return plain;
    }
  }
  return std::nullopt;
}

std::optional<Bytes> Session::open_forgotten(const Bytes& payload) const {
  const auto next = transport_->receive.nonce();
  for (std::uint64_t nonce = 0; nonce + kWindow < next; ++nonce) {
    if (auto plain = open_at(nonce, payload)) {
      return plain;
    }
  }
  return std::nullopt;
}

std::optional<Bytes> Session::open_partly(const TagPart& part, const Bytes& payload) {
  auto& cipher = transport_->receive;
  const auto seal = [&cipher](std::string_view text) {
    auto copy = cipher;
    return copy.encrypt_with_ad("", text);
  };
  auto plain = open_comparing(part, seal, payload);
  cipher.set_nonce(cipher.nonce() + (plain ? 1 : 0));
  return plain;
}

// The key stream of the next counter over the octets, whatever the tag says: GCM encrypts and
// decrypts by the same operation.
Bytes Session::open_tampered(const Bytes& payload) {
  auto cipher = transport_->receive;
  transport_->receive.set_nonce(cipher.nonce() + 1);
  const auto sealed = cipher.encrypt_with_ad("", payload.substr(0, payload.size() - kTagOctets));
  return sealed ? sealed->substr(0, sealed->size() - kTagOctets) : Bytes();
}

void Session::bend_send_counter() {
  auto& cipher = transport_->send;
  if (has(Fault::wg_counter_skips) && cipher.nonce() == 1) {
    cipher.set_nonce(2);
  }
  if (has(Fault::wg_counter_wraps) && cipher.nonce() == 256) {
    cipher.set_nonce(0);
  }
  if (has(Fault::wg_counter_restarts)) {
    cipher.set_nonce(0);
  }
  if (has(Fault::wg_counter_shared)) {
    cipher.set_nonce(cipher.nonce() + transport_->receive.nonce());
  }
}

}  // namespace parley::reference::whatsapp
