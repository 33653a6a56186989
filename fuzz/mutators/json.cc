// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/json.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "fuzz/mutators/json_values.h"
#include "fuzz/mutators/octets.h"

namespace parley::mutators {
namespace {

using namespace std::string_view_literals;  // for tokens with a zero in them

constexpr std::string_view kTokens[] = {
    "{"sv,        "}"sv,      "["sv,        "]"sv,     ":"sv,        ","sv,   "\""sv,
    "\\"sv,       "null"sv,   "true"sv,     "false"sv, "{}"sv,       "[]"sv,  "\"\""sv,
    "\"a\":1,"sv, "[1,2]"sv,  "\"a\":{}"sv, " "sv,     "\n"sv,       "\t"sv,  "\xEF\xBB\xBF"sv,
    "\0"sv,       "/* */"sv,  "//"sv,       "NaN"sv,   "Infinity"sv, "'a'"sv, ",]"sv,
    ",}"sv,       "\\u0000"sv};
constexpr std::string_view kNumbers[] = {"0"sv,
                                         "-0"sv,
                                         "1"sv,
                                         "-1"sv,
                                         "1.5"sv,
                                         "1e3"sv,
                                         "1E+400"sv,
                                         "-1e-400"sv,
                                         "01"sv,
                                         "1."sv,
                                         ".5"sv,
                                         "+1"sv,
                                         "0x1"sv,
                                         "1e"sv,
                                         "2147483648"sv,
                                         "9007199254740993"sv,
                                         "9223372036854775808"sv,
                                         "18446744073709551616"sv,
                                         "1800000000"sv,
                                         "0.1e1"sv,
                                         "1e15"sv};
constexpr std::string_view kTexts[] = {
    "\\n"sv,  "\\u0041"sv,      "\\ud83d\\ude00"sv, "\\ud83d"sv, "\\ude00"sv,  "\\u00"sv,
    "\\x"sv,  "\\/"sv,          "\\\""sv,           "\\u0000"sv, "\xC3\xA9"sv, "\xF0\x9F\x98\x80"sv,
    "\xC3"sv, "\xED\xA0\x80"sv, "\x01"sv,           "\x7F"sv,    "${v}"sv,     "a"sv};
// Of tokens, key sets, discovery documents and JSON-RPC.
constexpr std::string_view kMembers[] = {"\"alg\":\"ES256\""sv,
                                         "\"alg\":\"none\""sv,
                                         "\"alg\":\"HS256\""sv,
                                         "\"alg\":\"RS256\""sv,
                                         "\"kid\":\"k\""sv,
                                         "\"typ\":\"JWT\""sv,
                                         "\"crit\":[\"exp\"]"sv,
                                         "\"jwk\":{\"kty\":\"EC\"}"sv,
                                         "\"jku\":\"https://localhost/\""sv,
                                         "\"b64\":false"sv,
                                         "\"zip\":\"DEF\""sv,
                                         "\"iss\":\"i\""sv,
                                         "\"sub\":\"s\""sv,
                                         "\"aud\":[\"a\"]"sv,
                                         "\"aud\":\"a\""sv,
                                         "\"exp\":1"sv,
                                         "\"nbf\":1"sv,
                                         "\"iat\":1"sv,
                                         "\"kty\":\"RSA\""sv,
                                         "\"kty\":\"oct\""sv,
                                         "\"crv\":\"P-256\""sv,
                                         "\"use\":\"enc\""sv,
                                         "\"x\":\"AA\""sv,
                                         "\"d\":\"AA\""sv,
                                         "\"n\":\"AQAB\""sv,
                                         "\"e\":\"AQAB\""sv,
                                         "\"keys\":[]"sv,
                                         "\"jwks_uri\":\"https://localhost/k\""sv,
                                         "\"jsonrpc\":\"2.0\""sv,
                                         "\"id\":1"sv,
                                         "\"method\":\"received\""sv,
                                         "\"params\":{\"user\":\"a\"}"sv,
                                         "\"error\":{\"code\":-32601}"sv};
// Whole ones of those kinds, with nothing wrong: what a reader refuses last is found only beside
// what it takes. The key is the base point of P-256 (SP 800-186 section 3.2.1.3).
constexpr std::string_view kDocuments[] = {
    R"({"alg":"ES256","kid":"k"})"sv, R"({"alg":"ES256","typ":"JWT","kid":"k"})"sv,
    R"({"iss":"i","sub":"s","aud":"a","iat":1800000000,"exp":1800000060})"sv,
    R"({"iss":"i","sub":"s","aud":["a","b"],"iat":1800000000,"nbf":1800000000,)"
    R"("exp":1800000060,"jti":"j"})"sv,
    R"({"keys":[{"kty":"EC","crv":"P-256","kid":"k","alg":"ES256","use":"sig",)"
    R"("x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",)"
    R"("y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}]})"sv};

