// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/media_secrets.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/base/encoding.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

constexpr std::string_view kSecret =
    "\xFB\xEF\xFE\xFF\xFA\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F\x10\x11\x12"
    "\x13\x14\x15\x16\x17\x18\x19\x1A\x1B";

struct Place {
  const char* name;
  xml::Element said;
  bool found;
};
class AllTextOf : public testing::TestWithParam<Place> {};

TEST_P(AllTextOf, HoldsASecretHoweverItIsWritten) {
  EXPECT_EQ(holds_any_of(all_text_of(GetParam().said), spellings_of(kSecret)), GetParam().found);
}

xml::Element with_header(std::string value) {
  auto out = wire::http_request_tree("POST", "/v1/uploads");
  wire::set_http_header(out, "x-note", std::move(value));
  return out;
}

xml::Element with_octets(const std::string& octets) {
  auto out = wire::http_request_tree("POST", "/v1/uploads");
  xml::Element body{.ns = "", .name = "octets", .attributes = {}, .children = {}};
  body.set_text(to_hex(octets));
  out.children.emplace_back(std::move(body));
  return out;
}

std::string as_url(std::string base64) {
  for (char& c : base64) {
    c = c == '+' ? '-' : c == '/' ? '_' : c;
  }
  return base64;
}

std::string percent(const std::string& octets) {
  std::string out;
  for (const char c : octets) {
    out += "%" + to_hex(std::string(1, c));
  }
  return out;
}

const std::string kHex = to_hex(kSecret);
const std::string kBase64 = to_base64(kSecret);

INSTANTIATE_TEST_SUITE_P(
    Rows, AllTextOf,
    testing::Values(
        Place{"AsItIs", with_octets("a" + std::string(kSecret) + "b"), true},
        Place{"InHex", with_header(kHex), true}, Place{"InBase64", with_header(kBase64), true},
        Place{"InBase64Url", wire::http_request_tree("GET", "/" + as_url(kBase64)), true},
        Place{"PercentEncoded", wire::http_request_tree("GET", "/?k=" + percent(kBase64)), true},
        Place{"OctetsInHex", with_octets(kHex), true},
        Place{"Cut", with_header(kHex.substr(2)), false},
        Place{"Another", with_octets(std::string(64, 'x')), false}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace parley::engine
