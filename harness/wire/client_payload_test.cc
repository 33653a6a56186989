// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/client_payload.h"

#include <gtest/gtest.h>

namespace parley::wire {
namespace {

// By hand: product (20, varint) 2; interopData (38, octets) { accountID 300, token "tok" }.
const Bytes kInterop = "\xA0\x01\x02\xB2\x02\x08\x08\xAC\x02\x12\x03tok";

ClientPayload interop() {
  InteropData data;
  data.account_id = 300;
  data.token = "tok";
  ClientPayload out;
  out.product = kProductInterop;
  out.interop_data = data;
  return out;
}

TEST(ClientPayload, ReadsAndWritesTheKnownOctets) {
  const auto read = parse_client_payload(kInterop);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, interop());
  EXPECT_EQ(to_hex(write(interop())), to_hex(kInterop));
}

TEST(ClientPayload, KeepsEveryFieldKnownOrNot) {
  ClientPayload payload = interop();
  payload.username = 4'900'000'000ULL;
  payload.passive = false;
  payload.user_agent = "\x08\x01";
  payload.push_name = "Romeo";
  payload.connect_type = 1;
  payload.connect_reason = 2;
  payload.device = 0;
  payload.fb_cat = "cat";
  payload.interop_data->enable_read_receipts = true;
  payload.interop_data->unknown = {protobuf::varint_field(9, 1)};
  payload.unknown = {protobuf::octets_field(34, "padding"), protobuf::varint_field(99, 7)};
  const auto read = parse_client_payload(write(payload));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, payload);
}

TEST(ClientPayload, TellsAnAbsentFieldFromAnEmptyOne) {
  const auto read = parse_client_payload("");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, ClientPayload());
  ClientPayload payload;
  payload.interop_data = InteropData();
  payload.interop_data->token = "";
  EXPECT_EQ(parse_client_payload(write(payload)), payload);
}

// A message that stands twice is the merger of both; of a number the last counts.
TEST(ClientPayload, MergesInteropDataThatComesTwice) {
  const auto read = parse_client_payload(kInterop + "\xB2\x02\x02\x08\x07");
  ASSERT_TRUE(read);
  ASSERT_TRUE(read->interop_data);
  EXPECT_EQ(read->interop_data->account_id, 7U);
  EXPECT_EQ(read->interop_data->token, "tok");
}

TEST(ClientPayload, RefusesWhatIsCutAnywhereButBetweenFields) {
  for (std::size_t size = 1; size < kInterop.size(); ++size) {
    EXPECT_EQ(parse_client_payload(kInterop.substr(0, size)).has_value(), size == 3) << size;
  }
}

TEST(ClientPayload, RefusesInteropDataThatIsNoMessage) {
  const auto read = parse_client_payload("\xB2\x02\x02\x12\x05");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::truncated);
}

}  // namespace
}  // namespace parley::wire