// Where a value, a member or a piece of punctuation begins.
std::size_t boundary_in(std::string_view text, Random& random) {
  return std::min(text.find_first_of("{}[]:,\"", place_in(text, random)), text.size());
}

std::string some_value(Random& random, std::size_t depth) {
  switch (random.below(depth > 0 ? 6 : 3)) {
    case 0:
      return std::string(random.pick(kNumbers));
    case 1:
      return "\"" + std::string(random.pick(kTexts)) + "\"";
    case 2:
      return random.one_in(2) ? "null" : "true";
    case 3:
      return "[" + some_value(random, depth - 1) + "," + some_value(random, depth - 1) + "]";
    default:
      return "{" + std::string(random.pick(kMembers)) + ",\"a\":" + some_value(random, depth - 1) +
             "}";
  }
}

void replace_number(std::string& text, Random& random) {
  constexpr std::string_view kDigits = "0123456789";
  const auto from = text.find_first_of(kDigits, place_in(text, random));
  if (from == std::string::npos) {
    text.insert(boundary_in(text, random), random.pick(kNumbers));
    return;
  }
  const auto end = std::min(text.find_first_not_of("0123456789.eE+-", from), text.size());
  text.replace(from, end - from, random.pick(kNumbers));
}

// From one boundary to one soon after it.
std::pair<std::size_t, std::size_t> span_in(std::string_view text, Random& random) {
  const auto from = boundary_in(text, random);
  return {from, from + boundary_in(text.substr(from).substr(0, 60), random)};
}

void insert_member(std::string& text, Random& random) {
  const auto brace = text.find_first_of("{,", place_in(text, random));
  std::string member(random.pick(kMembers));
  if (random.one_in(2)) {
    json::replace_member_value(member, random);
  }
  if (brace == std::string::npos) {
    text += "{" + member + "}";
  } else {
    text.insert(brace + 1, random.one_in(6) ? member : member + ",");
  }
}

void nest(std::string& text, Random& random) {
  const bool list = random.one_in(2);
  const auto depth = random.one_in(6) ? random.between(20, 400) : random.small(3);
  std::string before;
  std::string after;
  for (std::size_t i = 0; i < depth; ++i) {
    before += list ? "[" : "{\"a\":";
    after += list ? "]" : "}";
  }
  const auto [from, to] = span_in(text, random);
  text.insert(to, after);
  text.insert(from, before);
}

void edit_json(std::string& text, Random& random) {
  using Edit = void (*)(std::string&, Random&);
  constexpr Edit kWhole[] = {json::replace_member_value, json::replace_member_value,
                             json::repeat_member, json::erase_member, json::lengthen_text};
  if (random.one_in(2) && json::some_member(text, random)) {
    return random.pick(kWhole)(text, random);
  }
  const auto [from, to] = span_in(text, random);
  switch (random.below(11)) {
    case 0:
    case 1:
      text.insert(boundary_in(text, random), random.pick(kTokens));
      break;
    case 2:
      text.erase(from, to - from);
      break;
    case 3: {
      const auto span = text.substr(from, to - from);
      text.insert(random.one_in(2) ? to : boundary_in(text, random), span);
      break;
    }
    case 4:
      replace_number(text, random);
      break;
    case 5:
    case 6:
      insert_member(text, random);
      break;
    case 7:
      nest(text, random);
      break;
    case 8:
      // Before a quote or behind it.
      text.insert(
          std::min(text.find('"', place_in(text, random)), text.size() - 1) + random.below(2),
          random.pick(kTexts));
      break;
    case 9:
      text.replace(from, to - from, some_value(random, 2));
      break;
    default:
      edit_octets(text, random);
      break;
  }
}

