// SPDX-License-Identifier: GPL-3.0-or-later
// The protobuf that a client logs in with, inside the last handshake message. Source: observed
// client behaviour; only the fields that matter to interop are named, the others are kept as they
// came. Pure functions: no I/O, safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/protobuf_wire.h"
#include "harness/base/result.h"

namespace parley::wire {

// Values of ClientPayload.product.
inline constexpr std::uint64_t kProductWhatsApp = 0;
inline constexpr std::uint64_t kProductMessenger = 1;
inline constexpr std::uint64_t kProductInterop = 2;
inline constexpr std::uint64_t kProductInteropMessenger = 3;

// InteropData { accountID = 1; token = 2; enableReadReceipts = 3 }
struct InteropData {
  std::optional<std::uint64_t> account_id;
  std::optional<Bytes> token;
  std::optional<bool> enable_read_receipts;
  std::vector<protobuf::Field> unknown;

  friend bool operator==(const InteropData&, const InteropData&) = default;
};

// ClientPayload { username = 1; passive = 3; userAgent = 5; pushName = 7; connectType = 12;
//                 connectReason = 13; device = 18; product = 20; fbCat = 21; interopData = 38 }
struct ClientPayload {
  std::optional<std::uint64_t> username;
  std::optional<bool> passive;
  std::optional<Bytes> user_agent;  // a message of its own, not read here
  std::optional<Bytes> push_name;
  std::optional<std::uint64_t> connect_type;
  std::optional<std::uint64_t> connect_reason;
  std::optional<std::uint64_t> device;
  std::optional<std::uint64_t> product;
  std::optional<Bytes> fb_cat;
  std::optional<InteropData> interop_data;
  std::vector<protobuf::Field> unknown;

  friend bool operator==(const ClientPayload&, const ClientPayload&) = default;
};

// Errors as protobuf::read_fields, the offsets being those within the nested message.
Result<ClientPayload> parse_client_payload(std::string_view octets);
// Known fields by number, then the unknown ones; a field that is absent is not written.
Bytes write(const ClientPayload& payload);

}  // namespace parley::wire
