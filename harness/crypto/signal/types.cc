// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/types.h"

#include <utility>

namespace parley::crypto::signal {

std::string_view to_string(MessageKind kind) {
  switch (kind) {
    case MessageKind::msg:
      return "msg";
    case MessageKind::pkmsg:
      return "pkmsg";
  }
  return "";
}

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::encoding:
      return "encoding";
    case Refusal::version:
      return "version";
    case Refusal::key:
      return "key";
    case Refusal::signature:
      return "signature";
    case Refusal::identity:
      return "identity";
    case Refusal::prekey:
      return "prekey";
    case Refusal::session:
      return "session";
    case Refusal::message:
      return "message";
    case Refusal::duplicate:
      return "duplicate";
    case Refusal::padding:
      return "padding";
    case Refusal::store:
      return "store";
    case Refusal::other:
      return "other";
  }
  return "";
}

std::unexpected<Failure> refuse(Refusal reason, std::string detail) {
  return std::unexpected(Failure{.reason = reason, .detail = std::move(detail)});
}

Bytes serialized_key(std::string_view public_key) { return Bytes(1, kKeyType) + Bytes(public_key); }

}  // namespace parley::crypto::signal
