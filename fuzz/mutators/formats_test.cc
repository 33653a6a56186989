// SPDX-License-Identifier: Apache-2.0
// What the mutators know of their formats: what was whole is often whole afterwards, and what they
// read they write as it was.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "fuzz/mutators/mutator.h"
#include "fuzz/mutators/protobuf.h"

namespace parley::mutators {
namespace {

using namespace std::string_literals;

bool is_protobuf(std::string_view text) {
  std::string_view rest;
  protobuf::fields_of(text, rest);
  return rest.empty();
}
bool is_signal(std::string_view text) {
  return text.size() > 9 && text[0] == '\x33' && is_protobuf(text.substr(1, text.size() - 9));
}
bool is_jose(std::string_view text) {
  return std::ranges::count(text, '.') == 2 && text.find_first_of(" {}=") == std::string_view::npos;
}
bool is_json_object(std::string_view text) {
  return text.starts_with('{') && text.ends_with('}') &&
         std::ranges::count(text, '{') == std::ranges::count(text, '}') &&
         std::ranges::count(text, '"') % 2 == 0;
}
bool is_http(std::string_view text) {
  return text.contains("HTTP/1.") && text.contains("\r\n\r\n");
}
bool is_node(std::string_view text) { return text.size() > 2 && text.starts_with("\0\xF8"s); }
bool is_pairs(std::string_view text) { return text.size() % 2 == 0; }
bool is_jid(std::string_view text) {
  return text.contains('@') && !text.ends_with('@') && !text.contains(' ');
}
std::size_t number_at(std::string_view text, std::size_t at, std::size_t width) {
  std::size_t out = 0;
  for (std::size_t i = at; i < std::min(text.size(), at + width); ++i) {
    out = out << 8U | static_cast<std::uint8_t>(text[i]);
  }
  return out;
}
bool is_noise(std::string_view text) {
  if (!text.starts_with("WA") || text.size() < 4) {
    return false;
  }
  text.remove_prefix(4);
  while (text.size() >= 3 && number_at(text, 0, 3) <= text.size() - 3) {
    text.remove_prefix(3 + number_at(text, 0, 3));
  }
  return text.empty();
}
bool is_websocket(std::string_view text) {
  while (text.size() >= 2) {
    const auto mask = (number_at(text, 1, 1) & 0x80U) != 0 ? 4U : 0U;
    const auto small = number_at(text, 1, 1) & 0x7FU;
    const auto width = small == 127 ? 8U : small == 126 ? 2U : 0U;
    const auto length = width == 0 ? small : number_at(text, 2, width);
    if (length > text.size() || 2 + width + mask + length > text.size()) {
      return false;
    }
    text.remove_prefix(2 + width + mask + length);
  }
  return text.empty();
}

// An input that `whole` holds for, and what share of its mutations may at least and at most.
struct Format {
  const char* mutator;
  std::string input;
  bool (*whole)(std::string_view text);
  double least;
  double most;
};
class Knows : public testing::TestWithParam<Format> {};

TEST_P(Knows, ItsFormat) {
  constexpr std::uint64_t kCount = 3'000;
  const auto* mutator = mutator_named(GetParam().mutator);
  ASSERT_TRUE(GetParam().whole(GetParam().input));
  double whole = 0;
  double crossed = 0;
  for (std::uint64_t seed = 0; seed < kCount; ++seed) {
    const auto& input = GetParam().input;
    whole += GetParam().whole(mutator->mutate(input, 4000, seed)) ? 1 : 0;
    crossed += GetParam().whole(mutator->cross(input, input, 4000, seed)) ? 1 : 0;
  }
  EXPECT_GE(whole / kCount, GetParam().least);
  EXPECT_LE(whole / kCount, GetParam().most);
  EXPECT_GE(crossed / kCount, GetParam().least);
}

const std::string kProtobuf = "\x0A\x03"s + "abc" + "\x10\x07\x1A\x04\x0A\x02hi\x25" + "1234";

// An intro, a ClientHello with its key and a frame of two octets.
const std::string kHandshake =
    "WA\6\3\0\0\x24\x12\x22\x0A\x20"s + std::string(32, 'e') + "\0\0\2hi"s;

INSTANTIATE_TEST_SUITE_P(
    Formats, Knows,
    testing::Values(Format{"protobuf", kProtobuf, is_protobuf, 0.5, 0.95},
                    Format{"signal", "\x33" + kProtobuf + "8 octets", is_signal, 0.3, 0.95},
                    Format{"jose", "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJpIn0.AAAA", is_jose, 0.5, 0.95},
                    Format{"json", R"({"a":[1,{"b":"text"}],"c":null})", is_json_object, 0.15, 0.9},
                    Format{"http", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\ntext",
                           is_http, 0.5, 0.99},
                    Format{"binary_tree", "\0\xF8\x04\xFC\x01"s + "a\x05\x06\xFC\x02hi", is_node,
                           0.5, 0.95},
                    Format{"noise", kHandshake, is_noise, 0.4, 0.9},
                    Format{"websocket",
                           "\x82\x03"
                           "abc\x01\x02hi\x89\x01p\x80\x01!"s,
                           is_websocket, 0.5, 0.95},
                    Format{"jid", "10-491701234567:3@interop", is_jid, 0.5, 0.95},
                    Format{"actions", "\1\2\3\4\5\6", is_pairs, 0.99, 1}),
    [](const auto& tested) { return std::string(tested.param.mutator); });

TEST(Protobuf, WritesWhatItReadAsItWas) {
  std::string_view rest;
  const auto fields = protobuf::fields_of(kProtobuf, rest);
  EXPECT_EQ(fields.size(), 4U);
  EXPECT_EQ(protobuf::written(fields), kProtobuf);
  EXPECT_EQ(rest, "");
  const auto lying = kProtobuf + "\x0A\x7F";  // `rest` is a view of it
  protobuf::fields_of(lying, rest);
  EXPECT_EQ(rest, "\x0A\x7F") << "a length that lies";
}

TEST(Protobuf, PadsVarintsOnPurpose) {
  std::string out;
  protobuf::append_varint(out, 5, 2);
  EXPECT_EQ(out, "\x85\x80\0"s);
}

}  // namespace
}  // namespace parley::mutators
