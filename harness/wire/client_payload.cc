// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/client_payload.h"

#include <utility>

namespace parley::wire {
namespace {

using protobuf::FieldTaker;
using protobuf::FieldWriter;

std::optional<bool> take_bool(FieldTaker& taker, std::uint32_t number) {
  const auto value = taker.take_varint(number);
  return value ? std::optional(*value != 0) : std::nullopt;
}

void add_bool(FieldWriter& writer, std::uint32_t number, std::optional<bool> value) {
  if (value) {
    writer.add_varint(number, *value ? 1 : 0);
  }
}

InteropData interop_data_of(FieldTaker taker) {
  InteropData out;
  out.account_id = taker.take_varint(1);
  out.token = taker.take_octets(2);
  out.enable_read_receipts = take_bool(taker, 3);
  out.unknown = std::move(taker).rest();
  return out;
}

Bytes write_interop_data(const InteropData& data) {
  FieldWriter writer;
  writer.add_varint(1, data.account_id);
  writer.add_octets(2, data.token);
  add_bool(writer, 3, data.enable_read_receipts);
  return std::move(writer).finish(data.unknown);
}

}  // namespace

Result<ClientPayload> parse_client_payload(std::string_view octets) {
  auto fields = protobuf::read_fields(octets);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  FieldTaker taker(std::move(*fields));
  ClientPayload out;
  out.username = taker.take_varint(1);
  out.passive = take_bool(taker, 3);
  out.user_agent = taker.take_message(5);
  out.push_name = taker.take_octets(7);
  out.connect_type = taker.take_varint(12);
  out.connect_reason = taker.take_varint(13);
  out.device = taker.take_varint(18);
  out.product = taker.take_varint(20);
  out.fb_cat = taker.take_octets(21);
  if (const auto data = taker.take_message(38)) {
    auto inner = protobuf::read_fields(*data);
    if (!inner) {
      return std::unexpected(inner.error());
    }
    out.interop_data = interop_data_of(FieldTaker(std::move(*inner)));
  }
  out.unknown = std::move(taker).rest();
  return out;
}

Bytes write(const ClientPayload& payload) {
  FieldWriter writer;
  writer.add_varint(1, payload.username);
  add_bool(writer, 3, payload.passive);
  writer.add_octets(5, payload.user_agent);
  writer.add_octets(7, payload.push_name);
  writer.add_varint(12, payload.connect_type);
  writer.add_varint(13, payload.connect_reason);
  writer.add_varint(18, payload.device);
  writer.add_varint(20, payload.product);
  writer.add_octets(21, payload.fb_cat);
  if (payload.interop_data) {
    writer.add_octets(38, write_interop_data(*payload.interop_data));
  }
  return std::move(writer).finish(payload.unknown);
}

}  // namespace parley::wire