// --- tokens ---

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encoded(std::string_view octets) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char octet : octets) {
    bits = (bits << 8U) | static_cast<std::uint8_t>(octet);
    for (count += 8; count >= 6; count -= 6) {
      out += kAlphabet[(bits >> (count - 6)) & 63U];
    }
  }
  if (count > 0) {
    out += kAlphabet[(bits << (6 - count)) & 63U];
  }
  return out;
}

std::string decoded(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char letter : text) {
    const auto value = kAlphabet.find(letter);
    if (value == std::string_view::npos) {
      continue;
    }
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count);
    }
  }
  return out;
}

std::vector<std::string> parts_of(std::string_view token) {
  std::vector<std::string> out;
  while (out.size() < 8) {
    const auto dot = token.find('.');
    out.emplace_back(token.substr(0, dot));
    if (dot == std::string_view::npos) {
      break;
    }
    token.remove_prefix(dot + 1);
  }
  return out;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) {
    out += (&part == parts.data() ? "" : ".") + part;
  }
  return out;
}

}  // namespace

std::string mutate_json(std::string_view input, std::size_t room, std::uint64_t seed) {
  Random random(seed);
  std::string out(input);
  if (random.one_in(16) || out.empty()) {
    out = some_value(random, 4);
  } else if (random.one_in(40)) {
    out = random.pick(kDocuments);
  }
  for (auto count = random.small(4); count > 0; --count) {
    out = out.empty() ? some_value(random, 1) : out;
    edit_json(out, random);
  }
  return fitted(std::move(out), room);
}

std::string cross_json(std::string_view one, std::string_view other, std::size_t room,
                       std::uint64_t seed) {
  Random random(seed);
  std::string out(one);
  const auto [from, to] = span_in(one, random);
  const auto [begin, end] = span_in(other, random);
  out.replace(from, random.one_in(2) ? 0 : to - from, other.substr(begin, end - begin));
  return fitted(std::move(out), room);
}

std::string mutate_jose(std::string_view input, std::size_t room, std::uint64_t seed) {
  Random random(seed);
  if (random.one_in(8)) {
    return mutate_octets(input, room, random.next());
  }
  auto parts = parts_of(input);
  auto& part = parts[random.below(parts.size())];
  switch (random.below(10)) {
    case 0:
      part += random.one_in(2) ? "=" : "A";
      break;
    case 1:
      parts.push_back(part);
      break;
    case 2:
      part.clear();
      break;
    case 3: {
      // The last letter has bits that belong to no octet.
      const auto value = part.empty() ? 0 : kAlphabet.find(part.back());
      if (value < kAlphabet.size() && !part.empty()) {
        part.back() = kAlphabet[(value + random.between(1, 3)) % kAlphabet.size()];
      }
      break;
    }
    case 4: {
      auto octets = decoded(part);
      edit_octets(octets, random);
      part = encoded(octets);
      break;
    }
    default:
      part = encoded(mutate_json(decoded(part), room, random.next()));
      break;
  }
  return fitted(joined(parts), room);
}

std::string cross_jose(std::string_view one, std::string_view other, std::size_t room,
                       std::uint64_t seed) {
  Random random(seed);
  auto parts = parts_of(one);
  const auto others = parts_of(other);
  for (std::size_t i = 0; i < std::min(parts.size(), others.size()); ++i) {
    if (random.one_in(2)) {
      parts[i] = others[i];
    }
  }
  return fitted(joined(parts), room);
}

}  // namespace parley::mutators
