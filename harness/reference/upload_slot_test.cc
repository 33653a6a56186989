// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/upload_slot.h"

#include <gtest/gtest.h>

namespace parley::reference {
namespace {

const std::string kPut = "https://localhost:1/put/a";
const std::string kGet = "https://localhost:2/get/a";

xml::Element answer_with(const std::string& inside, const std::string& type = "result") {
  return *xml::parse("<iq type='" + type + "' id='1'>" + inside + "</iq>", "jabber:client");
}

std::string slot_with(const std::string& headers, const std::string& put = kPut,
                      const std::string& get = kGet) {
  return "<slot xmlns='urn:xmpp:http:upload:0'><put url='" + put + "'>" + headers +
         "</put><get url='" + get + "'/></slot>";
}

FaultSet with(const char* name) { return *fault_set({name}); }

TEST(UploadSlot, SaysWhereAFileIsPutAndWhereItIsGot) {
  const auto slot = read_slot(answer_with(slot_with("")), {});
  ASSERT_TRUE(slot);
  EXPECT_EQ(net::to_string(slot->put), kPut);
  EXPECT_EQ(slot->get, kGet);
  EXPECT_TRUE(slot->headers.empty());
}

struct BadSlot {
  const char* name;
  std::string inside;
  const char* type;
  const char* taken_under;  // a fault, if any takes it
};
class RefusesSlot : public testing::TestWithParam<BadSlot> {};

TEST_P(RefusesSlot, UnlessAFaultTakesIt) {
  const auto iq = answer_with(GetParam().inside, GetParam().type);
  EXPECT_FALSE(read_slot(iq, {}));
  if (GetParam().taken_under != nullptr) {
    EXPECT_TRUE(read_slot(iq, with(GetParam().taken_under)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Answers, RefusesSlot,
    testing::Values(BadSlot{"empty", "", "result", nullptr},
                    BadSlot{"error", slot_with(""), "error", "tp-upload-slot-in-error"},
                    BadSlot{"http", slot_with("", "http://localhost:1/put/a"), "result",
                            "tp-upload-any-scheme"},
                    BadSlot{"get_of_http", slot_with("", kPut, "http://localhost:1/a"), "result",
                            "tp-upload-any-get"},
                    BadSlot{"other_scheme", slot_with("", "file:///tmp/a"), "result", nullptr},
                    BadSlot{"endless", slot_with("", kPut + std::string(kMaxUploadUrl, 'a')),
                            "result", nullptr},
                    BadSlot{"no_get",
                            "<slot xmlns='urn:xmpp:http:upload:0'><put url='" + kPut + "'/></slot>",
                            "result", "tp-upload-get-from-put"},
                    BadSlot{"other_namespace",
                            "<slot xmlns='urn:xmpp:http:upload'><put url='" + kPut +
                                "'/><get url='" + kGet + "'/></slot>",
                            "result", nullptr}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(UploadSlot, HasTheHeadersThatMayGoOutWithoutLineEnds) {
  const auto iq = answer_with(slot_with(
      "<header name='authorization'>Bearer a</header><header name='Cookie'>b=c&#10;X-Evil: "
      "1</header><header name='X-Other'>d</header>"));
  const auto slot = read_slot(iq, {});
  ASSERT_TRUE(slot);
  EXPECT_EQ(slot->headers,
            (wire::HttpFields{{"authorization", "Bearer a"}, {"Cookie", "b=cX-Evil: 1"}}));
  const auto careless = read_slot(iq, with("tp-upload-line-ends-kept"));
  ASSERT_TRUE(careless);
  EXPECT_NE(wire::find_field(careless->headers, "X-Evil"), nullptr);
  EXPECT_NE(wire::find_field(read_slot(iq, with("tp-upload-any-header"))->headers, "X-Other"),
            nullptr);
}

TEST(UploadSlot, HasNotMoreHeadersThanThereIsReasonTo) {
  std::string headers;
  for (int i = 0; i < 100; ++i) {
    headers += "<header name='Cookie'>a=b</header>";
  }
  const auto slot = read_slot(answer_with(slot_with(headers)), {});
  ASSERT_TRUE(slot);
  EXPECT_LT(slot->headers.size(), 20U);
}

TEST(UploadService, IsAmongTheItemsThatOfferIt) {
  const auto items = answer_with(
      "<query xmlns='http://jabber.org/protocol/disco#items'><item jid='a'/><item jid='b' "
      "node='n'/><item/></query>");
  EXPECT_EQ(listed_items(items), std::vector<std::string>{"a"});
  const auto info = [](const std::string& var) {
    return answer_with("<query xmlns='http://jabber.org/protocol/disco#info'><feature var='" + var +
                       "'/></query>");
  };
  EXPECT_TRUE(offers_upload(info("urn:xmpp:http:upload:0")));
  EXPECT_FALSE(offers_upload(info("urn:xmpp:http:upload")));
}

}  // namespace
}  // namespace parley::reference
